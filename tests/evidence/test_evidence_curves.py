import numpy as np
import pytest
from drawn_curves import SIZES, arm_of, power
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.evidence.curves import fit_curves
from headstart.evidence.families import FAMILIES, PRIOR, shapes
from headstart.evidence.observed import ArmErrors, residual_correlation
from headstart.evidence.posterior import MISFIT, Noise, arm_posterior, noise_grid, noise_levels
from headstart.evidence.widening import NO_WIDENING, Widening, fitted_widening


def test_every_shape_is_one_at_the_start_and_never_rises():
    grid = shapes(25, 800)
    values = grid.at(np.geomspace(25, 3200, 60))
    assert values[:, 0] == pytest.approx(1)
    assert (np.diff(values, axis=1) <= 1e-12).all()
    assert (values >= 0).all()
    assert np.exp(grid.log_prior).sum() == pytest.approx(sum(PRIOR)) == pytest.approx(1)
    assert len(PRIOR) == len(FAMILIES)


def test_a_late_start_is_flat_up_to_its_onset():
    grid = shapes(25, 800)
    late = grid.family == FAMILIES.index("late")
    at_400 = grid.at(np.asarray([400.0]))[late & (grid.place == 800), 0]
    assert (at_400 > 0.99).all()


@pytest.mark.parametrize(("first", "last"), [(0, 10), (10, 10), (20, 10), (1, np.inf)])
def test_shapes_need_two_sizes(first, last):
    with pytest.raises(ValueError, match="sizes"):
        shapes(first, last)


def test_the_marginal_likelihood_is_that_of_the_integral():
    arm = arm_of(power(), sizes=SIZES[:4], repeats=2)
    noise = Noise(np.asarray([0.01]), np.asarray([0.0]))
    fitted = arm_posterior(arm, noise)
    g = fitted.shapes.at(arm.sizes)
    a, b = np.meshgrid(np.linspace(-0.6, 0.9, 1500), np.linspace(-0.8, 1.6, 1500), indexing="ij")
    prior = -0.5 * (((a - 0.15) / 0.2) ** 2 + ((b - 0.40) / 0.3) ** 2)
    found, expected = [], []
    for shape in (20, 24, 28):
        for place, misfit in enumerate(MISFIT):
            variance = 0.01**2 / 2 + misfit**2
            off = sum((y - a - b * x) ** 2 for y, x in zip(arm.means, g[shape], strict=True))
            log = prior - 0.5 * (off / variance + len(g[shape]) * np.log(variance))
            expected.append(np.log(np.exp(log - log.max()).sum()) + log.max())
            found.append(fitted.log_weight[0, place, shape] - fitted.shapes.log_prior[shape])
    gaps = np.asarray(found) - np.asarray(expected)
    assert gaps == pytest.approx(gaps[0], abs=2e-3)  # equal up to one constant


def test_draws_keep_inside_the_truncation():
    arm = arm_of(lambda n: 0.001 + 0.02 * (n / 25) ** -1.0, noise=0.001)
    noise = noise_grid(25)
    fitted = arm_posterior(arm, noise)
    drawn = fitted.draw(noise_levels([fitted])[0], 500, np.random.default_rng(0))
    assert len(drawn.shape) == len(drawn.pair) == 500
    assert (drawn.pair >= 0).all()
    assert (drawn.pair.sum(1) <= 1).all()


def test_a_single_repeat_borrows_the_noise_of_the_others():
    many = arm_of(power(), "many", repeats=8, noise=0.02)
    single = arm_of(power(), "single", repeats=1, noise=0.02, seed=1)
    grid = noise_grid(25)
    alone = noise_levels([arm_posterior(single, grid)])[0] @ grid.variance(SIZES)
    beside = noise_levels([arm_posterior(arm, grid) for arm in (single, many)])[0] @ grid.variance(SIZES)
    target = np.log(0.02**2)
    assert abs(np.log(beside) - target).sum() < abs(np.log(alone) - target).sum() / 2
    assert np.sqrt(beside) == pytest.approx(0.02, rel=0.4)


def test_one_noisy_arm_does_not_widen_the_others():
    quiet = arm_of(power(), "quiet", repeats=6, noise=0.001)
    noisy = arm_of(power(), "noisy", repeats=6, noise=0.05)
    curves = fit_curves([quiet, noisy])
    assert curves.deviation[0].max() < 0.005 < 0.03 < curves.deviation[1].min()


def test_draws_are_deterministic_and_an_arm_does_not_depend_on_its_company():
    one, other = arm_of(power(), "one"), arm_of(power(0.2), "other", seed=1, paradigm="transfer")
    assert np.array_equal(fit_curves([one, other]).errors, fit_curves([one, other]).errors, equal_nan=True)
    assert not np.array_equal(fit_curves([one], seed=1).errors, fit_curves([one]).errors, equal_nan=True)
    alone, beside = fit_curves([one]).interval("one", 1600), fit_curves([one, other]).interval("one", 1600)
    assert alone == pytest.approx(beside, abs=0.01)


def test_intervals_hold_the_truth_and_widen_with_distance():
    truth, hits, widths = power(), np.zeros(3), []
    for seed in range(20):
        curves = fit_curves([arm_of(truth, seed=seed)], seed=seed)
        found = [curves.interval("a", n) for n in (400, 1600, 3200)]
        hits += [low <= truth(n) <= high for n, (_, low, high) in zip((400, 1600, 3200), found, strict=True)]
        widths.append([high - low for _, low, high in found])
    assert hits.min() >= 16
    assert (np.diff(np.mean(widths, 0)) > 0).all()


def test_a_misfit_follows_the_measured_means():
    bent = lambda n: np.interp(np.log(n), np.log(SIZES), [0.6, 0.5, 0.42, 0.33, 0.3, 0.28])  # noqa: E731
    arm = arm_of(bent, repeats=6, noise=0.001)
    curves = fit_curves([arm])
    for n, mean in zip(SIZES, arm.means, strict=True):
        assert curves.interval("a", float(n))[0] == pytest.approx(mean, abs=0.005)


def test_paired_arms_share_their_worlds():
    rng = np.random.default_rng(0)
    shared = 0.02 * rng.standard_normal((6, 10))
    n, seen = np.repeat(SIZES, 10), (power()(SIZES)[:, None] + shared).ravel()
    arms = [ArmErrors(name, "scratch", n, seen, np.tile(range(10), 6)) for name in ("a", "b")]
    assert residual_correlation(arms)[0, 1] == pytest.approx(60 / 64)
    ends = fit_curves(arms).at(800)
    assert np.corrcoef(ends.T)[0, 1] > 0.8
    apart = [arms[0], ArmErrors("b", "scratch", arms[1].n, arms[1].error, np.asarray(arms[1].repeat) + 100)]
    assert abs(np.corrcoef(fit_curves(apart).at(800).T)[0, 1]) < 0.15


def test_the_choice_of_test_examples_widens_every_size_alike():
    arm = arm_of(power(), repeats=10, noise=0.001)
    sharp, wide = fit_curves([arm]).at(400)[:, 0], fit_curves([arm], n_test=400).at(400)[:, 0]
    error = power()(400)
    assert wide.var() - sharp.var() == pytest.approx(error * (1 - error) / 400, rel=0.15)


def test_p_best_and_regret_on_joint_draws():
    curves = fit_curves([arm_of(power(0.05), "low"), arm_of(power(0.2), "high", seed=1)])
    assert curves.p_best(800).tolist() == [1.0, 0.0]
    assert curves.expected_regret(800) == pytest.approx([0, 0.15], abs=0.01)
    assert np.isnan(curves.at(10)).all()
    assert curves.p_best(10).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("arm", "reason"),
    [
        (arm_of(power(), sizes=[25, 800]), "measured at 2 sizes"),
        (arm_of(power(), sizes=[25, 50, 75]), "span a factor of 3"),
        (arm_of(lambda n: 0.3 + 0.1 * np.log(n / 25) / np.log(32)), "rises significantly"),
        (arm_of(lambda n: np.where(n < 300, 0.5, 0.1), noise=0.001), "no falling curve fits"),
    ],
)
def test_guards_leave_only_what_was_measured(arm, reason):
    curves = fit_curves([arm, arm_of(power(), "b")])
    assert reason in curves.guarded[0]
    assert curves.guarded[1] is None
    last = float(arm.sizes[-1])
    middle, low, high = curves.interval("a", last)
    assert low <= arm.means[-1] <= high
    assert middle == pytest.approx(arm.means[-1], abs=0.01)
    assert np.isnan(curves.interval("a", 2 * last)[0])
    assert curves.reach.tolist() == [last, 3200]


def test_an_arm_at_chance_is_not_extrapolated():
    flat = arm_of(lambda n: np.full(len(n), 0.9), noise=0.0005)
    assert "above chance at only" in fit_curves([flat], chance=0.9).guarded[0]


def test_one_size_is_said_at_that_size():
    curves = fit_curves([arm_of(power(), sizes=[100]), arm_of(power(), "b")])
    middle, low, high = curves.interval("a", 100)
    assert low < middle < high
    assert np.isnan(curves.interval("a", 400)[0])


def test_widening_is_straight_in_log_n():
    table = Widening((1.0, 2.0, 4.0), {3: (1.0, 1.2, 1.4), 6: (1.0, 2.0, 3.0)})
    at = np.asarray([0.5, 1, np.sqrt(2), 2, 4, 16])
    assert table.at(at, 5) == pytest.approx([1, 1, 1.1, 1.2, 1.4, 1.4])
    assert table.at(at, 7) == pytest.approx([1, 1, 1.5, 2, 3, 3])
    assert table.at(at, 2) == pytest.approx(table.at(at, 3))
    wide = fit_curves([arm_of(power())], widening=table).interval("a", 3200)
    bare = fit_curves([arm_of(power())], widening=NO_WIDENING).interval("a", 3200)
    assert wide[2] - wide[1] == pytest.approx(3 * (bare[2] - bare[1]), rel=0.02)


def test_the_table_that_is_shipped_never_narrows():
    table = fitted_widening()
    assert table.ratios == (1.0, 2.0, 4.0)
    for row in table.factors.values():
        assert row[0] == 1
        assert list(row) == sorted(row)


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        ([10, 20], [0.1, np.nan], "without missing"),
        ([10, -1], [0.1, 0.1], "positive"),
        ([10, 20], [0.1, 1.2], "shares"),
        ([], [], "at least one"),
    ],
)
def test_measurements_are_checked_by_name(n, error, message):
    with pytest.raises(ValueError, match=rf"arm x.*{message}"):
        ArmErrors("arm x", "scratch", np.asarray(n, dtype=float), np.asarray(error), np.arange(len(n)))


def test_arms_have_different_names_and_horizons_are_factors():
    for arms, options in (([], {}), ([arm_of(power())] * 2, {}), ([arm_of(power())], {"horizon": 0.5})):
        with pytest.raises(ValueError, match="arms|horizon"):
            fit_curves(arms, **options)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=12),
    st.integers(0, 3),
)
def test_anything_measured_gives_errors_between_0_and_1(rows, seed):
    n, error, repeat = (np.asarray(column) for column in zip(*rows, strict=True))
    curves = fit_curves([ArmErrors("a", "scratch", n.astype(float), error.astype(float), repeat)], seed=seed, draws=50)
    said = curves.errors[~np.isnan(curves.errors)]
    assert ((said >= 0) & (said <= 1)).all()
    assert len(said) > 0
