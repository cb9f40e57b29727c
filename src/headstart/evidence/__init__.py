"""Pure mathematics on measurements and stored predictions: arrays in, small records out."""

from headstart.evidence.cost_curves import CostCurve, cost_curve, saved
from headstart.evidence.crossing import CrossingDraws, crossing, labels_to_match
from headstart.evidence.crossover import CrossoverDraws, find_crossover, gap_at
from headstart.evidence.curves import CurveDraws, fit_curves
from headstart.evidence.head_start import Gain, Labels, gain_of_labels, head_start, labels_to_reach, worth
from headstart.evidence.information import PossibleMeasurement, expected_regret_fall, next_measurements
from headstart.evidence.metrics import METRICS, majority_baseline
from headstart.evidence.observed import ArmErrors
from headstart.evidence.paired import JointDraws, joint_draws
from headstart.evidence.scores import Run, metric_of, mistake_correlation
from headstart.evidence.selection import corrected_metric, detectable_difference

__all__ = [
    "METRICS",
    "ArmErrors",
    "CostCurve",
    "CrossingDraws",
    "CrossoverDraws",
    "CurveDraws",
    "Gain",
    "JointDraws",
    "Labels",
    "PossibleMeasurement",
    "Run",
    "corrected_metric",
    "cost_curve",
    "crossing",
    "detectable_difference",
    "expected_regret_fall",
    "find_crossover",
    "fit_curves",
    "gain_of_labels",
    "gap_at",
    "head_start",
    "joint_draws",
    "labels_to_match",
    "labels_to_reach",
    "majority_baseline",
    "metric_of",
    "mistake_correlation",
    "next_measurements",
    "saved",
    "worth",
]
