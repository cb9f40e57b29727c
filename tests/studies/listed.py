"""A planner that runs what it is told, for tests that need a certain state."""

from headstart.studies.planners import ContendersPlanner
from headstart.studies.planners.base import Stop


class Listed:
    """Runs the trials of a list - an arm's place, labels and, if not all, the share of its steps - then stops."""

    name = "listed"

    def __init__(self, wanted):
        self.wanted = wanted

    def plan(self, state, seconds):
        return ContendersPlanner().plan(state, seconds)

    def suggest(self, state, seconds, running):
        for place, n, *part in self.wanted:
            arm = state.arms[place]
            spec = state.spec(arm, state.line_up.recipes(arm, n)[0], n)
            if n not in state.evidence.sizes(arm.key):
                return state.shortened(spec, *part) if part else spec
        return Stop("the list is through")
