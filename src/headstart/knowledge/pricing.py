"""A table of costs: strategies by machines, labels priced in, and what published pretraining took."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core import Record, SettingsError
from headstart.knowledge.description import Description
from headstart.knowledge.devices import Device, devices, find_device
from headstart.knowledge.domains import words_of
from headstart.knowledge.estimates import Cost, costs_of
from headstart.knowledge.published import PublishedCost, published_costs
from headstart.knowledge.starts import StartingPoint, starts_for

USUAL = {
    "image": ("ResNet-50",),
    "medical image": ("ResNet-50",),
    "remote sensing": ("ResNet-50",),
    "text": ("BERT",),
    "audio": ("wav2vec",),
    "video": ("VideoMAE",),
    "medical volume": ("CT",),
}
PRETRAINING = ("pretrain", "from scratch", "autoencoder")
SHOWN = 4


class CostTable(Record):
    """What training takes.

    Attributes:
        model: The model that is priced.
        labels: Labelled examples.
        costs: One run of each strategy on each machine, with so many labels and with each other number in question.
        label_price: Of one label, in US dollars; None if not given.
        labelling: US dollars for the labels; None without a price.
        pretraining: What published runs from scratch on their own data took.
        dated: Of prices.
    """

    model: StartingPoint
    labels: int
    costs: tuple[Cost, ...]
    label_price: float | None = None
    labelling: float | None
    pretraining: tuple[PublishedCost, ...]
    dated: str


def cost_table(
    case: Description,
    hardware: Sequence[str],
    label_price: float | None,
    here: Device | None = None,
    at: Sequence[int] = (),
) -> CostTable:
    """Price a case.

    Args:
        case: With its number of labels.
        hardware: Cards by name; the whole table if none is named.
        label_price: Of one label, in US dollars.
        here: This machine, if it was measured.
        at: Other numbers of labels to price.

    Raises:
        SettingsError: Labels are missing, no model is known, or a card is.
    """
    if not case.labels:
        raise SettingsError(
            "Costs depend on the number of labels", place="--labels", hint="Give it, as in --labels 2000"
        )
    if label_price is not None and label_price < 0:
        raise SettingsError(
            f"A label for {label_price:g} is not possible", place="--label-price", hint="Give 0 or more"
        )
    if any(n < 1 for n in at):
        raise SettingsError(f"{min(at)} labels are not possible", place="--at", hint="Give 1 or more")
    known = starts_for(case)
    if not known:
        raise SettingsError(
            f"No pretrained model for {case.modality} is known here", place="--modality", hint="Price another modality"
        )
    date, table = devices()
    machines = tuple(find_device(name) for name in hardware) or table
    return CostTable(
        model=known[0],
        labels=case.labels,
        costs=tuple(
            cost
            for labels in dict.fromkeys((case.labels, *at))
            for cost in costs_of(known[0], labels, (here, *machines) if here else machines)
        ),
        label_price=label_price,
        labelling=None if label_price is None else label_price * case.labels,
        pretraining=_pretraining(case, known[0]),
        dated=date,
    )


def _pretraining(case: Description, model: StartingPoint) -> tuple[PublishedCost, ...]:
    """Published runs from scratch of networks like this one."""
    names = (*USUAL.get(case.modality, ()), *(word for word in words_of(model.name) if len(word) > 4))
    runs = [one for one in published_costs() if any(word in one.what for word in PRETRAINING)]
    return tuple(one for one in runs if any(name.lower() in one.what.lower() for name in names))[:SHOWN]
