"""What the options of a study would take, as a documented record."""

from __future__ import annotations

from headstart.core import Paradigm, Record
from headstart.knowledge import Cost


class OptionCost(Record):
    """One option, trained once with so many labels.

    Attributes:
        arm: Its key.
        name: Its name.
        strategy: How it is trained.
        paradigm: Its side.
        labels: Labels of the run: those asked for, or the median of those that reach the target.
        low: 5 % quantile of the labels that reach the target; None without a target.
        high: 95 % quantile; None without a target, and where nothing up to the horizon certainly suffices.
        value: Expected metric with so many labels.
        value_low: Lower end of its 90 % interval.
        value_high: Upper end of its 90 % interval.
        extrapolated: Whether so many labels are more than this option was measured with.
        missing: Labels beyond those there are.
        labelling: What these cost, in US dollars; None without a price.
        seconds: On the machine of the study, by what its trials took; frozen features included.
        elsewhere: On other machines.
    """

    arm: str
    name: str
    strategy: str
    paradigm: Paradigm
    labels: int
    low: int | None = None
    high: int | None = None
    value: float
    value_low: float
    value_high: float
    extrapolated: bool
    missing: int
    labelling: float | None = None
    seconds: float
    elsewhere: tuple[Cost, ...] = ()


class StudyCosts(Record):
    """What each option of a study would take.

    Attributes:
        metric: Name of the metric.
        target: Value to reach; None where runs with a number of labels are priced.
        labels: Labels to learn from that there are.
        label_price: Of one more, in US dollars; None if not given.
        ways: The cheapest first: by money for labels and the cheapest machine named, then labels, then seconds.
        beyond: Options about which nothing is said there, or that are not expected to reach the target, and why.
        sentence: The cheapest way in words.
        dated: Of prices.
    """

    metric: str
    target: float | None
    labels: int
    label_price: float | None
    ways: tuple[OptionCost, ...]
    beyond: tuple[str, ...]
    sentence: str
    dated: str
