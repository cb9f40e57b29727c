"""Commands that know published results and prices, before there is data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.cli.commands.kinds import Json
from headstart.cli.reading_options import reads_data


@reads_data
def advise(
    reading: dict[str, Any],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="Read the description off this data; or describe it.")
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="image, text, sound, series, detection, video, protein and others.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="How many examples are labelled; or the table with the labels of a folder DATA.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Number of classes.")] = None,
    domain: Annotated[str, typer.Option(help="What the examples show, in a few words: 'chest x-ray'.")] = "",
    start: Annotated[
        str | None,
        typer.Option(help="How far pretraining data lie: own, near, far or none; guessed from words if not given."),
    ] = None,
    hardware: Annotated[str | None, typer.Option(help="A card by name: rtx3090, t4, a100, h100.")] = None,
    deadline: Annotated[str | None, typer.Option(help="Time until the answer is needed: 12h, 7d.")] = None,
    need: Annotated[
        list[str] | None, typer.Option(help="A limit of the model: 'latency<20ms', 'size<50mb'; may be repeated.")
    ] = None,
    candidate: Annotated[list[str] | None, typer.Option(help="A model in mind; may be repeated.")] = None,
    margin: Annotated[float, typer.Option(help="What difference matters, as a share: 0.01 is one point.")] = 0.01,
    json_output: Json = False,
) -> None:
    """Say what published results let one expect, before there is data; trains nothing and asks no network."""
    from headstart.cli.advising import run_advise

    run_advise(
        data,
        margin=margin,
        json_output=json_output,
        reading=reading,
        modality=modality,
        labels=labels,
        classes=classes,
        domain=domain,
        start=start,
        hardware=hardware,
        deadline=deadline,
        needs=tuple(need or ()),
        candidates=tuple(candidate or ()),
    )


@reads_data
def cost(
    reading: dict[str, Any],
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A study's folder; or data to read the description off; or describe it."),
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="image, text, sound, series, detection, video, protein and others.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="How many examples are labelled; or the table with the labels of a folder DATA.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Number of classes.")] = None,
    domain: Annotated[str, typer.Option(help="What the examples show, in a few words.")] = "",
    target: Annotated[
        float | None, typer.Option(help="With a study: value to reach, as a share; the cheapest way comes first.")
    ] = None,
    at: Annotated[list[int] | None, typer.Option(help="Price so many labels as well; may be repeated.")] = None,
    hardware: Annotated[
        list[str] | None, typer.Option(help="A card by name; may be repeated; all of the table if not given.")
    ] = None,
    candidate: Annotated[list[str] | None, typer.Option(help="A model in mind; may be repeated.")] = None,
    label_price: Annotated[float | None, typer.Option(help="What a label costs, in US dollars.")] = None,
    here: Annotated[bool, typer.Option("--here", help="Measure this machine too.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Plan the memory of a language model from its config.json instead.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="With --config: full_finetune, lora, dora, qlora or linear_probe.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="With --config: examples of a step.")] = 1,
    length: Annotated[int, typer.Option(min=1, help="With --config: tokens of an example.")] = 512,
    precision: Annotated[str, typer.Option(help="With --config: bfloat16, float16 or float32.")] = "bfloat16",
    rank: Annotated[int, typer.Option(min=1, help="With --config: rank of adapters.")] = 16,
    no_checkpointing: Annotated[
        bool, typer.Option("--no-checkpointing", help="With --config: keep all activations.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Estimate seconds, energy and money of training; of a study, the cheapest way to a target; or memory."""
    from headstart.cli.costing import run_cost, run_memory

    if config is not None:
        run_memory(
            config,
            strategies=tuple(strategy or ()),
            hardware=tuple(hardware or ()),
            batch=batch,
            length=length,
            precision=precision,
            rank=rank,
            checkpointing=not no_checkpointing,
            json_output=json_output,
        )
        return
    run_cost(
        data,
        modality=modality,
        labels=labels,
        classes=classes,
        domain=domain,
        hardware=tuple(hardware or ()),
        candidates=tuple(candidate or ()),
        label_price=label_price,
        target=target,
        at=tuple(at or ()),
        here=here,
        json_output=json_output,
        reading=reading,
    )
