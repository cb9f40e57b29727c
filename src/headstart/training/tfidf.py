"""TF-IDF with logistic regression: the classical from-scratch arm for texts."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from headstart.core import Recipe


def fit_tfidf(texts: list[str], targets: np.ndarray, recipe: Recipe, seed: int) -> Any:
    """Fit word 1-2 grams and character 3-5 grams with an L2-logistic head.

    Args:
        texts: The n texts the trial may see; the vocabulary comes from them alone.
        targets: Their classes.
        recipe: ``weight_decay`` is 1 / C of the logistic regression.
        seed: For the solver.

    Returns:
        A fitted scikit-learn pipeline from raw texts to probabilities.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=60_000)
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=60_000, min_df=min(2, len(texts))
    )
    union = FeatureUnion([("words", words), ("characters", characters)])
    head = LogisticRegression(C=1 / max(recipe.weight_decay, 1e-6), max_iter=200, random_state=seed)
    pipeline = Pipeline([("counts", union), ("head", head)])
    with warnings.catch_warnings():
        # 200 iterations from zero: what is left to gain changes no prediction that matters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(texts, targets)
    return pipeline
