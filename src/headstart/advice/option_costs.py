"""The cheapest way to a value of the metric - more labels, another strategy, a larger model - by what a study measured.

An option's labels are read off its expected curve: where a curve falls, the share of its draws that reach a value with
n labels is the share of draws whose value at n is at least as high, so the quantiles of the labels are those of the
curve, inverted. Nothing is said beyond four times an option's largest size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.advice.arm_record import ArmReport
from headstart.advice.curve_sentences import size
from headstart.advice.option_costs_record import OptionCost, StudyCosts
from headstart.advice.recommendation import Recommendation
from headstart.advice.sentences import arm_words
from headstart.core import Arm, SettingsError
from headstart.evidence import cost_curve
from headstart.knowledge import Device, devices
from headstart.knowledge.estimates import cost_of_run


def study_costs(
    answer: Recommendation,
    pool: int,
    *,
    target: float | None = None,
    labels: int | None = None,
    label_price: float | None = None,
    machines: Sequence[Device] = (),
) -> StudyCosts:
    """Price one run of every measured option: with the labels there are, so many, or as many as reach a target.

    Args:
        answer: Of the study.
        pool: Labels to learn from that there are.
        target: Value of the metric to reach, as a share.
        labels: Labels of the runs; those there are if not given.
        label_price: Of one label more, in US dollars.
        machines: Other machines to price runs on.

    Raises:
        SettingsError: An option is impossible, or two exclude each other.
    """
    _check(target, labels, label_price)
    ways, beyond = [], []
    for arm in answer.arms:
        if not arm.curve:
            continue
        found = _way(arm, pool, target, labels or pool, label_price, machines)
        if isinstance(found, OptionCost):
            ways.append(found)
        else:
            beyond.append(f"{arm.name}: {found}")
    ways.sort(key=_price)
    metric = answer.metric.name
    return StudyCosts(
        metric=metric,
        target=target,
        labels=pool,
        label_price=label_price,
        ways=tuple(ways),
        beyond=tuple(beyond),
        sentence=_sentence(ways, metric, target),
        dated=devices()[0],
    )


def _check(target: float | None, labels: int | None, label_price: float | None) -> None:
    if target is not None and not 0 < target < 1:
        raise SettingsError(f"{target:g} cannot be reached", place="--target", hint="Give a share: 0.95 is 95 %")
    if target is not None and labels is not None:
        raise SettingsError("A target and a number of labels exclude each other", place="--labels", hint="Give one")
    if labels is not None and labels < 1:
        raise SettingsError(f"{labels} labels are not possible", place="--labels", hint="Give 1 or more")
    if label_price is not None and not 0 <= label_price < float("inf"):
        raise SettingsError(f"A label for {label_price:g} is not possible", place="--label-price", hint="0 or more")


def _way(
    arm: ArmReport, pool: int, target: float | None, labels: int, label_price: float | None, machines: Sequence[Device]
) -> OptionCost | str:
    """One option, or why nothing can be said about it."""
    points = arm.expected
    if not points:
        again = "its curve is not in the stored answer: run the `headstart study` command again"
        return arm.note or "left out of the comparison" if arm.status == "dropped" else again
    last = points[-1].n
    low: int | None
    high: int | None
    low = high = None
    if target is not None:
        reached = [_reached(arm, [getattr(p, end) for p in points], target) for end in ("high", "value", "low")]
        low, middle, high = reached
        if middle is None:
            best = max(point.value for point in points)
            return f"not expected to reach it with up to {size(last)} labels (best expected {100 * best:.1f})"
        labels = middle
    elif not points[0].n <= labels <= last:
        return (
            f"nothing is said about {size(labels)} labels: measured with {size(points[0].n)} to {size(arm.curve[-1].n)}"
        )
    at = [_at(arm, [getattr(point, end) for point in points], labels) for end in ("value", "low", "high")]
    missing = max(0, labels - pool)
    taken = cost_curve(np.asarray([float(p.n) for p in arm.curve]), np.asarray([p.seconds for p in arm.curve]))
    trial = float(taken.at(np.asarray([float(labels)]))[0])
    whole = max(float(taken.at(np.asarray([float(arm.curve[-1].n)]))[0]), 1e-9)
    flops = arm.train_flops * trial / whole
    return OptionCost(
        arm=arm.key,
        name=arm.name,
        strategy=arm.strategy,
        paradigm=arm.paradigm,
        labels=labels,
        low=low,
        high=high,
        value=at[0],
        value_low=at[1],
        value_high=at[2],
        extrapolated=labels > arm.curve[-1].n,
        missing=missing,
        labelling=None if label_price is None else missing * label_price,
        seconds=trial + labels * arm.feature_seconds,
        elsewhere=tuple(cost_of_run(arm.strategy, flops, machine) for machine in machines) if flops else (),
    )


def _reached(arm: ArmReport, values: list[float], target: float) -> int | None:
    """The fewest labels from which on a curve has reached a value; straight in log n between its points."""
    best = np.maximum.accumulate(values)
    if best[-1] < target:
        return None
    place = int(np.argmax(best >= target))
    if place == 0:
        return arm.expected[0].n
    before, after = float(best[place - 1]), float(best[place])
    share = (target - before) / (after - before)
    logs = np.log([arm.expected[place - 1].n, arm.expected[place].n])
    return int(np.ceil(np.exp((1 - share) * logs[0] + share * logs[1]) - 1e-9))


def _at(arm: ArmReport, values: list[float], labels: int) -> float:
    return float(np.interp(np.log(labels), np.log([point.n for point in arm.expected]), values))


def _price(way: OptionCost) -> tuple[float, int, float]:
    """Money, then labels that are missing, then time."""
    rent = min((sum(cost.usd) / 2 for cost in way.elsewhere if cost.usd), default=0.0)
    return (way.labelling or 0.0) + rent, way.missing, way.seconds


def _sentence(ways: Sequence[OptionCost], metric: str, target: float | None) -> str:
    """The cheapest way in words."""
    if not ways:
        return "No measured option is expected to reach it." if target is not None else "Nothing was measured there."
    way = ways[0]
    if target is None:
        return f"Cheapest to train with {size(way.labels)} labels: {_words(way)}."
    end = size(way.high) if way.high is not None else "more than can be said"
    span = f" ({size(way.low or way.labels)} to {end})"
    more = f", {size(way.missing)} more than there are" if way.missing else ", which there are"
    price = f", for ${way.labelling:,.0f}" if way.labelling else ""
    goal = f"{metric} {100 * target:.4g}"
    return f"Cheapest way to {goal}: {_words(way)} with about {size(way.labels)} labels{span}{more}{price}."


def _words(way: OptionCost) -> str:
    return arm_words(Arm(candidate=way.arm.partition("@")[2], strategy=way.strategy, paradigm=way.paradigm))
