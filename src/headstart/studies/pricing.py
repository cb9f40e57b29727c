"""What every trial of a study would cost, at every size, before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from headstart.core import Arm, Recipe
from headstart.data import nested_subset
from headstart.strategies import FitHead, Setting, get_strategy
from headstart.studies.cost import CostModel
from headstart.studies.tuning import recipes_for
from headstart.studies.view import StudyView
from headstart.training import TrialContext

SMALLEST_OF_CLASS = 5  # no size holds fewer labels than this many of each class
FINISHING_SHARE = 0.25
NEAR_ENOUGH = 0.2  # of n: how far a subset of whole groups may be off


class Pricing:
    """Prices of trials, from the cost model's rates and the caches' state.

    Args:
        view: The study's arms and data.
        context: Candidates and caches.
        cost: Measured rates.
        mirrored: Whether mirror images keep their label; recipes depend on it.
        budget_seconds: Allowed in all.
    """

    def __init__(
        self, view: StudyView, context: TrialContext, cost: CostModel, mirrored: bool, budget_seconds: float
    ) -> None:
        self.view, self.context, self.cost, self.mirrored = view, context, cost, mirrored
        self.budget_seconds = budget_seconds

    def setting(self, arm: Arm, n: int) -> Setting:
        """The setting of an arm at a size."""
        candidate = self.context.candidates[arm.candidate]
        return Setting(
            modality=candidate.modality,
            family=candidate.family,
            n=n,
            num_classes=len(self.view.data.class_names),
            mirrored=self.mirrored,
        )

    def cheap(self, arm: Arm) -> bool:
        """Whether an arm needs no gradient descent."""
        family = self.context.candidates[arm.candidate].family
        return all(isinstance(phase, FitHead) for phase in get_strategy(arm.strategy).phases(family))

    def seconds(self, arm: Arm, recipe: Recipe, n: int, role: str) -> float:
        """Predicted seconds of a trial."""
        split = self.view.splits[0]
        measured = len(split.test) if role == "measuring" else n // 5
        embed = 0
        if self.cheap(arm) and self.context.candidates[arm.candidate].family != "tfidf":
            rows = np.concatenate([split.pool[:n], split.test])
            tables = ("", "readouts") if recipe.readout == "searched" else ("",)
            caches = (self.context.feature_cache(arm.candidate, of) for of in tables)
            embed = sum(len(cache.missing(rows, len(self.view.data.labels))) for cache in caches)
        return self.cost.predict(arm, recipe, n, measured, self.context, embed)

    @property
    def smallest(self) -> int:
        """The smallest size that is worth measuring."""
        return max(SMALLEST_OF_CLASS * len(self.view.data.class_names), 20)

    def grid(self) -> list[int]:
        """Pool size, its half, its quarter ... down to a few examples of each class.

        Sizes that whole groups cannot come close to are left out: their labels are those of another size.
        """
        return list(self._grid)

    @cached_property
    def _grid(self) -> tuple[int, ...]:
        view, sizes = self.view, [self.view.pool_size]
        n = sizes[0] // 2
        while n >= self.smallest:
            realised = len(nested_subset(view.data, view.splits[0], n, 0, view.settings.seed))
            if abs(realised - n) <= NEAR_ENOUGH * n:
                sizes.append(n)
            n //= 2
        return tuple(sizes)

    def measuring_seconds(self, arm: Arm, n: int) -> float:
        """Predicted seconds of a measuring trial at the default recipe."""
        return self.seconds(arm, recipes_for(arm, self.setting(arm, n))[0], n, "measuring")

    def tuning_seconds(
        self, arms: Sequence[Arm], settings: Mapping[str, Setting], effort: Mapping[str, int], size: int
    ) -> float:
        """Predicted seconds of tuning with so many recipes for each arm."""
        return sum(
            self.seconds(arm, recipe, size, "tuning")
            for arm in arms
            if effort[arm.key] > 1
            for recipe in recipes_for(arm, settings[arm.key])[: effort[arm.key]]
        )

    def finishing_seconds(self, arms: Sequence[Arm], size: int) -> float:
        """Seconds to keep for training the winner on everything, beyond a comparison at ``size``."""
        if size >= self.view.pool_size:
            return 0.0
        longest = max(self.measuring_seconds(arm, self.view.pool_size) for arm in arms)
        return min(longest, FINISHING_SHARE * self.budget_seconds)
