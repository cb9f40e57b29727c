"""What this machine is and how fast it multiplies, measured once per process."""

from __future__ import annotations

import functools
import os
import platform
import time
from typing import TYPE_CHECKING, Literal

from headstart.core.records import Record

if TYPE_CHECKING:
    import torch

BF16_GAIN = 1.2  # autocast costs casts: bf16 must beat fp32 by this factor to pay
CPU_SIDE, GPU_SIDE = 512, 4096  # a GPU finishes a small product before its launch costs are paid


class Hardware(Record):
    """A machine as far as it matters for training.

    Attributes:
        memory_gb: Main memory that is free now, in GiB.
        gflops_float32: Measured rate of a square matrix product in fp32, in 1e9 operations a second.
        gflops_bfloat16: The same in bf16; far lower than fp32 where it is emulated.
        dtype: The precision that trains faster here.
        dtype_reason: The measurement behind ``dtype``, in words.
    """

    cores: int
    memory_gb: float
    gpu: str | None
    gflops_float32: float
    gflops_bfloat16: float
    dtype: Literal["float32", "bfloat16"]
    dtype_reason: str
    system: str

    @property
    def name(self) -> str:
        """The machine as measurements name it: equal for two runs on one machine, whatever else runs there."""
        return f"{self.gpu or processor_name()}, {self.cores} cores"

    def describe(self) -> str:
        """One line for people."""
        where = self.gpu or f"{self.cores} CPU cores, no GPU"
        return f"{where}, {self.memory_gb:.0f} GB memory free; {self.dtype} ({self.dtype_reason})"


@functools.cache
def machine_name() -> str:
    """The machine that this process computes on, as :attr:`Hardware.name` has it."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return f"{gpu or processor_name()}, {available_cores()} cores"


@functools.cache
def processor_name() -> str:
    """The processor's model, as far as the system says it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            models = [line.partition(":")[2].strip() for line in stream if line.startswith("model name")]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def available_cores() -> int:
    """Cores this process may use, which in containers is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_threads() -> int:
    """CPU threads that a computation of this process uses unless it is set otherwise."""
    import torch

    return int(torch.get_num_threads())


def free_memory_gb() -> float:
    """Main memory that is available now, in GiB."""
    import psutil

    return float(psutil.virtual_memory().available) / 2**30


@functools.cache
def probe_hardware() -> Hardware:
    """Measure this machine in well under a second.

    Returns:
        The machine, with the precision that was measured to be faster.
    """
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    device = torch.device("cuda" if gpu else "cpu")
    fast = _matrix_rate(torch.float32, device)
    half = _matrix_rate(torch.bfloat16, device)
    pays = half > BF16_GAIN * fast
    return Hardware(
        cores=available_cores(),
        memory_gb=free_memory_gb(),
        gpu=gpu,
        gflops_float32=fast,
        gflops_bfloat16=half,
        dtype="bfloat16" if pays else "float32",
        dtype_reason=f"matrix product {half / fast:.2g}x as fast in bf16 as in fp32",
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"torch {torch.__version__}",
    )


def _matrix_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Rate of a square product in 1e9 operations a second: the best of three."""
    import torch

    side = CPU_SIDE if device.type == "cpu" else GPU_SIDE
    left = torch.ones(side, side, dtype=dtype, device=device)
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        (left @ left).sum().item()
        rates.append(2 * side**3 / (time.perf_counter() - start) / 1e9)
    return max(rates)


def limit_spinning() -> None:
    """Let idle OpenMP threads spin only briefly before they sleep, unless the user decided otherwise.

    Takes effect only before torch is imported. On two cores that another process used as well, training
    steps took ten times longer with the default; with none to share with, this setting costs nothing
    measurable, whereas never spinning doubles the time of a step (bench/results/threads.md).
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
