"""Checks to run on a strategy, a planner or an executor of your own, and a replay of recorded measurements."""

from headstart.testing.conformance import check_strategy
from headstart.testing.executor_checks import check_executor
from headstart.testing.planner_checks import check_planner
from headstart.testing.recorded import RecordedArm, RecordedTable
from headstart.testing.replay import Replay, Situation, replay

__all__ = [
    "RecordedArm",
    "RecordedTable",
    "Replay",
    "Situation",
    "check_executor",
    "check_planner",
    "check_strategy",
    "replay",
]
