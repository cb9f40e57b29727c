"""Folders that are classes, and folders that are not (kinds A, B and E of what people bring)."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from awkward_inputs import class_tree, picture, remarks, save_all, table

from headstart.core import DataError, SettingsError
from headstart.data import check, load


def codes(data):
    return {finding.code: finding for finding in check(data)}


def parts(data):
    return int((~data.is_test).sum()), int(data.is_test.sum())


def refused(source, **options):
    with pytest.raises(DataError) as caught:
        load(source, **options)
    assert caught.value.hint
    return str(caught.value)


# --- A: folders that are no classes ---


@pytest.fixture
def competition(tmp_path):
    """A table of names without ending, pictures to learn from and others without labels, a sample of an answer."""
    names = [f"{i * 7919 % 99991:05x}" for i in range(24)]
    save_all(tmp_path, [f"train_images/{name}.png" for name in names])
    save_all(tmp_path, [f"test_images/t{i}.png" for i in range(9)], 500)
    (tmp_path / "train.csv").write_text(table([(name, i % 2) for i, name in enumerate(names)], ("id_code", "grade")))
    (tmp_path / "sample_submission.csv").write_text(table([(f"t{i}", 0) for i in range(9)], ("id_code", "grade")))
    return tmp_path


def test_labels_come_from_the_table_that_lists_the_pictures(competition):
    data = load(competition)
    assert data.class_names == ("0", "1")
    assert len(data) == 24
    assert codes(data)["unlabelled-files"].count == 9
    assert "sample_submission.csv" in codes(data)["skipped-tables"].message
    assert data.accounting.files.named == {"not in the table": 9, "other kinds": 1}
    assert len(load(competition / "train.csv")) == 24


def test_table_may_be_named(competition):
    (competition / "train.csv").rename(competition / "mine.csv")
    (competition / "sizes.csv").write_text(table([(f"x{i}", i) for i in range(9)], ("name", "bytes")))
    assert len(load(competition, labels="mine.csv")) == 24
    with pytest.raises(SettingsError, match=r"Did you mean 'mine\.csv'"):
        load(competition, labels="mane.csv")


def test_only_two_folders_named_as_parts_are_no_classes(tmp_path):
    save_all(tmp_path, [f"{part}/{i}.png" for part in ("train_images", "test_images") for i in range(6)])
    assert "12 images but no class folders" in refused(tmp_path)


def annotated(root, name="val_annotations.txt", line="{file}\t{label}\t0\t0\t31\t31"):
    for place, label in enumerate(("n01", "n02", "n03")):
        save_all(root, [f"train/{label}/images/{label}_{i}.JPEG" for i in range(6)], 50 * place)
        save_all(root, [f"val/images/val_{3 * i + place}.JPEG" for i in range(4)], 50 * place + 20)
    save_all(root, [f"test/images/test_{i}.JPEG" for i in range(5)], 900)
    lines = [line.format(file=f"val_{i}.JPEG", label=f"n0{i % 3 + 1}") for i in range(12)]
    (root / "val" / name).write_text("\n".join(lines) + "\n")
    return root


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("val_annotations.txt", "{file}\t{label}\t0\t0\t31\t31"),
        ("labels.txt", "images/{file} {label}"),
        ("val.csv", "{file},{label}"),
    ],
)
def test_list_beside_loose_pictures_labels_them(tmp_path, name, line):
    data = load(annotated(tmp_path, name, line))
    assert data.class_names == ("n01", "n02", "n03")
    assert len(data) == 18 + 12
    assert any("Labels of 12 files" in sentence for sentence in data.found)
    assert codes(data)["unlabelled-files"].count == 5


def test_loose_pictures_without_a_list_are_named(tmp_path):
    shutil.rmtree(annotated(tmp_path) / "test")
    (tmp_path / "val" / "val_annotations.txt").unlink()
    data = load(tmp_path)
    assert len(data) == 18
    assert "validation" in codes(data)["unlabelled-files"].message
    assert codes(data)["unlabelled-files"].count == 12


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("Training Set", "Test Set"),
        ("train_images", "test_images"),
        ("asl_alphabet_train", "asl_alphabet_test"),
        ("trainset", "TESTSET"),
        ("1_train", "2_test"),
        ("train/images", "test/images"),
    ],
)
def test_words_for_parts(tmp_path, train, test):
    class_tree(tmp_path / train, ("cat", "dog"))
    class_tree(tmp_path / test, ("cat", "dog"), 3, first=50)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert parts(data) == (8, 6)


def test_unlabelled_part_beside_others(tmp_path):
    class_tree(tmp_path / "seg_train", ("cat", "dog"))
    class_tree(tmp_path / "seg_test", ("cat", "dog"), 3, first=50)
    save_all(tmp_path / "seg_pred", [f"{i}.png" for i in range(7)], 300)
    data = load(tmp_path)
    assert parts(data) == (8, 6)
    assert codes(data)["unlabelled-files"].count == 7


def test_class_folder_for_unlabelled_texts(tmp_path):
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            for i in range(4):
                path = tmp_path / part / label / f"{i}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{part} remark {label} {i}")
    (tmp_path / "train" / "unsup").mkdir()
    for i in range(9):
        (tmp_path / "train" / "unsup" / f"{i}.txt").write_text(f"without an opinion {i}")
    data = load(tmp_path)
    assert data.class_names == ("neg", "pos")
    assert codes(data)["unlabelled-files"].count == 9


def test_parts_inside_the_classes(tmp_path):
    for place, name in enumerate(("cat", "dog")):
        class_tree(tmp_path / name, ("train", "test"), 3, first=40 * place)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert parts(data) == (6, 6)


def test_pictures_and_their_masks_inside_the_classes(tmp_path):
    for place, name in enumerate(("covid", "normal")):
        class_tree(tmp_path / name, ("images", "masks"), 4, first=500 * place)
    data = load(tmp_path)
    assert len(data) == 8
    assert data.accounting.files.named == {"masks and the like": 8}
    assert "masks" in codes(data)["unlabelled-files"].message


def test_nested_copy_is_left_out(tmp_path):
    class_tree(tmp_path / "pets", ("cat", "dog"))
    shutil.copytree(tmp_path / "pets", tmp_path / "copy")
    shutil.move(tmp_path / "copy", tmp_path / "pets" / "pets")
    data = load(tmp_path / "pets")
    assert data.class_names == ("cat", "dog")
    assert len(data) == 8
    assert "copy" in codes(data)["nested-copy"].message
    save_all(tmp_path / "pets" / "pets" / "cat", ["other.png"], 999)
    assert "once more, with other files" in refused(tmp_path / "pets")


def test_outer_or_inner_folders_are_a_question(tmp_path):
    class_tree(tmp_path / "animals", ("cat", "dog"))
    class_tree(tmp_path / "plants", ("rose", "oak"), first=400)
    message = refused(tmp_path)
    assert "animals, plants" in message
    assert "--layout deepest" in message
    assert load(tmp_path, layout="folders").class_names == ("animals", "plants")
    assert load(tmp_path, layout="deepest").class_names == ("cat", "dog", "oak", "rose")


def test_sessions_inside_the_classes_are_no_question(tmp_path):
    for place, name in enumerate(("cat", "dog")):
        class_tree(
            tmp_path / name, ("patient_01", "patient_02") if place else ("patient_07", "patient_08"), 3, place * 400
        )
    assert load(tmp_path).class_names == ("cat", "dog")


def test_train_can_be_a_vehicle(tmp_path):
    assert load(class_tree(tmp_path, ("car", "plane", "train"))).class_names == ("car", "plane", "train")


def test_test_part_beside_the_classes(tmp_path):
    class_tree(tmp_path, ("cat", "dog"))
    class_tree(tmp_path / "test", ("cat", "dog"), 3, first=50)
    assert parts(load(tmp_path)) == (8, 6)


def test_table_that_contradicts_the_folders_is_a_question(tmp_path):
    class_tree(tmp_path, ("site_a", "site_b"), 12)
    rows = [(f"{site}/s{i}.png", "ill" if i % 3 else "well") for site in ("site_a", "site_b") for i in range(12)]
    (tmp_path / "labels.csv").write_text(table(rows, ("file", "label")))
    message = refused(tmp_path)
    assert "site_a, site_b" in message
    assert "ill, well" in message
    assert "--labels labels.csv" in message
    assert load(tmp_path, labels="labels.csv").class_names == ("ill", "well")
    assert load(tmp_path, layout="folders").class_names == ("site_a", "site_b")


def test_table_that_agrees_with_the_folders_is_none(tmp_path):
    class_tree(tmp_path, ("cat", "dog"), 6)
    rows = [(f"{name}/{name[0]}{i}.png", name.upper()) for name in ("cat", "dog") for i in range(6)]
    (tmp_path / "index.csv").write_text(table(rows, ("file", "label")))
    assert load(tmp_path).class_names == ("cat", "dog")


def test_texts_in_a_table_beside_class_folders_are_a_question(tmp_path):
    class_tree(tmp_path, ("cat", "dog"), 6)
    (tmp_path / "reviews.csv").write_text(table(remarks(40), ("text", "label")))
    assert "two ways that disagree" in refused(tmp_path)
    assert load(tmp_path, layout="table").task == "text-classification"


# --- B: nothing vanishes ---


def test_class_that_cannot_be_read_is_loud(tmp_path, monkeypatch):
    import importlib.util

    class_tree(tmp_path, ("cat", "dog"), 5, end=".JPG")
    (tmp_path / "horse").mkdir()
    for i in range(5):
        head = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
        (tmp_path / "horse" / f"IMG_{i}.HEIC").write_bytes(head + bytes(900) + bytes([i]))
    (tmp_path / "bird").mkdir()
    found = codes(load(tmp_path))
    assert found["lost-class"].severity == "error"
    assert "'horse'" in found["lost-class"].message
    assert "HEIC" in found["lost-class"].message
    assert "bird" in found["empty-class"].message
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    from headstart.modalities.image.pixels import UnreadableImageError, open_image

    with pytest.raises(UnreadableImageError, match=r"headstart\[heif\]"):
        open_image(tmp_path / "horse" / "IMG_0.HEIC")


def test_photographs_of_phones_are_read(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    class_tree(tmp_path, ("cat",), 4)
    for i in range(4):
        (tmp_path / "dog").mkdir(exist_ok=True)
        heif.from_pillow(picture(50 + i, 64)).save(tmp_path / "dog" / f"{i}.heic")
        picture(70 + i, 64).save(tmp_path / "dog" / f"{i}.avif")
    data = load(tmp_path)
    assert np.bincount(data.labels).tolist() == [4, 8]


def test_class_of_another_kind_of_file_is_lost_loudly(tmp_path):
    class_tree(tmp_path, ("cat", "dog"))
    (tmp_path / "owl").mkdir()
    for i in range(6):
        (tmp_path / "owl" / f"{i}.NEF").write_bytes(b"raw" * 50)
    found = codes(load(tmp_path))
    assert "'owl' is lost" in found["lost-class"].message
    assert "6 .nef" in found["skipped-files"].message


@pytest.mark.parametrize("names", [("Cat", "DOG"), ("cat ", "dog_"), ("CAT", "Dog")])
def test_other_spelling_in_the_test_part(tmp_path, names):
    class_tree(tmp_path / "train", ("cat", "dog"))
    class_tree(tmp_path / "test", names, 3, first=50)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert parts(data) == (8, 6)
    assert codes(data)["spelling"].count == 2


def test_test_part_with_other_classes_is_set_aside_loudly(tmp_path):
    class_tree(tmp_path / "train", ("cat", "dog"))
    class_tree(tmp_path / "test", ("good", "bad"), 3, first=50)
    data = load(tmp_path)
    assert not data.has_test
    assert codes(data)["foreign-part"].severity == "error"
    assert codes(data)["foreign-part"].count == 6


def test_loose_pictures_in_the_test_part(tmp_path):
    class_tree(tmp_path / "train", ("cat", "dog"))
    save_all(tmp_path / "test", [f"{i}.png" for i in range(9)], 300)
    data = load(tmp_path)
    assert codes(data)["unlabelled-files"].count == 9
    assert data.accounting.files.named == {"without labels": 9}


def test_every_kind_of_entry_is_named(tmp_path):
    class_tree(tmp_path, ("cat", "dog"))
    os.mkfifo(tmp_path / "cat" / "pipe.png")
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "dog" / "again").symlink_to(tmp_path)
    (tmp_path / "dog" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    files = load(tmp_path).accounting.files
    assert files.seen == 8 + 5
    assert files.named == {"neither files nor folders": 1, "broken links": 1, "links to folders": 1} | {
        "hidden": 1,
        "other kinds": 1,
    }


def test_unreadable_folder_is_named(tmp_path, monkeypatch):
    class_tree(tmp_path, ("cat", "dog", "owl"))
    real = os.scandir

    def scandir(path):
        if str(path).endswith("owl"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    data = load(tmp_path)
    assert codes(data)["no-file"].count == 1
    assert data.accounting.files.named == {"unreadable folders": 1}


def test_archives_beside_the_examples_are_a_warning(tmp_path):
    class_tree(tmp_path, ("cat", "dog"))
    (tmp_path / "rest.zip").write_bytes(b"PK")
    assert codes(load(tmp_path))["skipped-files"].severity == "warning"


# --- E: names in tables and files in folders ---


def spell(name, number, how):
    return {
        "windows": f"img\\{name}\\{number:04d}.png",
        "drive": f"C:\\Users\\me\\img\\{name}\\{number:04d}.png",
        "other root": f"/home/me/data/img/{name}/{number:04d}.png",
        "no folder": f"{number:04d}.png",
        "no ending": f"{number:04d}",
        "other ending": f"{number:04d}.jpg",
        "case": f"IMG/{name}/{number:04d}.PNG",
        "number": str(number),
        "float": f"{number}.0",
        "dot": f"./img/{name}/{number:04d}.png",
        "space": f" img/{name}/{number:04d}.png ",
    }[how]


@pytest.mark.parametrize(
    "how", "windows,drive,other root,no folder,no ending,other ending,case,number,float,dot,space".split(",")
)
def test_identifiers_in_every_spelling(tmp_path, how):
    rows = []
    for number in range(1, 21):
        name = ("cat", "dog")[number % 2]
        save_all(tmp_path / "img" / name, [f"{number:04d}.png"], number)
        rows.append((spell(name, number, how), name))
    (tmp_path / "list.csv").write_text(table(rows, ("key", "label")))
    data = load(tmp_path / "list.csv")
    assert data.task == "image-classification"
    assert len(data) == 20
    assert len(load(tmp_path, labels="list.csv")) == 20


def test_shared_beginning_of_file_names(tmp_path):
    names = [f"{i * 31 % 97:x}q" for i in range(20)]
    save_all(tmp_path / "photos", [f"ISIC_{name}_full.png" for name in names])
    (tmp_path / "truth.csv").write_text(table([(name, i % 2) for i, name in enumerate(names)], ("key", "ill")))
    assert len(load(tmp_path)) == 20


def test_table_in_a_folder_beside_the_images(tmp_path):
    save_all(tmp_path / "images", [f"{i}.png" for i in range(12)])
    (tmp_path / "annotations").mkdir()
    file = tmp_path / "annotations" / "train.csv"
    file.write_text(table([(f"{i}.png", i % 3) for i in range(12)], ("file", "label")))
    assert len(load(file)) == 12
    assert len(load(tmp_path)) == 12


def test_the_same_name_in_two_parts(tmp_path):
    for part in ("train", "test"):
        save_all(tmp_path / part, [f"{i}.png" for i in range(8)], 0 if part == "train" else 100)
        (tmp_path / f"{part}.csv").write_text(table([(i, i % 2) for i in range(8)], ("id", "label")))
    data = load(tmp_path)
    assert parts(data) == (8, 8)
    assert "leak" not in codes(data)


def test_texts_that_lie_in_files(tmp_path):
    rows = remarks(12)
    (tmp_path / "docs").mkdir()
    for i, (text, _) in enumerate(rows):
        (tmp_path / "docs" / f"d{i}.txt").write_text(text)
    (tmp_path / "index.csv").write_text(
        table([(f"d{i}.txt", label) for i, (_, label) in enumerate(rows)], ("doc", "label"))
    )
    data = load(tmp_path)
    assert data.content.texts == [text for text, _ in rows]
    assert data.accounting.files.used == 13


@pytest.mark.parametrize("start", ["https://example.org/", "s3://bucket/", "gs://bucket/"])
def test_web_addresses_are_named(tmp_path, start):
    rows = [(f"{start}{i}.jpg", i % 2) for i in range(10)]
    (tmp_path / "web.csv").write_text(table(rows, ("image", "label")))
    message = refused(tmp_path / "web.csv")
    assert f"web addresses ({start}0.jpg)" in message
    assert "Download" in message


def test_absent_files_show_the_cell_and_the_path(tmp_path):
    (tmp_path / "list.csv").write_text(table([(f"a/{i}.jpg", i % 2) for i in range(10)], ("image", "label")))
    message = refused(tmp_path / "list.csv")
    assert "'a/0.jpg'" in message
    assert str(tmp_path / "a" / "0.jpg") in message
    save_all(tmp_path / "photos", ["x9.png"])
    assert "x9.png" in refused(tmp_path / "list.csv")


def test_frame_with_paths(tmp_path):
    paths = save_all(tmp_path, [f"{i}.png" for i in range(8)])
    assert len(load(pd.DataFrame({"image": paths, "label": ["a", "b"] * 4}))) == 8


def test_folders_without_end_are_refused(tmp_path):
    inner = tmp_path
    for _ in range(250):
        inner /= "d"
    inner.mkdir(parents=True)
    assert "nested more than" in refused(tmp_path)


def test_lost_parts_are_loud(tmp_path):
    class_tree(tmp_path / "train", ("cat", "dog"))
    (tmp_path / "test" / "cat").mkdir(parents=True)
    found = codes(load(tmp_path))
    assert found["lost-part"].severity == "error"
    assert found["empty-class"].examples == ("test/cat",)


def test_one_column_for_each_class_beside_flat_pictures(tmp_path):
    for place, part in enumerate(("train", "valid", "test")):
        names = [f"{part}{i}.jpg" for i in range(9)]
        save_all(tmp_path / part, names, 100 * place)
        rows = [(name, *(int(i % 3 == k) for k in range(3))) for i, name in enumerate(names)]
        (tmp_path / part / "_classes.csv").write_text(table(rows, ("filename", "a", "b", "c")))
    assert "spread over 3 columns of 0 and 1" in refused(tmp_path)


@pytest.mark.parametrize("name", ["trainLabels.csv", "labels.csv", "Annotations.tsv"])
def test_table_beside_flat_parts(tmp_path, name):
    save_all(tmp_path / "train", [f"{i}.jpg" for i in range(10)])
    save_all(tmp_path / "test", [f"{100 + i}.jpg" for i in range(5)], 50)
    body = table(
        [(f"{i}.jpg", "ab"[i % 2]) for i in range(10)], ("id", "breed"), delimiter="\t" if "tsv" in name else ","
    )
    (tmp_path / name).write_text(body)
    data = load(tmp_path)
    assert len(data) == 10
    assert codes(data)["unlabelled-files"].count == 5


def test_files_without_endings_and_single_pictures(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(3):
            picture(i).save(tmp_path / name / f"{i}", "PNG")
    assert "ending, such as .jpg" in refused(tmp_path)
    assert "The file is an image" in refused(save_all(tmp_path, ["one.png"])[0])


def test_layouts_that_others_publish_are_refused_by_what_they_are(tmp_path):
    save_all(tmp_path / "images" / "train", [f"{i}.jpg" for i in range(6)])
    (tmp_path / "instances.json").write_text('{"images": [{"id": 1}], "annotations": [{"id": 2}]}')
    assert "2 lists of objects (images, annotations)" in refused(tmp_path)
    (tmp_path / "instances.json").unlink()
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0.txt").write_text("0 .5 .5 .1 .1")
    assert "no class folders" in refused(tmp_path)
