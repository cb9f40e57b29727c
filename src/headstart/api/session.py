"""One run of a study: everything that is wired together between its data and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from headstart.advice import Recommendation, folder_size_mb, recommend, resolution_warning
from headstart.api.request import Request
from headstart.api.setup import Setup
from headstart.core import Hardware, SettingsError, seconds_waited
from headstart.models import ModelFacts, read_card, write_readme
from headstart.report import write_html, write_json
from headstart.report.summary import Summary, build_summary
from headstart.studies import (
    Budget,
    Driver,
    Evidence,
    Journal,
    ModelShelf,
    Observer,
    Plan,
    Planner,
    Preparation,
    Publisher,
    SpecMaker,
    Store,
    StrategyLineUp,
    StudyRecord,
    StudySettings,
    StudyState,
    closing_seconds,
    make_arms,
    size_grid,
)
from headstart.studies.executors import make_executor
from headstart.studies.leftovers import clear_work
from headstart.studies.planners import get_planner
from headstart.studies.planners.tuning import chosen_recipe
from headstart.studies.prices import PriceModel, Rates, WorkCounter, this_machine
from headstart.studies.refit import Refit, affordable, refit
from headstart.studies.settings import class_prior
from headstart.training import Bench, Worker

LIMITS = 5  # warnings that the model's README repeats
OVERRUN = 0.02  # of the budget, that training on every label may take beyond it

Status = Literal["running", "interrupted", "finished"]


class Session:
    """A study that runs or goes on in its folder, inside its lock.

    Args:
        request: What was asked for.
        setup: Data and candidates.
        store: Open for writing; its folder is where the run works.
        command: The words to reproduce the study with.

    Raises:
        SettingsError: The folder holds a study of other data or with other options.
    """

    def __init__(self, request: Request, setup: Setup, store: Store, command: Sequence[str]) -> None:
        self.request, self.setup, self.store, self.command = request, setup, store, tuple(command)
        arms, left_out = make_arms(setup.candidates, request.options.strategies, request.options.candidates)
        self.skipped = [*setup.skipped, *left_out]
        settings = StudySettings(
            source=setup.data.source,
            task=setup.data.task,
            metric=setup.metric,
            margin=request.options.margin,
            planned_labels=request.options.planned_labels,
            target=request.options.target,
            seed=request.options.seed,
            candidates=tuple(setup.candidates),
            weights=tuple(candidate.weights_hash for candidate in setup.candidates.values()),
            strategies=tuple(dict.fromkeys(arm.strategy for arm in arms)),
            data_fingerprint=setup.data.fingerprint,
            budget_seconds=request.budget_seconds,
            class_prior=class_prior(setup.metric),
        )
        self.arms = arms
        self.planner: Planner = get_planner(request.options.planner)
        record = self._record(settings)
        self.hardware = _same_precision(record, request.hardware)
        self.budget = Budget(
            request.budget_seconds, record.spent_seconds, request.started + seconds_waited()
        )  # downloads are not work
        self.journal = Journal(store, record, self.budget)
        self.evidence = Evidence(settings, setup.data, setup.splits, arms, store, self._lasting)

    def finished_answer(self) -> Summary | None:
        """The stored answer, if a run with this budget or a larger one has ended."""
        document, record = self.store.summary(), self.journal.record
        done = record.finished_budget
        if document is None or done is None or self.request.budget_seconds > done:
            return None
        return Summary.model_validate(document)

    def prepare(self, observer: Observer) -> Plan:
        """Look at machine and data, and plan. Trials that failed in an earlier run get another chance."""
        self.observer = observer
        self.store.forget_failures()
        self.shelf.recover(self.store.trials())
        with self.journal.heartbeat():
            look = Preparation(self.worker, self.journal, self.prices, self.counter, observer)
            line_up = self._line_up(look.mirrored())
            self.counter.line_up = line_up
            grid = size_grid(self.setup.data, self.setup.splits, self.request.options.seed)
            maker = SpecMaker.of(self.bench)
            state = StudyState(self.journal.record, line_up, self.evidence, self.prices, maker, grid)
            self.state = look.look(state)
            self.driver = Driver(
                self.state,
                self.store,
                self.journal,
                self.prices,
                self.planner,
                make_executor(self.request.executor, self.bench, self.worker, self.request.jobs, observer.steps),
                self.shelf,
                observer,
                self.publisher.now_and_then,
                look.look_again,
            )
            plan = self.driver.plan(closing_seconds(self.request.budget_seconds))
        self.skipped += [(left.what, left.reason) for left in plan.left_out]
        return plan.model_copy(update={"notes": tuple(resolution_warning(self.evidence))})

    def run(self, observer: Observer) -> Summary:
        """Run trials, and write the answer."""
        driver = self.driver
        with self.journal.heartbeat():
            try:
                driver.run(closing_seconds(self.request.budget_seconds))
            finally:
                driver.executor.close()
            observer.stage("writing the report")
            status: Status = "interrupted" if driver.interrupted else "finished"
            answer = self.publisher.write(driver.state, status)
            assert isinstance(answer, Summary)
            if not driver.interrupted:
                answer = self._refitted(driver.state, answer, observer)
            if not driver.interrupted:
                looks = self.journal.record.looks + 1
                self.journal.update(finished_budget=self.request.budget_seconds, looks=looks)
        clear_work(self.bench.work_folder, () if driver.interrupted else self.evidence.trials(role="tuning"))
        return answer

    def _refitted(self, state: StudyState, answer: Summary, observer: Observer) -> Summary:
        """Train the model that is handed over on every label, where it has not seen some and the time is there."""
        known, allowed = answer.recommendation, self._left_to_refit
        run = None if known.model_dir is None else self._refit_of(state, answer.chosen, allowed)
        if run is None:
            return answer
        observer.stage("training on every label")
        model = self.store.folder / "model"
        learnt = refit(self.bench, run, model, deadline=allowed, progress=observer.steps)
        if learnt is None:
            return answer
        whole = known.model_copy(update={"trained_on": learnt.labels, "trained_share": learnt.share})
        answer = answer.model_copy(update={"recommendation": whole})
        self._write(answer, True)
        return answer

    def _refit_of(self, state: StudyState, key: str | None, allowed: float) -> Refit | None:
        """The run of an arm on every label that ends in time; None where none does, or where no test parts rotate."""
        arm = next((arm for arm in self.arms if arm.key == key), None)
        if arm is None or not self.evidence.rotating:
            return None
        recipe, _ = chosen_recipe(self.evidence, state.line_up, arm, state.pool_size)
        measured = self.evidence.trials(arm.key, "measuring", self.evidence.sizes(arm.key)[-1])[0]
        return affordable(state, recipe, measured, len(self.setup.data.labels), allowed)

    def _refits(self, state: StudyState, known: Recommendation, status: str) -> bool:
        """Whether the arm that is recommended will be trained on every label; always where no test parts rotate."""
        if not self.evidence.rotating:
            return True
        return status == "finished" and self._refit_of(state, known.chosen, self._left_to_refit) is not None

    @property
    def _left_to_refit(self) -> float:
        return self.budget.left + OVERRUN * self.request.budget_seconds

    def _line_up(self, mirrored: bool) -> StrategyLineUp:
        setup = self.setup
        prior = class_prior(setup.metric)
        return StrategyLineUp(self.arms, setup.candidates, len(setup.data.class_names), mirrored, prior)

    @cached_property
    def bench(self) -> Bench:
        """What trials share."""
        setup, record = self.setup, self.journal.record
        return Bench.of(
            setup.data,
            setup.splits,
            setup.candidates,
            metric=setup.metric,
            seed=self.request.options.seed,
            dtype=record.dtype,
            threads=record.threads,
            folder=self.store.folder.absolute(),
            product_rate=this_machine(self.hardware).rate(record.dtype),
        )

    @cached_property
    def worker(self) -> Worker:
        """Caches of this process."""
        return Worker(self.bench)

    @cached_property
    def shelf(self) -> ModelShelf:
        """Models of the study."""
        return ModelShelf(self.store.folder, self.bench.work_folder)

    @cached_property
    def counter(self) -> WorkCounter:
        """Counts the work of trials."""
        data = self.setup.data
        line_up = self._line_up(False)
        stored = self._stored_rates
        work = dict(stored.work) if stored is not None else {}
        return WorkCounter(self.bench, line_up, len(data.class_names), self.worker.to_embed, work)

    @cached_property
    def prices(self) -> PriceModel:
        """Prices, as learnt so far."""
        return PriceModel(self.counter, this_machine(self.hardware), self.journal.record.threads, self._stored_rates)

    @cached_property
    def publisher(self) -> Publisher:
        """Writes answers."""
        return Publisher(self._compose, self._write, self.shelf)

    @property
    def _stored_rates(self) -> Rates | None:
        stored = self.journal.record.rates
        return None if stored is None else Rates.model_validate(stored)

    def _lasting(self) -> dict[str, str]:
        return {key: why.reason for key, why in self.journal.record.dropped.items() if why.lasting}

    def _record(self, settings: StudySettings) -> StudyRecord:
        """The record to go on with."""
        known = self.store.record()
        if known is None:
            from headstart.core.hardware import default_threads
            from headstart.core.threads import fastest_threads

            created = datetime.now(UTC).isoformat(timespec="seconds")
            most = max(1, default_threads() // self.request.jobs)
            threads = most if self.request.hardware.gpu else fastest_threads(most)
            events = () if threads == most else (f"the machine is busy: {threads} of {most} threads compute faster",)
            return StudyRecord(
                created=created, settings=settings, dtype=self.request.hardware.dtype, threads=threads, events=events
            )
        changes = known.settings.differences(settings)
        if changes:
            raise SettingsError(
                f"this folder holds a study with other data or options ({'; '.join(changes)})",
                place=str(self.store.folder),
                hint="Use the same options to go on, or --out for a new study",
            )
        done = known.finished_budget
        if done is not None and settings.budget_seconds <= done:
            return known
        return known.model_copy(update={"settings": settings})

    def _compose(self, state: StudyState, status: str) -> Summary:
        sizes = {arm.key: folder_size_mb(self.shelf.place(arm.key)) for arm in self.arms}
        known = {key: size for key, size in sizes.items() if size is not None}
        recommendation = recommend(state, spent_seconds=self.budget.spent, model_sizes=known)
        if status != "running" and not self._refits(state, recommendation, status):
            recommendation = recommend(state, spent_seconds=self.budget.spent, model_sizes=known, refits=False)
        return build_summary(
            state,
            recommendation,
            self.hardware,
            folder=str(self.request.folder),
            findings=self.setup.findings,
            skipped=self.skipped,
            command=self.command,
            status=status,  # type: ignore[arg-type]
        )

    def _write(self, summary: Summary, page: bool) -> None:
        self.store.set_summary(summary.model_dump(mode="json"))
        write_json(summary, self.store.folder / "recommendation.json")
        if page:
            write_html(summary, self.store.folder / "report.html")
            self._write_readme(summary)

    def _write_readme(self, summary: Summary) -> None:
        """Let the published model say what the study found."""
        answer = summary.recommendation
        if answer.model_dir is None:
            return
        figure = answer.metric
        known = {
            "source": summary.data.source,
            "labels": summary.data.n_pool,
            "metric": figure.name,
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
            "n_test": figure.n_test,
            "verdict": answer.sentence,
            "limits": answer.warnings[:LIMITS],
            "created": summary.study.created[:10],
        }
        folder = Path(answer.model_dir)
        write_readme(folder, ModelFacts.of(read_card(folder)).model_copy(update=known))


def _same_precision(record: StudyRecord, hardware: Hardware) -> Hardware:
    """Go on in the precision that the study began with: a trial's identity holds it."""
    if record.dtype == hardware.dtype:
        return hardware
    reason = f"as the study began; measured now: {hardware.dtype_reason}"
    return hardware.model_copy(update={"dtype": record.dtype, "dtype_reason": reason})
