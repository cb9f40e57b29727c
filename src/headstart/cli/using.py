"""Commands that use what is there: models, data, strategies."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from headstart.cli.lines import Screen
from headstart.cli.screens import print_models, print_ranking, print_strategies
from headstart.core import SettingsError, SourceError, did_you_mean


def show_ranking(data: str, candidates: tuple[str, ...], *, json_output: bool, **options: Any) -> None:
    """Rank candidates; a table, the shortlist, and how far the scores agree."""
    from headstart.api import rank

    found = rank(data, candidates, **options)
    if json_output:
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    print_ranking(found, Screen())


def show_models(data: str | None, *, json_output: bool) -> None:
    """List the candidates that work here, with parameters, operations and licence."""
    from headstart.data.kinds import kinds
    from headstart.models import builtin_names, resolve

    tasks = tuple(kind.task for kind in kinds())
    native = 32
    if data is not None:
        from headstart.data import load

        labelled = load(data)
        tasks, native = (labelled.task,), labelled.content.native_size or native
    rows = []
    for task in tasks:
        for name in builtin_names(task, every=True):
            try:
                rows.append(_model_row(resolve(name, task, native_size=native), task))
            except SourceError as trouble:
                rows.append({"name": name, "task": task, "problem": str(trouble)})
    if json_output:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    print_models(rows, Screen())


def _model_row(candidate: Any, task: str) -> dict[str, Any]:
    from headstart.modalities import get_modality
    from headstart.models import build, encode_items, get_family, measure_facts

    modality = get_modality(candidate.modality)
    row = {
        "name": candidate.name,
        "task": task,
        "start": "pretrained" if candidate.has_weights else "from scratch only",
        "input": modality.size_words(candidate.input_size),
        "parameters": f"grows with the {modality.nouns}",
        "GFLOP per example": "",
        "licence": candidate.licence or "not stated",
        **get_family(candidate.family).about(candidate),
    }
    if not get_family(candidate.family).network:
        return row
    weights = "pretrained" if candidate.has_weights else "random"
    network = build(candidate, ("a", "b"), weights=weights, seed=0)
    longest = modality.longest(candidate)
    if longest is None:
        batch = modality.made_up(candidate, examples=1)
    else:
        batch = encode_items(candidate, [longest]).batch(np.arange(1))
    facts = measure_facts(network, batch)
    row["parameters"] = f"{facts.parameters / 1e6:.2f} M"
    row["GFLOP per example"] = f"{facts.forward_flops / 1e9:.3f}"
    return row


def show_strategies(*, json_output: bool) -> None:
    """List the installed strategies."""
    from headstart.strategies import strategy_names
    from headstart.strategies.registry import MADE

    rows = [_strategy_row(name) for name in strategy_names()]
    if json_output:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    screen = Screen()
    print_strategies(rows, screen)
    screen.print()
    for prefix, rest in MADE.items():
        screen.print(f"Also {prefix}{rest}.", highlight=False)


def _strategy_row(name: str) -> dict[str, Any]:
    from headstart.strategies import get_strategy

    try:
        strategy = get_strategy(name)
    except SettingsError as trouble:
        return {"name": name, "paradigm": "cannot be loaded", "problem": str(trouble)}
    return {
        "name": name,
        "paradigm": strategy.paradigm,
        "idea": strategy.idea,
        "tends to win": strategy.wins,
        "tends to lose": strategy.loses,
        "cost": strategy.cost,
        "trains": strategy.trains,
        "in a study": "by default" if strategy.by_default else f"with --strategy {name}",
        "paper": strategy.paper,
    }


def explain_term(term: str, *, json_output: bool) -> None:
    """Explain a word of the glossary or a strategy.

    Raises:
        SettingsError: It is neither.
    """
    from headstart.report.glossary import GLOSSARY
    from headstart.strategies import get_strategy, strategy_names
    from headstart.strategies.registry import MADE

    words = {word.lower().replace("_", " ").replace("-", " "): word for word in GLOSSARY}
    wanted = term.strip().lower().replace("_", " ").replace("-", " ")
    names = {name.replace("_", " "): name for name in strategy_names()}
    if wanted in words:
        name, meaning = words[wanted], GLOSSARY[words[wanted]]
    elif wanted in names or wanted.startswith(tuple(MADE)):
        name = names.get(wanted, term.strip().lower())
        meaning = get_strategy(name).explain()
    else:
        raise SettingsError(
            f"{term!r} is neither a word of the report nor a strategy",
            place="TERM",
            hint=did_you_mean(wanted, [*words.values(), *names.values()]),
        )
    if json_output:
        print(json.dumps({"term": name, "meaning": meaning}, indent=2, ensure_ascii=False))
        return
    Screen().print(f"[bold]{name}[/bold]  {meaning}", highlight=False)
