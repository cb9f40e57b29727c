"""Trials on a Ray cluster: core tasks with resources, on an existing cluster or a local one."""

from __future__ import annotations

import io
import os
import tarfile
import uuid
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.core import SettingsError, TrialSpec, reason_of
from headstart.studies.executors.base import WorkerLost, wait_for
from headstart.studies.executors.slot import environment, run_trial, visible_gpus
from headstart.training import Bench, DataReference, Outcome

SCHEME = "ray"
Shipped = tuple[Outcome, bytes]  # an outcome, and its model as a tar file where no folder is shared


class RayExecutor:
    """Runs each trial as one Ray task.

    A worker reads the examples from the study's folder if it sees that; else they are shipped once. Models come back
    in the same two ways.

    Args:
        bench: What trials share.
        slots: Trials that run at once; as many as the cluster has room for if not given.
        address: Of a running cluster (``HOST:PORT`` or ``auto``); a local one is started if not given.
        gpus: Share of a GPU that a trial takes; 0 without any in the cluster.
    """

    name = SCHEME

    def __init__(
        self, bench: Bench, slots: int | None = None, address: str | None = None, gpus: float | None = None
    ) -> None:
        ray = _import_ray()
        self.bench = bench
        path = bench.data.write()
        self._started = not ray.is_initialized()
        if self._started:
            where: dict[str, Any] = {"address": address} if address else {"num_gpus": len(visible_gpus())}
            try:
                ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False, **where)
            except (ConnectionError, RuntimeError, ValueError, OSError) as error:
                raise SettingsError(
                    f"no Ray cluster can be used: {reason_of(error)}",
                    place=f"--executor ray{f'://{address}' if address else ''}",
                    hint="Start one with `ray start --head`, or leave the address away for a local one",
                ) from None
        resources = ray.cluster_resources()
        threads = bench.threads
        room = max(1, int(resources.get("CPU", 1) // threads))
        share = gpus if gpus is not None else min(1.0, resources.get("GPU", 0.0))
        if share:
            room = max(1, min(room, int(resources.get("GPU", 0.0) / share)))
        self.slots = slots or room
        self._token = _leave_token(bench.work_folder)
        self._data = ray.put(path.read_bytes())
        self._bench = ray.put(bench)
        options = {
            "num_cpus": threads,
            "num_gpus": share,
            "max_retries": 0,  # the study itself lists a lost worker and runs the trial again
            "runtime_env": {"env_vars": environment(threads)},
        }
        self._task = ray.remote(_run).options(**options)

    def submit(self, spec: TrialSpec, deadline: float) -> Future[Outcome]:
        """Start a trial on whichever node has room."""
        reference = self._task.remote(self._bench, [self._data], spec, deadline, self._token)
        outer: Future[Outcome] = Future()
        outer.set_running_or_notify_cancel()
        reference.future().add_done_callback(lambda ended: self._end(outer, spec, ended))
        return outer

    def wait(self, futures: Collection[Future[Outcome]], seconds: float) -> set[Future[Outcome]]:
        """Wait until one of the trials has ended, wherever it ran."""
        return wait_for(futures, seconds)

    def close(self) -> None:
        """Leave the cluster, or end the local one."""
        Path(self._token).unlink(missing_ok=True)
        if self._started:
            _import_ray().shutdown()

    def _end(self, outer: Future[Outcome], spec: TrialSpec, ended: Future[Shipped]) -> None:
        ray = _import_ray()
        error = ended.exception()
        if error is None:
            outcome, model = ended.result()
            if model:
                outcome = replace(outcome, model_dir=_unpack(model, self.bench.model_folder(spec.key)))
            outer.set_result(outcome)
        elif isinstance(error, ray.exceptions.RayTaskError):
            cause = error.cause
            outer.set_exception(cause if isinstance(cause, Exception) else WorkerLost(reason_of(error)))
        else:
            outer.set_exception(WorkerLost(f"a Ray worker or node was lost ({type(error).__name__})"))


def _run(bench: Bench, data: list[Any], spec: TrialSpec, deadline: float, token: str) -> Shipped:
    """Run one trial on a node; ``data`` holds a reference to the examples, fetched only if they are needed."""
    shared = Path(token).exists()
    if not shared:
        bench = bench.moved(Path.home() / ".cache" / "headstart" / f"ray-{bench.data.fingerprint[:16]}")
        _ship(bench.data, data)
    outcome = run_trial(bench, spec, deadline)
    if shared or outcome.model_dir is None:
        return outcome, b""
    return replace(outcome, model_dir=None), _pack(outcome.model_dir)


def _ship(reference: DataReference, data: list[Any]) -> None:
    ray = _import_ray()
    if not reference.opened:
        reference.read(ray.get(data[0]))


def _leave_token(folder: Path) -> str:
    """A file whose presence tells a worker that it sees the driver's folder, and not another one of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    token = folder / f"shared-{uuid.uuid4().hex}"
    token.write_text(str(os.getpid()))
    return str(token.absolute())


def _pack(folder: Path) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(folder, arcname=".")
    return stream.getvalue()


def _unpack(content: bytes, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise SettingsError(
            "Ray is not installed", place="--executor ray", hint="pip install 'headstart[ray]'"
        ) from None
    return ray
