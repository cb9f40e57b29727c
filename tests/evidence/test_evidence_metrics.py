import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from headstart.evidence import METRICS, Run, majority_baseline, metric_of
from headstart.evidence.scores import weighted_metric

CLASSES = 4
REFERENCE = {
    "accuracy": reference.accuracy_score,
    "macro-f1": lambda labels, guesses: reference.f1_score(labels, guesses, average="macro"),
    "balanced-accuracy": lambda labels, guesses: np.mean(
        [(guesses[labels == label] == label).mean() for label in np.unique(labels)]
    ),
}


@st.composite
def answers(draw, most=40):
    size = draw(st.integers(1, most))
    column = st.lists(st.integers(0, CLASSES - 1), min_size=size, max_size=size)
    return np.asarray(draw(column)), np.asarray(draw(column))


def run_of(labels, predictions, repeat=0, fold=0, groups=None):
    index = np.arange(len(labels))
    return Run(repeat, fold, index, index if groups is None else groups, labels, predictions)


@pytest.mark.parametrize("metric", sorted(METRICS))
@settings(max_examples=30)
@given(answers())
def test_metrics_agree_with_scikit_learn(metric, pair):
    labels, guesses = pair
    expected = REFERENCE[metric](labels, guesses)
    assert METRICS[metric](np.eye(CLASSES)[guesses], labels) == pytest.approx(expected)
    assert metric_of(run_of(labels, guesses), metric, CLASSES) == pytest.approx(expected)


def test_balanced_accuracy_agrees_with_scikit_learn_where_every_class_occurs():
    rng = np.random.default_rng(0)
    labels, guesses = rng.integers(0, CLASSES, (2, 100))
    expected = reference.balanced_accuracy_score(labels, guesses)
    assert METRICS["balanced-accuracy"](np.eye(CLASSES)[guesses], labels) == pytest.approx(expected)


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("draws", [1, 3])
@settings(max_examples=30)
@given(answers(most=12), st.data())
def test_a_weight_means_so_many_copies(metric, draws, pair, data):
    labels, guesses = pair
    counts = st.lists(st.integers(0, 3), min_size=len(labels), max_size=len(labels)).filter(any)
    weights = np.asarray([data.draw(counts) for _ in range(draws)])
    values = weighted_metric(run_of(labels, guesses), metric, CLASSES, weights.astype(float))
    for value, row in zip(values, weights, strict=True):
        repeated = run_of(np.repeat(labels, row), np.repeat(guesses, row))
        assert value == pytest.approx(metric_of(repeated, metric, CLASSES))


def test_an_unknown_metric_is_an_error():
    with pytest.raises(ValueError, match="unknown metric 'auc'"):
        metric_of(run_of(np.zeros(2, int), np.zeros(2, int)), "auc", 2)


def test_the_baseline_guesses_the_commonest_class():
    train, test = np.asarray([0, 1, 1]), np.asarray([0, 0, 0, 1])
    assert majority_baseline("accuracy", train, test, 3) == 0.25
    assert majority_baseline("balanced-accuracy", train, test, 3) == 0.5
    assert majority_baseline("macro-f1", train, test, 3) == pytest.approx(0.2)


def test_a_run_can_be_restricted_to_some_examples():
    run = run_of(np.asarray([0, 1, 1]), np.asarray([0, 1, 0]), repeat=2, fold=3)
    part = run.restrict(np.asarray([True, True, False]))
    assert metric_of(part, "accuracy", 2) == 1
    assert part.key == (2, 3)
    assert part.examples.tolist() == [0, 1]
