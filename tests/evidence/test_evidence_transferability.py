import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.covariance import ledoit_wolf as reference_covariance
from sklearn.neighbors import KNeighborsClassifier

from headstart.evidence.linear_probe import linear_probe
from headstart.evidence.transferability import h_score, layer_mean, ledoit_wolf, log_me, nearest_neighbours

SCORES = (log_me, h_score, nearest_neighbours, linear_probe)


def example(n=60, dimensions=8, classes=3, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return rng.standard_normal((n, dimensions)) + signal * np.eye(classes, dimensions)[labels], labels


def evidence(log_precisions, f, target):
    """Log evidence of Bayesian linear regression, from the covariance of y itself."""
    alpha, beta = np.exp(log_precisions)
    covariance = f @ f.T / alpha + np.eye(len(f)) / beta
    _, determinant = np.linalg.slogdet(covariance)
    return -0.5 * (len(f) * np.log(2 * np.pi) + determinant + target @ np.linalg.solve(covariance, target)) / len(f)


@pytest.mark.parametrize("dimensions", [5, 90])
def test_log_me_is_the_maximum_of_the_evidence(dimensions):
    f, labels = example(dimensions=dimensions)
    best = []
    for label in range(3):
        target = (labels == label).astype(float)
        found = minimize(
            lambda x, target=target: -evidence(x, f, target),
            [1.0, 1.0],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000},
        )
        best.append(-found.fun)
    assert log_me(f, labels) == pytest.approx(np.mean(best), rel=1e-6)


@pytest.mark.parametrize("dimensions", [4, 100])
def test_h_score_is_the_trace_with_the_shrunk_covariance(dimensions):
    f, labels = example(dimensions=dimensions)
    covariance, amount = reference_covariance(f)
    means = np.stack([f[labels == label].mean(0) - f.mean(0) for label in range(3)])
    between = means.T @ (np.bincount(labels)[:, None] / (len(labels) - 1) * means)
    expected = (1 - amount) * np.trace(np.linalg.solve(covariance, between))
    assert ledoit_wolf(f - f.mean(0)) == pytest.approx(amount, rel=1e-9)
    assert h_score(f, labels) == pytest.approx(expected, rel=1e-6)


def test_nearest_neighbours_agree_with_scikit_learn():
    f, labels = example(n=80)
    hits = 0
    for i in range(len(f)):
        others = np.arange(len(f)) != i
        voter = KNeighborsClassifier(5, metric="cosine", algorithm="brute").fit(f[others], labels[others])
        hits += voter.predict(f[[i]])[0] == labels[i]
    assert nearest_neighbours(f, labels) == pytest.approx(hits / len(f))


def test_blocks_change_nothing(monkeypatch):
    f, labels = example()
    whole = nearest_neighbours(f, labels)
    monkeypatch.setattr("headstart.evidence.transferability.BLOCK", 7)
    assert nearest_neighbours(f, labels) == whole


@pytest.mark.parametrize("score", SCORES)
def test_more_signal_scores_higher(score):
    weak, strong = (score(*example(n=150, signal=signal)) for signal in (0.3, 3.0))
    assert strong > weak


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.asarray([[0.1], [np.nan]]), [0, 1], "missing"),
        (np.ones((3, 2)), [0, 1], "label for each"),
        (np.ones((1, 2)), [0], "single class"),
        (np.ones((3, 2)), [1, 1, 1], "single class"),
        (np.ones((2, 0)), [0, 1], "label for each"),
    ],
)
def test_unusable_input_is_named(score, features, labels, message):
    with pytest.raises(ValueError, match=message):
        score(features, np.asarray(labels))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 30), st.integers(1, 40), st.sampled_from([0.0, 1e-9, 1.0, 1e6]), st.integers(0, 10**6), st.booleans()
)
def test_scores_stay_finite(n, dimensions, scale, seed, constant):
    rng = np.random.default_rng(seed)
    f = scale * rng.standard_normal((n, dimensions))
    if constant:
        f[:, 0] = 5.0
    labels = rng.integers(0, 3, n)
    labels[:2] = [0, 7]  # classes need not be consecutive
    for score in SCORES:
        assert np.isfinite(score(f, labels))


@pytest.mark.slow
def test_a_million_examples_are_no_matter():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 1_000_000)
    f = rng.standard_normal((1_000_000, 16), dtype=np.float32) + 4 * np.eye(3, 16, dtype=np.float32)[labels]
    assert np.isfinite(log_me(f, labels))
    assert 0 < h_score(f, labels) <= 2.1
    assert 0.9 < linear_probe(f, labels) <= 1


def test_the_mean_of_layers():
    rng = np.random.default_rng(0)
    layers = rng.standard_normal((4, 6, 3))
    assert layer_mean(layers) == pytest.approx(layers.mean(0))
    for bad, message in ((layers[0], "layers must be"), (layers[:0], "at least one"), (layers * np.nan, "missing")):
        with pytest.raises(ValueError, match=message):
            layer_mean(bad)
