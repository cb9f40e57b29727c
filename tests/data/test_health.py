import numpy as np
import pytest
from PIL import Image

from headstart.data import Finding, check, load


def by_code(data) -> dict[str, Finding]:
    return {finding.code: finding for finding in check(data)}


def test_healthy_data_has_no_findings(make_texts):
    assert check(make_texts([0, 1] * 30)) == ()


def test_copies(make_texts):
    texts = [f"text number {i}" for i in range(40)]
    texts[5] = texts[6] = texts[4]
    texts[8] = "TEXT number: 7"
    findings = by_code(make_texts([0, 0, 0, 0, 0, 0, 0, 0, 0, 0] * 2 + [1] * 20, texts=texts))
    assert findings["duplicate"].count == 2
    assert findings["duplicate"].examples == ("row:5", "row:6")
    assert findings["near-duplicate"].count == 1
    assert "contradiction" not in findings


def test_leaks(make_texts):
    texts = [f"text number {i}" for i in range(40)]
    texts[30], texts[31], texts[32] = texts[0], texts[1], "Text number 2!"
    data = make_texts([0, 1] * 20, texts=texts, parts=["train"] * 30 + ["test"] * 10)
    findings = by_code(data)
    leak = findings["leak"]
    assert (leak.count, leak.value, leak.severity) == (2, 0.2, "error")
    assert leak.message == (
        "2 test texts have an exact twin among the examples to learn from (20.0% of the test part), "
        "always with the same label"
    )
    assert findings["near-leak"].examples == ("row:32",)
    assert "duplicate" not in findings


def test_groups_on_both_sides(make_texts):
    data = make_texts([0, 1] * 10, groups=[i % 4 for i in range(20)], parts=["train"] * 15 + ["test"] * 5)
    assert by_code(data)["group-leak"].count == 5


def test_contradiction(make_texts):
    texts = [f"text number {i}" for i in range(20)]
    texts[1] = texts[0]
    finding = by_code(make_texts([0, 1] * 10, texts=texts))["contradiction"]
    assert finding.count == 2
    assert "1 content has different labels" in finding.message


def test_imbalance_and_small_classes(make_texts):
    data = make_texts([0] * 40 + [1] * 10 + [2] * 5)
    findings = by_code(data)
    assert findings["imbalance"].value == data.imbalance == 8.0
    assert "macro-F1" in findings["imbalance"].message
    assert "'c2' 5" in findings["few-examples"].message


def test_similar_and_untested_classes():
    import pandas as pd

    frame = pd.DataFrame({"text": [f"t {i}" for i in range(40)], "label": ["Spam", "spam"] * 20})
    frame["split"] = ["test" if i % 4 == 0 else "train" for i in range(40)]
    findings = by_code(load(frame))
    assert "'Spam' and 'spam'" in findings["similar-classes"].message
    assert "'spam'" in findings["untested-class"].message


def test_findings_of_loading_come_first():
    import pandas as pd

    frame = pd.DataFrame({"text": [f"t {i}" for i in range(41)], "label": ["a"] * 35 + ["b"] * 5 + [None]})
    assert [finding.code for finding in check(load(frame))][:2] == ["missing-label", "imbalance"]


def test_text_length_shortcut(make_texts):
    texts = [f"{i} " + "word " * (3 + 30 * (i % 2) + i % 7) for i in range(200)]
    finding = by_code(make_texts([i % 2 for i in range(200)], texts=texts))["shortcut"]
    assert "length in" in finding.message
    assert "chance 50%" in finding.message
    assert finding.value > 0.95


@pytest.mark.parametrize("kind", ["shape", "format", "brightness", None])
def test_image_shortcuts(tmp_path, kind):
    rng = np.random.default_rng(0)
    for i in range(60):
        c = i % 2
        width, height = (40, 20) if kind == "shape" and c else (24, 24)
        top = 120 if kind == "brightness" and c else 256
        pixels = rng.integers(0, top, (height, width, 3), dtype=np.uint8)
        path = tmp_path / "x" / f"class{c}" / f"{i}.{'bmp' if kind == 'format' and c else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    shortcuts = [finding for finding in check(load(tmp_path / "x")) if finding.code == "shortcut"]
    names = {"shape": "aspect", "format": "file format", "brightness": "mean brightness"}
    if kind is None:
        assert not shortcuts
    else:
        assert len(shortcuts) == 1
        assert names[kind] in shortcuts[0].message
        assert shortcuts[0].value == pytest.approx(1.0, abs=0.05)
