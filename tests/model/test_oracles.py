"""Closed forms against the model itself, with everything switched off that they do not know of."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from agents.economics.options import entry_exit_thresholds, option_hurdle, switching_threshold
from agents.tables import Kind, LeaseStatus, Status
from model.choice import _decide, propose
from model.defaults import defaults
from model.options import value_options
from model.rest_of_world import RestOfWorld
from model.run import run
from model.scenario import Scenario
from model.setup import build_state
from model.sites import advance_leases
from model.streams import Streams

BROADIE_GLASSERMAN_KOU = 0.5826
"""Shift of a barrier that is looked at only now and then, in standard deviations of a step (1997)."""


def state_with(**values):
    """Return the first day of the reference case with every block under review."""
    state = build_state(Scenario().with_values(**{"choice.review": 1.0} | values), 0, keep="series")
    state.firms.review_probability = 1.0
    value_options(state)
    return state


def offered(state):
    """Let every block choose; return values by use, hurdles, whether a tenant bids, and choices."""
    propose(state)
    table, offers = state.scratch["blocks"], state.scratch["offers"]
    value, hurdle, _ = state.scratch["decisions"]
    bid = table.bid[:, offers.block].max(axis=0, initial=-np.inf)
    return value, hurdle, np.isfinite(bid), offers.use


def test_with_plain_npv_every_block_takes_the_myopic_maximum():
    value, _, bid_for, use = offered(state_with(**{"choice.strategy": "npv"}))
    open_to = np.column_stack([np.ones(len(value), dtype=bool), bid_for])
    assert (use == np.where(open_to, value, -np.inf).argmax(axis=1)).all()
    assert 0 < (use > 0).sum() < len(use) or (use > 0).all()


def test_a_logit_without_noise_hurdle_or_imitation_runs_like_npv_to_the_bit():
    short = {"horizon.months": 36}
    sharp = Scenario().with_values(**short, **{"choice.intensity": 1e9, "choice.option_weight": 0.0})
    plain = Scenario().with_values(**short, **{"choice.strategy": "npv"})
    one, other = (run(scenario, 1, keep="series").series for scenario in (sharp, plain))
    for column in ("ai_mw", "converted_mw", "hashprice_usd_ph_day", "equity_value_musd"):
        np.testing.assert_array_equal(one[column], other[column])


@pytest.mark.parametrize("window", [0.0, 0.5])
def test_a_miner_with_a_lease_on_offer_switches_at_the_threshold_of_the_perpetual_option(window):
    state = state_with(**{"choice.strategy": "real_option", "choice.window_rate": window})
    # Mines of all values, from a tenth of the best lease to all of it.
    table = state.scratch["blocks"]
    state.scratch["blocks"] = table._replace(mine=np.linspace(0.1, 8.0, len(table.mine)))
    value, _, bid_for, use = offered(state)
    choice, rates = state.scenario.choice, state.firms.discount_rate[state.scratch["blocks"].firm]
    best = np.where(bid_for, value[:, 1:], -np.inf).max(axis=1)
    threshold = switching_threshold(
        choice.payout, choice.volatility, rates[state.scratch["offers"].block], window
    )
    switches = value[:, 0] <= threshold * best
    clear = np.abs(value[:, 0] - threshold * best) > 1e-9
    assert (use > 0)[clear].tolist() == switches[clear].tolist()
    assert 0 < switches.sum() < len(switches)


def test_the_shares_of_uses_are_those_of_the_logit():
    state, draws = state_with(), 600
    blocks = np.arange(len(state.scratch["blocks"].site))
    bid = state.scratch["blocks"].bid.max(axis=0, initial=-np.inf)
    _, chance, _, _ = _decide(state, state.scratch["blocks"], blocks, bid)
    counts = np.zeros_like(chance)
    for seed in range(draws):
        state.streams = Streams(seed)
        *_, use = offered(state)
        counts[blocks, use] += 1
    error = np.sqrt(np.maximum(chance * (1 - chance), 1e-12) / draws)
    assert (np.abs(counts / draws - chance) < 5.0 * error + 1e-9).mean() > 0.995
    assert 0.05 < chance[:, 1:].sum(axis=1).mean() < 0.999


def test_tenants_survive_as_a_constant_hazard_says(new_world):
    tenants = 4000
    world = new_world(**{"leases.slip_probability": 0.0})
    owner = world.add_firms(1)
    world.add_sites(np.repeat(owner, tenants), 100.0)
    world.hyperscalers.add(tenants, {"slot": np.arange(tenants, dtype=np.uint64) + 10})
    hazard = -12 * math.log(0.98)
    for site in range(tenants):
        world.add_lease(site, tenant=site, default_hazard=hazard, term=2000)
    for month in range(36):
        world.month = month
        advance_leases(world)
    alive = (world.leases.status == LeaseStatus.DELIVERING).mean()
    assert alive == pytest.approx(0.483213, abs=4 * math.sqrt(0.25 / tenants))


def test_firms_whose_cash_wanders_default_at_the_first_passage(new_world):
    firms, months, cash, spread = 4000, 36, 10.0, 2.0
    world = new_world(**{"finance.closure_months": 1000, "finance.debt_enabled": False})
    rows = world.add_firms(firms, cash=cash, kind=Kind.PRIVATE)
    shocks = np.random.Generator(np.random.Philox(3)).normal(0.0, spread, (months, firms))
    failed = np.zeros(firms, dtype=bool)
    for month in range(months):
        world.month = month
        world.begin_month()
        for name in ("fleet_value", "cash_flow", "cash_cost"):
            world.scratch[name] = np.zeros(len(world.sites) if name == "fleet_value" else firms)
        live = rows[~failed]
        world.firms.cash[live] += shocks[month, live]
        world.ledger.set_opening_capital(live)
        defaults(world)
        failed = world.firms.status >= Status.CHAPTER11
    barrier = cash + BROADIE_GLASSERMAN_KOU * spread
    expected = 2.0 * ndtr(-barrier / (spread * math.sqrt(months)))
    assert failed.mean() == pytest.approx(expected, abs=4 * math.sqrt(0.25 / firms))


def lone_sector(rate, hurdle=0.0):
    """World mining as one buyer with one machine of 20 J/TH that lasts long, and one price of power."""
    values = {
        "bitcoin.machine_life": 15,
        "bitcoin.expected_decay": 0.0,
        "bitcoin.expectation": "naive",
        "finance.discount_mining": rate,
        "row.cost_median": 45.0,
        "row.cost_log_sigma": 0.01,
        "row.other_cost": 0.0,
        "row.uptime": 1.0,
        "row.hurdle_rate": hurdle,
    }
    return RestOfWorld(
        Scenario().with_values(**values), np.array([20.0]), np.array([10.0]), np.array([1.0]), 30.0
    )


def edge(decide, low, high):
    """Return the hashprice at which a decision turns from no to yes."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if decide(middle) else (middle, high)
    return high


def test_without_uncertainty_miners_enter_and_leave_where_dixit_does():
    rate, price = 0.30, 10.0
    sector = lone_sector(rate)

    def enters(hashprice):
        sector.expected_hashprice = hashprice
        return sector.wanted(0, price) > 0.5e-9

    def runs(hashprice):
        return bool(sector.paying(hashprice)[0] > 0.5)

    # In USD per PH and year: running cost w, entry cost k in USD per PH.
    running_cost, entry_cost = 0.024 * 20.0 * 45.0 * 365, 1000 * price
    enter, leave = entry_exit_thresholds(running_cost, entry_cost, 0.0, rate, 0.0, 0.01)
    found = edge(enters, 10.0, 100.0) * 365, edge(runs, 5.0, 60.0) * 365
    # A life of 15 years costs 1% at 30%; Dixit, with a volatility of 1%, waits a little before he leaves.
    assert found[0] == pytest.approx(enter, rel=0.03)
    assert found[1] == pytest.approx(leave, rel=0.02)


def test_the_hurdle_is_all_that_stands_for_dixits_wedge():
    """The sector's buyers hold no option to wait: at a volatility of 0.58 Dixit asks for more."""
    sector = lone_sector(0.30, hurdle=0.05)
    running_cost, entry_cost = 0.024 * 20.0 * 45.0 * 365, 10_000.0
    risky, _ = entry_exit_thresholds(running_cost, entry_cost, 0.0, 0.30, 0.0, 0.58)

    def enters(hashprice):
        sector.expected_hashprice = hashprice
        return sector.wanted(0, 10.0) > 0.0

    assert edge(enters, 10.0, 200.0) * 365 < risky
    assert option_hurdle(0.3, 0.58, 0.12) > 4.0
