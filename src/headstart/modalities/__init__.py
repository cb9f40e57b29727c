"""What an example is: one folder for each modality, found by the entry point ``headstart.modalities``."""

from headstart.data.kinds import forget, kind_names, register
from headstart.modalities.base import Modality, Scratch, Start
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import ArrayInputs, Batch, Inputs, ItemInputs, inputs_on
from headstart.modalities.packaged import Packaged
from headstart.modalities.registry import get_modality, modalities, modality_names, modality_of, words_for
from headstart.modalities.schedules import Regime, batch_size_for, steps_for

__all__ = [
    "ArrayInputs",
    "Batch",
    "Candidate",
    "Inputs",
    "ItemInputs",
    "Modality",
    "Packaged",
    "Regime",
    "Scratch",
    "Start",
    "batch_size_for",
    "forget",
    "get_modality",
    "inputs_on",
    "kind_names",
    "modalities",
    "modality_names",
    "modality_of",
    "register",
    "steps_for",
    "words_for",
]
