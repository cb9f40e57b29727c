"""Load labelled data, examine it, split it, and cut nested subsets out of it."""

from headstart.data.content import Content, Preview, Survey
from headstart.data.findings import Finding
from headstart.data.health import check
from headstart.data.kinds import Kind, kind_named, kind_names, kind_of_task
from headstart.data.labelled import LabelledData
from headstart.data.loading import load
from headstart.data.splits import Split, judge_mask, make_splits, tuning_holdout
from headstart.data.subsets import nested_subset

__all__ = [
    "Content",
    "Finding",
    "Kind",
    "LabelledData",
    "Preview",
    "Split",
    "Survey",
    "check",
    "judge_mask",
    "kind_named",
    "kind_names",
    "kind_of_task",
    "load",
    "make_splits",
    "nested_subset",
    "tuning_holdout",
]
