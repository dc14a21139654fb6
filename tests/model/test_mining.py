from types import SimpleNamespace

import numpy as np
import pytest

from agents.economics.mining import breakeven_power_price
from agents.tables import Contract, Status
from model.machine_market import fit_machines
from model.mining import (
    HOURS_PER_MONTH,
    dispatch,
    fees_per_block,
    mean_cash_cost,
    meter_efficiency,
    mine,
    power_price,
    quote_hashprice,
    set_fixed_prices,
)
from model.scenario import Scenario
from model.setup import build_state
from model.tick import run_month

NEXT_TO_NOTHING = 1e-6
"""Where credits exceed the fixed price, energy is free in a few hours of the century."""
SUBSIDY = 3.125
NEXT_HALVING = 1_050_000


def start(**values):
    return build_state(Scenario().with_values(**values), seed=0)


def of(state, *contracts):
    """Return the rows with machines and their own contract of these kinds, hosted ones apart."""
    sites = state.sites
    chosen = np.isin(sites.contract, contracts) & (sites.hash.sum(axis=1) > 0.0) & (sites.host_site < 0)
    return np.flatnonzero(chosen)


def one_fleet(state, generation=5):
    """Replace every fleet by machines of one generation that fill as many megawatts."""
    efficiency = meter_efficiency(state)
    mw = state.sites.hash @ efficiency
    state.sites.hash[:] = 0.0
    state.sites.hash[:, generation] = mw / efficiency[generation]


def reckon(state, hashprice):
    state.hashprice = hashprice
    state.firms.expected_hashprice = hashprice


def taken(state):
    """Return the energy that fleets of one generation took in the month, million MWh."""
    scratch, installed = state.scratch, state.sites.hash.sum(axis=1)
    share = scratch["running_hash"] / np.where(installed > 0.0, installed, 1.0)
    return scratch["machine_mw"] * share * HOURS_PER_MONTH / 1e6


def test_dispatch_moves_megawatts_only_between_mining_and_idle():
    state = start()
    unlet = state.sites.mining_mw + state.sites.idle_mw
    for hashprice in (0.0, 25.0, 40.0, 500.0):
        reckon(state, hashprice)
        dispatch(state)
        assert state.sites.mining_mw + state.sites.idle_mw == pytest.approx(unlet)
        assert (state.sites.mining_mw >= 0.0).all()
        assert (state.sites.idle_mw >= 0.0).all()


def test_at_a_high_hashprice_every_machine_of_a_live_owner_runs_in_all_available_hours():
    state = start()
    reckon(state, 1e5)
    dispatch(state)
    installed = state.sites.hash.sum(axis=1)
    expected = installed * state.scenario.power.availability
    assert state.scratch["running_hash"] == pytest.approx(expected, rel=1e-3)
    assert state.scratch["under_water_mw"] == pytest.approx(np.zeros(len(state.sites)), abs=1e-9)


def test_at_a_hashprice_of_nothing_no_machine_runs_and_all_are_under_water():
    state = start()
    reckon(state, 0.0)
    dispatch(state)
    assert state.scratch["running_hash"].max() < NEXT_TO_NOTHING
    assert state.sites.mining_mw.max() == 0.0
    assert state.scratch["under_water_mw"] == pytest.approx(state.scratch["machine_mw"])
    assert state.scratch["operating_cost"].max() < NEXT_TO_NOTHING
    without_resale = state.sites.contract != Contract.FIXED_RESALE
    assert np.abs(state.scratch["energy_cost"][without_resale]).max() < NEXT_TO_NOTHING


def test_months_off_count_while_nothing_runs_and_start_anew_when_machines_run():
    state = start()
    with_machines = state.sites.hash.sum(axis=1) > 0.0
    reckon(state, 0.0)
    for months in (1, 2, 3):
        dispatch(state)
        assert (state.sites.months_off[with_machines] == months).all()
    assert (state.sites.months_off[~with_machines] == 0.0).all()
    reckon(state, 1e5)
    dispatch(state)
    assert state.sites.months_off.max() == 0.0


def test_a_tariff_site_runs_on_the_hashprice_its_owner_reckons_with():
    state = start()
    rows = of(state, Contract.FIXED, Contract.OWN)
    state.hashprice, state.firms.expected_hashprice = 1e5, 0.0
    dispatch(state)
    assert state.scratch["running_hash"][rows].max() == 0.0
    state.hashprice, state.firms.expected_hashprice = 0.0, 1e5
    dispatch(state)
    assert state.scratch["running_hash"][rows].min() > 0.0


def test_a_site_with_hourly_prices_runs_on_the_hashprice_of_the_month():
    state = start()
    rows = of(state, Contract.GRID, Contract.FIXED_RESALE)
    state.hashprice, state.firms.expected_hashprice = 1e5, 0.0
    dispatch(state)
    assert state.scratch["running_hash"][rows].min() > 0.0
    state.hashprice, state.firms.expected_hashprice = 0.0, 1e5
    dispatch(state)
    assert state.scratch["running_hash"][rows].max() < NEXT_TO_NOTHING


def test_tariff_machines_run_all_hours_or_none_and_hourly_ones_in_part():
    state = start()
    one_fleet(state)
    reckon(state, 38.0)
    dispatch(state)
    share = state.scratch["running_hash"] / np.maximum(state.sites.hash.sum(axis=1), 1e-12)
    share /= state.scenario.power.availability
    tariff, hourly = of(state, Contract.FIXED, Contract.OWN), of(state, Contract.GRID)
    assert np.isin(share[tariff].round(12), (0.0, 1.0)).all()
    in_part = (share[hourly] > 0.01) & (share[hourly] < 0.99)
    assert in_part.mean() > 0.5


def test_of_two_generations_the_better_one_runs_at_least_as_long():
    state = start()
    rows = of(state, Contract.GRID)
    runs = []
    for generation in (3, 6):
        one_fleet(state, generation)
        reckon(state, 38.0)
        dispatch(state)
        runs.append(taken(state)[rows] / state.scratch["machine_mw"][rows])
    assert (runs[1] >= runs[0]).all()
    assert (runs[1] > runs[0]).any()


def test_a_pool_that_keeps_everything_stops_all_machines():
    state = start()
    state.firms.pool_fee = 1.0
    dispatch(state)
    assert state.scratch["running_hash"].max() < NEXT_TO_NOTHING


def test_a_pool_fee_works_like_a_lower_hashprice():
    state, other = start(), start()
    for each in (state, other):
        each.firms.pool_fee = 0.0
    reckon(other, state.hashprice * 0.8)
    state.firms.pool_fee, state.firms.expected_hashprice = 0.2, state.hashprice
    dispatch(state)
    dispatch(other)
    assert state.scratch["running_hash"] == pytest.approx(other.scratch["running_hash"])
    assert state.scratch["energy_cost"] == pytest.approx(other.scratch["energy_cost"])


@pytest.mark.parametrize("status", [Status.ACQUIRED, Status.LIQUIDATED])
def test_machines_of_a_dead_firm_stand_still_and_cost_nothing(status):
    state = start()
    reckon(state, 1e5)
    state.firms.status[0] = status
    dispatch(state)
    theirs = state.sites.owner == 0
    assert state.sites.hash[theirs].sum() > 0.0
    assert state.scratch["running_hash"][theirs].max() == 0.0
    assert np.abs(state.scratch["energy_cost"][theirs]).max() == 0.0
    assert state.scratch["running_hash"][~theirs].sum() > 0.0


def test_firms_in_chapter_11_go_on_mining():
    state = start()
    before = state.scratch["running_hash"].copy()
    state.firms.status = Status.CHAPTER11
    dispatch(state)
    assert state.scratch["running_hash"] == pytest.approx(before)


def test_released_sites_do_not_mine_for_the_last_firm_of_the_table():
    state = start()
    reckon(state, 1e5)
    rows = of(state, Contract.FIXED)[:3]
    state.sites.owner[rows] = -1
    dispatch(state)
    assert state.scratch["running_hash"][rows].max() == 0.0


def test_hosted_machines_pay_the_all_in_price_for_what_they_take():
    state = start()
    one_fleet(state)
    reckon(state, 1e5)
    dispatch(state)
    sites, scratch = state.sites, state.scratch
    hosted = np.flatnonzero((sites.host_site >= 0) & (scratch["running_hash"] > 0.0))
    assert len(hosted)
    fixed, _ = power_price(state)
    assert scratch["hosting_fee"][hosted] == pytest.approx((fixed * taken(state))[hosted])
    assert np.abs(scratch["energy_cost"][hosted]).max() == 0.0


def test_the_host_keeps_its_margin_of_the_fee():
    state = start()
    one_fleet(state)
    reckon(state, 1e5)
    dispatch(state)
    sites, scratch = state.sites, state.scratch
    kept = scratch["hosting_fee"] - scratch["host_cost"]
    hosted = sites.host_site >= 0
    assert kept[hosted] == pytest.approx((sites.hosting_margin * taken(state))[hosted])
    assert kept[hosted].sum() > 0.0
    assert np.abs(kept[~hosted]).max() == 0.0


def test_who_sells_power_back_pays_for_all_of_it_and_books_what_is_sold():
    state = start()
    rows = of(state, Contract.FIXED_RESALE)
    dispatch(state)
    scratch, sites = state.scratch, state.sites
    fixed, _ = power_price(state)
    bought = scratch["machine_mw"] * state.scenario.power.availability * HOURS_PER_MONTH
    assert scratch["energy_cost"][rows] == pytest.approx((fixed * bought / 1e6)[rows])
    assert scratch["response_income"][rows].min() > 0.0
    others = np.setdiff1d(np.arange(len(sites)), rows)
    assert np.abs(scratch["response_income"][others]).max() == 0.0


def test_reselling_power_at_a_hashprice_of_nothing_earns_the_whole_hourly_price():
    state = start()
    rows = of(state, Contract.FIXED_RESALE)
    reckon(state, 0.0)
    dispatch(state)
    _, hourly = power_price(state)
    sold = hourly * state.scratch["machine_mw"] * state.scenario.power.availability * HOURS_PER_MONTH / 1e6
    assert state.scratch["response_income"][rows] == pytest.approx(sold[rows])


def test_on_the_first_day_grid_sites_that_pay_off_pay_what_they_reported():
    state = start()
    one_fleet(state)
    state.firms.pool_fee = 0.0
    set_fixed_prices(state)
    dispatch(state)
    sites, rows = state.sites, of(state, Contract.GRID)
    fleet = (sites.hash[rows] @ meter_efficiency(state)) / sites.hash[rows].sum(axis=1)
    worth = breakeven_power_price(state.hashprice, fleet) - sites.operating_cost[rows]
    rows = rows[sites.power_cost[rows] < worth]
    assert len(rows) > 50
    paid = state.scratch["energy_cost"][rows] / taken(state)[rows]
    assert paid == pytest.approx(sites.power_cost[rows], rel=1e-6)


def test_the_mean_cash_cost_on_the_first_day_is_the_reported_one_plus_operation():
    state = start()
    assert mean_cash_cost(state) == pytest.approx(state.sites.power_cost + state.sites.operating_cost)


def test_a_dearer_response_credit_saves_us_grid_sites_that_much_and_nobody_else():
    state = start()
    before, hourly_before = power_price(state)
    cost_before = mean_cash_cost(state)
    state.regions.response_credit += 4.0
    fixed, hourly = power_price(state)
    saves = (state.sites.contract == Contract.GRID) & state.sites.us
    assert 0 < saves.sum() < len(saves)
    assert before - fixed == pytest.approx(np.where(saves, 4.0, 0.0))
    assert cost_before - mean_cash_cost(state) == pytest.approx(np.where(saves, 4.0, 0.0))
    assert hourly == pytest.approx(hourly_before)


def test_the_energy_index_moves_hourly_prices_only():
    state = start()
    fixed_before, hourly_before = power_price(state)
    cost_before = mean_cash_cost(state)
    state.regions.energy_index *= 1.5
    fixed, hourly = power_price(state)
    assert fixed == pytest.approx(fixed_before)
    assert hourly == pytest.approx(1.5 * hourly_before)
    grid = state.sites.contract == Contract.GRID
    dearer = mean_cash_cost(state) > cost_before + 1e-9
    assert not dearer[~grid].any()
    assert dearer[grid].mean() > 0.9


def test_the_energy_scale_multiplies_every_power_price_and_no_operation():
    state, dear = start(), start(**{"power.energy_scale": 2.0})
    for mine_is, theirs in zip(power_price(state), power_price(dear), strict=True):
        assert theirs == pytest.approx(2.0 * mine_is)
    operation = state.sites.operating_cost
    assert mean_cash_cost(dear) - operation == pytest.approx(2.0 * (mean_cash_cost(state) - operation))


def test_free_power_costs_nothing():
    state = start(**{"power.energy_scale": 0.0})
    assert np.abs(state.scratch["energy_cost"]).max() == 0.0
    assert np.abs(state.scratch["hosting_fee"]).max() == 0.0
    assert state.scratch["running_hash"].sum() > 0.0


def test_what_is_mined_here_and_elsewhere_adds_up():
    state = start()
    mine(state)
    here, figures = state.scratch["mined_btc"].sum(), state.figures
    assert here + figures["rest_of_world_btc"] == pytest.approx(figures["btc_mined"])
    assert 0.0 < here < figures["btc_mined"]


def test_coins_are_shared_by_running_hash():
    state = start()
    running = state.scratch["running_hash"]
    mine(state)
    per_hash = state.scratch["mined_btc"][running > 0.0] / running[running > 0.0]
    assert per_hash == pytest.approx(per_hash[0])
    assert state.scratch["mined_btc"][running == 0.0].max() == 0.0


def test_without_a_rest_of_the_world_the_modelled_firms_mine_everything():
    state = start()
    state.rest_of_world = SimpleNamespace(realised_hash=0.0)
    mine(state)
    assert state.scratch["mined_btc"].sum() == pytest.approx(state.figures["btc_mined"])
    assert state.figures["rest_of_world_btc"] == 0.0


def test_the_hashprice_of_the_month_is_what_a_petahash_was_paid_a_day():
    state = start()
    running = state.scratch["running_hash"]
    mine(state)
    revenue = state.scratch["mined_btc"].sum() * state.btc_price
    assert state.hashprice == pytest.approx(revenue / (running.sum() * 1000.0 * HOURS_PER_MONTH / 24.0))


def test_uptime_is_the_part_of_nameplate_that_ran():
    state = start()
    mine(state)
    ran = state.sites.uptime * state.sites.hash.sum(axis=1)
    assert ran == pytest.approx(state.scratch["running_hash"], rel=1e-9, abs=1e-12)
    assert state.sites.uptime.max() <= state.scenario.power.availability + 1e-12


def test_the_quoted_hashprice_follows_the_price_of_bitcoin():
    state = start()
    quote_hashprice(state)
    before = state.hashprice
    state.btc_price *= 2.0
    quote_hashprice(state)
    assert state.hashprice == pytest.approx(2.0 * before)


@pytest.mark.parametrize(("halving", "after"), [(True, SUBSIDY / 2.0), (False, SUBSIDY)])
def test_the_subsidy_halves_at_its_height_unless_the_scenario_says_no(halving, after):
    state = start(**{"bitcoin.halving": halving})
    state.network.height = NEXT_HALVING - 1
    mine(state)
    assert state.network.height > NEXT_HALVING
    assert state.figures["subsidy_btc"] == SUBSIDY
    assert state.network.subsidy == after


def test_remembered_fees_stay_in_coins_and_others_halve_with_the_subsidy():
    fees = {}
    for memory in (True, False):
        state = start(**{"bitcoin.fee_memory": memory})
        before = fees_per_block(state)
        assert before / (before + SUBSIDY) == pytest.approx(state.scenario.bitcoin.fee_share)
        state.network.height = NEXT_HALVING + 1
        fees[memory] = fees_per_block(state) / before
    assert fees == {True: pytest.approx(1.0), False: pytest.approx(0.5)}


def test_a_site_that_sells_contracted_power_back_pays_in_the_end_what_was_reported():
    """Its reported cost is net of what it sold, so its contract is dearer than that."""
    state = build_state(Scenario(), 0)
    sites, scratch = state.sites, state.scratch
    resale = (sites.contract == Contract.FIXED_RESALE) & (scratch["running_mw"] > 0.0)
    assert resale.sum() > 5
    net = (scratch["energy_cost"] - scratch["response_income"])[resale].sum() * 1e6
    per_mwh = net / (scratch["running_mw"][resale].sum() * HOURS_PER_MONTH)
    reported = np.average(sites.power_cost[resale], weights=scratch["running_mw"][resale])
    assert per_mwh == pytest.approx(reported, rel=0.06)
    assert (sites.fixed_price[resale] > sites.power_cost[resale]).all()


def test_the_margin_of_a_site_is_what_it_earns_less_what_it_pays():
    state = build_state(Scenario(), 0)
    run_month(state)
    sites, scratch = state.sites, state.scratch
    for site in np.flatnonzero(sites.hash.sum(axis=1) > 0.0)[:20]:
        kept = 1.0 - state.firms.pool_fee[sites.owner[site]]
        earned = scratch["mined_btc"][site] * state.btc_price * kept / 1e6 + scratch["response_income"][site]
        paid = sum(scratch[name][site] for name in ("energy_cost", "operating_cost", "hosting_fee"))
        assert sites.margin[site] == pytest.approx(earned - paid)
    assert sites.margin.sum() > 0.0


def test_machines_in_store_at_a_mine_that_is_not_energised_do_not_run():
    state = build_state(Scenario(), 0)
    site = int(np.flatnonzero(state.sites.mining_mw > 5.0)[0])
    sites = state.sites
    sites.pipeline_mw[site], sites.energised_mw[site] = sites.mining_mw[site] + sites.idle_mw[site], 0.0
    sites.mining_mw[site] = sites.idle_mw[site] = 0.0
    held = sites.hash[site].copy()
    dispatch(state)
    assert state.scratch["running_hash"][site] == state.scratch["running_mw"][site] == 0.0
    fit_machines(state, np.array([site]))
    np.testing.assert_array_equal(sites.hash[site], held)
