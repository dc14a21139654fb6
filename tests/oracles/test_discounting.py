"""Rents are raised once a year; formulas reckon with continuous growth."""

import numpy as np
import pytest

from agents.economics.discounting import annuity_factor, mean_over_term, yearly_step


@pytest.mark.parametrize("escalator", [-0.02, 0.0, 0.025, 0.08])
@pytest.mark.parametrize("years", [1, 5, 12, 15])
def test_a_rent_raised_yearly_is_the_continuous_one_that_pays_as_much_every_year(escalator, years):
    growth = np.log1p(escalator)
    stepped = (1.0 + escalator) ** np.arange(years)
    start = yearly_step(growth)
    for year, paid in enumerate(stepped):
        assert start * np.exp(growth * year) * annuity_factor(-growth, 1.0) == pytest.approx(paid)
    assert mean_over_term(growth, years) == pytest.approx(stepped.mean())


@pytest.mark.parametrize("rate", [0.05, 0.09, 0.15])
def test_its_present_value_is_that_of_the_months_to_a_thousandth(rate):
    escalator, years = 0.025, 15
    month = np.arange(12 * years)
    paid = (1.0 + escalator) ** (month // 12) / 12.0
    exact = float(paid @ np.exp(-rate * (month + 0.5) / 12.0))
    growth = np.log1p(escalator)
    assert yearly_step(growth) * annuity_factor(rate - growth, years) == pytest.approx(exact, rel=2e-3)
