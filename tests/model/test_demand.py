"""Load due, what buyers still need, and what money has to do with it."""

import numpy as np
import pytest

from agents.tables import LeaseStatus
from model.baseline_tables import load_tables
from model.calendar import Calendar
from model.demand import coverage, delivered, demand_path, secured, update_demand
from model.scenario import Scenario

DECEMBER_2028, DECEMBER_2032 = 37, 85


def path(**dotted):
    return demand_path(Scenario().with_values(**dotted), load_tables(), Calendar("2025-11"))


def test_load_due_follows_the_table_at_the_end_of_each_year():
    due = path()
    for month, gigawatts in ((-1, 10 * 10 / 12), (1, 10), (13, 24), (25, 42), (37, 65), (49, 85), (85, 134)):
        assert due.due(month) == pytest.approx(gigawatts * 1000)


def test_a_scenario_scales_the_path_and_what_comes_after_2028_by_itself():
    assert path(**{"ai.demand_gw": 130}).due(DECEMBER_2032) == pytest.approx(268_000)
    later = path(**{"ai.demand_after_2028": 0.5})
    assert later.due(DECEMBER_2028) == pytest.approx(65_000)
    assert later.due(DECEMBER_2032) == pytest.approx(65_000 + 69_000 / 2)


def test_demand_goes_on_at_the_last_rate_so_that_plans_do_not_end_with_the_table():
    due = path()
    assert due.due(DECEMBER_2032, 24) == pytest.approx(134_000 + 2 * 15_000)


def test_nobody_foresees_the_bust_and_additions_go_on_after_it():
    due = path(**{"ai.bust_month": 26, "ai.bust_share": 0.5})
    calm = path()
    assert due.due(25, 12) == calm.due(25, 12)
    assert due.due(26) == pytest.approx(0.5 * calm.due(26))
    assert due.due(38) - due.due(26) == pytest.approx(calm.due(38) - calm.due(26))


def test_a_bust_empties_need_and_makes_tenants_fail_more_often(power_state, run_power):
    state = run_power(power_state(**{"ai.bust_month": 26}), 26)
    assert state.scratch["tenant_hazard_factor"] == 1.0
    assert state.hyperscalers.need_mw.sum() > 10_000
    run_power(state, 1)
    assert state.scratch["tenant_hazard_factor"] == 10.0
    assert state.hyperscalers.need_mw.sum() < 1_000


def test_without_demand_nothing_is_due_needed_connected_or_queued(power_state, run_power):
    state = run_power(power_state(**{"ai.demand_gw": 0.0}), 24)
    buyers, regions = state.hyperscalers, state.regions
    for column in (buyers.demand_mw, buyers.need_mw, buyers.grid_mw, buyers.onsite_mw, regions.connected_mw):
        assert not column.any()
    assert len(state.requests) == 0
    assert not regions.speculative_mw.any()


def test_need_is_what_is_due_at_the_end_of_the_plan_and_covered_by_nothing(power_state):
    state = power_state()
    buyers = state.hyperscalers
    due = buyers.demand_share * state.demand.due(0, 24)
    assert buyers.need_mw == pytest.approx(np.maximum(due - coverage(state, [24])[0], 0.0))
    assert buyers.committed_mw == pytest.approx(coverage(state, [24])[0] - delivered(state))
    assert 2_000 < buyers.need_mw.sum() < 8_000


def test_a_signed_lease_covers_need_megawatt_for_megawatt(power_state):
    state = power_state()
    before = state.hyperscalers.need_mw.copy()
    row = {
        "tenant": 0,
        "site": 0,
        "status": LeaseStatus.BUILDING,
        "gross_mw": 200.0,
        "delivery": 14,
        "term": 144,
    }
    state.leases.add(1, row)
    update_demand(state)
    assert before[0] - state.hyperscalers.need_mw[0] == pytest.approx(200.0)
    assert state.hyperscalers.need_mw[1:] == pytest.approx(before[1:])


def test_coverage_only_grows_with_the_horizon(power_state):
    covered = coverage(power_state(), [24, 30, 36])
    assert (np.diff(covered, axis=0) >= 0.0).all()


def test_buyers_count_on_the_near_term_grid_they_will_get_anyway(power_state):
    """Of the 21 GW to 2028 they expect what is built, and most of what operators can connect in two years."""
    state = power_state()
    plan = [24]
    built = secured(state, plan).sum() - secured(state, [0]).sum() + state.grid.construction[:1].sum()
    assert built > state.grid.construction.sum() * 0.99
    queued = (coverage(state, plan) - secured(state, plan)).sum()
    assert queued == pytest.approx(24 * state.regions.capacity_mw_month.sum(), rel=0.05)


@pytest.mark.parametrize("months", [0, 24, 48])
def test_more_demand_means_weakly_more_need(power_state, run_power, months):
    needs = []
    for demand in (20, 40, 65, 90):
        state = run_power(power_state(**{"ai.demand_gw": demand}), months)
        update_demand(state)
        needs.append(state.hyperscalers.need_mw.sum())
    assert (np.diff(needs) >= -10.0).all()


def test_a_change_of_currency_moves_no_megawatt(power_state, run_power):
    def in_currency(unit):
        state = power_state(
            **{
                "ai.normal_power": 77 * unit,
                "ai.margin_scale": unit,
                "leases.colocation_capex": 10.5 * unit,
                "leases.colocation_rent": 1.73 * unit,
                "power.capacity_price_cap": 666.5 * unit,
            }
        )
        state.grid.industrial_price *= unit
        state.onsite.cost *= unit
        for column in ("energy_price_start", "capacity_price_start", "capacity_price"):
            getattr(state.regions, column)[:] *= unit
        update_demand(state)
        return run_power(state, 30)

    one, other = in_currency(1.0), in_currency(3.0)
    for name in ("grid_mw", "onsite_mw", "need_mw"):
        assert getattr(one.hyperscalers, name) == pytest.approx(getattr(other.hyperscalers, name))
    assert one.regions.queue_mw == pytest.approx(other.regions.queue_mw)
