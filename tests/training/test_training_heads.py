import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from headstart.models import heads
from headstart.models.heads import centre_and_scale, prior_shift, shift_intercepts, with_prior
from headstart.training import fit_ridge_head


def data(n, width, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return (rng.standard_normal((n, width)) + 2 * rng.standard_normal((classes, width))[labels]).astype(
        np.float32
    ), labels


def brute_force(x, labels, classes, strength, temperature):
    """Leave-one-out log-loss by refitting ridge with an intercept, each example left out in turn."""
    z = (x - x.mean(0)).astype(np.float64) / np.sqrt(x.std(0))
    eigen = np.linalg.eigvalsh(z.T @ z)
    penalty = strength * eigen[eigen > 1e-9 * eigen.max()].mean()
    onehot = np.eye(classes)[labels]
    losses = []
    for left_out in range(len(z)):
        keep = np.arange(len(z)) != left_out
        centre, prior = z[keep].mean(0), onehot[keep].mean(0)
        gram = (z[keep] - centre).T @ (z[keep] - centre) + penalty * np.eye(z.shape[1])
        weight = np.linalg.solve(gram, (z[keep] - centre).T @ (onehot[keep] - prior))
        scores = temperature * (prior + (z[left_out] - centre) @ weight)
        losses.append(np.log(np.exp(scores).sum()) - scores[labels[left_out]])
    return np.mean(losses)


@pytest.mark.parametrize(("n", "width"), [(24, 4), (12, 30)])
def test_the_loss_is_that_of_leaving_each_example_out(monkeypatch, n, width):
    x, labels = data(n, width)
    for strength, temperature in ((0.01, 4.0), (1.0, 1.0), (100.0, 10.0)):
        monkeypatch.setattr(heads, "STRENGTHS", [strength])
        monkeypatch.setattr(heads, "TEMPERATURES", [temperature])
        head = fit_ridge_head(x, labels, 3)
        assert head.loss == pytest.approx(brute_force(x, labels, 3, strength, temperature), rel=1e-4)


def test_the_best_strength_and_temperature_are_taken():
    x, labels = data(24, 4)
    head = fit_ridge_head(x, labels, 3)
    losses = {(s, t): brute_force(x, labels, 3, s, t) for s in heads.STRENGTHS[::2] for t in heads.TEMPERATURES[::3]}
    assert head.loss <= min(losses.values()) + 1e-6
    assert head.strength in heads.STRENGTHS


def test_weights_are_those_of_ridge_regression(monkeypatch):
    from sklearn.linear_model import Ridge

    x, labels = data(40, 6)
    monkeypatch.setattr(heads, "STRENGTHS", [0.5])
    monkeypatch.setattr(heads, "TEMPERATURES", [3.0])
    head = fit_ridge_head(x, labels, 3)
    z = (x - x.mean(0)) / np.sqrt(x.std(0))
    penalty = 0.5 * np.linalg.eigvalsh(z.T @ z).mean()
    reference = Ridge(alpha=penalty).fit(z, np.eye(3)[labels])
    np.testing.assert_allclose(x @ head.weight.T + head.bias, 3 * reference.predict(z), atol=1e-3)


def test_digits_are_read_about_as_well_as_by_logistic_regression():
    x, labels = load_digits(return_X_y=True)
    features = np.maximum(x @ np.random.default_rng(0).standard_normal((64, 512)), 0).astype(np.float32)
    order = np.random.default_rng(1).permutation(len(x))
    fit, ask = order[:300], order[300:]
    head = fit_ridge_head(features[fit], labels[fit], 10)
    ours = (head.probabilities(features[ask]).argmax(1) == labels[ask]).mean()
    scaled = (features - features[fit].mean(0)) / (features[fit].std(0) + 1e-6)
    theirs = LogisticRegression(max_iter=500).fit(scaled[fit], labels[fit]).score(scaled[ask], labels[ask])
    assert ours > theirs - 0.025
    confidence = head.probabilities(features[ask]).max(1).mean()
    assert confidence == pytest.approx(ours, abs=0.06)


def test_constant_columns_and_odd_scales_are_harmless():
    x, labels = data(30, 5)
    odd = np.concatenate((x * 1e4 + 1e5, np.full((30, 2), 7.0), np.zeros((30, 1))), 1)
    plain, strange = fit_ridge_head(x, labels, 3), fit_ridge_head(odd.astype(np.float32), labels, 3)
    np.testing.assert_allclose(strange.probabilities(odd.astype(np.float64)), plain.probabilities(x), atol=0.02)
    assert not strange.weight[:, 5:].any()


def test_columns_are_scaled_by_the_root_of_their_deviation():
    x = np.random.default_rng(0).standard_normal((500, 3)) * [100.0, 1.0, 0.0] + 5
    mean, scale = centre_and_scale(x)
    deviations = ((x - mean) / scale).std(0)
    assert deviations[2] == 0
    assert deviations[0] / deviations[1] == pytest.approx(np.sqrt(x[:, 0].std() / x[:, 1].std()))
    np.testing.assert_allclose(centre_and_scale(1e3 * x)[1], 1e3 * scale)


def test_a_column_that_hardly_varied_does_not_run_away():
    x, labels = data(30, 5)
    new, truth = data(300, 5)
    quiet = np.zeros((30, 1), np.float32)
    quiet[0] = 1e-2
    loud = np.random.default_rng(1).standard_normal((300, 1)).astype(np.float32)
    with_it = fit_ridge_head(np.hstack([x, quiet]), labels, 3).probabilities(np.hstack([new, loud]))
    without = fit_ridge_head(x, labels, 3).probabilities(new)
    assert (with_it.argmax(1) == truth).mean() > (without.argmax(1) == truth).mean() - 0.05


def test_nothing_but_constants_gives_the_class_shares():
    head = fit_ridge_head(np.ones((9, 4), np.float32), np.asarray([0, 0, 0, 0, 0, 0, 1, 1, 1]), 2)
    assert not head.weight.any()
    assert head.probabilities(np.ones((1, 4)))[0].argmax() == 0


def test_a_missing_class_is_never_the_answer():
    x, labels = data(20, 8, classes=2)
    head = fit_ridge_head(x, np.where(labels == 1, 3, 0), 4)
    assert head.weight.shape == (4, 8)
    assert set(head.probabilities(x).argmax(1)) == {0, 3}
    assert np.isfinite(head.loss)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_examples_do(n):
    x, labels = data(n, 8)
    head = fit_ridge_head(x, labels, 3)
    assert np.isfinite(head.probabilities(x)).all()


def test_a_head_with_another_prior_has_the_log_odds_of_other_shares():
    rng = np.random.default_rng(3)
    targets = (np.arange(200) % 5 == 0).astype(np.int64)
    features = rng.standard_normal((200, 4)) + targets[:, None]
    head = fit_ridge_head(features, targets, 2)
    equal = with_prior(head, targets, 0.0, features)

    def odds(one):
        probabilities = one.probabilities(features)
        return np.log(probabilities[:, 1] / probabilities[:, 0])

    moved = odds(equal) - odds(head)
    np.testing.assert_allclose(moved, moved[0], atol=1e-4)
    assert moved[0] == pytest.approx(np.log(4), abs=0.3)  # classes of 160 and 40
    np.testing.assert_array_equal(with_prior(head, targets, 1.0, features).bias, head.bias)


@pytest.mark.parametrize("seed", range(5))
def test_a_head_that_learnt_nothing_does_not_call_everything_the_rarest_class(seed):
    rng = np.random.default_rng(seed)
    targets = np.repeat(np.arange(4), [12, 7, 5, 1])
    features = rng.standard_normal((25, 300))
    head = fit_ridge_head(features, targets, 4)
    new = rng.standard_normal((400, 300))
    moved = with_prior(head, targets, 0.5, features)
    assert (moved.probabilities(new).argmax(1) == 3).mean() < 0.5


@pytest.mark.parametrize("classes", [2, 3])
def test_a_logistic_regression_gets_the_log_odds_of_other_shares(classes):
    rng = np.random.default_rng(3)
    targets = np.concatenate([np.full(40 * (label + 1), label) for label in range(classes)])
    features = rng.standard_normal((len(targets), 3)) + targets[:, None]
    usual, moved = (LogisticRegression().fit(features, targets) for _ in range(2))
    shift_intercepts(moved, targets, 0.5)

    def odds(fitted):
        probabilities = fitted.predict_proba(features)
        return np.log(probabilities[:, 1:] / probabilities[:, :1])

    shares = np.arange(1, classes + 1)
    np.testing.assert_allclose(odds(moved) - odds(usual), np.tile(-0.5 * np.log(shares[1:]), (len(targets), 1)))
    shift_intercepts(usual, targets, 1.0)
    assert odds(usual).shape == (len(targets), classes - 1)


def test_a_class_that_was_not_learnt_is_not_moved():
    assert prior_shift(np.asarray([0, 0, 0, 2]), 3, 0.0).tolist() == pytest.approx([np.log(4 / 3), 0.0, np.log(4)])
    assert not prior_shift(np.asarray([0, 1, 1]), 2, 1.0).any()
