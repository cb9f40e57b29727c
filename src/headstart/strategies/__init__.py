"""Strategies: pure descriptions of where weights come from and which may move when."""

from headstart.strategies.base import Regime, Strategy, TransferStrategy
from headstart.strategies.phases import FitHead, Grown, Moving, Pairs, Phase, Train, has_inserted, only_heads
from headstart.strategies.registry import default_strategies, get_strategy, strategy_names

__all__ = [
    "FitHead",
    "Grown",
    "Moving",
    "Pairs",
    "Phase",
    "Regime",
    "Strategy",
    "Train",
    "TransferStrategy",
    "default_strategies",
    "get_strategy",
    "has_inserted",
    "only_heads",
    "strategy_names",
]
