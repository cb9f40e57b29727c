"""Checks to run on a strategy of your own."""

from headstart.testing.conformance import check_strategy

__all__ = ["check_strategy"]
