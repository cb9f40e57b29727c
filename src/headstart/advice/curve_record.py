"""What finished measurements show, as a documented, versioned record: the JSON of ``headstart curves``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from headstart.core import Paradigm, Record

Side = Literal["tie", "crossed", "between", "none", "undetermined"]


class ErrorPoint(Record):
    """An error at one size.

    Attributes:
        n: Labels.
        error: Measured: the mean. Fitted: the median.
        low: Lower end of the 90 % interval; None for a measured mean.
        high: Upper end of the 90 % interval; None for a measured mean.
        repeats: Measurements behind a mean; 0 for a fitted one.
    """

    n: float
    error: float
    low: float | None = None
    high: float | None = None
    repeats: int = 0


class ArmCurve(Record):
    """One arm's learning curve.

    Attributes:
        arm: Its name.
        measured: Mean errors at the measured sizes.
        fitted: The curve with its intervals, up to ``reach``.
        reach: Largest n about which something is said.
        not_extrapolated: Why nothing is said beyond the measured sizes; None where something is.
    """

    arm: str
    paradigm: Paradigm
    measured: tuple[ErrorPoint, ...]
    fitted: tuple[ErrorPoint, ...]
    reach: float
    not_extrapolated: str | None = None


class CurveCrossing(Record):
    """From how many labels on from scratch is no worse.

    Attributes:
        scratch: The from-scratch arm; ``best`` stands for whichever is best in each draw.
        transfer: The transfer arm, likewise.
        statement: ``tie``, ``crossed`` (at a measured size), ``between`` (``low`` and ``high``), ``none`` (up to
            ``horizon``) or ``undetermined``.
        sentence: The same in words.
        n: Median; None where most draws do not cross up to the horizon.
        low: 5 % quantile; None beyond the horizon.
        high: 95 % quantile; None beyond the horizon.
        p_crossed: P(crossed at ``n_max``).
        p_by_horizon: P(crossed at ``horizon``).
        p_tie: P(the two differ by less than the margin at all measured sizes).
        n_max: Largest size at which both sides were measured.
        horizon: Largest size the statement speaks about.
    """

    scratch: str
    transfer: str
    statement: Side
    sentence: str
    n: float | None
    low: float | None
    high: float | None
    p_crossed: float
    p_by_horizon: float
    p_tie: float
    n_max: float
    horizon: float


class Saving(Record):
    """What a head start saves in one unit: a from-scratch run that does as well, minus the transfer run.

    Attributes:
        unit: ``seconds``, ``cost`` or ``energy``: the column it comes from.
        value: Median, negative where the pretrained start costs more than it saves; None for "more than any number of
            labels within the horizon".
        low: 5 % quantile; None as above.
        high: 95 % quantile; None as above.
    """

    unit: Literal["seconds", "cost", "energy"]
    value: float | None
    low: float | None
    high: float | None


class CurveHeadStart(Record):
    """Labels from scratch that do as well as a transfer arm with ``n``.

    Attributes:
        transfer: The transfer arm.
        n: Its labels.
        sentence: The same in words.
        labels: Median; None for "more than ``horizon``".
        low: 5 % quantile; None as above.
        high: 95 % quantile; None as above.
        multiplier: ``labels / n``.
        price: What the labels saved would cost, at the price given.
        savings: What a run saves, for each column of costs that holds both sides.
        horizon: Largest size about which the from-scratch curve says something.
    """

    transfer: str
    n: float
    sentence: str
    labels: float | None
    low: float | None
    high: float | None
    multiplier: float | None
    price: float | None = None
    savings: tuple[Saving, ...] = ()
    horizon: float


class ErrorDifference(Record):
    """Two arms' measured errors at one size.

    Attributes:
        arm: The arm.
        reference: The arm with the lowest mean error at this size.
        n: Labels.
        difference: ``arm`` minus ``reference``.
        low: Lower end of the 90 % interval.
        high: Upper end of the 90 % interval.
        verdict: ``tie`` (the interval lies inside the margin), ``worse`` or ``undetermined``.
    """

    arm: str
    reference: str
    n: float
    difference: float
    low: float
    high: float
    verdict: Literal["tie", "worse", "undetermined"]


class CostOfPoint(Record):
    """What a percentage point of expected fall costs beyond the labels: longer runs.

    Attributes:
        unit: ``seconds``, ``cost`` or ``energy``: the column it comes from.
        per_point: Cost of a run with twice the labels minus that of one with these, for each point.
    """

    unit: Literal["seconds", "cost", "energy"]
    per_point: float


class LabelGain(Record):
    """What twice the labels would bring an arm.

    Attributes:
        arm: Which arm.
        n: Labels now.
        to: Labels then.
        expected: Expected fall of the error.
        low: 5 % quantile of the fall.
        high: 95 % quantile of the fall.
        labels_per_point: Labels for each percentage point of expected fall; None where none is expected.
        costs: What a run then costs more, for each such point.
    """

    arm: str
    n: float
    to: float
    expected: float
    low: float
    high: float
    labels_per_point: float | None
    costs: tuple[CostOfPoint, ...] = ()


class TargetLabels(Record):
    """Labels with which an arm reaches a target.

    Attributes:
        arm: Which arm.
        target: The error to reach.
        sentence: The answer in words.
        n: Median; None where most draws do not reach it up to the horizon.
        low: 5 % quantile; None as above.
        high: 95 % quantile; None as above.
        p_reached: Share of the draws that reach it up to the horizon.
        horizon: Largest size about which something is said.
    """

    arm: str
    target: float
    sentence: str
    n: float | None
    low: float | None
    high: float | None
    p_reached: float
    horizon: float


class SizePrediction(Record):
    """An arm's error at a size that was asked for.

    Attributes:
        arm: Which arm.
        n: The size.
        error: Median; None where nothing is said about so many labels.
        low: Lower end of the 90 % interval.
        high: Upper end of the 90 % interval.
        extrapolated: Whether the size lies beyond what was measured.
    """

    arm: str
    n: float
    error: float | None
    low: float | None
    high: float | None
    extrapolated: bool


class NextMeasurement(Record):
    """A measurement that would tell more about the crossover.

    Attributes:
        n: Labels.
        arms: Arms to measure.
        repeats: Runs of each.
        bits: Expected fall of the entropy of where the crossover lies.
        relative_cost: Relative to the cheapest candidate: by the first column of costs, else runs x labels.
    """

    n: float
    arms: tuple[str, ...]
    repeats: int
    bits: float
    relative_cost: float


class CurveAnalysis(Record):
    """What the measurements of a table show. Errors are shares; all intervals are 90 % intervals.

    Attributes:
        schema_version: Changes when a field changes its meaning or disappears.
        metric: What the table holds; the record holds errors in any case.
        notes: How the table was read, and what limits the answer.
        margin: Differences smaller than this do not matter.
        horizon_factor: Nothing is said beyond so many times the largest measured size.
        arms: Learning curves.
        crossover: Between the best from-scratch and the best transfer arm.
        pairs: The same for each pair, where there are more than two arms.
        differences: Every arm against the best one, at each size both were measured at.
        head_starts: For each transfer arm, at each of its sizes.
        gains: What twice the labels would bring each arm.
        predictions: At the sizes that were asked for.
        targets: Labels to reach the targets that were asked for.
        next: What to measure next, best first; empty where the crossover is determined.
    """

    schema_version: int = 1
    metric: Literal["error", "accuracy"]
    notes: tuple[str, ...] = ()
    margin: float
    horizon_factor: float
    arms: tuple[ArmCurve, ...]
    crossover: CurveCrossing
    pairs: tuple[CurveCrossing, ...] = ()
    differences: tuple[ErrorDifference, ...] = ()
    head_starts: tuple[CurveHeadStart, ...] = ()
    gains: tuple[LabelGain, ...] = ()
    predictions: tuple[SizePrediction, ...] = ()
    targets: tuple[TargetLabels, ...] = ()
    next: tuple[NextMeasurement, ...] = Field(default=())
