"""How long power waits for the grid."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.economics.queues import backlog_wait, queue_backlog, queue_wait, shared_waits

flows = st.floats(0.1, 200.0)
hazards = st.floats(0.01, 2.0)


def test_sixty_gw_a_year_at_a_door_for_fifteen_wait_four_years():
    assert queue_wait(60, 15, 0.33) == pytest.approx(4.2009, abs=5e-5)
    assert queue_backlog(60, 15, 0.33) == pytest.approx(136.36, abs=5e-3)


@given(flows, flows, hazards)
def test_in_the_steady_state_all_who_arrive_leave_connected_or_withdrawn(arrivals, capacity, hazard):
    connected = min(arrivals, capacity)
    assert connected + hazard * queue_backlog(arrivals, capacity, hazard) == pytest.approx(arrivals)


@given(flows, flows, hazards)
def test_those_still_there_after_the_wait_are_what_capacity_serves(arrivals, capacity, hazard):
    survivors = arrivals * math.exp(-hazard * queue_wait(arrivals, capacity, hazard))
    assert survivors == pytest.approx(min(arrivals, capacity))


@given(flows, flows, hazards)
def test_a_newcomer_at_the_steady_backlog_waits_the_steady_wait(arrivals, capacity, hazard):
    backlog = queue_backlog(arrivals, capacity, hazard)
    assert backlog_wait(backlog, capacity, hazard) == pytest.approx(queue_wait(arrivals, capacity, hazard))


@given(flows, flows, hazards)
def test_the_backlog_ahead_is_gone_when_the_newcomers_turn_comes(backlog, capacity, hazard):
    wait = backlog_wait(backlog, capacity, hazard)
    survivors = backlog * math.exp(-hazard * wait)
    served = capacity * -math.expm1(-hazard * wait) / hazard
    assert survivors == pytest.approx(served)


@given(flows, flows)
def test_without_withdrawals_a_newcomer_waits_backlog_over_capacity(backlog, capacity):
    assert backlog_wait(backlog, capacity, 0.0) == pytest.approx(backlog / capacity)
    assert backlog_wait(backlog, capacity, 1e-9) == pytest.approx(backlog / capacity, rel=1e-5)


def test_a_grid_that_keeps_up_has_no_queue():
    assert queue_wait(15, 15, 0.33) == queue_backlog(10, 15, 0.33) == 0.0
    assert queue_wait(15, 15, 0.0) == queue_backlog(10, 15, 0.0) == queue_wait(0, 0, 0.33) == 0.0


def test_an_overloaded_queue_that_nobody_leaves_never_settles():
    assert queue_wait(60, 15, 0.0) == queue_backlog(60, 15, 0.0) == math.inf


def test_a_grid_that_connects_nobody_is_waited_for_in_vain():
    assert queue_wait(60, 0, 0.33) == math.inf
    assert queue_backlog(60, 0, 0.33) == pytest.approx(60 / 0.33)
    assert backlog_wait(100, 0, 0.33) == backlog_wait(100, 0, 0.0) == math.inf
    assert backlog_wait(0, 0, 0.33) == 0.0


def test_a_column_of_regions_is_reckoned_one_by_one():
    arrivals, capacity = np.array([60.0, 10.0, 30.0]), np.array([15.0, 15.0, 0.0])
    together = queue_wait(arrivals, capacity, 0.33)
    for region in range(3):
        one = queue_wait(float(arrivals[region]), float(capacity[region]), 0.33)
        assert isinstance(one, float)
        assert together[region] == one


@pytest.mark.parametrize(
    ("formula", "arguments", "culprit"),
    [
        (queue_wait, (-60, 15, 0.33), "arrivals"),
        (queue_wait, (60, -15, 0.33), "capacity"),
        (queue_wait, (60, 15, math.nan), "withdrawal"),
        (queue_backlog, (np.array([60, math.nan]), 15, 0.33), "arrivals"),
        (backlog_wait, (-1, 15, 0.33), "backlog"),
    ],
)
def test_nonsense_is_refused_by_name(formula, arguments, culprit):
    with pytest.raises(ValueError, match=culprit):
        formula(*arguments)


def test_one_server_alone_works_off_its_backlog():
    np.testing.assert_allclose(shared_waits(np.array([6.0]), np.array([2.0])), [3.0])


def test_two_equal_servers_of_one_backlog_halve_the_wait():
    np.testing.assert_allclose(shared_waits(np.array([6.0, 6.0]), np.array([2.0, 2.0])), [1.5, 1.5])


def test_a_backlog_one_server_cannot_take_stays_with_the_other():
    np.testing.assert_allclose(shared_waits(np.array([10.0, 2.0]), np.array([2.0, 2.0])), [4.0, 1.0])


def test_a_backlog_much_the_same_at_all_servers_is_served_by_all():
    waits = shared_waits(np.array([20.3, 11.6, 15.1]), np.array([5.8, 2.2, 3.3]))
    np.testing.assert_allclose(waits, 20.3 / 11.3)


def test_shared_waits_rise_with_the_backlog_and_serve_exactly_the_whole_of_it():
    rng = np.random.default_rng(4)
    for _ in range(50):
        backlog, capacity = rng.exponential(5.0, 5), rng.exponential(2.0, 5) + 0.01
        waits = shared_waits(backlog, capacity)
        assert (np.diff(waits[np.argsort(backlog)]) >= -1e-12).all()
        assert waits @ capacity == pytest.approx(backlog.max())
        for most in backlog:
            only_these = backlog.max() - backlog[backlog < most].max(initial=0.0)
            assert (waits * capacity)[backlog >= most].sum() >= only_these - 1e-9
