"""TF-IDF with logistic regression: the classical from-scratch arm for texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from headstart.core import Recipe

MOST_WEIGHTS = 8_000_000  # features x classes: beyond it L-BFGS takes minutes a fit and gigabytes of workspace
MOST_FEATURES, FEWEST_FEATURES = 60_000, 1_000  # of words, and again of character grams


def fit_tfidf(
    texts: list[str], targets: np.ndarray, recipe: Recipe, seed: int, check_time: Callable[[], None] = lambda: None
) -> Any:
    """Fit word 1-2 grams and character 3-5 grams with an L2-logistic head.

    Args:
        texts: The n texts the trial may see; the vocabulary comes from them alone.
        targets: Their classes.
        recipe: ``weight_decay`` is 1 / C of the logistic regression.
        seed: For the solver.
        check_time: Called between the parts of the fit; raises when the time is over.

    Returns:
        A fitted scikit-learn pipeline from raw texts to probabilities.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline

    # two kinds of grams share the weights that so many classes leave
    most = int(np.clip(MOST_WEIGHTS // (2 * len(np.unique(targets))), FEWEST_FEATURES, MOST_FEATURES))
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=most)
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=most, min_df=min(2, len(texts))
    )
    union = FeatureUnion([("words", words), ("characters", characters)])
    head = LogisticRegression(C=1 / max(recipe.weight_decay, 1e-6), max_iter=200, random_state=seed)
    pipeline = Pipeline([("counts", union), ("head", head)])
    with warnings.catch_warnings():
        # 200 iterations from zero: what is left to gain changes no prediction that matters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        counts = union.fit_transform(texts)
        check_time()
        head.fit(counts, targets)
    check_time()
    return pipeline
