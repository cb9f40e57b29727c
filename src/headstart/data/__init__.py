"""Load labelled data, examine it, split it, and cut nested subsets out of it."""

from headstart.data.findings import Finding
from headstart.data.health import check
from headstart.data.image import Resize, augment, decode_files, standardise
from headstart.data.image_store import ImageStore
from headstart.data.labelled import LabelledData
from headstart.data.loading import load
from headstart.data.splits import Split, judge_mask, make_splits, tuning_holdout
from headstart.data.subsets import nested_subset
from headstart.data.text import text_lengths

__all__ = [
    "Finding",
    "ImageStore",
    "LabelledData",
    "Resize",
    "Split",
    "augment",
    "check",
    "decode_files",
    "judge_mask",
    "load",
    "make_splits",
    "nested_subset",
    "standardise",
    "text_lengths",
    "tuning_holdout",
]
