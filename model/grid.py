"""The grid: what operators can connect, their queues, and what adequacy does to prices.

Requests wait in a region's queue until they are studied, as old as the region's lead time, and the operator's
connections reach them; what an operator does not use stays as headroom. Loads under construction at the start
come outside the queue. A firm megawatt counts against adequacy, whether it came through the queue or stands
where a miner used to curtail: the shortage raises the capacity price and the price of energy, and the part of
it that miners' sites caused slows the region's connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.economics.grid import capacity_price
from agents.sums import pairwise_sum
from model.adequacy import firm_load, renew_adequacy
from model.baseline_tables import load_tables
from model.calendar import Calendar
from model.demand import delivered, horizons, leased, secured, update_demand
from model.onsite import fill_order_book
from model.queue_places import TRACE, serve
from model.requests import (
    MEGAWATTS,
    bidding_order,
    expected_connections,
    file_requests,
    queued,
    report,
    study,
    withdraw,
)
from model.streams import slots_of
from model.tenants import request_bids, running_costs

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0
NEAR_TERM = ("2025-01", "2028-12")
"""First and last month in which near-term grid access connects."""
CONSTRUCTION = ("2025-01", "2026-12")
"""First and last month in which load under construction connects."""
EMPTY = (
    *("headroom", "study_effort", "study_wait", "opening_mw"),
    *("firm_start", "shortage", "energy_deviation"),
)
"""What is zero in every region before anything happens."""


@dataclass
class Grid:
    """What the operators know beyond the columns of their regions (r); buyers are b."""

    industrial_price: np.ndarray
    """Delivered price of power for industry at the start, USD/MWh, [r]."""
    lead_months: np.ndarray
    """Least months from request to power, [r]."""
    usual_lead: int
    """Months a request takes at least, on average over what can be connected."""
    near_term_end: int
    """Last month of the near-term rate of connections."""
    near_term_rate: np.ndarray
    """MW that can be connected in a month until then, [r]."""
    construction: np.ndarray
    """MW under construction that connect in each month from the start, [months x b x r]."""
    delayed: np.ndarray
    """MW built that wait for the buyer's load, [b x r]."""
    slots: np.ndarray
    """Stable slot of each pair, [b x r]."""
    region_slots: np.ndarray
    """Stable slot of each region, [r]."""
    taste: np.ndarray
    """What a region is worth to a buyer, over what it is to the average one, [b x r]."""
    headroom: np.ndarray
    """MW that could have been connected and were not, [r]."""
    study_effort: np.ndarray
    """MW of studies done and not yet enough for the next request, [r]; first come first served only."""
    study_wait: np.ndarray
    """Years until a request filed now has been studied, [r]."""
    waits: np.ndarray
    """Years until a request filed now would be connected, [b x r]."""
    opening_mw: np.ndarray
    """Queue at the start of the month, [r]."""
    connected_start: np.ndarray
    """Data-center load that is part of the starting peak, [r]."""
    firm_start: np.ndarray
    """Load that miners' sites deliver to tenants at the start, [r]."""
    shortage: np.ndarray
    """Shortage at the start of the month, percentage points of peak, [r]."""
    energy_deviation: np.ndarray
    """Deviation of the log energy price from its mean, [r]."""
    energy_variance: float
    """Variance of that deviation as seen from the start."""
    running_cost: np.ndarray
    """What it costs to run a hall on each grid and then with each technology on site, at prices of the month.

    [r + technologies], musd/IT MW-year above normal.
    """
    horizons: list[int]
    """Months that buyers look ahead, rising."""
    expected: np.ndarray
    """What queued requests can expect to have connected within so many months, MW, [horizons x b]."""

    def under_construction(self, month: int, ahead: Sequence[int]) -> np.ndarray:
        """Return the MW under construction that each buyer gets in some numbers of months, this one included.

        [months x b], or [1 x b] when all is built and waits for load.
        """
        waiting_for_load = np.add.reduce(self.delayed, axis=1)[None]
        if not len(self.construction):
            return waiting_for_load
        ends = [max(month + months + 1, 0) for months in ahead]
        return waiting_for_load + np.array([self.construction[:end].sum(axis=(0, 2)) for end in ends])


def start_grid(state: State) -> None:
    """Set what is delivered, queued and on order at the start; needs the demand path."""
    _connect_past(state)
    state.grid.running_cost = running_costs(state)
    _file_published(state)
    months = range(len(state.onsite.orders))
    queued = expected_connections(state, 0, [month + 1 for month in months])
    fill_order_book(
        state.onsite, state.demand, state.hyperscalers, queued + state.grid.under_construction(0, months)
    )
    update_demand(state)


def _connect_past(state: State) -> None:
    """Build the grid with what was connected before the start.

    The world as found belongs to the demand of the table; a scenario with less starts with less of it.
    """
    regions, buyers, part = state.regions, state.hyperscalers, state.demand.start_share
    calendar = Calendar(state.scenario.horizon.start)
    near, built = ([calendar.month(text) for text in window] for window in (NEAR_TERM, CONSTRUCTION))
    near_rate = regions.near_term_mw / (near[1] - near[0] + 1)
    build_rate = regions.under_construction_mw / (built[1] - built[0] + 1) * part
    connected = near_rate * part * _elapsed(near) + build_rate * _elapsed(built)
    regions.connected_mw = connected
    buyers.grid_mw = buyers.demand_share * connected.sum()
    begun = np.arange(max(built[1] + 1, 0))[:, None, None] >= built[0]
    names = slots_of("region", state.region_names)
    slots = buyers.slot[:, None] * np.uint64(0x9E3779B97F4A7C15) + names[None, :]
    taste = state.streams.normal("region taste", 0, slots)
    tables = load_tables(state.scenario.population.data_folder)
    zero, pairs = np.zeros(len(regions)), np.zeros(slots.shape)
    lead_months = np.ceil(regions.lead_time * MONTHS - MEGAWATTS).astype(np.int64)
    state.grid = Grid(
        industrial_price=np.array([row.industrial_price_usd_per_mwh for row in tables.regions]),
        lead_months=lead_months,
        usual_lead=round(float(lead_months @ near_rate) / max(float(near_rate.sum()), MEGAWATTS)),
        near_term_end=near[1],
        near_term_rate=near_rate,
        construction=begun * np.outer(buyers.demand_share, build_rate),
        slots=slots,
        region_slots=names,
        taste=np.exp(state.scenario.ai.region_taste * taste),
        connected_start=connected,
        delayed=pairs,
        waits=pairs.copy(),
        **{name: zero.copy() for name in EMPTY},
        energy_variance=0.0,
        running_cost=zero,
        horizons=sorted(set(horizons(state))),
        expected=np.zeros((0, len(buyers))),
    )


def _elapsed(window: list[int]) -> int:
    """Return how many months of a window (first and last month) are over before the start."""
    return min(max(-window[0], 0), window[1] - window[0] + 1)


def _file_published(state: State) -> None:
    """File what waits at the start, ripe to be connected, and set waits and connections.

    The serious part of the published queue is what operators have approved or studied, so it only waits for
    its turn. Buyers hold it in proportion to their demand.
    """
    regions, buyers, grid = state.regions, state.hyperscalers, state.grid
    regions.queue_mw *= state.demand.start_share
    regions.speculative_mw *= state.demand.start_share
    buyer, region = (axis.ravel() for axis in np.indices(grid.slots.shape))
    mw = buyers.demand_share[buyer] * regions.queue_mw[region]
    some = mw > TRACE
    buyer, region, mw = buyer[some], region[some], mw[some]
    columns = {"region": region, "buyer": buyer, "filed": -grid.lead_months[region], "studied": True}
    state.requests.add(len(mw), columns | {"mw": mw, "bid": request_bids(state)[buyer, region]})
    leases = state.leases
    grid.firm_start = firm_load(leases.status, leases.site, leases.gross_mw, state.sites.region, len(regions))
    renew_adequacy(state, 0)
    report(state)
    grid.expected = expected_connections(state, 0, grid.horizons)


def energy_prices(state: State) -> None:
    """Move the mean energy prices; shortage adds to energy and capacity prices (part of phase 1)."""
    regions, grid, power = state.regions, state.grid, state.scenario.power
    memory, deviation = 1.0 - power.energy_reversion, power.energy_month_volatility
    shock = state.streams.normal("energy price", state.month, grid.region_slots)
    grid.energy_deviation = memory * grid.energy_deviation + deviation * shock
    grid.energy_variance = memory**2 * grid.energy_variance + deviation**2
    points = grid.shortage
    # Half the variance is taken off, so that the expected price stays what it was at the start.
    log_index = grid.energy_deviation - 0.5 * grid.energy_variance + power.scarcity_energy_slope * points
    regions.energy_index = np.exp(np.minimum(log_index, 700.0))
    start = regions.capacity_price_start
    price = capacity_price(start, points, power.capacity_price_slope, power.capacity_price_cap)
    regions.capacity_price = price
    regions.response_credit = _rising_with(regions.response_credit_start, start, price)
    grid.running_cost = running_costs(state)


@compiled
def _rising_with(credit: np.ndarray, start: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Return credits that rise like a price; they stay where there was none at the start."""
    risen = np.empty(credit.size)
    for region in range(credit.size):
        risen[region] = credit[region] * (price[region] / start[region] if start[region] > 0.0 else 1.0)
    return risen


def connect(state: State) -> None:
    """Connect what is under construction and what the queues have ready (part of phase 2).

    A buyer takes power as its load falls due, so connections never run ahead of demand.
    """
    regions, buyers, grid = state.regions, state.hyperscalers, state.grid
    leases, requests = state.leases, state.requests
    buyers.leased_mw = leased(leases.tenant, leases.status, leases.gross_mw, len(buyers))
    grid.opening_mw = queued(state)
    room = np.maximum(buyers.demand_mw - delivered(state), 0.0)
    _connect(
        requests.region,
        requests.buyer,
        requests.filed,
        requests.studied,
        requests.mw,
        bidding_order(state),
        grid.lead_months,
        state.month,
        _finish_construction(state, room),
        room,
        regions.capacity_mw_month,
        grid.headroom,
        regions.connected_now_mw,
        regions.connected_mw,
        buyers.grid_mw,
        grid.expected,
    )


@compiled
def _connect(
    region: np.ndarray,
    buyer: np.ndarray,
    filed: np.ndarray,
    studied: np.ndarray,
    mw: np.ndarray,
    order: np.ndarray,
    lead_months: np.ndarray,
    month: int,
    built: np.ndarray,
    room: np.ndarray,
    capacity: np.ndarray,
    headroom: np.ndarray,
    connected_now: np.ndarray,
    connected: np.ndarray,
    grid_mw: np.ndarray,
    expected: np.ndarray,
) -> None:
    """Connect requests to what construction leaves of the room of buyers, and enter both in the books."""
    finished, left, able = np.empty(room.size), np.empty(room.size), headroom + capacity
    for each in range(room.size):
        finished[each] = pairwise_sum(built[each])
        left[each] = max(room[each] - finished[each], 0.0)
    there, theirs = serve(region, buyer, filed, studied, mw, order, lead_months, month, able, left)
    for each in range(able.size):
        opened = 0.0
        for whose in range(room.size):
            opened += built[whose, each]
        headroom[each] = max(able[each] - there[each], 0.0)
        connected_now[each] = there[each]
        connected[each] += there[each] + opened
    for each in range(room.size):
        grid_mw[each] += finished[each] + theirs[each]
        for horizon in range(expected.shape[0]):
            expected[horizon, each] = max(expected[horizon, each] - theirs[each], 0.0)


def _finish_construction(state: State, room: np.ndarray) -> np.ndarray:
    """Return what comes out of construction, [buyers x regions]; the rest waits for load."""
    grid = state.grid
    due = grid.delayed
    if state.month < len(grid.construction):
        due = due + grid.construction[state.month]
        grid.construction[state.month] = 0.0
    else:
        # All is built: nobody need add it up any more.
        grid.construction = grid.construction[:0]
    if not due.any():
        return due
    total = np.add.reduce(due, axis=1)
    taken = due * np.minimum(room / np.where(total > 0.0, total, np.inf), 1.0)[:, None]
    grid.delayed = due - taken
    return taken


def queue(state: State) -> None:
    """Withdraw, file and study requests; renew waits, adequacy and connections (phase 11)."""
    regions = state.regions
    regions.arrived_mw = 0.0
    regions.withdrawn_mw = 0.0
    allowed = _worth_queueing(state)
    waiting = withdraw(state, allowed)
    file_requests(state, np.maximum(allowed - waiting, 0.0))
    study(state)
    renew_adequacy(state, state.month + 1)
    report(state)
    state.grid.expected = expected_connections(state, state.month + 1, state.grid.horizons)


def _worth_queueing(state: State) -> np.ndarray:
    """Return the load that buyers would see connected, [b]: what nothing else covers when it could be.

    They look ahead as far as a request takes at least, by the mean lead time of what can be connected.
    """
    ahead = max(state.scenario.ai.planning_months, state.grid.usual_lead)
    due = state.hyperscalers.demand_share * state.demand.due(state.month, ahead)
    return np.maximum(due - secured(state, [ahead])[0], 0.0)


def check_queue(state: State) -> None:
    """Assert that the queue balances: what opens and arrives either leaves, is connected or stays."""
    regions, grid = state.regions, state.grid
    moved = regions.arrived_mw, regions.withdrawn_mw, regions.connected_now_mw
    waiting = state.requests.region, state.requests.mw, regions.queue_mw
    region, off = _first_unbalanced(*waiting, grid.opening_mw, *moved)
    if region >= 0:
        where = state.region_names[region]
        raise AssertionError(f"month {state.month}: the queue does not balance: {where} by {off} MW")
    total = float(regions.connected_mw.sum())
    if not abs(float(state.hyperscalers.grid_mw.sum()) - total) <= MEGAWATTS + 1e-9 * total:
        raise AssertionError(f"month {state.month}: grid connections of buyers and operators differ")
    if not min(state.requests.mw.min(initial=0.0), regions.speculative_mw.min(initial=0.0)) >= 0.0:
        raise AssertionError(f"month {state.month}: a queue is negative")


@compiled
def _first_unbalanced(
    region: np.ndarray,
    mw: np.ndarray,
    queue_mw: np.ndarray,
    opening_mw: np.ndarray,
    arrived_mw: np.ndarray,
    withdrawn_mw: np.ndarray,
    connected_mw: np.ndarray,
) -> tuple[int, float]:
    """Return the first region whose requests are not what is left of its queue, and by how much; or -1."""
    closing = np.zeros(queue_mw.size)
    for request in range(mw.size):
        closing[region[request]] += mw[request]
    for place in range(closing.size):
        expected = opening_mw[place] + arrived_mw[place] - withdrawn_mw[place] - connected_mw[place]
        off = abs(closing[place] - expected) + abs(closing[place] - queue_mw[place])
        # NaN fails the comparison.
        if not off <= MEGAWATTS + 1e-9 * opening_mw[place]:
            return place, off
    return -1, 0.0
