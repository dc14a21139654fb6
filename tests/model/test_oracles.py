"""Closed forms against the model itself, with everything switched off that they do not know of."""

import math

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.special import ndtr
from scipy.stats import chi2

from agents.economics.options import entry_exit_thresholds, option_hurdle, switching_threshold
from agents.tables import Kind, LeaseStatus, Outcome, Status
from model.choice import finance_offers, propose
from model.defaults import defaults
from model.lease_market import clear_market
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


def test_a_lone_miner_with_a_lease_on_offer_moves_in_the_month_its_mine_is_worth_the_threshold_of_it():
    """Hashprice falls month by month, the lease stays what it is: the first month below counts."""
    state = state_with(**{"choice.strategy": "real_option", "leases.rent_memory": 0.0})
    table = state.scratch["blocks"]
    # Of the miners with something to lose, the one with the best lease on offer.
    value, *_ = offered(state)
    gain = np.where(table.mine > 0.0, value[:, 1:].max(axis=1), -np.inf)
    lone = table.site[int(gain.argmax())]
    state.sites.convertible[np.arange(len(state.sites)) != lone] = False
    choice, moved, ratio = state.scenario.choice, [], []
    hashprice = state.firms.expected_hashprice.copy()
    rate = state.firms.discount_rate[state.sites.owner[lone]]
    threshold = switching_threshold(choice.payout, choice.volatility, rate, choice.window_rate)
    for month in range(60):
        state.firms.expected_hashprice = 2.5 * hashprice * 0.96**month
        value_options(state)
        value, _, bid_for, use = offered(state)
        here = np.flatnonzero((state.scratch["blocks"].site == lone) & ~state.scratch["blocks"].from_pipeline)
        best = np.where(bid_for[here[0]], value[here[0], 1:], -np.inf).max()
        moved.append(bool(use[here[0]] > 0))
        ratio.append(value[here[0], 0] / best)
    under = np.array(ratio) <= threshold
    assert (np.diff(ratio) <= 1e-12).all()
    assert moved == under.tolist()
    assert 0 < under.argmax() < 59


def test_a_move_is_asked_for_its_part_of_the_option_to_wait():
    state = state_with(**{"choice.option_weight": 0.4, "choice.window_rate": 0.2})
    value, hurdle, *_ = offered(state)
    choice, table = state.scenario.choice, state.scratch["blocks"]
    rate = state.firms.discount_rate[table.firm[state.scratch["offers"].block]]
    ratio = option_hurdle(choice.payout, choice.volatility, rate, 0.2)
    np.testing.assert_allclose(hurdle, 0.4 * (ratio - 1.0) * np.maximum(value[:, 0], 0.0), rtol=1e-12)
    assert (hurdle > 0.0).sum() > 10


@pytest.mark.parametrize("intensity", [1.0, 3.0])
def test_the_shares_of_uses_are_those_of_the_logit(intensity):
    """Chi-square of what blocks do under many seeds against exp(lambda value / scale) written out here.

    Sharper choices than these leave blocks with one use only, and nothing to count.
    """
    state, draws = state_with(**{"choice.intensity": intensity}), 600
    value, hurdle, bid_for, _ = offered(state)
    choice = state.scenario.choice
    net = np.column_stack([value[:, 0], np.where(bid_for, value[:, 1:] - hurdle[:, None], -np.inf)])
    weight = np.exp(choice.intensity * (net - net.max(axis=1, keepdims=True)) / choice.value_scale)
    chance = weight / weight.sum(axis=1, keepdims=True)
    counts = np.zeros_like(chance)
    for seed in range(draws):
        state.streams = Streams(seed)
        *_, use = offered(state)
        counts[np.arange(len(use)), use] += 1
    expected = draws * chance
    assert counts[chance == 0.0].sum() == 0.0
    # Uses expected less than five times in a block are pooled over the blocks.
    often = expected >= 5.0
    apart = np.append(expected[often], expected[~often].sum())
    seen = np.append(counts[often], counts[~often].sum())
    apart, seen = apart[apart > 0.0], seen[apart > 0.0]
    freedom = len(apart) - len(chance)
    assert freedom > 30
    assert chi2.sf(((seen - apart) ** 2 / apart).sum(), freedom) > 0.001
    assert 0.05 < chance[:, 1:].sum(axis=1).mean() < 0.999


def crowd(strength, uses, led, rounds=60, **values):
    """Return shares of equal uses among miners of one site each who all watch each other every month."""
    state = state_with(
        **{
            "population.private_firms": 600,
            "population.sites_per_private_firm": 1.0,
            "choice.option_weight": 0.0,
            "choice.intensity": 4.0,
            "choice.imitation": strength / 4.0,
            "choice.network": "complete",
        }
    )
    sites = state.sites
    held = np.flatnonzero((sites.owner >= 0) & (sites.secured_mw > 0.0))
    firm, first = np.unique(sites.owner[held], return_index=True)
    miners = state.firms.kind[firm] <= Kind.PRIVATE
    site, firm = held[first[miners]], firm[miners]
    nothing, three = np.zeros(len(site)), np.zeros((len(site), 3))
    open_to = np.broadcast_to(np.where(np.arange(3) < uses - 1, 0.0, -np.inf), (1, len(site), 3))
    table = state.scratch["blocks"]
    state.scratch["blocks"] = table._replace(
        site=site, firm=firm, from_pipeline=nothing.astype(bool), mw=nothing + 1.0, mine=nothing,
        resale=nothing, slope=three + 1.0, level=three, bid=open_to,
    )  # fmt: skip
    state.expected_rent[:] = 0.0
    sites.last_choice[:] = 0
    begins = np.searchsorted(np.cumsum(led), (np.arange(len(site)) + 0.5) / len(site))
    for month in range(rounds):
        sites.last_choice[site], sites.last_move[site] = begins, month
        state.month = month
        propose(state)
        begins = state.scratch["offers"].use
    return np.bincount(begins, minlength=4)[:uses] / len(site)


def test_miners_who_all_watch_each_other_tip_where_the_mean_field_does():
    """Of three equal uses the led one is forgotten below 2.77 and holds above; from 3 on chance leads."""
    led, even = (0.8, 0.1, 0.1), (1 / 3, 1 / 3, 1 / 3)
    assert crowd(2.5, 3, led) == pytest.approx(1 / 3, abs=0.1)
    assert crowd(3.0, 3, led)[0] > 0.6
    assert crowd(2.5, 3, even).max() < 0.45
    assert crowd(3.6, 3, even, rounds=200).max() > 0.7


def test_with_two_equal_uses_they_tip_at_two():
    led, even = (0.9, 0.1), (0.5, 0.5)
    assert crowd(1.7, 2, led) == pytest.approx(0.5, abs=0.1)
    assert crowd(2.5, 2, led)[0] > 0.75
    assert crowd(2.6, 2, even, rounds=200).max() > 0.75


@pytest.mark.parametrize("seed", range(4))
def test_the_market_of_a_month_is_the_linear_programme_of_its_bids_and_reserves(seed):
    """Surplus and both ends of the core, from nothing but what buyers bid and owners ask that month."""
    state = build_state(
        Scenario().with_values(**{"choice.review": 1.0, "ai.deals_per_month": 1, "leases.theta": 0.4}),
        seed,
        keep="series",
    )
    state.firms.review_probability = 1.0
    value_options(state)
    propose(state)
    finance_offers(state)
    clear_market(state)
    offers, table, deals = (state.scratch[name] for name in ("offers", "blocks", "deals"))
    rows = np.flatnonzero((offers.use > 0) & np.isin(offers.outcome, (Outcome.NO_TENANT, Outcome.SIGNED)))
    place = {int(row): n for n, row in enumerate(rows)}
    need = state.hyperscalers.need_mw
    buyers = np.flatnonzero(need >= state.scenario.ai.minimum_block_mw)
    block = offers.block[rows]
    mw = np.minimum(table.mw[block], need[buyers][:, None])
    bid = table.bid[buyers[:, None], block, offers.use[rows] - 1]
    worth = _worth_of_rent(state, table.ready[block, offers.use[rows] - 1], offers.use[rows] - 1)
    gain = (bid - offers.reserve[rows]) * worth * mw * state.scenario.leases.it_to_gross
    gain = np.where(np.isfinite(gain), np.maximum(gain, 0.0), 0.0)
    size = gain.shape
    most = linprog(
        -gain.ravel(),
        A_ub=np.vstack(
            [np.kron(np.eye(size[0]), np.ones(size[1])), np.kron(np.ones(size[0]), np.eye(size[1]))]
        ),
        b_ub=np.ones(sum(size)),
    )
    it_mw = state.scenario.leases.it_to_gross * np.array([deal["mw"] for deal in deals])
    it_mw *= worth[[place[int(deal["row"])] for deal in deals]]
    taken = sum(
        (deal["bid"] - offers.reserve[deal["row"]]) * it for deal, it in zip(deals, it_mw, strict=True)
    )
    assert len(deals) >= 3
    assert taken == pytest.approx(-most.fun, rel=1e-9)
    for sign, end in ((1.0, "lower"), (-1.0, "upper")):
        owners = _end_of_the_core(gain, -most.fun, sign)
        found = [
            (deal[end] - offers.reserve[deal["row"]]) * it for deal, it in zip(deals, it_mw, strict=True)
        ]
        assert found == pytest.approx([owners[place[int(deal["row"])]] for deal in deals], abs=1e-6)
    for deal in deals:
        assert deal["rent"] == pytest.approx(0.6 * deal["lower"] + 0.4 * deal["upper"])


def _worth_of_rent(state, ready, product):
    """Return what a dollar a year, raised once a year, is worth at the usual rate for leases."""
    rate, escalator = state.scenario.finance.discount_lease, state.scenario.leases.escalator
    growth, years = math.log1p(escalator), state.terms.years[product]
    start = growth / escalator
    return start * (1.0 - np.exp(-(rate - growth) * years)) / (rate - growth) * np.exp(-rate * ready)


def _end_of_the_core(gain, total, sign):
    """Return owners' gains at the buyers' end of the core (sign 1) or the owners' (-1)."""
    buyers, owners = gain.shape
    pairs = -np.hstack([np.repeat(np.eye(buyers), owners, axis=0), np.tile(np.eye(owners), (buyers, 1))])
    goal = np.r_[np.zeros(buyers), sign * np.ones(owners)]
    whole = np.ones((1, buyers + owners))
    return linprog(goal, A_ub=pairs, b_ub=-gain.ravel(), A_eq=whole, b_eq=[total]).x[buyers:]


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
        "bitcoin.order_lead_months": 0,
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


def test_a_hurdle_stands_for_dixits_wedge_and_the_shipped_one_for_a_small_part_of_it():
    """The sector's buyers hold no option to wait; whoever asks for more than cost enters where Dixit does."""
    rate, price, volatility = 0.30, 10.0, 0.58
    running_cost, entry_cost = 0.024 * 20.0 * 45.0 * 365, 1000 * price
    risky, _ = entry_exit_thresholds(running_cost, entry_cost, 0.0, rate, 0.0, volatility)
    wedge = (risky - running_cost) / (rate * entry_cost) - 1.0

    def entry(hurdle):
        sector = lone_sector(rate, hurdle)

        def enters(hashprice):
            sector.expected_hashprice = hashprice
            return sector.wanted(0, price) > 0.5e-9

        return edge(enters, 10.0, 200.0) * 365

    assert entry(wedge) == pytest.approx(risky, rel=0.02)
    shipped = Scenario().row.hurdle_rate
    assert 0.0 < shipped < wedge / 10.0
    assert running_cost + rate * entry_cost < entry(shipped) < risky
