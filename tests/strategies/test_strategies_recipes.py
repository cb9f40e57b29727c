import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import Recipe
from headstart.models import Candidate
from headstart.strategies import FitHead, Grown, Regime, Train, get_strategy
from headstart.strategies.schedules import batch_size_for, steps_for

STRATEGIES = (
    "linear_probe",
    "knn",
    "partial_finetune",
    "full_finetune",
    "lp_ft",
    "gradual_unfreeze",
    "bitfit",
    "l2_sp",
    "lora",
    "dora",
    "ia3",
    "prefix_tuning",
    "prompt_tuning",
    "partial_transfer",
    "contrastive",
    "hybrid",
    "from_scratch",
    "peft:vera",
)
FAMILIES = {"image": ("transformers", "compact"), "text": ("transformers", "compact", "tfidf")}
settings = st.sampled_from([(m, f) for m, families in FAMILIES.items() for f in families]).flatmap(
    lambda pair: st.builds(
        Regime,
        modality=st.just(pair[0]),
        family=st.just(pair[1]),
        n=st.integers(1, 10**6),
        num_classes=st.integers(2, 1000),
        mirrored=st.booleans(),
    )
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(settings)
def test_recipes_start_with_the_default(name, setting):
    recipes = get_strategy(name).recipes(setting)
    assert recipes
    labels = [recipe.label for recipe in recipes]
    assert len(set(labels)) == len(labels)
    assert len(set(recipes)) == len(recipes)
    for key in ("learning_rate", "weight_decay"):
        values = [getattr(recipe, key) for recipe in recipes]
        around = [value for value in values if value != values[0]]
        if key == "learning_rate" and around:
            assert max(around) > values[0]
    closed_form = all(isinstance(phase, FitHead) for phase in get_strategy(name).phases(setting.family))
    assert all((recipe.steps == 0) == closed_form for recipe in recipes)


@given(settings)
def test_flips_are_left_out_where_they_change_the_label(setting):
    for name in ("full_finetune", "from_scratch"):
        for recipe in get_strategy(name).recipes(setting):
            expected = "none" if setting.modality == "text" else "flip" if setting.mirrored else "shift"
            assert recipe.augmentation == expected


def test_a_factor_of_three_lies_between_rates():
    setting = Regime(modality="image", family="transformers", n=500, num_classes=3)
    for name in ("full_finetune", "from_scratch"):
        default, *others = get_strategy(name).recipes(setting)
        rates = {recipe.label: recipe.learning_rate for recipe in others}
        assert rates["rate x 3"] == pytest.approx(3 * default.learning_rate)
        assert rates["rate / 3"] == pytest.approx(default.learning_rate / 3)


def candidate(modality, family, has_weights):
    return Candidate(
        name="any", modality=modality, family=family, has_weights=has_weights, weights_hash="0", input_size=8
    )


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("modality", ["image", "text"])
def test_what_a_strategy_applies_to(name, modality):
    strategy = get_strategy(name)
    texts_only = name in ("prefix_tuning", "prompt_tuning", "contrastive")
    reason = strategy.refuses(candidate(modality, "transformers", True))
    assert (reason is None) == (modality == "text" or not texts_only)
    assert reason is None or "for images use lora" in reason or "for few images use" in reason
    for family in FAMILIES[modality]:
        reason = strategy.refuses(candidate(modality, family, False))
        assert (reason is None) == (name == "from_scratch")
        assert reason is None or "pretrained weights" in reason or texts_only


@given(st.integers(1, 6), st.data())
def test_a_hybrid_stays_while_it_gains_and_ends_when_a_stage_brings_nothing(stages, data):
    strategy = get_strategy("hybrid")
    done = [Grown(FitHead(), 1.0)]
    counts = []
    while (phase := strategy.grow(done, stages, Recipe())) is not None:
        counts.append(phase.moving.count)
        gained = data.draw(st.booleans())
        done.append(Grown(phase, 1.0, change=-1.0 if gained else 1.0, error=0.1))
    assert counts[0] == 1
    assert max(counts) <= stages
    assert len(counts) <= 8
    steps = list(zip(done[1:], counts[1:], strict=False))
    assert all(after == step.phase.moving.count + (not step.gained) for step, after in steps)
    final = [step for step in done[1:] if step.phase.moving.count == counts[-1]]
    assert not any(step.gained for step in final) or len(counts) == 8 or counts[-1] == stages


@given(st.integers(1, 6), st.data())
def test_a_hybrid_inserts_first_and_takes_out_what_does_not_pay(stages, data):
    strategy, recipe = get_strategy("hybrid"), Recipe(inserted="residual")
    done = [Grown(FitHead(), 1.0)]
    while (phase := strategy.grow(done, stages, recipe)) is not None:
        gained = data.draw(st.booleans())
        done.append(Grown(phase, 1.0, change=-1.0 if gained else 1.0, error=0.1))
    alone = [step for step in done[1:] if step.phase.moving.where == "none"]
    above = done[1 + len(alone) :]
    assert alone
    assert all(step.phase.inserted for step in alone)
    assert [step.gained for step in alone[:-1]] == [True] * (len(alone) - 1)
    assert len(done) == 9 or above, "a module that brings nothing does not end the growth"
    assert all(step.phase.inserted == (len(alone) > 1) for step in above)
    counts = [step.phase.moving.count for step in above]
    assert counts == sorted(counts)
    assert set(counts) == set(range(1, len(set(counts)) + 1))
    assert len(done) <= 9


def test_phases():
    assert get_strategy("linear_probe").phases("transformers") == (FitHead(on="features"),)
    assert get_strategy("full_finetune").phases("transformers") == (Train(),)
    assert get_strategy("from_scratch").phases("compact") == (Train(),)
    assert get_strategy("from_scratch").phases("tfidf") == (FitHead(on="items"),)


def test_scratch_gets_the_longer_schedule():
    for n in (20, 500, 5000):
        for modality in ("image", "text"):
            setting = Regime(modality=modality, family="transformers", n=n, num_classes=2)
            tuned, scratch = (get_strategy(name).recipes(setting)[0] for name in ("full_finetune", "from_scratch"))
            assert scratch.steps * scratch.batch_size >= 2 * tuned.steps * tuned.batch_size


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_explains_itself(name):
    strategy = get_strategy(name)
    for word in (strategy.idea, strategy.wins, strategy.loses, strategy.cost, strategy.paper):
        assert word in strategy.explain()
    assert "arXiv" in strategy.paper or name.startswith("peft:")


@given(st.integers(1, 10**7), st.sampled_from([16, 32, 64]))
def test_schedules_are_bounded(n, batch):
    assert 60 <= steps_for(n, batch, epochs=3, at_least=60, at_most=3000) <= 3000


@pytest.mark.parametrize(
    ("n", "largest", "expected"),
    [(1, 64, 16), (383, 64, 16), (384, 64, 32), (768, 64, 64), (10**6, 64, 64), (10**6, 16, 16)],
)
def test_batches_grow_with_the_data(n, largest, expected):
    assert batch_size_for(n, largest) == expected
