"""What buyers would pay for miners' blocks: the tenants' formulas on the state's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import rows_where
from agents.economics.discounting import yearly_step
from agents.economics.grid import firm_power_price
from agents.economics.tenants import (
    Alternatives,
    Hall,
    LeaseOffer,
    capital_annuity,
    highest_rent,
    own_hall_value,
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


def grid_running_cost(state: State) -> np.ndarray:
    """Return what it costs to run a hall on each region's grid, musd/IT MW-year above normal, [regions]."""
    regions = state.regions
    price = firm_power_price(
        state.grid.industrial_price,
        regions.energy_price_start,
        regions.energy_index,
        regions.capacity_price_start,
        regions.capacity_price,
    )
    return hall_operation(state.scenario) + power_above_normal(state.scenario, np.asarray(price))


def onsite_running_cost(state: State) -> np.ndarray:
    """Return what it costs to run a hall behind the meter, musd/IT MW-year above normal, [technologies]."""
    return hall_operation(state.scenario) + power_above_normal(state.scenario, state.onsite.cost)


def hall_lead(state: State) -> float:
    """Return the years it takes to build a hall, expected slips included, whoever builds it."""
    return float(state.terms.lead[COLOCATION])


def alternatives(state: State, buyers: np.ndarray) -> Alternatives:
    """Return where some buyers could find power now: every region's queue, every technology on site.

    A hall takes as long to build as a landlord's, so power that comes sooner has to wait for it. Only those
    are listed than which none is both sooner and cheaper for all buyers; the arrays
    are [options x buyers x 1 x 1].
    """
    grid = state.grid.waits[buyers].T
    onsite = np.repeat(waits(state)[:, None], len(buyers), axis=1)
    ready = np.maximum(np.concatenate([grid, onsite]), hall_lead(state))
    running = np.concatenate([grid_running_cost(state), onsite_running_cost(state)])
    open_to = rows_where(ready[:, 0] < np.inf)
    kept = open_to[_not_beaten(ready[open_to], running[open_to])]
    return Alternatives(ready[kept][:, :, None, None], running[kept][:, None, None, None])


def _not_beaten(ready: np.ndarray, running: np.ndarray) -> np.ndarray:
    """Return which options no other beats in both respects, [options]."""
    order = np.lexsort((running, ready.max(axis=1)))
    cost, beaten = running[order], np.zeros(len(order), dtype=bool)
    if (ready[order[1:]] >= ready[order[:-1]]).all():
        beaten[order[1:]] = cost[1:] >= np.minimum.accumulate(cost)[:-1]
    return ~beaten


def onsite_gains(state: State) -> np.ndarray:
    """Return what an order behind the meter gains over waiting for the grid or doing without, [k x buyers].

    The order takes its lead time, the grid its wait, which a request has to outlast; both are valued to the
    end of the same lease term, musd/IT MW.
    """
    supply, grid, lead = state.onsite, state.grid, hall_lead(state)
    buyers, rate, hall = state.hyperscalers, discount_rates(state), own_hall(state.scenario)
    ordered = np.maximum(supply.lead_months / MONTHS, lead)[:, None]
    last = float(ordered.max()) + state.terms.years[COLOCATION]
    there = Alternatives(np.maximum(grid.waits.T, lead), grid_running_cost(state)[:, None])
    here = Alternatives(ordered, onsite_running_cost(state)[:, None])
    outlast = np.exp(-state.scenario.power.withdrawal * np.minimum(grid.waits.T, last))
    queued = (own_hall_value(buyers.margin, rate, last, hall, there) * outlast).max(axis=0, initial=0.0)
    return own_hall_value(buyers.margin, rate, last, hall, here) - queued


def request_bids(state: State) -> np.ndarray:
    """Return what a year without waiting is worth, musd/IT MW-year, [buyers x regions].

    The margin of a hall there less what the capital for it costs in a year: the derivative of the hall's
    value with respect to the date it starts.
    """
    capital = discount_rates(state) * state.scenario.leases.colocation_capex
    return (state.hyperscalers.margin - capital)[:, None] - grid_running_cost(state)[None, :]


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
    rent = np.full((len(buyers), *ready.shape), -np.inf)
    needing = rows_where(buyers.need_mw >= scenario.ai.minimum_block_mw)
    if not len(needing) or not len(site):
        return rent
    margin = buyers.margin[needing, None, None]
    rate = discount_rates(state)[needing, None, None]
    power = power_above_normal(scenario, site_power_price(state)[site])
    offer = _offers(state, ready, rate, power)
    worth = highest_rent(margin, rate, offer, own_hall(scenario), alternatives(state, needing))
    worth = worth / yearly_step(state.terms.escalator)
    rent[needing] = worth * state.grid.taste[needing][:, state.sites.region[site], None]
    _keep_for_parents(state, site, rent)
    return rent


def _keep_for_parents(state: State, site: np.ndarray, rent: np.ndarray) -> None:
    """Strike the bids of others for blocks of an AI customer's arm while the customer needs power itself."""
    owner = state.sites.owner[site]
    block = rows_where(state.firms.kind[owner] == Kind.AI_CUSTOMER)
    if not len(block):
        return
    parent = buyer_rows(state, owner[block])
    needy = state.hyperscalers.need_mw[parent] >= state.scenario.ai.minimum_block_mw
    block, parent = block[needy], parent[needy]
    own = rent[parent, block]
    rent[:, block] = -np.inf
    rent[parent, block] = own


def buyer_rows(state: State, arms: np.ndarray) -> np.ndarray:
    """Return the hyperscaler row behind each AI customer's arm: arms are in the order of that table."""
    return arms - int(rows_where(state.firms.kind == Kind.AI_CUSTOMER)[0])


def site_power_price(state: State) -> np.ndarray:
    """Return what an AI hall pays for power at each site, USD/MWh, [sites].

    The site's own price without the demand-response credit that a miner's grid price is net of. The credit
    moves with the capacity price, so this is also what firm load pays for capacity.
    """
    sites, regions = state.sites, state.regions
    grid = sites.contract == Contract.GRID
    moving = np.where(grid, (sites.power_cost - sites.fixed_price), 0.0)
    price = sites.power_cost + moving * (regions.energy_index[sites.region] - 1.0)
    credit = np.where(grid & sites.us, regions.response_credit[sites.region], 0.0)
    return price * state.scenario.power.energy_scale + credit


def _offers(state: State, ready: np.ndarray, rate: np.ndarray, power: np.ndarray) -> LeaseOffer:
    """Return what shell, colocation and cloud leave to the tenant, [n x 3]."""
    leases, terms = state.scenario.leases, state.terms
    operation = hall_operation(state.scenario)
    # The same work slips as often whoever does it.
    fit_out = state.scenario.ai.fit_out_months / MONTHS * expected_slip(leases)
    inside = max(leases.colocation_capex - leases.shell_capex, 0.0)
    shared = leases.tenant_capex_share * leases.colocation_capex
    # A cloud contract covers the GPUs and everything else it takes to run them, power and hall included.
    gpus = capital_annuity(leases.gpu_capex, leases.gpu_residual, rate, terms.years[2])
    cloud = gpus + (1.0 - leases.cloud_margin) * leases.cloud_rent - operation
    return LeaseOffer(
        ready,
        fit_out=SHELL * fit_out,
        term=terms.years,
        escalator=terms.escalator,
        capex=np.array([inside, shared, 0.0]),
        residual=SHELL * leases.hall_residual,
        running_cost=power[:, None] * BEARS_POWER + SHELL * operation,
        service=cloud * CLOUD,
    )
