from types import SimpleNamespace

import numpy as np
import pytest

from agents.columns import Table
from agents.economics.mining import machine_value
from agents.tables import FIRM, LEASE, REGION, Contract, Kind, Product, Status, site_columns
from model import machine_orders
from model.baseline_machines import machines
from model.baseline_network import hashprice_at, network_start
from model.baseline_tables import load_tables
from model.calendar import Calendar
from model.expectations import hashprice_record
from model.industry import Industry
from model.ledger import Ledger
from model.machine_market import (
    best_machine,
    deliver_machines,
    fit_machines,
    machine_values,
    next_prices,
    ordered_mw,
    retire_machines,
    sell_machines,
    still_made,
    update_machine_prices,
)
from model.mining import dispatch
from model.options import site_mining_values
from model.rest_of_world import RestOfWorld, rest_of_world_at_start
from model.scenario import Scenario
from model.streams import Streams

OLD, MIDDLE, NEW = 30.0, 20.0, 10.0
GENERATIONS = np.array([OLD, MIDDLE, NEW])
LEAD = 5
TABLES = load_tables()


def sector(scenario):
    made = RestOfWorld(scenario, GENERATIONS, np.array([100.0, 300.0, 50.0]), np.ones(3), 45.0)
    made.orders[:], made.order_generation[:] = 10.0, 2
    return made


def world(sites=1, mw=100.0, cash=1e4, held=0.0, machine=1, months=LEAD, firms=1, **values):
    """Return firms with some sites each, all reviewed every month, with `held` MW of machines."""
    scenario = Scenario().with_values(**{"bitcoin.order_lead_months": months}, **values)
    firm, site = Table(FIRM), Table(site_columns(3))
    firm.add(
        firms,
        {
            "slot": np.arange(firms),
            "cash": cash,
            "machines": 50.0,
            "kind": Kind.LISTED,
            "discount_rate": 0.13,
            "expected_hashprice": 45.0,
            "expected_decay": 0.236,
            "review_probability": 1.0,
        },
    )
    hashes = np.zeros((sites, 3))
    hashes[:, machine] = held / (GENERATIONS[machine] * scenario.power.pue_mining)
    site.add(
        sites,
        {
            "slot": np.arange(sites) + 100,
            "owner": np.arange(sites) % firms,
            "us": True,
            "contract": Contract.FIXED,
            "power_cost": 40.0,
            "fixed_price": 40.0,
            "operating_cost": 4.5,
            "secured_mw": mw,
            "energised_mw": mw,
            "mining_mw": held,
            "idle_mw": mw - held,
            "hash": hashes,
        },
    )
    region = Table(REGION)
    region.add(1)
    ledger = Ledger(firm)
    ledger.set_opening_capital(np.arange(firms))
    return SimpleNamespace(
        scenario=scenario,
        streams=Streams(0),
        month=0,
        firms=firm,
        sites=site,
        regions=region,
        leases=Table(LEASE),
        generations=GENERATIONS,
        generation_month=np.array([-60, -20, -5]),
        machine_price=np.array([3.0, 8.0, 12.0]),
        rest_of_world=sector(scenario),
        orders=np.zeros((months, sites)),
        order_generation=np.zeros(months, dtype=np.int64),
        ledger=ledger,
        scratch={"best_machine": 2},
        figures={},
    )


def order_machines(state):
    """Order what the values of phase 7 call for."""
    site_mining_values(state)
    machine_orders.order_machines(state)


def dispatch_at(state, hashprice):
    state.hashprice = state.firms.expected_hashprice = hashprice
    dispatch(state)


def machine_mw(state):
    return state.sites.hash @ (state.generations * state.scenario.power.pue_mining)


def pass_months(state, months):
    for _ in range(months):
        state.month += 1
        deliver_machines(state)


def test_idle_megawatts_are_filled_with_the_best_machine_after_the_lead():
    state = world()
    order_machines(state)
    assert ordered_mw(state) == pytest.approx([100.0])
    assert state.ledger.flows["machine orders"] == pytest.approx(100.0 / 10.5 * 12.0)
    pass_months(state, LEAD - 1)
    assert machine_mw(state) == 0.0
    pass_months(state, 1)
    assert machine_mw(state) == pytest.approx([100.0])
    assert (state.sites.hash[0, :2] == 0.0).all()
    assert state.orders.sum() == 0.0
    state.ledger.check()


def test_without_a_lead_machines_are_there_at_once():
    state = world(months=0)
    order_machines(state)
    assert machine_mw(state) == pytest.approx([100.0])


def test_what_is_on_order_is_not_ordered_again():
    state = world()
    order_machines(state)
    state.ledger.new_month()
    order_machines(state)
    assert ordered_mw(state) == pytest.approx([100.0])
    assert state.ledger.flows["machine orders"] == pytest.approx(0.0, abs=1e-9)


def test_nobody_orders_what_does_not_pay():
    state = world()
    state.machine_price = np.array([3.0, 8.0, 50.0])
    order_machines(state)
    assert state.orders.sum() == 0.0
    dear = world()
    dear.sites.fixed_price = 300.0
    order_machines(dear)
    assert dear.orders.sum() == 0.0


def test_a_firm_short_of_cash_cuts_all_its_orders_alike():
    rich, poor = world(sites=2), world(sites=2)
    poor.sites.idle_mw = rich.sites.idle_mw = [100.0, 40.0]
    poor.firms.cash = 65.0
    for state in (rich, poor):
        order_machines(state)
    assert poor.ledger.flows["machine orders"] == pytest.approx(100.0)
    assert poor.firms.corporate_debt[0] == pytest.approx(35.0)
    assert poor.firms.cash[0] == pytest.approx(0.0)
    share = poor.orders[-1] / rich.orders[-1]
    assert share[0] == pytest.approx(share[1])


def test_money_limits_nobody_when_finance_is_off():
    state = world(sites=2, firms=2, cash=0.0, **{"finance.enabled": False})
    state.sites.fixed_price = [40.0, 300.0]
    order_machines(state)
    assert ordered_mw(state) == pytest.approx([100.0, 0.0])


def test_splitting_a_firm_changes_no_order():
    whole, split = world(sites=4, cash=90.0), world(sites=4, firms=2, cash=45.0)
    for state in (whole, split):
        order_machines(state)
    assert split.orders.sum() == pytest.approx(whole.orders.sum())


@pytest.mark.parametrize("why", ["distressed", "tenant before", "tenant offered", "released", "not reviewed"])
def test_who_may_not_order(why):
    state = world(sites=2)
    sites = state.sites
    sites.convertible = True
    if why == "distressed":
        state.firms.status = Status.DISTRESSED
    elif why == "tenant before":
        sites.last_choice = Product.SHELL
    elif why == "tenant offered":
        state.scratch["blocks"] = SimpleNamespace(site=np.array([1, 0]))
        state.scratch["offers"] = SimpleNamespace(block=np.array([0, 1]), use=np.array([2, 1]))
    elif why == "released":
        sites.owner = -1
    else:
        state.firms.review_probability = 0.0
    order_machines(state)
    assert state.orders.sum() == 0.0


def test_old_machines_are_replaced_when_the_gain_pays_and_no_faster_than_the_world_can():
    state = world(held=100.0, machine=0)
    order_machines(state)
    assert ordered_mw(state) == pytest.approx([100.0 * state.scenario.row.order_rate])
    kept = world(held=100.0, machine=2)
    order_machines(kept)
    assert kept.orders.sum() == 0.0


def test_new_machines_drive_out_the_worst_and_fit():
    state = world(held=100.0, machine=0)
    order_machines(state)
    pass_months(state, LEAD)
    assert machine_mw(state) == pytest.approx([100.0])
    assert state.sites.hash[0, 2] > 0.0
    assert state.ledger.flows["machine sales"] > 0.0
    state.ledger.check()


def test_machines_that_find_no_room_are_sold_second_hand():
    state = world()
    order_machines(state)
    state.sites.idle_mw = 30.0
    cash = state.firms.cash[0]
    pass_months(state, LEAD)
    assert machine_mw(state) == pytest.approx([30.0])
    assert state.firms.cash[0] - cash == pytest.approx(70.0 / 10.5 * 12.0 * 0.7)
    state.ledger.check()


def test_orders_for_a_site_without_an_owner_are_lost():
    state = world()
    order_machines(state)
    state.sites.owner = -1
    pass_months(state, LEAD)
    assert machine_mw(state) == 0.0


def test_a_site_that_appears_later_can_order():
    state = world()
    state.sites.add(1, {"slot": 999, "owner": 0, "idle_mw": 10.0, "power_cost": 30.0, "fixed_price": 30.0})
    order_machines(state)
    assert ordered_mw(state) == pytest.approx([100.0, 10.0])


def test_a_site_without_megawatts_changes_nothing():
    state, more = world(), world()
    more.sites.add(1, {"slot": 999, "owner": 0})
    for each in (state, more):
        order_machines(each)
    assert more.orders[:, 0] == pytest.approx(state.orders[:, 0])
    assert more.orders[:, 1].sum() == 0.0


def test_fitting_keeps_the_best_machines():
    state = world(held=60.0)
    state.sites.hash[0] = np.array([1.0, 1.0, 1.0]) / 1.05
    state.sites.mining_mw = 35.0
    state.sites.idle_mw = 0.0
    fit_machines(state, np.array([0]))
    np.testing.assert_allclose(state.sites.hash[0] * 1.05, [5.0 / 30.0, 1.0, 1.0])
    before = state.sites.hash.copy()
    fit_machines(state, np.array([0]))
    np.testing.assert_allclose(state.sites.hash, before)


def test_books_lose_the_share_of_the_machines_sold():
    state = world(held=100.0)
    sell_machines(state, np.array([0]), 0.25 * state.sites.hash)
    assert state.firms.machines[0] == pytest.approx(37.5)
    assert state.ledger.flows["machine sales"] == pytest.approx(0.25 * 100.0 / 21.0 * 8.0 * 0.7)
    state.ledger.check()


def test_machines_break_and_those_that_stand_still_are_scrapped_for_nothing():
    state = world(sites=2, held=100.0)
    state.scratch["stopped"] = np.array([1]), np.array([1])
    before, cash = state.sites.hash[:, 1].copy(), state.firms.cash[0]
    retire_machines(state)
    left = state.sites.hash[:, 1] / before
    assert left == pytest.approx([np.exp(-0.1 / 12), np.exp(-0.4 / 12)])
    assert state.firms.cash[0] == cash
    assert state.firms.machines[0] == pytest.approx(50.0 * (1.0 + np.exp(-0.3 / 12)) / 2.0)
    state.ledger.check()


def test_old_machines_that_stopped_are_scrapped_where_newer_ones_run():
    state = world(held=50.0)
    state.sites.hash[0, 0] = 1.0
    before = state.sites.hash[0].copy()
    dispatch_at(state, 25.0)
    for _ in range(24):
        dispatch_at(state, 25.0)
        retire_machines(state)
    assert state.sites.months_off[0] == 0.0
    left = state.sites.hash[0] / np.where(before > 0.0, before, 1.0)
    assert left == pytest.approx([np.exp(-0.8), np.exp(-0.2), 0.0])


def test_machines_of_a_site_nobody_owns_are_nobodys_scrap():
    state = world(held=50.0)
    state.sites.owner = -1
    state.scratch["stopped"] = np.array([0]), np.array([1])
    retire_machines(state)
    assert state.firms.machines[0] == 50.0


def test_prices_move_to_cost_and_a_share_of_what_the_buyer_gains():
    scenario = Scenario()
    market = sector(scenario)
    released, price = np.array([-60, -20, -5]), np.array([3.0, 8.0, 12.0])
    value = machine_values(market, released, 0)
    for month in range(200):
        price = next_prices(market, price, value, released, 0 * month)
    bitcoin = scenario.bitcoin
    cost = bitcoin.machine_cost * GENERATIONS
    asked = cost + bitcoin.machine_price_share * np.maximum(value - cost, 0.0)
    bargain = min(asked[1] / value[1], asked[2] / value[2])
    assert price == pytest.approx([bargain * value[0], asked[1], asked[2]])


def test_a_machine_nobody_can_use_is_worth_nothing_once_it_is_not_made():
    market = sector(Scenario())
    market.expected_hashprice = 5.0
    price = next_prices(market, np.full(3, 10.0), market.machine_values(0), np.array([-60, -20, -5]), 0)
    assert price[0] == pytest.approx(7.5)
    assert price[2] > 7.5


def test_fixed_prices_stay():
    market = sector(Scenario().with_values(**{"bitcoin.machine_price_mode": "fixed"}))
    price = np.array([3.0, 8.0, 12.0])
    assert (next_prices(market, price, market.machine_values(0), np.zeros(3), 9) == price).all()


def test_the_newest_machine_is_made_for_ever_if_none_follows():
    sold = 12.0 * Scenario().bitcoin.machine_sale_years
    assert still_made(np.array([-60, -20, -5]), 0, sold).tolist() == [False, True, True]
    assert still_made(np.array([-60, -20, -5]), 100, sold).tolist() == [False, False, True]
    assert still_made(np.array([-60, -20, 12]), 0, sold).tolist() == [False, True, True]


def test_the_best_machine_is_on_sale_and_gains_most_per_megawatt():
    market = sector(Scenario())
    price, value = np.array([3.0, 8.0, 12.0]), market.machine_values(0)
    assert best_machine(market, price, value, np.array([-60, -20, -5]), 0) == 2
    assert best_machine(market, price, value, np.array([-60, -20, 3]), 0) == 1
    assert best_machine(market, np.array([0.0, 8.0, 60.0]), value, np.array([-60, -20, -5]), 0) == 1


def test_prices_and_the_best_machine_are_left_for_the_month():
    state = world()
    state.machine_price = np.array([3.0, 8.0, 60.0])
    update_machine_prices(state)
    assert state.scratch["best_machine"] == 1
    assert state.machine_price[2] < 60.0


def test_prices_at_the_start_are_near_what_machines_at_hand_are_worth_to_the_marginal_buyer():
    scenario = Scenario()
    kinds = machines(TABLES, scenario, Calendar("2025-11"))
    bitcoin, start = scenario.bitcoin, network_start(TABLES, Calendar("2025-11"))
    record = hashprice_record(scenario, hashprice_at(start, bitcoin.price_start, bitcoin.fee_share))
    market = rest_of_world_at_start(scenario, kinds.efficiency, kinds.month, 592.0, 20.22, record)
    announced = slice(3, 10)
    error = np.log(market.machine_values(0)[announced] / kinds.price[announced])
    assert abs(error.mean()) < 0.05
    assert np.abs(error).max() < 0.40


def test_the_value_of_a_machine_is_that_of_the_formula_at_the_realised_uptime():
    scenario = Scenario()
    row = scenario.row
    cost = row.cost_median * np.exp(row.cost_log_sigma * -0.6744897501960817) + row.other_cost
    value = row.uptime * machine_value(45.0, GENERATIONS, cost, 0.236, 0.13, max_life=5.0)
    np.testing.assert_allclose(sector(scenario).machine_values(0), value)


def test_a_machine_from_its_maker_meets_the_hashprice_of_the_day_it_arrives():
    market = sector(Scenario())
    released = np.array([-60, -20, -5])
    at_once, quoted = market.machine_values(0), machine_values(market, released, 0)
    lead = market.bitcoin.order_lead_months / 12.0
    market.expected_hashprice *= np.exp(-market.expected_decay * lead)
    on_arrival = market.machine_values(0) * np.exp(-market.discount_rate * lead)
    assert still_made(released, 0, 12.0 * market.bitcoin.machine_sale_years).tolist() == [False, True, True]
    np.testing.assert_allclose(quoted, [at_once[0], on_arrival[1], on_arrival[2]])


def test_after_a_halving_at_a_constant_price_machines_that_stopped_do_not_stand_there_for_ever():
    industry = Industry("reference", rng=75, **{"bitcoin.price_process": "constant"})
    for _ in range(72):
        industry.step()
    share = industry.series.under_water_share.to_numpy()
    assert share[29:48].max() > 2.0 * share[20]
    assert share[60:72].mean() < 0.75 * share[29:48].max()
