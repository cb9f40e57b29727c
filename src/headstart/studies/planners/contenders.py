"""The planner that compares two contenders at the largest sizes the time allows.

Small sizes answer another question than the one that was asked, and below an arm's knee they are not even cheap. So
every arm is looked at once or twice, and the rest of the budget goes to the leader and its challenger: tuned with equal
effort, then measured as far up as both can go, at unequal sizes if need be. The leader's largest run is the model that
is handed over. Allocating data by what an arm may still reach follows Sabharwal et al. 2016 (DAUB, arXiv 1601.00024);
following the best and its challenger follows Jourdan et al. 2022 (top-two algorithms).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headstart.core import TrialSpec
from headstart.studies.planners.base import SHORTENED, LeftOut, Plan, PlanRow, Step, Stop
from headstart.studies.planners.contender_compared import FarEnough
from headstart.studies.planners.contender_looks import FirstLooks
from headstart.studies.planners.contender_trials import ContenderTrials
from headstart.studies.planners.contender_tuning import ContenderTuning
from headstart.studies.planners.rivals import Rivals, knee
from headstart.studies.prices.model import FIXED_SECONDS
from headstart.studies.state import StudyState

PLANNED_REPEATS = 1


class ContendersPlanner:
    """A first pass over all arms, then leader and challenger as far up as the time allows."""

    name = "contenders"

    def plan(self, state: StudyState, seconds: float) -> Plan:
        """What the first pass takes, and how far one arm of each side could then be carried."""
        rivals = Rivals(state, (), seconds)
        tuning = ContenderTuning(rivals)
        first: dict[str, list[TrialSpec]] = {arm.key: [] for arm in state.alive}
        for spec in (*tuning.closed_trials(), *FirstLooks(rivals, tuning.open).trials()):
            first[spec.arm.key].append(spec)
        rows, left_out = [], []
        for arm in state.alive:
            specs = first[arm.key]
            if specs:
                seconds_of = _together(state, specs)
                sizes = tuple(sorted({spec.n for spec in specs if spec.role == "measuring"}))
                recipes = max(1, len({spec.recipe for spec in specs if spec.role == "tuning"}))
                row = PlanRow(arm=arm.name, sizes=sizes, repeats=PLANNED_REPEATS, recipes=recipes, seconds=seconds_of)
                rows.append(row)
            elif not state.evidence.sizes(arm.key):
                price = state.default_seconds(arm, knee(state, arm))
                left_out.append(
                    LeftOut(what=arm.name, reason=f"would need about {_words(price)}; looked at again if time is left")
                )
        total = sum(row.seconds for row in rows)
        reach = rivals.reach(seconds - total)
        if reach is not None and reach < state.pool_size:
            beyond = LeftOut(
                what=f"comparison beyond about {reach:,} labels", reason="both sides could not be trained there in time"
            )
            left_out.append(beyond)
        return Plan(
            rows=tuple(rows),
            total_seconds=total,
            budget_seconds=state.settings.budget_seconds,
            comparison_size=reach,
            left_out=tuple(left_out),
        )

    def suggest(self, state: StudyState, seconds: float, running: Sequence[TrialSpec]) -> Step:
        """The first trial in the order of the stages that is open and can end in time."""
        rivals = Rivals(state, running, seconds)
        rivals.seconds = seconds - rivals.refit_seconds
        for spec in self._wanted(rivals):
            if rivals.fits(spec):
                return spec
        if running:
            return Stop("what comes next depends on what is running")
        if rivals.decided or rivals.settled:
            return Stop("decided")
        trials = ContenderTrials(rivals, ContenderTuning(rivals).open)
        return next(trials.longer(), Stop("nothing that is open fits into the time that is left"))

    def kept(self, state: StudyState, spec: TrialSpec, seconds: float) -> float:
        """Seconds for training the leader on every label, and for looks at what was not looked at if they fit too."""
        rivals = Rivals(state, (), seconds)
        looks = FirstLooks(rivals, ContenderTuning(rivals).open).glimpses_of_others(spec.arm)
        refit = rivals.refit_seconds
        return refit + looks if SHORTENED * state.seconds(spec) + refit + looks <= seconds else refit

    def _wanted(self, rivals: Rivals) -> Iterator[TrialSpec]:
        """Open trials in the order of their worth."""
        tuning = ContenderTuning(rivals)
        trials = ContenderTrials(rivals, tuning.open)
        yield from tuning.closed_trials()
        if rivals.goes_on:  # what was promised to decide comes before anything that opens another question
            if tuning.begun:
                yield from tuning.trials()
            yield from trials.untried()
            yield from trials.deciding()
        if rivals.settled:
            yield from trials.confirming()
            return
        yield from FirstLooks(rivals, tuning.open).trials()
        if rivals.waiting:  # what comes next depends on the first looks that are under way
            return
        yield from trials.every_part()
        yield from tuning.trials()
        yield from FarEnough(rivals, tuning.open).trials()
        yield from trials.carried()
        if not rivals.goes_on:
            yield from trials.untried()
            yield from trials.deciding()
        yield from trials.second_looks()
        yield from trials.pair()
        yield from trials.extended()
        if not rivals.decided:
            yield from trials.paired_repeats()
        yield from trials.next_challengers()
        if rivals.decided:
            return
        yield from trials.whatever_fits()


def _together(state: StudyState, specs: Sequence[TrialSpec]) -> float:
    """Seconds of an arm's trials; what frozen networks make of examples is computed once."""
    prices = sorted((state.seconds(spec) for spec in specs), reverse=True)
    if state.closed_form(specs[0].arm):
        return prices[0] + sum(min(price, FIXED_SECONDS) for price in prices[1:])
    return sum(prices)


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
