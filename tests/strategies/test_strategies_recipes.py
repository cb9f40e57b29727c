import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.strategies import FitHead, Setting, Train, get_strategy
from headstart.strategies.schedules import batch_size_for, steps_for

STRATEGIES = ("linear_probe", "full_finetune", "from_scratch")
FAMILIES = {"image": ("transformers", "compact"), "text": ("transformers", "compact", "tfidf")}
settings = st.sampled_from([(m, f) for m, families in FAMILIES.items() for f in families]).flatmap(
    lambda pair: st.builds(
        Setting, modality=st.just(pair[0]), family=st.just(pair[1]), n=st.integers(1, 10**6),
        num_classes=st.integers(2, 1000), mirrored=st.booleans(),
    )  # fmt: skip
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(settings)
def test_recipes_start_with_the_centre(name, setting):
    recipes = get_strategy(name).recipes(setting)
    assert recipes
    labels = [recipe.label for recipe in recipes]
    assert len(set(labels)) == len(labels)
    assert len(set(recipes)) == len(recipes)
    for key in ("learning_rate", "weight_decay"):
        values = [getattr(recipe, key) for recipe in recipes]
        around = [value for value in values if value != values[0]]
        if key == "learning_rate" and around:
            assert min(around) < values[0] < max(around)
    closed_form = all(isinstance(phase, FitHead) for phase in get_strategy(name).phases(setting.family))
    assert all((recipe.steps == 0) == closed_form for recipe in recipes)


@given(settings)
def test_flips_are_left_out_where_they_change_the_label(setting):
    for name in ("full_finetune", "from_scratch"):
        for recipe in get_strategy(name).recipes(setting):
            expected = "none" if setting.modality == "text" else "flip" if setting.mirrored else "shift"
            assert recipe.augmentation == expected


def test_a_factor_of_three_lies_between_rates():
    setting = Setting(modality="image", family="transformers", n=500, num_classes=3)
    for name in ("full_finetune", "from_scratch"):
        centre, *others = get_strategy(name).recipes(setting)
        rates = {recipe.label: recipe.learning_rate for recipe in others}
        assert rates["rate x 3"] == pytest.approx(3 * centre.learning_rate)
        assert rates["rate / 3"] == pytest.approx(centre.learning_rate / 3)


@pytest.mark.parametrize(
    ("name", "family", "has_weights", "applies"),
    [
        ("linear_probe", "transformers", True, True),
        ("linear_probe", "compact", False, False),
        ("linear_probe", "tfidf", False, False),
        ("full_finetune", "transformers", True, True),
        ("full_finetune", "transformers", False, False),
        ("from_scratch", "transformers", True, True),
        ("from_scratch", "compact", False, True),
        ("from_scratch", "tfidf", False, True),
    ],
)
def test_what_a_strategy_applies_to(name, family, has_weights, applies):
    reason = get_strategy(name).refuses(family, has_weights)
    assert (reason is None) == applies
    assert reason is None or "pretrained weights" in reason


def test_phases():
    assert get_strategy("linear_probe").phases("transformers") == (FitHead(on="features"),)
    assert get_strategy("full_finetune").phases("transformers") == (Train(),)
    assert get_strategy("from_scratch").phases("compact") == (Train(),)
    assert get_strategy("from_scratch").phases("tfidf") == (FitHead(on="text"),)


def test_scratch_gets_the_longer_schedule():
    for n in (20, 500, 5000):
        for modality in ("image", "text"):
            setting = Setting(modality=modality, family="transformers", n=n, num_classes=2)
            tuned, scratch = (get_strategy(name).recipes(setting)[0] for name in ("full_finetune", "from_scratch"))
            assert scratch.steps * scratch.batch_size >= 2 * tuned.steps * tuned.batch_size


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_explains_itself(name):
    strategy = get_strategy(name)
    for word in (strategy.idea, strategy.wins, strategy.loses, strategy.cost, strategy.paper):
        assert word in strategy.explain()
    assert "arXiv" in strategy.paper


@given(st.integers(1, 10**7), st.sampled_from([16, 32, 64]))
def test_schedules_are_bounded(n, batch):
    assert 60 <= steps_for(n, batch, epochs=3, at_least=60, at_most=3000) <= 3000


@pytest.mark.parametrize(("n", "largest", "expected"), [(1, 64, 16), (383, 64, 16), (384, 64, 32), (768, 64, 64),
                                                        (10**6, 64, 64), (10**6, 16, 16)])  # fmt: skip
def test_batches_grow_with_the_data(n, largest, expected):
    assert batch_size_for(n, largest) == expected
