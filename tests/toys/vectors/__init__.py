"""A third modality in one folder: short vectors of numbers, in files of their own or many in one."""

from vectors.family import FixedFamily, ThresholdFamily
from vectors.modality import VectorModality

__all__ = ["FixedFamily", "ThresholdFamily", "VectorModality"]
