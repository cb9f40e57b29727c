"""Strategies: pure descriptions of where weights come from and which may move when."""

from headstart.strategies.base import Setting, Strategy
from headstart.strategies.phases import FitHead, ParameterGroup, Phase, Train
from headstart.strategies.registry import get_strategy, strategy_names

__all__ = [
    "FitHead", "ParameterGroup", "Phase", "Setting", "Strategy", "Train", "get_strategy", "strategy_names",
]  # fmt: skip
