"""Power behind the meter: how much of each technology can be ordered, by whom it is on order, and the wait.

Each technology delivers a fixed number of megawatts a month. An order takes a place in the month that lies a
lead time ahead; a place nobody orders is never built, and an order waits for the load it was made for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Table, rows_where
from agents.compiled import compiled
from agents.economics.queues import shared_waits
from model.calendar import Calendar

if TYPE_CHECKING:
    from model.baseline_tables import BaselineTables
    from model.demand import DemandPath
    from model.scenario import Scenario
    from model.state import State

MONTHS = 12.0
RAMP = ("2026-01", "2028-12")
"""First and last month of the additions in outside_supply.csv; they continue at the same rate."""


class OnsiteSupply:
    """Orders behind the meter, technology by technology (k) and buyer by buyer (b).

    Attributes:
        names: What the technologies are called, [k].
        lead_months: Months from order to power, [k].
        cost: All-in cost, capital included, USD/MWh, [k].
        rate: What can be delivered in a month, MW, [k].
        first_month: First month of deliveries.
        next_month: Month of the first row of `orders`.
        orders: MW due, [months x k x b]; the first row is delivered next, together with what is overdue.
        delivered: MW delivered, [k x b].
        unmet: MW wanted and not placed when orders were last taken, [k]; one load can count at several.
    """

    def __init__(self, scenario: Scenario, tables: BaselineTables) -> None:
        """Take the technologies from outside_supply.csv; the order books are empty."""
        rows, power = tables.outside_supply, scenario.power
        low, high = (
            np.array([getattr(row, name) for row in rows]) for name in ("low_gw_2028", "high_gw_2028")
        )
        reached = (low + power.onsite_position * (high - low)) * 1000.0
        first, last = (Calendar(scenario.horizon.start).month(text) for text in RAMP)
        pairs = (len(rows), len(tables.hyperscalers))
        self.names = [row.technology for row in rows]
        self.lead_months = np.array([max(round(row.lead_time_months), 1) for row in rows])
        self.cost = np.array([row.cost_usd_per_mwh for row in rows])
        self.rate = reached / (last - first + 1) * power.onsite_scale * power.onsite_enabled
        self.first_month = first
        self.next_month = 0
        self.orders = np.zeros((int(self.lead_months.max()), *pairs))
        self.delivered = np.zeros(pairs)
        self.unmet = np.zeros(len(rows))

    def open_places(self, month: int) -> np.ndarray:
        """Return the MW of each technology that can be ordered in a month, [k]."""
        return np.where(month + self.lead_months >= self.first_month, self.rate, 0.0)


def fill_order_book(supply: OnsiteSupply, demand: DemandPath, buyers: Table, grid: np.ndarray) -> None:
    """Place what buyers must have ordered before the start, as far as their load calls for it.

    Args:
        supply: The technologies, books empty.
        demand: Load due.
        buyers: Hyperscalers, with what is delivered and on lease at the start.
        grid: MW that each buyer can expect from the grid by the end of each month, [months x b].
    """
    others = buyers.grid_mw + buyers.leased_mw + buyers.committed_mw
    booked = np.zeros(len(buyers))
    for month in range(len(supply.orders)):
        due = buyers.demand_share * demand.due(-1, month + 1)
        wanted = np.maximum(due - grid[month] - others - booked, 0.0)
        # Later months are still open to orders once the run has begun.
        places = np.where((supply.lead_months > month) & (month >= supply.first_month), supply.rate, 0.0)
        total = float(wanted.sum())
        if total > 0.0 and places.any():
            taken = wanted * min(places.sum() / total, 1.0)
            supply.orders[month] = np.outer(places / places.sum(), taken)
            booked += taken


def deliver_onsite(state: State) -> None:
    """Switch on what was ordered, as far as its buyer has the load (part of phase 2)."""
    supply, buyers = state.onsite, state.hyperscalers
    buyers.onsite_mw += _switched_on(
        supply.orders,
        supply.delivered,
        buyers.demand_mw,
        buyers.grid_mw,
        buyers.onsite_mw,
        buyers.leased_mw,
    )
    supply.next_month = state.month + 1


@compiled
def _switched_on(
    orders: np.ndarray,
    delivered: np.ndarray,
    demand_mw: np.ndarray,
    grid_mw: np.ndarray,
    onsite_mw: np.ndarray,
    leased_mw: np.ndarray,
) -> np.ndarray:
    """Take what is due out of the order book as far as there is load; return it by buyer, MW."""
    months, technologies, buyers = orders.shape
    switched_on = np.zeros(buyers)
    for buyer in range(buyers):
        room = demand_mw[buyer] - grid_mw[buyer] - onsite_mw[buyer] - leased_mw[buyer]
        total = 0.0
        for technology in range(technologies):
            total += orders[0, technology, buyer]
        share = min(max(room / total, 0.0), 1.0) if total > 0.0 else 0.0
        for technology in range(technologies):
            due = orders[0, technology, buyer]
            delivered[technology, buyer] += due * share
            switched_on[buyer] += due * share
            for month in range(1, months):
                orders[month - 1, technology, buyer] = orders[month, technology, buyer]
            orders[months - 1, technology, buyer] = 0.0
            # What has no load yet is overdue.
            orders[0, technology, buyer] += due - due * share
    return switched_on


def place_orders(supply: OnsiteSupply, mw: np.ndarray) -> None:
    """Add orders of this month, [k x b], each a lead time ahead, after the deliveries of the month."""
    supply.orders[supply.lead_months - 1, np.arange(len(supply.rate))] += mw


def waits(state: State) -> np.ndarray:
    """Return years until a megawatt ordered now could be delivered, [k]; infinite where nothing is built.

    What was not placed waits until there are places. It is the same buyers' shortfall whichever technology is
    asked, and takes the place that comes first, so the technologies work off one backlog together.
    """
    supply = state.onsite
    built = rows_where(supply.rate > 0.0)
    later = np.maximum(supply.first_month - state.month, supply.lead_months) / MONTHS
    years = np.full(len(later), np.inf)
    years[built] = later[built] + shared_waits(supply.unmet[built], supply.rate[built] * MONTHS)
    return years
