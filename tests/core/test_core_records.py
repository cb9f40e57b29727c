import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from headstart.core import Arm, Measurement, Recipe, TrialSpec

shares = st.floats(0, 1, exclude_max=True)
positive = st.floats(1e-9, 1e3)
names = st.text(min_size=1, max_size=12)
recipes = st.builds(
    Recipe,
    learning_rate=st.floats(0, 10),
    head_rate=positive,
    weight_decay=st.floats(0, 1e6),
    steps=st.integers(0, 10**6),
    batch_size=st.integers(1, 4096),
    warmup=st.floats(0, 1),
    augmentation=st.sampled_from(["none", "shift", "flip", "strong"]),
    label_smoothing=shares,
    mixup=st.floats(0, 4),
    ema=shares,
    label=names,
)
specs = st.builds(
    TrialSpec,
    role=st.sampled_from(["tuning", "measuring"]),
    arm=st.builds(Arm, candidate=names, strategy=names, paradigm=st.sampled_from(["transfer", "scratch", "hybrid"])),
    recipe=recipes,
    weights_hash=names,
    input_size=st.integers(0, 512),
    dtype=st.sampled_from(["float32", "bfloat16"]),
    n=st.integers(1, 10**6),
    repeat=st.integers(0, 99),
    seed=st.integers(0, 2**31 - 1),
    data_fingerprint=names,
    fold=st.integers(0, 4),
    recipe_informed=st.booleans(),
)
numbers = st.floats(allow_nan=True, allow_infinity=True)
measurements = st.builds(
    Measurement,
    value=numbers,
    seconds=numbers,
    flops=numbers,
    curve=st.lists(st.tuples(numbers, numbers)).map(tuple),
    notes=st.lists(st.text()).map(tuple),
    error=st.none() | st.text(),
)

SPEC = TrialSpec(
    role="measuring",
    arm=Arm(candidate="builtin:image", strategy="full_finetune", paradigm="transfer"),
    recipe=Recipe(learning_rate=1e-3, steps=10),
    weights_hash="abc",
    input_size=64,
    dtype="float32",
    n=100,
    repeat=0,
    seed=7,
    data_fingerprint="def",
)
OTHER = {
    "threads": 2,
    "convergence_check": True,
    "stopped_at": 40,
    "aimed_at": 50,
    "role": "tuning",
    "weights_hash": "x",
    "input_size": 32,
    "dtype": "bfloat16",
    "n": 99,
    "repeat": 1,
    "seed": 8,
    "data_fingerprint": "y",
    "fold": 1,
    "recipe_informed": True,
    "protocol_version": 99,
    "inserted_source": "z",
    "arm": Arm(candidate="builtin:image", strategy="full_finetune", paradigm="hybrid"),
    "recipe": Recipe(learning_rate=1e-3, steps=11),
}
OTHER_RECIPE = {
    "standardised": True,
    "prior": 0.5,
    "learning_rate": 0.1,
    "head_rate": 2.0,
    "weight_decay": 0.1,
    "steps": 3,
    "batch_size": 8,
    "warmup": 0.2,
    "augmentation": "flip",
    "label_smoothing": 0.1,
    "mixup": 0.2,
    "ema": 0.9,
    "views": 2,
    "moving": "last:1",
    "layer_decay": 0.5,
    "anchor": 0.1,
    "kept": 0.5,
    "rank": 4,
    "readout": "searched",
    "hidden": 8,
    "inserted": "residual",
    "inserted_rate": 10.0,
}


@settings(max_examples=40)
@given(specs)
def test_specs_survive_json(spec):
    again = TrialSpec.from_json(spec.to_json())
    assert again == spec
    assert again.key == spec.key
    assert hash(again) == hash(spec)


@settings(max_examples=40)
@given(measurements)
def test_measurements_survive_json_with_nan_and_infinity(measurement):
    again = Measurement.from_json(measurement.to_json())
    assert repr(again) == repr(measurement)
    assert again.succeeded == (measurement.error is None)


def test_the_key_is_known_on_every_machine():
    assert SPEC.key == TrialSpec.from_json(SPEC.to_json()).key == "857cefed5404c88a891baa3b"


def test_a_new_protocol_is_told_even_where_it_is_the_default():
    class Later(TrialSpec):
        protocol_version: int = SPEC.protocol_version + 1

    assert Later(**SPEC.model_dump(exclude={"protocol_version"})).key != SPEC.key


@pytest.mark.parametrize("field", sorted(TrialSpec.model_fields))
def test_every_field_changes_the_key(field):
    assert SPEC.model_copy(update={field: OTHER[field]}).key != SPEC.key


@pytest.mark.parametrize("field", sorted(set(Recipe.model_fields) - {"label"}))
def test_every_field_of_the_recipe_changes_the_key(field):
    recipe = SPEC.recipe.model_copy(update={field: OTHER_RECIPE[field]})
    assert SPEC.model_copy(update={"recipe": recipe}).key != SPEC.key


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": -1},
        {"warmup": 1.5},
        {"label_smoothing": 1},
        {"ema": 1},
        {"batch_size": 0},
        {"rate": 1},
        {"moving": "last:0"},
        {"moving": "sideways:1"},
        {"layer_decay": 0},
        {"anchor": -1},
        {"rank": 0},
        {"learning_rate": math.nan},
    ],
)
def test_impossible_recipes_are_refused(wrong):
    with pytest.raises(ValidationError):
        Recipe(**wrong)


def test_records_are_frozen():
    with pytest.raises(ValidationError):
        SPEC.n = 5


def test_an_arm_has_a_name_for_people_and_one_for_files():
    assert SPEC.arm.name == "full_finetune of builtin:image"
    assert SPEC.arm.key == "full_finetune@builtin:image"


def test_the_default_measurement_has_no_value():
    assert math.isnan(Measurement().value)
    assert not Measurement(error="the loss became nan").succeeded
