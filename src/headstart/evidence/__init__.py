"""Pure mathematics on stored predictions: arrays in, small records out."""

from headstart.evidence.crossing import CrossingDraws, crossing, labels_to_match
from headstart.evidence.metrics import METRICS, majority_baseline
from headstart.evidence.paired import JointDraws, joint_draws, pooled_scatter
from headstart.evidence.scores import Run, metric_of
from headstart.evidence.selection import corrected_metric, detectable_difference

__all__ = [
    "METRICS", "CrossingDraws", "JointDraws", "Run", "corrected_metric", "crossing", "detectable_difference",
    "joint_draws", "labels_to_match", "majority_baseline", "metric_of", "pooled_scatter",
]  # fmt: skip
