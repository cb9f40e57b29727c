"""Sounds of a data set, kept encoded (or as paths) until a network asks for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.content import Content, Preview
from headstart.data.duplicates import Clusters, cluster_keys
from headstart.data.findings import Finding
from headstart.modalities.sound.findings import sound_findings
from headstart.modalities.sound.fronts import LONGEST_READ
from headstart.modalities.sound.scan import SoundScan

SHORTEST_READ = 500  # milliseconds


class SoundContent(Content):
    """N sounds that can be decoded.

    Attributes:
        sources: Encoded bytes or files.
        scan: What one look at every sound showed.
        folder: The cache.
    """

    def __init__(self, sources: Sequence[bytes | Path], scan: SoundScan, folder: Path) -> None:
        self.sources, self.scan, self.folder = list(sources), scan, folder
        self.notes: list[str] = []

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def native_size(self) -> int:  # type: ignore[override]
        """The longest sound in milliseconds, within half a second and what is read of any."""
        longest = int(np.ceil(1000 * self.scan.seconds.max(initial=0) / 100) * 100)
        return max(SHORTEST_READ, min(longest, LONGEST_READ))

    @property
    def fingerprint(self) -> str:
        """Hash of all sounds in their order."""
        return hashlib.blake2b(self.scan.digests.tobytes(), digest_size=12).hexdigest()

    def identity(self) -> list[bytes]:
        """Hashes of all files."""
        return [self.scan.digests.tobytes()]

    def load(self, rows: Iterable[int]) -> list[Any]:
        """Encoded bytes or files."""
        return [self.sources[row] for row in rows]

    def clusters(self, folder: Any) -> Clusters:
        """Sounds whose samples are equal at 16 bits, whatever the form of their files."""
        return cluster_keys(self.scan.keys, self.scan.keys)

    def findings(self, ids: Sequence[str]) -> list[Finding]:
        """What was resampled and mixed, how long sounds are, which are silent or cut off."""
        return sound_findings(self.scan, ids)

    def properties(self) -> dict[str, dict[str, np.ndarray]]:
        """Rate, channels, form of the file, length and loudness."""
        scan = self.scan
        return {
            "rate": {"sample rate": scan.rates.astype(float)},
            "channels": {"number of channels": scan.channels.astype(float)},
            "format": {"file format": np.unique(scan.kinds, return_inverse=True)[1].astype(float)},
            "length": {"length": scan.seconds},
            "loudness": {"mean loudness": scan.decibels, "peak": scan.peaks},
        }

    def preview(self, row: int) -> Preview:
        """A line about a sound."""
        scan = self.scan
        channels = "1 channel" if scan.channels[row] == 1 else f"{scan.channels[row]} channels"
        return Preview(text=f"{scan.seconds[row]:.2f} s at {scan.rates[row] / 1000:g} kHz, {channels}")
