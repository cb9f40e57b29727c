import numpy as np
import pytest

from headstart.advice.curve_sentences import crossing_sentence, head_start_sentence, size, target_sentence
from headstart.evidence import CrossoverDraws, Labels

INF = np.inf


def crossover(statement, draws, limited_by=None, n_max=400.0, horizon=1600.0):
    values = np.asarray(draws, dtype=float)
    return CrossoverDraws(
        statement,
        values,
        n_max,
        horizon,
        float((values <= n_max).mean()),
        float(np.isfinite(values).mean()),
        0.0,
        limited_by,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (crossover("tie", [25] * 20), "a tie: they differ by less than 1 point at every size up to n = 400"),
        (crossover("crossed", [25] * 20), "from scratch leads wherever both were measured, from n = 25 on"),
        (
            crossover("crossed", [25, *[200] * 10, *[212.4] * 20, *[226] * 9]),
            "already crossed: from scratch leads from n = 212 on (200 to 226)",
        ),
        (
            crossover("between", [25, *[500] * 20, *[700] * 19]),
            "from scratch overtakes between n = 500 and 700, near 500; measured is n = 400",
        ),
        (crossover("none", [INF] * 20), "no crossing up to n = 1,600, 4 times the largest measured"),
        (
            crossover("none", [INF] * 20, "t is not extrapolated: it rises", horizon=400.0),
            "no crossing up to n = 400 (t is not extrapolated: it rises)",
        ),
        (
            crossover("undetermined", [300] * 5 + [900] * 5 + [INF] * 10),
            "not determined: 25 % of the draws cross by n = 400, 50 % by 1,600",
        ),
    ],
)
def test_crossings_in_words(found, expected):
    assert crossing_sentence(found, 0.01) == expected


def labels(*draws):
    return Labels(np.asarray(draws, dtype=float), 25.0, 1600.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (labels(*[200] * 5, *[250] * 10, *[300] * 5), "250 (200 to 300): 5 times as many"),
        (labels(*[1000] * 15, *[INF] * 5), "1,000 (1,000 to more than 1,600): 20 times as many"),
        (labels(*[900] * 5, *[INF] * 15), "more than 900"),
        (labels(*[INF] * 20), "more than 1,600"),
        (labels(*[25] * 20), "25 or fewer, the least measured"),
    ],
)
def test_head_starts_in_words(found, expected):
    assert head_start_sentence(found, "t", 50) == f"t with n = 50 does as well as from scratch with {expected}"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (labels(*[200] * 5, *[250] * 10, *[300] * 5), "needs n = 250 (200 to 300)"),
        (labels(*[INF] * 20), "is not reachable up to n = 1,600"),
        (labels(*[900] * 5, *[INF] * 15), "needs n = 900 at least; 25 % of the draws reach it"),
        (labels(*[25] * 20), "is reached with n = 25, the least measured, or fewer"),
    ],
)
def test_targets_in_words(found, expected):
    assert target_sentence(found, "a", 0.05, "error") == f"a: an error of 5 % {expected}"
    assert target_sentence(found, "a", 0.05, "accuracy") == f"a: an accuracy of 95 % {expected}"


def test_sizes_have_no_more_digits_than_they_deserve():
    written = [size(n) for n in (25, 1600, 212.43, 1463.2, 25.5, 2.5e6)]
    assert written == ["25", "1,600", "212", "1,460", "25.5", "2,500,000"]
