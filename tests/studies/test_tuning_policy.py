import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import Arm
from headstart.strategies import Setting
from headstart.studies.tuning import allocate, equal_effort, recipes_for, widened

PROBE = Arm(candidate="p", strategy="linear_probe", paradigm="transfer")
TUNE = Arm(candidate="p", strategy="full_finetune", paradigm="transfer")
OWN = Arm(candidate="p", strategy="from_scratch", paradigm="scratch")
COMPACT = Arm(candidate="c", strategy="from_scratch", paradigm="scratch")
SETTING = Setting("image", "transformers", 500, 10)
SETTINGS = {arm.key: SETTING for arm in (PROBE, TUNE, OWN, COMPACT)}


def total(share: dict[str, int], arms) -> int:
    return sum(share[arm.key] for arm in arms)


def test_both_paradigms_get_the_same_total_whenever_anything_is_tuned():
    for share in equal_effort([PROBE, TUNE, OWN, COMPACT], SETTINGS):
        if any(count > 1 for count in share.values()):
            assert total(share, (PROBE, TUNE)) == total(share, (OWN, COMPACT))


def test_the_last_allocation_is_the_centre_for_all():
    assert set(equal_effort([PROBE, TUNE, OWN], SETTINGS)[-1].values()) == {1}


@given(st.integers(1, 12))
def test_arms_of_a_paradigm_are_tuned_alike(evaluations):
    share = allocate([OWN, COMPACT], SETTINGS, evaluations)
    if share is not None:
        assert sum(share.values()) == max(evaluations, 2) == evaluations
        assert max(share.values()) - min(share.values()) <= 1


@pytest.mark.parametrize(("label", "factor"), [("rate x 3", 9), ("rate / 3", 1 / 9), ("centre", None)])
def test_the_grid_widens_at_its_edges_only(label, factor):
    recipes = recipes_for(TUNE, SETTING)
    best = next(recipe for recipe in recipes if recipe.label == label)
    further = widened(recipes, best)
    if factor is None:
        assert further is None
    else:
        assert further.learning_rate == pytest.approx(recipes[0].learning_rate * factor)
