"""Sounds in folders and tables, and what a check reports of them."""

import subprocess
import sys

import numpy as np
import pytest
from tones import encoded, soundfile, tone, wav_header, write_tones

from headstart.core import DataError
from headstart.data import check, load


def codes(data):
    return {finding.code: finding for finding in check(data)}


def test_class_folders_are_read(tones):
    data = load(tones)
    assert (data.task, len(data), data.class_names) == ("audio-classification", 42, ("high", "low", "middle"))
    assert "0.3" in codes(data)["lengths"].message
    assert "rates" not in codes(data)


def test_a_table_that_names_files_is_read(tones):
    rows = [f"{name}/{k:02d}.wav,{name}" for name in ("low", "high") for k in range(14)]
    (tones / "labels.csv").write_text("\n".join(["file,label", *rows]))
    data = load(tones, labels="labels.csv")
    assert (data.task, len(data)) == ("audio-classification", 28)


def test_a_table_with_bytes_is_read(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [{"bytes": encoded(tone(300 + 40 * k, seed=k), kind="FLAC"), "path": f"{k}.flac"} for k in range(24)]
    table = pa.table({"audio": cells, "label": [k % 2 for k in range(24)], "speaker": [f"s{k % 4}" for k in range(24)]})
    pq.write_table(table, tmp_path / "set.parquet")
    data = load(tmp_path / "set.parquet", group_column="speaker")
    assert (data.task, len(data), data.has_groups) == ("audio-classification", 24, True)


def test_a_data_set_with_a_declared_column_is_read(tmp_path):
    import datasets

    cells = [{"bytes": encoded(tone(300 + 40 * k, seed=k)), "path": None} for k in range(24)]
    made = datasets.Dataset.from_dict({"x": cells, "label": [k % 2 for k in range(24)]})
    made = made.cast_column("x", datasets.Audio(sampling_rate=16_000))
    assert load(made).task == "audio-classification"
    made.save_to_disk(tmp_path / "saved")
    assert len(load(tmp_path / "saved")) == 24


def test_bytes_without_a_name_are_known_by_how_they_begin(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [encoded(tone(300 + 40 * k, seed=k)) for k in range(24)]
    pq.write_table(pa.table({"x": cells, "label": [k % 2 for k in range(24)]}), tmp_path / "set.parquet")
    assert load(tmp_path / "set.parquet").task == "audio-classification"


def test_what_cannot_be_used_is_set_aside_and_named(tones):
    low = tones / "low"
    (low / "00.wav").write_bytes(b"not a sound")
    (low / "01.wav").write_bytes(wav_header(48, 1, 16_000, 600) + bytes(600))
    (low / "02.wav").write_bytes(wav_header(16, 1, 16_000, 0))
    (low / "03.wav").write_bytes(encoded(np.full(4000, np.nan, dtype=np.float32), subtype="FLOAT"))
    (low / "04.wav").write_bytes(b"")
    data = load(tones)
    assert len(data) == 37
    assert "5 sounds cannot be read" in codes(data)["unreadable"].message


def test_files_that_end_early_and_silent_ones_are_kept_and_reported(tones):
    whole = (tones / "low" / "00.wav").read_bytes()
    (tones / "low" / "00.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(tones / "high" / "00.wav", np.zeros(8000, dtype=np.float32), 16_000)
    found = codes(load(tones))
    assert "1 sound in files that end before" in found["truncated"].message
    assert "1 sound without any sound" in found["silent"].message
    assert found["silent"].examples == ("high/00.wav",)


def test_rates_and_channels_of_one_folder_that_differ_are_a_warning(tones):
    soundfile.write(tones / "low" / "00.wav", tone(300, rate=44_100), 44_100)
    soundfile.write(tones / "low" / "01.wav", np.stack([tone(300, rate=8000, seed=k) for k in (1, 2)], 1), 8000)
    found = codes(load(tones))
    assert found["rates"].severity == found["channels"].severity == "warning"
    assert "16 kHz (40), 8 kHz (1), 44.1 kHz (1)" in found["rates"].message
    assert "nothing above 4 kHz" in found["rates"].message
    assert "1 sound of up to 2 channels, mixed to one" in found["channels"].message


def test_one_rate_for_all_is_mere_information(tmp_path):
    write_tones(tmp_path / "set", rate=8000)
    found = codes(load(tmp_path / "set"))
    assert found["rates"].severity == "info"


def test_a_rate_that_gives_the_class_away_is_a_shortcut(tmp_path):
    for name, rate in (("a", 8000), ("b", 22_050)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(30):
            soundfile.write(tmp_path / "set" / name / f"{k}.wav", tone(400, 0.2, rate, seed=k), rate)
    (shortcut,) = [one for one in check(load(tmp_path / "set")) if one.code == "shortcut"]
    assert "sample rate of the sound alone predicts the class" in shortcut.message


def test_copies_in_another_form_are_found(tones):
    samples, rate = soundfile.read(tones / "low" / "00.wav")
    soundfile.write(tones / "low" / "copy.flac", samples, rate)
    assert codes(load(tones))["duplicate"].count == 1


def test_long_sounds_are_reported(tones):
    soundfile.write(tones / "low" / "00.wav", tone(300, 12.0), 16_000)
    assert "longer than 10 s" in codes(load(tones))["long-sound"].message


def test_nothing_but_broken_files_is_one_error(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(3):
            (tmp_path / "set" / name / f"{k}.wav").write_bytes(b"no sound")
    with pytest.raises(DataError, match="None of the 6 sounds can be read"):
        load(tmp_path / "set")


def test_checking_does_not_import_torch(tones, tmp_path):
    code = (
        "import sys; from headstart.data import check, load; "
        "check(load(sys.argv[1], cache_dir=sys.argv[2])); print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tones), str(tmp_path / "cache")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"
