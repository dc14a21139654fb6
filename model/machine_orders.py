"""What miners order: which machines, for how many megawatts, and how they pay.

A miner under review orders the best machine for megawatts whose machines, if any, are worth less than the new
ones' gain, as far as its cash, equipment loans and new shares go. 1 USD/TH is 1 musd per EH/s, and 1 EH/s at
e J/TH draws e MW at the plug.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.economics.mining import TABLE_ROWS, enter_machine, table_value
from agents.economics.vintages import eagerness_of
from agents.tables import Product, Status
from model.funding import free_cash
from model.machine_funding import MachineFunds, draw_machine_funds, machine_funds
from model.machine_market import ROUND_OFF, install, match_sites, ordered_mw
from model.mining import Fleets, meter_efficiency

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0


def order_machines(state: State) -> None:
    """Let sites under review order the best machine, and the rest of the world too."""
    match_sites(state)
    machine = state.scratch["best_machine"]
    price = float(state.machine_price[machine])
    state.rest_of_world.order(machine, price)
    rows = _under_review(state)
    if not len(rows):
        return
    hash_eh_s, cost = _wanted(state, rows, machine, price)
    funds = _funds(state, cost)
    efficiency = float(meter_efficiency(state)[machine])
    some, bought, paid = _paid_for(
        rows, hash_eh_s, cost, funds.total, state.sites.owner, state.sites.secured_mw, efficiency, price
    )
    draw_machine_funds(state, funds, paid)
    state.ledger.post("machine orders", "machines", "cash", paid, sector="suppliers")
    _place(state, some, bought, machine)


def _under_review(state: State) -> np.ndarray:
    """Return the sites that may order this month: reviewed, of active owners, not kept for an AI tenant."""
    sites, firms = state.sites, state.firms
    drawn = state.streams.uniform("machine review", state.month, sites.slot)
    offered = np.zeros(0, dtype=np.int64)
    offers = state.scratch.get("offers")
    if offers is not None:
        offered = state.scratch["blocks"].site[offers.block[offers.use > 0]]
    return _reviewed(
        drawn,
        firms.review_probability,
        firms.status,
        sites.owner,
        sites.convertible,
        sites.last_choice,
        sites.mining_mw,
        sites.idle_mw,
        offered,
    )


@compiled
def _reviewed(
    drawn: np.ndarray,
    probability: np.ndarray,
    status: np.ndarray,
    owner: np.ndarray,
    convertible: np.ndarray,
    last_choice: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    offered: np.ndarray,
) -> np.ndarray:
    may = np.empty(owner.size, np.bool_)
    for site in range(owner.size):
        firm = owner[site]
        active = firm >= 0 and status[firm] == Status.ACTIVE and drawn[site] < probability[firm]
        kept = convertible[site] and last_choice[site] != Product.MINE
        may[site] = active and not kept and mining_mw[site] + idle_mw[site] > 0.0
    for site in offered:
        may[site] = False
    return may.nonzero()[0]


def _wanted(state: State, rows: np.ndarray, machine: int, price: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the hash that owners of sites would buy of a machine, money aside, EH/s, and the firms' cost.

    Empty megawatts are filled as eagerly as the gain says. Megawatts with machines are refitted at no more
    than the pace at which the rest of the world can order. What machines are worth is known from phase 7.
    """
    sites, firms, row = state.sites, state.firms, state.scenario.row
    bitcoin, efficiency = state.scenario.bitcoin, meter_efficiency(state)
    machines: Fleets = state.scratch["fleets"]
    # What machines are worth to their owners, and fetch at today's prices, once an order is there.
    entry, table, held = _fleets_of(
        rows,
        *machines,
        sites.owner,
        efficiency,
        bitcoin.machine_resale * state.machine_price,
        state.scratch["mean_cash_cost"],
        firms.expected_hashprice,
        firms.pool_fee,
        firms.expected_decay,
        firms.discount_rate,
        bitcoin.machine_life,
        len(state.orders) / MONTHS,
    )
    worth, left = table_value(table), table[7]
    return _filled(
        rows,
        *(entry, held, worth, left),
        state.scratch["best_worth"],
        sites.mining_mw,
        sites.idle_mw,
        ordered_mw(state),
        sites.owner,
        firms.review_probability,
        state.scenario.power.availability,
        float(efficiency[machine]),
        *(price, row.hurdle_rate, row.full_order_gain, row.order_rate),
    )


@compiled
def _fleets_of(
    rows: np.ndarray,
    site: np.ndarray,
    generation: np.ndarray,
    hash_eh_s: np.ndarray,
    owner: np.ndarray,
    efficiency: np.ndarray,
    fetches: np.ndarray,
    cash_cost: np.ndarray,
    expected: np.ndarray,
    pool_fee: np.ndarray,
    decay: np.ndarray,
    rate: np.ndarray,
    life: float,
    lead: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sites of the machines at some sites, [m], these as a table, and what else they are, [3 x m].

    Rows: USD/TH second-hand, J/TH, EH/s.
    """
    reviewed = np.zeros(owner.size, np.bool_)
    reviewed[rows] = True
    entry = reviewed[site].nonzero()[0]
    table, held = np.empty((TABLE_ROWS, entry.size)), np.empty((3, entry.size))
    for row in range(entry.size):
        place = int(entry[row])
        each, machine = int(site[place]), int(generation[place])
        firm = int(owner[each])
        net, fall = expected[firm] * (1.0 - pool_fee[firm]), max(decay[firm], 0.0)
        drawn = efficiency[machine]
        enter_machine(table, row, net, drawn, cash_cost[each], fall, life, rate[firm], lead)
        held[0, row], held[1, row], held[2, row] = fetches[machine], drawn, hash_eh_s[place]
    return site[entry], table, held


@compiled
def _filled(
    rows: np.ndarray,
    entry: np.ndarray,
    held: np.ndarray,
    worth: np.ndarray,
    left: np.ndarray,
    new: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    coming: np.ndarray,
    owner: np.ndarray,
    review_probability: np.ndarray,
    availability: float,
    efficiency: float,
    price: float,
    hurdle: float,
    full_gain: float,
    order_rate: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the machines wanted at each site, EH/s, and what each firm's cost, musd."""
    total, better = np.zeros(owner.size), np.zeros(owner.size)
    for row in range(entry.size):
        site, megawatts = entry[row], held[2, row] * held[1, row]
        # What a megawatt's machines are worth, once the new ones are there, beyond what they fetch; in terms
        # of the machine that replaces them.
        beyond = max(availability * worth[row] - held[0, row] * left[row], 0.0)
        gained = new[site] - beyond * (efficiency / held[1, row])
        total[site] += megawatts
        better[site] += megawatts * eagerness_of(gained, price, hurdle, full_gain)
    hash_eh_s, cost = np.empty(rows.size), np.zeros(review_probability.size)
    for row in range(rows.size):
        site = int(rows[row])
        firm = owner[site]
        empty = max(mining_mw[site] + idle_mw[site] - total[site] - coming[site], 0.0)
        pace = min(order_rate / review_probability[firm], 1.0)
        refit = min(better[site] * pace, max(total[site] - coming[site], 0.0))
        hash_eh_s[row] = (empty * eagerness_of(new[site], price, hurdle, full_gain) + refit) / efficiency
        cost[firm] += hash_eh_s[row] * price
    return hash_eh_s, cost


def _funds(state: State, cost: np.ndarray) -> MachineFunds:
    """Return how firms could pay for their orders, musd by firm.

    What overhead takes until the machines run is not free: a mine without machines earns nothing.
    """
    firms, free = state.firms, free_cash(state)
    if state.scenario.finance.enabled:
        free = np.minimum(free, np.maximum(firms.cash - firms.overhead * (len(state.orders) + 1), 0.0))
    return machine_funds(state, cost, free)


@compiled
def _paid_for(
    rows: np.ndarray,
    hash_eh_s: np.ndarray,
    cost: np.ndarray,
    funds: np.ndarray,
    owner: np.ndarray,
    secured_mw: np.ndarray,
    efficiency: float,
    price: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which sites get machines, how many, EH/s, and what each firm pays, musd.

    A firm that cannot pay for all cuts the orders of its sites alike.
    """
    some, bought, paid = np.empty_like(rows), np.empty(rows.size), np.zeros(cost.size)
    count = 0
    for row in range(rows.size):
        firm = owner[rows[row]]
        part = hash_eh_s[row] * (funds[firm] / cost[firm] if cost[firm] > 0.0 else funds[firm])
        if part * efficiency > ROUND_OFF * secured_mw[rows[row]]:
            some[count], bought[count] = rows[row], part
            paid[firm] += part * price
            count += 1
    return some[:count], bought[:count], paid


def _place(state: State, rows: np.ndarray, hash_eh_s: np.ndarray, machine: int) -> None:
    """Enter orders in the book (or the site, when nothing takes time)."""
    if len(state.orders):
        state.orders[-1, rows] += hash_eh_s
        state.order_generation[-1] = machine
        return
    bought = np.zeros(len(state.sites))
    bought[rows] = hash_eh_s
    install(state, rows, bought, machine)
