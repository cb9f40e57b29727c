"""Strategies: pure descriptions of where weights come from and which may move when."""

from headstart.strategies.base import Setting, Strategy, TransferStrategy
from headstart.strategies.phases import FitHead, Grown, Moving, Pairs, Phase, Train, has_inserted
from headstart.strategies.registry import default_strategies, get_strategy, strategy_names

__all__ = [
    "FitHead",
    "Grown",
    "Moving",
    "Pairs",
    "Phase",
    "Setting",
    "Strategy",
    "Train",
    "TransferStrategy",
    "default_strategies",
    "get_strategy",
    "has_inserted",
    "strategy_names",
]
