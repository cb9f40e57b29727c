"""What is said of the option that is recommended."""

from __future__ import annotations

import numpy as np
from listed import Listed

from headstart.advice import recommend
from headstart.core import Arm
from headstart.testing import RecordedArm, RecordedTable, replay

SIZES = np.asarray([100.0, 400.0, 1600.0])


def recommended(sizes, words=(0.40, 0.50, 0.60)):
    """After options of these sizes: frozen features, that are best with few labels, words, and an encoder."""
    curves = {
        "words": ("from_scratch", "scratch", list(words)),
        "frozen": ("linear_probe", "transfer", [0.70, 0.72, 0.74]),
        "encoder": ("full_finetune", "transfer", [0.50, 0.65, 0.90]),
    }
    arms = tuple(
        RecordedArm(Arm(candidate=name, strategy=strategy, paradigm=side), SIZES, np.tile(values, (3, 1)), SIZES / 100)
        for name, (strategy, side, values) in curves.items()
    )
    wanted = [(list(curves).index(name), n) for name, seen in sizes.items() for n in seen]
    state = replay(RecordedTable(arms, pool=1600, tested=2000), Listed(wanted), 400.0).state
    return recommend(state, spent_seconds=100.0)


def test_few_labels_do_not_say_how_sure_a_choice_for_what_it_reached_with_more_is():
    """A model that is recommended for its accuracy with all labels was called 1 % sure, by a comparison at a few."""
    answer = recommended({"words": [100], "frozen": [100, 400, 1600], "encoder": [100, 400, 1600]})
    assert answer.candidate == "encoder"
    assert (answer.comparison_size, answer.leaning.n) == (100, 400)
    assert answer.p_best is None
    assert answer.expected_regret is None


def test_a_choice_that_was_seen_with_all_labels_is_sure_there():
    answer = recommended({"words": [100, 400], "frozen": [100, 400, 1600], "encoder": [100, 400, 1600]})
    assert answer.candidate == "encoder"
    assert (answer.comparison_size, answer.leaning.n) == (400, 1600)
    assert answer.p_best > 0.9


def test_where_it_is_the_best_at_the_compared_size_the_share_is_said():
    answer = recommended({"words": [100, 400], "frozen": [100, 400, 1600]})
    assert answer.candidate == "frozen"
    assert answer.p_best > 0.9


def test_how_sure_a_choice_is_is_said_for_the_labels_that_the_answer_is_for():
    """What leads by ten points at the compared size may be overtaken with all labels; both lines say so."""
    answer = recommended({"words": [100, 400], "frozen": [100, 400, 1600]}, words=(0.30, 0.62, 0.80))
    assert (answer.candidate, answer.comparison_size, answer.leaning.n) == ("frozen", 400, 1600)
    assert answer.p_best < 0.6
    assert answer.expected_regret > 0.02
    assert answer.p_best_n == 1600
