"""Memory that every step frees and asks for again, kept by the process."""

from __future__ import annotations

import ctypes
import functools
import sys

TRIM, TOP_PAD, MMAP = -1, -2, -3  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD of <malloc.h>
LARGEST_BLOCK = 2**25  # bytes: glibc takes no larger threshold on 64 bits
KEPT = 2**31 - 1  # bytes that stay with the process though they are free
AHEAD = 2**26  # bytes that are asked for beyond what is needed


@functools.cache
def keep_freed_memory() -> bool:
    """Let glibc keep what is freed, instead of returning it to the system and taking it back at the next step.

    Activations and gradients of a step are blocks of megabytes, which glibc maps anew each time, and the system clears
    page by page: up to a tenth of a training step on images (bench/results/step_parts.md). The process's memory stays
    near its peak while it runs.

    Returns:
        Whether that was set; not where another allocator is at work, as on macOS.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a library without it, such as musl's
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return all([mallopt(MMAP, LARGEST_BLOCK), mallopt(TRIM, KEPT), mallopt(TOP_PAD, AHEAD)])
