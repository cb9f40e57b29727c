"""The README.md of a saved model: what it is, what it learnt from, how good it is, and what it is not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from headstart._version import __version__
from headstart.core import ModelFormat, Record
from headstart.modalities import modality_of
from headstart.models.card import Card
from headstart.models.families import get_family

README = "README.md"
LISTED = 100  # class names that are written out
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]")

USES: dict[ModelFormat, str] = {
    "transformers": "`transformers.pipeline` gives the same probabilities{truncation}.",
    "peft": "transformers refuses this folder: it holds adapters and a head, not the weights they sit on. "
    "`headstart.load(folder).merged().save(other)` writes a folder that stands for itself.",
    "headstart": "No other library's form can express it, and transformers refuses this folder.",
    "ensemble": "It is several networks whose probabilities are averaged; transformers refuses this folder.",
    "skops": "It is features in closed form with a linear head; transformers refuses this folder.",
}


class ModelFacts(Record):
    """What a model's README states. Whatever is not known is left out.

    Attributes:
        task: As in the model's card.
        class_names: The classes it tells apart.
        model_format: How it is saved.
        candidate: What it started from.
        strategy: How it was trained.
        licence: Of what it started from, as that states it.
        about: What a user must know of the start and its terms.
        input_size: Pixels of a side, tokens of a text or milliseconds of a sound at most.
        columns: Columns that the texts or images were in.
        needs_code: Code of the user's that loading it runs, if any.
        source: Name of the data.
        learnt: Labels it learnt from.
        labels: Labels there were.
        steps_share: Share of its recipe's steps that it was trained with.
        metric: What ``value`` is.
        value: On the test part, as a share.
        low: Lower end of the 90 % interval of ``value``.
        high: Upper end.
        n_test: Examples that ``value`` was measured on.
        verdict: What the study concluded, in a sentence.
        limits: What does not follow, in sentences.
        created: Date, as in ``2026-11-26``.
    """

    task: str
    class_names: tuple[str, ...]
    model_format: ModelFormat
    candidate: str
    strategy: str = ""
    licence: str | None = None
    about: str = ""
    input_size: int | None = None
    columns: tuple[str, ...] = ()
    needs_code: tuple[str, ...] = ()
    source: str = ""
    learnt: int | None = None
    labels: int | None = None
    steps_share: float = 1.0
    metric: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n_test: int | None = None
    verdict: str = ""
    limits: tuple[str, ...] = ()
    created: str = ""

    @classmethod
    def of(cls, card: Card) -> Self:
        """What a model's card knows by itself; ``model_copy(update=...)`` adds what a study knows."""
        candidate = card.candidate
        own = [candidate.name.removeprefix("arch:")] if get_family(candidate.family).runs_code else []
        return cls(
            task=card.task,
            class_names=card.class_names,
            model_format=card.model_format,
            candidate=candidate.name,
            strategy=card.arm.partition("@")[0],
            licence=candidate.licence,
            about=get_family(candidate.family).about(candidate).get("card", ""),
            input_size=candidate.input_size or None,
            columns=card.columns,
            needs_code=tuple([*own, *([card.inserted] if ":" in card.inserted else [])]),
            source=card.source,
            learnt=card.learnt,
            labels=card.labels,
            steps_share=card.steps_share,
        )


def write_readme(folder: str | Path, facts: ModelFacts) -> Path:
    """Write a model's README.md, in place of the one that is there.

    The old file is replaced, never changed: a study's ``model/`` may share its files with other folders.

    Args:
        folder: Of a saved model.
        facts: What to state.

    Returns:
        The file.
    """
    file = Path(folder) / README
    partial = file.with_name(f".{README}.partial")
    partial.write_text("\n".join([*_front_matter(facts), *_body(facts), ""]), encoding="utf-8")
    os.replace(partial, file)
    return file


def _front_matter(facts: ModelFacts) -> Iterator[str]:
    """What hubs read; JSON strings are YAML, whatever is in them."""
    yield "---"
    if facts.licence:
        yield f"license: {_word(facts.licence)}"
    yield f"pipeline_tag: {_word(facts.task)}"
    yield from ("library_name: headstart", "tags: [headstart]", "---", "")


def _word(text: str) -> str:
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return plain if re.fullmatch(r"[A-Za-z][\w.-]*", plain) else json.dumps(plain)


def _body(facts: ModelFacts) -> Iterator[str]:
    yield f"# {facts.strategy.replace('_', ' ') or 'A model'} of {_code(facts.candidate)}"
    yield ""
    yield f"A {_plain(facts.task)} model, written by Headstart {__version__}{_on(facts)}."
    yield ""
    yield from _rows(facts)
    yield from _verdict(facts)
    if facts.about:
        yield from ("## What it started from", "", _plain(facts.about), "")
    yield from _use(facts)
    yield from ("## Limits", "")
    yield from (f"- {_plain(limit)}" for limit in (*facts.limits, *_limits(facts)))


def _on(facts: ModelFacts) -> str:
    return f" on {_plain(facts.created)}" if facts.created else ""


def _rows(facts: ModelFacts) -> Iterator[str]:
    yield from ("| | |", "| --- | --- |")
    names = ", ".join(_code(name) for name in facts.class_names[:LISTED])
    more = f" and {len(facts.class_names) - LISTED} more" if len(facts.class_names) > LISTED else ""
    yield f"| classes | {len(facts.class_names)}: {names}{more} |"
    if facts.source:
        columns = f", {'column' if len(facts.columns) == 1 else 'columns'} " if facts.columns else ""
        yield f"| data | {_code(facts.source)}{columns}{', '.join(map(_code, facts.columns))} |"
    if facts.learnt is not None:
        of = f" of {facts.labels:,}" if facts.labels is not None else ""
        yield f"| labels learnt from | {facts.learnt:,}{of} |"
    if facts.steps_share < 1:
        yield f"| steps | {facts.steps_share:.0%} of its schedule, as the time was over |"
    if facts.value is not None:
        yield f"| {_plain(facts.metric) or 'value'} on test examples | {_figure(facts)} |"
    yield f"| start | {_code(facts.candidate)} |"
    yield f"| licence of the start | {_plain(facts.licence) if facts.licence else 'not stated: ask its authors'} |"
    yield ""


def _figure(facts: ModelFacts) -> str:
    assert facts.value is not None
    figure = f"{100 * facts.value:.1f} %"
    if facts.low is not None and facts.high is not None:
        figure += f" [{100 * facts.low:.1f}, {100 * facts.high:.1f}] (90 % interval)"
    return figure + (f", {facts.n_test:,} examples" if facts.n_test else "")


def _verdict(facts: ModelFacts) -> Iterator[str]:
    if facts.verdict:
        yield from ("## Verdict", "", _plain(facts.verdict), "")


def _use(facts: ModelFacts) -> Iterator[str]:
    allow = ", allow_code=True" if facts.needs_code else ""
    option = " --allow-code" if facts.needs_code else ""
    modality = modality_of(facts.task)
    yield from ("## Use", "", "```python", "import headstart", "")
    yield from (f'model = headstart.load("this folder"{allow})', f"model.predict([{modality.example}])", "```", "")
    yield from (f"Or `headstart predict FOLDER INPUT{option}`.", "")
    truncation = ", with `truncation=True` for long texts" if modality.tokens else ""
    yield from (USES[facts.model_format].format(truncation=truncation), "")
    if facts.needs_code:
        names = ", ".join(map(_code, facts.needs_code))
        yield from (f"Loading it runs code that is not in this folder: {names}. Read that code first.", "")


def _limits(facts: ModelFacts) -> Iterator[str]:
    """What holds for every model."""
    yield "It always answers with one of its classes, also for inputs that belong to none of them."
    yield "Its figures hold for inputs like the data it was measured on."
    if facts.value is None:
        yield "How good it is on new examples is not stated here: measure it before you rely on it."
    reading = modality_of(facts.task).reading
    if reading and facts.input_size:
        yield reading.format(size=facts.input_size)


def _plain(text: str) -> str:
    """A user's words on one line of Markdown."""
    return re.sub(r"([|<>\[\]*_#])", r"\\\1", " ".join(_CONTROL.sub(" ", text).split()))


def _code(text: str) -> str:
    return "`" + " ".join(_CONTROL.sub(" ", text).replace("`", "'").replace("|", "\u00a6").split()) + "`"
