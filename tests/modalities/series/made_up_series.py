"""Series for tests: classes differ in frequency, recordings in level and gain."""

from __future__ import annotations

import numpy as np


def waves(n: int = 60, length: int = 64, channels: int = 1, classes: int = 3, seed: int = 0):
    """Series (n, channels, length) fp32 with labels (n,): noisy sines, whose frequency is the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    time = np.linspace(0, 1, length)
    phases = rng.uniform(0, 2 * np.pi, (n, channels, 1))
    frequency = (2 + 3 * labels)[:, None, None]
    values = np.sin(2 * np.pi * frequency * time + phases) + 0.3 * rng.normal(size=(n, channels, length))
    return values.astype(np.float32), labels
