import numpy as np
from drawn_curves import pair, power

from headstart.evidence.crossover import find_crossover
from headstart.evidence.information import candidates, expected_regret_fall, next_measurements

CLOSE = (power(0.02, 0.6, 0.45), power(0.11, 0.2, 0.7))  # they cross near 1,300


def test_an_open_question_asks_for_more_labels():
    curves = pair(*CLOSE, noise=0.008)
    found = find_crossover(curves)
    assert found.statement == "undetermined"
    proposals = next_measurements(curves, found, ["s"], ["t"])
    ranked = [one.bits_per_second for one in proposals]
    assert ranked == sorted(ranked, reverse=True)
    by_size = {one.n: one.bits for one in proposals}
    assert set(by_size) == {800, 1600, 3200}
    assert by_size[3200] > by_size[1600] > by_size[800] >= 0
    assert all(one.arms == ("s", "t") for one in proposals)


def test_a_settled_question_has_nothing_to_learn():
    curves = pair(power(0.3), power(0.05))
    found = find_crossover(curves)
    assert all(one.bits < 0.01 for one in next_measurements(curves, found, ["s"], ["t"]))


def test_prices_decide_between_equals():
    curves = pair(*CLOSE, noise=0.008)
    found = find_crossover(curves)
    dear = next_measurements(curves, found, ["s"], ["t"], seconds=lambda arm, n: 1e6 if n > 2000 else 1.0)
    cheap = next_measurements(curves, found, ["s"], ["t"], seconds=lambda arm, n: 1.0)
    assert dear[0].n == 1600
    assert cheap[0].n == 3200


def test_candidates_fill_gaps_and_stay_within_the_labels_at_hand():
    curves = pair(*CLOSE, noise=0.008, sizes=[25, 50, 100, 800])
    found = find_crossover(curves)
    assert candidates(curves, found) == [283, 800, 1600, 3200]
    assert candidates(curves, found, most=1000) == [283, 800]


def test_measuring_where_arms_are_close_lowers_regret_most():
    curves = pair(*CLOSE, noise=0.008)
    assert curves.p_best(3200).min() > 0.02
    near, settled = pair(*CLOSE, noise=0.008), pair(power(0.3), power(0.05))
    gain = expected_regret_fall(near, 3200, ["s", "t"], 3200, repeats=3)
    assert gain > 0
    assert gain <= near.expected_regret(3200).min() * 1.6  # no more than what knowing everything would save, but noise
    assert expected_regret_fall(settled, 3200, ["s", "t"], 3200) == 0
    assert np.isfinite(expected_regret_fall(near, 800, ["s"], 1600))
