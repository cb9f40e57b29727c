"""The tuning policy: equal effort for the sides of a comparison, inside a trial's own labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from headstart.core import Arm, Recipe
from headstart.studies.evidence import Evidence
from headstart.studies.line_up import LineUp
from headstart.studies.trials import Trial

SMALLEST_PER_CLASS = 10  # labels of a class below which no held-out choice can be trusted
WIDEN = 3.0  # the step between neighbouring learning rates
OVERLAP = 0.25  # held out over learnt from: a fifth over four fifths
SIDES = ("transfer", "scratch", "hybrid")


def at_edge(tried: Sequence[Recipe], best: Recipe) -> bool:
    """Whether no tried learning rate lies on one side of the best recipe's, so that a further one might be better."""
    rates = sorted({recipe.learning_rate for recipe in tried})
    return len(rates) > 1 and not rates[0] < best.learning_rate < rates[-1]


def beyond_edge(recipes: Sequence[Recipe], tried: Sequence[Recipe], best: Recipe) -> Recipe | None:
    """The next learning rate out when the best of those tried has no tried one on one of its sides.

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
    highest = max(recipe.learning_rate for recipe in tried)
    rate = best.learning_rate * (WIDEN if best.learning_rate == highest else 1 / WIDEN)
    factor = rate / recipes[0].learning_rate
    listed = [recipe for recipe in recipes if math.isclose(recipe.learning_rate, rate)]
    new = recipes[0].model_copy(update={"learning_rate": rate, "label": f"rate x {factor:.2g}"})
    return listed[0] if listed else new


def further_recipes(
    evidence: Evidence, line_up: LineUp, arms: Sequence[Arm], effort: Mapping[str, int], n: int
) -> dict[str, Recipe]:
    """One more recipe for arms whose best lies at the edge, and as many more for each other side.

    Where a side has neither edges nor untried recipes left to match, the others do with less. Decided by the trials
    of the lists alone, so that what comes of it does not change it.

    Args:
        evidence: With the tuning trials of the whole lists.
        line_up: The arms' recipes.
        arms: Those that were tuned.
        effort: How many recipes of its list each arm was to try, by key.
        n: The tuning size.
    """
    wanted: dict[str, list[tuple[Arm, Recipe]]] = {}
    spare: dict[str, list[tuple[Arm, Recipe]]] = {}
    for arm in arms:
        recipes = line_up.recipes(arm, n)
        listed = recipes[: effort[arm.key]]
        tried = [trial.spec.recipe for trial in ranked_tuning(evidence, arm) if trial.spec.recipe in listed]
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


def allocate(line_up: LineUp, arms: Sequence[Arm], n: int, evaluations: int) -> dict[str, int] | None:
    """Spread recipe evaluations over the arms of one side in turn; an ensemble's recipe counts as its members.

    Args:
        line_up: The arms' recipes.
        arms: Of one side.
        n: The tuning size.
        evaluations: Total to spread; each arm gets at least one (its default).

    Returns:
        Recipes for each arm key, or None if their lists do not hold that many.
    """
    available = {arm.key: len(line_up.recipes(arm, n)) for arm in arms}
    weights = {arm.key: _members(line_up, arm, n) for arm in arms}
    counts = dict.fromkeys(available, 1)

    def spent() -> int:
        return sum(counts[key] * weights[key] for key in counts)

    while spent() < evaluations:
        open_arms = [key for key in counts if counts[key] < available[key]]
        if not open_arms:
            return None
        counts[min(open_arms, key=lambda key: counts[key])] += 1
    return counts if spent() == evaluations else None


def _members(line_up: LineUp, arm: Arm, n: int) -> int:
    return line_up.members(arm, line_up.recipes(arm, n)[0])


def equal_effort(line_up: LineUp, arms: Sequence[Arm], n: int) -> list[dict[str, int]]:
    """Allocations in which all sides get the same total, the most generous first.

    The last one is always the default recipe for every arm, which needs no tuning at all.
    """
    sides = [[arm for arm in arms if arm.paradigm == side] for side in SIDES]
    sides = [side for side in sides if side]
    most = max(sum(len(line_up.recipes(arm, n)) * _members(line_up, arm, n) for arm in side) for side in sides)
    found = []
    for total in range(most, 0, -1):
        shares = [allocate(line_up, side, n, total) for side in sides]
        if all(share is not None for share in shares):
            merged = {key: count for share in shares if share for key, count in share.items()}
            if any(count > 1 for count in merged.values()):
                found.append(merged)
    found.append(dict.fromkeys((arm.key for arm in arms), 1))
    return found


def lead(gains: Sequence[float], error: float = 0.0) -> float:
    """How far a recipe is surely ahead of the default: its mean gain over held-out parts, less the standard error.

    The rule of one standard error (Breiman et al. 1984, *Classification and Regression Trees*, section 3.4): without
    it, a choice among recipes on 80 examples is worse than none (``bench/results/halving.md``). Of several parts the
    error counts that what they learnt from overlaps (Nadeau and Bengio 2003, equation 9).

    Args:
        gains: Over the default, by part; 0 is the lead without any.
        error: Of the gain on a single part.
    """
    if len(gains) > 1:
        error = float(np.std(gains, ddof=1)) * math.sqrt(1 / len(gains) + OVERLAP)
    return float(np.mean(gains)) - error if gains else 0.0


def by_lead(evidence: Evidence, found: Mapping[Recipe, Mapping[int, Trial]]) -> list[Recipe]:
    """Recipes that were tried in the same way, the best first: by their :func:`lead` over the first of them.

    Args:
        evidence: Of the study.
        found: The trials of each recipe by held-out part, the default first; parts that not all met do not count.
    """
    shared = sorted(set.intersection(*(set(trials) for trials in found.values()))) if found else []
    first = next(iter(found.values()), {})
    leads = {}
    for recipe, trials in found.items():
        gains = [evidence.gain(trials[part], first[part]) for part in shared] if trials is not first else []
        leads[recipe] = lead([gain for gain, _ in gains], *(error for _, error in gains[:1]))
    return sorted(found, key=lambda recipe: -leads[recipe])


def ranked_tuning(evidence: Evidence, arm: Arm) -> list[Trial]:
    """The first tuning trial of each of an arm's recipes, the best recipe first; longer schedules are checks.

    Those that were given up after a part of their steps come last.
    """
    tried = [trial for trial in evidence.trials(arm.key, "tuning") if not trial.spec.convergence_check]
    whole: dict[Recipe, dict[int, Trial]] = {}
    given_up: dict[Recipe, dict[int, Trial]] = {}
    default = evidence.first_tried(arm.key)
    for trial in sorted(tried, key=lambda trial: (trial.spec.recipe != default, trial.started)):
        group = given_up if trial.spec.stopped_at else whole
        group.setdefault(trial.spec.recipe, {})[trial.spec.repeat] = trial
    ranked = [group[recipe] for group in (whole, given_up) for recipe in by_lead(evidence, group)]
    return [trials[min(trials)] for trials in ranked]


def chosen_recipe(evidence: Evidence, line_up: LineUp, arm: Arm, n: int) -> tuple[Recipe, int | None]:
    """The recipe to use at n labels, and the size it was chosen at (None: the default, untuned)."""
    recipes, ranked = line_up.recipes(arm, n), ranked_tuning(evidence, arm)
    if not ranked:
        return recipes[0], None
    best = ranked[0].spec
    return carried_over(best.recipe, line_up.recipes(arm, best.n), recipes), best.n


def carried_over(tuned: Recipe, there: Sequence[Recipe], here: Sequence[Recipe]) -> Recipe:
    """Carry a recipe chosen at one size over to another: same rate and decay, that size's schedule.

    Args:
        tuned: The recipe that was chosen.
        there: The arm's list where it was chosen.
        here: The arm's list where it is to be used.
    """
    if tuned in there and there.index(tuned) < len(here):
        return here[there.index(tuned)]
    schedule = {name: getattr(here[0], name) for name in ("steps", "batch_size", "warmup", "augmentation")}
    return tuned.model_copy(update=schedule)
