"""A linear head in closed form: ridge on one-hot classes, strength and temperature by leave-one-out.

One eigendecomposition serves every strength and every left-out example, so that probing costs
O(n D min(n, D)) however many strengths are tried (Golub, Heath & Wahba 1979; Rifkin & Lippert 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

STRENGTHS = np.logspace(-3, 4, 15)  # relative to the mean eigenvalue
TEMPERATURES = np.logspace(-0.3, 1.7, 12)  # ridge predicts shares near 0 and 1; logits must be 0.5 to 50 times that
SELECTION_ROWS = 4000  # leave-one-out losses of this many examples choose well enough


@dataclass(frozen=True)
class LinearHead:
    """Logits = features @ weight.T + bias, in raw (unstandardised) features.

    Attributes:
        weight: (classes, D) fp32.
        bias: (classes,) fp32.
        strength: Chosen ridge strength, relative to the mean eigenvalue.
        loss: Leave-one-out log-loss at that strength.
    """

    weight: np.ndarray
    bias: np.ndarray
    strength: float
    loss: float

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Class probabilities (N, classes) of features (N, D)."""
        return softmax(features @ self.weight.T + self.bias)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Row-wise softmax."""
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def fit_ridge_head(features: np.ndarray, targets: np.ndarray, num_classes: int) -> LinearHead:
    """Fit a head on standardised features.

    Args:
        features: (n, D) floats; constant columns are harmless.
        targets: (n,) classes below ``num_classes``.
        num_classes: Width of the head.

    Returns:
        The head whose leave-one-out log-loss is lowest over strengths and temperatures.
    """
    features = features.astype(np.float64)
    mean, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 1e-6 * max(scale.max(), 1e-12), scale, np.inf)  # constant columns carry nothing
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
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32), strength, loss)


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
