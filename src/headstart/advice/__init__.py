"""Evidence and aims in, a recommendation with reasons out."""

from headstart.advice.decide import Verdict, decide
from headstart.advice.recommend import folder_size_mb, recommend
from headstart.advice.recommendation import Recommendation

__all__ = ["Recommendation", "Verdict", "decide", "folder_size_mb", "recommend"]
