"""How many CPU threads compute fastest at the moment.

A training step of a small network is hundreds of short parallel parts, and each waits for its last thread. On cores
that other work uses too, a thread is often not running while the others wait for it: two threads then took four times
as long as one.
"""

from __future__ import annotations

import os
import time

ROUNDS, ROUND_SECONDS = 12, 0.05  # timed rounds of each number of threads, in turn
SLOW = 0.75  # quantile of the rounds that is compared
SHARED = 0.85  # processor seconds a second of a single thread, below which no core is free for it
GAIN = 1.25  # how much faster fewer threads must be: numbers depend on them, so all are used where it hardly matters
CLEARLY = 2.0  # how much faster more than one thread must be where no core is free
BATCH, CHANNELS, SIDE = 16, 16, 32


def fastest_threads(most: int) -> int:
    """Time small training steps with all threads, half of them and one, in about half a second each.

    Slow rounds are compared: beside other work, two threads now and then run together for a while, and as often wait
    for each other. A single slow round does not count. Where a single thread gets no core to itself, such a good while
    proves nothing, and more threads than one must be twice as fast.

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
    rounds: dict[int, list[float]] = {count: [] for count in choices}
    alone = [0.0, 0.0]  # processor and wall seconds of a single thread
    try:
        for number in range(ROUNDS + 1):
            for count in choices:
                torch.set_num_threads(count)
                start, used, steps, taken = time.perf_counter(), time.process_time(), 0, 0.0
                while taken < ROUND_SECONDS:
                    network(pictures).square().mean().backward()
                    steps, taken = steps + 1, time.perf_counter() - start
                if number:  # the first round warms up
                    rounds[count].append(taken / steps)
                    if count == 1:
                        alone[0] += time.process_time() - used
                        alone[1] += taken
    finally:
        torch.set_num_threads(before)
    typical = {count: sorted(rounds[count])[int(SLOW * ROUNDS)] for count in choices}
    best = min(choices, key=lambda count: typical[count])
    if alone[0] < SHARED * alone[1]:
        return best if typical[best] * CLEARLY < typical[1] else 1
    return best if typical[best] * GAIN < typical[most] else most
