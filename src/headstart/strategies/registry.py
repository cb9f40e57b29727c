"""Find strategies by name. Built-in ones come in by the same entry point as those of other packages."""

from __future__ import annotations

import functools
from importlib.metadata import entry_points

from headstart.core import SettingsError, did_you_mean, reason_of
from headstart.strategies import adapters, ensemble
from headstart.strategies.base import Strategy

GROUP = "headstart.strategies"
# Names that are made of others, and what stands behind the colon
MADE = {
    adapters.PREFIX: "METHOD for any method of peft, such as peft:vera",
    ensemble.PREFIX: "STRATEGY to train at three rates and average, such as ensemble:full_finetune",
}


@functools.cache
def strategy_names() -> tuple[str, ...]:
    """Names of every installed strategy, without importing any."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def default_strategies() -> tuple[list[str], list[tuple[str, str]]]:
    """Names of the strategies that a study compares without being asked to, and those that cannot be loaded."""
    names, broken = [], []
    for name in strategy_names():
        try:
            if get_strategy(name).by_default:
                names.append(name)
        except SettingsError as trouble:
            broken.append((name, trouble.fact))
    return names, broken


@functools.cache
def get_strategy(name: str) -> Strategy:
    """Load one strategy: an installed one, ``peft:METHOD``, or ``ensemble:`` and the name of any of these.

    Raises:
        SettingsError: No strategy has this name, or its package fails at import.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name.startswith(adapters.PREFIX):
        return adapters.AnyPeftMethod(name.removeprefix(adapters.PREFIX))
    if name.startswith(ensemble.PREFIX):
        return ensemble.ensemble_of(get_strategy(name.removeprefix(ensemble.PREFIX)))
    if name not in found:
        raise SettingsError(f"no strategy {name!r}", place="--strategy", hint=did_you_mean(name, sorted(found)))
    try:
        strategy = found[name].load()()
    except Exception as error:
        raise SettingsError(
            f"strategy {name!r} cannot be loaded: {reason_of(error, kind=True)}",
            place=found[name].value,
            hint="Repair or uninstall the package that brings it",
        ) from error
    if not isinstance(strategy, Strategy):
        raise SettingsError(
            f"strategy {name!r} is a {type(strategy).__name__}, not a headstart Strategy",
            place=found[name].value,
            hint="Let its class inherit headstart.strategies.Strategy",
        )
    missing = [word for word in Strategy.__annotations__ if not hasattr(strategy, word)]
    if missing:
        raise SettingsError(
            f"strategy {name!r} does not say its {', '.join(missing)}",
            place=found[name].value,
            hint="Set them in its class, as the built-in strategies do",
        )
    return strategy
