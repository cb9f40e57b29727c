"""The answer of a study on disk: now and then while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from headstart.models import read_card
from headstart.studies.budget import Clock, now
from headstart.studies.models import ModelShelf, behind_figure
from headstart.studies.state import StudyState

EVERY = 45.0  # seconds between answers written while the study runs
LONGEST_CLOSING, SHORTEST_CLOSING, CLOSING_SHARE = 6.0, 1.5, 0.1  # seconds kept back for the report; share of a budget


class Answer(Protocol):
    """What a study answers at one moment."""

    @property
    def chosen(self) -> str | None:
        """Key of the arm to use now; None while nothing was measured."""

    def with_model(self, folder: str, model_format: str) -> Answer:
        """The same answer, naming the model that was saved."""


A = TypeVar("A", bound=Answer)


def closing_seconds(budget: float) -> float:
    """Seconds to keep back for the last answer and its page."""
    return min(LONGEST_CLOSING, max(SHORTEST_CLOSING, CLOSING_SHARE * budget))


class Publisher:
    """Writes answers.

    Args:
        compose: Makes the answer from the state and a status (``running``, ``interrupted`` or ``finished``).
        write: Writes an answer to the store and the folder; the second argument says whether with its page.
        shelf: Keeps the models.
        clock: Gives the time in seconds.
    """

    def __init__(
        self,
        compose: Callable[[StudyState, str], A],
        write: Callable[[A, bool], None],
        shelf: ModelShelf,
        clock: Clock = now,
    ) -> None:
        self._compose, self._write, self._shelf, self._clock = compose, write, shelf, clock
        self._last = float("-inf")

    def now_and_then(self, state: StudyState) -> None:
        """Keep a valid answer in the store, without spending much time on it."""
        if self._clock() - self._last >= EVERY:
            self.write(state, "running", page=False)
            self._last = self._clock()

    def write(self, state: StudyState, status: str, *, page: bool = True) -> Answer:
        """Publish the chosen model and write the answer; returns it."""
        answer = self._compose(state, status)
        if answer.chosen is not None:
            wanted = behind_figure(state.evidence.trials(answer.chosen, "measuring"))
            folder = self._shelf.publish(answer.chosen, wanted)
            if folder is not None:
                answer = answer.with_model(str(folder), read_card(folder).model_format)  # type: ignore[assignment]
        self._write(answer, page)
        return answer
