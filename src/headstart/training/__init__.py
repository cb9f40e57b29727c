"""Trials: the one training loop, closed-form heads, caches, checkpoints."""

from headstart.models.heads import LinearHead, fit_ridge_head
from headstart.training.bench import Bench, DataReference
from headstart.training.features import FeatureCache, block_starts
from headstart.training.loop import train
from headstart.training.loop_options import LoopOptions, LoopRecord
from headstart.training.outcome import Outcome, Trained
from headstart.training.schedule import trunk_of
from headstart.training.trial import UNSAVED, execute, train_trial, trial_rows
from headstart.training.worker import OutOfTime, Progress, Worker

__all__ = [
    "UNSAVED",
    "Bench",
    "DataReference",
    "FeatureCache",
    "block_starts",
    "LinearHead",
    "LoopOptions",
    "LoopRecord",
    "OutOfTime",
    "Outcome",
    "Progress",
    "Trained",
    "Worker",
    "execute",
    "fit_ridge_head",
    "train",
    "train_trial",
    "trial_rows",
    "trunk_of",
]
