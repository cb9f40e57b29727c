"""Candidates, their networks cut into stages, and saved models."""

from headstart.models.bundle import Card, FittedModel, MeanPooledClassifier, load, predict_network, read_card
from headstart.models.candidates import Candidate, builtin_names, modality_of, resolve
from headstart.models.facts import Facts, measure_facts
from headstart.models.inputs import Inputs, PixelInputs, RawTexts, TokenInputs, encode, encode_files, encode_texts
from headstart.models.network import Network, build, quiet_transformers
from headstart.models.stages import Stage, cut

__all__ = [
    "Candidate", "Card", "Facts", "FittedModel", "Inputs", "MeanPooledClassifier", "Network", "PixelInputs",
    "RawTexts", "Stage", "TokenInputs", "build", "builtin_names", "cut", "encode", "encode_files", "encode_texts",
    "load", "measure_facts", "modality_of", "predict_network", "quiet_transformers", "read_card", "resolve",
]  # fmt: skip
