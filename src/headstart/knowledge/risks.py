"""What may go wrong in a case: domain gap, negative transfer, leakage, licence, latency, thin evidence."""

from __future__ import annotations

from headstart.knowledge.description import Description
from headstart.knowledge.prior import Expectation
from headstart.knowledge.starts import StartingPoint

NEGATIVE = 0.1  # probability of a loss from which on it is a risk worth a line
HELD_OUT = 40  # examples a tuning needs, of a fifth that is held out
BUSY_RATE = 5e10  # operations a second that a modest processor core reaches
GROUPED = ("medical image", "medical volume", "biosignal")
ALIKE = ("protein", "DNA", "molecule")


def risks_of(case: Description, starts: tuple[StartingPoint, ...], said: Expectation) -> tuple[str, ...]:
    """One line for each risk that the description shows."""
    found = []
    if said.strength != "measured":
        found.append(
            f"Thin evidence: {said.sources or 'no'} published source{'s' * (said.sources != 1)} on {case.modality} in "
            "the table, so the answer leans on other kinds of data and its interval is wide."
        )
    if case.start == "far" and case.has_start:
        found.append("Domain gap: the pretraining data are unlike yours; a frozen model suffers from it most.")
    if said.scratch_probability >= NEGATIVE:
        found.append(
            f"Negative transfer: in about {said.scratch_probability:.0%} of such cases from scratch was better."
        )
    if case.modality in GROUPED or "patient" in case.domain.lower():
        found.append("Leakage: split by patient, not by picture or record (--group-column).")
    if case.modality in ALIKE:
        found.append("Leakage: related sequences or scaffolds on both sides of a split flatter every model.")
    if case.modality in ("video", "audio", "time series"):
        found.append("Leakage: pieces of one recording must stay on one side of the split.")
    if any("test" in one.note for one in starts):
        found.append("Leakage: an in-domain model may have been trained on the public set you test on.")
    found += [
        f"Licence: {one.name} is under {one.licence}: {one.note or 'read it'}." for one in starts if one.restricted
    ]
    if case.per_class is not None and case.per_class < 20:
        found.append(f"Few labels: {case.per_class:.0f} a class; the choice of test examples alone moves the answer.")
    elif case.labels is not None and case.labels < 5 * HELD_OUT:
        found.append(f"Few labels: {case.labels} in all leave too few to tune on; default recipes are used.")
    for need in case.needs:
        found += _about_need(need.of, need.below, starts)
    return tuple(found)


def _about_need(of: str, below: float, starts: tuple[StartingPoint, ...]) -> list[str]:
    """Which of the starts break a limit."""
    if not starts:
        return []
    if of == "latency":
        slow = [one.name for one in starts if 1e12 * one.forward_gflop / BUSY_RATE > below]
        what = f"Latency: on one modest processor core these need more than {below:g} ms an example"
    elif of == "size":
        slow = [one.name for one in starts if 4 * one.parameters_m > below]
        what = f"Size: in 32 bits these are larger than {below:g} MB"
    else:
        slow = [one.name for one in starts if 4e-3 * one.parameters_m > below]
        what = f"Memory: in 32 bits the weights alone of these need more than {below:g} GB"
    if not slow:
        return [f"{what.split(':')[0]}: all listed starts are expected to keep the limit; measure it on your machine."]
    return [f"{what}: {', '.join(slow)}."]
