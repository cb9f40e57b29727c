"""First looks: every option once or twice, before anything is compared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from headstart.core import Arm, TrialSpec
from headstart.studies.planners.base import SHORTENED
from headstart.studies.planners.open_for_rivals import OpenForRivals
from headstart.studies.planners.rivals import knee

FIRST_PASS_SHARE = 0.25  # of the budget, for a first look at every arm
CLOSED_SHARE = 0.3  # of the budget, for one trial of an arm without gradient descent: features are computed once
GLIMPSE = 0.15  # of its steps, that a first look at a way says something with
FITTING = 0.9  # of the time left: what a run that is shortened to fit is planned for


class FirstLooks(OpenForRivals):
    """Lists the looks that are open.

    A way is a side, or, on the side of transfer, reading pretrained weights or moving them.
    """

    def trials(self) -> Iterator[TrialSpec]:
        """Arms without gradient descent at every size, then each other arm at its knee and at four times that."""
        beside = self._beside_looks
        for n in self.rivals.sizes:
            for arm in self.rivals.closed:
                price = self.rivals.price(arm, n)
                first = not self.evidence.sizes(arm.key)
                if price <= CLOSED_SHARE * self.rivals.budget and (first or price <= beside):
                    yield from self.open.measuring(arm, n)
        for arm, n in self._wanted:
            yield from (self._as_it_fits(spec) for spec in self.open.measuring(arm, n))

    def _as_it_fits(self, spec: TrialSpec) -> TrialSpec:
        """The first look at a way, with fewer steps where all of them leave no time for a look at another way."""
        price, left = self.rivals.price(spec.arm, spec.n), self.rivals.seconds
        if self._way(spec.arm) not in self._unseen_ways:
            return spec
        room = max(left - self.glimpses_of_others(spec.arm), min(GLIMPSE * price / FITTING, left))
        return spec if price <= room else self.state.shortened(spec, FITTING * room / price) or spec

    def glimpses_of_others(self, arm: Arm) -> float:
        """Seconds for some steps of the cheapest look at every way that was not looked at, an arm's own left out."""
        others = (price for way, price in self._unseen_ways.items() if way != self._way(arm))
        return GLIMPSE / FITTING * sum(others)

    @property
    def _beside_looks(self) -> float:
        """Seconds left beside looks, with fewer steps, at every way that was not looked at; all if they do not fit."""
        left, looks = self.rivals.seconds, SHORTENED * sum(self._unseen_ways.values())
        return left - looks if looks <= left else left

    @property
    def _unseen_ways(self) -> dict[tuple[str, bool], float]:
        """Ways of arms with gradient descent that were not looked at, and the price of the cheapest look at each."""
        seen = {self._way(arm) for arm in self.rivals.gradient if self.evidence.sizes(arm.key)}
        prices: dict[tuple[str, bool], float] = {}
        for arm in self.rivals.gradient:
            way, price = self._way(arm), self.rivals.price(arm, knee(self.state, arm))
            if way not in seen:
                prices[way] = min(price, prices.get(way, price))
        return prices

    @cached_property
    def _wanted(self) -> list[tuple[Arm, int]]:
        """Looks that a quarter of the budget pays for; the cheapest of each way if a part of its steps fits at all."""
        spent = self._spent
        allowed = FIRST_PASS_SHARE * self.rivals.budget
        cheap = CLOSED_SHARE * self.rivals.budget
        closed = [arm for arm in self.rivals.closed if self.rivals.price(arm, self.rivals.sizes[0]) <= cheap]
        measured = [arm for arm in self.rivals.gradient if self.evidence.sizes(arm.key)]
        seen_ways = {self._way(arm) for arm in (*closed, *measured)}
        seen_sides = {side for side, _ in seen_ways}

        by_price = sorted(self.rivals.gradient, key=lambda arm: self._order(arm, seen_sides, seen_ways))
        looks: list[tuple[Arm, int]] = []
        for arm in by_price:
            n, price = knee(self.state, arm), self.rivals.price(arm, knee(self.state, arm))
            seen = bool(self.evidence.sizes(arm.key))
            first_of_way = self._way(arm) not in seen_ways
            if not seen and self.rivals.goes_on and not self.rivals.worth_a_look(arm):
                continue
            worth = first_of_way and GLIMPSE * price <= FITTING * self.rivals.seconds
            if seen or worth or spent + price <= allowed:
                seen_ways.add(self._way(arm))
                looks += [] if seen else [(arm, n)]
                spent += 0.0 if seen else price
        for arm in by_price:
            second = self.rivals.second_look(arm)
            if second and spent + self.rivals.price(arm, second) <= allowed:
                looks.append((arm, second))
                spent += self.rivals.price(arm, second)
        return looks

    def _order(self, arm: Arm, sides: set[str], ways: set[tuple[str, bool]]) -> tuple[bool, bool, float]:
        """A side that is known by nothing so far comes first, then a way, then what is cheap.

        What published results let one expect is left out: it gains 0.09 points of regret, 90 % interval from 0.00 to
        0.16 (``bench/warm_start.py``).
        """
        price = self.rivals.price(arm, knee(self.state, arm))
        return arm.paradigm in sides, self._way(arm) in ways, price

    def _way(self, arm: Arm) -> tuple[str, bool]:
        """The side of an arm; reading pretrained weights and moving them are two ways, of which one says little."""
        return arm.paradigm, arm.paradigm == "transfer" and self.state.closed_form(arm)

    @property
    def _spent(self) -> float:
        """Seconds of the looks so far."""
        keys = {arm.key for arm in self.rivals.gradient}
        trials = self.evidence.trials(role="measuring")
        return sum(trial.ended - trial.started for trial in trials if trial.spec.arm.key in keys)
