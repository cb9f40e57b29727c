import csv

import numpy as np
import pytest

from headstart.evidence import JointDraws, Run, joint_draws
from headstart.evidence.negative_transfer import by_class, harm_by_slice, overall_harm, way_out

CLASSES = 4


def runs_of(shares, repeats=3, size=400, seed=0, groups=None):
    """Runs whose share right in class c is ``shares[c]``; the same examples in every repeat."""
    rng = np.random.default_rng(seed)
    index = np.arange(size)
    labels = index % CLASSES
    runs = []
    for repeat in range(repeats):
        right = rng.random(size) < np.asarray(shares)[labels]
        guess = np.where(right, labels, (labels + 1) % CLASSES)
        runs.append(Run(repeat, 0, index, index if groups is None else groups, labels, guess))
    return runs


LABELS = np.arange(400) % CLASSES
SLICES = by_class(LABELS, ["a", "b", "c", "d"])


def test_harm_overall_is_flagged_beyond_the_margin_only():
    runs = {"s": runs_of([0.9] * 4), "bad": runs_of([0.7] * 4, seed=1), "good": runs_of([0.95] * 4, seed=2)}
    draws = joint_draws(runs, "accuracy", CLASSES, 0.005, 0)
    bad, good = overall_harm(draws, ["bad", "good"], ["s"])
    assert (bad.harmful, good.harmful) == (True, False)
    assert bad.p_worse > 0.99 > 0.1 > good.p_worse
    assert not overall_harm(draws, ["bad"], ["s"], margin=0.3)[0].harmful
    assert way_out([bad, good]) == "other-candidate"
    assert way_out([bad]) == "scratch"
    assert way_out([good]) is None
    with pytest.raises(ValueError, match="both sides"):
        overall_harm(draws, [], ["s"])


def test_one_harmed_class_is_found():
    found = harm_by_slice(runs_of([0.9, 0.9, 0.5, 0.9], seed=1), runs_of([0.9] * 4), SLICES)
    assert [one.harmed for one in found] == [False, False, True, False]
    assert found[2].difference == pytest.approx(-0.4, abs=0.1)
    assert found[2].low < found[2].difference < found[2].high < 0
    assert [one.examples for one in found] == [100] * 4
    assert way_out([], found) == "fewer-layers"


def test_no_class_is_harmed_by_chance_too_often():
    alarms = 0
    for seed in range(100):
        found = harm_by_slice(runs_of([0.8] * 4, seed=2 * seed), runs_of([0.8] * 4, seed=2 * seed + 1), SLICES)
        alarms += any(one.harmed for one in found)
    assert alarms <= 5 + 2 * np.sqrt(4.75)


def test_groups_count_as_one():
    groups = np.arange(400) // 40
    fine = harm_by_slice(runs_of([0.8] * 4, seed=1), runs_of([0.9] * 4), SLICES)[0]
    rng = np.random.default_rng(0)
    blocks = {name: np.repeat(rng.random(10) < share, 40) for name, share in (("t", 0.6), ("s", 0.9))}
    index = np.arange(400)
    coarse = [
        [Run(0, 0, index, groups, LABELS, np.where(right, LABELS, (LABELS + 1) % CLASSES))] for right in blocks.values()
    ]
    wide = harm_by_slice(*coarse, SLICES)[0]
    assert wide.high - wide.low > 2 * (fine.high - fine.low)


def test_small_classes_say_nothing():
    slices = {"few": np.arange(400) < 3, "all": np.ones(400, bool)}
    few, everything = harm_by_slice(runs_of([0.5] * 4, seed=1), runs_of([0.95] * 4), slices)
    assert np.isnan(few.difference)
    assert (few.harmed, everything.harmed) == (False, True)


def test_runs_must_be_paired():
    lonely = [Run(9, 0, run.examples, run.groups, run.labels, run.predictions) for run in runs_of([0.9] * 4)]
    with pytest.raises(ValueError, match="both arms"):
        harm_by_slice(lonely, runs_of([0.9] * 4), SLICES)


@pytest.mark.real
def test_vtab(shared):
    """Supervised ImageNet pretraining against from scratch on 19 tasks (Zhai et al. 2019, arXiv 1910.04867).

    One figure a task is published, so the rules see a difference without an error.
    """
    from headstart.evidence.significance import tie_test

    text = (shared / "published" / "vtab2019_results.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    gaps, wins, harmed = {}, {}, {}
    for size in ("1000", "full"):
        top = {
            (row["method"], row["task"]): float(row["top1_percent"]) / 100
            for row in rows
            if row["train_examples"] == size
        }
        tasks = sorted({task for _, task in top})
        gaps[size] = {task: top["Sup-100%", task] - top["From-Scratch", task] for task in tasks}
        pairs = [np.asarray([top["Sup-100%", task], top["From-Scratch", task]]) for task in tasks]
        draws = [JointDraws(("t", "s"), pair, np.tile(pair, (50, 1)), (1, 1)) for pair in pairs]
        wins[size] = sum(overall_harm(one, ["s"], ["t"])[0].harmful for one in draws)
        harmed[size] = [t for t, one in zip(tasks, draws, strict=True) if overall_harm(one, ["t"], ["s"])[0].harmful]
    assert wins == {"1000": 18, "full": 17}
    ties = [task for task, gap in gaps["full"].items() if tie_test(gap, 0.0, 1, 0.01) < 0.05]
    assert len(ties) == 5
    assert [len(tasks) for tasks in harmed.values()] == [1, 1]
