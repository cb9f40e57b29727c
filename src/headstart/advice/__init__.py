"""Evidence and aims in, a recommendation with reasons out."""

from headstart.advice.decide import Verdict, decide
from headstart.advice.recommend import folder_size_mb, recommend
from headstart.advice.recommendation import Recommendation
from headstart.advice.sentences import resolution_warning
from headstart.advice.ways import study_costs
from headstart.advice.ways_record import StudyCosts, Way

__all__ = [
    "Recommendation",
    "StudyCosts",
    "Verdict",
    "Way",
    "decide",
    "folder_size_mb",
    "recommend",
    "resolution_warning",
    "study_costs",
]
