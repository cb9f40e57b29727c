"""What the trials of a study share: data in each candidate's form, frozen networks, cached features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from headstart.core import Hardware
from headstart.data import LabelledData, Split
from headstart.models import Candidate, Inputs, Network, Readout, build, encode, list_readouts, read
from headstart.training.features import FeatureCache


@dataclass
class TrialContext:
    """What trials share. It may change the speed of a trial, never its numbers.

    Attributes:
        candidates: By name.
        cache_folder: Where features are kept.
        checkpoint_folder: Where a running trial keeps its state.
        on_step: Called with (step, steps).
        encoded: Inputs so far, by candidate; :meth:`inputs` fills it.
    """

    data: LabelledData
    splits: tuple[Split, ...]
    candidates: dict[str, Candidate]
    metric: str
    seed: int
    hardware: Hardware
    cache_folder: Path
    checkpoint_folder: Path
    on_step: Callable[[int, int], None] | None = None
    encoded: dict[str, Inputs] = field(default_factory=dict)
    _features: dict[tuple[str, str], FeatureCache] = field(default_factory=dict)
    _readouts: dict[str, dict[Readout, slice]] = field(default_factory=dict)
    _frozen: dict[str, Network] = field(default_factory=dict)

    def inputs(self, name: str) -> Inputs:
        """The data set in a candidate's form, encoded once."""
        if name not in self.encoded:
            self.encoded[name] = encode(self.candidates[name], self.data)
        return self.encoded[name]

    def frozen(self, name: str) -> Network:
        """A candidate's pretrained network that nothing will change, loaded once."""
        if name not in self._frozen:
            network = build(self.candidates[name], self.data.class_names, weights="pretrained", seed=0)
            self._frozen[name] = network.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        return self._frozen[name]

    def feature_cache(self, name: str, of: str = "") -> FeatureCache:
        """The table of a candidate's frozen features; ``of`` names other tables than the pooled ones'."""
        if (name, of) not in self._features:
            key = f"{self.candidates[name].weights_hash}-{self.candidates[name].input_size}{of}"
            self._features[name, of] = FeatureCache(self.cache_folder, self.data.fingerprint, key)
        return self._features[name, of]

    def features(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Frozen features (len(rows), D) of a candidate."""
        return self.feature_cache(name).rows(self.frozen(name), self.inputs(name), rows, self.on_step)

    def readouts(self, name: str) -> list[Readout]:
        """The read-outs of a candidate that are worth comparing."""
        if name not in self._readouts:
            with torch.inference_mode():
                batch = self.inputs(name).batch(np.arange(min(2, len(self.data.labels))))
                device = next(self.frozen(name).parameters()).device
                batch = {key: value.to(device) for key, value in batch.items()}
                listed = list_readouts(self.frozen(name), batch)
                widths = [part.shape[1] for part in read(self.frozen(name), listed, batch)]
            ends = np.cumsum(widths)
            self._readouts[name] = {
                readout: slice(int(end - width), int(end))
                for readout, end, width in zip(listed, ends, widths, strict=True)
            }
        return list(self._readouts[name])

    def read(self, name: str, rows: np.ndarray, readout: Readout) -> np.ndarray:
        """Features (len(rows), D) at a read-out; all of a candidate's are computed in one pass."""
        if readout == Readout():
            return self.features(name, rows)
        listed = self.readouts(name)
        network = self.frozen(name)
        table = self.feature_cache(name, "readouts").rows(
            network, self.inputs(name), rows, self.on_step, lambda batch: torch.cat(read(network, listed, batch), 1)
        )
        return np.ascontiguousarray(table[:, self._readouts[name][readout]])

    @cached_property
    def latencies(self) -> dict[str, float]:
        """Seconds to predict one example through a frozen network and its head, by candidate; filled by trials."""
        return {}
