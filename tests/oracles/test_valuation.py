"""What parts of a firm are worth, against integrals, limits and simpler formulas."""

import numpy as np
import pytest
from scipy.integrate import quad

from agents.economics.leases import lease_value
from agents.economics.valuation import (
    arrival_value,
    deferred_credit_gain,
    overhead_value,
    risky_lease_value,
    spread_cost,
)


def test_a_tenant_that_cannot_fail_pays_the_value_of_its_lease():
    value = risky_lease_value(2.0, 0.03, 0.09, 0.0, 0.0, 15.0, 0.0)
    assert value == pytest.approx(lease_value(2.0, 0.03, 0.09, 15.0))


def test_a_lease_is_the_integral_over_when_its_tenant_fails():
    income, growth, rate, hazard, wait, years, residual = 1.5, 0.02, 0.09, 0.05, 1.25, 12.0, 7.0

    def paid_until(end):
        return quad(lambda t: income * np.exp((growth - rate) * t), 0.0, end)[0]

    def worth_if_failing_at(end):
        return paid_until(end) + residual * np.exp(-rate * end)

    fails = quad(lambda t: hazard * np.exp(-hazard * t) * worth_if_failing_at(t), 0.0, years)[0]
    lasts = np.exp(-hazard * years) * worth_if_failing_at(years)
    expected = np.exp(-(rate + hazard) * wait) * (fails + lasts)
    assert risky_lease_value(income, growth, rate, hazard, wait, years, residual) == pytest.approx(expected)


def test_the_riskier_the_tenant_the_less_its_lease_is_worth():
    hazard = np.array([0.0, 0.002, 0.03, 0.3, 3.0])
    value = risky_lease_value(1.5, 0.025, 0.09, hazard, 1.0, 12.0, 0.0)
    assert (np.diff(value) < 0.0).all()


def test_a_cost_due_now_is_itself_and_a_cost_spread_out_is_less():
    assert spread_cost(10.0, 0.09, 0.0) == pytest.approx(10.0)
    assert spread_cost(10.0, 0.09, 2.0) == pytest.approx(quad(lambda t: 5.0 * np.exp(-0.09 * t), 0, 2)[0])


def test_an_arrival_is_discounted_to_when_it_comes_if_the_window_is_still_open():
    arrival, closing, rate = 0.3, 0.5, 0.13
    expected = quad(lambda t: arrival * np.exp(-(arrival + closing + rate) * t), 0.0, np.inf)[0]
    assert arrival_value(arrival, closing, rate) == pytest.approx(expected)


def test_what_never_arrives_is_worth_nothing_and_what_is_there_is_worth_all():
    assert arrival_value(0.0, 0.5, 0.13) == 0.0
    assert arrival_value(1e12, 0.5, 0.13) == pytest.approx(1.0)


def test_overhead_for_ever_is_a_perpetuity():
    assert overhead_value(1.0, 0.12, np.inf) == pytest.approx(100.0)
    assert overhead_value(1.0, 0.12, 0.0) == 0.0


def test_a_prepayment_credited_at_once_or_without_interest_gains_nothing():
    assert deferred_credit_gain(100.0, 0.09, 0.0, 0.0) == pytest.approx(0.0, abs=1e-6)
    assert deferred_credit_gain(100.0, 0.0, 2.0, 3.0) == pytest.approx(0.0, abs=1e-6)


def test_a_prepayment_credited_late_gains_the_interest():
    credited = quad(lambda t: 100.0 / 3.0 * np.exp(-0.09 * t), 2.0, 5.0)[0]
    assert deferred_credit_gain(100.0, 0.09, 2.0, 3.0) == pytest.approx(100.0 - credited)


@pytest.mark.parametrize("years", [-1.0, np.nan])
def test_nonsense_is_refused(years):
    with pytest.raises(ValueError, match="years"):
        overhead_value(1.0, 0.12, years)
    with pytest.raises(ValueError, match="years"):
        risky_lease_value(1.0, 0.0, 0.1, 0.0, 0.0, years, 0.0)
