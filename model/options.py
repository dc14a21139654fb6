"""Phase 7, first half: what every block of megawatts would be worth in each use.

A block is what one site can offer at once, from its energised megawatts or from its pipeline. The values are
computed for every eligible block, reviewed or not: the same numbers price the option in a firm's valuation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.blocks import (
    ProductTerms,
    lease_line,
    new_mine_value,
    reserve_rent,
)
from agents.economics.discounting import mean_over_term, yearly_step
from agents.economics.mining import TABLE_ROWS, enter_machine, table_value
from agents.tables import Product, Stage, Status, Tenure
from model.mining import Fleets, fleets, mean_cash_cost, meter_efficiency
from model.state import State
from model.tenants import bids, expected_slip

if TYPE_CHECKING:
    from model.scenario import Scenario

PRODUCTS = (Product.SHELL, Product.COLOCATION, Product.CLOUD)
MONTHS = 12.0


class BlockTable(NamedTuple):
    """Blocks on offer this month and what they are worth; n blocks, three AI products.

    Values are musd per gross MW, rents musd per IT MW-year.
    """

    site: np.ndarray
    firm: np.ndarray
    from_pipeline: np.ndarray
    mw: np.ndarray
    mining_share: np.ndarray
    """Part of the block that takes megawatts from running machines."""
    ready: np.ndarray
    """Years until the landlord delivers, [n x 3]."""
    fitted_share: np.ndarray
    mine: np.ndarray
    """Value of going on mining, [n]."""
    resale: np.ndarray
    """What the displaced machines fetch, [n]."""
    slope: np.ndarray
    level: np.ndarray
    break_even: np.ndarray
    """Rent at which leasing just equals mining, [n x 3]."""
    bid: np.ndarray
    """Highest rent any buyer in need would pay, [buyers x n x 3]; minus infinity for none."""


def product_terms(scenario: Scenario) -> ProductTerms:
    """Return cost, term and lead of the three products from a scenario."""
    leases = scenario.leases
    hall = leases.colocation_capex
    planned = np.array([leases.shell_lead, leases.colocation_lead, leases.cloud_lead]) / MONTHS
    gpu = leases.gpu_capex
    return ProductTerms(
        capex=np.array([leases.shell_capex, hall, hall + gpu]),
        hall=np.array([leases.shell_capex, hall, hall]),
        margin=np.array([leases.shell_margin, leases.colocation_margin, leases.cloud_margin]),
        years=np.array([leases.shell_term, leases.colocation_term, leases.cloud_term], dtype=float),
        lead=planned * expected_slip(leases),
        residual=np.array(
            [
                leases.shell_capex * leases.hall_residual,
                hall * leases.hall_residual,
                hall * leases.hall_residual + gpu * leases.gpu_residual,
            ]
        ),
        prepaid=np.array([0.0, leases.prepaid_colocation, leases.prepaid_cloud]),
        tenant_share=np.array([0.0, leases.tenant_capex_share, 0.0]),
        # The rent rises once a year by this share; the formulas take the continuous rate.
        escalator=float(np.log1p(leases.escalator)),
    )


def average_over_first(terms: ProductTerms) -> np.ndarray:
    """Return a lease's mean rent over its term as a multiple of the first year's, by product, [3].

    Published rents are contract value over term and IT MW, hence means.
    """
    return _average_over_first(terms.escalator, tuple(terms.years.tolist()))


@lru_cache
def _average_over_first(escalator: float, years: tuple[float, ...]) -> np.ndarray:
    mean = np.asarray(mean_over_term(escalator, np.array(years)))
    mean.setflags(write=False)
    return mean


def rent_line(
    terms: ProductTerms, ready: np.ndarray, discount_rate: np.ndarray, fitted_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and level of the value of a lease in its first-year rent; see `lease_line`."""
    slope, level = lease_line(terms, ready, discount_rate, fitted_share)
    return slope * yearly_step(terms.escalator), level


def site_mining_values(state: State) -> None:
    """Leave in scratch, per site: `fleet_value` musd, `resale_value` musd and `new_mine_value` musd/MW.

    `best_worth` is what the best machine on sale at each site is worth, ordered now, USD/TH, and
    `mean_cash_cost` what a MWh of mining costs there.
    """
    sites, firms, scratch = state.sites, state.firms, state.scratch
    owner, cost = sites.owner, mean_cash_cost(state)
    fleet = fleets(sites.hash)
    worth, best, new = mine_values(
        state,
        fleet,
        firms.expected_hashprice[owner] * (1.0 - firms.pool_fee[owner]),
        firms.expected_decay[owner],
        cost,
        firms.discount_rate[owner],
    )
    scratch["fleets"], scratch["best_worth"], scratch["mean_cash_cost"] = fleet, best, cost
    scratch["fleet_value"] = np.bincount(fleet.site, fleet.hash_eh_s * worth, minlength=len(sites))
    scratch["resale_value"] = (sites.hash @ state.machine_price) * state.scenario.bitcoin.machine_resale
    scratch["new_mine_value"] = new
    sites.new_mine_value = new
    sites.machine_value = best / float(meter_efficiency(state)[best_machine_on_sale(state)])


def best_machine_on_sale(state: State) -> int:
    """Return the generation that buyers prefer; on the first day the newest."""
    known = state.scratch.get("best_machine")
    return int(rows_where(state.generation_month <= state.month)[-1]) if known is None else int(known)


def mine_values(
    state: State, fleet: Fleets, price: np.ndarray, decay: np.ndarray, cost: np.ndarray, rate: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what machines are worth at n sites, and an empty megawatt to be filled with the best of them.

    Args:
        state: The state.
        fleet: The machines; their `site` counts the n sites.
        price: Hashprice expected, net of pool fees, USD/PH/day, [n].
        decay: Rate at which it is expected to decay, 1/year, [n].
        cost: Power and operation, USD/MWh, [n].
        rate: Cost of capital, 1/year, [n].

    Returns:
        USD/TH of the fleets, USD/TH of the best machine on sale at each site, ordered now, and musd/MW of
        filling, [n].
    """
    bitcoin, efficiency = state.scenario.bitcoin, meter_efficiency(state)
    best = best_machine_on_sale(state)
    count, lead = len(fleet.site), bitcoin.order_lead_months / MONTHS
    expected = price, efficiency, cost, decay, rate
    table = _machines_and_best(fleet, *expected, best, lead, bitcoin.machine_life)
    worth = state.scenario.power.availability * table_value(table)
    price_new, each = float(state.machine_price[best]), float(efficiency[best])
    new = new_mine_value(worth[count:], price_new, each, 0.0, rate, bitcoin.machine_life)
    return worth[:count], worth[count:], new


@compiled
def _machines_and_best(
    fleet: Fleets,
    price: np.ndarray,
    efficiency: np.ndarray,
    cost: np.ndarray,
    decay: np.ndarray,
    rate: np.ndarray,
    best: int,
    lead: float,
    life: float,
) -> np.ndarray:
    """Return the fleets, and then the best machine at each site, as a table of machines.

    In one table, so that the formula of value runs once for all.
    """
    count = fleet.site.size
    table = np.empty((TABLE_ROWS, count + rate.size))
    for row in range(count + rate.size):
        held = row < count
        site = fleet.site[row] if held else row - count
        machine, wait = (fleet.generation[row], 0.0) if held else (best, lead)
        fall = max(decay[site], 0.0)
        enter_machine(table, row, price[site], efficiency[machine], cost[site], fall, life, rate[site], wait)
    return table


def value_options(state: State) -> None:
    """Value every eligible block in every use; leaves `blocks` in scratch."""
    site_mining_values(state)
    site, firm, from_pipeline, mw, mining_share, fitted, ready = _offers(state)
    mine, resale = _mining_side(state, site, firm, from_pipeline, mining_share)
    slope, level = rent_line(state.terms, ready, state.firms.lease_discount_rate[firm], fitted)
    needed = (mine - resale) / state.scenario.leases.it_to_gross
    state.scratch["blocks"] = BlockTable(
        site,
        firm,
        from_pipeline,
        mw,
        mining_share,
        ready,
        fitted,
        mine,
        resale,
        slope,
        level,
        reserve_rent(slope, level, needed[:, None]),
        bids(state, site, ready),
    )


class _SiteColumns(NamedTuple):
    owner: np.ndarray
    us: np.ndarray
    convertible: np.ndarray
    tenure: np.ndarray
    stage: np.ndarray
    mining_mw: np.ndarray
    idle_mw: np.ndarray
    pipeline_mw: np.ndarray
    fitted_it_mw: np.ndarray
    energisation: np.ndarray


def _offers(state: State) -> tuple[np.ndarray, ...]:
    """Return site, firm, source, size, mining and fitted share, and years to delivery of eligible blocks."""
    sites, leases, ai = state.sites, state.scenario.leases, state.scenario.ai
    columns = _SiteColumns(
        *(sites.owner, sites.us, sites.convertible, sites.tenure, sites.stage),
        *(sites.mining_mw, sites.idle_mw, sites.pipeline_mw, sites.fitted_it_mw, sites.energisation),
    )
    status = state.firms.status if leases.market_enabled else np.full(len(state.firms), Status.CLOSED)
    least, most, horizon = ai.minimum_block_mw, leases.block_mw, ai.planning_months
    lead, month = state.terms.lead, state.month
    return _blocks_on_offer(columns, status, lead, month, horizon, least, most, leases.it_to_gross)


@compiled
def _blocks_on_offer(
    columns: _SiteColumns,
    status: np.ndarray,
    lead: np.ndarray,
    month: int,
    horizon: int,
    least: float,
    most: float,
    it_to_gross: float,
) -> tuple[np.ndarray, ...]:
    """Return what `_offers` does; an empty hall shortens the build, a pipeline may delay it."""
    sites, energised = _eligible(columns, status, month + horizon, least)
    count = sites.size
    from_pipeline, ready = np.arange(count) >= energised, np.empty((count, lead.size))
    mw, mining_share, fitted = np.empty(count), np.zeros(count), np.empty(count)
    for block in range(count):
        site, power = sites[block], 0.0
        if from_pipeline[block]:
            mw[block] = min(columns.pipeline_mw[site], most)
            power = (columns.energisation[site] - month) / MONTHS
        else:
            mw[block] = min(columns.mining_mw[site] + columns.idle_mw[site], most)
            mining_share[block] = max(mw[block] - columns.idle_mw[site], 0.0) / mw[block]
        fitted[block] = min(columns.fitted_it_mw[site] / (mw[block] * it_to_gross), 1.0)
        for product in range(lead.size):
            ready[block, product] = max(lead[product] * (1.0 - fitted[block]), power)
    return sites, columns.owner[sites], from_pipeline, mw, mining_share, fitted, ready


@compiled
def _eligible(columns: _SiteColumns, status: np.ndarray, last: int, least: float) -> tuple[np.ndarray, int]:
    """Return the sites of eligible blocks, energised ones first, and how many these are."""
    energised, coming = np.zeros(columns.us.size, np.bool_), np.zeros(columns.us.size, np.bool_)
    for site in range(columns.us.size):
        owner = columns.owner[site]
        if not (columns.us[site] and columns.convertible[site] and owner >= 0):
            continue
        if columns.tenure[site] != Tenure.HOSTED and status[owner] <= Status.DISTRESSED:
            energised[site] = columns.mining_mw[site] + columns.idle_mw[site] >= least
            soon = columns.energisation[site] <= last and columns.stage[site] < Stage.OPTION
            coming[site] = soon and columns.pipeline_mw[site] >= least
    now = energised.nonzero()[0]
    return np.concatenate((now, coming.nonzero()[0])), now.size


def _mining_side(
    state: State, site: np.ndarray, firm: np.ndarray, from_pipeline: np.ndarray, mining_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return value of mining on, and resale of the machines displaced, musd per gross MW of the block."""
    scratch = state.scratch
    fetched = scratch["resale_value"][site]
    mine = value_of_mining_on(
        state,
        site,
        from_pipeline,
        mining_share,
        scratch["fleet_value"][site],
        fetched,
        scratch["new_mine_value"][site],
        state.firms.discount_rate[firm],
    )
    return mine, _displaced(scratch["machine_mw"], site, mining_share, fetched)


@compiled
def _displaced(
    machine_mw: np.ndarray, site: np.ndarray, mining_share: np.ndarray, fetched: np.ndarray
) -> np.ndarray:
    resale = np.empty(site.size)
    for block in range(site.size):
        mw = machine_mw[site[block]]
        resale[block] = (mining_share[block] if mw > 0.0 else 0.0) * fetched[block] / max(mw, 1e-9)
    return resale


def value_of_mining_on(
    state: State,
    site: np.ndarray,
    from_pipeline: np.ndarray,
    mining_share: np.ndarray,
    fleet: np.ndarray,
    fetched: np.ndarray,
    new: np.ndarray,
    rate: np.ndarray,
) -> np.ndarray:
    """Return the value of mining on, musd per gross MW, for n blocks.

    Args:
        state: The state.
        site: Site rows.
        from_pipeline: Whether the block's megawatts are still to be energised.
        mining_share: Part of the block that runs machines.
        fleet: Value of the site's machines, musd.
        fetched: What they fetch second-hand, musd.
        new: Value of filling an empty megawatt, musd/MW.
        rate: Cost of capital for mining, 1/year.
    """
    life, mine_capex = state.scenario.bitcoin.machine_life, state.scenario.finance.mine_capex
    sources = from_pipeline, state.sites.energisation
    exponents = _mining_exponents(site, sources, rate, state.month, life)
    worths, shares = (fleet, fetched, new), (from_pipeline, mining_share)
    machine_mw, discounts = state.scratch["machine_mw"], np.exp(exponents)
    return _mining_on(site, machine_mw, worths, shares, discounts, mine_capex)


@compiled
def _mining_exponents(
    site: np.ndarray, sources: tuple[np.ndarray, np.ndarray], rate: np.ndarray, month: int, life: float
) -> np.ndarray:
    """Return the exponents of what discounts the next refresh of machines, and megawatts to be energised."""
    from_pipeline, energisation = sources
    exponents = np.empty((2, site.size))
    for block in range(site.size):
        wait = max(energisation[site[block]] - month, 0) / MONTHS if from_pipeline[block] else 0.0
        # Machines of a fleet are on average half way through their life when the next refresh begins.
        exponents[0, block] = -rate[block] * life / 2.0
        exponents[1, block] = -rate[block] * wait
    return exponents


@compiled
def _mining_on(
    site: np.ndarray,
    machine_mw: np.ndarray,
    worths: tuple[np.ndarray, np.ndarray, np.ndarray],
    shares: tuple[np.ndarray, np.ndarray],
    discounts: np.ndarray,
    mine_capex: float,
) -> np.ndarray:
    (fleet, fetched, new), (from_pipeline, mining_share) = worths, shares
    value = np.empty(site.size)
    for block in range(site.size):
        mw = machine_mw[site[block]]
        running = fleet[block] / max(mw, 1e-9) + new[block] * discounts[0, block]
        # Nobody keeps machines that are worth less than what they fetch and what would take their place.
        running = max(running, fetched[block] / max(mw, 1e-9) + new[block])
        empty = max(new[block] - (mine_capex if from_pipeline[block] else 0.0), 0.0) * discounts[1, block]
        share = mining_share[block] if mw > 0.0 else 0.0
        value[block] = share * running + (1.0 - share) * empty
    return value
