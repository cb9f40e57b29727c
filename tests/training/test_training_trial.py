import functools
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from one_trial import run

from headstart.core import BundleError, Recipe, SettingsError
from headstart.models import load
from headstart.strategies import FitHead, Moving, Strategy, Train, TransferStrategy, get_strategy
from headstart.training import OutOfTime, execute, loop, losses, phases, train_trial, trial, trial_rows
from headstart.training import worker as worker_module

PROBE = Recipe(label="strength by leave-one-out")
SHORT = Recipe(learning_rate=2e-3, steps=8, batch_size=16, augmentation="flip")


def check(outcome, worker, spec):
    measurement = outcome.measurement
    assert measurement.error is None
    assert outcome.probabilities.dtype == np.float32
    assert outcome.probabilities.shape == (len(outcome.measured), len(worker.data.class_names))
    np.testing.assert_allclose(outcome.probabilities.sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(outcome.measured, trial_rows(spec, worker)[1])
    labels = worker.data.labels[outcome.measured]
    assert measurement.value == (outcome.probabilities.argmax(1) == labels).mean()
    assert measurement.n_realised == spec.n
    assert measurement.n_test == len(labels)
    assert measurement.parameters >= measurement.trainable_parameters > 0
    assert measurement.seconds > 0
    assert measurement.latency > 0
    assert measurement.peak_memory_mb > 0
    return measurement


def assert_same(found, wanted, exactly=0.0):
    """To the last digit on a CPU; a GPU adds up in the order in which its threads happen to end."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=5e-3 if torch.cuda.is_available() else exactly)


def raw(worker, rows):
    data = worker.data
    return data.content.load(rows)


ARMS = [
    ("image", "linear_probe", "resnet", PROBE),
    ("image", "full_finetune", "resnet", SHORT),
    ("image", "from_scratch", "resnet", SHORT),
    ("image", "from_scratch", "builtin:compact-image", SHORT),
    ("text", "from_scratch", "builtin:compact-text", SHORT.model_copy(update={"steps": 30, "augmentation": "none"})),
    ("text", "from_scratch", "builtin:tfidf", Recipe(weight_decay=0.1)),
]


@pytest.mark.parametrize(("modality", "strategy", "candidate", "recipe"), ARMS)
def test_every_kind_of_arm(request, worker_of, spec_of, tmp_path, modality, strategy, candidate, recipe):
    candidate = request.getfixturevalue("resnet") if candidate == "resnet" else candidate
    worker = worker_of(request.getfixturevalue(f"{modality}_data"), candidate)
    spec = spec_of(worker, strategy, candidate, recipe)
    outcome = run(spec, worker)
    measurement = check(outcome, worker, spec)
    assert measurement.steps == recipe.steps
    assert (measurement.flops > 0) == (candidate != "builtin:tfidf")
    again = run(spec, worker)
    assert_same(again.probabilities, outcome.probabilities, 1e-6)
    items = raw(worker, outcome.measured)
    np.testing.assert_allclose(outcome.model.predict_proba(items), outcome.probabilities, atol=1e-4)
    saved = load(outcome.model.save(tmp_path / "model"))
    np.testing.assert_allclose(saved.predict_proba(items), outcome.probabilities, atol=1e-4)
    assert not list((tmp_path / "checkpoints").glob("*"))


def test_probes_and_tfidf_learn_what_is_easy(image_data, text_data, worker_of, spec_of):
    images = worker_of(image_data, "builtin:image")
    assert run(spec_of(images, "linear_probe", "builtin:image", PROBE), images).measurement.value > 0.9
    texts = worker_of(text_data, "builtin:tfidf")
    outcome = run(spec_of(texts, "from_scratch", "builtin:tfidf", Recipe(weight_decay=0.1)), texts)
    assert outcome.measurement.value > 0.9


def test_probes_do_not_change_each_other(image_data, resnet, worker_of, spec_of):
    worker = worker_of(image_data, resnet)
    first = run(spec_of(worker, "linear_probe", resnet, PROBE, n=12), worker)
    items = raw(worker, first.measured)
    before = first.model.predict_proba(items)
    second = run(spec_of(worker, "linear_probe", resnet, PROBE, n=40), worker)
    np.testing.assert_array_equal(first.model.predict_proba(items), before)
    shared = first.model.model.stages[0].parameters()[0]
    assert shared is second.model.model.stages[0].parameters()[0]


def test_a_trial_says_what_it_reached_of_the_machine(image_data, worker_of, spec_of):
    name, recipe = "builtin:compact-image", Recipe(learning_rate=1e-3, steps=4, batch_size=8)
    worker = worker_of(image_data, name)
    spec = spec_of(worker, "from_scratch", name, recipe, n=24)
    assert run(spec, worker).measurement.machine_share == 0, "nothing is known of the machine"
    worker.bench = replace(worker.bench, product_rate=1e12)
    measured = run(spec, worker).measurement
    assert 0 < measured.machine_share < 1
    assert measured.machine_share >= measured.flops / measured.seconds / 1e12  # the steps alone, without the rest


def test_tuning_holds_out_a_fifth_of_the_subset(image_data, resnet, worker_of, spec_of):
    worker = worker_of(image_data, resnet)
    spec = spec_of(worker, "linear_probe", resnet, PROBE, role="tuning", n=30)
    learn, held_out, realised = trial_rows(spec, worker)
    assert len(learn) + len(held_out) == realised == 30
    assert not set(learn) & set(held_out)
    assert not set(held_out) & set(worker.splits[0].test)
    outcome = run(spec, worker)
    assert outcome.measurement.n_test == len(held_out) == 6


def test_an_empty_test_part_is_an_error_of_the_trial(image_data, resnet, worker_of, spec_of, monkeypatch):
    worker = worker_of(image_data, resnet)
    monkeypatch.setattr(trial, "tuning_holdout", lambda data, subset, seed: (subset, subset[:0]))
    outcome = run(spec_of(worker, "linear_probe", resnet, PROBE, role="tuning", n=12), worker)
    assert outcome.measurement.error == "12 labels are too few to hold any out"
    assert outcome.model is None


def test_a_wrong_size_is_an_error_of_the_caller(image_data, resnet, worker_of, spec_of):
    worker = worker_of(image_data, resnet)
    with pytest.raises(SettingsError):
        run(spec_of(worker, "linear_probe", resnet, PROBE, n=0), worker)


def test_features_are_computed_before_the_clock_starts(image_data, resnet, worker_of, spec_of):
    seen = []
    worker = worker_of(image_data, resnet)

    def note(done, total):
        seen.append((done, total))

    run(spec_of(worker, "linear_probe", resnet, PROBE, n=30), worker, note)
    assert seen == [(1, 1)]  # the block of all sixty images
    run(spec_of(worker, "linear_probe", resnet, PROBE, n=12), worker, note)
    assert len(seen) == 1


COMPACT = ("from_scratch", "builtin:compact-image", SHORT)


def test_a_diverging_rate_is_tried_at_a_tenth(image_data, worker_of, spec_of, monkeypatch):
    worker = worker_of(image_data, "builtin:compact-image")
    rates = []
    real = loop.train

    def fragile(network, inputs, targets, rows, phase, recipe, seed, options):
        rates.append(recipe.learning_rate)
        if recipe.learning_rate >= 2e-3:
            raise losses.Diverged("the loss became nan at step 3 of 8")
        return real(network, inputs, targets, rows, phase, recipe, seed, options)

    monkeypatch.setattr(phases, "train", fragile)
    outcome = run(spec_of(worker, *COMPACT), worker)
    assert rates == [2e-3, pytest.approx(2e-4)]
    assert outcome.measurement.error is None
    assert outcome.measurement.notes == (
        "the loss became nan at step 3 of 8; repeated at a tenth of the learning rate",
    )


def test_a_loss_that_stays_no_number_becomes_an_error(image_data, worker_of, spec_of):
    worker = worker_of(image_data, "builtin:compact-image")
    wild = SHORT.model_copy(update={"learning_rate": 1e30})
    outcome = run(spec_of(worker, "from_scratch", "builtin:compact-image", wild), worker)
    assert not outcome.measurement.succeeded
    assert "nan" in outcome.measurement.error
    assert len(outcome.measurement.notes) == 1
    assert outcome.model is None
    assert outcome.probabilities.shape == (0, 0)
    assert len(outcome.measured) == 12


@pytest.mark.parametrize(
    "trouble",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_short_memory_halves_the_microbatch(image_data, worker_of, spec_of, monkeypatch, trouble):
    worker = worker_of(image_data, "builtin:compact-image")
    sizes = []
    real = loop.train

    def hungry(network, inputs, targets, rows, phase, recipe, seed, options):
        sizes.append(options.microbatch)
        if options.microbatch > 4:
            raise trouble
        return real(network, inputs, targets, rows, phase, recipe, seed, options)

    monkeypatch.setattr(phases, "train", hungry)
    outcome = run(spec_of(worker, *COMPACT), worker)
    assert sizes == [16, 8, 4]
    assert outcome.measurement.error is None
    assert outcome.measurement.notes[-1] == "out of memory; at most 4 examples at a time from here on"


def test_memory_that_never_suffices_becomes_an_error(image_data, worker_of, spec_of, monkeypatch):
    worker = worker_of(image_data, "builtin:compact-image")

    def hungry(*_args):
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")

    monkeypatch.setattr(phases, "train", hungry)
    assert "CUDA out of memory." in run(spec_of(worker, *COMPACT), worker).measurement.error


@pytest.mark.parametrize("kind", [RuntimeError, KeyError, TypeError, AttributeError, OSError, ZeroDivisionError])
def test_foreign_failures_become_one_line(image_data, worker_of, spec_of, monkeypatch, kind):
    worker = worker_of(image_data, "builtin:compact-image")

    def broken(*_args):
        raise kind("first line\nsecond line")

    monkeypatch.setattr(phases, "train", broken)
    error = run(spec_of(worker, *COMPACT), worker).measurement.error
    assert error.startswith(kind.__name__)
    assert "\n" not in error


def test_weights_that_end_as_no_numbers_are_an_error(image_data, worker_of, spec_of, monkeypatch):
    worker = worker_of(image_data, "builtin:compact-image")
    real = loop.train

    def spoilt(network, *args):
        run = real(network, *args)
        network.head.weight.data.fill_(float("nan"))
        return run

    monkeypatch.setattr(phases, "train", spoilt)
    assert run(spec_of(worker, *COMPACT), worker).measurement.error == "the trained model predicts no numbers"


def test_an_interrupted_trial_goes_on_with_the_same_numbers(image_data, worker_of, spec_of, monkeypatch):
    from headstart.training.checkpoint import Checkpoint

    monkeypatch.setattr(phases, "Checkpoint", functools.partial(Checkpoint, every_seconds=0))
    whole = worker_of(image_data, "builtin:compact-image")
    spec = spec_of(whole, *COMPACT)
    expected = run(spec, whole)

    def stop(step, _steps):
        if step == 5:
            raise OutOfTime

    with pytest.raises(OutOfTime):
        run(spec, worker_of(image_data, "builtin:compact-image"), stop)
    steps = []
    resumed = worker_of(image_data, "builtin:compact-image")
    outcome = run(spec, resumed, lambda step, _: steps.append(step))
    assert steps == [6, 7, 8]
    assert_same(outcome.probabilities, expected.probabilities)
    assert outcome.measurement.steps == 8
    assert len(outcome.measurement.curve) == 4
    assert list((resumed.bench.work_folder / "checkpoints").iterdir()) == []


def over_after(worker, monkeypatch, step):
    """Let the time of a trial be over from a step on; returns what to report steps to."""
    done = []
    left = property(lambda _: 0.0 if len(done) >= step else float("inf"))
    monkeypatch.setattr(worker_module.Worker, "seconds_left", left)
    return lambda *_: done.append(1)


@pytest.mark.parametrize("strategy", ["from_scratch", "partial_finetune"])
def test_a_trial_whose_time_is_over_is_measured_with_fewer_steps(image_data, worker_of, spec_of, monkeypatch, strategy):
    recipe = SHORT.model_copy(update={"steps": 20})
    name = "builtin:compact-image" if strategy == "from_scratch" else "builtin:image"
    worker = worker_of(image_data, name)
    spec = spec_of(worker, strategy, name, recipe)
    with monkeypatch.context() as patch:
        outcome = execute(spec, worker, over_after(worker, patch, 12))
    measurement, stopped = outcome.measurement, outcome.spec_of(spec)
    assert 12 < measurement.steps == outcome.stopped_at < measurement.steps_planned == 20
    assert stopped.stopped_at == outcome.stopped_at
    assert stopped.key != spec.key
    assert outcome.model_dir.name == stopped.key == load(outcome.model_dir).card.trial
    assert any(f"ended after {measurement.steps} of 20 steps" in note for note in measurement.notes)
    again = execute(stopped, worker_of(image_data, name))
    assert_same(again.probabilities, outcome.probabilities)
    assert again.spec_of(stopped) == stopped
    seen = []
    whole = execute(spec, worker, lambda step, _: seen.append(step))
    assert seen[0] > 12, "it goes on from where the rate began to fall"
    assert whole.measurement.steps == 20
    assert whole.spec_of(spec) == spec
    fresh = execute(spec, worker_of(image_data, name))
    assert_same(whole.probabilities, fresh.probabilities)


def test_a_recipe_that_survives_goes_on_from_its_short_run(image_data, worker_of, spec_of):
    recipe = SHORT.model_copy(update={"steps": 20})
    worker = worker_of(image_data, "builtin:compact-image")
    whole = spec_of(worker, "from_scratch", "builtin:compact-image", recipe, role="tuning")
    short = execute(whole.model_copy(update={"stopped_at": 5}), worker)
    assert short.measurement.steps == 5
    assert not short.measurement.notes
    seen = []
    outcome = execute(whole, worker, lambda step, _: seen.append(step))
    assert seen == list(range(5, 21))
    fresh = execute(whole, worker_of(image_data, "builtin:compact-image"))
    assert_same(outcome.probabilities, fresh.probabilities)
    assert list((worker.bench.work_folder / "checkpoints").iterdir()) == []


def test_a_short_tuning_run_has_the_steps_that_it_was_given(image_data, worker_of, spec_of, monkeypatch):
    recipe = SHORT.model_copy(update={"steps": 20})
    worker = worker_of(image_data, "builtin:compact-image")
    spec = spec_of(worker, "from_scratch", "builtin:compact-image", recipe, role="tuning")
    with monkeypatch.context() as patch:
        outcome = execute(spec, worker, over_after(worker, patch, 12))
    assert outcome.measurement.steps == 20


class ProbeThenTune(Strategy):
    """Two phases, as outsiders may write them."""

    name, paradigm, weights = "probe_then_tune", "transfer", "pretrained"
    idea = wins = loses = cost = paper = "."
    second = Train(Moving("none"))

    def refuses(self, candidate):
        return None

    def phases(self, family):
        return (FitHead(), self.second)

    def recipes(self, setting):
        return (SHORT,)


def install(monkeypatch, strategy):
    def find(name):
        return strategy if name == strategy.name else get_strategy(name)

    monkeypatch.setattr(trial, "get_strategy", find)


def test_a_phase_goes_on_from_the_one_before(image_data, resnet, worker_of, spec_of, monkeypatch, tmp_path):
    worker = worker_of(image_data, resnet)
    install(monkeypatch, ProbeThenTune())
    still = SHORT.model_copy(update={"learning_rate": 0.0})
    tuned = run(spec_of(worker, "probe_then_tune", resnet, still), worker)
    probe = run(spec_of(worker, "linear_probe", resnet, PROBE), worker)
    assert tuned.measurement.error is None
    np.testing.assert_allclose(tuned.probabilities, probe.probabilities, atol=1e-4)
    frozen = worker.frozen(resnet)
    assert tuned.model.model.stages[0].parameters()[0] is not frozen.stages[0].parameters()[0]
    items = raw(worker, tuned.measured[:3])
    saved = load(tuned.model.save(tmp_path / "model"))
    np.testing.assert_allclose(saved.predict_proba(items), tuned.probabilities[:3], atol=1e-4)


class Gradual(ProbeThenTune):
    name, paradigm, weights = "gradual", "scratch", "random"

    def phases(self, family):
        return (Train(Moving("none"), 0.5), Train(Moving("last", 1), 0.5))


def test_gradual_unfreezing_keeps_what_the_first_phase_learnt(image_data, worker_of, spec_of, monkeypatch):
    worker = worker_of(image_data, "builtin:compact-image")
    install(monkeypatch, Gradual())
    starts = []
    real = loop.train

    def watched(network, *args):
        before = network.head.weight.detach().clone()
        run = real(network, *args)
        starts.append((before, network.head.weight.detach().clone()))
        return run

    monkeypatch.setattr(phases, "train", watched)
    outcome = run(spec_of(worker, "gradual", "builtin:compact-image", SHORT), worker)
    assert outcome.measurement.error is None
    assert outcome.measurement.steps == 8
    assert torch.equal(starts[0][1], starts[1][0])
    assert len(outcome.measurement.curve) > 4
    times = [seconds for seconds, _ in outcome.measurement.curve]
    assert times == sorted(times)


class Foreign(TransferStrategy):
    """A strategy from another package whose ``prepare`` does something it should not."""

    name = "foreign"
    idea = wins = loses = cost = paper = "none"

    def __init__(self, misbehave):
        self.misbehave = misbehave

    def phases(self, family):
        return (Train(Moving("none")),)

    def recipes(self, regime):
        return (SHORT,)

    def prepare(self, network, recipe, seed):
        self.misbehave()
        return network


def leave():
    raise SystemExit(7)


def complain():
    raise AssertionError("a plug-in's own check")


def import_what_is_not_there():
    import no_such_package_anywhere  # noqa: F401


@pytest.mark.parametrize("misbehave", [leave, complain, import_what_is_not_there])
def test_whatever_a_plug_in_raises_is_one_trials_failure(image_data, resnet, worker_of, spec_of, misbehave):
    worker = worker_of(image_data, resnet)
    spec = spec_of(worker, "foreign", resnet, SHORT)
    outcome = train_trial(spec, worker, strategy=Foreign(misbehave)).outcome
    assert outcome.measurement.error
    assert "\n" not in outcome.measurement.error


def test_a_plug_in_that_hangs_is_broken_off_at_the_deadline(image_data, resnet, worker_of, spec_of):
    worker = worker_of(image_data, resnet)
    spec = spec_of(worker, "foreign", resnet, SHORT)
    start = time.monotonic()
    with pytest.raises(OutOfTime):
        train_trial(spec, worker, None, 0.3, Foreign(lambda: time.sleep(60)))
    assert time.monotonic() - start < 30


def test_the_deadline_leaves_no_module_half_imported(image_data, resnet, worker_of, spec_of, tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("import time\ntime.sleep(1.5)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(worker_module, "ALARM_GRACE", 0.0)

    def prepare():
        import slow_to_import

        assert slow_to_import.whole
        time.sleep(60)

    worker = worker_of(image_data, resnet)
    with pytest.raises(OutOfTime):
        train_trial(spec_of(worker, "foreign", resnet, SHORT), worker, None, 0.3, Foreign(prepare))
    assert sys.modules.pop("slow_to_import").whole


def test_a_deadline_ends_a_trial_at_its_next_step(image_data, worker_of, spec_of):
    worker = worker_of(image_data, "builtin:compact-image")
    long = SHORT.model_copy(update={"steps": 100_000})
    with pytest.raises(OutOfTime):
        train_trial(spec_of(worker, "from_scratch", "builtin:compact-image", long), worker, None, 0.5)
    assert worker.seconds_left == float("inf")


def test_a_model_that_cannot_be_saved_leaves_its_measurement_and_a_note(image_data, worker_of, spec_of, monkeypatch):
    def full(model, folder):
        folder.mkdir(parents=True)
        raise BundleError("No space left on device")

    monkeypatch.setattr("headstart.models.FittedModel.save", full)
    worker = worker_of(image_data, "builtin:compact-image")
    spec = spec_of(worker, "from_scratch", "builtin:compact-image", SHORT)
    outcome = execute(spec, worker)
    assert outcome.measurement.error is None
    assert outcome.model_dir is None
    assert any("could not be saved: No space left on device" in note for note in outcome.measurement.notes)
    assert not worker.bench.model_folder(spec.key).exists()


def test_another_repeat_at_the_same_labels_holds_out_other_examples(image_data, resnet, worker_of, spec_of):
    worker = worker_of(image_data, resnet)
    n = len(worker.splits[0].pool)
    parts = [
        trial_rows(spec_of(worker, "linear_probe", resnet, PROBE, role="tuning", n=n, repeat=repeat), worker)
        for repeat in (0, len(worker.splits))
    ]
    assert set(parts[0][0]) | set(parts[0][1]) == set(parts[1][0]) | set(parts[1][1])
    assert set(parts[0][1]) != set(parts[1][1])
