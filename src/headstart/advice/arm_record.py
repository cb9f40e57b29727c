"""What a study knows about one arm, as part of ``recommendation.json``."""

from __future__ import annotations

from typing import Literal

from headstart.core import Paradigm, Recipe, Record


class CurvePoint(Record):
    """One size of one arm's learning curve: mean over repeats and its 90 % interval.

    Attributes:
        n: Labels asked for.
        n_realised: Labels that trials of this size looked at: whole groups make it differ.
        seconds: Mean seconds of a trial.
    """

    n: int
    n_realised: int
    value: float
    low: float
    high: float
    repeats: int
    seconds: float = 0.0


class ExpectedPoint(Record):
    """What an arm is expected to reach with so many labels, measured there or not: median and 90 % interval.

    Attributes:
        n: Labels.
        extrapolated: Whether ``n`` lies beyond the arm's largest measured size.
    """

    n: int
    value: float
    low: float
    high: float
    extrapolated: bool


class ArmReport(Record):
    """What is known about one arm.

    Attributes:
        status: ``chosen``, ``compared``, ``dropped`` (clearly worse), ``failed`` or ``not started``.
        note: Why, in a few words.
        evaluations: Recipe evaluations its tuning used.
        expected: Its learning curve, as far as something is said about it: up to four times its largest size.
        runner_up: The second best recipe, if more than one was tried.
        converged: Whether twice the steps gain less than one standard error; None if not checked.
        train_seconds: Seconds of the trial at its largest n.
        train_flops: Floating-point operations of that trial.
        feature_seconds: Seconds to compute the frozen features of one example, which trials share; 0 without any.
        machine_share: Of the machine's rate of matrix products, what its steps reached; None without steps.
        seed_spread: Standard deviation of the metric between repeats at the largest n measured twice; None if none was.
        calibration_error: Mean distance of confidence from the share right, debiased, at its largest n.
        brier: Mean squared distance of the probabilities from the truth, at its largest n.
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
    expected: tuple[ExpectedPoint, ...] = ()
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
    train_flops: float = 0.0
    feature_seconds: float = 0.0
    machine_share: float | None = None
    seconds_to_95: float | None = None
    seed_spread: float | None = None
    calibration_error: float | None = None
    brier: float | None = None
