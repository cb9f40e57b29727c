"""The shipped facts: ranges, units, duplicates, sources; and how several models of one source are read."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from headstart.knowledge import comparisons, published_costs, sources
from headstart.knowledge.fitting import fit_prior
from headstart.knowledge.prior import fitted_prior
from headstart.knowledge.starts import starting_points


def test_values_are_percent_and_leads_follow_from_them():
    for one in comparisons():
        assert -100 <= one.arm_value <= 100, one
        assert -100 <= one.rival_value <= 100, one
        assert abs(one.points) == pytest.approx(abs(one.arm_value - one.rival_value), abs=0.002), one
        lower_is_better = one.metric in ("WER", "CER", "PER", "error rate")
        assert one.points * (one.arm_value - one.rival_value) * (-1 if lower_is_better else 1) >= 0, one


def test_sizes_are_possible():
    for one in comparisons():
        assert one.n is None or 1 <= one.n < 1e8, one
        assert one.classes is None or one.classes >= 2, one
        assert one.models >= 1, one
        assert one.rivals >= 1, one


def test_nothing_is_there_twice():
    keys = Counter(
        (one.source, one.dataset, one.n, one.metric, one.detail, one.start, one.arm, one.rival) for one in comparisons()
    )
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_figure_has_a_source():
    named = {one.source for one in comparisons()} | {one.source for one in published_costs()}
    assert named <= set(sources())
    for source in sources().values():
        assert source.year.isdigit(), source
        assert source.link.startswith("https://") or not source.link, source


def test_costs_have_units_that_are_possible():
    for one in published_costs():
        assert one.hours is None or 0 < one.hours < 1e8, one
        assert one.usd is None or 0 < one.usd < 1e8, one


def test_the_files_stay_small():
    size = sum(len(files("headstart.knowledge").joinpath(name).read_bytes()) for name in
               ("comparisons.csv", "costs.csv", "sources.csv", "starts.csv", "prior.json"))  # fmt: skip
    assert size < 1_000_000


def test_the_best_of_many_models_is_not_what_is_read():
    tasks = [one for one in comparisons() if one.source == "ecgfm2025" and one.arm == "finetune" and one.use == "fit"]
    assert len(tasks) == 23
    assert {one.models for one in tasks} == {8}
    assert sum(one.best_points > 0 for one in tasks) == 23  # the best of eight, chosen on test, always wins
    assert sum(one.points > 0 for one in tasks) == 5  # the median wins five times
    molecules = [one for one in comparisons() if one.source == "dgllife2021" and one.use == "fit"]
    assert {one.models for one in molecules} == {4}


def test_the_case_to_check_with_is_not_fitted():
    cows = [one for one in comparisons() if one.source == "yang2026"]
    assert {one.use for one in cows} == {"shown"}
    assert {one.n for one in cows} == {2160}


def test_the_shipped_prior_is_that_of_the_shipped_table():
    again = fit_prior([one for one in comparisons() if one.use == "fit"])
    assert again.mean == pytest.approx(fitted_prior().mean, abs=0.02)
    assert again.source_sd == pytest.approx(fitted_prior().source_sd, abs=0.02)
    assert again.counts == fitted_prior().counts


def test_starting_points_name_licence_and_place():
    for one in starting_points():
        assert one.licence, one
        assert one.where, one
        assert one.parameters_m > 0, one
        assert one.forward_gflop > 0, one
