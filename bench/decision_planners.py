"""What the default planner is compared with: simple ways to spend the same seconds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from headstart.studies import Stop
from headstart.studies.planners import Plan
from headstart.studies.planners.open_trials import OpenTrials


class InOrder:
    """Runs the first open trial of a list that fits."""

    name = "in order"

    def plan(self, state, seconds):
        """No plan to read."""
        return Plan(budget_seconds=state.settings.budget_seconds)

    def suggest(self, state, seconds, running):
        """The next one."""
        for spec in self.wanted(state, OpenTrials(state, running, None, {}), seconds):
            if state.seconds(spec) <= seconds:
                return spec
        return Stop("nothing fits")

    def wanted(self, state, still, seconds) -> Iterator:
        """The list."""
        raise NotImplementedError


class Uniform(InOrder):
    """Every arm at every size in turn, small sizes first; then again."""

    name = "uniform"

    def wanted(self, state, still, seconds):
        """Ascending sizes."""
        for repeat in range(3):
            for n in sorted(state.grid):
                for arm in state.alive:
                    yield from still.measuring(arm, n, repeat)


class Halving(InOrder):
    """Successive halving over n: the better half goes on to four times the labels."""

    name = "halving over n"

    def wanted(self, state, still, seconds):
        """Rungs."""
        arms, sizes = list(state.alive), sorted(state.grid)[::2]
        for n in sizes:
            for arm in arms:
                yield from still.measuring(arm, n)
            known = [arm for arm in arms if n in state.evidence.sizes(arm.key)]
            if len(known) < len(arms):
                return
            draws = state.evidence.draws(n, known, "judge")
            value = dict(zip(draws.arms, draws.estimates, strict=True))
            arms = sorted(known, key=lambda arm: -value[arm.key])[: max(2, (len(known) + 1) // 2)]
        for repeat in (1, 2):
            for arm in arms:
                yield from still.measuring(arm, sizes[-1], repeat)


class AlwaysFineTune(InOrder):
    """The dearest pretrained arm on as many labels as fit; nothing is compared."""

    name = "always fine-tune"

    def wanted(self, state, still, seconds):
        """Largest first."""
        starts = [arm for arm in state.alive if arm.paradigm == "transfer" and not state.closed_form(arm)]
        starts = starts or [arm for arm in state.alive if arm.paradigm == "transfer"]
        arm = max(starts, key=lambda arm: ("full" in arm.strategy, state.default_seconds(arm, state.pool_size)))
        if state.evidence.sizes(arm.key):
            return
        for n in state.grid:
            if state.default_seconds(arm, n) <= seconds:
                yield from still.measuring(arm, n)
                return


class ProbeThenFineTune(AlwaysFineTune):
    """Every arm without gradient descent on all labels, then the dearest pretrained one on as many as fit."""

    name = "probe, then fine-tune"

    def wanted(self, state, still, seconds):
        """Probes first."""
        for arm in state.alive:
            if state.closed_form(arm):
                for n in state.grid[::-1]:
                    yield from still.measuring(arm, n)
        yield from super().wanted(state, still, seconds)


class LikeQuickTune(InOrder):
    """Bayesian optimisation over arms and recipes by learning curves, after Quick-Tune (Arango 2024, 2306.03828).

    The next step goes to the arm whose expected improvement over the best, at all labels by its learning curve, is
    largest for a second of that step. A step is twice the labels; after an arm's second, its recipes are tried.
    """

    name = "like Quick-Tune"
    held_out_from = 200  # labels, of which a fifth is held out to choose a recipe

    def wanted(self, state, still, seconds):
        """The smallest size of every arm, then by expected improvement."""
        sizes, evidence = sorted(state.grid), state.evidence
        for arm in state.alive:
            yield from still.measuring(arm, sizes[0])
        outlook = evidence.outlook(state.pool_size, "judge")
        if outlook is None:
            return
        best = outlook.estimates.max()
        steps = []
        for arm in state.alive:
            if arm.key not in outlook.arms:
                continue
            gain = np.maximum(outlook.column(arm.key) - best, 0.0).mean() + 1e-9
            for spec, cost in self.steps_of(arm, state, still, sizes):
                steps.append((gain / max(cost, 1e-3), spec, cost))
        for _, spec, cost in sorted(steps, key=lambda step: -step[0]):
            if cost <= seconds:
                yield spec

    def steps_of(self, arm, state, still, sizes):
        """The one step that an arm would take next."""
        reached = state.evidence.sizes(arm.key)
        above = [n for n in sizes if n > reached[-1]]
        enough = [n for n in sizes if n >= self.held_out_from]
        recipes = state.line_up.recipes(arm, sizes[-1])
        if len(reached) > 1 and len(recipes) > 1 and enough:
            open_ones = [spec for recipe in recipes for spec in still.choosing(arm, enough[0], recipe, 0)]
            if open_ones:
                yield open_ones[0], state.seconds(open_ones[0])
                return
        for n in above[:1]:
            for spec in still.measuring(arm, n):
                yield spec, state.seconds(spec)
