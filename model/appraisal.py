"""What the holdings of a firm are worth in given hands: mines, leases, pipelines, options on tenants.

`Holdings` lists sites, leases, blocks and clients with the *hand* each is valued for. Valuing every firm has
one hand per firm; a bid has two per target, its own and the acquirer's. All values are million USD (musd).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.economics.discounting import annuity_factor
from agents.economics.valuation import (
    arrival_value,
    overhead_value,
)
from agents.tables import Tenure
from model.lease_worth import lease_worth
from model.ownership import machines_on_order

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

    mines, coming, power, machines = sites_worth(state, holdings, hands.rate)
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
    years, let = business(state, holdings, count)
    overhead = overhead_value(hands.overhead, hands.rate, years)
    kept = 1.0 - state.scenario.finance.distress_discount_single
    return Parts(*_whole(mines, leases, options + coming, power, machines, overhead, let, kept))


@compiled
def _whole(
    mines: np.ndarray,
    leases: np.ndarray,
    pipeline: np.ndarray,
    power: np.ndarray,
    machines: np.ndarray,
    overhead: np.ndarray,
    let: np.ndarray,
    kept: float,
) -> np.ndarray:
    """Return the fields of `Parts`, one row each, from what the parts are worth before overhead."""
    parts = np.empty((4, mines.size))
    for hand in range(mines.size):
        places = power[hand] + max(leases[hand], 0.0) + max(pipeline[hand], 0.0)
        mining = mines[hand] - overhead[hand] * (1.0 - let[hand])
        signed = leases[hand] - overhead[hand] * let[hand]
        pieces = places * kept + machines[hand]
        parts[0, hand] = mining + max(pieces - mining - signed - pipeline[hand], 0.0)
        parts[1, hand] = signed
        parts[2, hand] = pipeline[hand]
        parts[3, hand] = places + machines[hand]
    return parts


def sites_worth(state: State, holdings: Holdings, rates: np.ndarray) -> np.ndarray:
    """Return what sites are worth by hand, musd, [4 x hands].

    Rows: mining; pipelines, later options on tenants included; unlet power and machines sold apart and in no
    hurry. Machines are half way through their life on average when the next refresh begins. On somebody
    else's premises only the machines count: the megawatts are the host's.

    Coming megawatts that buyers do not look at yet are held to gain from a tenant what pipelines gain that
    are on offer now (all blocks, where there is none), once they come within the buyers' horizon.
    """
    sites, scenario, site = state.sites, state.scenario, holdings.site
    bitcoin, finance, ai = scenario.bitcoin, scenario.finance, scenario.ai
    rate = rates[holdings.site_hand]
    columns = _SiteColumns(
        *(sites.tenure, sites.stage, sites.mining_mw, sites.idle_mw, sites.pipeline_mw),
        *(sites.convertible, sites.us, sites.energisation),
    )
    months = state.month, ai.planning_months
    exponents = _site_exponents(site, rate, sites.energisation, months, -0.5 * bitcoin.machine_life)
    discounts = np.exp(exponents, exponents)
    machines = sites.hash[site] @ state.machine_price, machines_on_order(state)[site]
    prices = bitcoin.machine_resale, finance.site_price, finance.mine_capex
    later = ai.minimum_block_mw, _usual_gain(state)
    reach, chances = reach_of(state, rate), stage_probability(state)
    rows = discounts, reach, _offered(state), chances
    return _site_parts(holdings, columns, machines, rows, prices, later, len(rates))


class _SiteColumns(NamedTuple):
    tenure: np.ndarray
    stage: np.ndarray
    mining_mw: np.ndarray
    idle_mw: np.ndarray
    pipeline_mw: np.ndarray
    convertible: np.ndarray
    us: np.ndarray
    energisation: np.ndarray


@compiled
def _site_exponents(
    site: np.ndarray, rate: np.ndarray, energisation: np.ndarray, months: tuple[int, int], refresh: float
) -> np.ndarray:
    """Return the exponents of three discounts: on the next refresh, coming megawatts, and later options."""
    month, planning_months = months
    exponents = np.empty((3, site.size))
    for row in range(site.size):
        left = energisation[site[row]] - month
        exponents[0, row] = rate[row] * refresh
        exponents[1, row] = -rate[row] * (max(left - 1, 0) / MONTHS)
        exponents[2, row] = -rate[row] * (max(left - planning_months, 0) / MONTHS)
    return exponents


@compiled
def _site_parts(
    holdings: Holdings,
    columns: _SiteColumns,
    machines: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    prices: tuple[float, float, float],
    later: tuple[float, float],
    count: int,
) -> np.ndarray:
    resale, site_price, mine_capex = prices
    running_new, ordered_new = machines
    discounts, reach, offered, stage_chance = rows
    least, usual_gain = later
    parts = np.zeros((4, count))
    for row in range(holdings.site.size):
        site, hand, new = holdings.site[row], holdings.site_hand[row], holdings.new[row]
        own = 0.0 if columns.tenure[site] == Tenure.HOSTED else 1.0
        idle, pipeline = columns.idle_mw[site], columns.pipeline_mw[site]
        mining = new * columns.mining_mw[site] * own
        # Nobody keeps machines that are worth less than what they fetch and what would take their place.
        fetched = running_new[row] * resale
        running = max(holdings.fleet[row] + mining * discounts[0, row], fetched + mining)
        parts[0, hand] += running + new * idle * own + ordered_new[row]
        chance = stage_chance[columns.stage[site]]
        coming = pipeline * chance * max(new - mine_capex, 0.0) * discounts[1, row]
        if columns.convertible[site] and columns.us[site] and pipeline >= least and not offered[site]:
            coming += pipeline * (chance * discounts[2, row]) * usual_gain * reach[row]
        parts[1, hand] += coming
        parts[2, hand] += site_price * (columns.mining_mw[site] + idle) * own
        parts[3, hand] += (running_new[row] + ordered_new[row]) * resale
    return parts


def _offered(state: State) -> np.ndarray:
    """Return which sites offer their pipeline to tenants this month."""
    table: BlockTable | None = state.scratch.get("blocks")
    offered = np.zeros(len(state.sites), dtype=bool)
    if table is not None:
        offered[table.site[table.from_pipeline]] = True
    return offered


def hosting_worth(state: State, guest: np.ndarray, new: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what hosting is worth to the host: its margin while the machines live, then their megawatts."""
    sites, scenario = state.sites, state.scenario
    left = 0.5 * scenario.bitcoin.machine_life
    yearly = sites.hosting_margin[guest] * (HOURS_PER_YEAR * 1e-6 * scenario.power.availability)
    per_mw = yearly * annuity_factor(rate, left) + new * np.exp(-rate * left)
    return sites.mining_mw[guest] * per_mw + sites.idle_mw[guest] * new


def business(state: State, holdings: Holdings, count: int) -> np.ndarray:
    """Return how long each hand's present business lasts, and the part of its megawatts let, [2 x hands].

    It lasts for the machines' life, or lease terms, by megawatts. Overhead is reckoned for that long, as the
    machines and rents that pay for it are, and each megawatt in use, mined on or let, bears the same of it.
    """
    sites, leases = state.sites, state.leases
    unlet = sites.mining_mw, sites.idle_mw
    contracts = leases.gross_mw, leases.delivery, leases.term
    return _business(holdings, unlet, contracts, state.month, state.scenario.bitcoin.machine_life, count)


@compiled
def _business(
    holdings: Holdings,
    unlet_mw: tuple[np.ndarray, np.ndarray],
    contracts: tuple[np.ndarray, np.ndarray, np.ndarray],
    month: int,
    life: float,
    count: int,
) -> np.ndarray:
    (mining_mw, idle_mw), (gross_mw, delivery, term) = unlet_mw, contracts
    unlet, let, let_years = np.zeros(count), np.zeros(count), np.zeros(count)
    for row in range(holdings.site.size):
        site = holdings.site[row]
        unlet[holdings.site_hand[row]] += mining_mw[site] + idle_mw[site]
    for row in range(holdings.lease.size):
        lease, hand = holdings.lease[row], holdings.lease_hand[row]
        end = delivery[lease] + term[lease] - month - 1
        let[hand] += gross_mw[lease]
        let_years[hand] += gross_mw[lease] * max(end, 0) / MONTHS
    lasts = np.empty((2, count))
    for hand in range(count):
        total = unlet[hand] + let[hand]
        below = total if total > 0.0 else 1.0
        lasts[0, hand] = (unlet[hand] * life + let_years[hand]) / below if total > 0.0 else life
        lasts[1, hand] = let[hand] / below
    return lasts


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


def _usual_gain(state: State) -> float:
    """Return what letting a coming megawatt gains at the blocks on offer, musd/MW; zero without any."""
    table: BlockTable | None = state.scratch.get("blocks")
    if table is None or not len(table.site):
        return 0.0
    weight = table.mw * table.from_pipeline
    weight = weight if weight.any() else table.mw
    return float(gain_of_letting(state, table) @ weight / np.add.reduce(weight))


def gain_of_letting(state: State, table: BlockTable) -> np.ndarray:
    """Return what each block's best use for a tenant is worth beyond mining on, musd/MW, zero or more.

    Owners expect the going rent, but no more than the best bid for their block. Kept for the month: rents
    do not change after signing.
    """
    known = state.scratch.get("gain_of_letting")
    if known is None:
        expected = np.minimum(state.expected_rent[1:], np.maximum.reduce(table.bid, initial=-np.inf))
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
    return _surplus(rent, slope, level, instead, state.scenario.leases.it_to_gross)


@compiled
def _surplus(
    rent: np.ndarray, slope: np.ndarray, level: np.ndarray, instead: np.ndarray, it_to_gross: float
) -> np.ndarray:
    gain = np.empty(instead.size)
    for row in range(instead.size):
        best = -np.inf
        for product in range(rent.shape[1]):
            if np.isfinite(rent[row, product]):
                best = max(best, slope[row, product] * rent[row, product] + level[row, product])
        gain[row] = max(best * it_to_gross + instead[row], 0.0)
    return gain


def reach_of(state: State, rate: np.ndarray) -> np.ndarray:
    """Return the present value of one paid when an eligible megawatt finds a tenant, at n rates."""
    return arrival_value(state.signing_rate, state.scenario.choice.window_rate, rate)
