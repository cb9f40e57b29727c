import functools
import types

import numpy as np
import pytest
from one_trial import run

from headstart.core import HeadstartError, Recipe
from headstart.models import inserted_in, load
from headstart.strategies import FitHead, Grown, Moving, Train, get_strategy
from headstart.training import growing, phases
from headstart.training.checkpoint import Checkpoint
from headstart.training.growing import grow
from headstart.training.loop_options import LoopRecord
from headstart.training.phases import PhaseRunner

ALONE = Train(Moving("none"), 0.25, inserted=True)
LAST, TWO = Train(Moving("last", 1), 0.25), Train(Moving("last", 2), 0.25)
BELOW = Train(Moving("last", 1), 0.25, inserted=True)
RECIPE = Recipe(learning_rate=2e-3, steps=16, batch_size=16, inserted="residual")


class Model:
    """Stands for a fitted model: every held-out example has the same loss."""

    def __init__(self, loss, path):
        self.loss, self.path = loss, path
        self.model = types.SimpleNamespace(stages=(1, 2, 3))

    def predict_inputs(self, inputs, rows):
        rng = np.random.default_rng(0)  # the same spread in each, so that differences have next to none
        losses = self.loss + 1e-6 * rng.normal(size=len(rows))
        return np.stack([np.exp(-losses), 1 - np.exp(-losses)], 1)


@pytest.fixture
def grown(worker_of, spec_of, text_data):
    """Grow a hybrid whose phases have given losses; returns what is to be repeated, the notes and each way there."""
    worker = worker_of(text_data, "builtin:compact-text")
    spec = spec_of(worker, "hybrid", "builtin:compact-text", RECIPE, n=40)
    same = worker.data.__class__(**{**vars(worker.data), "labels": np.zeros_like(worker.data.labels)})
    worker.data = same

    def grow_with(*losses, strategy=None):
        ways, left = [], list(losses)

        class Runner(PhaseRunner):
            def run(self, phase, name, start, rows, *, last=False):
                assert name == f"grow-{len(ways)}"
                ways.append((*(start.path if start else ()), phase))
                return Model(left.pop(0), ways[-1]), LoopRecord()

        runner = Runner(spec, worker, strategy or get_strategy("hybrid"), np.arange(4))
        found, _ = grow(runner, np.arange(40))
        assert not left
        return found, runner.notes, ways

    return grow_with


def test_a_module_that_pays_stays_while_stages_are_unfrozen(grown):
    phases, notes, ways = grown(1.0, 0.8, 0.9, 0.7, 0.75, 0.76)
    assert phases == (FitHead(), ALONE, ALONE, BELOW)
    assert ways[-1] == (FitHead(), ALONE, ALONE, BELOW, BELOW, Train(Moving("last", 2), 0.25, inserted=True))
    assert notes[0] == "probe: held-out log-loss 1.000; then inserted module before the head"
    assert notes[1].startswith("inserted module before the head: held-out log-loss 0.800 (-0.200 against the best")
    assert notes[1].endswith("same again")
    assert notes[2].endswith("then last 1 stage(s) moving under the inserted module")
    assert notes[-1].endswith("ended")


def test_a_module_that_does_not_pay_is_taken_out_again(grown):
    phases, notes, ways = grown(1.0, 1.1, 0.8, 0.9, 0.95)
    assert phases == (FitHead(), LAST)
    assert ways[2:] == [(FitHead(), LAST), (FitHead(), LAST, LAST), (FitHead(), LAST, LAST, TWO)]
    assert notes[1].endswith("taken out again, then last 1 stage(s) moving")


def test_nothing_that_pays_leaves_the_probe(grown):
    phases, notes, _ = grown(1.0, 1.1, 1.2)
    assert phases == (FitHead(),)
    assert len(notes) == 3


def test_the_change_is_against_the_best_block_so_far(grown):
    seen = []

    class Watching(type(get_strategy("hybrid"))):
        def grow(self, done, stages, recipe):
            seen[:] = done
            return super().grow(done, stages, recipe)

    grown(1.0, 1.1, 0.8, 0.9, 0.95, strategy=Watching())
    assert [round(step.change, 4) for step in seen] == [0.0, 0.1, -0.2, 0.1, 0.15]
    assert [step.gained for step in seen] == [False, False, True, False, False]
    assert all(isinstance(step, Grown) and step.error < 0.01 for step in seen)


def test_too_few_labels_to_hold_any_out(worker_of, spec_of, text_data, monkeypatch):
    monkeypatch.setattr(growing, "tuning_holdout", lambda data, rows, seed: (rows, rows[:0]))
    worker = worker_of(text_data, "builtin:compact-text")
    spec = spec_of(worker, "hybrid", "builtin:compact-text", RECIPE)
    with pytest.raises(HeadstartError, match="too few to hold any out"):
        grow(PhaseRunner(spec, worker, get_strategy("hybrid"), np.arange(4)), np.arange(4))


@pytest.fixture
def paying(monkeypatch):
    """Held-out labels that gain in each of three blocks, all with the module."""
    blocks = 0

    def losses(_runner, fitted, rows):
        nonlocal blocks
        blocks = 0 if inserted_in(fitted.model) is None else blocks + 1
        return 1 / (1 + blocks) + np.arange(len(rows)) * 1e-6

    def order(self, done, stages, recipe):
        return [ALONE, ALONE, BELOW, None][len(done) - 1]

    monkeypatch.setattr(growing, "_losses", losses)
    monkeypatch.setattr(type(get_strategy("hybrid")), "grow", order)


class OutOfTime(Exception):
    """What a budget raises."""


@pytest.mark.slow
@pytest.mark.parametrize("begun", [1, 2, 3, 4, 5, 6])
def test_a_trial_with_a_module_goes_on_in_every_phase(
    image_data, resnet, worker_of, spec_of, paying, monkeypatch, tmp_path, begun
):
    monkeypatch.setattr(phases, "Checkpoint", functools.partial(Checkpoint, every_seconds=0))
    whole = worker_of(image_data, resnet)
    spec = spec_of(whole, "hybrid", resnet, RECIPE, n=40)
    expected = run(spec, whole)
    assert expected.measurement.error is None
    started = 0

    def stop(step, steps):
        nonlocal started
        started += step == 1 and steps == 4
        if started == begun and step == 3:
            raise OutOfTime

    with pytest.raises(OutOfTime):
        run(spec, worker_of(image_data, resnet), stop)
    outcome = run(spec, worker_of(image_data, resnet))
    np.testing.assert_array_equal(outcome.probabilities, expected.probabilities)
    assert outcome.measurement.notes == expected.measurement.notes
    assert outcome.measurement.steps == expected.measurement.steps
    assert not list((tmp_path / "work" / "checkpoints").iterdir())


def test_what_grew_is_saved_with_its_module(image_data, resnet, worker_of, spec_of, paying, tmp_path):
    worker = worker_of(image_data, resnet)
    spec = spec_of(worker, "hybrid", resnet, RECIPE, n=40)
    outcome = run(spec, worker)
    assert any("inserted module" in note for note in outcome.measurement.notes)
    assert inserted_in(outcome.model.model) is not None
    assert outcome.model.card.inserted == "residual"
    assert outcome.model.card.model_format == "headstart"
    assert inserted_in(worker.frozen(resnet)) is None, "the network that trials share stays as it is"
    items = [worker.data.content.sources[row] for row in outcome.measured]
    loaded = load(outcome.model.save(tmp_path / "model"))
    np.testing.assert_allclose(loaded.predict_proba(items), outcome.probabilities, atol=1e-5)
