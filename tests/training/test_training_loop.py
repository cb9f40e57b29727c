import time

import numpy as np
import pytest
import torch

from headstart.core import Recipe, SettingsError
from headstart.models import predict_network
from headstart.strategies import Moving, Train
from headstart.training import LoopOptions, train
from headstart.training.anchor import Anchor
from headstart.training.checkpoint import Checkpoint
from headstart.training.losses import Diverged
from headstart.training.moving import freeze, moving_stages
from headstart.training.optimizer import build_optimizer
from headstart.training.relevance import relative_gradients

RECIPE = Recipe(learning_rate=3e-3, head_rate=2.0, weight_decay=0.05, steps=8, batch_size=8)
FULL = RECIPE.model_copy(update={"augmentation": "flip", "mixup": 0.2, "ema": 0.9, "label_smoothing": 0.1})
ROWS = np.arange(30)


def state(network):
    return {name: value.clone() for name, value in network.module.state_dict().items()}


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def run(network, pixels, phase=None, recipe=RECIPE, seed=0, rows=ROWS, **options):
    inputs, labels = pixels
    return train(network, inputs, labels, rows, phase or Train(), recipe, seed, LoopOptions(**options))


def test_training_learns(tiny, pixels):
    network = tiny()
    done = run(network, pixels, recipe=RECIPE.model_copy(update={"steps": 60}))
    inputs, labels = pixels
    held_out = np.arange(30, 40)
    assert (predict_network(network, inputs, held_out).argmax(1) == labels[held_out]).mean() >= 0.9
    assert done.steps == 60
    assert done.seconds > 0
    assert not network.training


@pytest.mark.parametrize("recipe", [RECIPE, FULL])
def test_the_seed_determines_the_weights(tiny, pixels, recipe):
    results = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed + 99)  # what came before must not matter
        network = tiny(dropout=0.2)
        run(network, pixels, recipe=recipe, seed=seed)
        results.append(state(network))
    assert equal(results[0], results[1])
    assert not equal(results[0], results[2])


def test_watching_does_not_change_the_numbers(tiny, pixels):
    inputs, _ = pixels
    plain, watched = tiny(dropout=0.3), tiny(dropout=0.3)
    run(plain, pixels)
    done = run(watched, pixels, watch=lambda: float(predict_network(watched, inputs, ROWS)[0, 0]))
    assert equal(state(plain), state(watched))
    assert len(done.curve) == 4
    assert [seconds for seconds, _ in done.curve] == sorted(seconds for seconds, _ in done.curve)


def test_a_network_that_arrives_in_eval_mode_is_trained_in_train_mode(tiny, pixels):
    fresh, quiet = tiny(dropout=0.3), tiny(dropout=0.3)
    quiet.module.eval()  # as transformers' from_pretrained leaves it
    run(fresh, pixels)
    run(quiet, pixels)
    assert equal(state(fresh), state(quiet))
    assert int(quiet.module.blocks[0][1].num_batches_tracked) == RECIPE.steps


def test_frozen_stages_stay_bit_for_bit_with_their_statistics(tiny, pixels):
    network = tiny(dropout=0.3)
    before = state(network)
    run(network, pixels, phase=Train(Moving("last", 1)), recipe=FULL)
    after = state(network)
    for name in before:
        if name.startswith("blocks.0"):
            assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["blocks.1.0.weight"], after["blocks.1.0.weight"])
    assert not torch.equal(before["blocks.1.1.running_mean"], after["blocks.1.1.running_mean"])
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_only_the_head_moves_where_no_group_does(tiny, pixels):
    network = tiny()
    before = state(network)
    run(network, pixels, phase=Train(Moving("none")))
    changed = {name for name, value in state(network).items() if not torch.equal(value, before[name])}
    assert changed == {"head.weight", "head.bias"}


@pytest.mark.parametrize("moving", ["all", "none", "last:1", "first:1", "middle:2"])
@pytest.mark.parametrize("layer_decay", [1.0, 0.5])
def test_the_optimizer_holds_exactly_what_moves(tiny, moving, layer_decay):
    network = tiny()
    recipe = RECIPE.model_copy(update={"moving": moving, "layer_decay": layer_decay})
    indices, _ = freeze(network, Train(), recipe)
    optimizer = build_optimizer(network, indices, recipe)
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert len(held) == len(set(held))
    assert set(held) == {id(p) for p in network.parameters() if p.requires_grad}
    rates = {id(p): group["peak"] for group in optimizer.param_groups for p in group["params"]}
    assert rates[id(network.head.weight)] == pytest.approx(RECIPE.learning_rate * RECIPE.head_rate)
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decays[id(network.head.weight)] == RECIPE.weight_decay
    assert decays[id(network.head.bias)] == 0
    for stage in indices:
        weight = network.module.blocks[stage][0].weight
        assert rates[id(weight)] == pytest.approx(RECIPE.learning_rate * layer_decay ** (2 - stage))


def test_biases_move_alone(tiny, pixels):
    network = tiny()
    before = state(network)
    run(network, pixels, phase=Train(Moving(only="biases")))
    changed = {name for name, value in state(network).items() if not torch.equal(value, before[name])}
    biases = {f"blocks.{block}.{layer}.bias" for block in (0, 1) for layer in (0, 1)}
    # a convolution's bias in front of a norm that uses its batch's mean would have no gradient; here the norm is still
    assert changed == biases | {"head.weight", "head.bias"}


def test_a_stage_that_does_not_exist_is_an_error(tiny):
    with pytest.raises(SettingsError, match="tiny has 2 stages, so 3 of them cannot move; in last:3; Ask for at"):
        moving_stages(tiny(), Moving.parse("last:3"))


def test_the_stage_with_the_largest_gradients_is_found(tiny, pixels):
    inputs, labels = pixels
    network = tiny()
    with torch.no_grad():
        network.module.blocks[1][0].weight.mul_(100)  # large weights for the same gradient: little relevance
    before = state(network)
    figures = relative_gradients(network, inputs, labels, np.arange(40))
    assert equal(state(network), before)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert moving_stages(network, Moving.parse("relevant:1"), lambda: figures) == (int(np.argmax(figures)),) == (0,)


def test_the_pull_to_the_start_is_the_formula(tiny, pixels):
    inputs, labels = pixels
    strength = 0.3
    network, plain = tiny(norm=False), tiny(norm=False)
    freeze(network, Train(), RECIPE)
    anchor = Anchor(network, (0, 1), strength)
    start = {name: value.detach().clone() for name, value in network.module.named_parameters()}
    with torch.no_grad():
        for one, other in zip(network.parameters(), plain.parameters(), strict=True):
            one.add_(0.01)
            other.copy_(one)
    batch, targets = inputs.batch(np.arange(16)), torch.from_numpy(labels[:16])
    torch.nn.functional.cross_entropy(network(**batch), targets).backward()
    anchor.pull()
    penalty = sum(
        ((value - start[name]) ** 2).sum() for name, value in plain.module.named_parameters() if "head" not in name
    )
    (torch.nn.functional.cross_entropy(plain(**batch), targets) + strength / 2 * penalty).backward()
    for one, other in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


@pytest.mark.parametrize("recipe", [RECIPE, FULL])
@pytest.mark.parametrize("stop", [1, 7])
def test_an_interrupted_run_goes_on_with_the_same_numbers(tiny, pixels, tmp_path, recipe, stop):
    whole = tiny(dropout=0.2)
    run(whole, pixels, recipe=recipe)

    class Killed(Exception):
        pass

    def kill(step, steps):
        if step == stop:
            raise Killed

    checkpoint = Checkpoint(tmp_path / "deep" / "run.pt", every_seconds=0)
    with pytest.raises(Killed):
        run(tiny(dropout=0.2), pixels, recipe=recipe, checkpoint=checkpoint, on_step=kill)
    torch.manual_seed(12345)
    resumed = tiny(dropout=0.2)
    done = run(resumed, pixels, recipe=recipe, checkpoint=checkpoint)
    assert done.resumed_at == stop
    assert done.steps == recipe.steps
    assert done.seconds > done.seconds_before > 0
    assert equal(state(whole), state(resumed))


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 half"])
def test_a_damaged_checkpoint_starts_anew(tiny, pixels, tmp_path, content):
    checkpoint = Checkpoint(tmp_path / "run.pt")
    checkpoint.path.write_bytes(content)
    whole, other = tiny(), tiny()
    run(whole, pixels)
    assert run(other, pixels, checkpoint=checkpoint).resumed_at == 0
    assert equal(state(whole), state(other))


def test_a_checkpoint_of_another_network_starts_anew(tiny, pixels, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", every_seconds=0)
    run(tiny(classes=5), pixels, checkpoint=checkpoint)
    assert run(tiny(), pixels, checkpoint=checkpoint).resumed_at == 0


def test_a_full_disk_costs_the_checkpoint_and_nothing_else(tiny, pixels, tmp_path, monkeypatch):
    def full(*_args):
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    checkpoint = Checkpoint(tmp_path / "run.pt", every_seconds=0)
    assert run(tiny(), pixels, checkpoint=checkpoint).steps == RECIPE.steps
    assert checkpoint.load() is None


def test_the_last_state_is_kept_where_a_phase_follows(tiny, pixels, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", every_seconds=1000)
    one, two = tiny(), tiny()
    run(one, pixels, checkpoint=checkpoint, keep_last=True)
    done = run(two, pixels, checkpoint=checkpoint, keep_last=True)
    assert done.resumed_at == done.steps == RECIPE.steps
    assert equal(state(one), state(two))


def test_a_loss_that_is_no_number_is_said(tiny, pixels):
    network = tiny()
    network.head.weight.data.fill_(float("nan"))
    with pytest.raises(Diverged, match="the loss became nan at step 1 of 8"):
        run(network, pixels)


@pytest.mark.parametrize("recipe", [RECIPE, FULL.model_copy(update={"ema": 0.0})])
@pytest.mark.parametrize("microbatch", [1, 3])
def test_microbatches_give_the_gradients_of_the_whole_batch(tiny, pixels, microbatch, recipe):
    whole, sliced = tiny(norm=False), tiny(norm=False)
    one_step = recipe.model_copy(update={"steps": 1, "warmup": 0})
    gradients = {}
    for network, size in ((whole, None), (sliced, microbatch)):
        step = torch.optim.AdamW.step

        def keep(optimizer, *args, network=network, step=step, **options):
            gradients[id(network)] = [p.grad.clone() for p in network.parameters()]
            return step(optimizer, *args, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.optim.AdamW, "step", keep)
            run(network, pixels, recipe=one_step, microbatch=size)
    for one, two in zip(gradients[id(whole)], gradients[id(sliced)], strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def test_stopping_early_keeps_the_schedule(tiny, pixels):
    full, short = tiny(), tiny()
    seen = {}

    def keep(step, steps):
        if step == 4:
            seen["state"] = state(full)
        assert steps == RECIPE.steps

    run(full, pixels, on_step=keep)
    assert run(short, pixels, stop_after=4).steps == 4
    assert equal(seen["state"], state(short))


def ends_at(step, seen):
    """Time that gets short at a step, and is enough for what is done about it."""
    asked = []

    def left(_slower):
        if len(seen) < step or asked:
            return float("inf")
        asked.append(step)
        return 0.0

    return left


@pytest.mark.parametrize("recipe", [RECIPE, FULL])
@pytest.mark.parametrize("late", [6, 13])
def test_a_run_that_is_late_ends_early_and_can_be_repeated(tiny, pixels, recipe, late):
    recipe = recipe.model_copy(update={"steps": 20})
    seen = []
    short, again, whole = tiny(dropout=0.2), tiny(dropout=0.2), tiny(dropout=0.2)
    done = run(short, pixels, recipe=recipe, on_step=lambda *step: seen.append(step), time_left=ends_at(late, seen))
    assert late < done.stopped_at == done.steps == len(seen) < 20
    assert done.steps + done.left_out == 20
    assert seen[-1] == (done.steps, done.steps)
    repeated = run(again, pixels, recipe=recipe, stopped_at=done.stopped_at)
    assert equal(state(short), state(again))
    assert repeated.flops == done.flops
    assert run(whole, pixels, recipe=recipe).flops == pytest.approx(done.flops * 20 / done.steps)
    assert not equal(state(short), state(whole))


def test_a_whole_run_goes_on_from_where_a_shorter_one_began_to_end(tiny, pixels, tmp_path):
    recipe = FULL.model_copy(update={"steps": 20})
    whole, short, extended = tiny(dropout=0.2), tiny(dropout=0.2), tiny(dropout=0.2)
    run(whole, pixels, recipe=recipe)
    checkpoint, seen = Checkpoint(tmp_path / "run.pt", every_seconds=0), []
    run(
        short,
        pixels,
        recipe=recipe,
        checkpoint=checkpoint,
        on_step=lambda *step: seen.append(step),
        time_left=ends_at(10, seen),
    )
    assert run(extended, pixels, recipe=recipe, checkpoint=checkpoint).resumed_at == 10
    assert equal(state(whole), state(extended))


def test_a_run_that_is_asked_to_end_early_leaves_where_a_longer_one_goes_on(tiny, pixels, tmp_path):
    recipe = FULL.model_copy(update={"steps": 20})
    whole, longer, checkpoint = tiny(dropout=0.2), tiny(dropout=0.2), Checkpoint(tmp_path / "run.pt")
    run(whole, pixels, recipe=recipe)
    run(tiny(dropout=0.2), pixels, recipe=recipe, stopped_at=5, checkpoint=checkpoint)
    done = run(tiny(dropout=0.2), pixels, recipe=recipe, stopped_at=10, checkpoint=checkpoint)
    assert done.resumed_at == 4
    assert run(longer, pixels, recipe=recipe, checkpoint=checkpoint).resumed_at == 8
    assert equal(state(whole), state(longer))


def test_a_shorter_run_does_not_go_on_from_beyond_its_own_end(tiny, pixels, tmp_path):
    recipe = FULL.model_copy(update={"steps": 20})
    fresh, shorter, checkpoint = tiny(dropout=0.2), tiny(dropout=0.2), Checkpoint(tmp_path / "run.pt")
    run(fresh, pixels, recipe=recipe, stopped_at=5)
    run(tiny(dropout=0.2), pixels, recipe=recipe, stopped_at=10, checkpoint=checkpoint)
    assert run(shorter, pixels, recipe=recipe, stopped_at=5, checkpoint=checkpoint).resumed_at == 0
    assert equal(state(fresh), state(shorter))


@pytest.mark.parametrize("stopped_at", [0, 15])
@pytest.mark.parametrize("over", [7, 13, 14])
def test_a_run_whose_time_is_suddenly_over_is_broken_off_and_can_be_repeated(
    tiny, pixels, over, stopped_at, monkeypatch
):
    recipe = FULL.model_copy(update={"steps": 20})
    seen = []
    short, again = tiny(dropout=0.2), tiny(dropout=0.2)

    def clock():
        return float(len(seen) + 2 * max(0, len(seen) - (over - 3)))  # the last steps took longer than the others

    def left(slower):
        return float("inf") if len(seen) < over or slower == 1 else 0.0

    def note(*step):
        seen.append(step)

    monkeypatch.setattr(time, "perf_counter", clock)
    done = run(short, pixels, recipe=recipe, on_step=note, time_left=left, stopped_at=stopped_at)
    assert done.steps == done.stopped_at == over
    assert done.aimed_at == (stopped_at or 20)
    assert done.left_out == 20 - over
    run(again, pixels, recipe=recipe, stopped_at=done.stopped_at, aimed_at=done.aimed_at)
    assert equal(state(short), state(again))


def test_a_run_with_time_enough_does_all_its_steps(tiny, pixels):
    plain, timed = tiny(dropout=0.2), tiny(dropout=0.2)
    run(plain, pixels)
    assert run(timed, pixels, time_left=lambda slower: 1e6).stopped_at == 0
    assert equal(state(plain), state(timed))


def test_the_average_of_a_constant_is_the_constant(tiny, pixels):
    still = RECIPE.model_copy(update={"learning_rate": 0.0, "ema": 0.9})
    network = tiny(norm=False)
    before = state(network)
    run(network, pixels, recipe=still)
    assert equal(before, state(network))


def test_bf16_is_only_for_training(tiny, pixels):
    network = tiny()
    half = run(network, pixels, precision="bfloat16")
    assert half.steps == RECIPE.steps
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    inputs, _ = pixels
    with torch.inference_mode():
        ours = network(**inputs.batch(ROWS))
        plain = network.module(**inputs.batch(ROWS))
    assert torch.equal(ours, plain)
    full = tiny()
    run(full, pixels)  # a process may use both
    assert not equal(state(full), state(network))


def test_a_prior_of_less_than_one_calls_the_rare_class_more_often(tiny, pixels):
    inputs, labels = pixels
    often, rare = np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)
    rows = np.concatenate([often[:15], rare[:3]])
    asked = np.setdiff1d(np.arange(len(labels)), rows)
    called = {}
    for prior in (1.0, 0.5, 0.0):
        network = tiny()
        run(network, pixels, recipe=RECIPE.model_copy(update={"steps": 30, "prior": prior}), rows=rows)
        called[prior] = predict_network(network, inputs, asked)[:, 1].mean()
    assert called[1.0] < called[0.5] < called[0.0]


def test_equal_shares_have_nothing_to_move(tiny, pixels):
    inputs, labels = pixels
    rows = np.concatenate([np.flatnonzero(labels == label)[:10] for label in np.unique(labels)])
    found = []
    for prior in (1.0, 0.5):
        network = tiny()
        run(network, pixels, recipe=RECIPE.model_copy(update={"prior": prior}), rows=rows)
        found.append(predict_network(network, inputs, np.arange(len(labels))))
    np.testing.assert_allclose(found[0], found[1], atol=1e-2)  # but for rounding
