"""What one process keeps between trials: examples in each candidate's form, frozen networks, cached features."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
import torch

from headstart.core import keep_freed_memory
from headstart.data import LabelledData
from headstart.modalities import get_modality
from headstart.models import Inputs, Network, Readout, build, encode, folded, list_readouts, read
from headstart.training.bench import Bench
from headstart.training.features import Blocks, FeatureCache

Progress = Callable[[int, int], None]
OVER = "the time allowed is used up; a larger budget continues here"
ALARM_GRACE = 0.5  # seconds that a step may go on beyond the deadline before it is broken off
IMPORT_GRACE = 0.05  # seconds between two tries to break off what is importing a module


class OutOfTime(Exception):
    """The time allowed ended inside a trial; its checkpoint stays for a later run.

    Not a :class:`~headstart.core.HeadstartError`: nothing is wrong with the trial.
    """


@contextmanager
def _threads(wanted: int) -> Iterator[None]:
    """Compute with so many CPU threads, in torch and in the libraries under numpy and scikit-learn."""
    before = torch.get_num_threads()
    if before == wanted:
        yield
        return
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(wanted)
    try:
        with threadpool_limits(wanted):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Raise :class:`OutOfTime` after so many seconds also where nothing reports steps: a solver, a plug-in that hangs.

    Works in the main thread of systems that have interval timers, and where nothing else uses the timer.
    """
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not usable or signal.getsignal(signal.SIGALRM) not in (signal.SIG_DFL, signal.SIG_IGN):
        yield
        return

    def ring(_signal: int, frame: FrameType | None) -> None:
        if _importing(frame):
            signal.setitimer(signal.ITIMER_REAL, IMPORT_GRACE)
        else:
            raise OutOfTime(OVER)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported: broken off there, it would stay half made for the rest of the process."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class Worker:
    """Caches of one process. They change the speed of a trial, never its numbers.

    Args:
        bench: What the trials share.

    Attributes:
        data: The examples.
        encoded: Inputs so far, by candidate; :meth:`inputs` fills it.
        raised: What a progress callback raised last: the caller's own, no failure of the trial.
        latencies: Seconds to predict one example through a frozen network and its head, by candidate.
    """

    def __init__(self, bench: Bench) -> None:
        keep_freed_memory()
        self.bench = bench
        self.data: LabelledData = bench.data.open()
        self.splits, self.candidates = bench.splits, bench.candidates
        self.metric, self.seed = bench.metric, bench.seed
        self.encoded: dict[str, Inputs] = {}
        self.latencies: dict[str, float] = {}
        self.raised: BaseException | None = None
        self._progress: Progress | None = None
        self._ends = float("inf")
        self._features: dict[tuple[str, str], FeatureCache] = {}
        self._readouts: dict[str, dict[Readout, slice]] = {}
        self._frozen: dict[str, Network] = {}
        self._readers: dict[str, Network] = {}
        self._blocks: dict[str, Blocks] = {}

    @contextmanager
    def trial(self, progress: Progress | None, deadline: float | None) -> Iterator[None]:
        """Report steps and watch the time for as long as one trial runs, with the bench's number of threads.

        Args:
            progress: Called with (done, total) at each step.
            deadline: Seconds from now after which the next step raises :class:`OutOfTime`.
        """
        self._progress = progress
        self._ends = time.monotonic() + deadline if deadline is not None else float("inf")
        try:
            with _threads(self.bench.threads), _alarm(None if deadline is None else deadline + ALARM_GRACE):
                yield
        finally:
            self._progress, self._ends = None, float("inf")

    def on_step(self, done: int, total: int) -> None:
        """Report one step of whatever the trial does.

        Raises:
            OutOfTime: Its time is over.
            BaseException: Whatever the callback raises, which goes through to the caller of the trial.
        """
        if self._progress is not None:
            try:
                self._progress(done, total)
            except BaseException as error:
                self.raised = error
                raise
        self.check_time()

    def check_time(self) -> None:
        """Raise :class:`OutOfTime` once the trial's time is over."""
        if time.monotonic() >= self._ends:
            raise OutOfTime(OVER)

    @property
    def seconds_left(self) -> float:
        """Seconds until the running trial's time is over; infinite where nothing limits it."""
        return self._ends - time.monotonic()

    def inputs(self, name: str) -> Inputs:
        """The data set in a candidate's form, encoded once."""
        if name not in self.encoded:
            self.encoded[name] = encode(self.candidates[name], self.data)
        return self.encoded[name]

    def frozen(self, name: str) -> Network:
        """A candidate's pretrained network that nothing will change, loaded once."""
        if name not in self._frozen:
            network = build(self.candidates[name], self.data.class_names, weights="pretrained", seed=0)
            if get_modality(network.candidate.modality).channels_last:
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self._frozen[name] = network.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        return self._frozen[name]

    def reader(self, name: str) -> Network:
        """The frozen network as it computes features fastest; nothing else is done with it."""
        if name not in self._readers:
            frozen = self.frozen(name)
            device = next(frozen.parameters()).device
            batch = self.inputs(name).batch(np.arange(min(2, len(self.data.labels))))
            self._readers[name] = folded(frozen, {key: value.to(device) for key, value in batch.items()})
        return self._readers[name]

    def feature_cache(self, name: str, of: str = "") -> FeatureCache:
        """The table of a candidate's frozen features; ``of`` names other tables than the pooled ones'."""
        if (name, of) not in self._features:
            key = f"{self.candidates[name].weights_hash}-{self.candidates[name].input_size}{of}"
            self._features[name, of] = FeatureCache(self.bench.cache_folder, self.data.fingerprint, key)
        return self._features[name, of]

    def to_embed(self, name: str, of: str, rows: np.ndarray) -> int:
        """Examples that run through a frozen network so that the features of these are known; 0 where they are."""
        missing = self.feature_cache(name, of).missing(rows, len(self.data.labels))
        if not len(missing):
            return 0
        if name not in self._blocks:
            self._blocks[name] = Blocks.of(self.inputs(name), "cuda" if torch.cuda.is_available() else "cpu")
        return self._blocks[name].examples(missing)

    def features(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Frozen features (len(rows), D) of a candidate."""
        cache, inputs = self.feature_cache(name), self.inputs(name)
        missing = len(cache.missing(rows, len(inputs)))
        network = self.reader(name) if missing else self.frozen(name)  # no reader is made for what is there
        return cache.rows(network, inputs, rows, self.on_step)

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
