"""What a user asked for, as a value that is stored with the study."""

from __future__ import annotations

import re

from headstart.core import BudgetError, Record, SettingsError, did_you_mean
from headstart.evidence import METRICS

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?=[\s\d]|$)\s*")
SMALLEST_BUDGET = 10.0
MARGIN = 0.01  # unless the user names another
IMBALANCE = 3.0  # from this ratio of class sizes on, accuracy hides the small classes
CLASSES_ALIKE = frozenset({"macro-f1", "balanced-accuracy"})  # weigh every class alike, however rare
RARE = 0.5  # bench/results/prior.md: between the shares of the data and equal ones, both of which cost macro-F1


class StudySettings(Record):
    """Options that change a study's numbers; all but the budget must be equal to resume.

    Attributes:
        metric: ``accuracy``, ``macro-f1`` or ``balanced-accuracy``.
        margin: What difference matters, as a share (0.01 is one point); None for :func:`margin_at`'s own.
        weights: Content hash of each candidate.
        budget_seconds: Time allowed in all, summed over resumes.
        planned_labels: Labels that the answer is for; None for all that are there.
        target: Value of the metric that is to be reached; None if none was named.
        class_prior: Power to which the classes' shares count in predictions; see :func:`class_prior`.
    """

    schema_version: int = 1
    source: str
    task: str
    metric: str
    margin: float | None
    seed: int
    candidates: tuple[str, ...]
    weights: tuple[str, ...] = ()
    strategies: tuple[str, ...]
    data_fingerprint: str
    budget_seconds: float
    planned_labels: int | None = None
    target: float | None = None
    class_prior: float = 1.0

    def differences(self, other: StudySettings) -> list[str]:
        """What changed between two settings, in words; a larger budget is no change."""
        ignored = {"budget_seconds", "planned_labels", "target", "schema_version", "source", "weights"}
        mine, theirs = self.model_dump(exclude=ignored), other.model_dump(exclude=ignored)
        changes = [f"{name}: {mine[name]} -> {theirs[name]}" for name in mine if mine[name] != theirs[name]]
        known = dict(zip(self.candidates, self.weights, strict=False))
        for name, weights in zip(other.candidates, other.weights, strict=False):
            if known.get(name, weights) != weights:
                changes.append(f"the weights of {name} are others")
        return changes


def parse_budget(text: str | float) -> float:
    """Read a duration such as ``90s``, ``15m``, ``1.5h``, ``1h30m``; a bare number is seconds.

    Returns:
        Seconds.

    Raises:
        SettingsError: It is no duration.
        BudgetError: It is too short for anything.
    """
    if isinstance(text, int | float):
        seconds = float(text)
    else:
        words = text.strip().lower()
        words += "s" if re.fullmatch(r"\d+(?:\.\d+)?", words) else ""
        pieces = PIECE.findall(words)
        if not pieces or PIECE.sub("", words):
            raise SettingsError(
                f"{text!r} is not a duration", place="--budget", hint="Write it like 90s, 15m, 2h or 1h30m"
            )
        seconds = sum(float(amount) * UNITS[unit[0]] for amount, unit in pieces)
    if not seconds >= SMALLEST_BUDGET:
        raise BudgetError(
            f"a budget of {seconds:g} s does not suffice even for the baseline",
            place="--budget",
            hint=f"Allow at least {SMALLEST_BUDGET:.0f}s; 15m is a good start",
        )
    return seconds


def choose_metric(asked: str | None, class_counts: list[int]) -> tuple[str, str]:
    """The metric, and why.

    Raises:
        SettingsError: No such metric.
    """
    if asked:
        name = asked.lower().replace("_", "-")
        if name not in METRICS:
            raise SettingsError(f"no metric {asked!r}", place="--metric", hint=did_you_mean(name, METRICS))
        return name, "as asked"
    ratio = max(class_counts) / max(min(class_counts), 1)
    if ratio > IMBALANCE:
        return "macro-f1", f"the largest class is {ratio:.1f} times the smallest"
    return "accuracy", "classes are of like size"


def class_prior(metric: str) -> float:
    """The power to which the classes' shares count in predictions that this metric judges, the same for every arm."""
    return RARE if metric in CLASSES_ALIKE else 1.0


def margin_at(settings: StudySettings, error: float) -> float:
    """The margin that counts where the better arm has this error: one point, or a quarter of the error if less.

    At 99.5 % two arms within a point may differ by four times the errors: that is no tie.
    """
    return min(MARGIN, max(error, 0.0) / 4) if settings.margin is None else settings.margin


def check_aims(planned_labels: int | None, target: float | None) -> None:
    """Check how many labels are planned, and what value of the metric is to be reached.

    Raises:
        SettingsError: No such number of labels, or no share.
    """
    if planned_labels is not None and planned_labels < 1:
        raise SettingsError(
            f"{planned_labels} planned labels are none",
            place="--planned-labels",
            hint="Give the number of labels you will have, such as 20000",
        )
    if target is not None and not 0 < target < 1:
        raise SettingsError(
            f"a target of {target:g} is out of range", place="--target", hint="Give a share: 0.95 is 95 %"
        )


def check_margin(margin: float | None) -> float | None:
    """A margin as a share, or None.

    Raises:
        SettingsError: It is not between 0 and 0.5.
    """
    if margin is not None and not 0 <= margin <= 0.5:
        raise SettingsError(
            f"a margin of {margin:g} is out of range", place="--margin", hint="Give a share: 0.01 is one point"
        )
    return margin
