"""A fixed comparison: every arm at given sizes and repeats, tuned with equal effort; not a search for a winner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.core import TrialSpec
from headstart.studies.planners.base import Plan, PlanRow, Step, Stop
from headstart.studies.planners.open_trials import OpenTrials
from headstart.studies.planners.tuning import SMALLEST_PER_CLASS, equal_effort
from headstart.studies.state import StudyState


@dataclass(frozen=True)
class FactorialPlanner:
    """Runs all cells of a table, cheapest size first, and ignores whether they fit.

    Attributes:
        sizes: Labels, ascending.
        repeats: Of each arm and size.
        recipes: Recipes for each side at most; None for as many as equal effort allows, 1 for no tuning.
    """

    sizes: tuple[int, ...]
    repeats: int = 3
    recipes: int | None = None
    name: str = "factorial"

    def plan(self, state: StudyState, seconds: float) -> Plan:
        """The whole table with its price."""
        open_trials = self._open(state, ())
        rows = []
        for arm in state.alive:
            price = sum(state.default_seconds(arm, n) for n in self.sizes) * self.repeats
            tried = open_trials.evaluations.get(arm.key, 1)
            if open_trials.tuning_size and tried > 1:
                listed = state.line_up.recipes(arm, open_trials.tuning_size)[:tried]
                price += sum(state.prices.seconds(arm, one, open_trials.tuning_size, "tuning") for one in listed)
            rows.append(PlanRow(arm=arm.name, sizes=self.sizes, repeats=self.repeats, recipes=tried, seconds=price))
        return Plan(
            rows=tuple(rows),
            total_seconds=sum(row.seconds for row in rows),
            budget_seconds=state.settings.budget_seconds,
            comparison_size=self.sizes[-1],
        )

    def suggest(self, state: StudyState, seconds: float, running: Sequence[TrialSpec]) -> Step:
        """The next cell; one that cannot end in the time that is left is not begun."""
        open_trials = self._open(state, running)
        wanted = [*open_trials.listed(state.alive), *open_trials.widened(state.alive)]
        for repeat in range(self.repeats):
            for n in self.sizes:
                for arm in state.alive:
                    wanted += open_trials.measuring(arm, n, repeat)
        for spec in wanted:
            if state.seconds(spec) <= seconds:
                return spec
        return Stop("every cell is measured" if not wanted else "no cell fits into the time that is left")

    def _open(self, state: StudyState, running: Sequence[TrialSpec]) -> OpenTrials:
        size = self.sizes[-1]
        enough = SMALLEST_PER_CLASS * state.classes
        tuning_size = size // 4 if size // 4 >= enough else size
        sides = {arm.paradigm for arm in state.alive}
        effort: dict[str, int] = {}
        for effort in equal_effort(state.line_up, state.alive, tuning_size) if sides else []:
            tuned = any(count > 1 for count in effort.values())
            if not tuned or self.recipes is None or sum(effort.values()) <= self.recipes * len(sides):
                break
        tuned = any(count > 1 for count in effort.values())
        return OpenTrials(state, running, tuning_size if tuned else None, effort)
