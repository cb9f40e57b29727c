"""The answer of a study as a documented, versioned record: ``recommendation.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from headstart.advice.arm_record import ArmReport
from headstart.advice.before_record import Before
from headstart.core import ModelFormat, Paradigm, Record


class MetricValue(Record):
    """A metric with its interval.

    Attributes:
        value: Estimate; of the chosen arm, corrected for having been chosen where that was possible.
        low: Lower end of the 90 % interval.
        high: Upper end of the 90 % interval.
        naive: The same before any correction for selection.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n_test: int
    naive: float | None = None


class NextTrials(Record):
    """Trials that would tell more about the crossover, the most for each second.

    Attributes:
        arms: Keys of the arms to measure.
        n: With so many labels.
        repeats: Runs of each.
        seconds: What they would take, by what trials took so far.
        missing_labels: Labels of ``n`` that are not available yet.
    """

    arms: tuple[str, ...]
    n: int
    repeats: int
    seconds: float
    missing_labels: int


class Crossover(Record):
    """From how many labels on from scratch wins.

    Attributes:
        statement: The same in words.
        kind: ``crossed`` at a measured size, ``between`` two sizes, ``taken over`` (by transfer: from scratch leads
            at few labels), ``none`` up to ``horizon``, ``tie``,
            ``undetermined``, or ``unmeasured``.
        n: Point estimate; None where most draws do not cross up to ``horizon``.
        low: Lower end of the 90 % interval; None beyond ``horizon``.
        high: Upper end of the 90 % interval; None beyond ``horizon``.
        horizon: The largest n the statement speaks about: beyond ``n_max`` it is extrapolated.
        n_max: The largest n at which both sides were measured.
        p_crossed: Share of the joint draws that cross by ``n_max``.
        p_by_horizon: Share of the joint draws that cross by ``horizon``.
        next: What would show more, where the answer is not determined.
    """

    statement: str
    kind: Literal["tie", "crossed", "between", "taken over", "none", "undetermined", "unmeasured"] = "unmeasured"
    n: float | None = None
    low: float | None = None
    high: float | None = None
    horizon: int
    n_max: int | None = None
    p_crossed: float | None = None
    p_by_horizon: float | None = None
    next: NextTrials | None = None


class Leaning(Record):
    """What the curves lean to beyond the compared size: an extrapolation, not a measurement.

    Attributes:
        n: Labels it speaks about: the target, or the furthest that curves help.
        target: Labels the answer is for.
        arm: Key of the arm that is expected to be best there.
        paradigm: Its side.
        p_side: P(its side is better there).
        p_best: P(it is the best arm there).
    """

    n: int
    target: int
    arm: str
    paradigm: Paradigm
    p_side: float
    p_best: float


class HeadStart(Record):
    """How many labels the pretrained start is worth.

    Attributes:
        statement: The same in words, with "more than" where the scratch curve does not reach that far.
        n: The size at which transfer was measured.
        examples: Labels that from scratch needs to match transfer at ``n``; None if out of range.
        multiplier: ``examples / n``.
        low: Lower end of the interval of ``multiplier``.
        high: Upper end of the interval of ``multiplier``.
        extrapolated: Whether ``examples`` lies beyond the measured sizes.
        seconds: What a from-scratch run that does as well takes more than the transfer run; negative if it takes less.
    """

    statement: str
    n: int | None = None
    examples: float | None = None
    multiplier: float | None = None
    low: float | None = None
    high: float | None = None
    extrapolated: bool = False
    seconds: float | None = None


class MoreLabels(Record):
    """What twice the labels would bring an arm.

    Attributes:
        n: Labels now.
        to: Labels then.
        expected: Expected gain of the metric.
        low: Lower end of its 90 % interval.
        high: Upper end of its 90 % interval.
        labels_per_point: Labels for each point of expected gain; None where none is expected.
    """

    arm: str
    n: int
    to: int
    expected: float
    low: float
    high: float
    labels_per_point: float | None


class SliceHarm(Record):
    """A class on which the transfer arm does worse than the from-scratch arm, beyond chance.

    Attributes:
        name: The class.
        examples: Its test examples.
        difference: Share right, transfer minus from scratch.
        low: Lower end of the 90 % interval.
        high: Upper end of the 90 % interval.
        p_adjusted: One-sided p-value, adjusted for the number of classes (Holm).
    """

    name: str
    examples: int
    difference: float
    low: float
    high: float
    p_adjusted: float


class NegativeTransfer(Record):
    """Whether a pretrained start does harm, at the comparison size.

    Attributes:
        n: Labels.
        transfer: The best transfer arm.
        scratch: The best from-scratch arm.
        p_worse: Share of the joint draws in which the transfer arm is worse by more than the margin.
        harmful: Transfer arms that are worse by more than the margin, beyond chance (Holm over arms).
        classes_checked: Classes with enough test examples to judge.
        harmed: Classes on which the transfer arm does worse, the worst first.
        way_out: What to try: ``scratch``, ``other-candidate`` or ``fewer-layers``; None where nothing is harmed.
    """

    n: int
    transfer: str
    scratch: str
    p_worse: float
    harmful: tuple[str, ...]
    classes_checked: int
    harmed: tuple[SliceHarm, ...]
    way_out: Literal["scratch", "other-candidate", "fewer-layers"] | None


class Difference(Record):
    """A paired difference between two arms at one size, in points of the metric (share, not percent).

    Attributes:
        difference: Metric of ``arm`` minus metric of ``reference``.
        p_better: Share of the joint draws in which ``arm`` is better.
        verdict: ``better``, ``worse``, ``tie`` (inside the margin) or ``undetermined``.
    """

    arm: str
    reference: str
    n: int
    difference: float
    low: float
    high: float
    p_better: float
    repeats: int
    verdict: Literal["better", "worse", "tie", "undetermined"]


class Costs(Record):
    """Where the time went, in seconds.

    Attributes:
        tuning_seconds: Of all tuning trials together, also where several ran at once.
        measuring_seconds: Of all measuring trials together.
        preparing_seconds: Working time in which no trial ran.
        cpu_seconds: Processor seconds of all trials, over all threads.
    """

    budget_seconds: float
    spent_seconds: float
    tuning_seconds: float
    measuring_seconds: float
    preparing_seconds: float
    cpu_seconds: float = 0.0
    flops: float


class Reason(Record):
    """A sentence that carries a figure, and the trials it rests on."""

    text: str
    trials: tuple[str, ...] = ()


class Recommendation(Record):
    """The documented answer of a study.

    Attributes:
        paradigm: Which side won, ``tie``, or ``undetermined``.
        strategy: The strategy to use now (also given for a tie or an open verdict: the best so far).
        p_best: Share of the joint draws in which the chosen arm is the best of those measured, at ``p_best_n`` labels.
        expected_regret: Expected loss there, in units of the metric, from taking the chosen arm.
        p_best_n: The labels of ``leaning``, or where the sides were compared if there is none.
        negative_transfer: Whether pretraining does harm, overall or to classes; None if a side was not measured.
        more_labels: What twice the labels would bring the chosen arm; None where its curve cannot be extrapolated.
        comparison_size: Largest n at which both sides finished their own schedules.
        remedy: What would decide an open verdict.
        action: What to do now.
        leaning: What the curves lean to beyond the compared size; None where that is the target size.
        leaning_sentence: The same in words.
        target_sentence: Labels to the value that was to be reached; None if none was named.
        p_side: P(the best option of the winning side beats the best of the other) at the compared size.
        p_within: P(the two differ by no more than the margin).
        trained_on: Labels that the model handed over learnt from.
        trained_share: Share of its recipe's steps that it was trained with.
        labels: Labels there are, those of the test part too where folds rotate.
        before: What published results let one expect, beside what was measured.
    """

    schema_version: int = 1
    paradigm: Literal["transfer", "scratch", "hybrid", "tie", "undetermined"]
    sentence: str
    remedy: str | None = None
    action: str = ""
    leaning: Leaning | None = None
    leaning_sentence: str | None = None
    target_sentence: str | None = None
    p_side: float | None = None
    p_within: float | None = None
    trained_on: int | None = None
    trained_share: float = 1.0
    labels: int | None = None
    before: Before | None = None
    strategy: str | None
    candidate: str | None
    metric: MetricValue
    margin: float
    p_best: float | None
    expected_regret: float | None
    p_best_n: int | None = None
    runner_up: str | None
    baseline: float | None = Field(description="the metric of always guessing the commonest class")
    crossover: Crossover
    head_start: HeadStart
    more_labels: MoreLabels | None = None
    negative_transfer: NegativeTransfer | None = None
    comparison_size: int | None
    scratch_might_win_with_compute: bool
    arms: tuple[ArmReport, ...]
    differences: tuple[Difference, ...]
    costs: Costs
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]
    model_dir: str | None = None
    model_format: ModelFormat | None = None

    @property
    def chosen(self) -> str | None:
        """Key of the arm to use now; None while nothing was measured."""
        return f"{self.strategy}@{self.candidate}" if self.strategy else None
