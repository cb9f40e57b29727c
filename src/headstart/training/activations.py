"""Activations at the border between frozen and moving stages, computed once so that training runs on the rest alone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from headstart.core import Recipe, derive_seed
from headstart.modalities.inputs import is_padded
from headstart.models import Inputs, Network
from headstart.models.inputs import Batch

CHUNK = 64  # examples that run through the frozen stages together
FREE_SHARE = 0.5  # of the free disk that a cache may take
TOLERANCE = 1e-4  # of a logit: beyond it, the network is not a chain of its stages
SMALLEST_SAVING = 0.25  # share of the stages below the border; less is not worth a file


class _BorderReached(Exception):
    """The rest of a forward pass would compute what is not read."""


class ActivationCache:
    """Runs a network from the border on.

    While it is installed, every module of the frozen stages gives back the stored output of the last of them, so
    that the network's own ``forward`` goes on from there, whatever its kind. Whether that gives the same logits is
    tested before it is used.

    Args:
        network: Frozen below the border, in eval mode there.
        inputs: The data set.
        rows: Examples to learn from (n,).
        border: Number of frozen stages, counted from the input.
        recipe: Its ``augmentation`` and ``views`` say what is stored of each example.
        seed: Of the views.
        folder: Where the table lies; it is removed with :meth:`close`.
    """

    def __init__(
        self, network: Network, inputs: Inputs, rows: np.ndarray, border: int, recipe: Recipe, seed: int, folder: Path
    ) -> None:
        self.network, self.inputs, self.border, self.folder = network, inputs, border, folder
        self.views = Views(inputs, recipe, seed)
        self._last = network.stages[border - 1].modules[-1]
        self._frozen = [module for stage in network.stages[:border] for module in stage.modules]
        self._tuple: dict[nn.Module, bool] = {}
        self._current: torch.Tensor | None = None
        self._order = {int(row): place for place, row in enumerate(rows)}
        self._rows = rows
        self._table: np.ndarray | None = None
        self._starts: np.ndarray | None = None
        self._ragged = False
        self._shapes: dict[str, tuple[int, ...]] | None = None  # of an example, where nothing is read of inputs
        self._ends_at_border = False

    def build(self) -> bool:
        """Fill the table; False if this network or this disk does not allow it."""
        modes = [(module, module.training) for module in self.network.modules()]
        self.network.eval()  # what runs on the way beyond the border leaves no trace
        try:
            return self._build()
        finally:
            for module, training in modes:
                module.training = training

    def _build(self) -> bool:
        first = self._run_bottom(self.views.batch(self._rows[:2], 0))
        # one vector for each token, unless the border lies behind a pooler
        batch = self.views.batch(self._rows[:2], 0)
        if is_padded(batch) and first.ndim == 4:
            return False  # maps of unequal length
        ragged = is_padded(batch) and first.ndim == 3
        if ragged and first.shape[1] != batch["attention_mask"].shape[1]:
            return False  # positions are no longer those of the input
        lengths = self.inputs.lengths[self._rows].astype(int) if ragged else np.ones(len(self._rows), dtype=int)
        self._shapes = None if is_padded(batch) else {name: tuple(t.shape[1:]) for name, t in batch.items()}
        shape = tuple(first.shape[2:] if ragged else first.shape[1:])
        total = int(lengths.sum()) * self.views.count
        bytes_needed = total * int(np.prod(shape)) * 4
        self.folder.mkdir(parents=True, exist_ok=True)
        if bytes_needed > FREE_SHARE * shutil.disk_usage(self.folder).free or not self._continues(first):
            return False
        self._starts, self._ragged = np.concatenate([[0], np.cumsum(lengths)]), ragged
        try:
            self._table = np.lib.format.open_memmap(
                self.folder / "border.npy", mode="w+", dtype=np.float32, shape=(total, *shape)
            )
            self._fill(lengths)
        except OSError:
            self.close()
            return False
        return True

    def _fill(self, lengths: np.ndarray) -> None:
        assert self._table is not None
        assert self._starts is not None
        by_length = np.argsort(lengths, kind="stable")
        for view in range(self.views.count):
            offset = view * int(self._starts[-1])
            for start in range(0, len(by_length), CHUNK):
                places = by_length[start : start + CHUNK]
                values = self._run_bottom(self.views.batch(self._rows[places], view)).cpu().numpy()
                for place, value in zip(places, values, strict=True):
                    begin, count = offset + self._starts[place], lengths[place]
                    self._table[begin : begin + count] = value[:count] if self._ragged else value[None]

    @torch.no_grad()
    def _run_bottom(self, batch: Batch) -> torch.Tensor:
        """The border's activations, and how each frozen module gives its output.

        The first pass goes through the whole network. If that showed the border once, later ones end there.
        """
        seen: list[torch.Tensor] = []
        first = not self._tuple

        def note(module: nn.Module, _inputs: object, output: object) -> None:
            self._tuple[module] = isinstance(output, tuple)
            if module is self._last:
                seen.append(output[0] if isinstance(output, tuple) else output)  # type: ignore[arg-type]
                if self._ends_at_border:
                    raise _BorderReached

        hooks = [module.register_forward_hook(note) for module in self._frozen]
        try:
            with contextlib.suppress(_BorderReached):
                self.network(**self._on_device(batch))
        finally:
            for hook in hooks:
                hook.remove()
        if first:
            self._ends_at_border = len(seen) == 1
        return seen[-1]

    @torch.no_grad()
    def _continues(self, border: torch.Tensor) -> bool:
        """Whether the rest alone gives the logits of the whole."""
        batch = self.views.batch(self._rows[:2], 0)
        whole = self.network(**self._on_device(batch))
        try:
            with self.installed():
                self._current = border
                rest = self.network(**self._on_device(self._stand_in(batch)))
        except (RuntimeError, ValueError, TypeError, AttributeError):
            return False
        return bool((whole - rest).abs().max() < TOLERANCE * max(1.0, float(whole.abs().max())))

    def batch(self, rows: np.ndarray, view: int) -> Batch:
        """Set the border's activations for some examples; returns what the network is called with."""
        assert self._table is not None
        assert self._starts is not None
        view %= self.views.count
        offset = view * int(self._starts[-1])
        places = [self._order[int(row)] for row in rows]
        parts = [self._table[offset + self._starts[p] : offset + self._starts[p + 1]] for p in places]
        if self._ragged:
            width = max(len(part) for part in parts)
            stacked = np.zeros((len(parts), width, *parts[0].shape[1:]), dtype=np.float32)
            for index, part in enumerate(parts):
                stacked[index, : len(part)] = part
        else:
            stacked = np.concatenate(parts)
        if self._shapes is None:
            batch = self.inputs.batch(rows)
        else:
            batch = {name: torch.zeros(1).expand(len(rows), *shape) for name, shape in self._shapes.items()}
        device = next(self.network.parameters()).device
        self._current = torch.from_numpy(stacked).to(device)
        if self._current.ndim == 4:
            self._current = self._current.contiguous(memory_format=torch.channels_last)
        return batch

    def _stand_in(self, batch: Batch) -> Batch:
        """Inputs of the right shape that carry nothing where nothing is read of them."""
        if is_padded(batch):
            return batch
        return {name: torch.zeros(1).expand(tensor.shape) for name, tensor in batch.items()}

    def _on_device(self, batch: Batch) -> Batch:
        device = next(self.network.parameters()).device
        return {name: tensor.to(device) for name, tensor in batch.items()}

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Let the frozen modules give back what is stored."""

        def instead(module: nn.Module) -> Callable[..., object]:
            return lambda *_, **__: (self._current,) if self._tuple.get(module) else self._current

        for module in self._frozen:
            module.forward = instead(module)
        try:
            yield
        finally:
            for module in self._frozen:
                del module.forward

    def close(self) -> None:
        """Remove the table."""
        self._table = None
        shutil.rmtree(self.folder, ignore_errors=True)


class Views:
    """A fixed number of variations of each example, the same whenever they are asked for.

    Args:
        inputs: The data set.
        recipe: ``views`` of them; with 0 or without augmentation there is one, the example itself.
        seed: Of the variations.
    """

    def __init__(self, inputs: Inputs, recipe: Recipe, seed: int) -> None:
        self.inputs, self.augmentation, self.seed = inputs, recipe.augmentation, seed
        self.count = recipe.views if recipe.augmentation != "none" and recipe.views else 1

    def batch(self, rows: np.ndarray, view: int) -> Batch:
        """View ``view`` of some examples; each is drawn alone, so that its batch does not matter."""
        if self.count == 1:
            return self.inputs.batch(rows)
        parts: list[Batch] = []
        with torch.random.fork_rng(devices=[]):
            for row in rows:
                torch.manual_seed(derive_seed(self.seed, "view", view % self.count, int(row)))
                parts.append(self.inputs.batch(np.asarray([row]), self.augmentation))
        return {name: _together([part[name] for part in parts]) for name in parts[0]}


def _together(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """One batch of batches (B, L, ...), where L differs padded with zeros: a mask of what is real then has them too."""
    if tensors[0].ndim < 2 or len({tensor.shape[1] for tensor in tensors}) == 1:
        return torch.cat([*tensors])
    width = max(tensor.shape[1] for tensor in tensors)
    whole = tensors[0].new_zeros(sum(map(len, tensors)), width, *tensors[0].shape[2:])
    start = 0
    for tensor in tensors:
        whole[start : start + len(tensor), : tensor.shape[1]] = tensor
        start += len(tensor)
    return whole


def border_of(network: Network, moving: Sequence[int]) -> int:
    """Number of stages at the input that nothing changes; 0 where keeping their output would not pay."""
    border = min(moving, default=len(network.stages))
    if network.added or not border:
        return 0
    return border if border >= SMALLEST_SAVING * len(network.stages) else 0
