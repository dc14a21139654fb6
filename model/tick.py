"""The tick: one ordered list of everything that happens in a month."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agents.economics.checks import trusted
from model.audit import audit
from model.choice import finance_offers, propose
from model.defaults import defaults
from model.demand import order_onsite, update_demand
from model.entry import entry
from model.expectations import update_expectations
from model.grid import connect, energy_prices, queue
from model.lease_market import clear_market
from model.lease_signing import sign_leases
from model.machine_market import (
    deliver_machines,
    retire_machines,
    update_machine_prices,
)
from model.machine_orders import order_machines
from model.mergers import mergers
from model.mining import dispatch, mine, quote_hashprice
from model.onsite import deliver_onsite
from model.options import value_options
from model.pipeline import energise
from model.rest_of_world import run_rest_of_world
from model.settlement import settle
from model.sites import advance_leases, lapse_hosting, upgrade_sites
from model.state import State
from model.valuation import value_firms


def draw_price(state: State) -> None:
    """Set this month's BTC price."""
    state.btc_price = state.price_process.price(state.month)


def record(state: State) -> None:
    """Copy the month into the record."""
    state.recorder.record(state)


class Phase(NamedTuple):
    """One phase of the tick: what it is called, what it does, and the functions that do it, in order."""

    number: int
    name: str
    summary: str
    steps: tuple[Callable[[State], None], ...]


TICK: tuple[Phase, ...] = (
    Phase(
        1,
        "shocks",
        "BTC price, energy and capacity prices, AI demand; hashprice at the difficulty in force",
        (draw_price, energy_prices, update_demand, quote_hashprice),
    ),
    Phase(
        2,
        "deliveries",
        "energised pipelines, machines ordered earlier, lease milestones, grid and on-site connections",
        (energise, deliver_machines, upgrade_sites, advance_leases, lapse_hosting, connect, deliver_onsite),
    ),
    Phase(
        3,
        "dispatch",
        "which machines run and at what uptime, here and in the rest of the world",
        (dispatch, run_rest_of_world),
    ),
    Phase(4, "network", "blocks, retargets and halving at constant hash", (mine,)),
    Phase(5, "settle", "revenue, energy, rent, overhead, interest, capex draws, treasury sales", (settle,)),
    Phase(
        6,
        "expectations",
        "firms update the hashprice and decay they reckon with; machine prices follow",
        (update_expectations, update_machine_prices),
    ),
    Phase(
        7, "propose", "blocks are valued in every use; owners under review choose", (value_options, propose)
    ),
    Phase(8, "finance", "offers without funding or a builder drop out", (finance_offers,)),
    Phase(9, "clear", "assignment of buyers' to sellers' blocks at core prices", (clear_market,)),
    Phase(
        10,
        "sign",
        "leases start, megawatts move to building; machines and on-site supply are ordered",
        (sign_leases, order_machines, retire_machines, order_onsite),
    ),
    Phase(11, "queue", "arrivals, withdrawals, studies and waits in the interconnection queues", (queue,)),
    Phase(12, "defaults", "chapter 11, liquidation, auctions", (defaults,)),
    Phase(13, "mergers", "bids, votes and takeovers", (mergers,)),
    Phase(14, "entry", "new miners", (entry,)),
    Phase(15, "value", "sum of parts of every firm", (value_firms,)),
    Phase(16, "audit", "hard assertions, then the record of the month", (audit, record)),
)
"""THE order of a month."""


def run_month(state: State) -> None:
    """Compute one month and move on to the next."""
    state.figures.clear()
    state.scratch.clear()
    state.ledger.new_month()
    audited = state.scenario.horizon.audit
    with trusted(audited):
        for phase in TICK:
            for step in phase.steps:
                if audited or step is not audit:
                    step(state)
    state.month += 1
