import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headstart.training.schedule import SHORTEST, Schedule, rate_share

lengths = st.integers(8, 3000)


def test_the_rate_rises_and_falls():
    steps = 100
    shares = [rate_share(step, steps, 0.1) for step in range(steps)]
    assert shares[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert shares[10] == 1
    assert shares[55] == pytest.approx(0.5)
    assert 0 < shares[-1] < 0.001
    assert shares[10:] == sorted(shares[10:], reverse=True)


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.1), (1, 0), (2, 1), (5, 0), (3, 0.5)])
def test_short_schedules_have_rates_too(steps, warmup):
    shares = [rate_share(step, steps, warmup) for step in range(steps)]
    assert all(0 < share <= 1 for share in shares)
    assert max(shares) == 1


@given(lengths, st.floats(0, 0.5), st.floats(0.05, 0.95))
def test_an_early_end_changes_nothing_before_it_begins_and_falls_to_zero(steps, warmup, at):
    cut, whole = Schedule(steps, warmup), Schedule(steps, warmup)
    begun = min(max(1, round(at * steps)), steps - 1)
    cut.cool_down(begun)
    assert begun < cut.end
    assert cut.end <= 1.25 * begun + 2
    for step in range(begun):
        assert cut.share(step) == whole.share(step)
    falling = [cut.share(step) / whole.share(step) for step in range(begun, min(cut.end, steps))]
    assert falling == sorted(falling, reverse=True)
    assert all(0 < share <= 1 for share in falling)


@given(lengths, st.floats(0.001, 10.0), st.floats(0.0, 2.0))
def test_what_ends_early_ends_in_time(steps, pace, share):
    seconds = share * steps * pace  # that there are
    schedule, step = Schedule(steps, 0.1), 1
    while step < schedule.end:
        if schedule.is_late(step, step * pace, pace, seconds - step * pace):
            schedule.cool_down(step)
        step += 1
    if share >= 1:
        assert schedule.stopped_at == 0
    elif share >= SHORTEST + 0.05 and steps >= 100:
        assert SHORTEST * steps <= schedule.end < steps
        assert 0.85 * seconds <= schedule.end * pace <= seconds


@given(lengths, st.floats(0.001, 10.0), st.floats(0.3, 0.95), st.floats(1.0, 20.0))
def test_a_machine_that_becomes_slower_costs_no_run(steps, pace, share, slower):
    """From a share of the time on, every step takes so many times longer."""
    assume(steps >= 100)
    budget, spent, schedule, step = 0.8 * steps * pace, 0.0, Schedule(steps, 0.1), 0
    last = pace
    while step < schedule.end:
        if step and schedule.is_late(step, spent, spent / step, budget - spent):
            schedule.cool_down(step)
        elif step and schedule.must_end(step, last, budget - spent):
            schedule.break_off(step)
            break
        last = pace * (slower if spent > share * budget else 1.0)
        spent += last
        step += 1
    assert step == schedule.end >= SHORTEST * steps
    assert spent <= budget + last, "one step at most, which was slower than any before, goes on beyond it"
    whole = Schedule(steps, 0.1, schedule.stopped_at, schedule.aimed_at)
    assert [whole.share(i) for i in range(step)] == [schedule.share(i) for i in range(step)]
