import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from headstart.evidence.ranking_metrics import RANKING_METRICS, auroc, average_precision, log_loss


def example(n, classes, seed, steps=None):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), n)
    if steps:  # ties
        p = np.maximum(np.round(p * steps), 1)
        p /= p.sum(1, keepdims=True)
    return p, np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])


@settings(max_examples=50, deadline=None)
@given(st.integers(5, 60), st.integers(2, 5), st.integers(0, 10**6), st.sampled_from([None, 4]))
def test_metrics_agree_with_scikit_learn(n, classes, seed, steps):
    p, y = example(n, classes, seed, steps)
    one_hot = np.eye(classes)[y]
    assert auroc(p, y) == pytest.approx(reference.roc_auc_score(one_hot, p, average="macro"))
    assert average_precision(p, y) == pytest.approx(reference.average_precision_score(one_hot, p, average="macro"))
    assert log_loss(p, y) == pytest.approx(reference.log_loss(y, p, labels=range(classes)))


def test_directions_are_data():
    good, bad = np.asarray([[0.9, 0.1], [0.2, 0.8]]), np.asarray([[0.4, 0.6], [0.7, 0.3]])
    y = np.asarray([0, 1])
    for metric in RANKING_METRICS.values():
        assert (metric.of(good, y) > metric.of(bad, y)) == metric.larger_is_better


def test_classes_that_do_not_occur_are_left_out():
    p = np.asarray([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]])
    y = np.asarray([0, 1, 0])
    assert auroc(p, y) == 1.0
    assert average_precision(p, y) == 1.0
    assert np.isnan(auroc(p[:1], y[:1]))
    assert np.isfinite(log_loss(np.asarray([[0.0, 1.0]]), np.asarray([0])))
