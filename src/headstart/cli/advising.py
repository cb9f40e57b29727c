"""The command that answers before there is data; nothing heavy is imported where there is none."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

import typer

from headstart.cli.lines import as_json, one_line
from headstart.core import SettingsError
from headstart.knowledge import Advice, Cost, Expectation, advise_on, describe
from headstart.knowledge.ranges import dollars, span

WIDTH = 80
STRATEGIES = {
    "linear_probe": "frozen, head only",
    "lora": "adapters (LoRA)",
    "full_finetune": "fine-tuned",
    "from_scratch": "from scratch",
}


def run_advise(data: str | None, *, margin: float, json_output: bool, reading: dict[str, Any], **said: Any) -> None:
    """Answer a description, or data; print words or one JSON document."""
    said["labels"], table = counted(said["labels"])
    reading = reading | ({"labels": table} if table else {})
    if data is not None:
        from headstart.api.advising import advise

        said["labels"] = reading.pop("labels", said["labels"])
        answer = advise(data, margin=margin, **said, **reading)
    else:
        if reading:
            option = next(iter(reading)).replace("_", "-")
            raise SettingsError(f"--{option} is for data", place="headstart advise", hint="Give DATA, or leave it out")
        if said["modality"] is None:
            said |= {name: value for name, value in ask().items() if said[name] in (None, "")}
        if not 0 <= margin < 1:
            raise SettingsError(f"A margin of {margin:g} is no share", place="--margin", hint="0.01 is one point")
        modality, labels, classes = (said.pop(name) for name in ("modality", "labels", "classes"))
        answer = advise_on(describe(modality, labels, classes, **said), margin=100 * margin)
    if json_output:
        print(as_json(answer.model_dump(mode="json")))
        return
    print("\n".join(screen(answer)))


def counted(text: str | None) -> tuple[int | None, str | None]:
    """What ``--labels`` holds: a number of labels, or the table that a folder needs."""
    if text is None:
        return None, None
    number = text.strip().replace(",", "").replace("_", "")
    if number.lstrip("+-").isdigit():
        return int(number), None
    if "." in number and number.lstrip("+-").replace(".", "", 1).isdigit():
        raise SettingsError(f"{text} labels are not possible", place="--labels", hint="Give a whole number")
    return None, text


def ask() -> dict[str, Any]:
    """The description, question by question.

    Raises:
        SettingsError: Nobody is there to be asked.
    """
    if not sys.stdin.isatty():
        raise SettingsError(
            "Nothing was described", place="headstart advise", hint="Give --modality image --labels 500, or DATA"
        )
    said: dict[str, Any] = {"modality": typer.prompt("What is an example (image, text, sound, series, detection)")}
    said["labels"] = typer.prompt("How many are labelled", type=int)
    said["classes"] = typer.prompt("How many classes", type=int)
    said["domain"] = typer.prompt("What do they show", default="")
    return said


def screen(answer: Advice) -> list[str]:
    """The answer in lines, first what to do."""
    case, said = answer.description, answer.expectation
    lines = _wrapped(answer.do_now) + [""]
    lines += _wrapped(f"Published results: {_expectation(said)}", indent="  ")
    if case.start_reason:
        lines += _wrapped(f"Start taken as {case.start}: {case.start_reason}. --start corrects it.", indent="  ")
    for name, other in answer.by_start.items():
        if name != case.start:
            lines += _wrapped(f"From a {name} start instead: {_short(other)}.", indent="  ")
    lines += _wrapped(f"Frozen, head only: {_short(answer.frozen)}.", indent="  ")
    lines += _wrapped(f"Labels at which from scratch catches up: {crossing(answer.even)}.", indent="  ")
    if answer.starts:
        lines += ["", "Starts to try"]
        for one in answer.starts:
            note = f"; {one.note}" if one.note else ""
            lines += _wrapped(f"- {one.name} ({one.parameters_m:g} M, {one.licence}, {one.where}{note})", indent="  ")
    lines += ["", "In this order"]
    for number, way in enumerate(answer.ways, 1):
        lines += _wrapped(f"{number}. {way.strategy}: {way.why}.", indent="  ")
    if answer.large:
        lines += ["", f"Memory, one text of 1,024 tokens (shape of a {answer.large.shape_of}B Llama)"]
        for plan in answer.large.plans:
            lines.append(f"  {plan.strategy:14} {plan.total / 1e9:8,.1f} GB, of it weights {plan.weights / 1e9:,.1f}")
    if answer.costs:
        lines += ["", f"One training run takes (estimates; prices of {answer.dated})", *cost_lines(answer.costs)]
    if answer.risks:
        lines += ["", "Risks"]
        for risk in answer.risks:
            lines += _wrapped(f"- {risk}", indent="  ")
    lines += ["", "Nearest published cases"]
    for near in answer.nearest:
        lines += _wrapped(f"- {near.sentence}", indent="  ")
    if not answer.nearest:
        lines.append(f"  None of {case.modality} in the table.")
    lines.append("")
    if answer.command:
        lines += ["What would settle it:", f"  {one_line(answer.command)}"]
        lines += _wrapped(f"({answer.budget_reason})", indent="  ")
    else:
        lines += _wrapped(f"{answer.budget_reason}.")
    return lines


def cost_lines(costs: tuple[Cost, ...]) -> list[str]:
    """A row for each machine and strategy."""
    lines = []
    for cost in costs:
        money = dollars(cost.usd) if cost.usd else ""
        energy = f"{cost.kwh[0]:.2g}-{cost.kwh[1]:.2g} kWh" if cost.kwh else ""
        where = one_line(cost.device)[:28]
        how = STRATEGIES.get(cost.strategy, cost.strategy)
        row = f"  {where:12} {how:18} {span(cost.seconds):16} {energy:20} {money}"
        lines.append(row.rstrip())
    return lines


def crossing(even: tuple[float, float, float] | None) -> str:
    """Where neither side is ahead, in words."""
    if even is None:
        return "not known"
    low, middle, high = even
    if high / low > 1e4:  # an interval of more than four powers of ten says little
        return f"not known; not below {low:,.0f} in nine of ten such cases"
    return f"about {middle:,.0f} (80 % interval {low:,.0f} to {high:,.0f})"


def _expectation(said: Expectation) -> str:
    basis = f"{said.sources} source{'s' * (said.sources != 1)}, {said.datasets} data sets of this kind"
    thin = "" if said.strength == "measured" else "; few, so it leans on other kinds and is wider"
    return (
        f"P(transfer ahead by more than {said.margin:g} point{'s' * (said.margin != 1)}) = {said.probability:.0%}, "
        f"P(from scratch ahead) = {said.scratch_probability:.0%}; expected lead of transfer {said.median:+.1f} points, "
        f"80 % interval {said.low:+.1f} to {said.high:+.1f} ({basis}{thin})."
    )


def _short(said: Expectation) -> str:
    return f"P = {said.probability:.0%}, lead {said.median:+.1f} points ({said.low:+.1f} to {said.high:+.1f})"


def _wrapped(text: str, indent: str = "") -> list[str]:
    hanging = indent + "  " * bool(indent)
    return textwrap.wrap(
        one_line(text), WIDTH, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False
    )
