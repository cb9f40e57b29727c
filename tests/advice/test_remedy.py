"""The one step that would decide an open study, on replayed tables."""

from __future__ import annotations

import re

import numpy as np
import pytest

from headstart.advice.decide import decide
from headstart.advice.remedy import remedy_for
from headstart.core import Arm, Recipe
from headstart.studies import deciding
from headstart.studies.planners import ContendersPlanner
from headstart.testing import RecordedArm, RecordedTable, replay

SIZES = np.asarray([4000.0, 8000.0, 16000.0, 32000.0])
RATES = tuple(Recipe(learning_rate=rate, steps=100) for rate in (1e-3, 3e-3, 3e-4))


def close_sides(gap: float, tested: int) -> RecordedTable:
    """Fine-tuning and from scratch, so far apart, each run three seconds at the smallest size."""
    arms = []
    for strategy, paradigm, level in (("full_finetune", "transfer", 0.80), ("from_scratch", "scratch", 0.80 - gap)):
        values = np.tile(level + 0.02 * np.log2(SIZES / SIZES[0]), (3, 1))
        values += 0.004 * np.asarray([-1.0, 0.0, 1.0])[:, None]
        arm = Arm(candidate=strategy, strategy=strategy, paradigm=paradigm)
        arms.append(RecordedArm(arm, SIZES, values, 3 * SIZES / SIZES[0], recipes=RATES))
    return RecordedTable(tuple(arms), pool=32000, tested=tested)


def open_study(budget: float, gap: float = 0.05, tested: int = 1500):
    played = replay(close_sides(gap, tested), ContendersPlanner(), budget, margin=None)
    verdict = decide(played.state.evidence, 0, 32000)
    assert verdict is not None
    return played.state, verdict


def test_time_for_tuning_is_named_where_untuned_recipes_keep_it_open(monkeypatch):
    monkeypatch.setattr(deciding, "LIKELY", 0.7)
    state, verdict = open_study(16.0, gap=0.034, tested=6000)
    assert verdict.kind == "undetermined"
    words = remedy_for(state, verdict)
    found = re.fullmatch(
        r"Allow about .+ more \(--budget (\d+)s\): tuning(?: and \d+ runs?)? of the two options .+", words or ""
    )
    assert found, words
    needed = 2 * 2.35 * 0.8 * 3.0 + 2 * 3.0  # of three recipes of each two to the end, four fifths of a run; and a run
    assert int(found[1]) >= 16 + needed


def test_a_decided_study_needs_none():
    state, verdict = open_study(300.0, gap=0.2)
    assert verdict.kind == "transfer"
    assert remedy_for(state, verdict) is None


def test_nothing_is_promised_where_nothing_is_likely_to_decide():
    state, verdict = open_study(300.0, gap=0.012, tested=60)
    assert verdict.kind == "undetermined"
    assert "Nothing within reach" in (remedy_for(state, verdict) or "") or "Label about" in remedy_for(state, verdict)


def test_a_study_of_few_labels_is_told_what_both_options_take_with_many():
    """From 250 of 32,000 labels nobody knows what would decide; the reader is told the price of finding out."""
    sizes = np.asarray([250.0, 1000.0, 4000.0, 16000.0, 32000.0])
    arms = []
    for strategy, paradigm, level in (("full_finetune", "transfer", 0.60), ("from_scratch", "scratch", 0.59)):
        values = np.tile(level + 0.03 * np.log2(sizes / sizes[0]), (3, 1))
        arm = Arm(candidate=strategy, strategy=strategy, paradigm=paradigm)
        arms.append(RecordedArm(arm, sizes, values, 3 * sizes / sizes[0], recipes=RATES))
    played = replay(RecordedTable(tuple(arms), pool=32000, tested=300), ContendersPlanner(), 10.0, margin=None)
    verdict = decide(played.state.evidence, 0, 32000)
    assert verdict is not None
    assert verdict.kind == "undetermined"
    assert verdict.n < 1000
    words = remedy_for(played.state, verdict) or ""
    found = re.fullmatch(
        rf"{verdict.n:,} labels say little about 32,000: both options with 8,000 take about (\d+) min more "
        r"\(--budget (\d+)s\)\. Whether that decides it, nobody can say from here\.",
        words,
    )
    assert found, words
    assert 2 * 3 * 32 <= int(found[2]) - 10 <= 2 * 2 * 3 * 32


@pytest.mark.parametrize("budget", [10.0, 16.0, 60.0])
def test_one_step_is_named_at_most(budget):
    state, verdict = open_study(budget)
    words = remedy_for(state, verdict) or ""
    assert words.count("Allow about") + words.count("Label about") + words.count("Nothing") <= 1
