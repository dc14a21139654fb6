"""What buyers would pay for miners' blocks: the tenants' formulas on the state's columns."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.discounting import yearly_step
from agents.economics.grid import firm_power_price
from agents.economics.tenants import (
    Alternatives,
    Hall,
    LeaseOffer,
    capital_annuity,
    highest_rent,
    own_hall_of,
    power_cost_it,
)
from agents.tables import Contract, Kind
from model.onsite import waits

if TYPE_CHECKING:
    from model.parameters.demand import Leases
    from model.scenario import Scenario
    from model.state import State

MONTHS = 12.0
COLOCATION = 1
"""Column of the colocation product among the three (shell, colocation, cloud)."""
SHELL, CLOUD, BEARS_POWER = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])
"""Products of which something holds, in the same order."""
NO_DISCOUNT = 1e-6
"""Least discount rate of a buyer, 1/year: the formulas need a positive one."""


def expected_slip(leases: Leases) -> float:
    """Return how many times as long as planned a build takes: months of slips may slip again."""
    return 1.0 / (1.0 - leases.slip_probability * leases.slip_months)


def own_hall(scenario: Scenario) -> Hall:
    """Return the hall that a buyer would build for itself."""
    return Hall(scenario.leases.colocation_capex, scenario.leases.hall_residual)


def hall_operation(scenario: Scenario) -> float:
    """Return what it costs to run a hall, musd/IT MW-year: what colocation landlords spend on it."""
    return (1.0 - scenario.leases.colocation_margin) * scenario.leases.colocation_rent


def power_above_normal(scenario: Scenario, price: np.ndarray) -> np.ndarray:
    """Return the cost of power above the price that the buyers' margins count, musd/IT MW-year."""
    return np.asarray(power_cost_it(price - scenario.ai.normal_power, scenario.ai.pue))


def discount_rates(state: State) -> np.ndarray:
    """Return the discount rate of each buyer, [buyers]."""
    return np.maximum(state.hyperscalers.discount_rate, NO_DISCOUNT)


def hall_lead(state: State) -> float:
    """Return the years it takes to build a hall, expected slips included, whoever builds it."""
    return float(state.terms.lead[COLOCATION])


def running_costs(state: State) -> np.ndarray:
    """Return what it costs to run a hall on each region's grid and then with each technology on site.

    [regions + technologies], musd/IT MW-year above normal.
    """
    regions = state.regions
    grid = firm_power_price(
        state.grid.industrial_price,
        regions.energy_price_start,
        regions.energy_index,
        regions.capacity_price_start,
        regions.capacity_price,
    )
    price = np.concatenate([grid, state.onsite.cost])
    return hall_operation(state.scenario) + power_above_normal(state.scenario, price)


def alternatives(state: State, buyers: np.ndarray) -> Alternatives:
    """Return where some buyers could find power now: every region's queue, every technology on site.

    A hall takes as long to build as a landlord's, so power that comes sooner has to wait for it. Only those
    are listed than which none is both sooner and cheaper for all buyers; the arrays
    are [options x buyers x 1 x 1].
    """
    waiting = state.grid.waits, waits(state)
    ready, running = _not_beaten(buyers, *waiting, state.grid.running_cost, hall_lead(state))
    return Alternatives(ready[:, :, None, None], running[:, None, None, None])


@compiled
def _not_beaten(
    buyers: np.ndarray, grid: np.ndarray, onsite: np.ndarray, running: np.ndarray, lead: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the years until each of the `alternatives` runs, [options x buyers], and its cost, [options]."""
    regions, ready, kept = grid.shape[1], np.empty((running.size, buyers.size)), 0
    cost, latest = np.empty(running.size), np.empty(running.size)
    for option in range(running.size):
        latest[kept], cost[kept] = lead, running[option]
        for place in range(buyers.size):
            years = grid[buyers[place], option] if option < regions else onsite[option - regions]
            ready[kept, place] = max(years, lead)
            latest[kept] = max(latest[kept], years)
        kept += int(ready[kept, 0] < np.inf)
    order = _sooner_and_cheaper_first(latest[:kept], cost[:kept])
    beaten, least = np.zeros(kept, np.bool_), np.inf
    for place in range(kept):
        beaten[order[place]] = cost[order[place]] >= least
        least = min(least, cost[order[place]])
    for place in range(1, kept):
        # Where buyers disagree on what comes sooner, nothing beats anything.
        if (ready[order[place]] < ready[order[place - 1]]).any():
            beaten[:] = False
    rows = np.nonzero(~beaten)[0]
    return ready[rows], cost[rows]


@compiled
def _sooner_and_cheaper_first(latest: np.ndarray, cost: np.ndarray) -> np.ndarray:
    order = np.arange(latest.size)
    for place in range(1, latest.size):
        moved, before = order[place], place - 1
        while before >= 0:
            other = order[before]
            if latest[other] < latest[moved]:
                break
            if latest[other] == latest[moved] and cost[other] <= cost[moved]:
                break
            order[before + 1] = other
            before -= 1
        order[before + 1] = moved
    return order


def onsite_gains(state: State) -> np.ndarray:
    """Return what an order behind the meter gains over waiting for the grid or doing without, [k x buyers].

    The order takes its lead time, the grid its wait, which a request has to outlast; both are valued to the
    end of the same lease term, musd/IT MW.
    """
    supply, lead, withdrawal = state.onsite, hall_lead(state), state.scenario.power.withdrawal
    buyers, rate, years = state.hyperscalers, discount_rates(state), float(state.terms.years[COLOCATION])
    where = state.grid.waits, supply.lead_months
    exponents = _onsite_exponents(*where, rate, lead, years, withdrawal)
    leases, flow = state.scenario.leases, (buyers.margin, rate, state.grid.running_cost)
    hall, discounts = (leases.colocation_capex, leases.hall_residual), np.exp(exponents, exponents)
    return _onsite_gains(*where, *flow, lead, years, *hall, discounts)


@compiled
def _last_year(lead_months: np.ndarray, lead: float, years: float) -> float:
    """Return when a lease of a hall would end that the slowest technology supplies, years from now."""
    return max(lead_months.max() / MONTHS, lead) + years


@compiled
def _onsite_exponents(
    grid: np.ndarray, lead_months: np.ndarray, rate: np.ndarray, lead: float, years: float, withdrawal: float
) -> np.ndarray:
    """Return the exponents of what a start with each source of power is discounted by, then of the end.

    Then come those of what is left of a request to the grid when it has waited, [.. x buyers].
    """
    buyers, regions, technologies = rate.size, grid.shape[1], lead_months.size
    last, sources = _last_year(lead_months, lead, years), regions + technologies
    exponents = np.empty((sources + 1 + regions, buyers))
    for buyer in range(buyers):
        for source in range(sources):
            wait = grid[buyer, source] if source < regions else lead_months[source - regions] / MONTHS
            exponents[source, buyer] = -rate[buyer] * max(wait, lead)
        exponents[sources, buyer] = -rate[buyer] * last
        for region in range(regions):
            exponents[sources + 1 + region, buyer] = -withdrawal * min(grid[buyer, region], last)
    return exponents


@compiled
def _onsite_gains(
    grid: np.ndarray,
    lead_months: np.ndarray,
    margin: np.ndarray,
    rate: np.ndarray,
    running_cost: np.ndarray,
    lead: float,
    years: float,
    capex: float,
    residual: float,
    discounts: np.ndarray,
) -> np.ndarray:
    buyers, regions, technologies = rate.size, grid.shape[1], lead_months.size
    last, sources = _last_year(lead_months, lead, years), regions + technologies
    gains = np.empty((technologies, buyers))
    for buyer in range(buyers):
        queued, at_end = 0.0, discounts[sources, buyer]
        for source in range(sources):
            wait = grid[buyer, source] if source < regions else lead_months[source - regions] / MONTHS
            flow = margin[buyer], rate[buyer], running_cost[source]
            sooner, at_start = bool(max(wait, lead) < last), discounts[source, buyer]
            worth = own_hall_of(*flow, capex, residual, sooner, at_start, at_end)
            if source < regions:
                queued = max(queued, worth * discounts[sources + 1 + source, buyer])
            else:
                gains[source - regions, buyer] = worth - queued
    return gains


def request_bids(state: State) -> np.ndarray:
    """Return what a year without waiting is worth, musd/IT MW-year, [buyers x regions].

    The margin of a hall there less what the capital for it costs in a year: the derivative of the hall's
    value with respect to the date it starts.
    """
    capital = discount_rates(state) * state.scenario.leases.colocation_capex
    return (state.hyperscalers.margin - capital)[:, None] - state.grid.running_cost[
        None, : len(state.regions)
    ]


def bids(state: State, site: np.ndarray, ready: np.ndarray) -> np.ndarray:
    """Return the highest rent of each buyer for each block and product.

    Args:
        state: The state.
        site: Site of each block, [n].
        ready: Years until the landlord would deliver, [n x 3].

    Returns:
        musd/IT MW-year, [buyers x n x 3]; minus infinity for buyers whose need is below the smallest block,
        and for all but its parent where a customer in need has the block itself.
    """
    buyers, scenario = state.hyperscalers, state.scenario
    needing = rows_where(buyers.need_mw >= scenario.ai.minimum_block_mw)
    if not len(needing) or not len(site):
        return np.full((len(buyers), *ready.shape), -np.inf)
    margin = buyers.margin[needing, None, None]
    rate = discount_rates(state)[needing, None, None]
    power = power_above_normal(scenario, hall_power_price(state, site))
    offer = _offers(state, ready, rate, power)
    worth = highest_rent(margin, rate, offer, own_hall(scenario), alternatives(state, needing))
    return _made(
        worth / yearly_step(state.terms.escalator),
        needing,
        state.grid.taste,
        state.sites.region[site],
        state.firms.kind[state.sites.owner[site]],
        state.sites.owner[site] - first_arm(state),
        buyers.need_mw,
        scenario.ai.minimum_block_mw,
    )


@compiled
def _made(
    worth: np.ndarray,
    needing: np.ndarray,
    taste: np.ndarray,
    region: np.ndarray,
    kind: np.ndarray,
    parent: np.ndarray,
    need_mw: np.ndarray,
    least: float,
) -> np.ndarray:
    """Return the bids of all buyers from what blocks are worth to those in need, by their taste for regions.

    Nobody else bids for a block of an AI customer's arm while the customer, its parent, needs power itself.
    `kind` is that of the owners.
    """
    blocks, products = worth.shape[1:]
    rent = np.full((need_mw.size, blocks, products), -np.inf)
    for place in range(needing.size):
        buyer = needing[place]
        for block in range(blocks):
            if kind[block] == Kind.AI_CUSTOMER and parent[block] != buyer and need_mw[parent[block]] >= least:
                continue
            for product in range(products):
                rent[buyer, block, product] = worth[place, block, product] * taste[buyer, region[block]]
    return rent


def buyer_rows(state: State, arms: np.ndarray) -> np.ndarray:
    """Return the hyperscaler row behind each AI customer's arm: arms are in the order of that table."""
    return arms - first_arm(state)


def first_arm(state: State) -> int:
    """Return the row of the first AI customer's arm among the firms."""
    return int((state.firms.kind == Kind.AI_CUSTOMER).argmax())


def hall_power_price(state: State, site: np.ndarray) -> np.ndarray:
    """Return what an AI hall pays for power at some sites, USD/MWh.

    The site's own price without the demand-response credit that a miner's grid price is net of. The credit
    moves with the capacity price, so this is also what firm load pays for capacity.
    """
    sites, regions, scale = state.sites, state.regions, state.scenario.power.energy_scale
    columns = sites.contract, sites.us, sites.region, sites.power_cost, sites.fixed_price
    return _hall_power_price(site, *columns, regions.energy_index, regions.response_credit, scale)


@compiled
def _hall_power_price(
    site: np.ndarray,
    contract: np.ndarray,
    us: np.ndarray,
    region: np.ndarray,
    power_cost: np.ndarray,
    fixed_price: np.ndarray,
    energy_index: np.ndarray,
    credit: np.ndarray,
    scale: float,
) -> np.ndarray:
    price = np.empty(site.size)
    for place in range(site.size):
        row = site[place]
        grid, cost, where = contract[row] == Contract.GRID, power_cost[row], region[row]
        moving = cost - fixed_price[row] if grid else 0.0
        net_of = credit[where] if grid and us[row] else 0.0
        price[place] = (cost + moving * (energy_index[where] - 1.0)) * scale + net_of
    return price


def _offers(state: State, ready: np.ndarray, rate: np.ndarray, power: np.ndarray) -> LeaseOffer:
    """Return what shell, colocation and cloud leave to the tenant, [n x 3]."""
    leases, terms = state.scenario.leases, state.terms
    operation = hall_operation(state.scenario)
    gpus = _gpu_annuity(leases.gpu_capex, leases.gpu_residual, tuple(rate.ravel().tolist()), terms.years[2])
    # The same work slips as often whoever does it.
    fit_out = state.scenario.ai.fit_out_months / MONTHS * expected_slip(leases)
    inside = max(leases.colocation_capex - leases.shell_capex, 0.0)
    shared = leases.tenant_capex_share * leases.colocation_capex
    running_cost = np.empty(ready.shape)
    running_cost[:, 0], running_cost[:, 1], running_cost[:, 2] = power + operation, power, 0.0
    # A cloud contract covers the GPUs and everything else it takes to run them, power and hall included.
    service = np.zeros((len(gpus), 1, 3))
    service[:, 0, 2] = gpus + (1.0 - leases.cloud_margin) * leases.cloud_rent - operation
    return LeaseOffer(
        ready,
        fit_out=(fit_out, 0.0, 0.0),
        term=terms.years,
        escalator=terms.escalator,
        capex=(inside, shared, 0.0),
        residual=(leases.hall_residual, 0.0, 0.0),
        running_cost=running_cost,
        service=service,
    )


@lru_cache
def _gpu_annuity(capex: float, residual: float, rates: tuple[float, ...], years: float) -> np.ndarray:
    return np.asarray(capital_annuity(capex, residual, np.array(rates), years))
