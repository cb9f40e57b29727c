import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeClassifierCV

from headstart.evidence.linear_probe import PENALTIES, linear_probe


def example(n, dimensions, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    labels[:classes] = range(classes)
    return rng.standard_normal((n, dimensions)) + 0.8 * np.eye(classes, dimensions)[labels], labels


@pytest.mark.parametrize(("n", "dimensions"), [(50, 6), (30, 60), (40, 40)])
def test_one_svd_is_as_good_as_n_fits(n, dimensions):
    f, labels = example(n, dimensions)
    s = np.linalg.svd(f - f.mean(0), compute_uv=False)
    scale = (s[s > 1e-10 * s[0]] ** 2).mean()
    chosen = RidgeClassifierCV(alphas=scale * PENALTIES).fit(f, labels).alpha_  # scikit-learn's own leave-one-out
    targets = 2.0 * np.eye(3)[labels] - 1
    hits = 0
    for i in range(n):
        others = np.arange(n) != i
        said = Ridge(alpha=chosen).fit(f[others], targets[others]).predict(f[[i]])
        hits += said.argmax() == labels[i]
    assert linear_probe(f, labels) == pytest.approx(hits / n)


def test_blocks_change_nothing(monkeypatch):
    f, labels = example(60, 8)
    whole = linear_probe(f, labels)
    monkeypatch.setattr("headstart.evidence.linear_probe.BLOCK", 7)
    assert linear_probe(f, labels) == whole


def test_features_that_say_nothing():
    labels = np.arange(90) % 3
    assert linear_probe(np.ones((90, 4)), labels) <= 1 / 3
    assert linear_probe(np.random.default_rng(0).standard_normal((90, 200)), labels) < 0.5


def test_two_examples_of_two_classes():
    assert linear_probe(np.asarray([[0.0], [1.0]]), np.asarray([0, 1])) == 0
