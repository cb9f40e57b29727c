import pandas as pd
import pytest

from headstart.core import DataError
from headstart.data import load

TEXTS = [f"some words {i}" for i in range(12)]


def message(**columns) -> str:
    with pytest.raises(DataError) as caught:
        load(pd.DataFrame(columns))
    return str(caught.value)


def test_two_labels():
    text = message(text=TEXTS, label=["a", "b"] * 6, category=["x", "y", "z"] * 4)
    assert "2 columns could be the label: 'label' and 'category'" in text
    assert "--label-column label" in text
    text = message(text=TEXTS, mood=["a", "b"] * 6, topic=["x", "y", "z"] * 4)
    assert "'mood' and 'topic'" in text


def test_no_label():
    text = message(text=TEXTS, number=range(12))
    assert "No column looks like labels (columns: text, number)" in text
    assert "--label-column X" in text


def test_two_texts():
    text = message(premise=TEXTS, claim=[f"more of it {i}" for i in range(12)], label=["a", "b"] * 6)
    assert "2 columns could be the text: 'premise' and 'claim'" in text
    assert "--text-column premise" in text


def test_no_text():
    assert "--text-column X or --image-column X" in message(size=range(12), label=["a", "b"] * 6)


def test_lists_are_no_labels():
    assert "12 of 12 rows have several labels" in message(text=TEXTS, label=[["a", "b"]] * 12)


def test_label_by_values():
    data = load(pd.DataFrame({"id": range(12), "wording": TEXTS, "mood": ["a", "b"] * 6}))
    assert data.content.texts == TEXTS
    assert any("'mood' has few distinct values" in sentence for sentence in data.found)


def test_text_is_preferred_to_title():
    data = load(pd.DataFrame({"title": ["a b"] * 12, "text": TEXTS, "label": ["a", "b"] * 6}))
    assert data.content.texts == TEXTS


def test_chosen_columns_win():
    frame = pd.DataFrame({"text": TEXTS, "other": TEXTS[::-1], "label": ["a", "b"] * 6})
    frame["category"] = ["x", "y", "z"] * 4
    data = load(frame, text_column="other", label_column="category")
    assert data.content.texts == TEXTS[::-1]
    assert data.class_names == ("x", "y", "z")


def test_missing_values_of_pandas():
    labels = pd.array([1, 0, None] * 4, dtype="Int64")
    data = load(pd.DataFrame({"text": TEXTS, "label": labels}))
    assert len(data) == 8
    assert data.class_names == ("0", "1")
    assert data.findings[0].code == "missing-label"
