"""Verdicts from evidence whose truth is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from headstart.advice.decide import decide, differences
from headstart.advice.measured_range import measured_crossover, measured_head_start
from headstart.advice.sentences import _about_recipes, verdict_sentence
from headstart.core import Arm, Recipe
from headstart.evidence import JointDraws
from headstart.studies.comparing import comparison_sizes, needed_confidence

PROBE = Arm(candidate="builtin:image", strategy="linear_probe", paradigm="transfer")
TUNE = Arm(candidate="builtin:image", strategy="full_finetune", paradigm="transfer")
SCRATCH = Arm(candidate="builtin:compact-image", strategy="from_scratch", paradigm="scratch")


class TableView:
    """A study's evidence from a table: arm -> n -> (mean, spread); draws are independent normals."""

    def __init__(self, table: dict[Arm, dict[int, tuple[float, float]]], margin: float = 0.01) -> None:
        self.arms = tuple(table)
        self._table = table
        self.dropped: dict[str, str] = {}
        self.not_tuned: dict[str, float] = {}
        self.pool = max((n for row in table.values() for n in row), default=1)
        self.settings = SimpleNamespace(margin=margin, metric="accuracy", seed=0)

    def sizes(self, key: str) -> list[int]:
        return sorted(next(self._table[arm] for arm in self.arms if arm.key == key))

    @property
    def all_sizes(self) -> list[int]:
        return sorted({n for row in self._table.values() for n in row})

    def steps_left_out(self, key, n=None):
        return 0.0

    def untuned(self, key):
        return self.not_tuned.get(key, 0.0)

    def tuned(self, key: str) -> bool:
        return key not in self.not_tuned

    def trials(self, arm=None, role=None, n=None):
        seconds = {"linear_probe": 1.0, "full_finetune": 10.0, "from_scratch": 10.0}[arm.partition("@")[0]]
        return [SimpleNamespace(measurement=SimpleNamespace(seconds=seconds))]

    @property
    def pool_size(self) -> int:
        return self.pool

    def outlook(self, n, part="all", *, missing_steps=True) -> JointDraws:
        """As good as at the largest size that each arm has."""
        columns = [self.draws(self.sizes(arm.key)[-1], [arm]) for arm in self.arms if self._table[arm]]
        return JointDraws(
            tuple(one.arms[0] for one in columns),
            np.asarray([one.estimates[0] for one in columns]),
            np.concatenate([one.draws for one in columns], 1),
            (2,) * len(columns),
        )

    def measured_at(self, n: int) -> list[Arm]:
        return [arm for arm in self.arms if n in self._table[arm]]

    def draws(self, n, arms=None, part="all") -> JointDraws:
        chosen = [arm for arm in (arms or self.arms) if n in self._table[arm]]
        rng = np.random.default_rng([n, len(chosen[0].key)] if chosen else n)
        means = np.asarray([self._table[arm][n][0] for arm in chosen])
        spreads = np.asarray([self._table[arm][n][1] for arm in chosen])
        draws = means + rng.standard_normal((2000, len(chosen))) * spreads
        return JointDraws(tuple(arm.key for arm in chosen), means, draws, (2,) * len(chosen))


def test_a_clear_lead_of_transfer():
    view = TableView({TUNE: {100: (0.8, 0.01)}, SCRATCH: {100: (0.6, 0.01)}})
    verdict = decide(view)
    assert (verdict.kind, verdict.chosen, verdict.runner_up) == ("transfer", TUNE, SCRATCH)
    assert verdict_sentence(view, verdict).startswith(
        "Transfer: fine-tuning all of builtin:image beats builtin:compact-image from scratch by 20.0 points ["
    )


def test_a_clear_lead_of_scratch():
    assert decide(TableView({TUNE: {100: (0.6, 0.01)}, SCRATCH: {100: (0.8, 0.01)}})).kind == "scratch"


def test_equal_arms_measured_well_are_a_tie():
    view = TableView({TUNE: {100: (0.8, 0.002)}, SCRATCH: {100: (0.801, 0.002)}})
    assert decide(view).kind == "tie"
    assert "inside the margin of 1.0" in verdict_sentence(view, decide(view))


def test_equal_arms_measured_badly_are_not_a_tie():
    assert decide(TableView({TUNE: {100: (0.80, 0.03)}, SCRATCH: {100: (0.80, 0.03)}})).kind == "undetermined"


def test_each_further_look_needs_more():
    assert [needed_confidence(looks) for looks in range(3)] == pytest.approx([0.95, 0.975, 0.9875])
    view = TableView({TUNE: {100: (0.8, 0.02)}, SCRATCH: {100: (0.744, 0.02)}})
    assert decide(view).kind == "transfer"
    assert decide(view, looks=4).kind == "undetermined"


def test_a_side_is_judged_by_its_best_arm_in_each_draw():
    """Two equal arms on one side beat one on the other more often than either does alone."""
    view = TableView({TUNE: {100: (0.8, 0.02)}, PROBE: {100: (0.8, 0.02)}, SCRATCH: {100: (0.77, 0.02)}})
    verdict = decide(view)
    alone = verdict.draws.difference(verdict.winner.key, SCRATCH.key)[3]
    assert verdict.p_side > alone + 0.03


def test_untuned_arms_have_wide_intervals_and_say_so():
    view = TableView({TUNE: {100: (0.80, 0.002)}, SCRATCH: {100: (0.77, 0.002)}})
    assert decide(view).kind == "transfer"
    view.not_tuned = {TUNE.key: 0.025, SCRATCH.key: 0.025}
    verdict = decide(view)
    assert verdict.kind == "undetermined"
    assert "with default settings" in verdict_sentence(view, verdict)


def test_an_open_comparison_says_how_likely_the_two_are_alike():
    view = TableView({TUNE: {100: (0.80, 0.01)}, SCRATCH: {100: (0.80, 0.01)}})
    sentence = verdict_sentence(view, decide(view))
    assert sentence.startswith("Too close to call")
    assert "within 1.0 of each other with probability 0." in sentence


def test_where_it_is_open_the_cheaper_one_that_is_not_worse_is_used():
    view = TableView({PROBE: {100: (0.799, 0.01)}, SCRATCH: {100: (0.803, 0.01)}})
    verdict = decide(view)
    assert (verdict.kind, verdict.winner, verdict.chosen) == ("undetermined", SCRATCH, PROBE)


def test_beyond_the_compared_size_there_is_a_leaning():
    view = TableView({TUNE: {100: (0.7, 0.01), 400: (0.75, 0.01)}, SCRATCH: {100: (0.6, 0.01)}})
    view.pool = 400
    verdict = decide(view)
    assert (verdict.n, verdict.kind) == (100, "transfer")
    assert (verdict.leaning.n, verdict.leaning.arm) == (400, TUNE.key)
    assert decide(view, target=100).leaning is None


def test_an_arm_that_cannot_be_the_best_of_its_side_holds_no_size_back():
    table = {PROBE: {100: (0.50, 0.01)}, TUNE: {100: (0.70, 0.01), 400: (0.8, 0.01)}, SCRATCH: {400: (0.6, 0.01)}}
    assert comparison_sizes(TableView(table)) == [400]


def test_with_a_small_error_the_margin_is_small():
    view = TableView({TUNE: {100: (0.995, 0.0005)}, SCRATCH: {100: (0.990, 0.0005)}}, margin=None)
    verdict = decide(view)
    assert verdict.margin == pytest.approx(0.00125, rel=0.01)
    assert verdict.kind == "transfer"


def test_the_rival_is_of_the_other_paradigm_even_if_another_arm_is_closer():
    view = TableView({TUNE: {100: (0.80, 0.01)}, PROBE: {100: (0.79, 0.01)}, SCRATCH: {100: (0.5, 0.01)}})
    assert decide(view).runner_up == SCRATCH
    assert decide(view).kind == "transfer"


def test_no_verdict_at_a_size_that_the_leading_arm_has_not_reached():
    table = {
        PROBE: {100: (0.50, 0.01), 400: (0.55, 0.01)},
        TUNE: {100: (0.60, 0.01)},
        SCRATCH: {100: (0.45, 0.01), 400: (0.62, 0.01)},
    }
    view = TableView(table)
    assert comparison_sizes(view) == [100]
    assert (decide(view).kind, decide(view).winner) == ("transfer", TUNE)
    view.dropped = {TUNE.key: "clearly worse"}
    assert comparison_sizes(view) == [400]
    assert decide(view).kind == "scratch"


def test_an_arm_that_is_likely_not_the_best_of_its_side_holds_no_size_back_but_no_tie_is_said_without_it():
    table = {
        TUNE: {100: (0.80, 0.01), 400: (0.90, 0.002)},
        PROBE: {100: (0.80, 0.002), 400: (0.85, 0.002)},
        SCRATCH: {100: (0.70, 0.01), 400: (0.90, 0.002)},
    }
    assert decide(TableView(table)).kind == "tie"
    late = Arm(candidate="other", strategy="from_scratch", paradigm="scratch")
    view = TableView({**table, late: {100: (0.89, 0.01)}})
    assert comparison_sizes(view) == [400]
    assert decide(view).kind == "undetermined"


def test_of_two_models_that_read_the_same_the_one_of_more_labels_is_handed_over():
    for trained, chosen in ((0.9922, TUNE), (0.9960, SCRATCH)):
        table = {TUNE: {700: (0.990, 0.003), 1400: (0.9920, 0.003)}, SCRATCH: {700: (trained, 0.003)}}
        view = TableView(table)
        view.pool = 1400
        assert decide(view).chosen == chosen


def test_of_three_sides_the_curves_lean_to_the_most_probable():
    third = Arm(candidate="start", strategy="hybrid", paradigm="hybrid")
    table = {
        TUNE: {100: (0.80, 0.01), 400: (0.84, 0.01)},
        third: {100: (0.70, 0.01), 400: (0.72, 0.01)},
        SCRATCH: {100: (0.60, 0.01)},
    }
    view = TableView(table)
    lean = decide(view).leaning
    assert (lean.paradigm, lean.arm) == ("transfer", TUNE.key)
    assert lean.p_side > 0.9


def test_no_single_arm_keeps_the_comparison_at_a_few_labels():
    late = Arm(candidate="other", strategy="from_scratch", paradigm="scratch")
    table = {
        TUNE: {100: (0.80, 0.01), 400: (0.84, 0.01)},
        PROBE: {100: (0.70, 0.01), 400: (0.72, 0.01), 1600: (0.74, 0.01)},
        SCRATCH: {100: (0.75, 0.01), 400: (0.83, 0.01), 1600: (0.90, 0.01)},
        late: {100: (0.90, 0.01)},
    }
    view = TableView(table)
    assert comparison_sizes(view) == [400], "at 1,600 the likely best of two sides is missing"
    assert decide(view).kind == "undetermined"
    view.pool = 400
    view.dropped = {late.key: "clearly worse"}
    assert comparison_sizes(view) == [400]


def test_one_paradigm_alone_decides_nothing():
    view = TableView({TUNE: {100: (0.8, 0.01)}, PROBE: {100: (0.5, 0.01)}})
    assert decide(view).kind == "undetermined"
    assert "only one side" in verdict_sentence(view, decide(view))


def test_with_one_side_alone_the_model_handed_over_is_still_the_best_that_was_trained():
    view = TableView({TUNE: {100: (0.78, 0.03)}, PROBE: {100: (0.75, 0.03), 800: (0.83, 0.01)}})
    assert decide(view).chosen == PROBE


def test_nothing_measured():
    view = TableView({TUNE: {}, SCRATCH: {}})
    assert decide(view) is None
    assert verdict_sentence(view, None) == "Not determined: nothing was measured yet."


def test_the_comparison_is_at_the_largest_size_that_both_paradigms_reached():
    view = TableView({TUNE: {100: (0.7, 0.01), 400: (0.9, 0.01)}, SCRATCH: {100: (0.8, 0.01)}})
    assert comparison_sizes(view) == [100]
    assert decide(view).kind == "scratch"


def crossing_view(at: float) -> TableView:
    """Scratch overtakes between 100 and 400, halfway in log n if ``at`` is 0.5."""
    return TableView(
        {
            TUNE: {100: (0.70, 1e-4), 400: (0.70, 1e-4)},
            SCRATCH: {100: (0.70 - 0.1 * at, 1e-4), 400: (0.70 + 0.1 * (1 - at), 1e-4)},
        }
    )


@pytest.mark.parametrize("at", [0.25, 0.5, 0.75])
def test_the_crossover_inside_the_range_is_found(at):
    found = measured_crossover(crossing_view(at))
    assert found.n == pytest.approx(100 * 4**at, rel=0.02)
    assert found.low <= found.n <= found.high
    assert found.horizon == 400


def test_no_crossover_is_said_up_to_the_largest_size_only():
    found = measured_crossover(TableView({TUNE: {50: (0.8, 0.01)}, SCRATCH: {50: (0.5, 0.01)}}))
    assert found.n is None
    assert found.statement == "not seen at 50 labels, the one size all contenders were run at"


def test_scratch_ahead_from_the_start_has_crossed_already():
    found = measured_crossover(TableView({TUNE: {50: (0.5, 0.01)}, SCRATCH: {50: (0.8, 0.01)}}))
    assert found.statement.startswith("already crossed at 50 labels")


def test_transfer_may_take_over_too():
    view = TableView({TUNE: {100: (0.5, 0.001), 400: (0.9, 0.001)}, SCRATCH: {100: (0.6, 0.001), 400: (0.7, 0.001)}})
    found = measured_crossover(view)
    assert found.kind == "taken over"
    assert 100 < found.low <= found.n <= found.high < 400
    assert "transfer overtakes near" in found.statement
    assert "from scratch leads there" in measured_head_start(view).statement


def test_a_crossing_that_may_or_may_not_be_there_is_not_determined():
    found = measured_crossover(TableView({TUNE: {50: (0.8, 0.02)}, SCRATCH: {50: (0.79, 0.02)}}))
    assert found.statement.startswith("not determined")
    assert found.n is None


def test_the_head_start_is_the_labels_that_scratch_needs():
    view = TableView(
        {
            TUNE: {100: (0.60, 1e-4), 200: (0.70, 1e-4), 400: (0.80, 1e-4)},
            SCRATCH: {100: (0.50, 1e-4), 200: (0.60, 1e-4), 400: (0.72, 1e-4)},
        }
    )
    found = measured_head_start(view)
    assert found.n == 200
    assert found.multiplier == pytest.approx(2 ** (5 / 6), rel=0.02)


def test_a_head_start_beyond_the_range_is_more_than():
    sizes = {100: 0.9, 400: 0.95}
    tune, scratch = ({n: (value - less, 0.01) for n, value in sizes.items()} for less in (0.0, 0.3))
    found = measured_head_start(TableView({TUNE: tune, SCRATCH: scratch}))
    assert found.examples is None
    assert (found.n, found.low) == (100, 4.0)
    assert "at least 400 from scratch" in found.statement


def test_one_size_says_nothing_about_what_a_start_is_worth():
    """100 labels that beat 100 are no head start that was measured."""
    view = TableView({TUNE: {100: (0.9, 0.01)}, SCRATCH: {100: (0.5, 0.01)}})
    found = measured_head_start(view)
    assert found.statement == "not measured: all contenders were run at one size alone"
    assert found.low is None
    assert measured_crossover(view).statement == "not seen at 100 labels, the one size all contenders were run at"


def test_differences_name_better_worse_tie_and_open():
    view = TableView({TUNE: {100: (0.70, 0.002)}, PROBE: {100: (0.701, 0.002)}, SCRATCH: {100: (0.5, 0.01)}})
    verdicts = {found.arm: found.verdict for found in differences(view, TUNE)}
    assert verdicts == {PROBE.key: "tie", SCRATCH.key: "worse"}


def test_the_reader_is_told_what_the_choice_of_recipes_leaves_open():
    spec = SimpleNamespace(
        recipe=Recipe(learning_rate=3.0, label="rate x 3"),
        recipe_informed=True,
        n=100,
        convergence_check=False,
        repeat=0,
        stopped_at=0,
    )
    lower = SimpleNamespace(
        recipe=Recipe(learning_rate=1.0, label="default"), n=100, convergence_check=False, repeat=0, stopped_at=0
    )
    tuning = [
        SimpleNamespace(spec=spec, measurement=SimpleNamespace(value=0.6), started=1.0),
        SimpleNamespace(spec=lower, measurement=SimpleNamespace(value=0.5), started=0.0),
    ]
    measured = [SimpleNamespace(spec=spec, measurement=SimpleNamespace(notes=("a tenth of the rate",)))]
    view = SimpleNamespace(
        arms=(TUNE,),
        trials=lambda arm=None, role=None, n=None: tuning if role == "tuning" else measured,
        first_tried=lambda key: lower.recipe,
        gain=lambda one, other: (one.measurement.value - other.measurement.value, 0.02),
    )
    edge, elsewhere, note = _about_recipes(view)
    assert "lay at the edge of those tried (rate x 3)" in edge
    assert elsewhere.startswith("1 of 1 runs used settings tuned on labels beyond their own")
    assert note == "In training: a tenth of the rate"


def test_a_model_that_learnt_from_more_labels_counts_with_what_it_learnt():
    """A probe on all labels is not replaced by an arm that beats it at four times a few."""
    view = TableView(
        {
            PROBE: {100: (0.40, 0.004), 400: (0.42, 0.004), 6400: (0.60, 0.004)},
            TUNE: {100: (0.45, 0.004)},
            SCRATCH: {100: (0.41, 0.004)},
        }
    )
    view.pool = 6400

    def outlook(n, part="all", *, missing_steps=True):
        means = np.asarray([0.42 if n < 6400 else 0.60, 0.55, 0.50])
        draws = means + 0.01 * np.random.default_rng(0).standard_normal((2000, 3))
        return JointDraws((PROBE.key, TUNE.key, SCRATCH.key), means, draws, (1, 1, 1))

    view.outlook = outlook
    assert decide(view).chosen == PROBE


@pytest.mark.parametrize(
    ("rotating", "refits", "probe_now", "last"),
    [(True, True, 0.88, PROBE), (True, False, 0.88, TUNE), (False, True, 0.88, TUNE), (False, True, 0.895, PROBE)],
)
def test_the_model_at_hand_is_used_unless_another_arm_likely_overtakes_it(rotating, refits, probe_now, last):
    """An arm that was trained on few labels and might be the best on all of them is no model to hand over yet.

    Where nothing trains it on every label afterwards, not even if it almost surely would be the best: its model is not.
    """
    view = TableView(
        {
            TUNE: {100: (0.80, 0.004), 800: (0.90, 0.004)},
            PROBE: {100: (0.85, 0.004), 400: (probe_now, 0.004)},
            SCRATCH: {100: (0.70, 0.004)},
        }
    )
    view.pool, view.rotating = 1600, rotating
    for expected, chosen, leaning in ((0.91, TUNE, TUNE), (0.95, TUNE, PROBE), (0.98, last, PROBE)):
        ahead = JointDraws(
            (TUNE.key, PROBE.key, SCRATCH.key),
            np.asarray([0.905, expected, 0.8]),
            np.asarray([0.905, expected, 0.8]) + 0.03 * np.random.default_rng(0).standard_normal((2000, 3)),
            (1, 1, 1),
        )
        view.outlook = lambda n, part="all", missing_steps=True, ahead=ahead: ahead
        verdict = decide(view, refits=refits)
        assert verdict.chosen == chosen
        assert verdict.leaning.arm == leaning.key


def test_steps_that_were_not_done_speak_for_no_side():
    """From scratch, ended early, would lead if it gained what the rest of its steps might bring."""
    view = TableView({PROBE: {100: (0.80, 0.01), 400: (0.85, 0.01)}, SCRATCH: {100: (0.60, 0.03)}})
    whole, as_it_ran = (
        TableView({PROBE: {400: (0.85, 0.01)}, SCRATCH: {400: (scratch, 0.03)}}).draws(400) for scratch in (0.90, 0.70)
    )
    view.outlook = lambda n, part="all", missing_steps=True: whole if missing_steps else as_it_ran
    lean = decide(view).leaning
    assert (lean.paradigm, lean.arm, lean.p_side) == ("transfer", PROBE.key, 0.5)
    view.outlook = lambda n, part="all", missing_steps=True: as_it_ran
    assert decide(view).leaning.p_side > 0.9


def test_where_all_hangs_on_steps_that_were_not_done_the_best_guess_is_the_model_at_hand():
    """Fine-tuning was trained on all labels; from scratch, ended early, would be a little better with all its steps."""
    view = TableView({PROBE: {100: (0.80, 0.01), 400: (0.85, 0.01)}, SCRATCH: {100: (0.60, 0.03)}})
    whole, as_it_ran = (
        TableView({PROBE: {400: (0.85, 0.01)}, SCRATCH: {400: (scratch, 0.03)}}).draws(400) for scratch in (0.87, 0.845)
    )
    assert whole.p_side([SCRATCH.key], [PROBE.key]) > 0.5
    assert 0.3 < as_it_ran.p_side([SCRATCH.key], [PROBE.key]) < 0.5
    view.outlook = lambda n, part="all", missing_steps=True: whole if missing_steps else as_it_ran
    lean = decide(view).leaning
    assert (lean.paradigm, lean.arm, lean.p_side) == ("transfer", PROBE.key, 0.5)


def test_the_reader_is_told_that_rare_classes_are_called_more_often():
    def said(prior):
        spec = SimpleNamespace(recipe=Recipe(prior=prior), recipe_informed=False)
        measured = [SimpleNamespace(spec=spec, measurement=SimpleNamespace(notes=()))]
        trials = lambda arm=None, role=None, n=None: [] if role == "tuning" else measured  # noqa: E731
        return _about_recipes(SimpleNamespace(arms=(TUNE,), trials=trials, first_tried=lambda key: None))

    assert not said(1.0)
    assert "probabilities are not those of the data" in said(0.5)[0]


def test_the_compared_size_may_lack_arms_of_the_side_that_is_ahead_there():
    late = Arm(candidate="other", strategy="from_scratch", paradigm="scratch")
    table = {
        PROBE: {100: (0.70, 0.004), 400: (0.74, 0.004), 1600: (0.75, 0.004)},
        SCRATCH: {100: (0.70, 0.004), 400: (0.82, 0.004), 1600: (0.90, 0.004)},
        late: {100: (0.78, 0.004), 400: (0.91, 0.004)},
    }
    view = TableView(table)
    view.pool = 1600
    assert comparison_sizes(view) == [400, 1600]
    verdict = decide(view)
    assert (verdict.n, verdict.kind, verdict.winner) == (1600, "scratch", SCRATCH)
    assert (verdict.leaning.n, verdict.leaning.arm) == (1600, late.key), "measured with fewer labels, and likely better"


def test_an_arm_of_the_other_side_that_was_not_measured_there_counts():
    late = Arm(candidate="other", strategy="from_scratch", paradigm="scratch")
    table = {PROBE: {100: (0.70, 0.004), 400: (0.80, 0.004)}, SCRATCH: {100: (0.60, 0.004), 400: (0.76, 0.004)}}
    assert decide(TableView(table)).kind == "transfer"
    verdict = decide(TableView({**table, late: {100: (0.74, 0.05)}}))
    assert verdict.kind == "undetermined"
    assert verdict.compared.absent == (late,)


def test_what_was_not_measured_there_and_is_expected_to_win_is_named():
    view = TableView(
        {PROBE: {400: (0.70, 0.004)}, SCRATCH: {50: (0.60, 0.004), 400: (0.72, 0.004)}, TUNE: {50: (0.80, 0.004)}}
    )
    verdict = decide(view)
    assert (verdict.n, verdict.kind, verdict.winner) == (400, "undetermined", SCRATCH)
    said = verdict_sentence(view, verdict)
    assert said.endswith("fine-tuning all of builtin:image, not measured there, is expected to be better.")


def test_from_scratch_does_not_win_where_fine_tuning_was_never_tried():
    table = {PROBE: {100: (0.60, 0.01)}, SCRATCH: {100: (0.80, 0.01)}}
    assert decide(TableView(table)).kind == "scratch", "nothing else takes part"
    verdict = decide(TableView({**table, TUNE: {}}))
    assert verdict.kind == "undetermined"
    assert verdict.compared.untried == (TUNE,)
    assert "an option that was not measured" in verdict_sentence(TableView({**table, TUNE: {}}), verdict)
    assert decide(TableView({**table, TUNE: {50: (0.60, 0.01)}})).kind == "scratch"
    other = Arm(candidate="builtin:efficientnet-lite0", strategy="full_finetune", paradigm="transfer")
    verdict = decide(TableView({**table, TUNE: {50: (0.60, 0.01)}, other: {}}))
    assert verdict.kind == "undetermined", "one start does not speak for another"
    assert verdict.compared.untried == (other,)
    losing = {PROBE: {100: (0.80, 0.01)}, SCRATCH: {100: (0.60, 0.01)}, TUNE: {}}
    assert decide(TableView(losing)).kind == "transfer", "more could only help it"
