"""Word vectors in use: a step reads and writes only the rows of a table that a trial's examples look up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import nn

from headstart.models import Inputs, Network

WORTH = 0.8  # of a table's rows; where more are in use, the detour gains nothing
CHUNK = 1024  # examples whose ids are collected at a time


class RowsOfTable:
    """A table of vectors of which a part trains.

    AdamW moves a row without a gradient by its decay alone: at every step it is multiplied by 1 - rate * decay
    (Loshchilov 2019, arXiv 1711.05101, algorithm 2, where both moments of such a row stay zero). The product over the
    steps is all there is to know of the others.

    Args:
        module: The embedding; its weight, the same parameter throughout, has the rows in use alone from here on.
        ids: Ascending ids of the rows that train; that of the padding is added.

    Attributes:
        kept: What the decay of the steps so far has left of the others.
    """

    def __init__(self, module: nn.Embedding, ids: np.ndarray) -> None:
        self.module, self.kept = module, 1.0
        self._padding, self._full = module.padding_idx, module.weight.detach()  # (V, D)
        device = self._full.device
        rows = ids if self._padding is None else np.union1d(ids, [self._padding])
        self._used = torch.from_numpy(rows).to(device)  # (used,)
        self._lookup = torch.zeros(module.num_embeddings, dtype=torch.long, device=device)  # 0: nothing looks it up
        self._lookup[self._used] = torch.arange(len(rows), device=device)
        self._install(self._full[self._used].clone())

    def whole(self) -> torch.Tensor:
        """All rows as they are now (V, D)."""
        part = self.module.weight.detach()
        full = self._full.to(part.device) * self.kept
        full[self._used.to(part.device)] = part
        return full

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the module be an ordinary one with all rows for a while."""
        part = self.module.weight.data
        self.leave()
        try:
            yield
        finally:
            self._install(part)

    def leave(self) -> None:
        """Let the module be an ordinary one with all rows."""
        self._hook.remove()
        self.module.weight.data, self.module.padding_idx = self.whole(), self._padding

    def _install(self, part: torch.Tensor) -> None:
        self.module.weight.data = part
        if self._padding is not None:
            self.module.padding_idx = int(self._lookup[self._padding])
        self._hook = self.module.register_forward_pre_hook(self._translate)

    def _translate(self, _module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        if self._lookup.device != given[0].device:
            self._lookup = self._lookup.to(given[0].device)
        return (self._lookup[given[0]], *given[1:])


class RowsInUse:
    """The tables of a network that train in part.

    Args:
        tables: None of them trains in part where this is empty.
    """

    def __init__(self, tables: tuple[RowsOfTable, ...] = ()) -> None:
        self.tables = tables

    @classmethod
    def of(cls, network: Network, inputs: Inputs, rows: np.ndarray) -> RowsInUse:
        """Leave out of every table that trains the rows that no example looks up.

        Args:
            network: Frozen where it shall stay, without an optimiser so far.
            inputs: The data set (N examples).
            rows: The examples to learn from (n,).
        """
        found = _tables_of_ids(network, inputs.batch(rows[:2]))
        if not found:
            return cls()
        ids = _ids(inputs, rows)
        return cls(tuple(RowsOfTable(module, ids) for module in found if len(ids) < WORTH * module.num_embeddings))

    def follow(self, optimizer: torch.optim.Optimizer) -> None:
        """Note what the next step's decay leaves of the rows that are not in use."""
        for table in self.tables:
            for group in optimizer.param_groups:
                if any(parameter is table.module.weight for parameter in group["params"]):
                    table.kept *= 1 - group["lr"] * group["weight_decay"]

    @property
    def state(self) -> list[float]:
        """What a checkpoint must hold beside the weights."""
        return [table.kept for table in self.tables]

    def load(self, state: list[float]) -> None:
        """Go on from a checkpoint."""
        for table, kept in zip(self.tables, state, strict=True):
            table.kept = kept

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Give the network all rows for a while, to read any text."""
        with ExitStack() as stack:
            for table in self.tables:
                stack.enter_context(table.held())
            yield

    def finish(self) -> None:
        """Give the network all rows for good."""
        for table in self.tables:
            table.leave()
        self.tables = ()


def _tables_of_ids(network: Network, batch: Mapping[str, torch.Tensor]) -> list[nn.Embedding]:
    """Embeddings that train, belong to nobody else, and are given the ids of the inputs as they are."""
    given = batch.get("input_ids")
    if given is None:
        return []
    owners: dict[int, int] = {}
    for _, parameter in network.module.named_parameters(remove_duplicate=False):
        owners[id(parameter)] = owners.get(id(parameter), 0) + 1
    seen: dict[nn.Embedding, bool] = {}

    def look(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(module, nn.Embedding)
        own = bool(inputs) and inputs[0].shape == given.shape and bool((inputs[0] == given).all())
        seen[module] = seen.get(module, True) and own

    simple = [
        module
        for module in network.module.modules()
        if type(module) is nn.Embedding and module.weight.requires_grad and owners[id(module.weight)] == 1
        if module.max_norm is None and not module.sparse and not module.scale_grad_by_freq
    ]
    hooks = [module.register_forward_pre_hook(look) for module in simple]
    trains = {module: module.training for module in network.modules()}
    try:
        network.eval()
        with torch.no_grad():
            device = next(network.parameters()).device
            network(**{name: tensor.to(device) for name, tensor in batch.items()})
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in trains.items():
            module.training = training
    return [module for module in simple if seen.get(module)]


def _ids(inputs: Inputs, rows: np.ndarray) -> np.ndarray:
    """Every id that the examples ``rows`` hold, ascending."""
    starts = range(0, len(rows), CHUNK)
    return np.unique(np.concatenate([np.unique(inputs.batch(rows[at : at + CHUNK])["input_ids"]) for at in starts]))
