"""What a process that runs trials does: the same whether loky or Ray started it."""

from __future__ import annotations

import os

from headstart.core import TrialSpec
from headstart.training import Bench, Outcome, Worker, execute

_workers: dict[str, Worker] = {}  # of this process, by bench


def environment(threads: int, gpu: str | None = None) -> dict[str, str]:
    """Variables that a worker process starts with.

    Args:
        threads: Of a trial; libraries read it when they are loaded.
        gpu: Which devices the process may see; all if not given.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    values = {name: str(threads) for name in names} | {"TOKENIZERS_PARALLELISM": "false"}
    if gpu is not None:
        values["CUDA_VISIBLE_DEVICES"] = gpu
    return values


def run_trial(bench: Bench, spec: TrialSpec, deadline: float) -> Outcome:
    """Run one trial with this process's caches."""
    return execute(spec, worker_of(bench), None, deadline)


def worker_of(bench: Bench) -> Worker:
    """The caches of this process for a bench."""
    key = f"{bench.data.fingerprint}/{bench.work_folder}"
    if key not in _workers:
        _quiet()
        _workers.clear()  # of another study: its networks would only take memory
        _workers[key] = Worker(bench)
    return _workers[key]


def _quiet() -> None:
    """Let Ctrl-C reach the driver alone, which decides what becomes of this process; threads as bench and spec say."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def visible_gpus() -> list[str]:
    """Devices that this process may use, as CUDA names them; empty without any."""
    import torch

    if not torch.cuda.is_available():
        return []
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [part for part in named.split(",") if part] if named else [str(i) for i in range(torch.cuda.device_count())]
