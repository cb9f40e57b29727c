"""Planners: which trial next. More can come from any package through the entry point ``headstart.planners``."""

from __future__ import annotations

from importlib.metadata import entry_points

from headstart.core import SettingsError, did_you_mean, reason_of
from headstart.studies.planners.base import Drop, LeftOut, Plan, Planner, PlanRow, Step, Stop
from headstart.studies.planners.contenders import ContendersPlanner
from headstart.studies.planners.factorial import FactorialPlanner
from headstart.studies.planners.staged import StagedPlanner

GROUP = "headstart.planners"
OWN: dict[str, type[Planner]] = {"contenders": ContendersPlanner, "staged": StagedPlanner}
DEFAULT = "contenders"  # lower regret than "staged" on the oracle sets, equal on LCDB (bench/results/decision.md)

__all__ = [
    "DEFAULT",
    "ContendersPlanner",
    "Drop",
    "FactorialPlanner",
    "LeftOut",
    "Plan",
    "PlanRow",
    "Planner",
    "StagedPlanner",
    "Step",
    "Stop",
    "get_planner",
]


def get_planner(name: str) -> Planner:
    """Load an installed planner by its name.

    Raises:
        SettingsError: There is none, or its package fails at import.
    """
    if name in OWN:
        return OWN[name]()
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise SettingsError(f"no planner {name!r}", place="--planner", hint=did_you_mean(name, sorted({*found, *OWN})))
    try:
        planner: Planner = found[name].load()()
    except Exception as error:
        raise SettingsError(
            f"planner {name!r} cannot be loaded: {reason_of(error, kind=True)}",
            place=found[name].value,
            hint="Repair or uninstall the package that brings it",
        ) from error
    return planner
