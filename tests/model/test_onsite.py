"""Supply behind the meter: how much, when, and for whom."""

import numpy as np
import pytest

from model.demand import delivered, order_onsite, update_demand
from model.onsite import deliver_onsite, place_orders, waits
from model.tenants import onsite_gains

DECEMBER_2028 = 37


@pytest.mark.parametrize(("position", "gigawatts"), [(0.0, 25.0), (0.5, 34.0), (1.0, 43.0)])
def test_capacity_reaches_the_published_range_by_the_end_of_2028(power_state, position, gigawatts):
    supply = power_state(**{"power.onsite_position": position}).onsite
    months = DECEMBER_2028 - supply.first_month + 1
    assert supply.first_month == 2
    assert supply.rate.sum() * months == pytest.approx(gigawatts * 1000)


def test_an_order_is_delivered_after_its_lead_time(power_state):
    state = power_state()
    supply, buyers = state.onsite, state.hyperscalers
    supply.orders[:] = 0.0
    buyers.demand_mw = 1e6
    for month in range(13):
        state.month = month
        deliver_onsite(state)
        if month == 0:
            orders = np.zeros_like(supply.delivered)
            orders[1, 0] = 50.0
            place_orders(supply, orders)
        assert buyers.onsite_mw[0] == (50.0 if month == supply.lead_months[1] == 12 else 0.0)


def test_finished_power_waits_for_the_load_it_was_made_for(power_state):
    state = power_state()
    supply, buyers = state.onsite, state.hyperscalers
    supply.orders[:] = 0.0
    supply.orders[0, 0, 0] = 100.0
    buyers.demand_mw = delivered(state) + 30.0
    deliver_onsite(state)
    assert buyers.onsite_mw[0] == pytest.approx(30.0)
    assert supply.orders[0, 0, 0] == pytest.approx(70.0)
    state.month += 1
    buyers.demand_mw += 100.0
    deliver_onsite(state)
    assert buyers.onsite_mw[0] == pytest.approx(100.0)
    assert not supply.orders.any()


def test_the_first_order_book_is_full_as_far_as_load_calls_for_it(power_state):
    state = power_state()
    supply = state.onsite
    monthly = supply.orders.sum(axis=2)
    assert (monthly <= supply.rate + 1e-9).all()
    for technology, lead in enumerate(supply.lead_months):
        assert not monthly[lead:, technology].any()
    assert not monthly[: supply.first_month].any()
    assert monthly[30:, 0] == pytest.approx(supply.rate[0])
    ordered = np.cumsum(monthly.sum(axis=1))
    due = np.array([state.demand.due(-1, month + 1) for month in range(len(ordered))])
    assert (ordered < due).all()


def test_scarce_places_are_shared_by_need(power_state):
    state = power_state()
    state.onsite.orders[:] = 0.0
    update_demand(state)
    order_onsite(state)
    placed = state.onsite.orders.sum(axis=0)
    short = state.onsite.unmet > 1.0
    assert short.any()
    assert placed.sum(axis=1)[short] == pytest.approx(state.onsite.rate[short])
    share = placed[short] / placed[short].sum(axis=1, keepdims=True)
    assert (share < 0.6).all()
    assert (placed >= 0.0).all()


def test_whoever_orders_behind_others_waits_longer_than_the_lead_time(power_state):
    state = power_state()
    state.onsite.unmet[:] = 0.0
    assert waits(state) == pytest.approx(state.onsite.lead_months / 12)
    state.onsite.rate[[0, 2]] = 0.0
    state.onsite.unmet[1] = 6 * state.onsite.rate[1]
    assert waits(state)[1] == pytest.approx(1.5)
    assert np.isinf(waits(state)[[0, 2]]).all()


def test_buyers_who_are_short_count_once_however_many_technologies_they_ask(power_state):
    state = power_state()
    supply = state.onsite
    supply.unmet[:] = 12 * supply.rate.sum()
    assert waits(state) == pytest.approx(supply.lead_months / 12 + 1.0)
    supply.rate[:] = supply.rate[0]
    supply.unmet[:] = 12 * supply.rate[0]
    assert waits(state) == pytest.approx(supply.lead_months / 12 + 1 / 3)


def test_a_technology_nobody_is_short_of_has_a_place_at_once(power_state):
    state = power_state()
    state.onsite.unmet[:] = 12 * state.onsite.rate * [1.0, 0.0, 0.0]
    assert waits(state) == pytest.approx(state.onsite.lead_months / 12 + [1.0, 0.0, 0.0])


def test_without_supply_behind_the_meter_nobody_waits_for_it(power_state, run_power):
    state = run_power(power_state(**{"power.onsite_enabled": False}), 12)
    assert np.isinf(waits(state)).all()
    assert not state.hyperscalers.onsite_mw.any()
    assert not state.onsite.orders.any()


def test_nobody_burns_gas_when_the_grid_has_room(power_state, run_power):
    state = power_state(**{"power.connection_scale": 1e6, "power.lead_scale": 0.0})
    assert (onsite_gains(state)[:, state.hyperscalers.investment_grade] <= 0.0).all()
    assert (onsite_gains(power_state()) > 0.0).any()


def test_deliveries_are_somebodys(power_state, run_power):
    state = run_power(power_state(), 40)
    assert state.onsite.delivered.sum(axis=0) == pytest.approx(state.hyperscalers.onsite_mw)
    assert (state.onsite.delivered.sum(axis=1) <= state.onsite.rate * (40 - 2) + 1e-6).all()
