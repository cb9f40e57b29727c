"""Candidates, their networks cut into stages, and saved models."""

from headstart.models.adapters import adapt, adaptable_layers, merged, narrowing_layers
from headstart.models.averaged import averaged, members_of
from headstart.models.bundle import FittedModel, load
from headstart.models.candidates import Candidate, builtin_names, modality_of, resolve
from headstart.models.card import Card, read_card
from headstart.models.facts import Facts, measure_facts
from headstart.models.formats import NATIVE, format_of
from headstart.models.fresh import draw_anew
from headstart.models.inputs import Inputs, PixelInputs, RawTexts, TokenInputs, encode, encode_files, encode_texts
from headstart.models.inserted import insert, inserted_in, inserted_source, make_inserted
from headstart.models.libraries import quiet_transformers, set_aside_torchvision
from headstart.models.network import Network, build
from headstart.models.predicting import predict_network
from headstart.models.readme import ModelFacts, write_readme
from headstart.models.readout import OneLayer, Readout, TwoLayers, Vote, classifier_on, list_readouts, read
from headstart.models.stages import Stage, cut

__all__ = [
    "NATIVE",
    "Candidate",
    "Card",
    "Facts",
    "FittedModel",
    "Inputs",
    "ModelFacts",
    "Network",
    "OneLayer",
    "PixelInputs",
    "RawTexts",
    "Readout",
    "Stage",
    "TokenInputs",
    "TwoLayers",
    "Vote",
    "adapt",
    "adaptable_layers",
    "averaged",
    "build",
    "builtin_names",
    "classifier_on",
    "cut",
    "draw_anew",
    "encode",
    "encode_files",
    "encode_texts",
    "format_of",
    "insert",
    "inserted_in",
    "inserted_source",
    "list_readouts",
    "load",
    "make_inserted",
    "measure_facts",
    "members_of",
    "merged",
    "modality_of",
    "narrowing_layers",
    "predict_network",
    "quiet_transformers",
    "read",
    "read_card",
    "resolve",
    "write_readme",
]

set_aside_torchvision()  # before transformers, which is imported by the functions that need it, asks for it
