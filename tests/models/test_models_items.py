"""What predict takes in Python: one item or many, in the usual forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from headstart.core import DataError
from headstart.modalities.items import looks_like_path
from headstart.models import Card, FittedModel, build, resolve

IMAGE, TEXT = "image-classification", "text-classification"
NAMES = ("cat", "dog", "eel")


def model_of(name, task, **options):
    candidate = resolve(name, task)
    network = build(candidate, NAMES, weights="random", seed=0)
    card = Card(model_format="headstart", task=task, class_names=NAMES, candidate=candidate, arm="some@arm", **options)
    return FittedModel(network, card)


@pytest.fixture(scope="module")
def texts():
    return model_of("builtin:compact-text", TEXT)


@pytest.fixture(scope="module")
def images():
    return model_of("builtin:compact-image", IMAGE)


def test_one_text_is_one_item(texts, tmp_path):
    alone = texts.predict_proba("I am so angry")
    assert alone.shape == (1, 3)
    np.testing.assert_array_equal(texts.predict_proba(["I am so angry"]), alone)
    (tmp_path / "letter.txt").write_text("I am so angry")
    np.testing.assert_array_equal(texts.predict_proba(tmp_path / "letter.txt"), alone)
    assert texts.predict("I am so angry") == [NAMES[alone.argmax()]]


@pytest.mark.parametrize(
    "given",
    [
        ("one fish", "two fish"),
        np.asarray(["one fish", "two fish"]),
        np.asarray(["one fish", "two fish"], dtype=object),
        pd.Series(["one fish", "two fish"], index=[7, 3]),
        pd.DataFrame({"text": ["one fish", "two fish"], "label": ["cat", "dog"]}),
        pd.DataFrame({"only": ["one fish", "two fish"]}),
        (text for text in ["one fish", "two fish"]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_many_texts(texts, given):
    np.testing.assert_array_equal(texts.predict_proba(given), texts.predict_proba(["one fish", "two fish"]))


def test_a_data_set(texts, images, save_images):
    import datasets

    rows = datasets.Dataset.from_dict({"text": ["one fish", "two fish"], "label": [0, 1]})
    np.testing.assert_array_equal(texts.predict_proba(rows), texts.predict_proba(["one fish", "two fish"]))
    files = save_images(2)
    pictures = datasets.Dataset.from_dict({"image": [str(file) for file in files]}).cast_column(
        "image", datasets.Image()
    )
    np.testing.assert_array_equal(images.predict_proba(pictures), images.predict_proba(files))


def test_the_columns_that_it_learnt_from():
    model = model_of("builtin:compact-text", TEXT, columns=("subject", "body"))
    frame = pd.DataFrame({"body": ["b one", None], "text": ["x", "y"], "subject": ["a", "c"]})
    np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(["a\nb one", "c"]))
    with pytest.raises(DataError, match="no column 'subject', which the model learnt from"):
        model.predict(frame[["body", "text"]])


def test_pictures_in_every_form_are_read_alike(images, save_images):
    files = save_images(3)
    expected = images.predict_proba(files)
    opened = [Image.open(file) for file in files]
    arrays = np.stack([np.asarray(picture) for picture in opened])
    for given in (
        [str(file) for file in files],
        [file.read_bytes() for file in files],
        opened,
        arrays,
        list(arrays),
        arrays.astype(np.float32),
        arrays / 255,
        np.asarray([str(file) for file in files]),
        pd.DataFrame({"image": [str(file) for file in files], "other": 1}),
    ):
        np.testing.assert_array_equal(images.predict_proba(given), expected)
    for one in (files[0], str(files[0]), opened[0], arrays[0], files[0].read_bytes()):
        np.testing.assert_array_equal(images.predict_proba(one), expected[:1])


@pytest.mark.parametrize("mode", ["L", "I;16", "RGBA", "P", "1", "CMYK", "LA", "F"])
def test_a_picture_in_memory_is_read_as_its_file(images, tmp_path, mode):
    base = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(base.convert("L")).astype(np.uint16) * 257)
    else:
        picture = base.convert("L").convert(mode) if mode == "F" else base.convert(mode)
    file = tmp_path / ("picture.tif" if mode in ("CMYK", "F") else "picture.png")
    picture.save(file)
    np.testing.assert_array_equal(images.predict_proba(picture), images.predict_proba(file))


def test_a_turned_picture_is_turned_back(images, tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.png", exif=exif)
    opened = Image.open(tmp_path / "turned.png")
    np.testing.assert_array_equal(images.predict_proba(opened), images.predict_proba(tmp_path / "turned.png"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "nothing to predict"),
        (3, "a int cannot be predicted"),
        ({"text": "a"}, "a dict cannot be predicted"),
        ([{"text": "a"}], "a dict is no text.*input 1"),
        ("new_tweets.csv", "name of a file, not a text.*pandas.read_csv"),
        (pd.DataFrame({"a": ["x y"], "b": ["z w"]}), "several columns"),
    ],
)
def test_texts_that_are_none(texts, given, words):
    with pytest.raises(DataError, match=words):
        texts.predict(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((2, 3, 4, 5, 6)), "is no picture"),
        (np.zeros((3, 8, 8, 5)), "is no picture"),
        (np.full((8, 8, 3), 300), "outside 0 to 255"),
        (np.full((8, 8, 3), np.nan), "outside 0 to 255"),
        (np.zeros((0, 8, 3)), "is no picture"),
        ("nowhere.png", "no such file.*nowhere.png"),
        ([7], "a int is no picture"),
        (b"no picture", "cannot be read.*input 1"),
    ],
)
def test_pictures_that_are_none(images, given, words):
    with pytest.raises(DataError, match=words):
        images.predict(given)


def test_score_and_names(texts):
    found = texts.predict(["one fish", "two fish", "three"])
    assert texts.score(["one fish", "two fish", "three"], found) == 1
    wrong = [next(name for name in NAMES if name != found[0]), *found[1:]]
    assert texts.score(np.asarray(["one fish", "two fish", "three"]), np.asarray(wrong)) == pytest.approx(2 / 3)
    assert texts.score("one fish", found[0]) == 1
    assert list(texts.classes_) == list(NAMES)
    with pytest.raises(DataError, match="'cow' is no class of this model"):
        texts.score(["a"], ["cow"])
    with pytest.raises(DataError, match="1 items and 2 labels"):
        texts.score(["a"], ["cat", "dog"])


def test_it_can_be_read_on_a_screen(texts):
    assert repr(texts) == "FittedModel('some@arm', text-classification, 3 classes: cat, dog, eel)"


@pytest.mark.parametrize(
    "word", ["new.csv", "a/b", "./x", "C:\\data\\x", "no such.csv", "pictures/*.JPG", "https://a.b/c"]
)
def test_what_is_written_like_a_path(word):
    assert looks_like_path(word)


@pytest.mark.parametrize(
    "word", ["I am angry", "hello", "this and/or that", "it costs 3.50", "U.S.A.", "", "a\nb.csv", "x" * 5000]
)
def test_what_is_written_like_a_text(word):
    assert not looks_like_path(word)
