"""When passes are recorded and when they are not; a stand-in records, as there may be no GPU here."""

import pytest
import torch
from torch import nn

from headstart.training.recorded import MULTIPLE, SEEN, RecordedPasses


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.layer = nn.BatchNorm1d(4), nn.Linear(4, 3)

    def forward(self, values):
        return self.layer(nn.functional.dropout(self.norm(values), 0.5, self.training))


class Branching(nn.Module):
    """Computes something else where the first value is positive."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, values):
        return self.layer(values if values[0, 0] > 0 else -values)


class Recorder:
    """Records by tracing, which like a graph keeps the branch that was taken; runs the module as a graph's warm-up."""

    def __init__(self):
        self.calls = []

    def __call__(self, passes, given):
        self.calls.append(tuple(tensor.shape for tensor in given))
        for _ in range(3):
            passes(*given)
        turned = not bool(given[0][0, 0] > 0)
        if isinstance(passes.network, Branching):
            return lambda values: passes.network.layer(-values if turned else values)
        return lambda *values: passes(*values)


def batch(rows=6, seed=0):
    torch.manual_seed(seed)
    return {"values": torch.randn(rows, 4)}


def test_a_shape_is_recorded_once_it_has_recurred():
    recorder = Recorder()
    passes = RecordedPasses(Normed(), False, 1, recorder)
    assert [passes.logits(batch(seed=i)) is None for i in range(SEEN + 3)] == [True] * SEEN + [False] * 3
    assert passes.logits(batch(rows=5)) is None, "another shape"
    assert len(recorder.calls) == 1


def test_recording_leaves_no_trace():
    network = Normed()
    passes = RecordedPasses(network, False, 1, Recorder())
    for number in range(SEEN):
        passes.logits(batch(seed=number))
    given = batch(seed=9)
    buffers = {name: value.clone() for name, value in network.named_buffers()}
    torch.manual_seed(5)
    wanted = network(**given)
    after = {name: value.clone() for name, value in network.named_buffers()}
    for name, buffer in network.named_buffers():
        buffer.copy_(buffers[name])
    torch.manual_seed(5)
    torch.testing.assert_close(passes.logits(given), wanted)
    for name, buffer in network.named_buffers():
        torch.testing.assert_close(buffer, after[name], msg=name)


def test_operations_that_depend_on_values_are_not_recorded():
    passes = RecordedPasses(Branching(), False, 1, Recorder())
    given = {"values": torch.tensor([[1.0, 2, 3, 4], [-4.0, 3, 2, 1]])}
    assert all(passes.logits(given) is None for _ in range(SEEN + 2))
    assert "depend on the values" in passes.reason


def test_a_network_that_cannot_be_recorded_runs_as_ever():
    def record(passes, given):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    passes = RecordedPasses(Normed(), False, 1, record)
    assert all(passes.logits(batch()) is None for _ in range(SEEN + 2))
    assert passes.reason.endswith("operation not permitted when stream is capturing")


@pytest.mark.parametrize(("length", "longest", "wanted"), [(3, 40, MULTIPLE), (17, 40, 2 * MULTIPLE), (33, 40, 40)])
def test_texts_are_padded_behind_the_mask(length, longest, wanted):
    passes = RecordedPasses(Normed(), False, longest, Recorder())
    given = {"input_ids": torch.full((2, length), 7), "attention_mask": torch.ones(2, length, dtype=torch.long)}
    found = passes.padded(given)
    assert found["input_ids"].shape == found["attention_mask"].shape == (2, wanted)
    assert (found["input_ids"][:, :length] == 7).all()
    assert found["attention_mask"].sum() == 2 * length


def test_other_batches_are_left_as_they_are():
    passes = RecordedPasses(Normed(), False, 40, Recorder())
    given = {"values": torch.randn(2, 5), "attention_mask": torch.ones(2, 5)}
    assert passes.padded(given) is given
