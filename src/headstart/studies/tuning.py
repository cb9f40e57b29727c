"""The tuning policy: equal effort for the two paradigms, inside a trial's own labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from headstart.core import Arm, Recipe
from headstart.strategies import Setting, get_strategy
from headstart.studies.store import Trial
from headstart.studies.view import StudyView

SMALLEST_PER_CLASS = 10  # below this no held-out choice can be trusted
LONGER = ", steps x 2"  # marks the convergence check
WIDEN = 3.0  # the step between neighbouring rates


def recipes_for(arm: Arm, setting: Setting) -> tuple[Recipe, ...]:
    """An arm's recipes at a setting, the default first."""
    return get_strategy(arm.strategy).recipes(setting)


def at_edge(tried: Sequence[Recipe], best: Recipe) -> bool:
    """Whether no tried rate lies on one side of the best recipe's, so that a further one might be better."""
    rates = sorted({recipe.learning_rate for recipe in tried})
    return len(rates) > 1 and not rates[0] < best.learning_rate < rates[-1]


def beyond_edge(recipes: Sequence[Recipe], tried: Sequence[Recipe], best: Recipe) -> Recipe | None:
    """The next rate out when the best of those tried has no tried rate on one of its sides.

    Args:
        recipes: The arm's list, the default first.
        tried: Those tried.
        best: The best of them.

    Returns:
        The list's own recipe at that rate, else a new one. None if the
        best lies inside, or if rates are not what the list varies.
    """
    if not at_edge(tried, best):
        return None
    default = recipes[0]
    highest = max(recipe.learning_rate for recipe in tried)
    rate = best.learning_rate * (WIDEN if best.learning_rate == highest else 1 / WIDEN)
    factor = rate / default.learning_rate
    listed = [recipe for recipe in recipes if math.isclose(recipe.learning_rate, rate)]
    return listed[0] if listed else default.model_copy(update={"learning_rate": rate, "label": f"rate x {factor:.2g}"})


def further_recipes(view: StudyView, arms: Sequence[Arm], settings: Mapping[str, Setting]) -> dict[str, Recipe]:
    """One more recipe for arms whose best lies at the edge, and as many more for each other paradigm.

    Where a paradigm has neither edges nor untried recipes left to match, the others do with less.

    Args:
        view: With the tuning trials of the whole lists.
        arms: Those that were tuned.
        settings: By arm key, at the tuning size.
    """
    wanted: dict[str, list[tuple[Arm, Recipe]]] = {}
    spare: dict[str, list[tuple[Arm, Recipe]]] = {}
    for arm in arms:
        recipes, ranked = recipes_for(arm, settings[arm.key]), ranked_tuning(view, arm)
        tried = [trial.spec.recipe for trial in ranked]
        further = beyond_edge(recipes, tried, tried[0]) if tried else None
        untried = [recipe for recipe in recipes if recipe not in tried]
        wanted.setdefault(arm.paradigm, [])
        spare.setdefault(arm.paradigm, [])
        if further is not None:
            wanted[arm.paradigm].append((arm, further))
        elif untried:
            spare[arm.paradigm].append((arm, untried[0]))
    if not wanted:
        return {}
    count = min(
        max(len(of_side) for of_side in wanted.values()), *(len(wanted[side]) + len(spare[side]) for side in wanted)
    )
    chosen = [pair for side in wanted for pair in (wanted[side] + spare[side])[:count]]
    return {arm.key: recipe for arm, recipe in chosen}


def allocate(arms: Sequence[Arm], settings: dict[str, Setting], evaluations: int) -> dict[str, int] | None:
    """Spread recipe evaluations over the arms of one paradigm in turn; an ensemble's recipe counts as its members.

    Args:
        arms: Of one paradigm.
        settings: By arm key.
        evaluations: Total to spread; each arm gets at least one (its default).

    Returns:
        Recipes for each arm key, or None if their lists do not hold that many.
    """
    available = {arm.key: len(recipes_for(arm, settings[arm.key])) for arm in arms}
    weights = {arm.key: _members(arm, settings[arm.key]) for arm in arms}
    counts = dict.fromkeys(available, 1)

    def spent() -> int:
        return sum(counts[key] * weights[key] for key in counts)

    while spent() < evaluations:
        open_arms = [key for key in counts if counts[key] < available[key]]
        if not open_arms:
            return None
        counts[min(open_arms, key=lambda key: counts[key])] += 1
    return counts if spent() == evaluations else None


def _members(arm: Arm, setting: Setting) -> int:
    """Networks that one recipe of an arm trains."""
    return len(get_strategy(arm.strategy).members(recipes_for(arm, setting)[0]))


def equal_effort(arms: Sequence[Arm], settings: dict[str, Setting]) -> list[dict[str, int]]:
    """Allocations in which both paradigms get the same total, the most generous first.

    The last one is always the default recipe for every arm, which needs no tuning at all.
    """
    sides = [[arm for arm in arms if arm.paradigm == side] for side in ("transfer", "scratch", "hybrid")]
    sides = [side for side in sides if side]
    most = max(
        sum(len(recipes_for(arm, settings[arm.key])) * _members(arm, settings[arm.key]) for arm in side)
        for side in sides
    )
    found = []
    for total in range(most, 0, -1):
        shares = [allocate(side, settings, total) for side in sides]
        if all(share is not None for share in shares):
            merged = {key: count for share in shares if share for key, count in share.items()}
            if any(count > 1 for count in merged.values()):
                found.append(merged)
    found.append(dict.fromkeys((arm.key for arm in arms), 1))
    return found


def ranked_tuning(view: StudyView, arm: Arm) -> list[Trial]:
    """An arm's tuning trials, the best first; longer schedules are checks, not recipes."""
    tried = [trial for trial in view.trials(arm.key, "tuning") if LONGER not in trial.spec.recipe.label]
    return sorted(tried, key=lambda trial: -trial.measurement.value)


def chosen_recipe(view: StudyView, arm: Arm, setting: Setting) -> tuple[Recipe, int | None]:
    """The recipe to use at a setting, and the size it was chosen at (None: its default, untuned)."""
    recipes = recipes_for(arm, setting)
    ranked = ranked_tuning(view, arm)
    if not ranked:
        return recipes[0], None
    return at_setting(ranked[0].spec.recipe, recipes), ranked[0].spec.n


def at_setting(tuned: Recipe, recipes: Sequence[Recipe]) -> Recipe:
    """Carry a recipe chosen at one size over to another: same rate and decay, that size's schedule."""
    same = next((recipe for recipe in recipes if recipe.label == tuned.label), None)
    schedule = {word: getattr(recipes[0], word) for word in ("steps", "batch_size", "warmup", "augmentation")}
    return same or tuned.model_copy(update=schedule)
