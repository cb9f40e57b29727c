"""Crossover and head start inside the measured range, from joint draws of stored predictions.

Nothing is fitted: between two measured sizes curves are straight in log n, and beyond the largest one nothing is said.
"""

from __future__ import annotations

import numpy as np

from headstart.advice.recommendation import Crossover, HeadStart
from headstart.evidence import crossing, labels_to_match
from headstart.studies import Evidence
from headstart.studies.comparing import CONFIDENT, complete_sizes


def envelopes(evidence: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Best scratch and best transfer metric, draw by draw, at each size that all contenders reached.

    Returns:
        Sizes (S,), scratch (draws, S), transfer (draws, S); None if no size has both.
    """
    sizes, scratch, transfer = [], [], []
    for n in complete_sizes(evidence) or evidence.all_sizes:
        arms = evidence.measured_at(n)
        sides = {side: [arm.key for arm in arms if arm.paradigm == side] for side in ("scratch", "transfer")}
        if not all(sides.values()):
            continue
        draws = evidence.draws(n, arms)
        assert draws is not None
        sizes.append(n)
        scratch.append(np.max([draws.column(key) for key in sides["scratch"]], 0))
        transfer.append(np.max([draws.column(key) for key in sides["transfer"]], 0))
    if not sizes:
        return None
    return np.asarray(sizes, dtype=float), np.stack(scratch, 1), np.stack(transfer, 1)


def measured_crossover(evidence: Evidence) -> Crossover:
    """From how many labels on from scratch wins, as far as was measured; nothing is said beyond."""
    curves = envelopes(evidence)
    if curves is None:
        return Crossover(statement="not measured: no size has both sides", horizon=0)
    sizes, scratch, transfer = curves
    found = crossing(sizes, scratch, transfer)
    horizon = int(sizes[-1])
    middle, low, high = found.quantile(0.5), found.quantile(0.05), found.quantile(0.95)
    known = Crossover(
        statement=f"not determined up to {horizon:,} labels ({found.p_crossed:.0%} of the draws cross)",
        kind="undetermined",
        low=_finite(low),
        horizon=horizon,
        n_max=horizon,
        p_crossed=found.p_crossed,
        p_by_horizon=found.p_crossed,
    )
    other = _taken_over(sizes, scratch, transfer)
    if other is not None:
        return known.model_copy(update=other)
    if found.p_crossed <= 1 - CONFIDENT:
        statement = f"not seen up to {horizon:,} labels: transfer leads throughout"
        if len(sizes) == 1:
            statement = f"not seen at {horizon:,} labels, the one size all contenders were run at"
        return known.model_copy(update={"statement": statement, "kind": "none", "low": None})
    if found.p_crossed < CONFIDENT:
        return known
    if middle <= sizes[0]:
        statement = f"already crossed at {int(sizes[0]):,} labels: from scratch leads wherever it was measured"
        update = {"statement": statement, "kind": "crossed", "n": float(sizes[0]), "low": None}
        return known.model_copy(update=update)
    statement = f"from scratch overtakes near {_round(middle)} labels, between {_round(low)} and {_round(high)}"
    update = {"statement": statement, "kind": "crossed", "n": middle, "high": _finite(high)}
    return known.model_copy(update=update)


def _taken_over(sizes: np.ndarray, scratch: np.ndarray, transfer: np.ndarray) -> dict[str, object] | None:
    """The crossing in the other direction: from scratch leads at few labels, and transfer at many."""
    if len(sizes) < 2:
        return None
    leads_at_first = float((scratch[:, 0] > transfer[:, 0]).mean())
    leads_at_last = float((transfer[:, -1] > scratch[:, -1]).mean())
    if min(leads_at_first, leads_at_last) < CONFIDENT:
        return None
    found = crossing(sizes, transfer, scratch)
    low, middle, high = (found.quantile(share) for share in (0.05, 0.5, 0.95))
    statement = (
        f"transfer overtakes near {_round(middle)} labels, between {_round(low)} and {_round(high)}; "
        f"from scratch leads at {int(sizes[0]):,}"
    )
    return {"statement": statement, "kind": "taken over", "n": middle, "low": _finite(low), "high": _finite(high)}


def measured_head_start(evidence: Evidence) -> HeadStart:
    """How many from-scratch labels the pretrained start is worth, inside the measured range.

    Answered at the largest size whose match still lies inside the range, else "more than".
    """
    curves = envelopes(evidence)
    if curves is None:
        return HeadStart(statement="not measured: no size has both sides")
    sizes, scratch, transfer = curves
    for index in range(len(sizes) - 1, -1, -1):
        n = int(sizes[index])
        needed = labels_to_match(sizes, scratch, transfer[:, index])
        low, middle, high = (float(np.quantile(needed, share, method="nearest")) for share in (0.05, 0.5, 0.95))
        if np.isfinite(middle) and middle > sizes[0]:
            upper = _round(high) if np.isfinite(high) else f"more than {int(sizes[-1]):,}"
            return HeadStart(
                statement=f"{n:,} labels with a pretrained start do as well as about {_round(middle)} from scratch "
                f"({_round(low)} to {upper})",
                n=n,
                examples=float(middle),
                multiplier=float(middle / n),
                low=float(low / n),
                high=_finite(high / n),
            )
    if _taken_over(sizes, scratch, transfer) is not None:
        return HeadStart(
            statement="none with few labels: from scratch leads there, transfer with more", n=int(sizes[-1])
        )
    n = int(sizes[0])
    beyond = (labels_to_match(sizes, scratch, transfer[:, 0]) > sizes[-1]).mean()
    if beyond > 0.5 and len(sizes) == 1:
        return HeadStart(statement="not measured: all contenders were run at one size alone", n=n)
    if beyond > 0.5:
        statement = f"{n:,} labels with a pretrained start beat at least {int(sizes[-1]):,} from scratch"
        return HeadStart(statement=statement, n=n, low=float(sizes[-1] / n))
    return HeadStart(statement=f"none: from scratch is as good from {n:,} labels on", n=n)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _round(value: float) -> str:
    """Two significant digits: the intervals are never better than that."""
    if not np.isfinite(value):
        return "beyond the measured range"
    digits = max(0, int(np.floor(np.log10(max(value, 1)))) - 1)
    return f"{round(value / 10**digits) * 10**digits:,.0f}"
