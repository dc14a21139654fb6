"""What a tenant would pay at most: limits, and the integral it solves."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from agents.economics.leases import time_to_power_value
from agents.economics.tenants import (
    Alternatives,
    Hall,
    LeaseOffer,
    capital_annuity,
    highest_rent,
    own_hall_value,
    power_cost_it,
)

HALL = Hall(capex=10.5, residual=0.8)
FREE_HALL = Hall(capex=0.0, residual=0.0)


def offer(ready=1.2, term=12.0, escalator=0.025, fit_out=0.0, capex=0.0, residual=0.0, cost=0.0, service=0.0):
    return LeaseOffer(ready, fit_out, term, escalator, capex, residual, cost, service)


def elsewhere(*ready, cost=0.0):
    return Alternatives(np.array(ready), cost)


margins = st.floats(0.5, 4.0)
rates = st.floats(0.02, 0.2)
times = st.floats(0.0, 8.0)
costs = st.floats(-0.3, 0.6)


@given(margins, rates, times, times, costs, costs)
@settings(max_examples=40, deadline=None)
def test_the_tenant_is_indifferent_at_its_highest_rent(margin, rate, ready, other, here, there):
    place = offer(ready, term=10.0, fit_out=0.4, capex=3.0, residual=0.5, cost=here, service=1.5)
    rent = highest_rent(margin, rate, place, HALL, elsewhere(other, cost=there))
    end = ready + 10.0

    def worth(flow, start, capex, residual):
        earned = quad(lambda t: flow * math.exp(-rate * t), start, end)[0] if start < end else 0.0
        return earned - capex * (math.exp(-rate * start) - residual * math.exp(-rate * end))

    leased = worth(margin + 1.5 - here, ready + 0.4, 3.0, 0.5)
    paid = quad(lambda t: rent * math.exp(0.025 * (t - ready) - rate * t), ready, end)[0]
    own = worth(margin - there, other, 10.5, 0.8) if other < end else 0.0
    if rent < margin + 1.5 - here - 1e-12:
        assert leased - paid == pytest.approx(max(own, 0.0), abs=1e-9)
    else:
        assert leased - paid >= max(own, 0.0) - 1e-9


@given(margins, margins, rates)
def test_power_that_is_elsewhere_as_soon_earns_only_the_capital_it_spares(one, other, rate):
    """Once the queue clears, what AI earns no longer matters to the rent (if a hall pays at all)."""
    cost = 0.26
    least = cost + rate * 10.5 + 0.3
    first, second = (
        highest_rent(least + m, rate, offer(escalator=0.0), HALL, elsewhere(1.2, cost=cost))
        for m in (one, other)
    )
    spared = 10.5 * (math.exp(-rate * 1.2) - 0.8 * math.exp(-rate * 13.2))
    spared += cost * (math.exp(-rate * 1.2) - math.exp(-rate * 13.2)) / rate
    rents = math.exp(-rate * 1.2) * (1.0 - math.exp(-rate * 12.0)) / rate
    assert first == pytest.approx(second)
    assert first == pytest.approx(min(spared / rents, least + one))


def test_a_tenant_without_an_alternative_pays_its_margin():
    rent = highest_rent(2.4, 0.09, offer(escalator=0.0), HALL, elsewhere(math.inf))
    assert rent == pytest.approx(2.4)


def test_nothing_is_earned_beyond_the_margin():
    falling = offer(escalator=-0.2)
    assert highest_rent(2.4, 0.09, falling, HALL, elsewhere(math.inf)) == pytest.approx(2.4)


def test_without_capital_the_premium_is_the_value_of_time_to_power():
    """MODEL 8: m 2, r 0.10, 1.5 against 5 years is 5.0835 musd/MW."""
    forever = offer(ready=1.5, term=2000.0, escalator=0.0)
    rent = highest_rent(2.0, 0.10, forever, FREE_HALL, elsewhere(5.0))
    worth = rent * math.exp(-0.15) / 0.10
    assert worth == pytest.approx(time_to_power_value(2.0, 0.10, 1.5, 5.0))
    assert worth == pytest.approx(5.0835, abs=5e-5)


@given(margins, rates, times, times, times)
def test_a_longer_wait_elsewhere_never_lowers_the_rent(margin, rate, ready, sooner, longer):
    sooner, longer = sorted((sooner, longer))
    first = highest_rent(margin, rate, offer(ready), HALL, elsewhere(sooner, cost=0.26))
    second = highest_rent(margin, rate, offer(ready), HALL, elsewhere(longer, cost=0.26))
    assert second >= first - 1e-12


@given(margins, rates, times, times)
def test_another_alternative_never_raises_the_rent(margin, rate, other, third):
    alone = highest_rent(margin, rate, offer(), HALL, elsewhere(other, cost=0.26))
    both = highest_rent(margin, rate, offer(), HALL, elsewhere(other, third, cost=0.26))
    assert both <= alone + 1e-12
    assert both == pytest.approx(
        min(highest_rent(margin, rate, offer(), HALL, elsewhere(each, cost=0.26)) for each in (other, third))
    )


@given(margins, rates, st.floats(0.1, 1000.0))
def test_rents_are_in_the_money_of_the_costs(margin, rate, unit):
    place = offer(capex=2.0, residual=0.8, cost=0.1, service=0.3)
    rent = highest_rent(margin, rate, place, HALL, elsewhere(4.0, cost=0.2))
    scaled = place._replace(capex=2.0 * unit, running_cost=0.1 * unit, service=0.3 * unit)
    hall = Hall(10.5 * unit, 0.8)
    assert highest_rent(margin * unit, rate, scaled, hall, elsewhere(4.0, cost=0.2 * unit)) == pytest.approx(
        rent * unit
    )


def test_what_the_tenant_builds_itself_comes_off_the_rent():
    bare = offer(capex=8.5, residual=0.8, cost=0.26)
    ready = highest_rent(3.0, 0.07, offer(), HALL, elsewhere(4.0))
    shell = highest_rent(3.0, 0.07, bare, HALL, elsewhere(4.0))
    rents = math.exp(-0.07 * 1.2) * (1.0 - math.exp(-0.045 * 12.0)) / 0.045
    built = 8.5 * (math.exp(-0.07 * 1.2) - 0.8 * math.exp(-0.07 * 13.2))
    run = 0.26 * (math.exp(-0.07 * 1.2) - math.exp(-0.07 * 13.2)) / 0.07
    assert (ready - shell) * rents == pytest.approx(built + run)


def test_a_landlords_gpus_come_on_top():
    gpus = capital_annuity(29.0, 0.2, 0.07, 5.0)
    assert gpus == pytest.approx(29.0 * (1 - 0.2 * math.exp(-0.35)) * 0.07 / (1 - math.exp(-0.35)))
    short = offer(term=5.0, escalator=0.0)
    hall_only = highest_rent(3.0, 0.07, short, HALL, elsewhere(4.0))
    cloud = highest_rent(3.0, 0.07, short._replace(service=gpus), HALL, elsewhere(4.0))
    assert cloud - hall_only == pytest.approx(gpus)


def test_a_hall_that_would_start_after_the_lease_is_no_alternative():
    assert own_hall_value(3.0, 0.07, 13.2, HALL, elsewhere(13.2, 20.0, math.inf)) == pytest.approx([0, 0, 0])


def test_a_megawatt_of_power_a_year_at_a_dollar():
    assert power_cost_it(100.0, 1.25) == pytest.approx(100.0 * 8766 * 1.25 / 1e6)


def test_columns_of_buyers_blocks_and_alternatives_are_taken_one_by_one():
    margin, rate = np.array([[3.0], [2.2]]), np.array([[0.07], [0.11]])
    ready = np.array([1.0, 1.4, 2.0])
    wait = np.array([3.0, 5.0])[:, None, None]
    rents = highest_rent(
        margin, rate, offer(ready), HALL, Alternatives(wait, np.array([0.2, 0.1])[:, None, None])
    )
    assert rents.shape == (2, 3)
    for buyer in range(2):
        for block in range(3):
            alone = highest_rent(
                margin[buyer, 0],
                rate[buyer, 0],
                offer(ready[block]),
                HALL,
                Alternatives(np.array([3.0, 5.0]), np.array([0.2, 0.1])),
            )
            assert rents[buyer, block] == pytest.approx(alone)


@pytest.mark.parametrize(
    "broken", [{"ready": -1.0}, {"term": 0.0}, {"fit_out": -0.1}, {"escalator": math.nan}, {"cost": math.inf}]
)
def test_nonsense_is_refused(broken):
    with pytest.raises(ValueError, match="must be"):
        highest_rent(3.0, 0.07, offer(**broken), HALL, elsewhere(4.0))
