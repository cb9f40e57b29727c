"""Store, budget, cost model, planner and the runner that ties them."""

from headstart.studies.arms import find_candidates, make_arms
from headstart.studies.budget import Budget
from headstart.studies.cost import CostModel
from headstart.studies.lock import StudyLock
from headstart.studies.plan import Plan
from headstart.studies.planner import Planner, Proposal
from headstart.studies.pricing import Pricing
from headstart.studies.runner import Observer, StudyRunner
from headstart.studies.settings import StudySettings, check_margin, choose_metric, parse_budget
from headstart.studies.store import Store, Trial
from headstart.studies.tuning import LONGER, at_edge, chosen_recipe, ranked_tuning
from headstart.studies.view import StudyView

__all__ = [
    "LONGER",
    "Budget",
    "CostModel",
    "Observer",
    "Plan",
    "Planner",
    "Pricing",
    "Proposal",
    "Store",
    "StudyLock",
    "StudyRunner",
    "StudySettings",
    "StudyView",
    "Trial",
    "at_edge",
    "check_margin",
    "choose_metric",
    "chosen_recipe",
    "find_candidates",
    "make_arms",
    "parse_budget",
    "ranked_tuning",
]
