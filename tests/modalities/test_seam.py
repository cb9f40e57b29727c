"""What depends on a modality or a model library is asked of its class, not of its name."""

import re

ASKED = re.compile(r"modality [!=]=|task\.startswith|\.images is|\.texts is|(?<!grid\.)family [!=]=")
OWN = ("modalities/", "models/families/")


def test_no_code_outside_asks_which_modality_or_family_it_has(checkout):
    source = checkout / "src" / "headstart"
    asked = [
        f"{file.relative_to(source)}:{number}: {line.strip()}"
        for file in sorted(source.rglob("*.py"))
        if not str(file.relative_to(source)).startswith(OWN)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if ASKED.search(line)
    ]
    assert asked == []
