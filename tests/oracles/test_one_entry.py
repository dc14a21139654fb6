"""What loops reckon for one entry is what the formulas say that are described and tested."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.economics.discounting import annuity_factor, annuity_of
from agents.economics.grid import wait_behind, years_alone
from agents.economics.queues import backlog_wait
from agents.economics.valuation import (
    arrival_of,
    arrival_value,
    deferred_credit_gain,
    deferred_credit_of,
    overhead_of,
    overhead_value,
    risky_lease_of,
    risky_lease_value,
    spread_cost,
    spread_cost_of,
)

money = st.floats(0.0, 1e4)
rates = st.floats(0.01, 0.4)
years = st.floats(0.05, 30.0)


def same(number):
    return pytest.approx(number, rel=1e-12, abs=1e-9)


@given(st.one_of(st.just(0.0), st.floats(-0.1, 0.4)), years)
def test_an_annuity(rate, time):
    assert annuity_of(rate, time, np.expm1(-rate * time)) == same(annuity_factor(rate, time))


@given(st.floats(0.0, 3.0), st.floats(0.0, 3.0), rates)
def test_a_prize_that_arrives(arrival, closing, rate):
    assert arrival_of(arrival, closing, rate) == same(arrival_value(arrival, closing, rate))


@given(money, rates, years)
def test_a_cost_paid_for_a_time(cost, rate, time):
    grown = np.expm1(-rate * time)
    assert overhead_of(cost, rate, time, grown) == same(overhead_value(cost, rate, time))
    assert spread_cost_of(cost, rate, time, grown) == same(spread_cost(cost, rate, time))


@given(money, rates, st.floats(0.0, 5.0), years)
def test_a_prepayment_credited_late(prepaid, rate, wait, time):
    late = deferred_credit_of(prepaid, rate, time, np.expm1(-rate * time), np.exp(-rate * wait))
    assert late == same(deferred_credit_gain(prepaid, rate, wait, time))


@given(money, st.floats(0.0, 0.05), rates, st.floats(0.0, 0.2), st.floats(0.0, 5.0), years, money)
def test_a_lease_whose_tenant_may_fail(income, growth, rate, hazard, wait, time, residual):
    risky = rate + hazard
    rents, occupied = annuity_factor(risky - growth, time), annuity_factor(risky, time)
    ended, begun = np.exp(-risky * time), np.exp(-risky * wait)
    value = risky_lease_of(income, residual, hazard, float(rents), ended, float(occupied), begun)
    assert value == same(risky_lease_value(income, growth, rate, hazard, wait, time, residual))


@given(st.floats(0.0, 50.0), st.floats(0.01, 50.0), st.one_of(st.just(0.0), st.floats(0.001, 2.0)))
def test_a_wait_behind_a_backlog(backlog, capacity, withdrawal):
    alone = years_alone(backlog, capacity)
    wait = wait_behind(alone, np.log1p(withdrawal * alone), withdrawal)
    assert wait == same(backlog_wait(backlog, capacity, withdrawal))
