"""Ranges of time and money in words."""

from __future__ import annotations


def dollars(usd: tuple[float, float]) -> str:
    """A range of money; cents are as fine as it gets."""
    if usd[1] < 0.01:
        return "under $0.01"
    low = "0" if usd[0] < 0.01 else f"{usd[0]:,.2f}" if usd[0] < 100 else f"{usd[0]:,.0f}"
    high = f"{usd[1]:,.2f}" if usd[1] < 100 else f"{usd[1]:,.0f}"
    return f"${low}-{high}"


def span(seconds: tuple[float, float]) -> str:
    """Two lengths of time in one unit."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds[1] >= 2 * size:
            return f"{_two(seconds[0] / size)}-{_two(seconds[1] / size)} {unit}"
    return f"{_two(seconds[0])}-{_two(seconds[1])} s"


def _two(value: float) -> str:
    """Two significant digits, and never a power of ten."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
