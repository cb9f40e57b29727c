"""Evidence and aims in, a recommendation with reasons out."""

from headstart.advice.decide import Verdict, decide
from headstart.advice.option_costs import study_costs
from headstart.advice.option_costs_record import OptionCost, StudyCosts
from headstart.advice.recommend import folder_size_mb, recommend
from headstart.advice.recommendation import Recommendation
from headstart.advice.sentences import resolution_warning

__all__ = [
    "Recommendation",
    "StudyCosts",
    "Verdict",
    "OptionCost",
    "decide",
    "folder_size_mb",
    "recommend",
    "resolution_warning",
    "study_costs",
]
