"""TF-IDF with logistic regression in the form of skops, which holds no pickle."""

from __future__ import annotations

import copy
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import BundleError
from headstart.models.card import Card

FILE = "model.skops"
TRUSTED: list[str] = []  # TF-IDF with logistic regression needs nothing beyond what skops trusts by itself
LARGEST = 4 * 2**30  # bytes unpacked; 120,000 features of 2,000 classes have half of it
ANALYZERS = {"word", "char_wb"}
PATTERN = r"(?u)\b\w\w+\b"  # scikit-learn's own for words; another could take for ever on some texts


def write_skops(pipeline: Any, card: Card, folder: Path) -> None:
    """Write a fitted pipeline."""
    import skops.io

    skops.io.dump(_with_word_arrays(pipeline), folder / FILE, compression=zipfile.ZIP_DEFLATED)


def _with_word_arrays(pipeline: Any) -> Any:
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


def read_skops(card: Card, folder: Path, allow_code: bool = False) -> Any:
    """Read a fitted pipeline; types that skops does not know are refused whatever the user allows.

    Raises:
        BundleError: The file holds other types, or another pipeline than Headstart writes.
    """
    import skops.io

    file = folder / FILE
    with zipfile.ZipFile(file) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise ValueError(f"{FILE} unpacks to more than {LARGEST // 2**30} GiB")
    unknown = [name for name in skops.io.get_untrusted_types(file=file) if name not in TRUSTED]
    if unknown:
        raise BundleError(
            f"the file holds types that are not trusted: {', '.join(unknown)}",
            place=str(file),
            hint="It was not written by Headstart; do not load it",
        )
    pipeline = skops.io.load(file, trusted=TRUSTED)
    _check_pipeline(pipeline, len(card.class_names))
    return pipeline


def _check_pipeline(pipeline: Any, classes: int) -> None:
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
        raise ValueError(f"{FILE} holds no TF-IDF with logistic regression")
    for _, part in counts.transformer_list:
        known = type(part) is TfidfVectorizer and part.analyzer in ANALYZERS and part.token_pattern == PATTERN
        if not known or part.preprocessor is not None or part.tokenizer is not None or max(part.ngram_range) > 9:
            raise ValueError(f"{FILE} holds a vectoriser that Headstart does not write")
    seen = np.asarray(getattr(head, "classes_", []))
    if seen.ndim != 1 or not len(seen) or seen.dtype.kind not in "iu" or seen.min() < 0 or seen.max() >= classes:
        raise ValueError(f"{FILE} is not fitted, or on other classes than {classes}")
    probabilities = pipeline.predict_proba(["a"])  # parts that do not fit each other fail here
    if probabilities.shape != (1, len(seen)):
        raise ValueError(f"{FILE} is fitted on other classes than it names")
