"""TF-IDF with many classes: features are shared out, and the time is looked at."""

import numpy as np
import pytest

from headstart.core import Recipe
from headstart.models.families.tfidf import FEWEST_FEATURES, MOST_WEIGHTS, fit_tfidf
from headstart.training import OutOfTime

RECIPE = Recipe(weight_decay=0.1)


def texts_of(classes, each, words):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    return [" ".join(f"w{word}" for word in rng.integers(0, words, 12)) + f" c{label}" for label in labels], labels


def test_features_times_classes_stay_below_what_a_solver_can_hold():
    texts, labels = texts_of(1000, 2, 20_000)
    stopped = []

    def stop():
        stopped.append(1)
        raise OutOfTime("before the fit itself")

    with pytest.raises(OutOfTime):
        fit_tfidf(texts, labels, RECIPE, 0, stop)
    assert stopped
    few_texts, few_labels = texts_of(40, 4, 3000)
    head = fit_tfidf(few_texts, few_labels, RECIPE, 0).named_steps["head"]
    assert head.coef_.size <= MOST_WEIGHTS


@pytest.mark.slow
def test_a_thousand_classes_are_fitted_without_gigabytes():
    texts, labels = texts_of(1000, 3, 20_000)
    pipeline = fit_tfidf(texts, labels, RECIPE, 0)
    weights = pipeline.named_steps["head"].coef_
    assert weights.shape[0] == 1000
    assert 2 * FEWEST_FEATURES <= weights.shape[1] <= MOST_WEIGHTS / 1000
    assert (pipeline.predict(texts) == labels).mean() > 0.9


def test_few_classes_keep_every_feature():
    texts, labels = texts_of(2, 50, 5000)
    union = fit_tfidf(texts, labels, RECIPE, 0).named_steps["counts"]
    assert {part.max_features for _, part in union.transformer_list} == {60_000}
