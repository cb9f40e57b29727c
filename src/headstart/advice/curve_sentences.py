"""What curves show, in words: never more digits than the interval carries, never a number beyond the horizon."""

from __future__ import annotations

import numpy as np

from headstart.evidence import CrossoverDraws, Labels


def crossing_sentence(found: CrossoverDraws, margin: float) -> str:
    """What may be said of a crossover."""
    low, high = found.interval
    middle = found.quantile(0.5)
    start = float(found.draws.min())
    limit = f" ({found.limited_by})" if found.limited_by else ""
    if found.statement == "tie":
        return f"a tie: they differ by less than {_points(margin)} at every size up to n = {size(found.n_max)}"
    if found.statement == "crossed":
        if high <= start * 1.001:
            return f"from scratch leads wherever both were measured, from n = {size(start)} on{limit}"
        bounds = f"{size(low)} to {size(high)}" if np.isfinite(high) else f"{size(low)} or more"
        return f"already crossed: from scratch leads from n = {size(middle)} on ({bounds}){limit}"
    if found.statement == "between":
        return (
            f"from scratch overtakes between n = {size(low)} and {size(high)}, near {size(middle)}; "
            f"measured is n = {size(found.n_max)}"
        )
    if found.statement == "none":
        far = "" if found.limited_by else f", {found.horizon / found.n_max:.3g} times the largest measured"
        return f"no crossing up to n = {size(found.horizon)}{far}{limit}"
    seen = f"not determined: {_percent(found.p_crossed)} of the draws cross by n = {size(found.n_max)}"
    if found.horizon > found.n_max:
        seen += f", {_percent(found.p_by_horizon)} by {size(found.horizon)}"
    return seen + limit


def head_start_sentence(labels: Labels, transfer: str, n: float) -> str:
    """How many labels from scratch a transfer arm is worth."""
    low, high = labels.interval
    middle = labels.quantile(0.5)
    said = f"{transfer} with n = {size(n)} does as well as from scratch with "
    if not np.isfinite(middle):
        return said + f"more than {size(low if np.isfinite(low) else labels.horizon)}"
    if middle <= labels.smallest * 1.001:
        return said + f"{size(labels.smallest)} or fewer, the least measured"
    end = size(high) if np.isfinite(high) else f"more than {size(labels.horizon)}"
    return said + f"{size(middle)} ({size(low)} to {end}): {middle / n:.2g} times as many"


def target_sentence(labels: Labels, arm: str, error: float, metric: str) -> str:
    """How many labels an arm needs for a target."""
    goal = f"an accuracy of {100 * (1 - error):.4g} %" if metric == "accuracy" else f"an error of {100 * error:.4g} %"
    low, high = labels.interval
    if labels.p_reached <= 0.05:
        return f"{arm}: {goal} is not reachable up to n = {size(labels.horizon)}"
    middle = labels.quantile(0.5)
    if not np.isfinite(middle):
        return f"{arm}: {goal} needs n = {size(low)} at least; {_percent(labels.p_reached)} of the draws reach it"
    if high <= labels.smallest * 1.001:
        return f"{arm}: {goal} is reached with n = {size(labels.smallest)}, the least measured, or fewer"
    end = size(high) if np.isfinite(high) else f"more than {size(labels.horizon)}"
    return f"{arm}: {goal} needs n = {size(middle)} ({size(low)} to {end})"


def size(n: float) -> str:
    """A number of labels: whole if it is one, else three significant digits."""
    return f"{n:,.0f}" if n == round(n) and n < 1e6 else f"{float(f'{n:.3g}'):,.0f}" if n >= 100 else f"{n:.3g}"


def _points(share: float) -> str:
    return f"{100 * share:.3g} {'point' if share == 0.01 else 'points'}"


def _percent(share: float) -> str:
    """A share in percent that never rounds a doubt away."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return "more than 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"
