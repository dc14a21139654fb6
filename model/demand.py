"""AI demand: the load due, what buyers still need, and what they order behind the meter.

A buyer plans ahead. Its need is the load due at the end of the planning horizon less everything that will be
delivered by then: what runs already, leases being built, grid connections under construction, orders behind
the meter and the part of its queued requests that can expect to be connected in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.sums import pairwise_sum
from agents.tables import LeaseStatus
from model.baseline_tables import BaselineTables, load_tables
from model.calendar import Calendar
from model.onsite import place_orders
from model.tenants import onsite_gains

if TYPE_CHECKING:
    from model.scenario import Scenario
    from model.state import State

MONTHS = 12
MEGAWATTS = 1e-6
"""Wants below this are rounding."""
LOOK_AHEAD = 360
"""Months beyond the end of a run that buyers may look ahead; longer than any lead time or plan."""


@dataclass(frozen=True)
class DemandPath:
    """Load due in the US, cumulative since the first year of demand_path.csv."""

    cumulative: np.ndarray
    """MW due at the end of each month; the first entry is the end of the month before the start."""
    bust_month: int | None
    bust_share: float
    start_share: float
    """Demand over that of the table, at most one: the part of the world as found that belongs to it."""

    def due(self, month: int, ahead: int = 0) -> float:
        """Return the MW that buyers reckon in a month will be due `ahead` months later.

        Nobody foresees the bust. Once it has come, the share is gone for good and the additions of the path
        go on from there.
        """
        last = len(self.cumulative) - 1
        load = float(self.cumulative[min(month + ahead + 1, last)])
        if self.bust_month is not None and month >= self.bust_month:
            load -= self.bust_share * float(self.cumulative[min(self.bust_month + 1, last)])
        return max(load, 0.0)


def demand_path(scenario: Scenario, tables: BaselineTables, calendar: Calendar) -> DemandPath:
    """Return the load due by month, scaled as the scenario says.

    Additions are even within a year; after the last year of the table they go on at its rate, so that buyers
    who plan ahead do not see demand end where the table does.
    """
    ai, rows = scenario.ai, tables.demand_path
    published = sum(row.new_us_demand_gw for row in rows if not row.extension)
    scale = ai.demand_gw / published
    added = {
        row.year: row.new_us_demand_gw * scale * (ai.demand_after_2028 if row.extension else 1.0)
        for row in rows
    }
    first, final = rows[0].year, rows[-1].year
    before = -calendar.month(f"{first}-01")
    ticks = range(before + scenario.horizon.months + LOOK_AHEAD)
    yearly = np.array([added[min(first + tick // MONTHS, final)] for tick in ticks])
    load = np.concatenate([[0.0], np.cumsum(yearly / MONTHS)]) * 1000.0
    return DemandPath(load[before:], ai.bust_month, ai.bust_share, min(scale, 1.0))


def start_demand(state: State) -> None:
    """Set the path of the load due."""
    folder, calendar = state.scenario.population.data_folder, Calendar(state.scenario.horizon.start)
    state.demand = demand_path(state.scenario, load_tables(folder), calendar)


def update_demand(state: State) -> None:
    """Set the load due, what is on order and what is still needed (part of phase 1)."""
    ai, grid, month = state.scenario.ai, state.grid, state.month
    leases, buyers, onsite, plan = state.leases, state.hyperscalers, state.onsite, [ai.planning_months]
    _set_needs(
        leases.tenant,
        leases.status,
        leases.gross_mw,
        buyers.grid_mw,
        buyers.onsite_mw,
        onsite.orders,
        np.array(plan) + (month + 1 - onsite.next_month),
        grid.under_construction(month, plan),
        grid.expected[grid.horizons.index(ai.planning_months)],
        buyers.demand_share,
        buyers.barred_until,
        state.demand.due(month),
        state.demand.due(month, ai.planning_months),
        month,
        buyers.demand_mw,
        buyers.leased_mw,
        buyers.committed_mw,
        buyers.need_mw,
    )
    busted = ai.bust_month is not None and month >= ai.bust_month
    state.scratch["tenant_hazard_factor"] = ai.bust_default_factor if busted else 1.0
    if month == 0:
        state.onsite.unmet = _plan_onsite(state)[1]


@compiled
def _set_needs(
    tenant: np.ndarray,
    status: np.ndarray,
    gross_mw: np.ndarray,
    grid_mw: np.ndarray,
    onsite_mw: np.ndarray,
    orders: np.ndarray,
    deliveries: np.ndarray,
    construction: np.ndarray,
    expected: np.ndarray,
    demand_share: np.ndarray,
    barred_until: np.ndarray,
    due: float,
    planned: float,
    month: int,
    demand_mw: np.ndarray,
    leased_mw: np.ndarray,
    committed_mw: np.ndarray,
    need_mw: np.ndarray,
) -> None:
    """Write each buyer's load due, what it leases, what it has on order and what it still needs, MW.

    It plans for the load that will be due later; what is sure to have come by then is that of `_secured`.
    """
    leased_mw[:] = leased(tenant, status, gross_mw, leased_mw.size)
    supply = grid_mw, onsite_mw, leased_mw, orders, deliveries, construction
    covered = _secured(tenant, status, gross_mw, *supply)[0] + expected
    for buyer in range(covered.size):
        running = grid_mw[buyer] + onsite_mw[buyer] + leased_mw[buyer]
        demand_mw[buyer] = demand_share[buyer] * due
        committed_mw[buyer] = max(covered[buyer] - running, 0.0)
        barred = barred_until[buyer] > month
        need_mw[buyer] = 0.0 if barred else max(demand_share[buyer] * planned - covered[buyer], 0.0)


@compiled
def leased(tenant: np.ndarray, status: np.ndarray, gross_mw: np.ndarray, buyers: int) -> np.ndarray:
    """Return what each buyer has running on miners' sites, MW."""
    mw = np.zeros(buyers)
    for lease in range(tenant.size):
        if status[lease] == LeaseStatus.DELIVERING:
            mw[tenant[lease]] += gross_mw[lease]
    return mw


def delivered(state: State) -> np.ndarray:
    """Return what each buyer has running, from whatever source, MW."""
    buyers = state.hyperscalers
    return buyers.grid_mw + buyers.onsite_mw + buyers.leased_mw


def coverage(state: State, ahead: list[int]) -> np.ndarray:
    """Return what each buyer will have running some months from now, as things stand, MW.

    Args:
        state: The state.
        ahead: Months from now, of those that `Grid.expected` is kept for (see `horizons`).

    Returns:
        [horizons x buyers].
    """
    grid = state.grid
    return secured(state, ahead) + grid.expected[[grid.horizons.index(months) for months in ahead]]


def secured(state: State, ahead: list[int]) -> np.ndarray:
    """Return the part of the coverage that does not hang on a queue, MW, [horizons x buyers]."""
    leases, buyers, onsite = state.leases, state.hyperscalers, state.onsite
    return _secured(
        leases.tenant,
        leases.status,
        leases.gross_mw,
        buyers.grid_mw,
        buyers.onsite_mw,
        buyers.leased_mw,
        onsite.orders,
        np.array(ahead) + (state.month + 1 - onsite.next_month),
        state.grid.under_construction(state.month, ahead),
    )


@compiled
def _secured(
    tenant: np.ndarray,
    status: np.ndarray,
    gross_mw: np.ndarray,
    grid_mw: np.ndarray,
    onsite_mw: np.ndarray,
    leased_mw: np.ndarray,
    orders: np.ndarray,
    deliveries: np.ndarray,
    construction: np.ndarray,
) -> np.ndarray:
    """Return what buyers have running and what is sure to come, MW, [horizons x buyers].

    By each horizon there are some deliveries of what is on order. What comes out of construction has a row
    for each, or one where it is the same for all.
    """
    buyers, building = grid_mw.size, np.zeros(grid_mw.size)
    for lease in range(tenant.size):
        if status[lease] == LeaseStatus.BUILDING:
            building[tenant[lease]] += gross_mw[lease]
    sure = np.empty((deliveries.size, buyers))
    for horizon in range(deliveries.size):
        coming = np.zeros(buyers)
        for month in range(min(deliveries[horizon], orders.shape[0])):
            for technology in range(orders.shape[1]):
                for buyer in range(buyers):
                    coming[buyer] += orders[month, technology, buyer]
        built = construction[min(horizon, construction.shape[0] - 1)]
        for buyer in range(buyers):
            running = grid_mw[buyer] + onsite_mw[buyer] + leased_mw[buyer]
            sure[horizon, buyer] = running + building[buyer] + (coming[buyer] + built[buyer])
    return sure


def horizons(state: State) -> list[int]:
    """Return how many months buyers look ahead, for leases and then for each technology behind the meter."""
    plan = state.scenario.ai.planning_months
    return [plan, *np.maximum(state.onsite.lead_months, plan).tolist()]


def order_onsite(state: State) -> None:
    """Let buyers order behind the meter what nothing else will supply in time (part of phase 10)."""
    orders, state.onsite.unmet = _plan_onsite(state)
    if orders.any():
        place_orders(state.onsite, orders)


def _plan_onsite(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return orders, [k x buyers], and what is wanted but not placed, [k].

    Every buyer looks as far ahead as it plans, or as the technology takes, and turns to the technology it
    gains most by first. Where places are short they are rationed in proportion to what is wanted.
    """
    supply, share = state.onsite, state.hyperscalers.demand_share
    ahead, places = horizons(state)[1:], supply.open_places(state.month)
    due = np.array([state.demand.due(state.month, months) for months in ahead])
    lacking = np.maximum(due[:, None] * share - coverage(state, ahead), 0.0)
    if not lacking.any() or not places.any():
        return np.zeros_like(lacking), np.zeros(len(places))
    return _take_turns(onsite_gains(state), lacking, places)


@compiled
def _take_turns(gain: np.ndarray, lacking: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what `_plan_onsite` does, from the gains and what is lacking by technology and buyer."""
    wanted, orders, unmet = np.zeros(lacking.shape), np.zeros(lacking.shape), np.empty(places.size)
    # The last turn shares out what was wanted at the one before, and tells what is wanted still.
    for rank in range(places.size + 1):
        _take_turn(rank, gain, lacking, places, wanted, orders)
    for technology in range(places.size):
        unmet[technology] = pairwise_sum(wanted[technology])
    return orders, unmet


@compiled
def _take_turn(
    rank: int,
    gain: np.ndarray,
    lacking: np.ndarray,
    places: np.ndarray,
    wanted: np.ndarray,
    orders: np.ndarray,
) -> None:
    """Share out what was wanted at the last turn, and list what is wanted of the technologies of this rank.

    Those beyond the last rank are all technologies.
    """
    technologies, buyers = orders.shape
    for technology in range(technologies):
        left = max(places[technology] - pairwise_sum(orders[technology]), 0.0)
        share = min(left / max(pairwise_sum(wanted[technology]), MEGAWATTS), 1.0)
        for buyer in range(buyers):
            orders[technology, buyer] += wanted[technology, buyer] * share
    for buyer in range(buyers):
        ordered = 0.0
        for technology in range(technologies):
            ordered += orders[technology, buyer]
        for technology in range(technologies):
            gains = gain[technology, buyer]
            better = 0
            for other in range(technologies):
                first = gain[other, buyer] > gains or (gain[other, buyer] == gains and other < technology)
                better += int(first)
            asked = gains > 0.0 and rank in (better, technologies)
            wanted[technology, buyer] = max(lacking[technology, buyer] - ordered, 0.0) if asked else 0.0
