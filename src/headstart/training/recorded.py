"""Forward and backward passes that a GPU replays: starting their operations one by one takes longer than computing."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn

from headstart.modalities.inputs import is_padded
from headstart.models.inputs import Batch

SEEN = 3  # times that a shape of batches comes before it is recorded
SHAPES = 24  # that are recorded at most
MULTIPLE = 16  # texts are padded to a multiple of so many tokens, so that few shapes come up
TOLERANCE = 1e-2  # of a logit, relative to the largest: bf16 keeps 8 bits

Record = Callable[[nn.Module, tuple[torch.Tensor, ...]], Callable[..., torch.Tensor]]


class RecordedPasses:
    """Gives a network's logits from a recording of its passes (a CUDA graph) where the batch has a shape that recurs.

    The first batches of a shape run as ever. Then both passes are recorded, and the recording is tried on a batch with
    other values: a network whose operations depend on the values cannot be replayed, and runs as ever from then on.
    Weights may change in place between replays, as an optimiser does; what is frozen must stay so.

    Args:
        network: As it trains, on its device.
        half: Whether the passes run in bf16.
        longest: Length of the longest example, in tokens.
        record: Records the passes of a module; torch's way if not given.
    """

    def __init__(self, network: nn.Module, half: bool, longest: int, record: Record | None = None) -> None:
        self._network, self._half, self._longest = network, half, longest
        self._record = record or _recorded_by_torch(torch.cuda.graph_pool_handle())
        self._seen: Counter[tuple[Any, ...]] = Counter()
        self._recordings: dict[tuple[Any, ...], Callable[..., torch.Tensor]] = {}
        self.reason = ""  # why nothing is recorded any more

    def padded(self, batch: Batch) -> Batch:
        """Texts with some more padding, which the mask hides, so that their shapes recur."""
        if self.reason or "input_ids" not in batch or not is_padded(batch):
            return batch
        length = batch["attention_mask"].shape[1]
        more = min(-(-length // MULTIPLE) * MULTIPLE, self._longest) - length
        if more <= 0 or any(tensor.ndim != 2 or tensor.shape[1] != length for tensor in batch.values()):
            return batch
        return {name: nn.functional.pad(tensor, (0, more)) for name, tensor in batch.items()}

    def logits(self, batch: Batch) -> torch.Tensor | None:
        """Logits (B, C) of a batch on the device, with their gradients; None where it must run as ever."""
        if self.reason:
            return None
        names = sorted(batch)
        shape = tuple((name, batch[name].shape, batch[name].dtype) for name in names)
        self._seen[shape] += 1
        if shape not in self._recordings:
            if self._seen[shape] <= SEEN or len(self._recordings) >= SHAPES:
                return None
            recording = self._recording(names, batch)
            if recording is None:
                return None
            self._recordings[shape] = recording
        return self._recordings[shape](*(batch[name] for name in names))

    def close(self) -> None:
        """Give the memory of the recordings back."""
        self._recordings.clear()

    def _recording(self, names: list[str], batch: Batch) -> Callable[..., torch.Tensor] | None:
        """A recording that was tried; None, with the reason, if there can be none."""
        passes = _Passes(self._network, names, self._half)
        given = tuple(batch[name].clone() for name in names)
        other = tuple(_varied(batch)[name] for name in names)
        try:
            with _untouched(self._network):
                recording = self._record(passes, given)
            with _untouched(self._network):
                replayed = recording(*other).detach().clone()
            with _untouched(self._network):
                wanted = _Passes(self._network, names, self._half)(*other).detach()
        except (RuntimeError, ValueError, TypeError, AssertionError) as error:
            self.reason = (
                f"the network's passes cannot be recorded: {str(error).splitlines()[0] if str(error) else error}"
            )
            return None
        if not torch.allclose(replayed, wanted, rtol=0, atol=TOLERANCE * float(wanted.abs().max() + 1)):
            self.reason = "the network's operations depend on the values of a batch"
            return None
        return recording


class _Passes(nn.Module):
    """A network as a function of tensors in a fixed order, with the precision inside."""

    def __init__(self, network: nn.Module, names: list[str], half: bool) -> None:
        super().__init__()
        self.network, self._names, self._half = network, names, half

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        """Logits."""
        # casts of weights that autocast kept would be missing from a recording
        with torch.autocast(given[0].device.type, torch.bfloat16, enabled=self._half, cache_enabled=False):
            logits: torch.Tensor = self.network(**dict(zip(self._names, given, strict=True)))
        return logits


def _recorded_by_torch(pool: Any) -> Record:
    """Record with torch; one pool of memory serves all recordings, as only one runs at a time."""

    def record(passes: nn.Module, given: tuple[torch.Tensor, ...]) -> Callable[..., torch.Tensor]:
        generator = torch.cuda.default_generators[given[0].device.index or 0]
        before = generator.clone_state()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # recording happens on a stream of its own, which torch remarks upon
                made = torch.cuda.make_graphed_callables(passes, given, allow_unused_input=True, pool=pool)
        except BaseException:
            generator.graphsafe_set_state(before)  # the one in use believes itself recorded, and would draw no more
            raise
        return cast(Callable[..., torch.Tensor], made)

    return record


def _varied(batch: Mapping[str, torch.Tensor]) -> Batch:
    """The batch with other values: its examples the other way round, and one of them cut to half its length."""
    turned = {name: tensor.flip(0).clone() for name, tensor in batch.items()}
    if is_padded(turned):
        mask = turned["attention_mask"]
        mask[0, (mask.shape[1] + 1) // 2 :] = 0
    return turned


@contextmanager
def _untouched(network: nn.Module) -> Iterator[None]:
    """Leave running statistics and random numbers as they were."""
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    device = next(network.parameters()).device
    state = torch.get_rng_state()
    card = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        torch.set_rng_state(state)
        if card is not None:
            torch.cuda.set_rng_state(card, device)
