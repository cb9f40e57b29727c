"""Columns taken for what they are, and labels in common forms (kinds D and H)."""

import json

import numpy as np
import pandas as pd
import pytest
from awkward_inputs import picture, remarks, save_all, table

from headstart.core import DataError, SettingsError
from headstart.data import check, load

ROWS = remarks(60)
TEXTS = [text for text, _ in ROWS]
LABELS = [label for _, label in ROWS]


def codes(data):
    return {finding.code: finding for finding in check(data)}


def parts(data):
    return int((~data.is_test).sum()), int(data.is_test.sum())


def refused(source, **options):
    with pytest.raises(DataError) as caught:
        load(source, **options)
    assert caught.value.hint
    return str(caught.value)


def frame(**columns):
    return pd.DataFrame({"text": TEXTS, "label": LABELS} | columns)


# --- D: columns of numbers are no texts ---


def grey(seed, side=20):
    return np.asarray(picture(seed, side, "L")).ravel().tolist()


@pytest.mark.parametrize(
    "write",
    [
        lambda values: " ".join(map(str, values)),
        lambda values: ",".join(map(str, values)),
        lambda values: "[" + ", ".join(map(str, values)) + "]",
        lambda values: " ".join(f"{value / 255:.3f}" for value in values),
        lambda values: values,
        lambda values: np.reshape(values, (20, 20)).tolist(),
    ],
    ids=["spaces", "commas", "brackets", "decimals", "list", "nested"],
)
def test_pictures_as_numbers_are_recognised(write):
    rows = pd.DataFrame({"emotion": [i % 3 for i in range(30)], "pixels": [write(grey(i)) for i in range(30)]})
    message = refused(rows, label_column="emotion")
    assert "'pixels' holds 400 numbers a cell" in message
    assert "20 x 20 pixels" in message


def test_table_of_pixels_is_recognised():
    rows = pd.DataFrame(np.random.default_rng(0).integers(0, 255, (40, 64)), columns=[f"pixel{i}" for i in range(64)])
    message = refused(rows.assign(label=[i % 4 for i in range(40)]))
    assert "64 columns of numbers (pixel0, pixel1, ... pixel63)" in message


def test_numbers_that_the_user_calls_texts_are_a_warning():
    rows = pd.DataFrame(
        {"codes": [" ".join(str(i + k) for k in range(12)) for i in range(20)], "label": ["a", "b"] * 10}
    )
    assert codes(load(rows, text_column="codes"))["numbers-as-text"].count == 12


# --- D: parts in every spelling ---


@pytest.mark.parametrize(
    ("column", "train", "validation", "test"),
    [
        ("split", "train", "val", "test"),
        ("Usage", "Training", "PublicTest", "PrivateTest"),
        ("Split ", "TRAIN", "DEV", "TEST"),
        ("subset", "fold_train", "fold_val", "fold_test"),
        ("data_split", "tr", "va", "te"),
        ("partition", "train set", "validation set", "test set"),
        ("whatever", "training", "validation", "testing"),
        ("phase", "train-2020", "dev-2020", "test-2020"),
        ("split", 0, 1, 2),
    ],
)
def test_words_for_parts_in_a_column(column, train, validation, test):
    data = load(frame(**{column: [train] * 40 + [validation] * 8 + [test] * 12}))
    assert parts(data) == (48, 12)
    assert data.accounting.columns[column] == "part"


@pytest.mark.parametrize(
    ("column", "of_train", "of_test"),
    [("is_test", 0, 1), ("is_train", True, False), ("test", "no", "yes"), ("in_test", False, True)],
)
def test_flags_for_a_part(column, of_train, of_test):
    assert parts(load(frame(**{column: [of_train] * 44 + [of_test] * 16}))) == (44, 16)


@pytest.mark.parametrize("odd", ["extra", "unlabeled", None, "", float("nan")])
def test_rows_without_a_part_are_named(odd):
    data = load(frame(split=["train"] * 40 + ["test"] * 15 + [odd] * 5))
    assert parts(data) == (40, 15)
    assert codes(data)["no-part"].count == 5
    assert data.accounting.rows.named == {"no part": 5}


@pytest.mark.parametrize("values", [[0, 1], ["a", "b", "c"], list(range(5))])
def test_column_that_only_has_the_name(values):
    data = load(frame(split=(values * 60)[:60]), label_column="label")
    assert not data.has_test
    assert "not used" in codes(data)["unclear-parts"].message
    assert "split" in data.accounting.unused_columns


# --- D: several texts ---


def test_texts_are_joined_in_the_stated_order():
    rows = frame(title=[f"title {i} x" for i in range(60)])
    data = load(rows, text_column=["title", "text"])
    assert data.content.texts[0] == f"title 0 x\n{TEXTS[0]}"
    assert "'title', 'text' joined in this order" in data.found[0]
    assert load(rows, text_column=["text", "title"]).fingerprint != data.fingerprint
    assert load(rows, text_column=["text"]).fingerprint == load(rows).fingerprint


def test_missing_piece_of_a_joined_text():
    rows = frame(title=[None if i < 5 else f"title {i} x" for i in range(60)])
    assert load(rows, text_column=["title", "text"]).content.texts[0] == TEXTS[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [("premise", "hypothesis"), ("sentence1", "sentence2"), ("question", "answer"), ("text_a", "text_b")],
)
def test_pairs_are_found(first, second):
    rows = pd.DataFrame({second: TEXTS, first: TEXTS[::-1], "label": LABELS})
    data = load(rows)
    assert data.content.texts[0] == f"{TEXTS[-1]}\n{TEXTS[0]}"


def test_two_texts_are_a_question_with_both_ways_out():
    rows = pd.DataFrame({"claim": TEXTS, "proof": TEXTS[::-1], "label": LABELS})
    message = refused(rows)
    assert "--text-column claim --text-column proof" in message


def test_columns_are_used_or_listed_once():
    data = load(frame(id=range(60), author=["x"] * 60, split=["train"] * 40 + ["test"] * 20))
    assert data.accounting.columns == {"text": "text", "label": "label", "split": "part"}
    assert data.accounting.unused_columns == ("id", "author")
    assert "columns not used: id, author" in data.accounting.sentence()


@pytest.mark.parametrize("name", ["Label", "LABEL", "class name", "Class-Name", "target "])
def test_label_names_in_other_spellings(name):
    rows = pd.DataFrame({"text": TEXTS, name: LABELS, "shop": ["x", "y", "z"] * 20})
    assert load(rows).class_names == ("bad", "good")


def test_wrong_keyword_is_one_line():
    with pytest.raises(SettingsError, match="Did you mean 'label_column'"):
        load(frame(), lable_column="label")
    with pytest.raises(SettingsError, match="Did you mean 'deepest'"):
        load(".", layout="deepst")
    with pytest.raises(SettingsError, match="--layout is for folders"):
        load(frame(), layout="table")


# --- H: labels in common forms ---


@pytest.mark.parametrize(
    "wrap",
    [
        lambda label: [label],
        lambda label: (label,),
        lambda label: {label},
        lambda label: np.array([label]),
        lambda label: f"['{label}']",
        lambda label: f'["{label}"]',
        lambda label: [[label]],
    ],
)
def test_list_of_one_label_is_unwrapped(wrap):
    data = load(pd.DataFrame({"text": TEXTS, "label": [wrap(label) for label in LABELS]}))
    assert data.class_names == ("bad", "good")
    assert data.fingerprint == load(frame()).fingerprint


def test_empty_list_is_a_missing_label():
    labels = [[] if i < 6 else [label] for i, label in enumerate(LABELS)]
    data = load(pd.DataFrame({"text": TEXTS, "label": labels}))
    assert data.accounting.rows.named == {"no label": 6}


def test_annotation_tool(tmp_path):
    rows = [{"id": i, "text": text, "label": [label], "Comments": []} for i, (text, label) in enumerate(ROWS)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load(tmp_path / "all.jsonl").class_names == ("bad", "good")


@pytest.mark.parametrize(
    "labels",
    [
        [["a", "b"] if i % 5 == 0 else ["a"] for i in range(60)],
        ["['a', 'b']" if i % 5 == 0 else "['c']" for i in range(60)],
        [("a|b", "a", "b", "b|c", "c")[i % 5] for i in range(60)],
        [("a, b", "a", "b", "b, c", "c")[i % 5] for i in range(60)],
        [("x;y;z", "x", "y;z", "z", "x;z")[i % 5] for i in range(60)],
    ],
)
def test_several_labels_a_row_are_refused_as_such(labels):
    message = refused(pd.DataFrame({"text": TEXTS, "label": labels}))
    assert "several labels" in message
    assert "not supported yet" in message


@pytest.mark.parametrize(
    "names",
    [
        ("Sci/Tech", "World", "Sports"),
        ("salt, pepper", "sugar", "oil"),
        ("Abies, young", "Abies, old", "Pinus, old"),
        ("R&D", "ops"),
    ],
)
def test_marks_in_class_names_are_no_lists(names):
    labels = [names[i % len(names)] for i in range(60)]
    assert set(load(pd.DataFrame({"text": TEXTS, "label": labels})).class_names) == set(names)


def test_one_column_for_each_class():
    apart = {name: [float(i % 4 == k) for i in range(60)] for k, name in enumerate(("MEL", "NV", "BCC", "AK"))}
    message = refused(pd.DataFrame({"text": TEXTS} | apart))
    assert "spread over 4 columns of 0 and 1" in message
    assert "idxmax" in message


def test_several_flags_a_row():
    rng = np.random.default_rng(0)
    flags = {name: rng.integers(0, 2, 60) for name in ("toxic", "obscene", "threat", "insult")}
    rows = pd.DataFrame({"text": TEXTS} | flags)
    assert "several labels a row" in refused(rows)
    assert load(rows, label_column="toxic").class_names == ("0", "1")


@pytest.mark.parametrize("values", [np.linspace(0, 1, 60), np.random.default_rng(0).normal(50, 20, 60).round(3)])
def test_measurements_are_refused_with_their_range(values):
    message = refused(pd.DataFrame({"text": TEXTS, "target": values}))
    assert "regression is not supported" in message
    assert "from" in message


def test_objects_as_labels():
    assert "Labels are objects (such as" in refused(pd.DataFrame({"text": TEXTS, "label": [{"name": "a"}] * 60}))


def test_hints_name_columns_that_exist():
    rows = pd.DataFrame({"text": TEXTS, "label": [f"u{i}" for i in range(60)], "mood": LABELS})
    assert "--label-column mood" in refused(rows)
    assert "--label-column" not in refused(pd.DataFrame({"text": TEXTS, "label": [["a", "b"]] * 60}))


def test_two_numbers_columns_and_images(tmp_path):
    save_all(tmp_path, [f"p/{i}.png" for i in range(20)])
    (tmp_path / "faces.csv").write_text(table([(f"{i}.png", i, i % 2) for i in range(20)], ("file", "size", "label")))
    assert load(tmp_path / "faces.csv").task == "image-classification"


def test_files_written_out_as_text_are_named():
    import base64

    encoded = [base64.b64encode(np.random.default_rng(i).bytes(200)).decode() for i in range(20)]
    assert "files in base64" in refused(pd.DataFrame({"image": encoded, "label": ["a", "b"] * 10}))
    shown = [str(np.random.default_rng(i).bytes(20)) for i in range(20)]
    assert "as Python shows them" in refused(pd.DataFrame({"image": shown, "label": ["a", "b"] * 10}))
    urls = [f"data:image/png;base64,{base64.b64encode(png(i)).decode()}" for i in range(8)]
    assert len(load(pd.DataFrame({"image": urls, "label": ["a", "b"] * 4}))) == 8


def png(seed):
    import io

    stream = io.BytesIO()
    picture(seed).save(stream, "PNG")
    return stream.getvalue()


def test_many_numbers_as_labels_are_a_warning():
    rows = remarks(200)
    scores = pd.DataFrame({"text": [text for text, _ in rows], "label": [i % 30 * 3 for i in range(200)]})
    assert "30 whole numbers from 0 to 87" in codes(load(scores))["numeric-labels"].message
    classes = scores.assign(label=[i % 30 for i in range(200)])
    assert "numeric-labels" not in codes(load(classes))


def test_file_names_with_words_for_parts_are_no_parts(tmp_path):
    names = [f"{part}{i}.png" for part in ("train", "test") for i in range(6)]
    save_all(tmp_path, names)
    (tmp_path / "list.csv").write_text(table([(name, i % 2) for i, name in enumerate(names)], ("file", "label")))
    assert not load(tmp_path / "list.csv").has_test


def test_names_that_look_like_commands_survive():
    names = ["[/b]", "<script>alert(1)</script>", "50% off %s {x}", "a/b\\c", "x" * 300, "tab\there", "שלום", "[red]"]
    data = load(pd.DataFrame({"text": TEXTS[:56], "label": [names[i % 8] for i in range(56)]}))
    assert set(data.class_names) == set(names)


def test_a_thousand_classes_and_two_odd_ones(tmp_path):
    rows = [(f"Ticket about part {c} no. {k}", f"P{c:04d}") for c in range(1000) for k in range(2)]
    (tmp_path / "train.csv").write_text(table([*rows, ("lonely", "only_one")], ("text", "label")))
    test = [(f"Where is part {c}", f"P{c:04d}") for c in range(0, 1000, 4)]
    (tmp_path / "test.csv").write_text(table([*test, ("new", "never_seen")], ("text", "label")))
    data = load(tmp_path)
    assert len(data.class_names) == 1000
    assert "never_seen, only_one" in codes(data)["tiny-class"].message
    assert data.accounting.rows.named == {"class too small": 2}


def test_frame_with_another_index_in_a_thread():
    from threading import Thread

    rows = frame().astype({"label": "category"})
    rows.index += 5
    read = []
    thread = Thread(target=lambda: read.append(load(rows)))
    thread.start()
    thread.join()
    assert read[0].content.texts == TEXTS
