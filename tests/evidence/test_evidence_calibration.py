import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from headstart.evidence.calibration import calibration


def predictions(n, seed=0, temperature=1.0):
    """Probabilities that are calibrated at temperature 1."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((n, 4))
    true, said = (np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in (logits, logits / temperature))
    labels = (rng.random((n, 1)) > true.cumsum(1)).sum(1).clip(0, 3)
    return said, labels


def test_calibrated_predictions_have_no_error_even_if_few():
    few = [calibration(*predictions(100, seed)) for seed in range(40)]
    assert np.mean([one.error**2 for one in few]) < 0.25 * np.mean([one.naive_error**2 for one in few])
    assert calibration(*predictions(20_000)).error < 0.01


def test_overconfidence_is_seen():
    found = calibration(*predictions(20_000, temperature=0.4))
    assert found.error > 0.1
    assert (found.confidence - found.right)[3:].mean() > 0.05
    assert found.count.sum() == 20_000


def test_brier_and_log_loss():
    p, y = predictions(500)
    found = calibration(p, y)
    assert found.log_loss == pytest.approx(log_loss(y, p, labels=range(4)))
    off = [((row - np.eye(4)[label]) ** 2).sum() for row, label in zip(p, y, strict=True)]
    assert found.brier == pytest.approx(np.mean(off))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 10**6))
def test_any_probabilities_have_figures_in_range(n, classes, seed):
    rng = np.random.default_rng(seed)
    found = calibration(rng.dirichlet(np.ones(classes), n), rng.integers(0, classes, n))
    assert 0 <= found.error <= 1
    assert 0 <= found.brier <= 2
    assert found.log_loss >= 0


@pytest.mark.parametrize(
    ("p", "message"),
    [(np.ones((2, 2)), "sum to 1"), (np.full((2, 2), np.nan), "missing"), (np.ones((3, 1)), "label for each")],
)
def test_unusable_probabilities_are_named(p, message):
    with pytest.raises(ValueError, match=message):
        calibration(p, np.zeros(2, int))
