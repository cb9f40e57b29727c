from __future__ import annotations

import subprocess
import sys

import pytest
from variants import ALL, HOSTILE

from headstart.report import lookup, wording
from headstart.report.summary import Summary


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.4 s"),
        (48.4, "48 s"),
        (192, "3.2 min"),
        (720, "12 min"),
        (3599, "1 h"),
        (3900, "1 h 05 min"),
        (None, "–"),
    ],
)
def test_duration(seconds, text):
    assert wording.duration(seconds) == text


def test_scores():
    assert wording.score(0.9144) == "91.4"
    assert wording.score(0.9144, "macro-F1") == "91.4"
    assert wording.score(0.9144, "log loss") == "0.914"
    assert wording.score(float("nan")) == wording.score(None) == "–"
    assert wording.score_with_interval(0.914, 0.903, 0.925) == "91.4 ± 1.1"
    assert wording.score_with_interval(0.914, 0.80, 0.92) == "91.4 [80.0, 92.0]"
    assert wording.score_with_interval(0.914, None, 0.92) == "91.4"
    assert [wording.signed(x) for x in (0.112, -0.112, 0.0, -0.0001)] == ["+11.2", "−11.2", "0.0", "0.0"]


def test_counts_and_certainty():
    assert wording.count(1240) == "1,240"
    assert wording.count(3411.7) == "3,410"
    assert wording.confidence(0.9999) == "> 0.99"
    assert wording.amount(11_200_000) == "11.2 M"
    assert [wording.clock(s) for s in (5, 723, 3723)] == ["0:05", "12:03", "1:02:03"]


@pytest.mark.parametrize("words", HOSTILE)
def test_clean_leaves_one_printable_line(words):
    out = wording.clean(words, 60)
    assert len(out) <= 60
    assert out.isprintable() or "\u200d" in out  # joiners inside emoji are kept
    out.encode("utf-8")


def test_difference_is_read_from_the_chosen_side(summary):
    row = summary.recommendation.differences[0]
    answer = summary.recommendation.model_copy(update={"differences": (lookup.mirrored(row),)})
    turned = summary.model_copy(update={"recommendation": answer})
    assert lookup.main_difference(turned).difference == pytest.approx(row.difference)
    assert lookup.difference_sentence(turned)[0] == "Beats"
    assert lookup.difference_sentence(ALL["tie"]())[0] == "Ties with"
    assert lookup.difference_sentence(ALL["undetermined"]())[0] == "So far"


def test_short_names_stay_distinct(document):
    for arm in document["recommendation"]["arms"]:
        arm["candidate"] = "x" * 60
    names = lookup.short_names(Summary.model_validate(document))
    assert len(set(names.values())) == len(names)


def test_import_is_light():
    libraries = "('altair', 'vl_convert', 'jinja2', 'rich', 'torch', 'pandas')"
    code = f"import sys, headstart.report; print([name for name in {libraries} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
