"""The answer of a study as a documented, versioned record: ``recommendation.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from headstart.core import Paradigm, Recipe, Record


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


class Crossover(Record):
    """From how many labels on from scratch wins.

    Attributes:
        statement: A sentence: already crossed, between two sizes, or not seen up to a size.
        n: Point estimate, if the curves cross inside the measured range.
        horizon: The largest n the statement speaks about.
    """

    statement: str
    n: float | None = None
    low: float | None = None
    high: float | None = None
    horizon: int


class HeadStart(Record):
    """How many labels the pretrained start is worth.

    Attributes:
        statement: The same in words, with "more than" where the scratch curve does not reach that far.
        n: The size at which transfer was measured.
        examples: Labels that from scratch needs to match transfer at ``n``; None if out of range.
        multiplier: ``examples / n``.
        low: Lower end of the interval of ``multiplier``.
        high: Upper end of the interval of ``multiplier``.
    """

    statement: str
    n: int | None = None
    examples: float | None = None
    multiplier: float | None = None
    low: float | None = None
    high: float | None = None


class CurvePoint(Record):
    """One size of one arm's learning curve: mean over repeats and its 90 % interval.

    Attributes:
        n: Labels asked for.
        n_realised: Labels that trials of this size looked at: whole groups make it differ.
    """

    n: int
    n_realised: int
    value: float
    low: float
    high: float
    repeats: int


class ArmReport(Record):
    """What is known about one arm.

    Attributes:
        status: ``chosen``, ``compared``, ``dropped`` (clearly worse), ``failed`` or ``not started``.
        note: Why, in a few words.
        evaluations: Recipe evaluations its tuning used.
        runner_up: The second best recipe, if more than one was tried.
        converged: Whether twice the steps gain less than one standard error; None if not checked.
        train_seconds: Seconds of the trial at its largest n.
        seconds_to_95: Seconds until 95 % of the final metric was reached; None if no curve was recorded.
    """

    key: str
    name: str
    candidate: str
    strategy: str
    paradigm: Paradigm
    status: Literal["chosen", "compared", "dropped", "failed", "not started"]
    note: str = ""
    curve: tuple[CurvePoint, ...] = ()
    recipe: Recipe | None = None
    runner_up: Recipe | None = None
    evaluations: int = 0
    tuned_at: int | None = None
    converged: bool | None = None
    parameters: int = 0
    trainable_parameters: int = 0
    size_on_disk_mb: float | None = None
    latency_ms: float | None = None
    train_seconds: float | None = None
    seconds_to_95: float | None = None


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
    """Where the time went, in seconds."""

    budget_seconds: float
    spent_seconds: float
    tuning_seconds: float
    measuring_seconds: float
    preparing_seconds: float
    flops: float


class Reason(Record):
    """A sentence that carries a figure, and the trials it rests on."""

    text: str
    trials: tuple[str, ...] = ()


class Recommendation(Record):
    """The documented answer of a study.

    Attributes:
        paradigm: Which way won, ``tie``, or ``undetermined``.
        strategy: The strategy to use now (also given for a tie or an open verdict: the best so far).
        p_best: Share of the joint draws in which the chosen arm is the best of those compared.
        expected_regret: Expected loss, in units of the metric, from taking the chosen arm.
        comparison_size: Largest n at which both paradigms finished their own schedules.
        remedy: What would decide an open verdict.
    """

    schema_version: int = 1
    paradigm: Literal["transfer", "scratch", "hybrid", "tie", "undetermined"]
    sentence: str
    remedy: str | None = None
    strategy: str | None
    candidate: str | None
    metric: MetricValue
    margin: float
    p_best: float | None
    expected_regret: float | None
    runner_up: str | None
    baseline: float | None = Field(description="the metric of always guessing the commonest class")
    crossover: Crossover
    head_start: HeadStart
    comparison_size: int | None
    scratch_might_win_with_compute: bool
    arms: tuple[ArmReport, ...]
    differences: tuple[Difference, ...]
    costs: Costs
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]
    model_dir: str | None
    model_format: Literal["transformers", "skops", "headstart"] | None
