import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headstart.core import DataError, SettingsError, SourceError
from headstart.data import load

CSV = "text,label\n" + "".join(f"some words {i},{'pos' if i % 2 else 'neg'}\n" for i in range(10))


def codes(data):
    return {finding.code: finding for finding in data.findings}


def message_of(kind, source, **options) -> str:
    with pytest.raises(kind) as caught:
        load(source, **options)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


# --- forms people have ---


def test_csv(write):
    data = load(write("reviews.csv", CSV))
    assert data.task == "text-classification"
    assert data.source == "reviews.csv"
    assert data.class_names == ("neg", "pos")
    assert data.labels.tolist() == [0, 1] * 5
    assert data.ids[0] == "reviews.csv:2"
    assert data.content.texts[3] == "some words 3"
    assert not data.has_groups
    assert len(set(data.groups)) == 10
    assert not data.is_test.any()
    assert any("column 'text'" in sentence for sentence in data.found)


def test_line_numbers_survive_quoted_newlines(write):
    data = load(write("a.csv", 'text,label\n"one\ntwo",a\nthree,b\nfour,a\nfive,b\n'))
    assert data.content.texts[0] == "one\ntwo"
    assert data.ids == ["a.csv:2", "a.csv:4", "a.csv:5", "a.csv:6"]


def test_semicolons_and_windows_encoding(write):
    data = load(write("a.csv", "text;label\nschön;a\nnaïve;b\nüber;a\nété;b\n".encode("cp1252")))
    assert data.content.texts[0] == "schön"
    assert any("cp1252" in sentence for sentence in data.found)


def test_no_header(write):
    rows = "".join(f"{'ham' if i % 3 else 'spam'},message number {i}\n" for i in range(30))
    data = load(write("a.csv", rows))
    assert len(data) == 30
    assert data.class_names == ("ham", "spam")


def test_unquoted_tsv_keeps_quotation_marks(write):
    data = load(write("a.tsv", 'text\tlabel\n"open quote\ta\nit\'s "fine\tb\nplain\ta\nmore words\tb\n'))
    assert data.content.texts[:2] == ['"open quote', "it's \"fine"]


@pytest.mark.parametrize("name", ["train.jsonl", "train.json"])
def test_json_lines(write, name):
    data = load(write(name, "".join(f'{{"text": "t {i} x", "label": "{"ab"[i % 2]}/c"}}\n' for i in range(6))))
    assert data.class_names == ("a/c", "b/c")


@pytest.mark.parametrize(
    "document",
    [
        '[{"text": "a b", "label": 1}, {"text": "c d", "label": 0}, {"text": "e", "label": 1}, '
        '{"text": "f", "label": 0}]',
        '{"text": ["a b", "c d", "e", "f"], "label": [1, 0, 1, 0]}',
        '{"data": [{"text": "a b", "label": 1}, {"text": "c d", "label": 0}, {"text": "e", "label": 1}, '
        '{"text": "f", "label": 0}]}',
    ],
)
def test_json_documents(write, document):
    data = load(write("a.json", document))
    assert data.class_names == ("0", "1")
    assert data.labels.tolist() == [1, 0, 1, 0]


def test_folder_of_parts(write, tmp_path):
    for part, offset in (("train-0000", 0), ("train-0001", 100), ("dev", 200), ("test", 300)):
        rows = "".join(f"words {offset + i},{'ab'[i % 2]}\n" for i in range(6))
        write(f"set/{part}.csv", "text,label\n" + rows)
    data = load(tmp_path / "set")
    assert len(data) == 24
    assert data.is_test.sum() == 6
    assert {data.ids[i].split(":")[0] for i in np.flatnonzero(data.is_test)} == {"test.csv"}
    assert any("validation joins the pool" in sentence for sentence in data.found)


def test_split_column(write):
    rows = "".join(f"words {i},{'ab'[i % 2]},{'test' if i > 7 else 'train'}\n" for i in range(12))
    data = load(write("a.csv", "text,label,split\n" + rows))
    assert data.is_test.sum() == 4


def test_explicit_test(write):
    data = load(write("mine.csv", CSV), test=write("other.csv", "text,label\nnew one,pos\nnew two,neg\n"))
    assert data.is_test.tolist() == [False] * 10 + [True] * 2


def test_class_folders(class_folders, write):
    write("pets/README.md", "about")
    write("pets/.ipynb_checkpoints/cat/x.png", b"x")
    write("pets/cat/.hidden.png", b"x")
    data = load(class_folders)
    assert data.task == "image-classification"
    assert data.source == "pets"
    assert data.class_names == ("cat", "dog")
    assert data.ids[0] == "cat/00.png"
    assert len(data) == 12
    assert codes(data)["skipped-files"].count == 1
    assert codes(data)["skipped-hidden"].examples == (".ipynb_checkpoints", "cat/.hidden.png")


def test_class_folders_with_parts(tmp_path, save_image):
    for p, part in enumerate(("Training", "valid", "testing")):
        for c, name in enumerate(("a", "b")):
            for i in range(3):
                save_image(tmp_path / "set" / "inner" / part / name / f"{i}.jpg", seed=100 * p + 10 * c + i)
    data = load(tmp_path / "set")
    assert data.is_test.sum() == 6
    assert len(data) == 18
    assert data.class_names == ("a", "b")


def test_text_folders(write, tmp_path):
    for i in range(4):
        write(f"mail/ham/{i}.txt", f"hello number {i}")
        write(f"mail/spam/{i}.txt", f"buy number {i}")
    assert load(tmp_path / "mail").task == "text-classification"


def test_image_paths_in_csv(class_folders, write):
    rows = "".join(f"{name}/{i:02d}.png,{name}\n" for name in ("cat", "dog") for i in range(6))
    data = load(write("pets/metadata.csv", "file_name,label\n" + rows))
    assert data.task == "image-classification"
    assert len(data.content) == 12
    assert len(load(class_folders)) == 12


def test_parquet_with_features(tmp_path, class_folders):
    import datasets

    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["wolf", "lynx", "x"])})
    files = sorted(class_folders.rglob("*.png"))
    rows = {"image": [{"bytes": f.read_bytes(), "path": f.name} for f in files], "label": [0, 1] * 6}
    data = datasets.Dataset.from_dict(rows, features=features)
    data.to_parquet(tmp_path / "train-00000-of-00001.parquet")
    data.save_to_disk(tmp_path / "saved")
    datasets.DatasetDict({"train": data, "test": data.select([0, 1, 2])}).save_to_disk(tmp_path / "parts")
    loaded = load(tmp_path / "train-00000-of-00001.parquet")
    assert loaded.class_names == ("wolf", "lynx")  # in the order of the ClassLabel, without the empty class
    assert loaded.labels.tolist() == [0, 1] * 6
    for other in (data, tmp_path / "saved"):
        again = load(other)
        assert again.class_names == loaded.class_names
        assert again.content.scan.fingerprint == loaded.content.scan.fingerprint
    assert load(tmp_path / "parts").is_test.sum() == 3


def test_twin_columns_are_one_label():
    import pandas as pd

    frame = pd.DataFrame({"text": [f"a b {i}" for i in range(8)], "label": [0, 1] * 4, "label_text": ["no", "yes"] * 4})
    assert load(frame).class_names == ("no", "yes")


def test_whole_floats_and_numbers_sort_by_value():
    import pandas as pd

    frame = pd.DataFrame({"text": [f"a b {i}" for i in range(24)], "label": [float(i % 12) for i in range(24)]})
    assert load(frame).class_names == tuple(str(i) for i in range(12))


def test_group_column(write):
    rows = "".join(f"words {i},{'ab'[i % 2]},{'' if i == 9 else i // 3}\n" for i in range(10))
    data = load(write("a.csv", "text,label,patient\n" + rows), group_column="patient")
    assert data.has_groups
    assert data.groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_group_regex(tmp_path, save_image):
    for i in range(8):
        save_image(tmp_path / "x" / "ab"[i % 2] / f"p{i // 4}_{i}.png", seed=i)
    save_image(tmp_path / "x" / "a" / "other.png", seed=99)
    data = load(tmp_path / "x", group_regex=r"^(.*)_\d+$")
    assert data.has_groups
    assert len(set(data.groups)) == 3
    assert any("8 of 9 file names (89%)" in sentence for sentence in data.found)
    assert "fits none of the 9" in message_of(SettingsError, tmp_path / "x", group_regex=r"^(zzz)")
    assert "has no group" in message_of(SettingsError, tmp_path / "x", group_regex=r"p\d")
    assert "not valid" in message_of(SettingsError, tmp_path / "x", group_regex=r"(")


def test_copies_share_a_group(make_texts):
    data = make_texts([0, 1, 0, 1], texts=["same thing", "other", "Same  thing!", "third"])
    assert data.groups[0] == data.groups[2]
    assert len(set(data.groups)) == 3
    assert not data.has_groups


# --- fingerprint ---


def test_fingerprint(write):
    base = load(write("a.csv", CSV)).fingerprint
    assert load(write("a.csv", CSV)).fingerprint == base
    changes = [
        CSV.replace("some words 3", "some word 3"),
        CSV.replace("words 3,pos", "words 3,neg"),
        CSV + "another,pos\n",
        CSV.replace("neg", "no"),
    ]
    prints = {load(write("a.csv", change)).fingerprint for change in changes}
    groups = CSV.replace("label\n", "label,g\n").replace("pos\n", "pos,1\n").replace("neg\n", "neg,2\n")
    prints.add(load(write("a.csv", groups), group_column="g").fingerprint)
    parts = groups.replace("label,g", "label,split").replace("pos,1", "pos,train").replace("neg,2", "neg,train")
    prints.add(load(write("a.csv", parts.replace("4,neg,train", "4,neg,test"))).fingerprint)
    assert len(prints | {base}) == 7


def test_image_fingerprint_follows_the_bytes(class_folders, save_image):
    base = load(class_folders).fingerprint
    save_image(class_folders / "cat" / "03.png", seed=77)
    assert load(class_folders).fingerprint != base


# --- what cannot be used ---


def test_missing_path_names_the_sibling(class_folders, tmp_path):
    assert "Did you mean 'pets'?" in message_of(DataError, tmp_path / "pest")
    assert "Did you mean 'pets'?" in message_of(DataError, str(tmp_path / "petz"))


def test_empty_folder(tmp_path):
    assert "The folder is empty" in message_of(DataError, tmp_path)


def test_flat_images(tmp_path, save_image):
    save_image(tmp_path / "x" / "a.png")
    assert "1 image but no class folders" in message_of(DataError, tmp_path / "x")


def test_one_class(tmp_path, save_image, write):
    for i in range(3):
        save_image(tmp_path / "x" / "cat" / f"{i}.png", seed=i)
    assert "only one class, 'cat'" in message_of(DataError, tmp_path / "x")
    assert "only one class" in message_of(DataError, write("a.csv", "text,label\na b,x\nc d,x\ne f,x\n"))


def test_all_broken(tmp_path, write):
    for name in ("x/a/1.png", "x/a/2.png", "x/b/1.jpg", "x/b/2.jpg"):
        write(name, b"no image")
    text = message_of(DataError, tmp_path / "x")
    assert "None of the 4 images can be read" in text
    assert "a/1.png" in text


def test_some_broken(class_folders, write, save_image):
    whole = (class_folders / "cat" / "00.png").read_bytes()
    write("pets/cat/cut.png", whole[: len(whole) // 2])
    write("pets/cat/noise.jpg", b"\x00\x01" * 50)
    write("pets/dog/empty.png", b"")
    save_image(class_folders / "dog" / "huge.png", size=(20, 16))
    bomb = bytearray((class_folders / "dog" / "huge.png").read_bytes())
    bomb[16:24] = (40_000).to_bytes(4, "big") * 2  # the header says 1.6 gigapixels
    (class_folders / "dog" / "huge.png").write_bytes(bomb)
    data = load(class_folders)
    assert len(data) == 12
    unreadable = codes(data)["unreadable"]
    assert unreadable.count == 4
    assert unreadable.examples == ("cat/cut.png", "cat/noise.jpg", "dog/empty.png", "dog/huge.png")


def test_large_header_is_refused_before_decoding(class_folders, save_image):
    import zlib

    path = save_image(class_folders / "dog" / "wide.png")
    raw = bytearray(path.read_bytes())
    raw[16:24] = (10_000).to_bytes(4, "big") + (6_000).to_bytes(4, "big")
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    path.write_bytes(raw)
    assert "more than 50 megapixels" in codes(load(class_folders))["unreadable"].message


def test_binary_noise(write):
    noise = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
    assert "binary data" in message_of(DataError, write("a.csv", noise))
    assert "Parquet" in message_of(DataError, write("a.parquet", noise))
    assert "binary data" in message_of(DataError, write("a.jsonl", noise))


def test_empty_file(write):
    assert "The file is empty" in message_of(DataError, write("a.csv", "\n"))
    assert "no rows" in message_of(DataError, write("b.csv", "text,label\n"))


def test_unknown_ending(write):
    assert "'.xlsx'" in message_of(DataError, write("a.xlsx", b"PK"))


def test_missing_labels_and_empty_texts(write):
    extra = "nothing said,\n,pos\n\u200b,neg\nshort row\n"
    data = load(write("a.csv", CSV + extra))
    assert len(data) == 10
    assert codes(data)["missing-label"].examples == ("a.csv:12",)
    assert codes(data)["empty-text"].examples == ("a.csv:13", "a.csv:14")
    assert codes(data)["malformed-row"].examples == ("a.csv:15",)


def test_tiny_class_is_set_aside(write):
    data = load(write("a.csv", CSV + "a single one,rare\n"))
    assert data.class_names == ("neg", "pos")
    assert "rare" in codes(data)["tiny-class"].message


def test_measurements_are_no_labels(write):
    rows = "".join(f"words {i},{i * 0.37:.2f}\n" for i in range(50))
    assert "regression is not supported" in message_of(DataError, write("a.csv", "text,label\n" + rows))


def test_ids_are_no_labels(write):
    rows = "".join(f"words {i},user{i}\n" for i in range(50))
    assert "a label of its own" in message_of(DataError, write("a.csv", "text,label\n" + rows))


def test_no_usable_label(write):
    text = message_of(DataError, write("a.csv", "text,label\n" + "some words,\n" * 5))
    assert "label" in text


# --- options ---


def test_wrong_options(write, class_folders):
    path = write("a.csv", CSV)
    assert "Did you mean 'text'?" in message_of(SettingsError, path, text_column="txt")
    assert "Did you mean 'label'?" in message_of(SettingsError, path, label_column="labl")
    assert "Did you mean 'text-classification'?" in message_of(SettingsError, path, task="text-clasification")
    assert "holds images" in message_of(SettingsError, class_folders, task="text-classification")
    assert "no file names" in message_of(SettingsError, path, group_regex="^(a)")
    assert "A list is no data source" in message_of(DataError, [1, 2])


def test_hub_fails_fast_without_connection(monkeypatch):
    import socket

    def refuse(*args, **options):
        raise OSError("no network")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert "cannot be reached" in message_of(SourceError, "some-owner/some-data")


def test_class_names_that_are_no_text_stay_apart(tmp_path, save_image):
    """Folders of old archives have names in other encodings; Python holds their bytes as surrogates."""
    for place, name in enumerate((b"d\xe9g", b"d\xe8g")):
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        for number in range(3):
            save_image(Path(os.fsdecode(folder)) / f"{number}.png", seed=3 * place + number)
    data = load(tmp_path)
    assert len(data.class_names) == 2
    "".join((*data.class_names, *data.ids)).encode()


def test_two_columns_of_one_name_are_refused():
    frame = pd.DataFrame([["a", "x", "y"], ["b", "y", "x"]], columns=["text", "label", "label"])
    with pytest.raises(DataError, match="two columns called 'label'"):
        load(frame)
