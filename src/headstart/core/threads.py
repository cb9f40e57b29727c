"""How many CPU threads compute fastest at the moment.

A training step of a small network is hundreds of short parallel parts, and each waits for its last thread. On cores
that other work uses too, a thread is often not running while the others wait for it: two threads then took four times
as long as one.
"""

from __future__ import annotations

import os
import statistics
import time

ROUNDS = 5  # timed steps of each number of threads, in turn
GAIN = 1.25  # how much faster fewer threads must be: numbers depend on them, so all are used where it hardly matters
BATCH, CHANNELS, SIDE = 16, 16, 32


def fastest_threads(most: int) -> int:
    """Time small training steps with all threads, half of them and one, in about a second at most.

    Args:
        most: Threads there are; where the user set ``OMP_NUM_THREADS``, these are taken unmeasured.

    Returns:
        The number to compute with.
    """
    choices = sorted({most, max(1, most // 2), 1}, reverse=True)
    if len(choices) == 1 or os.environ.get("OMP_NUM_THREADS"):
        return most
    import torch

    before = torch.get_num_threads()
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, CHANNELS, 3, padding=1),
        torch.nn.BatchNorm2d(CHANNELS),
        torch.nn.ReLU(),
        torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1),
    )
    pictures = torch.ones(BATCH, 3, SIDE, SIDE)
    seconds: dict[int, list[float]] = {count: [] for count in choices}
    try:
        for number in range(ROUNDS + 1):
            for count in choices:
                torch.set_num_threads(count)
                start = time.perf_counter()
                network(pictures).square().mean().backward()
                taken = time.perf_counter() - start
                if number:  # the first round warms up
                    seconds[count].append(taken)
    finally:
        torch.set_num_threads(before)
    typical = {count: statistics.median(found) for count, found in seconds.items()}
    best = min(choices, key=lambda count: typical[count])
    return best if typical[best] * GAIN < typical[most] else most
