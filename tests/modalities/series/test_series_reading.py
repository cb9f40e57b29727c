"""Series in the forms people have them, and what makes each form unusable."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from made_up_series import waves

from headstart.core import DataError
from headstart.data import check, load

TASK = "series-classification"


def codes(data):
    return {one.code: one for one in check(data)}


def write_ts(path, values, labels, head="@problemName p\n@classLabel true a b c\n@data\n"):
    lines = [
        ":".join([*(",".join(f"{v:.6g}" for v in row) for row in one), "abc"[k]])
        for one, k in zip(values, labels, strict=True)
    ]
    path.write_text(head + "\n".join(lines))


# files of the archives


def test_two_files_of_an_archive_are_the_official_split(tmp_path):
    values, labels = waves(60)
    write_ts(tmp_path / "Waves_TRAIN.ts", values[:40], labels[:40])
    write_ts(tmp_path / "Waves_TEST.ts", values[40:], labels[40:])
    data = load(tmp_path)
    assert (data.task, len(data), int(data.is_test.sum())) == (TASK, 60, 20)
    assert np.allclose(data.content.one(0), values[40 if data.is_test[0] else 0], atol=1e-4)
    assert data.accounting.balanced


def test_one_file_alone_says_that_its_partner_was_not_read(tmp_path):
    values, labels = waves(30)
    for part in ("TRAIN", "TEST"):
        write_ts(tmp_path / f"Waves_{part}.ts", values, labels)
    data = load(tmp_path / "Waves_TRAIN.ts")
    assert not data.has_test
    assert any("Waves_TEST.ts lies beside it" in sentence for sentence in data.found)


def test_source_code_that_ends_in_ts_is_left_alone(tmp_path):
    (tmp_path / "main.ts").write_text("import { a } from 'b';\nexport const c = 1;\n")
    with pytest.raises(DataError):
        load(tmp_path / "main.ts")


def test_several_channels_of_unequal_length_are_read_whole(tmp_path):
    values, labels = waves(30, channels=3)
    cut = [one[:, : 20 + k] for k, one in enumerate(values)]
    write_ts(tmp_path / "set.ts", cut, labels)
    data = load(tmp_path / "set.ts")
    assert data.content.channels == 3
    assert data.content.lengths.tolist() == list(range(20, 50))
    assert "3 channels of 20 to 49 values" in codes(data)["series-shape"].message


def test_missing_values_are_filled_on_straight_lines_and_reported(tmp_path):
    values, labels = waves(30)
    values[3, 0, 10:13] = np.nan
    np.savez(tmp_path / "set.npz", x=values, y=labels)
    data = load(tmp_path / "set.npz")
    filled = data.content.one(3)[0]
    steps = np.diff(filled[9:14])
    assert np.allclose(steps, steps[0], atol=1e-5)
    assert codes(data)["missing-values"].count == 1


@pytest.mark.parametrize("end", ["Waves_TRAIN.tsv", "waves.csv"])
def test_numbers_without_a_header_have_the_label_first(tmp_path, end):
    values, labels = waves(30)
    mark = "\t" if end.endswith("tsv") else ","
    rows = [mark.join([f"{k + 1}", *(f"{v:.5f}" for v in one[0])]) for one, k in zip(values, labels, strict=True)]
    (tmp_path / end).write_text("\n".join(rows))
    data = load(tmp_path / end)
    assert (data.task, data.class_names, data.content.native_size) == (TASK, ("1", "2", "3"), 64)


def test_the_label_may_stand_last(tmp_path):
    values, labels = waves(30)
    rows = [",".join([*(f"{v:.5f}" for v in one[0]), "xyz"[k]]) for one, k in zip(values, labels, strict=True)]
    (tmp_path / "set.csv").write_text("\n".join(rows))
    data = load(tmp_path / "set.csv")
    assert data.class_names == ("x", "y", "z")
    assert any("the last cell is the label" in sentence for sentence in data.found)


def test_two_ends_that_could_both_be_labels_are_refused(tmp_path):
    values, labels = waves(30)
    rows = [
        ",".join([f"{k}", *(f"{v:.5f}" for v in one[0]), f"{k % 2}"]) for one, k in zip(values, labels, strict=True)
    ]
    (tmp_path / "set.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match="could both be the label"):
        load(tmp_path / "set.csv")


def test_measurements_without_an_order_are_no_series(tmp_path):
    rng = np.random.default_rng(0)
    rows = [",".join([f"{k % 2}", *(f"{v:.4f}" for v in rng.normal(0, 1, 30))]) for k in range(40)]
    (tmp_path / "set.csv").write_text("\n".join(rows))
    with pytest.raises(DataError):
        load(tmp_path / "set.csv")


def test_a_weka_file_with_channels_in_quotes(tmp_path):
    values, labels = waves(30, channels=2)
    head = "@relation w\n@attribute s relational\n@attribute att0 numeric\n@end s\n@attribute class {a,b,c}\n@data\n"
    rows = [
        "'{}',{}".format("\\n".join(",".join(f"{v:.5f}" for v in c) for c in one), "abc"[k])
        for one, k in zip(values, labels, strict=True)
    ]
    (tmp_path / "set.arff").write_text(head + "\n".join(rows))
    data = load(tmp_path / "set.arff")
    assert data.content.channels == 2
    assert np.allclose(data.content.one(4), values[4], atol=1e-4)


@pytest.mark.parametrize(
    ("head", "trouble"),
    [
        ("@attribute a numeric", "No attribute has classes"),
        ("@attribute b {x,y}\n@attribute c {a,b,c}", "2 attributes have classes"),
        ("@attribute b string\n@attribute c {a,b}", "of the type 'string'"),
    ],
)
def test_weka_files_that_are_no_series(tmp_path, head, trouble):
    (tmp_path / "set.arff").write_text(f"@relation w\n{head}\n@data\n1,a\n")
    with pytest.raises(DataError, match=trouble):
        load(tmp_path / "set.arff")


# arrays


def test_arrays_with_parts_groups_and_rate(tmp_path):
    values, labels = waves(40, channels=2)
    np.savez(
        tmp_path / "set.npz",
        X_train=values[:30],
        y_train=labels[:30],
        X_test=values[30:],
        y_test=labels[30:],
        groups_train=np.arange(30) // 3,
        groups_test=np.arange(10) // 3 + 20,
        fs=180.0,
    )
    data = load(tmp_path / "set.npz")
    assert (int(data.is_test.sum()), data.has_groups) == (10, True)
    assert "180 a second" in codes(data)["series-shape"].message


def test_labels_beside_an_array(tmp_path):
    values, labels = waves(30)
    np.save(tmp_path / "X.npy", values)
    np.save(tmp_path / "y.npy", labels)
    data = load(tmp_path)
    assert (data.task, len(data)) == (TASK, 30)
    assert data.accounting.files.used == 2


def test_class_folders_of_arrays(tmp_path):
    values, labels = waves(30)
    for row, (one, label) in enumerate(zip(values, labels, strict=True)):
        (tmp_path / "set" / "abc"[label]).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "set" / "abc"[label] / f"rec{row // 6}_{row}.npy", one[0])
    assert "begin with 5 stems, such as 'rec0'" in codes(load(tmp_path / "set"))["possible-groups"].message
    data = load(tmp_path / "set", group_regex=r"^(rec\d+)_")
    assert (data.task, len(data), len(np.unique(data.groups))) == (TASK, 30, 5)


def test_python_objects_are_refused(tmp_path):
    np.savez(tmp_path / "set.npz", x=np.array([[1, 2], [3]], dtype=object), y=np.arange(2), allow_pickle=True)
    with pytest.raises(DataError, match="it holds Python objects"):
        load(tmp_path / "set.npz")


def test_exchanged_axes_are_reported(tmp_path):
    values, labels = waves(30, length=100, channels=3)
    np.savez(tmp_path / "set.npz", x=values.swapaxes(1, 2), y=labels)
    assert "numpy.swapaxes" in codes(load(tmp_path / "set.npz"))["exchanged-axes"].message


def test_axes_in_order_are_not_reported(tmp_path):
    values, labels = waves(30, length=100, channels=12)
    np.savez(tmp_path / "set.npz", x=values, y=labels)
    assert "exchanged-axes" not in codes(load(tmp_path / "set.npz"))


# tables


def test_a_column_of_lists(tmp_path):
    values, labels = waves(30)
    frame = pd.DataFrame(
        {"signal": list(values[:, 0]), "label": ["abc"[k] for k in labels], "record": np.arange(30) // 5}
    )
    frame.to_parquet(tmp_path / "set.parquet")
    data = load(tmp_path / "set.parquet")
    assert (data.task, len(data)) == (TASK, 30)
    assert "--group-column record" in codes(data)["possible-groups"].message
    assert load(tmp_path / "set.parquet", group_column="record").has_groups


def test_lists_that_could_be_pixels_are_not_taken_unasked(tmp_path):
    rng = np.random.default_rng(0)
    rows = [{"data": rng.integers(0, 256, 64).tolist(), "label": k % 2} for k in range(30)]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(DataError, match="8 x 8 pixels"):
        load(tmp_path / "set.jsonl")
    assert load(tmp_path / "set.jsonl", TASK).content.native_size == 64


def test_numbered_columns_of_grey_values_are_no_moments(tmp_path):
    smooth = np.linspace(0, 255, 64).astype(int)[None] + np.zeros((30, 1), int)
    frame = pd.DataFrame(smooth, columns=[str(k) for k in range(64)]).assign(label=np.arange(30) % 2)
    frame.to_csv(tmp_path / "set.csv", index=False)
    with pytest.raises(DataError, match="tables of measurements"):
        load(tmp_path / "set.csv")


def test_a_column_for_each_moment(tmp_path):
    values, labels = waves(30)
    frame = pd.DataFrame(values[:, 0], columns=[f"t{k}" for k in range(64)]).assign(kind=["abc"[k] for k in labels])
    frame.to_csv(tmp_path / "set.csv", index=False)
    data = load(tmp_path / "set.csv")
    assert (data.task, data.content.native_size, data.class_names) == (TASK, 64, ("a", "b", "c"))
    assert any("64 columns t0, t1, ... t63" in sentence for sentence in data.found)


def test_a_table_of_measurements_is_series_only_where_that_is_said(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        rng.normal(size=(40, 24)), columns=[f"feature{'abcdefghijklmnopqrstuvwx'[k]}" for k in range(24)]
    )
    frame.assign(label=np.arange(40) % 2).to_csv(tmp_path / "set.csv", index=False)
    with pytest.raises(DataError, match="tables of measurements"):
        load(tmp_path / "set.csv")
    assert load(tmp_path / "set.csv", TASK).content.native_size == 24


def test_a_row_for_each_moment(tmp_path):
    values, labels = waves(12, length=20)
    rows = [
        (f"s{k}", t / 50, one[0, t], "abc"[label])
        for k, (one, label) in enumerate(zip(values, labels, strict=True))
        for t in range(20)
    ]
    frame = pd.DataFrame(rows, columns=["id", "time", "value", "label"]).sample(frac=1, random_state=0)
    frame.to_csv(tmp_path / "set.csv", index=False)
    data = load(tmp_path / "set.csv")
    assert (data.task, len(data)) == (TASK, 12)
    row = next(k for k, name in enumerate(data.ids) if name.endswith("id=s3"))
    assert np.allclose(data.content.one(row)[0], values[3, 0], atol=1e-5)
    assert "50 a second" in codes(data)["series-shape"].message
    assert data.accounting.balanced


def test_a_series_with_two_labels_is_refused(tmp_path):
    rows = [(k // 10, k % 10, 0.1 * k, "ab"[k % 2]) for k in range(40)]
    pd.DataFrame(rows, columns=["id", "time", "value", "label"]).to_csv(tmp_path / "set.csv", index=False)
    with pytest.raises(DataError, match="has 2 labels"):
        load(tmp_path / "set.csv")


# what is wrong with single series


def test_text_among_numbers_sets_the_series_aside(tmp_path):
    values, labels = waves(30)
    frame = pd.DataFrame(values[:, 0].astype(object), columns=[f"t{k}" for k in range(64)]).assign(label=labels)
    frame.loc[4, "t7"] = "broken"
    frame.to_csv(tmp_path / "set.csv", index=False)
    data = load(tmp_path / "set.csv")
    assert len(data) == 29
    assert "'broken' is no number" in codes(data)["unreadable"].message


def test_series_of_one_value_and_without_numbers_are_set_aside(tmp_path):
    values, labels = waves(30)
    rows = [{"signal": one[0].tolist(), "label": int(k)} for one, k in zip(values, labels, strict=True)]
    rows[0]["signal"], rows[1]["signal"] = [1.0], [float("nan")] * 9
    pd.DataFrame(rows).to_parquet(tmp_path / "set.parquet")
    data = load(tmp_path / "set.parquet")
    assert len(data) == 28
    assert codes(data)["unreadable"].count == 2


def test_constant_series_and_constant_channels_are_reported(tmp_path):
    values, labels = waves(30, channels=2)
    values[:, 1] = 0
    values[5] = 1
    np.savez(tmp_path / "set.npz", x=values, y=labels)
    found = codes(load(tmp_path / "set.npz"))
    assert (found["flat-line"].count, found["flat-channel"].count) == (1, 1)


@pytest.mark.parametrize("what", ["length", "mean level", "sampling rate"])
def test_a_property_that_predicts_the_class_is_reported(tmp_path, what):
    values, labels = waves(90, classes=2)
    rows = []
    for k, (one, label) in enumerate(zip(values, labels, strict=True)):
        signal = one[0, : 40 + 9 * label + k % 4] if what == "length" else one[0] + 9 * label * (what == "mean level")
        rate = 100.0 * (1 + label) if what == "sampling rate" else 100.0
        rows.append({"signal": signal.tolist(), "fs": rate, "label": "ab"[label]})
    pd.DataFrame(rows).to_parquet(tmp_path / "set.parquet")
    shortcuts = [one.message for one in check(load(tmp_path / "set.parquet")) if one.code == "shortcut"]
    assert any(f"The {what} of the series alone" in message for message in shortcuts)


def test_the_same_series_twice_are_copies(tmp_path):
    values, labels = waves(30)
    values[7] = values[4]
    np.savez(tmp_path / "set.npz", x=values, y=labels)
    assert codes(load(tmp_path / "set.npz"))["duplicate"].count == 1


@pytest.mark.parametrize("name", ["night.edf", "100.hea", "set.mat"])
def test_recordings_are_refused_with_what_to_do(tmp_path, name):
    (tmp_path / name).write_bytes(b"0" * 300)
    with pytest.raises(DataError, match="files are not read.*numpy.savez"):
        load(tmp_path / name)


def test_reading_does_not_import_torch(tmp_path):
    import subprocess
    import sys

    values, labels = waves(30)
    np.savez(tmp_path / "set.npz", x=values, y=labels)
    code = "import sys; from headstart.data import check, load; check(load(sys.argv[1])); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "set.npz")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_moment_missing_at_the_end_shortens_a_row(tmp_path):
    values, labels = waves(30)
    frame = pd.DataFrame(values[:, 0], columns=[f"t{k}" for k in range(64)]).assign(label=labels)
    frame.loc[2, "t50":"t63"] = np.nan
    frame.to_csv(tmp_path / "set.csv", index=False)
    assert load(tmp_path / "set.csv").content.lengths[2] == 50


def test_files_without_a_part_in_their_names_are_not_joined(tmp_path):
    values, labels = waves(30)
    for name in ("one.npz", "two.npz"):
        np.savez(tmp_path / name, x=values, y=labels)
    with pytest.raises(DataError, match="none of them called train or test"):
        load(tmp_path)


def test_damaged_arrays_are_set_aside(tmp_path):
    values, labels = waves(30)
    for row, (one, label) in enumerate(zip(values, labels, strict=True)):
        (tmp_path / "set" / "abc"[label]).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "set" / "abc"[label] / f"{row}.npy", one[0])
    (tmp_path / "set" / "a" / "0.npy").write_bytes(b"PK\x03\x04 no array")
    np.save(tmp_path / "set" / "a" / "3.npy", np.array([{}], dtype=object), allow_pickle=True)
    data = load(tmp_path / "set")
    assert len(data) == 28
    assert "the file is no readable .npy file of numbers" in codes(data)["unreadable"].message
