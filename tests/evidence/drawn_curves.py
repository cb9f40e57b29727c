"""Measurements around known error curves."""

import numpy as np

from headstart.evidence.curves import fit_curves
from headstart.evidence.observed import ArmErrors

SIZES = np.asarray([25.0, 50, 100, 200, 400, 800])


def arm_of(error, name="a", sizes=SIZES, repeats=3, noise=0.004, seed=0, paradigm="scratch"):
    """Measurements around an error curve."""
    rng = np.random.default_rng(seed)
    n = np.repeat(np.asarray(sizes, dtype=float), repeats)
    seen = np.clip(error(n) + noise * rng.standard_normal(len(n)), 0, 1)
    return ArmErrors(name, paradigm, n, seen, np.tile(np.arange(repeats), len(sizes)))


def power(floor=0.1, fall=0.5, rate=0.5):
    """A power law with this fall at 25 labels."""
    return lambda n: floor + fall * (np.asarray(n) / 25) ** -rate


def pair(scratch, transfer, **options):
    """Joint draws of a from-scratch arm ``s`` and a transfer arm ``t``."""
    return fit_curves([arm_of(scratch, "s", **options), arm_of(transfer, "t", seed=1, paradigm="transfer", **options)])
