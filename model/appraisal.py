"""What the holdings of a firm are worth in given hands: mines, leases, pipelines, options on tenants.

`Holdings` lists sites, leases, blocks and clients with the *hand* each is valued for. Valuing every firm has
one hand per firm; a bid has two per target, its own and the acquirer's. All values are million USD (musd).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.economics.blocks import PREPAYMENT_CREDIT_START
from agents.economics.discounting import annuity_factor, yearly_step
from agents.economics.valuation import (
    arrival_value,
    deferred_credit_gain,
    overhead_value,
    risky_lease_value,
    spread_cost,
)
from agents.tables import Tenure
from model.ownership import machines_at_market, machines_on_order

if TYPE_CHECKING:
    from model.options import BlockTable
    from model.state import State

MONTHS = 12.0
HOURS_PER_YEAR = 8766.0


class Hands(NamedTuple):
    """Who values, one entry per hand.

    Attributes:
        rate: Cost of capital for mining, 1/year.
        lease_rate: Cost of capital for lease cash flows, 1/year.
        overhead: General and administrative cost the holdings then need, musd a month.
    """

    rate: np.ndarray
    lease_rate: np.ndarray
    overhead: np.ndarray


class Holdings(NamedTuple):
    """What is valued: rows of the sites, leases and block tables, and the hand each is valued for.

    Attributes:
        site: Site rows, [n], with `site_hand`.
        fleet: What their machines are worth, musd, [n].
        new: What filling an empty megawatt is worth, musd/MW, [n].
        lease: Live lease rows, with `lease_hand`.
        block: Rows of the month's block table, with `block_hand`.
        gain: What letting a block is worth beyond mining on, musd/MW, [blocks].
        reach: Present value of one paid when a tenant is found, [blocks].
        guest: Hosted site rows whose host is held, with `guest_hand`.
        guest_new: What an empty megawatt of the host is worth, musd/MW, [guests].
    """

    site: np.ndarray
    site_hand: np.ndarray
    fleet: np.ndarray
    new: np.ndarray
    lease: np.ndarray
    lease_hand: np.ndarray
    block: np.ndarray
    block_hand: np.ndarray
    gain: np.ndarray
    reach: np.ndarray
    guest: np.ndarray
    guest_hand: np.ndarray
    guest_new: np.ndarray


class Parts(NamedTuple):
    """Sum of parts by hand, musd, before debt and treasury.

    Attributes:
        mining: Machines, their refresh and empty megawatts, net of the overhead of unlet megawatts.
        leases: Signed leases, net of the overhead of let megawatts.
        pipeline: Coming megawatts and options on tenants; no overhead.
        break_up: What everything fetches when sold piece by piece and in no hurry; not a part.
    """

    mining: np.ndarray
    leases: np.ndarray
    pipeline: np.ndarray
    break_up: np.ndarray

    @property
    def enterprise(self) -> np.ndarray:
        """Return enterprise value."""
        return self.mining + self.leases + self.pipeline


def appraise(state: State, holdings: Holdings, hands: Hands) -> Parts:
    """Return the parts of each hand's holdings; as a whole never less than they fetch when broken up."""
    count = len(hands.rate)

    def add(hand: np.ndarray, value: np.ndarray) -> np.ndarray:
        return np.bincount(hand, value, minlength=count)

    site, hand = holdings.site, holdings.site_hand
    rate = hands.rate[hand]
    mines = add(hand, mining_worth(state, site, holdings.fleet, holdings.new, rate))
    if len(holdings.guest):
        client_rate = hands.rate[holdings.guest_hand]
        mines += add(
            holdings.guest_hand, hosting_worth(state, holdings.guest, holdings.guest_new, client_rate)
        )
    leases, options = np.zeros(count), np.zeros(count)
    if len(holdings.lease):
        lease_rate = hands.lease_rate[holdings.lease_hand]
        leases = add(holdings.lease_hand, lease_worth(state, holdings.lease, lease_rate))
    if len(holdings.block):
        options = add(holdings.block_hand, option_worth(state, holdings.block, holdings.gain, holdings.reach))
    pipeline = options + add(
        hand, pipeline_worth(state, site, holdings.new, rate) + later_options_worth(state, site, rate)
    )
    kept = 1.0 - state.scenario.finance.distress_discount_single
    power, machines = (add(hand, worth) for worth in pieces_of(state, site))
    signed = np.maximum(leases, 0.0)
    places = power + signed + np.maximum(pipeline, 0.0)
    pieces, break_up = places * kept + machines, places + machines
    years, let = _business(state, holdings, count)
    overhead = overhead_value(hands.overhead, hands.rate, years)
    mines -= overhead * (1.0 - let)
    leases -= overhead * let
    return Parts(mines + np.maximum(pieces - mines - leases - pipeline, 0.0), leases, pipeline, break_up)


def mining_worth(
    state: State, site: np.ndarray, fleet: np.ndarray, new: np.ndarray, rate: np.ndarray
) -> np.ndarray:
    """Return what mining at each site is worth: machines, their refresh, empty megawatts, orders at cost.

    Machines are half way through their life on average when the next refresh begins. On somebody else's
    premises only the machines count: the megawatts are the host's.
    """
    sites = state.sites
    refresh = np.exp(rate * (-0.5 * state.scenario.bitcoin.machine_life))
    own = sites.tenure[site] != Tenure.HOSTED
    mining = new * sites.mining_mw[site] * own
    fetched = (sites.hash[site] @ state.machine_price) * state.scenario.bitcoin.machine_resale
    # Nobody keeps machines that are worth less than what they fetch and what would take their place.
    running = np.maximum(fleet + mining * refresh, fetched + mining)
    return running + new * sites.idle_mw[site] * own + machines_on_order(state)[site]


def hosting_worth(state: State, guest: np.ndarray, new: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what hosting is worth to the host: its margin while the machines live, then their megawatts."""
    sites, scenario = state.sites, state.scenario
    left = 0.5 * scenario.bitcoin.machine_life
    yearly = sites.hosting_margin[guest] * (HOURS_PER_YEAR * 1e-6 * scenario.power.availability)
    per_mw = yearly * annuity_factor(rate, left) + new * np.exp(-rate * left)
    return sites.mining_mw[guest] * per_mw + sites.idle_mw[guest] * new


def _business(state: State, holdings: Holdings, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how long each hand's present business lasts, and the part of its megawatts that are let.

    It lasts for the machines' life, or lease terms, by megawatts. Overhead is reckoned for that long, as the
    machines and rents that pay for it are, and each megawatt in use, mined on or let, bears the same of it.
    """
    sites, leases, site, lease = state.sites, state.leases, holdings.site, holdings.lease
    life = state.scenario.bitcoin.machine_life
    unlet = np.bincount(holdings.site_hand, sites.mining_mw[site] + sites.idle_mw[site], minlength=count)
    mw = leases.gross_mw[lease]
    end = leases.delivery[lease] + leases.term[lease] - state.month - 1
    let = np.bincount(holdings.lease_hand, mw, minlength=count)
    let_years = np.bincount(holdings.lease_hand, mw * np.maximum(end, 0) / MONTHS, minlength=count)
    total = unlet + let
    below = np.where(total > 0.0, total, 1.0)
    return np.where(total > 0.0, (unlet * life + let_years) / below, life), let / below


def lease_worth(state: State, lease: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what live leases are worth to a landlord, cost still to be spent deducted, loans not.

    A prepayment is owed at its face elsewhere; that it is credited late is a gain here.
    """
    leases = state.leases
    wait = np.maximum(leases.delivery[lease] - state.month - 1, 0)
    left = np.maximum(leases.delivery[lease] + leases.term[lease] - state.month - 1 - wait, 0)
    hazard = _payer_hazard(state, lease)
    value = risky_lease_value(
        smooth_rent(state, lease) * leases.it_mw[lease] * leases.operating_margin[lease],
        np.log1p(leases.escalator[lease]),
        rate,
        hazard,
        wait / MONTHS,
        left / MONTHS,
        _worth_when_back(state, lease),
    )
    prepaid = np.maximum(leases.prepaid[lease], 0.0)
    if prepaid.any():
        begin = leases.delivery[lease] + PREPAYMENT_CREDIT_START * MONTHS - state.month - 1
        begin = np.minimum(np.maximum(begin, 0), wait + left)
        value += deferred_credit_gain(prepaid, rate + hazard, begin / MONTHS, (wait + left - begin) / MONTHS)
    unspent = np.maximum(leases.capex[lease] - leases.capex_spent[lease], 0.0)
    build = np.maximum(leases.promised[lease] - state.month - 1, 0) / MONTHS
    return value - spread_cost(unspent, rate, build)


def smooth_rent(state: State, lease: np.ndarray) -> np.ndarray:
    """Return the rent after this month, musd/IT MW-year, as if it grew all the time and not once a year.

    It pays in every lease year what the lease pays; the formulas of value reckon with continuous growth. In
    the last year, when the rent is not raised any more, what is left comes out too high by half the growth of
    that rest at most.
    """
    leases = state.leases
    growth = np.log1p(leases.escalator[lease])
    age = np.maximum(state.month + 1 - leases.delivery[lease], 0)
    # The rent in force is raised when the coming month is an anniversary.
    since = np.where((age > 0) & (age % MONTHS == 0.0), MONTHS, age % MONTHS) / MONTHS
    return leases.rent_now[lease] * yearly_step(growth) * np.exp(growth * since)


def _payer_hazard(state: State, lease: np.ndarray) -> np.ndarray:
    """Return the default hazard of who pays in the end: the tenant, or a guarantor of investment grade."""
    leases = state.leases
    hazard = leases.default_hazard[lease]
    guaranteed = np.minimum(hazard, state.scenario.ai.default_investment_grade)
    return np.where(leases.backstop[lease], guaranteed, hazard)


def _worth_when_back(state: State, lease: np.ndarray) -> np.ndarray:
    """Return the worth of what was built once the tenant has gone, musd; old contracts state its cost."""
    leases, terms = state.leases, state.terms
    product, it_mw = leases.product[lease] - 1, leases.it_mw[lease]
    usual = terms.capex[product] * it_mw * (1.0 - leases.tenant_capex_share[lease])
    scale = np.where(
        leases.at_start[lease] & (usual > 0.0), leases.capex[lease] / np.maximum(usual, 1e-9), 1.0
    )
    return terms.residual[product] * it_mw * scale


def stage_probability(state: State) -> np.ndarray:
    """Return the chance that pipeline megawatts of each `Stage` energise."""
    finance = state.scenario.finance
    return np.array(
        [
            finance.probability_construction,
            finance.probability_construction,
            finance.probability_approved,
            finance.probability_option,
        ]
    )


def pipeline_worth(state: State, site: np.ndarray, new: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what mining on the coming megawatts is worth, each stage by its chance to energise."""
    sites = state.sites
    mine = np.maximum(new - state.scenario.finance.mine_capex, 0.0)
    wait = np.maximum(sites.energisation[site] - state.month - 1, 0) / MONTHS
    chance = stage_probability(state)[sites.stage[site]]
    return sites.pipeline_mw[site] * chance * mine * np.exp(-rate * wait)


def option_worth(state: State, block: np.ndarray, gain: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return what finding a tenant is worth beyond mining, for all unlet megawatts of the blocks' sites."""
    table: BlockTable = state.scratch["blocks"]
    site, later = table.site[block], table.from_pipeline[block]
    chance = np.where(later, stage_probability(state)[state.sites.stage[site]], 1.0)
    return unlet_mw(state, block) * chance * gain * reach


def unlet_mw(state: State, block: np.ndarray) -> np.ndarray:
    """Return all megawatts of the kind a block offers that its site has still to let."""
    table: BlockTable = state.scratch["blocks"]
    sites, site = state.sites, table.site[block]
    now = sites.mining_mw[site] + sites.idle_mw[site]
    return np.where(table.from_pipeline[block], sites.pipeline_mw[site], now)


def later_options_worth(state: State, site: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what finding a tenant is worth for coming megawatts that buyers do not look at yet.

    They are held to gain what pipelines gain that are on offer now (all blocks, where there is none), once
    they come within the buyers' horizon.
    """
    table: BlockTable | None = state.scratch.get("blocks")
    sites, ai = state.sites, state.scenario.ai
    worth = np.zeros(len(site))
    if table is None or not len(table.site):
        return worth
    fit = (sites.convertible & sites.us)[site] & (sites.pipeline_mw[site] >= ai.minimum_block_mw)
    offered = np.zeros(len(sites), dtype=bool)
    offered[table.site[table.from_pipeline]] = True
    rows = rows_where(fit & ~offered[site])
    if not len(rows):
        return worth
    later = site[rows]
    wait = np.maximum(sites.energisation[later] - state.month - ai.planning_months, 0) / MONTHS
    chance = stage_probability(state)[sites.stage[later]] * np.exp(-rate[rows] * wait)
    worth[rows] = sites.pipeline_mw[later] * chance * _usual_gain(state, table) * reach_of(state, rate[rows])
    return worth


def _usual_gain(state: State, table: BlockTable) -> float:
    weight = table.mw * table.from_pipeline
    weight = weight if weight.any() else table.mw
    return float(gain_of_letting(state, table) @ weight / weight.sum())


def gain_of_letting(state: State, table: BlockTable) -> np.ndarray:
    """Return what each block's best use for a tenant is worth beyond mining on, musd/MW, zero or more.

    Owners expect the going rent, but no more than the best bid for their block. Kept for the month: rents
    do not change after signing.
    """
    known = state.scratch.get("gain_of_letting")
    if known is None:
        bid = table.bid.max(axis=0, initial=-np.inf)
        expected = np.minimum(state.expected_rent[None, 1:], bid)
        known = surplus(state, expected, table.slope, table.level, table.resale - table.mine)
        state.scratch["gain_of_letting"] = known
    return known


def surplus(
    state: State, rent: np.ndarray, slope: np.ndarray, level: np.ndarray, instead: np.ndarray
) -> np.ndarray:
    """Return what the best product is worth at the given rents, plus `instead`, musd per gross MW, or zero.

    Args:
        state: The state.
        rent: musd per IT MW-year, minus infinity where nobody bids, [n x 3].
        slope: Of the lease line, [n x 3].
        level: Of the lease line, [n x 3].
        instead: Resale of displaced machines less the value of mining on, musd per gross MW, [n].
    """
    bids = np.isfinite(rent)
    let = np.where(bids, slope * np.where(bids, rent, 0.0) + level, -np.inf)
    best = let.max(axis=1, initial=-np.inf) * state.scenario.leases.it_to_gross
    return np.maximum(best + instead, 0.0)


def reach_of(state: State, rate: np.ndarray) -> np.ndarray:
    """Return the present value of one paid when an eligible megawatt finds a tenant, at n rates."""
    return arrival_value(state.signing_rate, state.scenario.choice.window_rate, rate)


def pieces_of(state: State, site: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what each site's unlet power and its machines fetch, sold apart and in no hurry, musd."""
    sites = state.sites
    own = sites.tenure[site] != Tenure.HOSTED
    power = state.scenario.finance.site_price * (sites.mining_mw[site] + sites.idle_mw[site]) * own
    return power, machines_at_market(state, site)
