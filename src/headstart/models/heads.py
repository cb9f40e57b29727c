"""A linear head in closed form: ridge on one-hot classes, strength and temperature by leave-one-out.

One eigendecomposition serves every strength and every left-out example, so that probing costs
O(n D min(n, D)) however many strengths are tried (Golub, Heath & Wahba 1979; Rifkin & Lippert 2007).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

STRENGTHS = np.logspace(-3, 4, 15)  # relative to the mean eigenvalue
TEMPERATURES = np.logspace(-0.3, 1.7, 12)  # ridge predicts shares near 0 and 1; logits must be 0.5 to 50 times that
POWER = 0.5  # of a column's deviation in its scale; bench/probe_scaling.py compares 0, 0.5 and 1
PRODUCT_ROWS = 512  # of a Gram matrix at once
SAMPLE = 2000  # examples by which the head of many more is tuned
SELECTION_ROWS = 4000  # leave-one-out losses of this many examples choose well enough


@dataclass(frozen=True)
class LinearHead:
    """Logits = features @ weight.T + bias, in raw (unscaled) features.

    Attributes:
        weight: (classes, D) fp32.
        bias: (classes,) fp32.
        strength: Chosen ridge strength, relative to the mean eigenvalue.
        loss: Leave-one-out log-loss at that strength.
        penalty: The same strength, absolute in scaled features.
        temperature: What shares are multiplied with to be logits.
    """

    weight: np.ndarray
    bias: np.ndarray
    strength: float
    loss: float
    penalty: float = 0.0
    temperature: float = 1.0

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Class probabilities (N, classes) of features (N, D)."""
        return softmax(features @ self.weight.T + self.bias)


def prior_shift(targets: np.ndarray, num_classes: int, power: float, said: np.ndarray | None = None) -> np.ndarray:
    """What is added to the logits of classes (num_classes,) so that their shares count to a power alone.

    Where a metric weighs all classes alike, rare ones must be called more often than they occur (logit adjustment;
    Menon et al. 2021, arXiv 2007.07314, equation 9).

    Args:
        targets: (n,) classes that were learnt from; what does not occur among them is not moved.
        num_classes: Width of the result.
        power: Of the shares: 1 for theirs, 0 for equal ones.
        said: Shares (num_classes,) that a model predicts on average, where they may be others than the targets'.
    """
    counts = np.bincount(targets, minlength=num_classes)
    shares = np.where(counts > 0, counts / max(len(targets), 1) if said is None else said, 1.0)
    shift: np.ndarray = (power - 1) * np.log(shares)
    return shift.astype(np.float32)


def with_prior(head: LinearHead, targets: np.ndarray, power: float, features: np.ndarray | None = None) -> LinearHead:
    """The same head with :func:`prior_shift` in its bias.

    With the features (n, D) that it was fitted on, what is moved are the shares that it predicts for them. A head that
    learnt little predicts all classes about alike; moved by the targets' shares, it would call every example the rarest
    class.
    """
    if power == 1:
        return head
    said = None if features is None else head.probabilities(features).mean(0)
    return replace(head, bias=head.bias + prior_shift(targets, len(head.bias), power, said))


def shift_intercepts(head: Any, targets: np.ndarray, power: float) -> None:
    """Move the intercepts of a fitted logistic regression of scikit-learn by :func:`prior_shift`."""
    if power == 1:
        return
    _, places = np.unique(targets, return_inverse=True)
    shift = prior_shift(places, len(head.classes_), power)
    head.intercept_ = head.intercept_ + (shift[1:] - shift[:1] if len(shift) == 2 else shift)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Row-wise softmax."""
    shifted: np.ndarray = np.exp(scores - scores.max(1, keepdims=True))
    shifted /= shifted.sum(1, keepdims=True)
    return shifted


def centre_and_scale(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and scale (D,) of the columns of features (n, D), in which heads are fitted.

    Pareto scaling (van den Berg 2006, BMC Genomics 7:142, table 1): the geometric mean of a column's own deviation and
    that of all columns together. Whole deviations would make a column that hardly varies among a few examples as loud
    as the others, and far too loud on new ones; none at all would leave everything to a few large columns. A constant
    column has an infinite scale: it carries nothing.
    """
    deviation = features.std(0)
    varies = deviation > 1e-6 * max(float(deviation.max(initial=0.0)), 1e-12)
    common = float(np.sqrt((deviation**2).mean())) if varies.any() else 1.0
    scale = np.where(varies, deviation, 1.0) ** POWER * common ** (1 - POWER)
    return features.mean(0), np.where(varies, scale, np.inf)


def fit_ridge_head(features: np.ndarray, targets: np.ndarray, num_classes: int) -> LinearHead:
    """Fit a head on features that are centred and scaled.

    Args:
        features: (n, D) floats; constant columns are harmless.
        targets: (n,) classes below ``num_classes``.
        num_classes: Width of the head.

    Returns:
        The head whose leave-one-out log-loss is lowest over strengths and temperatures.
    """
    features = features.astype(np.float64)
    mean, scale = centre_and_scale(features)
    x = torch.from_numpy((features - mean) / scale)
    onehot = torch.zeros(len(targets), num_classes, dtype=torch.float64)
    onehot[torch.arange(len(targets)), torch.from_numpy(targets)] = 1
    prior = onehot.mean(0)
    y = onehot - prior
    left, values, right = _economy_svd(x)
    projected = left.T @ y
    mean_value = float(values.mean()) if len(values) else 1.0
    best: tuple[float, float, float] | None = None
    rows = slice(0, SELECTION_ROWS)
    for strength in STRENGTHS:
        shrink = values / (values + strength * mean_value)
        leverage = (left[rows] ** 2 @ shrink + 1 / len(y)).clamp(max=1 - 1e-6)
        residual = (y[rows] - left[rows] @ (shrink[:, None] * projected)) / (1 - leverage)[:, None]
        scores = (onehot[rows] - residual).numpy()
        for temperature in TEMPERATURES:
            loss = _log_loss(scores * temperature, targets[rows])
            if best is None or loss < best[0]:
                best = (loss, float(strength), float(temperature))
    assert best is not None
    loss, strength, temperature = best
    weight = (right @ (projected / (values + strength * mean_value)[:, None] * values.sqrt()[:, None])).numpy()
    weight = weight.T * temperature / scale
    bias = prior.numpy() * temperature - weight @ mean
    penalty = strength * mean_value
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32), strength, loss, penalty, temperature)


def fit_large_ridge_head(features: np.ndarray, targets: np.ndarray, num_classes: int, seed: int) -> LinearHead:
    """The same for many examples of many features, whose eigenvalues would take minutes.

    Strength and temperature are chosen on a sample, by leave-one-out; then one system of equations is solved for all
    examples: n^2 D + n^3 / 3 operations. The penalty is that of the sample, not the strength: what is added to
    the squared errors does not depend on how many there are.

    Args:
        features: (n, D) fp32; overwritten.
        targets: (n,) classes below ``num_classes``.
        num_classes: Width of the head.
        seed: Of the sample.
    """
    if len(targets) <= SAMPLE or features.shape[1] < SAMPLE:
        return fit_ridge_head(features, targets, num_classes)
    rows = np.sort(np.random.default_rng(seed).choice(len(targets), SAMPLE, replace=False))
    first = fit_ridge_head(features[rows], targets[rows], num_classes)
    mean, scale = centre_and_scale(features)
    features -= mean
    features /= scale
    onehot = np.zeros((len(targets), num_classes), dtype=np.float32)
    onehot[np.arange(len(targets)), targets] = 1
    prior = onehot.mean(0)
    x, y = torch.from_numpy(features), torch.from_numpy(onehot - prior)
    if len(targets) <= features.shape[1]:
        dual = _solved(_products(x), y, first.penalty)
        weight = (x.T @ dual).numpy().T
    else:
        weight = _solved(_products(x.T), x.T @ y, first.penalty).numpy().T
    weight = weight * first.temperature / scale
    bias = prior * first.temperature - weight @ mean
    return LinearHead(
        weight.astype(np.float32), bias.astype(np.float32), first.strength, first.loss, first.penalty, first.temperature
    )


def _products(x: torch.Tensor) -> torch.Tensor:
    """Products x @ x.T of all rows with all rows; each pair is computed once."""
    count = len(x)
    found = torch.empty(count, count, dtype=x.dtype)
    for start in range(0, count, PRODUCT_ROWS):
        end = min(start + PRODUCT_ROWS, count)
        found[start:, start:end] = x[start:] @ x[start:end].T
        found[start:end, end:] = found[end:, start:end].T
    return found


def _solved(gram: torch.Tensor, right: torch.Tensor, penalty: float) -> torch.Tensor:
    """The solution of (gram + penalty) x = right, in fp64 whatever the features were."""
    gram = gram.double()
    gram.diagonal().add_(penalty)
    return torch.cholesky_solve(right.double(), torch.linalg.cholesky(gram)).float()


def _economy_svd(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Left vectors (n, r), squared singular values (r,), right vectors (D, r) by the smaller Gram matrix."""
    tall = len(x) >= x.shape[1]
    values, vectors = torch.linalg.eigh(x.T @ x if tall else x @ x.T)
    keep = values > 1e-9 * values.max().clamp(min=1e-12)
    values, vectors = values[keep], vectors[:, keep]
    other = (x if tall else x.T) @ vectors / values.sqrt()
    return (other, values, vectors) if tall else (vectors, values, other)


def _log_loss(scores: np.ndarray, targets: np.ndarray) -> float:
    top = scores.max(1)
    normaliser = top + np.log(np.exp(scores - top[:, None]).sum(1))
    return float((normaliser - scores[np.arange(len(targets)), targets]).mean())
