"""TF-IDF with logistic regression: the classical from-scratch arm for texts."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headstart.core import Recipe
from headstart.data import Content
from headstart.modalities import Candidate, Inputs, ItemInputs, Modality, Regime
from headstart.models.families.base import Pipeline
from headstart.models.heads import shift_intercepts

MOST_WEIGHTS = 8_000_000  # features x classes: beyond it L-BFGS takes minutes a fit and gigabytes of workspace
MOST_FEATURES, FEWEST_FEATURES = 60_000, 1_000  # of words, and again of character grams


ANALYZERS = {"word", "char_wb"}
PATTERN = r"(?u)\b\w\w+\b"  # scikit-learn's own for words; another could take for ever on some texts
NAME = "builtin:tfidf"
STRENGTHS = (10.0, 1.0, 100.0)  # C of the logistic regression


class TfidfFamily(Pipeline):
    """Counts of words and character grams, with a linear head."""

    name = "tfidf"

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """For texts alone."""
        return (NAME,) if modality.name == "text" else ()

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """The one that there is."""
        if name not in self.names(modality):
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=False,
            weights_hash="tfidf-1",
            input_size=0,
            licence="Apache-2.0",
        )

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Texts as they are."""
        return ItemInputs(content.load(range(len(content))))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Texts as they are."""
        return ItemInputs(items)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Other strengths of the head."""
        return tuple(Recipe(weight_decay=1 / strength, label=f"C = {strength:g}") for strength in STRENGTHS)

    def fit(
        self,
        items: list[Any],
        targets: np.ndarray,
        recipe: Recipe,
        seed: int,
        check_time: Callable[[], None] = lambda: None,
    ) -> Any:
        """See :func:`fit_tfidf`."""
        return fit_tfidf(items, targets, recipe, seed, check_time)

    def check_pipeline(self, pipeline: Any, classes: int) -> None:
        """See :func:`check_tfidf`."""
        check_tfidf(pipeline, classes)

    def packed(self, pipeline: Any) -> Any:
        """With vocabularies as arrays."""
        return with_word_arrays(pipeline)


def fit_tfidf(
    texts: list[str], targets: np.ndarray, recipe: Recipe, seed: int, check_time: Callable[[], None] = lambda: None
) -> Any:
    """Fit word 1-2 grams and character 3-5 grams with an L2-logistic head.

    Args:
        texts: The n texts the trial may see; the vocabulary comes from them alone.
        targets: Their classes.
        recipe: ``weight_decay`` is 1 / C of the logistic regression; ``prior`` moves its intercepts.
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
    shift_intercepts(head, targets, recipe.prior)
    check_time()
    return pipeline


def with_word_arrays(pipeline: Any) -> Any:
    """A copy whose vocabularies are arrays, from which the vectorisers make their dicts again at first use.

    skops writes a dict word by word, which takes minutes for the 100,000 of them that a few thousand texts have.
    """
    slim = copy.deepcopy(pipeline)
    parts = [part for step in slim.named_steps.values() for _, part in getattr(step, "transformer_list", ())]
    for part in parts:
        if not hasattr(part, "vocabulary_"):  # just read from disk, so it holds an array already
            continue
        words = sorted(part.vocabulary_, key=part.vocabulary_.__getitem__)
        if any(word.endswith("\0") for word in words):  # an array of strings would lose it
            part.vocabulary_ = {word: int(place) for word, place in part.vocabulary_.items()}
            continue
        part.set_params(vocabulary=np.asarray(words))
        part.fixed_vocabulary_ = True
        del part.vocabulary_
    return slim


def check_tfidf(pipeline: Any, classes: int) -> None:
    """Refuse anything but a fitted TF-IDF of these classes.

    Raises:
        ValueError: It is something else.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline

    steps: dict[str, Any] = dict(pipeline.steps) if type(pipeline) is Pipeline else {}
    counts: Any = steps.get("counts")
    head: Any = steps.get("head")
    if list(steps) != ["counts", "head"] or type(counts) is not FeatureUnion or type(head) is not LogisticRegression:
        raise ValueError("the file holds no TF-IDF with logistic regression")
    for _, part in counts.transformer_list:
        known = type(part) is TfidfVectorizer and part.analyzer in ANALYZERS and part.token_pattern == PATTERN
        if not known or part.preprocessor is not None or part.tokenizer is not None or max(part.ngram_range) > 9:
            raise ValueError("the file holds a vectoriser that Headstart does not write")
    seen = np.asarray(getattr(head, "classes_", []))
    if seen.ndim != 1 or not len(seen) or seen.dtype.kind not in "iu" or seen.min() < 0 or seen.max() >= classes:
        raise ValueError(f"the file is not fitted, or on other classes than {classes}")
    probabilities = pipeline.predict_proba(["a"])  # parts that do not fit each other fail here
    if probabilities.shape != (1, len(seen)):
        raise ValueError("the file is fitted on other classes than it names")
