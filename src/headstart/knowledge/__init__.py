"""Published results as data, the prior they give, and what follows for a described case."""

from headstart.knowledge.answer import Advice, advise_on
from headstart.knowledge.description import Description, describe
from headstart.knowledge.devices import Device, devices, find_device
from headstart.knowledge.estimates import Cost, cost_of, costs_of
from headstart.knowledge.memory import MemoryPlan, plan_memory, shape_of
from headstart.knowledge.prior import Expectation, expect
from headstart.knowledge.published import comparisons, published_costs, sources
from headstart.knowledge.starts import StartingPoint, starts_for

__all__ = [
    "Advice",
    "Cost",
    "Description",
    "Device",
    "Expectation",
    "MemoryPlan",
    "StartingPoint",
    "advise_on",
    "comparisons",
    "cost_of",
    "costs_of",
    "describe",
    "devices",
    "expect",
    "find_device",
    "plan_memory",
    "published_costs",
    "shape_of",
    "sources",
    "starts_for",
]
