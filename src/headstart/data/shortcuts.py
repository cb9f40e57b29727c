"""Can something that is not the content tell the classes apart?

Where the shape of a picture gives its class away, every model scores well on this data and badly anywhere else.
"""

from __future__ import annotations

import numpy as np

from headstart.data.findings import Finding, finding
from headstart.data.labelled import LabelledData

GAIN = 0.15  # balanced accuracy above chance that is worth a warning
STANDARD_ERRORS = 4.0  # and that chance does not explain
MAX_ROWS = 20_000
MIN_ROWS = 50
FOLDS = 5


def find_shortcuts(data: LabelledData) -> list[Finding]:
    """Try to predict the label from one property of the container at a time.

    Each property goes into a small decision tree, scored by balanced accuracy in five-fold cross-validation.
    Properties of the same kind (width, height, aspect) are one finding: the best of them.

    Args:
        data: The data.

    Returns:
        At most one finding for each kind of property.
    """
    rows = _rows(data)
    counts = np.bincount(data.labels[rows])
    if len(rows) < MIN_ROWS or (counts[counts > 0] < FOLDS).any() or (counts > 0).sum() < 2:
        return []
    findings = []
    for properties in data.content.properties().values():
        best: tuple[float, str, np.ndarray] | None = None
        for name, values in properties.items():
            predicted = _predict(values[rows], data.labels[rows])
            if predicted is None:
                continue
            score = _recalls(predicted, data.labels[rows]).mean()
            if best is None or score > best[0]:
                best = (float(score), name, predicted)
        if best and _is_telling(best[2], data.labels[rows]):
            findings.append(_describe(data, rows, *best))
    return findings


def _rows(data: LabelledData) -> np.ndarray:
    """Pool examples of classes with enough of them, thinned out evenly where there are many."""
    enough = data.class_counts >= 2 * FOLDS
    rows = np.flatnonzero(~data.is_test & enough[data.labels])
    return rows[:: -(-len(rows) // MAX_ROWS)] if len(rows) > MAX_ROWS else rows


def _predict(values: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Cross-validated predictions from one number; None where it is the same everywhere."""
    if np.all(values == values[0]):
        return None
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    leaf = max(3, len(labels) // 500)
    depth = 3 + int(np.ceil(np.log2(len(np.unique(labels)))))
    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, class_weight="balanced", random_state=0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    predicted: np.ndarray = cross_val_predict(tree, values.reshape(-1, 1), labels, cv=folds)
    return predicted


def _recalls(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of each present class that was predicted right."""
    return np.array([(predicted[labels == c] == c).mean() for c in np.unique(labels)])


def _is_telling(predicted: np.ndarray, labels: np.ndarray) -> bool:
    recalls = _recalls(predicted, labels)
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    chance = 1 / len(recalls)
    error = np.sqrt((np.maximum(recalls * (1 - recalls), chance * (1 - chance)) / sizes).sum()) / len(recalls)
    gain = recalls.mean() - chance
    return bool(gain > GAIN and gain > STANDARD_ERRORS * error)


def _describe(data: LabelledData, rows: np.ndarray, score: float, name: str, predicted: np.ndarray) -> Finding:
    labels = data.labels[rows]
    present = np.unique(labels)
    hits = np.array([((predicted == c) & (labels == c)).sum() for c in present])
    f1 = 2 * hits / np.array([(predicted == c).sum() + (labels == c).sum() for c in present])
    clearest = int(present[f1.argmax()])
    message = (
        f"The {name} of the {data.kind.noun} alone predicts the class with {score:.0%} balanced accuracy "
        f"(chance {1 / len(present):.0%}), most clearly {data.class_names[clearest]!r}"
    )
    ids = [data.ids[i] for i in rows[(predicted == clearest) & (labels == clearest)]]
    return finding("shortcut", "warning", message, ids, count=len(present), value=round(score, 4))
