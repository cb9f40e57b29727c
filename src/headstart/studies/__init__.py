"""Studies: state, store, evidence, prices, planners, executors, and the driver that ties them."""

from headstart.studies.arms import find_candidates, make_arms
from headstart.studies.budget import Budget, now
from headstart.studies.driver import Driver
from headstart.studies.evidence import Evidence
from headstart.studies.journal import Journal
from headstart.studies.line_up import LineUp, StrategyLineUp
from headstart.studies.lock import StudyLock
from headstart.studies.models import ModelShelf
from headstart.studies.observer import Observer
from headstart.studies.planners.base import Drop, Plan, Planner, Step, Stop
from headstart.studies.planners.tuning import at_edge, chosen_recipe, ranked_tuning
from headstart.studies.preparation import Preparation
from headstart.studies.publish import Publisher, closing_seconds
from headstart.studies.settings import StudySettings, check_aims, check_margin, choose_metric, parse_budget
from headstart.studies.sizes import size_grid
from headstart.studies.spec import SpecMaker, trial_seed
from headstart.studies.state import Dropped, StudyRecord, StudyState
from headstart.studies.store import Store
from headstart.studies.trials import Trial, Trials

__all__ = [
    "Budget",
    "Driver",
    "Drop",
    "Dropped",
    "Evidence",
    "Journal",
    "LineUp",
    "ModelShelf",
    "Observer",
    "Plan",
    "Planner",
    "Preparation",
    "Publisher",
    "SpecMaker",
    "Step",
    "Stop",
    "Store",
    "StrategyLineUp",
    "StudyLock",
    "StudyRecord",
    "StudySettings",
    "StudyState",
    "Trial",
    "Trials",
    "at_edge",
    "check_aims",
    "check_margin",
    "choose_metric",
    "chosen_recipe",
    "closing_seconds",
    "find_candidates",
    "make_arms",
    "now",
    "parse_budget",
    "ranked_tuning",
    "size_grid",
    "trial_seed",
]
