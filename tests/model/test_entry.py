"""New miners come when a new mine pays, and bring their own money."""

import numpy as np
import pytest

from agents.economics.mining import machine_value
from agents.tables import NEVER, Kind, Stage, Tenure
from model.audit import audit
from model.entry import _beliefs, _power_cost, add_sites, entry, profitability
from model.mining import meter_efficiency
from model.options import best_machine_on_sale
from model.scenario import Scenario
from model.setup import build_state
from model.tick import TICK, run_month


def in_month(month=3, hashprice=60.0, seed=0, **values):
    """Return an industry in a month of its life, with miners expecting a hashprice."""
    state = build_state(Scenario().with_values(**values), seed)
    state.month = month
    state.firms.expected_hashprice[:] = hashprice
    return state


def entrants(state):
    return np.flatnonzero((state.firms.entry_month > 0) & (state.firms.kind == Kind.PRIVATE))


def test_a_new_mine_pays_better_the_higher_the_hashprice():
    gains = [profitability(in_month(hashprice=hashprice)) for hashprice in (10.0, 60.0, 80.0, 100.0)]
    assert gains[0] == 0.0
    assert gains[1] <= gains[2] < gains[3]


def test_a_new_mine_meets_the_hashprice_of_the_day_it_opens():
    state = in_month(hashprice=120.0)
    price, capex = float(state.machine_price[best_machine_on_sale(state)]), state.scenario.finance.mine_capex
    efficiency = float(meter_efficiency(state)[best_machine_on_sale(state)])
    reward, decay = _beliefs(state)
    rate, years = state.scenario.finance.discount_mining_private, 9 / 12
    value = machine_value(
        reward * np.exp(-decay * years),
        efficiency,
        _power_cost(state, 0.5) + state.scenario.row.other_cost,
        decay,
        rate,
        max_life=state.scenario.bitcoin.machine_life,
    )
    worth = value * np.exp(-rate * years) * state.scenario.power.availability - price
    forever = worth / efficiency / (1.0 - np.exp(-rate * state.scenario.bitcoin.machine_life))
    assert state.scenario.consolidation.entry_build_months == 9
    assert profitability(state) == pytest.approx((forever - capex) / (price / efficiency + capex))


def test_a_new_mine_pays_worse_the_dearer_machines_and_power_are():
    usual = profitability(in_month(hashprice=90.0))
    dear_power = profitability(in_month(hashprice=90.0, **{"power.energy_scale": 1.3}))
    state = in_month(hashprice=90.0)
    state.machine_price[:] *= 1.3
    assert max(dear_power, profitability(state)) < usual


def test_profitability_has_no_unit_of_money():
    state = in_month(hashprice=90.0)
    before = profitability(state)
    scale = 7.0
    row, finance = state.scenario.row, state.scenario.finance
    state.scenario = state.scenario.with_values(
        **{
            "row.cost_median": row.cost_median * scale,
            "row.other_cost": row.other_cost * scale,
            "finance.mine_capex": finance.mine_capex * scale,
        }
    )
    state.firms.expected_hashprice[:] *= scale
    state.machine_price[:] *= scale
    assert profitability(state) == pytest.approx(before)


def test_nobody_enters_when_it_does_not_pay_or_is_switched_off():
    for state in (
        in_month(hashprice=5.0, **{"consolidation.entry_rate": 100.0}),
        in_month(hashprice=200.0, **{"consolidation.entry_enabled": False}),
        in_month(month=0, hashprice=200.0, **{"consolidation.entry_rate": 100.0}),
    ):
        count = len(state.firms)
        entry(state)
        assert len(state.firms) == count


def test_as_many_enter_on_average_as_rate_and_profit_say():
    state = in_month(hashprice=120.0, **{"consolidation.entry_rate": 2.0})
    expected = 2.0 * profitability(state)
    found = 0
    for month in range(3, 63):
        state.month = month
        before = len(state.firms)
        entry(state)
        found += len(state.firms) - before
    assert found == pytest.approx(60 * expected, abs=4.0 * np.sqrt(60 * expected))


def crowded(**values):
    state = in_month(hashprice=90.0, **{"consolidation.entry_rate": 20.0} | values)
    entry(state)
    return state, entrants(state)


def test_an_entrant_is_one_private_firm_with_one_site_to_be_energised():
    state, firms = crowded()
    assert len(firms) > 10
    sites = np.flatnonzero(np.isin(state.sites.owner, firms))
    np.testing.assert_array_equal(np.sort(state.sites.owner[sites]), firms)
    assert len(state.firm_names) == len(state.firms)
    assert len(state.site_names) == len(state.sites) == state.orders.shape[1]
    assert state.firm_names[firms[0]] == "entrant 2026-02 1"
    table = state.sites
    np.testing.assert_allclose(table.pipeline_mw[sites], table.secured_mw[sites])
    assert (table.energised_mw[sites] == 0.0).all()
    assert (table.energisation[sites] == 3 + state.scenario.consolidation.entry_build_months).all()
    assert (table.stage[sites] == Stage.CONSTRUCTION).all()
    assert (table.tenure[sites] != Tenure.HOSTED).all()
    assert table.us[sites].all()
    assert (table.secured_mw[sites] <= state.scenario.population.tail_site_max).all()


def test_names_and_slots_are_unique():
    state, _ = crowded()
    assert len(set(state.firms.slot.tolist())) == len(state.firms)
    assert len(set(state.sites.slot.tolist())) == len(state.sites)


def test_investors_pay_and_every_book_balances():
    state, firms = crowded()
    state.ledger.check()
    np.testing.assert_allclose(state.firms.capital[firms], state.firms.restricted_cash[firms])
    mw = np.bincount(state.sites.owner, state.sites.secured_mw)[firms]
    assert (state.firms.capital[firms] > mw * state.scenario.finance.mine_capex).all()
    assert (state.firms.corporate_debt[firms] == 0.0).all()
    assert state.ledger.sector_cash["investors"] == pytest.approx(-state.firms.capital[firms].sum())


def test_entrants_find_sites_in_the_cheaper_half():
    state, firms = crowded(**{"consolidation.entry_median_mw": 50.0})
    sites = np.isin(state.sites.owner, firms) & (state.sites.secured_mw >= 10.0)
    assert (state.sites.power_cost[sites] < state.scenario.row.cost_median).all()


def test_who_enters_does_not_depend_on_a_firm_without_megawatts():
    state, _ = crowded()
    other = in_month(hashprice=90.0, **{"consolidation.entry_rate": 20.0})
    other.firms.add(1, {"slot": 99, "kind": Kind.PRIVATE, "expected_hashprice": 1e6, "discount_rate": 0.1})
    other.firm_names.append("nobody")
    entry(other)
    first, count = len(build_state(Scenario(), 0).sites), len(state.sites)
    assert len(other.sites) == count
    for column in ("secured_mw", "power_cost", "region", "contract"):
        np.testing.assert_array_equal(
            getattr(state.sites, column)[first:], getattr(other.sites, column)[first:]
        )


def test_machines_arrive_when_the_mine_is_built():
    state, firms = crowded()
    sites = np.flatnonzero(np.isin(state.sites.owner, firms))
    build = state.scenario.consolidation.entry_build_months
    state.month += build - len(state.orders)
    entry(state)
    assert (state.orders[-1, sites] > 0.0).all()
    assert (state.firms.machines[firms] > 0.0).all()
    # What energisation will cost has not gone into machines.
    works = np.bincount(state.sites.owner, state.sites.pipeline_mw)[firms] * state.scenario.finance.mine_capex
    assert (state.firms.restricted_cash[firms] > works).all()
    state.ledger.check()
    efficiency = state.generations[state.order_generation[-1]] * state.scenario.power.pue_mining
    assert (state.orders[-1, sites] * efficiency <= state.sites.pipeline_mw[sites] + 1e-9).all()


def test_machines_leave_an_entrant_the_cash_it_runs_on_until_it_mines():
    values = {
        "finance.debt_enabled": False,
        "bitcoin.price_process": "constant",
        "bitcoin.price_start": 250000.0,
    }
    state = build_state(Scenario().with_values(**values), 1)
    for _ in range(16):
        run_month(state)
    firms = entrants(state)
    assert len(firms) > 10
    assert (state.firms.exit_month[firms] == NEVER).all()


def test_machines_of_an_entrant_run_from_the_day_its_mine_energises():
    values = {
        "power.pipeline_slip_construction": 0.0,
        "leases.market_enabled": False,
        "bitcoin.price_process": "constant",
        "consolidation.entry_rate": 20.0,
        "finance.mine_capex": 0.1,
    }
    state = build_state(Scenario().with_values(**values), 0)
    for _ in range(28):
        run_month(state)
    sites = state.sites
    opened = np.isin(sites.owner, entrants(state)) & (sites.energised_mw > 0.0)
    # Machines of a mine that is held back, because mining no longer repays the works, are sold.
    months = state.scenario.consolidation.entry_build_months
    opened &= sites.energisation == state.firms.entry_month[sites.owner] + months
    assert opened.sum() > 3
    load = sites.hash @ state.generations * state.scenario.power.pue_mining
    assert (load[opened] > 0.7 * sites.energised_mw[opened]).all()


def test_sites_can_be_added_without_a_firm_losing_its_orders():
    state = build_state(Scenario(), 0)
    state.orders[0, 3] = 1.5
    rows = add_sites(state, ["new"], {"slot": np.array([5]), "owner": np.array([0])})
    assert state.orders.shape[1] == len(state.sites) == rows[0] + 1
    assert state.orders[0, 3] == 1.5


def test_an_industry_with_many_entrants_passes_every_audit():
    cheap = {"consolidation.entry_rate": 30.0, "finance.mine_capex": 0.1, "bitcoin.price_process": "constant"}
    state = build_state(Scenario().with_values(**cheap), 0)
    for _ in range(20):
        run_month(state)
    firms = entrants(state)
    assert len(firms) > 5
    audit_possible = TICK[-1].steps[0] is audit
    assert audit_possible
    grown = np.bincount(state.sites.owner[state.sites.owner >= 0], minlength=len(state.firms))[firms]
    assert grown.max() >= 1
