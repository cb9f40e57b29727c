"""What a study expects of its options at a size, measured there or not: enough to choose by and to lean on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from headstart.core import Arm, derive_seed
from headstart.evidence import JointDraws
from headstart.evidence.exponents import Exponents, fitted_exponents
from headstart.evidence.projection import mean_exponent, project
from headstart.evidence.spread import Kind

if TYPE_CHECKING:
    from headstart.studies.evidence import Evidence

DRAWS = 1000
ONE_SD = 0.68  # share of half a normal distribution that is below its scale
STEEPEST = 1.0


def expected(evidence: Evidence, arms: Sequence[Arm], n: float, part: str, *, missing_steps: bool = True) -> JointDraws:
    """Joint draws of the metric at n labels.

    By fitted curves where they speak, else by the last two sizes or by what such options gain from labels: not to
    claim by.

    Args:
        evidence: What was measured.
        arms: Measured options, one or more.
        n: Labels.
        part: Of the test examples.
        missing_steps: Whether to count what runs that were ended early might have gained from the rest of their steps.
    """
    curves = evidence.curves(part)
    fitted = None if curves is None else curves.at(n)
    columns = []
    for arm in arms:
        column = None if fitted is None or curves is None else fitted[:, curves.index(arm.key)]
        if column is None or np.isnan(column).any():
            column = _projected(evidence, arm, n, part)
        columns.append(1 - column[:DRAWS])
    worlds = np.stack(columns, 1)
    repeats = tuple(len(evidence.trials(arm.key, "measuring")) for arm in arms)
    joint = JointDraws(tuple(arm.key for arm in arms), worlds.mean(0), worlds, repeats)
    untuned = {arm.key: evidence.untuned(arm.key) for arm in arms}
    gains = {arm.key: evidence.steps_left_out(arm.key) for arm in arms} if missing_steps else {}
    return joint.widened(untuned, derive_seed(evidence.settings.seed, "untuned", int(n)), gains)


def exponents(evidence: Evidence, kind: Kind, first: float, last: float) -> Exponents:
    """What is known of the exponents of a kind of option between two sizes.

    By its kind, and by what the closed forms of the study gained from the labels in question.
    """
    known = fitted_exponents(kind)
    others = [one for one in evidence.arms if len(evidence.sizes(one.key)) > 1 and evidence.kind(one.key) == "closed"]
    curves = []
    for one in others if known.beside is not None else ():
        sizes = evidence.sizes(one.key)
        errors = np.asarray([evidence.error(one.key, size) for size in sizes])
        curves.append((np.asarray(sizes, dtype=float), errors))
    return known.given(mean_exponent(curves, first, last))


def steps_left_out(evidence: Evidence, arm: str, n: int) -> float:
    """Scale of what the missing steps of an option's runs at n, which were ended early, would gain it.

    Steps never do harm on average, so that this is the scale of half a normal distribution, and not a spread that
    goes either way. Errors fall with steps no faster than with labels (``bench/steps_left_out.py``), by exponents that
    the data set tells, as it does for labels.
    """
    left_out = min((trial.shortened for trial in evidence.trials(arm, "measuring", n)), default=0.0)
    if not left_out:
        return 0.0
    known = exponents(evidence, evidence.kind(arm), (1 - left_out) * n, n)
    exponent = min(max(known.quantile(ONE_SD), 0.0), STEEPEST)
    return float(evidence.error(arm, n) * (1 - (1 - left_out) ** exponent))


def _projected(evidence: Evidence, arm: Arm, n: float, part: str) -> np.ndarray:
    sizes = evidence.sizes(arm.key)
    columns = []
    for size in sizes:
        draws = evidence.draws(size, [arm], part)
        assert draws is not None
        columns.append(1 - draws.column(arm.key)[:DRAWS])
    rng = np.random.default_rng(derive_seed(evidence.settings.seed, "outlook", arm.key, int(n)))
    known = exponents(evidence, evidence.kind(arm.key), sizes[-1], n)
    return project(np.asarray(sizes, dtype=float), np.stack(columns, 1), n, known, rng)
