"""Machines that one can buy or rent, from the dated table of the price model.

The table is read as a file: importing the price model would import torch, and an answer must not wait for it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from headstart.core import Record, SettingsError, did_you_mean


class Device(Record):
    """A machine, as far as costs depend on it.

    Attributes:
        name: As in the table.
        gflops: Peak rate of dense matrix products in bf16 (fp32 where there is no bf16), in 1e9 operations a second.
        memory_gb: Of the device.
        watts: While it computes.
        price_low: US dollars an hour, the cheapest usual offer; None for a machine of one's own.
        price_high: The same, of large providers on demand.
        measured: Whether the rate was measured on this machine rather than stated by the maker.
    """

    name: str
    gflops: float
    memory_gb: float
    watts: float | None = None
    price_low: float | None = None
    price_high: float | None = None
    measured: bool = False


# No study runs on one, so the price model does not list it. Google Cloud documentation and list prices, November 2026.
TPU = Device(name="TPU v5e", gflops=197_000, memory_gb=16, price_low=0.30, price_high=1.60)


@cache
def devices() -> tuple[str, tuple[Device, ...]]:
    """The date of the table, and its machines."""
    table = json.loads(files("headstart").joinpath("studies/prices/machines.json").read_text(encoding="utf-8"))
    rows = (
        Device(
            name=row["name"],
            gflops=max(row["gflops_bfloat16"], row["gflops_float32"]),
            memory_gb=row["memory_gb"],
            watts=row["watts"],
            price_low=row["price_low"],
            price_high=row["price_high"],
        )
        for row in table["machines"]
    )
    return table["date"], (*rows, TPU)


def find_device(name: str) -> Device:
    """A machine by name, however it is spelt: ``rtx3090``, ``A100``, ``h100``.

    Raises:
        SettingsError: There is none of this name.
    """
    _, known = devices()
    wanted = re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("nvidia").removeprefix("geforce")
    for device in known:
        own = re.sub(r"[^a-z0-9]", "", device.name.lower())
        if wanted and wanted in (own, own.removeprefix("rtx"), own.removesuffix("80gb"), own.removesuffix("sxm")):
            return device
    names = [device.name for device in known]
    raise SettingsError(f"There is no card {name!r} in the table", place="--hardware", hint=did_you_mean(name, names))
