"""The answer before there is data: what to do now, what published results let one expect, and what would settle it."""

from __future__ import annotations

import math
import shlex

from headstart.core import Record
from headstart.data.kinds import kinds
from headstart.knowledge.description import Description
from headstart.knowledge.devices import Device, devices
from headstart.knowledge.domains import STUDIED
from headstart.knowledge.estimates import Cost, cost_of
from headstart.knowledge.kinds import by_modality
from headstart.knowledge.large import LargePlan, large_plan
from headstart.knowledge.prior import MARGIN, Expectation, expect, labels_for_even
from headstart.knowledge.published import Comparison, comparisons, sources
from headstart.knowledge.risks import risks_of
from headstart.knowledge.starts import StartingPoint, starts_for
from headstart.knowledge.ways import FEW_LABELS, Way, ways_for

CLEAR = 0.8  # probability from which on one side is advised before anything is measured
LEANING = 0.6
NEAREST = 3


class Case(Record):
    """A published case, as a line of the answer."""

    dataset: str
    source: str
    authors: str
    year: str
    link: str
    labels: int | None
    sentence: str


class Advice(Record):
    """What is known of a case before it is measured.

    Attributes:
        do_now: The first thing to do.
        description: The case as it was understood.
        expectation: Of the likeliest start, trained as a whole.
        frozen: Of the same start with only a head trained.
        by_start: Expectations by how far the pretraining data lie, where models of several kinds exist.
        even: Labels at which neither side is ahead: 10, 50, 90 % quantile; None where that is not known.
        starts: Models to try.
        ways: Strategies in order.
        costs: One training run of each strategy, on the stated card or on three of the table.
        risks: What may go wrong.
        nearest: The closest published cases.
        command: The study that would settle it; empty where Headstart cannot run one.
        budget_reason: Why that budget, or why there is no command.
        large: Memory, for a model too large to train as a whole on usual cards.
        dated: Of prices.
    """

    do_now: str
    description: Description
    expectation: Expectation
    frozen: Expectation
    by_start: dict[str, Expectation]
    even: tuple[float, float, float] | None
    starts: tuple[StartingPoint, ...]
    ways: tuple[Way, ...]
    costs: tuple[Cost, ...]
    risks: tuple[str, ...]
    nearest: tuple[Case, ...]
    command: str
    budget_reason: str
    large: LargePlan | None
    dated: str


def advise_on(case: Description, *, margin: float = MARGIN, data: str = "DATA") -> Advice:
    """Answer a description.

    Args:
        case: As :func:`headstart.knowledge.describe` checks it.
        margin: What difference matters, in points.
        data: What the command at the end names.
    """
    found = starts_for(case)
    start = found[0].start if found and (case.candidates or found[0].domain) else case.start
    expectation = expect(case.modality, case.labels, start, "finetune", margin)
    large = large_plan(case)
    chosen = found[0] if found else None
    date, known = devices()
    where = (case.device,) if case.device else tuple(one for one in known if one.name in ("RTX 4090", "T4", "H100 SXM"))
    ways = ways_for(case, large.parameters_m if large else 0.0)
    command, reason = _command(case, chosen, data)
    return Advice(
        do_now=_do_now(case, expectation, chosen, large),
        description=case.model_copy(update={"start": start}),
        expectation=expectation,
        frozen=expect(case.modality, case.labels, start, "probe", margin),
        by_start={
            name: expect(case.modality, case.labels, name, "finetune", margin)
            for name in dict.fromkeys((start, *(one.start for one in found)))
        },
        even=labels_for_even(case.modality, start),
        starts=found[:4],
        ways=ways,
        costs=_costs(chosen, case, where) if not large else (),
        risks=risks_of(case, found, expectation),
        nearest=nearest_cases(case, start),
        command=command,
        budget_reason=reason,
        large=large,
        dated=date,
    )


def nearest_cases(case: Description, start: str) -> tuple[Case, ...]:
    """The closest published comparisons, one of a data set."""
    size = math.log10(case.labels) if case.labels else None

    def far(one: Comparison) -> float:
        apart = 1.0 * (one.start != start) + 0.3 * (one.arm == "probe")
        apart -= 1.5 * any(word in one.domain.lower() + one.dataset.lower() for word in case.domain.lower().split())
        if size is not None:
            apart += abs(math.log10(one.n) - size) if one.n else 1.0
        return apart

    rivals = [one for one in comparisons() if one.rival == "scratch"]
    ordered = sorted(by_modality(rivals).get(case.modality, []), key=far)  # of other kinds: no case of yours
    first: dict[str, Comparison] = {}
    for one in ordered:
        first.setdefault(one.dataset, one)
    return tuple(_as_case(one) for one in list(first.values())[:NEAREST])


def _as_case(one: Comparison) -> Case:
    source = sources()[one.source]
    way = {"finetune": "fine-tuned", "probe": "frozen", "peft": "with adapters"}[one.arm]
    many = f", median of {one.models}" if one.models > 1 else ""
    kept = "; not part of the fit" if one.use == "shown" else ""
    size = f"{one.n:,} labels" if one.n else "size not stated"
    return Case(
        dataset=one.dataset,
        source=one.source,
        authors=source.authors,
        year=source.year,
        link=source.link,
        labels=one.n,
        sentence=f"{one.dataset} ({size}): {one.start} start {way} {one.arm_value:.1f}, from scratch "
        f"{one.rival_value:.1f} {one.metric}{many}{kept} ({source.authors} {source.year})",
    )


def _do_now(case: Description, said: Expectation, model: StartingPoint | None, large: LargePlan | None) -> str:
    """The first sentence."""
    if large is not None:
        return large.sentence
    if case.labels == 0:
        return "Label 100 examples first, some of every class: nothing can be measured without a test part."
    if not case.has_start or model is None:
        return (
            "Train a small network of your own first: no general pretrained model of such data is known here. Try a "
            "borrowed one (render the data as pictures) only as the rival."
        )
    name = case.candidates[0] if case.candidates else model.name
    frozen = (case.labels or FEW_LABELS) < FEW_LABELS
    how = "train a head on it frozen, then fine-tune it" if frozen else "fine-tune the whole network"
    if said.probability >= CLEAR:
        return f"Start from {name}: {how}. Keep from scratch as a check."
    if said.probability >= LEANING:
        return f"Start from {name}: {how}; train from scratch beside it, because published results do not settle it."
    if said.scratch_probability >= LEANING:
        return f"Train your own network first, and fine-tune {name} as its rival."
    return (
        f"Measure both: {name} fine-tuned and the same size from scratch, tuned alike. Published results do not favour "
        "either clearly."
    )


def _costs(model: StartingPoint | None, case: Description, where: tuple[Device, ...]) -> tuple[Cost, ...]:
    if model is None or not case.labels:
        return ()
    return tuple(
        cost_of(strategy, model, case.labels, device)
        for device in where
        for strategy in ("linear_probe", "full_finetune", "from_scratch")
    )


def _command(case: Description, model: StartingPoint | None, data: str) -> tuple[str, str]:
    """The study that would settle it, and why this budget."""
    task = STUDIED.get(case.modality) or {kind.name: kind.task for kind in kinds()}.get(case.modality)
    if task is None:
        return "", f"Headstart does not train on {case.modality} yet: this is advice only"
    labels = case.labels or FEW_LABELS
    minutes = min(max(15.0, 15 * (labels / 1000) ** 0.5), 24 * 60)
    reason = "about fifteen minutes for 1,000 labels, growing with the root of their number"
    if case.deadline is not None and case.deadline / 60 / 2 < minutes:
        minutes, reason = case.deadline / 60 / 2, "half of the time until the deadline"
    budget = f"{round(minutes)}m" if minutes < 120 else f"{round(minutes / 60)}h"
    names = case.candidates or ((model.name,) if model and model.where in ("Hugging Face", "timm") else ())
    timm = {"densenet121", "resnet50", "resnet18"}
    names = tuple(f"timm:{name}" if name.lower() in timm else name for name in names)
    words = ["headstart", "study", data, "--budget", budget, *(w for name in names[:2] for w in ("--candidate", name))]
    return shlex.join(words), reason
