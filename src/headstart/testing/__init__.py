"""Checks to run on what you add - strategy, modality, family, planner, executor - and a replay of measurements."""

from headstart.testing.conformance import check_strategy
from headstart.testing.executor_checks import check_executor
from headstart.testing.family_checks import check_family
from headstart.testing.modality_checks import check_modality
from headstart.testing.planner_checks import check_planner
from headstart.testing.recorded import RecordedArm, RecordedTable
from headstart.testing.replay import Replay, replay
from headstart.testing.simulated import Situation

__all__ = [
    "RecordedArm",
    "RecordedTable",
    "Replay",
    "Situation",
    "check_executor",
    "check_family",
    "check_modality",
    "check_planner",
    "check_strategy",
    "replay",
]
