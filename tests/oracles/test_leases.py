"""What leases, time to power and loans are worth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from agents.economics.leases import (
    lease_annuity,
    lease_value,
    level_payment,
    level_payment_of,
    powered_shell_equity,
    time_to_power_value,
)

rates = st.floats(0.0, 0.3)
terms = st.one_of(st.just(0.0), st.floats(0.01, 30.0))


class TestLeases:
    def test_fifteen_years_of_escalating_rent_are_worth_9_89_first_rents(self):
        assert lease_annuity(0.03, 0.09, 15) == pytest.approx(9.890506, rel=1e-6)
        assert lease_value(1.0, 0.03, 0.09, 15) == pytest.approx(9.890506, rel=1e-6)

    @given(st.floats(0.1, 10.0), st.floats(-0.05, 0.1), rates, terms)
    def test_value_is_the_discounted_rent(self, rent, escalator, rate, years):
        expected = quad(lambda t: rent * math.exp((escalator - rate) * t), 0.0, years)[0]
        assert lease_value(rent, escalator, rate, years) == pytest.approx(expected, rel=1e-8, abs=1e-12)

    def test_rent_that_grows_at_the_discount_rate_is_worth_rent_times_term(self):
        assert lease_value(2.0, 0.05, 0.05, 15) == 30.0
        assert lease_value(2.0, 0.05, 0.05 + 1e-12, 15) == pytest.approx(30.0)

    def test_a_column_of_leases_is_valued_one_by_one(self):
        rents, years = np.array([1.0, 2.0]), np.array([[10.0], [15.0]])
        together = lease_value(rents, 0.03, 0.09, years)
        assert together.shape == (2, 2)
        one = lease_value(2.0, 0.03, 0.09, 15.0)
        assert isinstance(one, float)
        assert together[1, 1] == one


class TestTimeToPower:
    def test_power_in_18_months_instead_of_5_years_is_worth_5_musd_per_mw(self):
        assert time_to_power_value(2.0, 0.10, 1.5, 5.0) == pytest.approx(5.0835, abs=5e-5)

    @given(st.floats(0.0, 10.0), rates, terms, terms)
    def test_it_is_the_margin_of_the_years_gained(self, margin, rate, ready, alternative):
        expected = quad(lambda t: margin * math.exp(-rate * t), ready, max(alternative, ready))[0]
        value = time_to_power_value(margin, rate, ready, alternative)
        assert value == pytest.approx(expected, rel=1e-8, abs=1e-12)

    def test_it_vanishes_when_power_is_as_near_elsewhere(self):
        assert time_to_power_value(2.0, 0.10, 1.5, 1.5) == 0.0
        assert time_to_power_value(2.0, 0.10, 1.5, 0.5) == 0.0
        assert time_to_power_value(2.0, 0.10, math.inf, math.inf) == 0.0

    def test_without_an_alternative_it_is_all_the_margin_there_is(self):
        assert time_to_power_value(2.0, 0.10, 1.5, math.inf) == pytest.approx(20.0 * math.exp(-0.15))

    def test_without_discounting_years_gained_just_add_up(self):
        assert time_to_power_value(2.0, 0.0, 1.5, 5.0) == pytest.approx(7.0)

    def test_a_column_of_sites_is_valued_one_by_one(self):
        ready = np.array([0.5, 1.5, 6.0])
        together = time_to_power_value(2.0, 0.10, ready, 5.0)
        assert together.tolist() == [time_to_power_value(2.0, 0.10, float(t), 5.0) for t in ready]


class TestPoweredShell:
    def test_equity_is_what_capitalised_income_leaves_after_capex_scaled_to_gross_power(self):
        assert powered_shell_equity(1.4, 0.08, 10.0, 0.70) == pytest.approx(0.70 * (1.4 / 0.08 - 10.0))

    def test_a_shell_that_costs_more_than_it_earns_destroys_value(self):
        assert powered_shell_equity(0.5, 0.08, 10.0, 0.70) < 0.0


class TestLoans:
    @given(st.floats(1.0, 1000.0), st.floats(0.0, 0.3), st.integers(1, 30))
    def test_level_payments_repay_the_loan_to_the_last_cent(self, principal, rate, years):
        payment, owed = level_payment(principal, rate, years), principal
        for _ in range(12 * years):
            owed += owed * rate / 12 - payment
        assert owed == pytest.approx(0.0, abs=1e-7 * principal * (1 + rate / 12) ** (12 * years))

    def test_loops_reckon_the_same_payments(self):
        principal, rate, years = (
            np.array([1.0, 100.0, 7.0]),
            np.array([0.0, 0.0745, 0.2]),
            np.array([1.0, 12.0, 0.25]),
        )
        log_rate, payments = np.log1p(rate / 12.0), years * 12.0
        grown = np.expm1(-log_rate * payments)
        terms = zip(principal, rate / 12.0, log_rate, payments, grown, strict=True)
        found = [level_payment_of(*each) for each in terms]
        np.testing.assert_array_equal(found, level_payment(principal, rate, years))

    def test_a_thirty_year_mortgage_at_six_percent_costs_0_6_percent_a_month(self):
        assert level_payment(100.0, 0.06, 30) == pytest.approx(0.5995505, rel=1e-6)

    def test_without_interest_a_loan_is_repaid_in_equal_parts(self):
        assert level_payment(120.0, 0.0, 1) == pytest.approx(10.0)
        assert level_payment(120.0, 1e-10, 1) == pytest.approx(10.0)

    def test_annual_payments_are_the_textbook_annuity(self):
        assert level_payment(100.0, 0.10, 2, periods_per_year=1) == pytest.approx(100 * 0.1 / (1 - 1.1**-2))


@pytest.mark.parametrize(
    ("formula", "arguments", "culprit"),
    [
        (lease_value, (math.nan, 0.03, 0.09, 15), "rent"),
        (lease_value, (1.0, 0.03, 0.09, -1), "years"),
        (lease_value, (1.0, 0.03, -0.09, 15), "discount_rate"),
        (lease_value, (1.0, math.nan, 0.09, 15), "escalator"),
        (time_to_power_value, (2.0, 0.1, -1.0, 5.0), "ready"),
        (time_to_power_value, (2.0, 0.1, 1.0, math.nan), "alternative"),
        (time_to_power_value, (2.0, -0.1, 1.0, 5.0), "discount_rate"),
        (time_to_power_value, (math.nan, 0.1, 1.0, 5.0), "margin"),
        (powered_shell_equity, (1.4, 0.0, 10.0, 0.7), "cap_rate"),
        (powered_shell_equity, (1.4, 0.08, 10.0, 1.7), "it_to_gross"),
        (level_payment, (-1.0, 0.05, 10), "principal"),
        (level_payment, (1.0, -0.05, 10), "rate"),
        (level_payment, (1.0, 0.05, 0), "years"),
    ],
)
def test_nonsense_is_refused_by_name(formula, arguments, culprit):
    with pytest.raises(ValueError, match=culprit):
        formula(*arguments)
