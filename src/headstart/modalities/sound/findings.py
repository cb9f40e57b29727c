"""What became of sounds that are not 16 kHz in one channel, and which hold little, as findings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.data.findings import Finding, finding, plural
from headstart.modalities.sound.decoding import RATE
from headstart.modalities.sound.fronts import LONGEST_READ
from headstart.modalities.sound.scan import SoundScan

SILENT_PEAK = 10 ** (-70 / 20)  # of full scale: at 16 bits, steps of ten
CLIPPED = 0.999  # of full scale
SHOWN = 4  # rates that are named


def sound_findings(scan: SoundScan, ids: Sequence[str]) -> list[Finding]:
    """Report conversions, lengths, and sounds that hold almost nothing.

    Args:
        scan: One look at every sound.
        ids: Of the sounds.
    """
    if not len(scan.seconds):
        return []
    found = [_lengths(scan, ids), *_rates(scan, ids)]

    def add(code: str, rows: np.ndarray, what: str, *, warn: bool) -> None:
        if rows.any():
            places = np.flatnonzero(rows)
            message = f"{plural(len(places), 'sound')} {what}"
            found.append(
                finding(code, "warning" if warn else "info", message, [ids[place] for place in places.tolist()])
            )

    mixed = scan.channels > 1
    most = int(scan.channels.max())
    add("channels", mixed, f"of up to {most} channels, mixed to one by their mean", warn=not mixed.all())
    add("silent", scan.peaks < SILENT_PEAK, "without any sound (nothing above -70 dB of full scale)", warn=True)
    add("truncated", scan.cut_off, "in files that end before their header says; what is there was read", warn=True)
    long = 1000 * scan.seconds > LONGEST_READ
    add("long-sound", long, f"longer than {LONGEST_READ / 1000:g} s; networks read that much of each", warn=False)
    return found


def _lengths(scan: SoundScan, ids: Sequence[str]) -> Finding:
    """Shortest, quartiles, longest."""
    low, first, middle, third, high = np.quantile(scan.seconds, [0, 0.25, 0.5, 0.75, 1])
    message = f"Sounds are {low:.2f} to {high:.2f} s long (quartiles {first:.2f}, {middle:.2f}, {third:.2f} s)"
    return finding("lengths", "info", message, count=len(scan.seconds), value=round(float(middle), 4))


def _rates(scan: SoundScan, ids: Sequence[str]) -> list[Finding]:
    """Which rates there are, where any is not the one that is read."""
    rates, counts = np.unique(scan.rates, return_counts=True)
    if rates.tolist() == [RATE]:
        return []
    order = np.argsort(-counts, kind="stable")
    named = ", ".join(f"{rates[k] / 1000:g} kHz ({counts[k]:,})" for k in order[:SHOWN])
    more = f" and {len(rates) - SHOWN} others" if len(rates) > SHOWN else ""
    lowest = int(rates.min())
    above = f"; at {lowest / 1000:g} kHz there is nothing above {lowest / 2000:g} kHz to hear" if lowest < RATE else ""
    message = f"Sounds have rates of {named}{more}; all were resampled to {RATE / 1000:g} kHz{above}"
    rare = [ids[row] for row in np.flatnonzero(scan.rates != rates[order[0]]).tolist()]
    if len(rates) > 1:
        return [finding("rates", "warning", message, rare, count=len(rare))]
    return [finding("rates", "info", message, count=len(scan.rates))]
