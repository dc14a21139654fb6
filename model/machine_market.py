"""The market for mining machines: their prices, what miners order, what arrives, and what is scrapped.

Makers sell for a few years at cost plus a share of what the marginal buyer gains; older machines trade at
what they are worth to that buyer. A miner under review orders the best machine for megawatts whose machines,
if any, are worth less than the new ones' gain, as far as its cash, equipment loans and new shares go.
1 USD/TH is 1 musd per EH/s, and 1 EH/s at e J/TH draws e MW at the plug.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import rows_where
from agents.economics.mining import machine_value
from agents.economics.vintages import asked_price, eagerness
from agents.tables import Product, Status
from model.baseline_tables import load_tables
from model.expectations import expected_at_start, hash_record, hashprice_record
from model.funding import free_cash
from model.machine_funding import MachineFunds, draw_machine_funds, machine_funds
from model.mining import meter_efficiency
from model.ownership import machines_on_order
from model.rest_of_world import RestOfWorld, rest_of_world_at_start

if TYPE_CHECKING:
    from model.parameters.bitcoin import Bitcoin
    from model.state import State

MONTHS = 12.0
ORDER_HISTORY = 36
"""Months before the first that the order book remembers: by then funding has forgotten where it began."""
ROUND_OFF = 1e-9
"""Part of a site, or of its machines, that is rounding."""


def start_rest_of_world(state: State, hash_eh_s: float) -> None:
    """Set up the rest of the world on the first day, its order book as the months before have left it.

    Args:
        state: The state; hashprice is that of the first day.
        hash_eh_s: Realised hash outside the modelled firms, EH/s.
    """
    scenario, released = state.scenario, state.generation_month
    mean = load_tables(scenario.population.data_folder).tail_value("tail_efficiency_mean")
    record = hashprice_record(scenario, state.hashprice)
    sector = rest_of_world_at_start(scenario, state.generations, released, hash_eh_s, mean, record)
    price = remember_orders(sector, released, record, hash_record(scenario))
    if scenario.bitcoin.machine_price_mode == "market":
        # The rule that moves prices is fitted to hash; started from quotes it would undo them within months.
        state.machine_price = price
    state.rest_of_world = sector


def remember_orders(
    sector: RestOfWorld, generation_month: np.ndarray, record: Sequence[float], sizes: Sequence[float]
) -> np.ndarray:
    """Fill the order book with what the sector ordered in the months before; return machine prices then.

    It ordered at what it expected then and at what makers then asked; quotes of the first day say nothing of
    those months. What it expects in the end is what the record leaves it with.

    Args:
        sector: World mining on the first day, book empty.
        generation_month: Month each generation can be ordered from.
        record: Hashprices of the months before, oldest first, USD/PH/day.
        sizes: Hash of those months as multiples of that of the first day.

    Returns:
        USD/TH by generation, as the machine market of the model leaves them.
    """
    bitcoin, decay = sector.bitcoin, sector.expected_decay
    months = min(len(record), ORDER_HISTORY)
    sector.expected_hashprice = expected_at_start(bitcoin, record[: len(record) - months + 1])
    price = np.zeros(0)
    for month in range(-months, 0):
        if month > -months:
            sector.learn(record[month])
        value = machine_values(sector, generation_month, month)
        if len(price):
            price = next_prices(sector, price, value, generation_month, month)
        else:
            price = _asked(sector, value, generation_month, month)
        machine = best_machine(sector, price, value, generation_month, month)
        if month == -months:
            sector.eagerness = sector.wanted(machine, float(price[machine]))
        sector.remember_order(machine, float(price[machine]), float(sizes[month]))
    sector.expected_decay = decay
    return price


def still_made(bitcoin: Bitcoin, generation_month: np.ndarray, month: int) -> np.ndarray:
    """Return which generations are made, now or in future; the newest on sale always is."""
    made = month < generation_month + bitcoin.machine_sale_years * MONTHS
    released = rows_where(generation_month <= month)
    made[released[-1:]] = True
    return made


def machine_values(sector: RestOfWorld, generation_month: np.ndarray, month: int) -> np.ndarray:
    """Return what each generation is worth to the marginal buyer, USD/TH.

    A machine still made comes from its maker and has to be waited for; others change hands at once.
    """
    made = still_made(sector.bitcoin, generation_month, month)
    return sector.machine_values(np.where(made, sector.lead_years, 0.0))


def best_machine(
    sector: RestOfWorld, price: np.ndarray, value: np.ndarray, generation_month: np.ndarray, month: int
) -> int:
    """Return the generation on sale with the highest gain per megawatt to the marginal buyer."""
    on_sale = still_made(sector.bitcoin, generation_month, month) & (generation_month <= month)
    gain = np.where(on_sale, (value - price) / sector.generations, -np.inf)
    # The last of equals: the newest.
    return len(gain) - 1 - int(np.argmax(gain[::-1]))


def next_prices(
    sector: RestOfWorld, price: np.ndarray, value: np.ndarray, generation_month: np.ndarray, month: int
) -> np.ndarray:
    """Return machine prices after a month: part of the way to what makers ask.

    Args:
        sector: Whose marginal buyer makes the price.
        price: Before, USD/TH by generation.
        value: To the marginal buyer, USD/TH by generation.
        generation_month: Month each generation can be ordered from.
        month: The month.
    """
    bitcoin = sector.bitcoin
    if bitcoin.machine_price_mode == "fixed":
        return price
    return price + bitcoin.machine_price_speed * (_asked(sector, value, generation_month, month) - price)


def _asked(sector: RestOfWorld, value: np.ndarray, generation_month: np.ndarray, month: int) -> np.ndarray:
    bitcoin = sector.bitcoin
    made = still_made(bitcoin, generation_month, month)
    cost, on_sale = bitcoin.machine_cost * sector.generations, made & (generation_month <= month)
    return asked_price(value, cost, bitcoin.machine_price_share, made, on_sale)


def update_machine_prices(state: State) -> None:
    """Let machine prices follow what the machines are worth to the marginal buyer; name the best one."""
    sector, released = state.rest_of_world, state.generation_month
    value = machine_values(sector, released, state.month)
    state.machine_price = next_prices(sector, state.machine_price, value, released, state.month)
    state.scratch["best_machine"] = best_machine(sector, state.machine_price, value, released, state.month)


def deliver_machines(state: State) -> None:
    """Put machines ordered months ago to work, here and in the rest of the world."""
    state.rest_of_world.deliver()
    _match_sites(state)
    if not len(state.orders):
        return
    arriving, machine = state.orders[0].copy(), int(state.order_generation[0])
    state.orders[:-1] = state.orders[1:]
    state.orders[-1] = 0.0
    state.order_generation[:-1] = state.order_generation[1:]
    _install(state, rows_where(arriving > 0.0), arriving, machine)


def _match_sites(state: State) -> None:
    """Give sites that are new since last month a column in the order book."""
    missing = len(state.sites) - state.orders.shape[1]
    if missing > 0:
        state.orders = np.pad(state.orders, ((0, 0), (0, missing)))


def _install(state: State, rows: np.ndarray, hash_eh_s: np.ndarray, machine: int) -> None:
    """Add machines at sites that still have an owner, and sell what finds no room."""
    rows = rows[state.sites.owner[rows] >= 0]
    if not len(rows):
        return
    state.sites.hash[rows, machine] += hash_eh_s[rows]
    fit_machines(state, rows)


def fit_machines(state: State, rows: np.ndarray) -> None:
    """Sell machines that no longer fit into the unlet megawatts of the given sites, the worst first.

    At a mine that is not energised yet they wait in store.
    """
    sites = state.sites
    efficiency = meter_efficiency(state)
    room = sites.mining_mw[rows] + sites.idle_mw[rows]
    room += np.where(sites.energised_mw[rows] > 0.0, 0.0, sites.pipeline_mw[rows])
    room = np.where(room > ROUND_OFF * sites.secured_mw[rows], room, 0.0)
    tight = sites.hash[rows] @ efficiency > room * (1.0 + 1e-12)
    if not tight.any():
        return
    rows, room = rows[tight], room[tight]
    megawatts = sites.hash[rows] * efficiency
    # Generations run from worst to best: what is better than each takes its room first.
    better = megawatts.sum(axis=1)[:, None] - megawatts.cumsum(axis=1)
    kept = np.maximum(np.minimum(room[:, None] - better, megawatts), 0.0)
    sell_machines(state, rows, (megawatts - kept) / efficiency)


def sell_machines(state: State, rows: np.ndarray, sold: np.ndarray) -> None:
    """Sell machines second-hand; the books lose their share, by market value, of the firm's machines.

    Args:
        state: The state.
        rows: Site rows, each once, all owned.
        sold: EH/s by generation, [rows x G].
    """
    gone = _remove_machines(state, rows, sold)
    proceeds = gone * state.scenario.bitcoin.machine_resale
    state.ledger.post("machine sales", "cash", "earnings", proceeds, sector="market")


def _remove_machines(state: State, rows: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """Take machines off sites and books; return what they are worth on the market, musd by firm."""
    sites, firms, ledger = state.sites, state.firms, state.ledger
    count, owner = len(firms), sites.owner[rows]
    held = rows_where(sites.owner >= 0)
    # Machines on order are in the books too.
    worth = np.bincount(
        sites.owner[held],
        (sites.hash @ state.machine_price + machines_on_order(state))[held],
        minlength=count,
    )
    gone = np.bincount(owner, sold @ state.machine_price, minlength=count)
    share = np.minimum(gone / np.where(worth > 0.0, worth, np.inf), 1.0)
    held_before = sites.hash[rows]
    left = held_before - sold
    sites.hash[rows] = np.where(left > ROUND_OFF * held_before, left, 0.0)
    ledger.post("machines sold, at book", "earnings", "machines", np.maximum(firms.machines, 0.0) * share)
    return gone


def ordered_mw(state: State) -> np.ndarray:
    """Return the megawatts, at the meter, that machines on order will need at each site."""
    _match_sites(state)
    return meter_efficiency(state)[state.order_generation] @ state.orders


def order_machines(state: State) -> None:
    """Let sites under review order the best machine, and the rest of the world too."""
    _match_sites(state)
    machine = state.scratch["best_machine"]
    price = float(state.machine_price[machine])
    state.rest_of_world.order(machine, price)
    rows = _under_review(state)
    if not len(rows):
        return
    efficiency = float(meter_efficiency(state)[machine])
    hash_eh_s = _wanted(state, rows, machine, price) / efficiency
    cost = np.bincount(state.sites.owner[rows], hash_eh_s * price, minlength=len(state.firms))
    funds = _funds(state, cost)
    # A firm that cannot pay for all cuts the orders of its sites alike.
    hash_eh_s *= (funds.total / np.where(cost > 0.0, cost, 1.0))[state.sites.owner[rows]]
    some = rows_where(hash_eh_s * efficiency > ROUND_OFF * state.sites.secured_mw[rows])
    paid = np.bincount(state.sites.owner[rows[some]], hash_eh_s[some] * price, minlength=len(state.firms))
    draw_machine_funds(state, funds, paid)
    state.ledger.post("machine orders", "machines", "cash", paid, sector="suppliers")
    _place(state, rows[some], hash_eh_s[some], machine)


def _under_review(state: State) -> np.ndarray:
    """Return the sites that may order this month: reviewed, of active owners, not kept for an AI tenant."""
    sites, firms = state.sites, state.firms
    drawn = state.streams.uniform("machine review", state.month, sites.slot)
    owner = sites.owner
    may = (drawn < firms.review_probability[owner]) & (owner >= 0) & (firms.status[owner] == Status.ACTIVE)
    may &= ~(sites.convertible & (sites.last_choice != Product.MINE))
    may &= (sites.mining_mw + sites.idle_mw) > 0.0
    offers = state.scratch.get("offers")
    if offers is not None:
        may[state.scratch["blocks"].site[offers.block[offers.use > 0]]] = False
    return rows_where(may)


def _wanted(state: State, rows: np.ndarray, machine: int, price: float) -> np.ndarray:
    """Return the megawatts that the owners of sites would fill with a machine, money aside.

    Empty megawatts are filled as eagerly as the gain says. Megawatts with machines are refitted at no more
    than the pace at which the rest of the world can order. What machines are worth is known from phase 7.
    """
    sites, row = state.sites, state.scenario.row
    efficiency, owner = meter_efficiency(state), sites.owner[rows]
    new = state.scratch["best_worth"]
    reviewed = np.zeros(len(sites), dtype=bool)
    reviewed[rows] = True
    entry = rows_where(reviewed[state.scratch["fleets"].site])
    site, generation, hash_eh_s = (column[entry] for column in state.scratch["fleets"])
    # What a megawatt's machines are worth, once the new ones are there, beyond what they fetch; in terms of
    # the machine that replaces them.
    beyond = np.maximum(_worth_later(state, site, generation) - _fetched_later(state, site, generation), 0.0)
    given_up = beyond * (efficiency[machine] / efficiency[generation])
    eager = eagerness(new[site] - given_up, price, row.hurdle_rate, row.full_order_gain)
    held = hash_eh_s * efficiency[generation]
    total = np.bincount(site, held, minlength=len(sites))[rows]
    better = np.bincount(site, held * eager, minlength=len(sites))[rows]
    coming = ordered_mw(state)[rows]
    empty = np.maximum(sites.mining_mw[rows] + sites.idle_mw[rows] - total - coming, 0.0)
    pace = np.minimum(row.order_rate / state.firms.review_probability[owner], 1.0)
    refit = np.minimum(better * pace, np.maximum(total - coming, 0.0))
    return empty * eagerness(new[rows], price, row.hurdle_rate, row.full_order_gain) + refit


def _worth_later(state: State, site: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """Return what machines at n sites are worth to their owners once an order is there, USD/TH."""
    firms, owner = state.firms, state.sites.owner[site]
    return state.scenario.power.availability * machine_value(
        (firms.expected_hashprice * (1.0 - firms.pool_fee))[owner],
        meter_efficiency(state)[generation],
        state.scratch["mean_cash_cost"][site],
        np.maximum(firms.expected_decay, 0.0)[owner],
        firms.discount_rate[owner],
        max_life=state.scenario.bitcoin.machine_life,
        wait=len(state.orders) / MONTHS,
    )


def _fetched_later(state: State, site: np.ndarray, generation: np.ndarray) -> np.ndarray:
    """Return what machines at n sites fetch once an order is there, at today's prices, USD/TH."""
    rate = state.firms.discount_rate[state.sites.owner[site]]
    price = state.scenario.bitcoin.machine_resale * state.machine_price[generation]
    return price * np.exp(-rate * (len(state.orders) / MONTHS))


def _funds(state: State, cost: np.ndarray) -> MachineFunds:
    """Return how firms could pay for their orders, musd by firm.

    What overhead takes until the machines run is not free: a mine without machines earns nothing.
    """
    firms, free = state.firms, free_cash(state)
    if state.scenario.finance.enabled:
        free = np.minimum(free, np.maximum(firms.cash - firms.overhead * (len(state.orders) + 1), 0.0))
    return machine_funds(state, cost, free)


def _place(state: State, rows: np.ndarray, hash_eh_s: np.ndarray, machine: int) -> None:
    """Enter orders in the book (or the site, when nothing takes time)."""
    if len(state.orders):
        state.orders[-1, rows] += hash_eh_s
        state.order_generation[-1] = machine
        return
    bought = np.zeros(len(state.sites))
    bought[rows] = hash_eh_s
    _install(state, rows, bought, machine)


def retire_machines(state: State) -> None:
    """Lose machines that break, and scrap part of those that do not run, as the rest of the world does.

    What is scrapped brings nothing, and frees its place for other machines.
    """
    sector, sites = state.rest_of_world, state.sites
    sector.retire()
    sites.hash *= np.exp(-state.scenario.bitcoin.machine_failure / MONTHS)
    site, generation = state.scratch["stopped"]
    lost = sites.hash[site, generation] * -np.expm1(-sector.parameters.retirement / MONTHS)
    rows = rows_where((np.bincount(site, lost, minlength=len(sites)) > 0.0) & (sites.owner >= 0))
    if len(rows):
        scrapped = np.zeros(sites.hash.shape)
        scrapped[site, generation] = lost
        _remove_machines(state, rows, scrapped[rows])
