"""Machines as records: this one, probed, and others from a dated table."""

from __future__ import annotations

import functools
import json
from importlib.resources import files

from headstart.core import Hardware, Record


class Machine(Record):
    """A machine as far as prices depend on it.

    Attributes:
        name: As measurements name it.
        gflops_float32: Rate of matrix products in fp32, in 1e9 operations a second.
        gflops_bfloat16: The same in bf16.
        memory_gb: Of the device that computes, in GiB.
        watts: While it computes; None if unknown.
        price_low: US dollars an hour, the cheapest usual offer; None for a machine of one's own.
        price_high: The same, of large providers on demand.
        measured: Whether the rates were measured here; those of the table are the maker's peak figures.
    """

    name: str
    gflops_float32: float
    gflops_bfloat16: float
    memory_gb: float
    watts: float | None = None
    price_low: float | None = None
    price_high: float | None = None
    measured: bool = False

    def rate(self, dtype: str) -> float:
        """Operations a second in a precision."""
        return 1e9 * (self.gflops_bfloat16 if dtype == "bfloat16" else self.gflops_float32)


def this_machine(hardware: Hardware) -> Machine:
    """The probed machine."""
    return Machine(
        name=hardware.name,
        gflops_float32=hardware.gflops_float32,
        gflops_bfloat16=hardware.gflops_bfloat16,
        memory_gb=hardware.memory_gb,
        measured=True,
    )


@functools.cache
def known_machines() -> tuple[str, tuple[Machine, ...]]:
    """The date of the table, and its machines."""
    table = json.loads(files("headstart.studies.prices").joinpath("machines.json").read_text(encoding="utf-8"))
    return table["date"], tuple(Machine.model_validate(row) for row in table["machines"])
