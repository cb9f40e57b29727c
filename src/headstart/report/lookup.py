"""What every renderer derives from the summary: the headline, the order of arms, the difference that counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from headstart.report import wording

if TYPE_CHECKING:
    from headstart.report.summary import Summary

Document = dict[str, Any]  # a summary as JSON has it: what page, card and screen are drawn from
HEADLINES = {
    "transfer": "Transfer",
    "scratch": "From scratch",
    "hybrid": "Hybrid",
    "tie": "Tie",
    "undetermined": "Not determined",
}
CLOSE = "Too close to call"
STATUS_ORDER = ("chosen", "compared", "dropped", "failed", "not started")


def document_of(summary: Summary | Document) -> Document:
    """A summary as JSON has it."""
    return summary if isinstance(summary, dict) else summary.model_dump(mode="json")


def headline(summary: Document) -> str:
    """The verdict in one or two words, such as ``"Transfer"``."""
    answer = summary["recommendation"]
    paradigm = answer["paradigm"]
    if paradigm == "undetermined" and str(answer["sentence"]).startswith(CLOSE):
        return CLOSE
    return str(HEADLINES.get(paradigm, paradigm))


def metric_name(summary: Document) -> str:
    """Name of the study's metric."""
    return str(summary["recommendation"]["metric"]["name"])


def chosen_arm(summary: Document) -> dict[str, Any] | None:
    """The arm to use now; None when no arm was measured."""
    answer = summary["recommendation"]
    arms: list[dict[str, Any]] = answer["arms"]
    for arm in arms:
        if arm["status"] == "chosen":
            return arm
    for arm in arms:
        if arm["strategy"] == answer["strategy"] and arm["candidate"] == answer["candidate"] and arm["strategy"]:
            return arm
    return None


def find_arm(summary: Document, key: str) -> dict[str, Any] | None:
    """The arm with this key (or this name, which outside tables use)."""
    arms: list[dict[str, Any]] = summary["recommendation"]["arms"]
    for arm in arms:
        if key in (arm["key"], arm["name"]):
            return arm
    return None


def arm_name(summary: Document, key: str) -> str:
    """The arm in words; the key itself when the study does not know it."""
    arm = find_arm(summary, key)
    return arm["name"] if arm else key


def last_point(arm: dict[str, Any]) -> dict[str, Any] | None:
    """The measurement at the arm's largest n."""
    curve = [point for point in arm.get("curve") or () if not wording.missing(point["value"])]
    return max(curve, key=lambda point: point["n"]) if curve else None


def ordered_arms(summary: Document) -> list[dict[str, Any]]:
    """Arms as a reader wants them: the chosen one, then by status, then by their metric."""

    def rank(arm: dict[str, Any]) -> tuple[int, float]:
        status = STATUS_ORDER.index(arm["status"]) if arm["status"] in STATUS_ORDER else len(STATUS_ORDER)
        point = last_point(arm)
        return status, -point["value"] if point else 1.0

    return sorted(summary["recommendation"]["arms"], key=rank)


def short_names(summary: Document) -> dict[str, str]:
    """Names short enough for a chart, by arm key: the strategy, and the candidate only where it is needed."""
    arms = summary["recommendation"]["arms"]
    often = Counter(arm["strategy"] for arm in arms)
    names = {}
    for arm in arms:
        name = wording.clean(arm["strategy"]).replace("_", " ")
        if often[arm["strategy"]] > 1:
            name = f"{name}, {wording.clean(arm['candidate']).removeprefix('builtin:')}"
        names[arm["key"]] = wording.clean(name, 34)
    # Two names cut to the same letters would merge into one line of a chart.
    repeated = {name for name, times in Counter(names.values()).items() if times > 1}
    return {
        key: f"{wording.clean(name, 28)} #{place}" if name in repeated else name
        for place, (key, name) in enumerate(names.items(), start=1)
    }


def main_difference(summary: Document) -> dict[str, Any] | None:
    """The paired difference behind the verdict: the chosen arm against the best of the other sides.

    Returns:
        The difference at the largest n, read from the chosen arm's side; without another side, against
        the best arm of the same one; None when nothing was compared.
    """
    chosen = chosen_arm(summary)
    if chosen is None:
        return None
    own = {chosen["key"], chosen["name"]}
    sides = []
    for difference in summary["recommendation"]["differences"]:
        if difference["arm"] in own:
            sides.append(difference)
        elif difference["reference"] in own:
            sides.append(mirrored(difference))

    def weight(difference: dict[str, Any]) -> tuple[bool, int, float]:
        other = find_arm(summary, difference["reference"])
        crosses = other is not None and other["paradigm"] != chosen["paradigm"]
        return crosses, difference["n"], -difference["difference"]

    return max(sides, key=weight) if sides else None


def mirrored(difference: dict[str, Any]) -> dict[str, Any]:
    """The same difference from the reference's side."""
    verdicts = {"better": "worse", "worse": "better"}
    return difference | {
        "arm": difference["reference"],
        "reference": difference["arm"],
        "difference": -difference["difference"],
        "low": -difference["high"],
        "high": -difference["low"],
        "p_better": 1 - difference["p_better"],
        "verdict": verdicts.get(difference["verdict"], difference["verdict"]),
    }


def difference_sentence(summary: Document) -> tuple[str, str] | None:
    """The main difference in words.

    Returns:
        A label and a sentence, such as ``("Beats", "from_scratch of x by 11.2 points [7.9, 14.6] at n = 1,240")``.
    """
    difference = main_difference(summary)
    if difference is None:
        return None
    metric = metric_name(summary)
    other = wording.clean(arm_name(summary, difference["reference"]))
    size = f"{wording.interval(difference['low'], difference['high'], metric)} at n = {wording.count(difference['n'])}"
    amount = wording.score(abs(difference["difference"]), metric) + wording.points(metric)
    if difference["verdict"] == "better":
        return "Beats", f"{other} by {amount} {size}"
    if difference["verdict"] == "tie":
        margin = wording.score(summary["recommendation"]["margin"], metric) + wording.points(metric)
        shift = wording.signed(difference["difference"], metric)
        return "Ties with", f"{other} within {margin}: {shift} {size}"
    lead = "ahead of" if difference["difference"] >= 0 else "behind"
    return "So far", f"{amount} {lead} {other} {size}"
