"""Checks that anybody can run on a strategy of their own."""

from headstart.testing.conformance import check_strategy

__all__ = ["check_strategy"]
