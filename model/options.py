"""Phase 7, first half: what every block of megawatts would be worth in each use.

A block is what one site can offer at once, from its energised megawatts or from its pipeline. The values are
computed for every eligible block, reviewed or not: the same numbers price the option in a firm's valuation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.economics.blocks import (
    ProductTerms,
    lease_line,
    new_mine_value,
    reserve_rent,
)
from agents.economics.discounting import mean_over_term, yearly_step
from agents.economics.mining import machine_value
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
    # The best machine at every site comes behind the fleets, so that the formula runs once for all.
    count = len(fleet.site)
    site = np.concatenate([fleet.site, np.arange(len(rate))])
    machine = np.concatenate([efficiency[fleet.generation], np.full(len(rate), efficiency[best])])
    wait = np.zeros(len(site))
    wait[count:] = bitcoin.order_lead_months / MONTHS
    worth = state.scenario.power.availability * machine_value(
        price[site],
        machine,
        cost[site],
        np.maximum(decay, 0.0)[site],
        rate[site],
        max_life=bitcoin.machine_life,
        wait=wait,
    )
    price_new, each = float(state.machine_price[best]), float(efficiency[best])
    new = new_mine_value(worth[count:], price_new, each, 0.0, rate, bitcoin.machine_life)
    return worth[:count], worth[count:], new


def value_options(state: State) -> None:
    """Value every eligible block in every use; leaves `blocks` in scratch."""
    site_mining_values(state)
    site, from_pipeline, mw, mining_share = _offers(state)
    firms, sites, terms = state.firms, state.sites, state.terms
    firm = sites.owner[site]
    fitted = np.minimum(sites.fitted_it_mw[site] / (mw * state.scenario.leases.it_to_gross), 1.0)
    ready = _ready(state, site, from_pipeline, fitted)
    mine, resale = _mining_side(state, site, from_pipeline, mining_share)
    slope, level = rent_line(terms, ready, firms.lease_discount_rate[firm], fitted)
    it_share = state.scenario.leases.it_to_gross
    needed = (mine - resale) / it_share
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


def _offers(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return site, source, size and mining share of every eligible block."""
    sites, scenario = state.sites, state.scenario
    least, most = scenario.ai.minimum_block_mw, scenario.leases.block_mw
    owner = sites.owner
    status = state.firms.status[owner]
    fit = sites.us & sites.convertible & (owner >= 0) & (status <= Status.DISTRESSED)
    fit &= (sites.tenure != Tenure.HOSTED) & scenario.leases.market_enabled
    soon = sites.energisation <= state.month + scenario.ai.planning_months
    unlet = sites.mining_mw + sites.idle_mw
    energised = rows_where(fit & (unlet >= least))
    pipeline = rows_where(fit & (sites.pipeline_mw >= least) & soon & (sites.stage < Stage.OPTION))
    size_now = np.minimum(unlet[energised], most)
    size_later = np.minimum(sites.pipeline_mw[pipeline], most)
    displaced = np.maximum(size_now - sites.idle_mw[energised], 0.0) / size_now
    return (
        np.concatenate([energised, pipeline]),
        np.arange(len(energised) + len(pipeline)) >= len(energised),
        np.concatenate([size_now, size_later]),
        np.concatenate([displaced, np.zeros(len(pipeline))]),
    )


def _ready(state: State, site: np.ndarray, from_pipeline: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Return years until delivery, [n x 3]: an empty hall shortens the build, a pipeline may delay it."""
    build = state.terms.lead[None, :] * (1.0 - fitted[:, None])
    power = np.where(from_pipeline, (state.sites.energisation[site] - state.month) / MONTHS, 0.0)
    return np.maximum(build, power[:, None])


def _mining_side(
    state: State, site: np.ndarray, from_pipeline: np.ndarray, mining_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return value of mining on, and resale of the machines displaced, musd per gross MW of the block."""
    scratch = state.scratch
    mine = value_of_mining_on(
        state,
        site,
        from_pipeline,
        mining_share,
        scratch["fleet_value"][site],
        scratch["resale_value"][site],
        scratch["new_mine_value"][site],
        state.firms.discount_rate[state.sites.owner[site]],
    )
    machine_mw = scratch["machine_mw"][site]
    share = np.where(machine_mw > 0.0, mining_share, 0.0)
    return mine, share * scratch["resale_value"][site] / np.maximum(machine_mw, 1e-9)


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
    machine_mw, energisation = state.scratch["machine_mw"][site], state.sites.energisation[site]
    bitcoin, finance = state.scenario.bitcoin, state.scenario.finance
    # Machines of a fleet are on average half way through their life when the next refresh begins.
    running = fleet / np.maximum(machine_mw, 1e-9) + new * np.exp(-rate * bitcoin.machine_life / 2.0)
    # Nobody keeps machines that are worth less than what they fetch and what would take their place.
    running = np.maximum(running, fetched / np.maximum(machine_mw, 1e-9) + new)
    wait = np.where(from_pipeline, np.maximum(energisation - state.month, 0) / MONTHS, 0.0)
    empty = np.maximum(new - np.where(from_pipeline, finance.mine_capex, 0.0), 0.0) * np.exp(-rate * wait)
    share = np.where(machine_mw > 0.0, mining_share, 0.0)
    return share * running + (1.0 - share) * empty
