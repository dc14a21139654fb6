"""Adequacy, the prices that follow from it, and who in a queue is served when."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.economics.grid import (
    capacity_price,
    connected_within,
    connection_factor,
    firm_power_price,
    served,
    shortage_points,
)
from agents.economics.queues import backlog_wait

loads = st.floats(0.0, 50.0)
rates = st.floats(0.1, 30.0)
hazards = st.floats(0.0, 2.0)
years = st.floats(0.0, 10.0)


def test_a_region_is_short_by_what_it_promised_beyond_its_firm_capacity():
    assert shortage_points(105.0, 100.0, 80.0) == pytest.approx(6.25)
    assert shortage_points(95.0, 100.0, 80.0) == 0.0
    assert shortage_points(5.0, 0.0, 0.0) == 0.0


def test_the_capacity_price_rises_with_shortage_up_to_its_cap():
    assert capacity_price(270.0, 0.0, 0.25, 666.5) == 270.0
    assert capacity_price(270.0, 2.0, 0.25, 666.5) == pytest.approx(270.0 * math.exp(0.5))
    assert capacity_price(270.0, 1e6, 0.25, 666.5) == 666.5
    assert capacity_price(0.0, 10.0, 0.25, 666.5) == 0.0
    assert capacity_price(700.0, 10.0, 0.25, 666.5) == 700.0


def test_only_the_shortage_that_others_caused_slows_connections():
    assert connection_factor(5.0, 5.0, 0.05) == 1.0
    assert connection_factor(7.0, 5.0, 0.05) == pytest.approx(math.exp(-0.1))


def test_firm_load_pays_the_industrial_price_and_what_has_changed_since():
    assert firm_power_price(85.0, 45.0, 1.0, 270.0, 270.0) == 85.0
    assert firm_power_price(85.0, 45.0, 1.2, 270.0, 510.0) == pytest.approx(85.0 + 9.0 + 10.0)


def test_a_place_is_served_as_far_as_capacity_reaches():
    assert served(np.array([0.0, 10.0, 30.0]), np.array([10.0, 20.0, 5.0]), 20.0) == pytest.approx(
        [1.0, 0.5, 0.0]
    )
    assert served(0.0, 0.0, 10.0) == 0.0


@given(loads, loads, rates, hazards, years)
def test_the_front_of_a_queue_gets_what_capacity_serves(ahead, place, capacity, hazard, horizon):
    """Capacity works for a place from the wait of its first megawatt to that of its last."""
    begins, ends = (backlog_wait(load, capacity, hazard) for load in (ahead, ahead + place))
    expected = capacity * (min(ends, horizon) - min(begins, horizon))
    assert connected_within(ahead, place, 0.0, capacity, hazard, horizon) == pytest.approx(expected, abs=1e-6)


def test_expected_connections_are_those_of_a_queue_run_in_small_steps():
    ahead, place, capacity, hazard, matures, horizon = 4.0, 6.0, 3.0, 0.4, 1.5, 3.0
    step, before, mine, done, saved = 1e-4, ahead, place, 0.0, 0.0
    for tick in range(int(horizon / step)):
        before, mine = before * (1 - hazard * step), mine * (1 - hazard * step)
        able = capacity * step + saved
        first = min(before, able)
        before -= first
        taken = min(mine, able - first) if tick * step >= matures else 0.0
        mine, done = mine - taken, done + taken
        saved = able - first - taken
    expected = connected_within(ahead, place, matures, capacity, hazard, horizon)
    assert expected == pytest.approx(done, rel=2e-3)


@given(loads, loads, years, rates, hazards, years)
@example(ahead=0.0, place=3.0, matures=0.0, capacity=4.0, hazard=5e-324, horizon=1.0)
def test_nobody_is_connected_twice_or_before_it_is_ripe(ahead, place, matures, capacity, hazard, horizon):
    expected = connected_within(ahead, place, matures, capacity, hazard, horizon)
    assert 0.0 <= expected <= place + 1e-9
    if horizon < matures:
        assert expected == 0.0


def test_an_operator_without_connections_connects_nobody():
    assert connected_within(0.0, 5.0, 0.0, 0.0, 0.36, 10.0) == 0.0
