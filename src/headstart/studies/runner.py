"""The driver: plan -> run trials -> store, within the budget, resumable at every point."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from headstart.core import Arm, BundleError, Hardware, Recipe, TrialSpec, derive_seed, reason_of
from headstart.models import Candidate, inserted_source, read_card
from headstart.studies.budget import Budget
from headstart.studies.cost import CostModel, OutOfTime
from headstart.studies.plan import Plan
from headstart.studies.planner import Planner, Proposal
from headstart.studies.pricing import Pricing
from headstart.studies.probing import labels_survive_mirroring
from headstart.studies.store import Store, Trial
from headstart.studies.tuning import recipes_for
from headstart.studies.view import StudyView
from headstart.training import FAILURES, Outcome, TrialContext, execute

LOOKING_SHARE = 0.1  # of the budget: beyond it, only what is needed for a plan is timed
TIMING_SHARE = 0.01  # of the budget, for each arm and batch size
SLOW_STEP = 10.0  # seconds: a batch that would take longer a step is priced from a smaller one


class Observer(Protocol):
    """Who is told what happens; the terminal's progress block is one."""

    def stage(self, text: str) -> None:
        """A new part of the work begins."""

    def trial_started(self, arm_name: str, role: str, n: int, repeat: int, predicted_seconds: float) -> None:
        """A trial begins."""

    def trial_ended(
        self, arm_name: str, role: str, n: int, repeat: int, value: float, seconds: float, error: str | None
    ) -> None:
        """A trial has ended and is stored."""

    def steps(self, done: int, total: int) -> None:
        """Progress inside a trial."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def leaderboard(self, rows: list[tuple[str, int, float, float]]) -> None:
        """Arms with size, value and half the width of the interval, the best first."""


class StudyRunner:
    """Runs one study in its folder.

    Args:
        view: Settings, data and store.
        candidates: By name.
        hardware: The machine.
        budget: The clock.
        observer: Who is told.
        cache_folder: Where features are kept.
    """

    def __init__(
        self,
        view: StudyView,
        candidates: dict[str, Candidate],
        hardware: Hardware,
        budget: Budget,
        observer: Observer,
        cache_folder: Path,
    ) -> None:
        self.view, self.budget, self.observer = view, budget, observer
        self.store: Store = view.store
        self.folder = self.store.folder
        self.cost = CostModel()
        self.interrupted = False
        self._keep_back = 0.0
        self.after_trial: Callable[[], None] = lambda: None
        self.context = TrialContext(
            data=view.data,
            splits=view.splits,
            candidates=candidates,
            metric=view.settings.metric,
            seed=view.settings.seed,
            hardware=hardware,
            cache_folder=cache_folder,
            checkpoint_folder=self.folder / "checkpoints",
            on_step=self._on_step,
        )
        self.planner: Planner | None = None

    def prepare(self) -> Plan:
        """Look at the machine and the data, and make the plan. Nothing is trained for keeps.

        Trials that failed in an earlier run get another chance: the disk may have room by now.
        """
        self.store.forget_failures()
        self.observer.stage("timing a few steps of each arm")
        mirrored = self._mirrored()
        pricing = Pricing(self.view, self.context, self.cost, mirrored, self.budget.seconds)
        self.planner = Planner(pricing)
        rows = self.view.splits[0].pool
        defaults = {
            (arm, place): recipes_for(arm, pricing.setting(arm, pricing.grid()[place]))[0]
            for place in (-1, 0)
            for arm in self.view.arms
        }
        for (arm, place), recipe in defaults.items():
            known = place == 0 and recipe.batch_size == defaults[arm, -1].batch_size
            # small batches come first; without the large ones, prices lean to the long side
            if place == -1 or not (known or self.budget.this_run > LOOKING_SHARE * self.budget.seconds):
                self._time(arm, recipe, rows)
            self.budget.heartbeat(force=True)
        cut = {
            name: (inputs.truncated, self.context.candidates[name].input_size)
            for name, inputs in self.context.encoded.items()
            if inputs.truncated
        }
        self.store.set_fact("cut_texts", json.dumps(cut))
        self._learn_costs()
        return self.planner.make_plan(self.budget.left)

    def _time(self, arm: Arm, recipe: Recipe, rows: np.ndarray) -> None:
        """Time an arm at one batch size; one that is slow or fails already at a smaller size is not tried again."""
        slow = any(
            rate * recipe.batch_size > SLOW_STEP for (key, _), rate in self.cost.train_rate.items() if key == arm.key
        )
        if slow or arm.key in self.planner.dropped or arm.key in self.view.dropped:
            return
        try:
            self.cost.time_arm(arm, recipe, self.context, rows, TIMING_SHARE * self.budget.seconds)
        except OutOfTime:
            self.planner.dropped[arm.key] = "no time was left to look at it"
        except FAILURES as error:
            if any(key == arm.key for key, _ in self.cost.train_rate):
                return  # the smaller batch fits; training finds a way to use it
            reason = reason_of(error)
            self.planner.dropped[arm.key] = f"cannot run here: {reason}"  # not stored: the next run tries again
            self.observer.note(f"{arm.name} left out: {reason}")

    def run(self, plan: Plan, keep_back: float = 0.0) -> None:
        """Run trials until nothing useful fits into the time that is left, or Ctrl-C.

        Args:
            plan: From :meth:`prepare`.
            keep_back: Seconds to leave for what comes after.
        """
        assert self.planner is not None
        self._keep_back = keep_back
        self.observer.stage("measuring")
        with self._one_interrupt():
            while not self.interrupted:
                proposal = self.planner.next(plan, self.budget.left - keep_back)
                if proposal is None and self.planner.grow(plan, self.budget.left - keep_back):
                    self.observer.note(f"time is left: comparing up to {plan.comparison_size:,} labels")
                    continue
                if proposal is None:
                    break
                try:
                    self._carry_out(proposal)
                except OutOfTime as reason:
                    self.observer.note(f"{proposal.arm.name} at n = {proposal.n:,} stopped: {reason}")
                    break
                self.after_trial()
                for arm, why in self.planner.drop_clearly_worse(plan):
                    self.store.set_fact(f"dropped:{arm.key}", why)
                    self.observer.note(f"{arm.name} dropped: {why}")
        self.budget.heartbeat(force=True)

    def _carry_out(self, proposal: Proposal) -> Trial:
        spec = self._spec(proposal)
        self.observer.trial_started(proposal.arm.name, proposal.role, proposal.n, proposal.repeat, proposal.seconds)
        started = self.budget.spent
        outcome = execute(spec, self.context)
        if spec.role == "measuring":
            self._keep_model(spec, outcome)  # before the row: a kill in between costs the trial, not its model
        trial = self.store.add(spec, outcome, started, self.budget.spent)
        self.budget.heartbeat(force=True)
        seconds = trial.ended - trial.started
        if outcome.measurement.succeeded:
            # the trial's own seconds: a resumed one took longer than this run of it, and caches fill only once
            self.cost.observe(proposal.arm, proposal.recipe, outcome.measurement)
        value = outcome.measurement.value
        if spec.role == "measuring" and outcome.measurement.succeeded:
            value = self.view.value(trial)
        self.observer.trial_ended(
            proposal.arm.name, proposal.role, proposal.n, proposal.repeat, value, seconds, outcome.measurement.error
        )
        for note in outcome.measurement.notes:
            self.observer.note(note)
        self._show_leaders(proposal.n if spec.role == "measuring" else None)
        return trial

    def _spec(self, proposal: Proposal) -> TrialSpec:
        candidate = self.context.candidates[proposal.arm.candidate]
        seed = derive_seed(self.view.settings.seed, proposal.arm.key, proposal.role, proposal.n, proposal.repeat)
        return TrialSpec(
            role=proposal.role,
            arm=proposal.arm,
            recipe=proposal.recipe,
            weights_hash=candidate.weights_hash,
            input_size=candidate.input_size,
            dtype=self.context.hardware.dtype,
            n=proposal.n,
            repeat=proposal.repeat,
            fold=proposal.fold,
            seed=seed,
            data_fingerprint=self.view.data.fingerprint,
            recipe_informed=proposal.informed,
            inserted_source=inserted_source(proposal.recipe.inserted),
        )

    def _keep_model(self, spec: TrialSpec, outcome: Outcome) -> None:
        """Keep each arm's model of its largest n, so that finishing the winner costs nothing extra."""
        if outcome.model is None or spec.repeat:
            return
        if any(n > spec.n for n in self.view.sizes(spec.arm.key)):
            return
        try:
            outcome.model.save(self.model_folder(spec.arm.key))
        except BundleError as trouble:
            self.observer.note(str(trouble))

    def model_folder(self, arm_key: str) -> Path:
        """Where the model of an arm is kept while the study runs."""
        safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in arm_key)
        return self.folder / "models" / safe

    def publish_model(self, arm_key: str) -> Path | None:
        """Put the chosen arm's model where people look for it.

        Returns:
            The folder; None if the model behind the arm's figure could not be kept.
        """
        source, target, wanted = self.model_folder(arm_key), self.folder / "model", self._largest_trial(arm_key)
        if _trained_by(source) != wanted:
            return None
        if _trained_by(target) == wanted:
            return target
        partial = target.with_name("model.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial, copy_function=_link)
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
        return target

    def _largest_trial(self, arm_key: str) -> str | None:
        """Key of the trial whose model is kept: the first repeat at the arm's largest size."""
        firsts = [trial for trial in self.view.trials(arm_key, "measuring") if trial.spec.repeat == 0]
        return max(firsts, key=lambda trial: trial.spec.n).key if firsts else None

    def _mirrored(self) -> bool:
        known = self.store.fact("mirrored")
        if known is None:
            try:
                known = "yes" if labels_survive_mirroring(self.context) else "no"
            except OutOfTime:
                return False
            self.store.set_fact("mirrored", known)
        return known == "yes"

    def _learn_costs(self) -> None:
        for trial in self.store.trials():
            if trial.measurement.succeeded:
                self.cost.observe(trial.spec.arm, trial.spec.recipe, trial.measurement)

    def _show_leaders(self, n: int | None) -> None:
        draws = self.view.draws(n, part="judge") if n else None
        if draws is None:
            return
        names = {arm.key: arm.name for arm in self.view.arms}
        rows = []
        for index in np.argsort(-draws.estimates):
            low, high = draws.interval(draws.arms[index])
            rows.append((names[draws.arms[index]], int(n or 0), float(draws.estimates[index]), (high - low) / 2))
        self.observer.leaderboard(rows)

    def _on_step(self, done: int, total: int) -> None:
        self.observer.steps(done, total)
        self.budget.heartbeat()
        if self.budget.left < self._keep_back / 2:
            raise OutOfTime("the budget is used up; a larger one continues here")

    @contextmanager
    def _one_interrupt(self) -> Iterator[None]:
        """Ctrl-C once: end the current trial. Twice: stop now."""

        def note(_signal: int, _frame: object) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            self.observer.note("stopping after this trial; Ctrl-C again to stop now")

        try:
            before = signal.signal(signal.SIGINT, note)
        except ValueError:  # not in the main thread, where signals cannot be caught
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _trained_by(folder: Path) -> str | None:
    """Key of the trial that trained a saved model; None where there is no whole one."""
    try:
        return read_card(folder).trial
    except BundleError:
        return None


def _link(source: str, target: str) -> None:
    """Share a file's bytes instead of copying them, where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
