"""The one training loop, closed-form heads, caches and checkpoints."""

from headstart.training.context import TrialContext
from headstart.training.features import FeatureCache
from headstart.training.heads import LinearHead, fit_ridge_head
from headstart.training.loop import LoopOptions, Run, train
from headstart.training.trial import FAILURES, Outcome, execute, trial_rows

__all__ = [
    "FAILURES",
    "FeatureCache",
    "LinearHead",
    "LoopOptions",
    "Outcome",
    "Run",
    "TrialContext",
    "execute",
    "fit_ridge_head",
    "train",
    "trial_rows",
]
