from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import Arm, Recipe
from headstart.models import resolve
from headstart.studies import StrategyLineUp
from headstart.studies.planners.tuning import (
    allocate,
    at_edge,
    beyond_edge,
    carried_over,
    equal_effort,
    further_recipes,
    ranked_tuning,
)

PROBE = Arm(candidate="p", strategy="linear_probe", paradigm="transfer")
TUNE = Arm(candidate="p", strategy="full_finetune", paradigm="transfer")
OWN = Arm(candidate="p", strategy="from_scratch", paradigm="scratch")
COMPACT = Arm(candidate="c", strategy="from_scratch", paradigm="scratch")
N = 500
IMAGE = resolve("builtin:image", "image-classification")
LINE_UP = StrategyLineUp((PROBE, TUNE, OWN, COMPACT), {"p": IMAGE, "c": IMAGE}, 10, True)


def total(share: dict[str, int], arms) -> int:
    return sum(share[arm.key] for arm in arms)


def test_both_paradigms_get_the_same_total_whenever_anything_is_tuned():
    for share in equal_effort(LINE_UP, [PROBE, TUNE, OWN, COMPACT], N):
        if any(count > 1 for count in share.values()):
            assert total(share, (PROBE, TUNE)) == total(share, (OWN, COMPACT))


def test_the_last_allocation_is_the_centre_for_all():
    assert set(equal_effort(LINE_UP, [PROBE, TUNE, OWN], N)[-1].values()) == {1}


def test_a_recipe_of_an_ensemble_counts_as_its_three_networks():
    ensemble = Arm(candidate="p", strategy="ensemble:full_finetune", paradigm="transfer")
    first, last = equal_effort(LINE_UP, [ensemble, OWN, COMPACT], N)
    assert first[ensemble.key] == last[ensemble.key] == 1
    assert total(first, (OWN, COMPACT)) == 3


@given(st.integers(1, 12))
def test_arms_of_a_paradigm_are_tuned_alike(evaluations):
    share = allocate(LINE_UP, [OWN, COMPACT], N, evaluations)
    if share is not None:
        assert sum(share.values()) == max(evaluations, 2) == evaluations
        assert max(share.values()) - min(share.values()) <= 1


@pytest.mark.parametrize(
    ("tried", "best", "factor"),
    [
        (("default", "rate / 3", "rate x 3"), "rate x 3", 9),
        (("default", "rate / 3", "rate x 3"), "rate / 3", 1 / 9),
        (("default", "rate / 3", "rate x 3"), "default", None),
        (("default", "rate / 3"), "default", 3),
        (("default", "rate x 3"), "default", 1 / 3),
        (("default",), "default", None),
    ],
)
def test_the_grid_widens_at_its_edges_only(tried, best, factor):
    recipes = LINE_UP.recipes(TUNE, N)
    by_label = {recipe.label: recipe for recipe in recipes}
    further = beyond_edge(recipes, [by_label[label] for label in tried], by_label[best])
    if factor is None:
        assert further is None
    else:
        assert further.learning_rate == pytest.approx(recipes[0].learning_rate * factor)
        assert (further in recipes) == (factor in (3, 1 / 3))


class Tried:
    """A view of tuning trials alone: held-out values by arm and recipe label."""

    def __init__(self, values: dict[Arm, dict[str, float]]) -> None:
        self.values = values

    def trials(self, key, role):
        found = []
        for arm, by_label in self.values.items():
            recipes = {recipe.label: recipe for recipe in LINE_UP.recipes(arm, N)}
            for label, value in by_label.items() if arm.key == key else ():
                spec = SimpleNamespace(recipe=recipes[label], n=100, repeat=0, stopped_at=0, convergence_check=False)
                found.append(SimpleNamespace(spec=spec, measurement=SimpleNamespace(value=value), started=len(found)))
        return found

    def first_tried(self, key):
        return self.trials(key, "tuning")[0].spec.recipe

    def gain(self, trial, other):
        return trial.measurement.value - other.measurement.value, 0.0


def effort(values):
    return {arm.key: len(by_label) for arm, by_label in values.items()}


def test_widening_gives_either_paradigm_as_many_recipes_more():
    values = {
        TUNE: {"default": 0.5, "rate / 3": 0.4, "rate x 3": 0.6},  # at the edge
        OWN: {"default": 0.5, "rate x 3": 0.4, "rate / 3": 0.4},  # inside; one of its list is untried
        COMPACT: {"default": 0.5, "rate x 3": 0.6, "rate / 3": 0.4, "decay x 10": 0.1},  # at the edge
    }
    extra = further_recipes(Tried(values), LINE_UP, [TUNE, OWN, COMPACT], effort(values), N)
    assert set(extra) == {TUNE.key, COMPACT.key}
    assert not at_edge([recipe for recipe in LINE_UP.recipes(OWN, N)], LINE_UP.recipes(OWN, N)[0])


def test_a_paradigm_without_edges_gets_untried_recipes_instead():
    values = {
        TUNE: {"default": 0.5, "rate / 3": 0.4, "rate x 3": 0.6},
        OWN: {"default": 0.5, "rate x 3": 0.4, "rate / 3": 0.4},
    }
    extra = further_recipes(Tried(values), LINE_UP, [TUNE, OWN], effort(values), N)
    assert extra[OWN.key].label == "decay x 10"
    assert extra[TUNE.key].learning_rate == pytest.approx(LINE_UP.recipes(TUNE, N)[0].learning_rate * 9)


def test_nothing_widens_that_the_other_paradigm_cannot_match():
    own = {"default": 0.5, "rate x 3": 0.4, "rate / 3": 0.4, "decay x 10": 0.1, "batch / 2": 0.1}
    values = {TUNE: {"default": 0.5, "rate / 3": 0.4, "rate x 3": 0.6}, OWN: own}
    assert further_recipes(Tried(values), LINE_UP, [TUNE, OWN], effort(values), N) == {}


def test_a_tuned_recipe_is_carried_to_another_size_by_its_place_in_the_list():
    small, large = LINE_UP.recipes(TUNE, 100), LINE_UP.recipes(TUNE, 5000)
    assert carried_over(small[1], small, large) == large[1]
    new = small[0].model_copy(update={"learning_rate": 9 * small[0].learning_rate})
    found = carried_over(new, small, large)
    assert found.learning_rate == new.learning_rate
    assert found.steps == large[0].steps


def compared(recipe, repeat, value, spec_of, stopped_at=0, started=0):
    spec = spec_of(recipe=recipe, role="tuning", repeat=repeat).model_copy(update={"stopped_at": stopped_at})
    return SimpleNamespace(spec=spec, measurement=SimpleNamespace(value=value), started=started)


def evidence_of(trials, error=0.0):
    """A view of these trials, the first of them the default's."""
    return SimpleNamespace(
        trials=lambda *words: trials,
        first_tried=lambda key: trials[0].spec.recipe if trials else None,
        gain=lambda one, other: (one.measurement.value - other.measurement.value, error),
    )


def ranked(trials, error=0.0):
    return [trial.spec.recipe for trial in ranked_tuning(evidence_of(trials, error), trials[0].spec.arm)]


def test_recipes_that_were_held_out_on_several_parts_are_ranked_by_the_parts_that_all_met(spec_of):
    plain, other = Recipe(), Recipe(standardised=True)
    trials = [
        compared(plain, 0, 0.7, spec_of),
        compared(other, 0, 0.8, spec_of),
        compared(plain, 1, 0.5, spec_of),
        compared(other, 1, 0.7, spec_of),
        compared(plain, 2, 0.99, spec_of),  # the time was over before the other one met this part
    ]
    assert ranked(trials) == [other, plain]
    assert {trial.spec.repeat for trial in ranked_tuning(evidence_of(trials), trials[0].spec.arm)} == {0}
    trials[3].measurement.value = 0.45  # ahead on one part, behind on the other: no more than chance
    assert ranked(trials) == [plain, other]
    assert not ranked_tuning(evidence_of([]), trials[0].spec.arm)


@pytest.mark.parametrize(("gain", "error", "taken"), [(0.06, 0.05, True), (0.05, 0.06, False), (0.0, 0.0, False)])
def test_another_recipe_than_the_default_has_to_be_surely_ahead(spec_of, gain, error, taken):
    default, other = Recipe(), Recipe(learning_rate=1e-2)
    trials = [compared(default, 0, 0.5, spec_of), compared(other, 0, 0.5 + gain, spec_of)]
    assert ranked(trials, error) == ([other, default] if taken else [default, other])


def test_a_recipe_that_was_given_up_is_behind_those_that_were_run_to_the_end(spec_of):
    default, kept, at_first = (Recipe(learning_rate=rate, steps=100) for rate in (1e-4, 1e-3, 1e-2))
    trials = [
        compared(default, 0, 0.6, spec_of, started=4),
        compared(at_first, 0, 0.9, spec_of, stopped_at=25, started=2),
        compared(kept, 0, 0.7, spec_of, started=3),
    ]
    assert ranked(trials) == [kept, default, at_first]
    trials[2].measurement.value = 0.65  # the default is what others are measured against, whenever it was run
    assert ranked(trials, error=0.06) == [default, kept, at_first]
