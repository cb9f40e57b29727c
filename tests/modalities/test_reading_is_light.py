"""Reading data of any modality waits for nothing that only training needs."""

import subprocess
import sys


def test_reading_and_checking_do_not_import_torch(tmp_path):
    rows = [f"{'good' if k % 2 else 'bad'} film {k},{k % 2}" for k in range(20)]
    (tmp_path / "set.csv").write_text("\n".join(["text,label", *rows]))
    code = (
        "import sys; from headstart.data import check, load; "
        "check(load(sys.argv[1], cache_dir=sys.argv[2])); print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "set.csv"), str(tmp_path / "cache")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"
