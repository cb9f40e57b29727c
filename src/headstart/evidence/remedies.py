"""How likely more measurement is to decide between two arms."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import norm


@dataclass(frozen=True)
class GapVariance:
    """What makes the difference of two arms uncertain.

    Attributes:
        examples: Variance that the choice of test examples causes.
        repeats: Variance that the scatter of training runs causes.
        untuned: Variance that recipes which were not tuned cause.
    """

    examples: float
    repeats: float
    untuned: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.examples + self.repeats + self.untuned


def chance_to_decide(gap: float, now: float, then: float, margin: float, confidence: float = 0.95) -> float:
    """P(a study that is open now is decided - either way, or as a tie - once its variance is smaller).

    The true difference is N(gap, now); what will be estimated then is N(gap, now - then). Decided is an estimate whose
    distance from zero is z(confidence) standard deviations, or whose 90 % interval lies inside the margin (the
    preposterior analysis of Raiffa and Schlaifer 1961).

    Args:
        gap: Difference as it is estimated now.
        now: Its variance.
        then: Its variance after the remedy.
        margin: Inside which arms tie.
        confidence: P(better) that a verdict asks for.
    """
    if now <= 0:
        return 1.0
    spread, sd = max(now - then, 1e-12) ** 0.5, max(then, 0.0) ** 0.5
    edge, half = norm.ppf(confidence) * sd, margin - norm.ppf(0.95) * sd
    better = norm.sf(edge, gap, spread) + norm.cdf(-edge, gap, spread)
    tied = norm.cdf(half, gap, spread) - norm.cdf(-half, gap, spread) if half > 0 else 0.0
    overlap = max(half - edge, 0.0) if half > 0 else 0.0  # inside both: counted once
    twice = (
        norm.cdf(half, gap, spread)
        - norm.cdf(edge, gap, spread)
        + norm.cdf(-edge, gap, spread)
        - norm.cdf(-half, gap, spread)
        if overlap
        else 0.0
    )
    return float(min(max(better + tied - twice, 0.0), 1.0))
