"""Prices: counted work times what this machine takes for it."""

from headstart.studies.prices.machine import Machine, known_machines, this_machine
from headstart.studies.prices.model import PriceModel, Rates
from headstart.studies.prices.timing import time_arm
from headstart.studies.prices.work import ArmWork, Work, WorkCounter

__all__ = [
    "ArmWork",
    "Machine",
    "PriceModel",
    "Rates",
    "Work",
    "WorkCounter",
    "known_machines",
    "this_machine",
    "time_arm",
]
