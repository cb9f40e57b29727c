"""A look at data and machine before anything trains: what mirrored images do, and what a step of each arm takes."""

from __future__ import annotations

from dataclasses import replace

from headstart.core import Arm, Recipe, reason_of
from headstart.studies.journal import Journal
from headstart.studies.line_up import StrategyLineUp
from headstart.studies.observer import Observer
from headstart.studies.prices.model import PriceModel
from headstart.studies.prices.timing import time_arm
from headstart.studies.prices.work import WorkCounter
from headstart.studies.probing import labels_survive_mirroring, mirror_witness
from headstart.studies.state import Dropped, StudyState
from headstart.training import OutOfTime, Worker
from headstart.training.trial import PASSED_ON

LOOKING_SHARE = 0.1  # of the budget: beyond it, only what is needed for a plan is timed
MOST_LOOKING = 0.4  # of the time that is left when a look begins: trials need the rest, and arms can wait
TIMING_SHARE = 0.01  # of the budget, for each arm and batch size
CHEAPER = 1.5  # times cheaper, from which on a new plan is worth making
NOT_LOOKED_AT = "no time was left to look at it"
SLOW_STEP = 10.0  # seconds: a batch that would take longer a step is priced from a smaller one


class Preparation:
    """Looks at what a study needs to know before its plan. What an earlier run found out is not asked again.

    Args:
        worker: Data and caches.
        journal: Keeps what is found.
        prices: Learns rates.
        counter: Learns operations.
        observer: Receives what happens.
    """

    def __init__(
        self, worker: Worker, journal: Journal, prices: PriceModel, counter: WorkCounter, observer: Observer
    ) -> None:
        self.worker, self.journal, self.prices, self.counter = worker, journal, prices, counter
        self.observer = observer
        self._looks_until = 0.0

    def mirrored(self) -> bool:
        """Whether mirror images keep their label; kept in the record once it is known."""
        known = self.journal.record.mirrored
        if known is None:
            if mirror_witness(self.worker) is not None:
                self.observer.stage("checking whether mirror images keep their label")
            try:
                with self.worker.trial(None, self.journal.budget.left):
                    known = labels_survive_mirroring(self.worker)
            except OutOfTime:
                return False
            self.journal.update(mirrored=known)
        return known

    def look(self, state: StudyState) -> StudyState:
        """Time the arms that no earlier run has timed, and note what the data loses in an encoder."""
        self.observer.stage("timing a few steps of each option")
        budget = self.journal.budget
        lasting = {key: why for key, why in state.record.dropped.items() if why.lasting}
        state = replace(state, record=self.journal.update(dropped=lasting))
        line_up = state.line_up
        assert isinstance(line_up, StrategyLineUp)
        for trial in state.evidence.table.trials():
            self.prices.observe(trial.spec, trial.measurement)
        arms = self._cheapest_first(line_up)
        small = {arm: line_up.recipes(arm, state.grid[-1])[0] for arm in arms}
        large = {arm: line_up.recipes(arm, state.grid[0])[0] for arm in arms}
        self._looks_until = budget.spent + MOST_LOOKING * budget.left
        for arm, recipe in small.items():
            if not self.prices.knows(arm):
                state = self._time(state, arm, recipe)
        for arm, recipe in large.items():
            # small batches come first; without the large ones, prices lean to the long side
            if recipe.batch_size != small[arm].batch_size and budget.this_run <= LOOKING_SHARE * budget.seconds:
                state = self._time(state, arm, recipe)
        cut = {
            name: (inputs.truncated, self.worker.candidates[name].input_size)
            for name, inputs in self.worker.encoded.items()
            if inputs.truncated
        }
        rates = self.prices.rates.model_dump(mode="json")
        return replace(state, record=self.journal.update(cut_texts=cut, rates=rates))

    def look_again(self, state: StudyState) -> StudyState | None:
        """Time what was not looked at, and once more what no finished trial has priced: the machine may have been busy.

        Returns:
            The state with arms that were left out for their price taken in again and without its plan; None if
            nothing became cheaper.
        """
        line_up, cheaper = state.line_up, False
        assert isinstance(line_up, StrategyLineUp)
        lasting = {key: why for key, why in state.record.dropped.items() if why.lasting}
        self._looks_until = self.journal.budget.spent + MOST_LOOKING * self.journal.budget.left
        untimed = dict(lasting)
        for arm in self._cheapest_first(line_up):
            if arm.key in lasting or self.prices.proven(arm):
                continue
            recipe = line_up.recipes(arm, state.grid[-1])[0]
            known, before = self.prices.knows(arm), self.prices.step_seconds(arm, recipe.batch_size)
            if known and not before:  # closed forms are priced by their trials
                continue
            self.prices.forget(arm)
            looked = self._time(
                replace(state, record=state.record.model_copy(update={"dropped": lasting})), arm, recipe
            )
            now = self.prices.step_seconds(arm, recipe.batch_size)
            if not self.prices.knows(arm):
                untimed[arm.key] = looked.record.dropped[arm.key]
            cheaper |= not known and self.prices.knows(arm) or 0 < now < before / CHEAPER
        if not cheaper:
            return None
        rates = self.prices.rates.model_dump(mode="json")
        return replace(state, record=self.journal.update(dropped=untimed, plan=None, rates=rates))

    @staticmethod
    def _cheapest_first(line_up: StrategyLineUp) -> list[Arm]:
        """Arms in the order in which they are looked at: without gradient descent, small own networks, the others."""
        own = {name for name, candidate in line_up.candidates.items() if not candidate.has_weights}
        return sorted(line_up.arms, key=lambda arm: (not line_up.closed_form(arm), arm.candidate not in own))

    def _time(self, state: StudyState, arm: Arm, recipe: Recipe) -> StudyState:
        """Time an arm at one batch size; one that is slow or fails already at a smaller size is not tried again."""
        budget = self.journal.budget
        if arm.key in state.record.dropped or self.prices.timed(arm, recipe.batch_size):
            return state
        if self.prices.step_seconds(arm, recipe.batch_size) > SLOW_STEP:
            return state
        closed = state.line_up.closed_form(arm)
        allowed = budget.left if closed else min(budget.left, self._looks_until - budget.spent)
        if allowed <= 0:
            return self._leave_out(state, arm, NOT_LOOKED_AT)
        try:
            with self.worker.trial(None, allowed):
                counted = time_arm(
                    self.prices, arm, recipe, self.worker, self.worker.splits[0].pool, TIMING_SHARE * budget.seconds
                )
            if counted is not None:
                self.counter.arms[arm.key] = counted
        except OutOfTime:
            return self._leave_out(state, arm, NOT_LOOKED_AT)
        except PASSED_ON:
            raise
        except BaseException as error:
            if self.prices.knows(arm):
                return state  # the smaller batch fits; training finds a way to use it
            return self._leave_out(state, arm, f"cannot run here: {reason_of(error)}")
        # stored at once: a run that is killed here need not time this arm again
        return replace(state, record=self.journal.update(rates=self.prices.rates.model_dump(mode="json")))

    def _leave_out(self, state: StudyState, arm: Arm, reason: str) -> StudyState:
        """Leave an arm out of this run; the next one tries again."""
        self.observer.note(f"{arm.name} left out: {reason}")
        dropped = {**state.record.dropped, arm.key: Dropped(reason=reason)}
        return replace(state, record=self.journal.update(dropped=dropped))
