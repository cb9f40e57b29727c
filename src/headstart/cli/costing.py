"""The command that prices training before it, and plans the memory of a model from its config."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.cli.advising import STRATEGIES as IN_WORDS
from headstart.cli.advising import cost_lines, counted
from headstart.cli.lines import as_json, one_line
from headstart.core import SettingsError
from headstart.knowledge import MemoryPlan, describe, devices, find_device, plan_memory, shape_of
from headstart.knowledge.memory import STRATEGIES
from headstart.knowledge.pricing import CostTable, cost_table

STORE_FILE = "study.sqlite"  # as headstart.studies.store calls it, which would import torch
GB = 1e9


def run_cost(
    data: str | None,
    *,
    modality: str | None,
    labels: str | None,
    classes: int | None,
    domain: str,
    hardware: Sequence[str],
    candidates: Sequence[str],
    label_price: float | None,
    target: float | None,
    at: Sequence[int],
    here: bool,
    json_output: bool,
    reading: dict[str, Any],
) -> None:
    """Print what training takes, as a table or one JSON document."""
    number, listed = counted(labels)
    if data is not None and (Path(data) / STORE_FILE).is_file():
        described = {
            "--modality": modality,
            "--classes": classes,
            "--domain": domain,
            "--candidate": candidates,
            "--at": at,
        }
        given = [option for option, value in described.items() if value]
        given += ["--here"] * here + [f"--{name.replace('_', '-')}" for name in reading] + ["--labels"] * bool(listed)
        if given:
            raise SettingsError(f"{given[0]} is not for a study", place=data, hint="Leave it out")
        from headstart.cli.option_costs import run_ways

        run_ways(data, target, number, label_price, hardware, json_output=json_output)
        return
    if target is not None:
        raise SettingsError(
            "What reaches a target is known once something was measured",
            place="--target",
            hint="Run headstart study DATA, then headstart cost FOLDER --target, with the folder of the study",
        )
    reading = reading | ({"labels": listed} if listed else {})
    said = dict(modality=modality, labels=number, classes=classes, domain=domain, candidates=candidates)
    if data is not None or here:
        from headstart.api.costing import cost

        said["labels"] = reading.pop("labels", number)
        table = cost(data, **said, hardware=hardware, label_price=label_price, here=here, at=at, **reading)  # type: ignore[arg-type]
    elif reading:
        option = next(iter(reading)).replace("_", "-")
        raise SettingsError(f"--{option} is for data", place="headstart cost", hint="Give DATA, or leave it out")
    elif modality is None:
        hint = "Give --modality image --labels 2000, DATA, or --config FILE"
        raise SettingsError("Nothing was described", place="headstart cost", hint=hint)
    else:
        case = describe(modality, number, classes, domain=domain, candidates=candidates)
        table = cost_table(case, hardware, label_price, at=at)
    if json_output:
        print(as_json(table.model_dump(mode="json")))
        return
    print("\n".join(_screen(table)))


def _screen(table: CostTable) -> list[str]:
    sizes = tuple(dict.fromkeys(cost.labels for cost in table.costs))
    lines = [
        f"{one_line(table.model.name)} ({table.model.parameters_m:g} M weights) on {table.labels:,} labels",
        f"One run of each strategy, before anything was measured; prices of {table.dated}; a small search",
        "takes about five times as much.",
        "",
        f"  {'':18} {'held in memory':16} operations with so many labels",
        f"  {'':18} {'+ activations':16} " + "  ".join(f"{n:>9,}" for n in sizes),
    ]
    first = table.costs[0].device
    for strategy, words in IN_WORDS.items():
        runs = [cost for cost in table.costs if (cost.device, cost.strategy) == (first, strategy)]
        held = f"{runs[0].memory_gb or 0:.2f} GB"
        lines.append(f"  {words:18} {held:16} " + "  ".join(f"{run.flops:>9.2g}" for run in runs))
    for n in sizes:
        labels = "" if table.label_price is None else f"; the labels themselves: ${n * table.label_price:,.0f}"
        lines += ["", f"{n:,} labels{labels}", *cost_lines(tuple(cost for cost in table.costs if cost.labels == n))]
    if table.pretraining:
        lines += ["", "Pretraining from scratch was published to take"]
        for one in table.pretraining:
            money = f", ${one.usd:,.0f} then" if one.usd else ""
            hours = f"{one.hours:,.3g} h" if one.hours is not None else "time not stated"
            lines.append(f"  {one.what}: {hours} on {one.hardware or 'hardware not named'}{money} ({one.year})")
    return lines


def run_memory(
    config: Path,
    *,
    strategies: Sequence[str],
    hardware: Sequence[str],
    batch: int,
    length: int,
    precision: str,
    rank: int,
    checkpointing: bool,
    json_output: bool,
) -> None:
    """Print the memory that training a model takes, from its ``config.json``."""
    shape = shape_of(_read_config(config))
    cards = tuple(find_device(name) for name in hardware) or devices()[1]
    plans = [
        plan_memory(
            shape, name, precision=precision, batch=batch, length=length, rank=rank, checkpointing=checkpointing
        )
        for name in strategies or STRATEGIES
    ]
    if json_output:
        shown = [
            plan.model_dump(mode="json")
            | {"total": plan.total, "cards": {card.name: plan.largest_batch(card, batch) for card in cards}}
            for plan in plans
        ]
        print(as_json({"parameters": shape.parameters, "batch": batch, "length": length, "plans": shown}))
        return
    print(
        f"{shape.parameters / 1e9:.3g} billion weights; batch {batch}, {length:,} tokens, {precision}; GB of 1e9 bytes"
    )
    print(
        f"{'':14} {'total':>8} {'weights':>8} {'gradients':>9} {'optimiser':>9} "
        f"{'activations':>11} {'block':>7} {'logits':>7}"
    )
    for plan in plans:
        print(_row(plan))
    print(
        "Of block (the one that is being computed) and logits, the larger counts: one is free when the other is full."
    )
    print("\nLargest batch that fits")
    for card in cards:
        fits = ", ".join(f"{plan.strategy} {plan.largest_batch(card, batch) or 'no'}" for plan in plans)
        print(f"  {card.name} ({card.memory_gb:g} GB): {fits}")


def _row(plan: MemoryPlan) -> str:
    weights = plan.weights + plan.adapters
    return (
        f"{plan.strategy:14} {plan.total / GB:8.2f} {weights / GB:8.2f} {plan.gradients / GB:9.2f} "
        f"{plan.optimiser / GB:9.2f} {plan.activations / GB:11.2f} {plan.block / GB:7.2f} {plan.logits / GB:7.2f}"
    )


def _read_config(path: Path) -> dict[str, Any]:
    """A ``config.json``, or that of a model's folder."""
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise SettingsError("There is no config that can be read", place=str(file), hint="Give a model's config.json")
    return config
