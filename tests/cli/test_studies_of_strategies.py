"""Whole studies that compare strategies by name."""

import pytest

import headstart as hs

pytestmark = pytest.mark.slow


@pytest.fixture
def digits(digit_folders):
    return digit_folders


def test_adapters_and_hybrids_in_one_study(headstart, digits):
    words = [word for name in ("knn", "lora", "hybrid", "from_scratch") for word in ("--strategy", name)]
    done = headstart("study", digits, "--budget", "60s", "--out", "study", "--json", "--quiet", *words)
    assert done.code == 0, done.err
    told = done.document
    strategies = {arm["strategy"] for arm in told["arms"]}
    assert strategies == {"knn", "lora", "hybrid", "from_scratch"}
    study = hs.Study.open("study")
    assert study.model().predict(sorted(digits.rglob("*.png"))[:2])


def test_the_winner_may_be_an_ensemble(headstart, digits):
    done = headstart(
        "study",
        digits,
        "--budget",
        "180s",
        "--out",
        "study",
        "--json",
        "--quiet",
        "--strategy",
        "ensemble:full_finetune",
    )
    assert done.code == 0, done.err
    assert done.document["model_format"] == "ensemble"
    assert "at three rates, averaged" in done.document["sentence"]
    files = sorted(digits.rglob("*.png"))[:3]
    assert headstart("predict", "study", *files).code == 0
    assert headstart("report", "study").code == 0


def test_the_winner_may_be_adapters(headstart, digits):
    done = headstart("study", digits, "--budget", "40s", "--out", "study", "--json", "--quiet", "--strategy", "lora")
    assert done.code == 0, done.err
    assert done.document["model_format"] == "peft"
    assert "LoRA on builtin:image" in done.document["sentence"]
    files = sorted(digits.rglob("*.png"))[:3]
    assert hs.load("study").predict_proba(files).shape[0] == 3
    assert headstart("predict", "study", *files).code == 0
