"""Candidates, their networks cut into stages, and saved models."""

from headstart.modalities import Candidate
from headstart.models.adapters import adapt, adaptable_layers, merged, narrowing_layers
from headstart.models.averaged import averaged, members_of
from headstart.models.building import build, draw_anew
from headstart.models.bundle import FittedModel, load
from headstart.models.candidates import absent_names, builtin_names, resolve
from headstart.models.card import Card, read_card
from headstart.models.facts import Facts, measure_facts
from headstart.models.families import Family, families, get_family, register_family
from headstart.models.folding import folded
from headstart.models.formats import format_of
from headstart.models.inputs import Inputs, ItemInputs, encode, encode_items, inputs_on
from headstart.models.inserted import insert, inserted_in, inserted_source, make_inserted
from headstart.models.libraries import quiet_bitsandbytes, quiet_transformers, set_aside_torchvision
from headstart.models.network import Network
from headstart.models.predicting import predict_network
from headstart.models.readme import ModelFacts, write_readme
from headstart.models.readout import OneLayer, Readout, TwoLayers, Vote, classifier_on, list_readouts, read
from headstart.models.stages import Stage, cut

__all__ = [
    "Candidate",
    "Card",
    "Facts",
    "FittedModel",
    "Family",
    "Inputs",
    "ItemInputs",
    "ModelFacts",
    "Network",
    "OneLayer",
    "Readout",
    "Stage",
    "TwoLayers",
    "Vote",
    "absent_names",
    "adapt",
    "adaptable_layers",
    "averaged",
    "build",
    "builtin_names",
    "classifier_on",
    "cut",
    "draw_anew",
    "encode",
    "encode_items",
    "families",
    "folded",
    "format_of",
    "get_family",
    "inputs_on",
    "insert",
    "inserted_in",
    "inserted_source",
    "list_readouts",
    "load",
    "make_inserted",
    "measure_facts",
    "members_of",
    "merged",
    "narrowing_layers",
    "predict_network",
    "quiet_transformers",
    "read",
    "read_card",
    "register_family",
    "resolve",
    "write_readme",
]

set_aside_torchvision()  # before transformers, which is imported by the functions that need it, asks for it
quiet_bitsandbytes()
