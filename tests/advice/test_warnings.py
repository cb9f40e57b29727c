"""What a reader is warned of."""

from types import SimpleNamespace

from headstart.advice.sentences import warnings_for
from headstart.core import Measurement, Recipe
from headstart.training.trial import UNSAVED


def state_with(notes=(), events=()):
    """A study of one finished trial."""
    trial = SimpleNamespace(
        spec=SimpleNamespace(recipe=Recipe(), recipe_informed=False), measurement=Measurement(value=0.9, notes=notes)
    )
    evidence = SimpleNamespace(
        arms=(), data=SimpleNamespace(findings=(), labels=range(9)), trials=lambda *_, **__: [trial, trial]
    )
    return SimpleNamespace(evidence=evidence, record=SimpleNamespace(cut_texts={}, events=events))


def test_a_model_that_could_not_be_saved_is_warned_of_once():
    note = f"{UNSAVED}: No space left on device"
    assert warnings_for(state_with([note]), None, (), False).count(note) == 1


def test_what_went_wrong_on_the_way_is_warned_of():
    assert "a worker process ended" in warnings_for(state_with(events=("a worker process ended",)), None, (), False)
