"""What every renderer derives from the summary: the headline, the order of arms, the difference that counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from headstart.report import wording

if TYPE_CHECKING:
    from headstart.advice.arm_record import ArmReport, CurvePoint
    from headstart.advice.recommendation import Difference
    from headstart.report.summary import Summary

HEADLINES = {
    "transfer": "Transfer",
    "scratch": "From scratch",
    "hybrid": "Hybrid",
    "tie": "Tie",
    "undetermined": "Not determined",
}
CLOSE = "Too close to call"
STATUS_ORDER = ("chosen", "compared", "dropped", "failed", "not started")
OPPOSITE = {"better": "worse", "worse": "better"}


def headline(summary: Summary) -> str:
    """The verdict in one or two words, such as ``"Transfer"``."""
    answer = summary.recommendation
    if answer.paradigm == "undetermined" and answer.sentence.startswith(CLOSE):
        return CLOSE
    return HEADLINES[answer.paradigm]


def metric_name(summary: Summary) -> str:
    """Name of the study's metric."""
    return summary.recommendation.metric.name


def chosen_arm(summary: Summary) -> ArmReport | None:
    """The arm to use now; None when no arm was measured."""
    answer = summary.recommendation
    for arm in answer.arms:
        if arm.status == "chosen":
            return arm
    for arm in answer.arms:
        if arm.strategy == answer.strategy and arm.candidate == answer.candidate and arm.strategy:
            return arm
    return None


def find_arm(summary: Summary, key: str) -> ArmReport | None:
    """The arm with this key (or this name, which outside tables use)."""
    return next((arm for arm in summary.recommendation.arms if key in (arm.key, arm.name)), None)


def arm_name(summary: Summary, key: str) -> str:
    """The arm in words; the key itself when the study does not know it."""
    arm = find_arm(summary, key)
    return arm.name if arm else key


def last_point(arm: ArmReport) -> CurvePoint | None:
    """The measurement at the arm's largest n."""
    curve = [point for point in arm.curve if not wording.missing(point.value)]
    return max(curve, key=lambda point: point.n) if curve else None


def figure(arm: ArmReport, metric: str) -> str:
    """The metric at the arm's largest n with its interval."""
    point = last_point(arm)
    if point is None:
        return wording.MISSING
    return wording.score_with_interval(point.value, point.low, point.high, metric)


def largest_n(arm: ArmReport) -> int | None:
    """The arm's largest measured n."""
    point = last_point(arm)
    return point.n if point else None


def ordered_arms(summary: Summary) -> list[ArmReport]:
    """Arms as a reader wants them: the chosen one, then by status, then by their metric."""

    def rank(arm: ArmReport) -> tuple[int, float]:
        point = last_point(arm)
        return STATUS_ORDER.index(arm.status), -point.value if point else 1.0

    return sorted(summary.recommendation.arms, key=rank)


def short_names(summary: Summary) -> dict[str, str]:
    """Names short enough for a chart, by arm key: the strategy, and the candidate only where it is needed."""
    arms = summary.recommendation.arms
    often = Counter(arm.strategy for arm in arms)
    names = {}
    for arm in arms:
        name = wording.clean(arm.strategy).replace("_", " ")
        if often[arm.strategy] > 1:
            name = f"{name}, {wording.clean(arm.candidate).removeprefix('builtin:')}"
        names[arm.key] = wording.clean(name, 34)
    # Two names cut to the same letters would merge into one line of a chart.
    repeated = {name for name, times in Counter(names.values()).items() if times > 1}
    return {
        key: f"{wording.clean(name, 28)} #{place}" if name in repeated else name
        for place, (key, name) in enumerate(names.items(), start=1)
    }


def main_difference(summary: Summary) -> Difference | None:
    """The paired difference behind the verdict: the chosen arm against the best of the other sides.

    Returns:
        The difference at the largest n, read from the chosen arm's side; without another side, against
        the best arm of the same one; None when nothing was compared.
    """
    chosen = chosen_arm(summary)
    if chosen is None:
        return None
    own, paradigm = {chosen.key, chosen.name}, chosen.paradigm
    sides = []
    for difference in summary.recommendation.differences:
        if difference.arm in own:
            sides.append(difference)
        elif difference.reference in own:
            sides.append(mirrored(difference))

    def weight(difference: Difference) -> tuple[bool, int, float]:
        other = find_arm(summary, difference.reference)
        return other is not None and other.paradigm != paradigm, difference.n, -difference.difference

    return max(sides, key=weight) if sides else None


def mirrored(difference: Difference) -> Difference:
    """The same difference from the reference's side."""
    return difference.model_copy(
        update={
            "arm": difference.reference,
            "reference": difference.arm,
            "difference": -difference.difference,
            "low": -difference.high,
            "high": -difference.low,
            "p_better": 1 - difference.p_better,
            "verdict": OPPOSITE.get(difference.verdict, difference.verdict),
        }
    )


def difference_sentence(summary: Summary) -> tuple[str, str] | None:
    """The main difference in words.

    Returns:
        A label and a sentence, such as ``("Beats", "from_scratch of x by 11.2 points [7.9, 14.6] at n = 1,240")``.
    """
    difference = main_difference(summary)
    if difference is None:
        return None
    metric = metric_name(summary)
    other = wording.clean(arm_name(summary, difference.reference))
    size = f"{wording.interval(difference.low, difference.high, metric)} at n = {wording.count(difference.n)}"
    amount = wording.score(abs(difference.difference), metric) + wording.points(metric)
    if difference.verdict == "better":
        return "Beats", f"{other} by {amount} {size}"
    if difference.verdict == "tie":
        margin = wording.score(summary.recommendation.margin, metric) + wording.points(metric)
        return "Ties with", f"{other} within {margin}: {wording.signed(difference.difference, metric)} {size}"
    lead = "ahead of" if difference.difference >= 0 else "behind"
    return "So far", f"{amount} {lead} {other} {size}"
