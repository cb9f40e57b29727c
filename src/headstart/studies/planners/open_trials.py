"""What is still to be run at a moment: finished and running trials count as done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headstart.core import Arm, Recipe, TrialSpec
from headstart.studies.planners.tuning import chosen_recipe, further_recipes
from headstart.studies.state import StudyState

TUNING_SHARE = 0.25  # of the budget


@dataclass(frozen=True)
class OpenTrials:
    """Lists trials that were neither run nor started.

    Attributes:
        state: Everything that is known.
        running: Started and not finished.
        tuning_size: Where recipes are chosen; None for default recipes.
        evaluations: Recipes of its list that each arm tries, by key.
    """

    state: StudyState
    running: Sequence[TrialSpec]
    tuning_size: int | None
    evaluations: Mapping[str, int]

    def done(self, role: str, arm: Arm, n: int, repeat: int, recipe: Recipe | None = None) -> bool:
        """Whether a trial has ended, well or not, or is running."""
        specs = (*(trial.spec for trial in self.state.evidence.table.trials()), *self.running)
        return any(
            spec.role == role
            and spec.arm == arm
            and spec.n == n
            and spec.repeat == repeat
            and (recipe is None or spec.recipe == recipe)
            for spec in specs
        )

    def measuring(self, arm: Arm, n: int, repeat: int = 0) -> Iterator[TrialSpec]:
        """The measuring trial of an arm, with the recipe that tuning chose; none while its tuning is under way."""
        choosing = any(
            spec.role == "tuning" and spec.arm == arm and not spec.convergence_check for spec in self.running
        )
        if choosing or self.done("measuring", arm, n, repeat):
            return
        recipe, tuned_at = chosen_recipe(self.state.evidence, self.state.line_up, arm, n)
        informed = tuned_at is not None and (n < tuned_at or repeat > 0)
        yield self.state.spec(arm, recipe, n, repeat=repeat, informed=informed)

    def whole(self, arm: Arm, n: int | None = None) -> Iterator[TrialSpec]:
        """Trials of an arm that were ended early, with all their steps: they go on from where the end began."""
        for trial in self.state.evidence.trials(arm.key, "measuring", n):
            spec = trial.spec.whole
            if trial.spec.stopped_at and spec not in self.running:
                yield spec

    def listed(self, arms: Sequence[Arm]) -> Iterator[TrialSpec]:
        """Tuning trials of the arms' lists, rank by rank."""
        n = self.tuning_size
        if n is None:
            return
        for rank in range(max(self.evaluations.values(), default=0)):
            for arm in arms:
                tried = self.evaluations.get(arm.key, 1)
                if tried > 1 and rank < tried:
                    yield from self.tuning(arm, self.state.line_up.recipes(arm, n)[rank])

    def widened(self, arms: Sequence[Arm]) -> Iterator[TrialSpec]:
        """Once the lists are through: one recipe beyond each best one at an edge, as many for each side."""
        n, state = self.tuning_size, self.state
        tuned = [arm for arm in arms if self.evaluations.get(arm.key, 1) > 1]
        if n is None or not tuned or any(True for _ in self.listed(arms)):
            return
        if any(spec.role == "tuning" for spec in self.running) or self._listed_seconds(n) > self._allowed:
            return
        extra = further_recipes(state.evidence, state.line_up, tuned, self.evaluations, n)
        for arm in tuned:
            if arm.key in extra:
                yield from self.tuning(arm, extra[arm.key])

    def choosing(self, arm: Arm, n: int, recipe: Recipe, repeat: int) -> Iterator[TrialSpec]:
        """One tuning trial at a size of its own, with the part held out that belongs to the repeat."""
        if not self.done("tuning", arm, n, repeat, recipe):
            yield self.state.spec(arm, recipe, n, role="tuning", repeat=repeat)

    def tuning(self, arm: Arm, recipe: Recipe, *, convergence_check: bool = False) -> Iterator[TrialSpec]:
        """One tuning trial."""
        n = self.tuning_size
        if n is not None and not self.done("tuning", arm, n, 0, recipe):
            yield self.state.spec(arm, recipe, n, role="tuning", convergence_check=convergence_check)

    @property
    def _allowed(self) -> float:
        return 0.8 * TUNING_SHARE * self.state.settings.budget_seconds

    def _listed_seconds(self, n: int) -> float:
        """Seconds that the lists took; what came after them does not change what may come after them."""
        total = 0.0
        for trial in self.state.evidence.table.trials():
            spec = trial.spec
            if spec.role == "tuning" and spec.n == n:
                listed = self.state.line_up.recipes(spec.arm, n)[: self.evaluations.get(spec.arm.key, 1)]
                total += (trial.ended - trial.started) if spec.recipe in listed else 0.0
        return total
