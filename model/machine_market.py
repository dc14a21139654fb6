"""The market for mining machines: their prices, what arrives, what is sold, and what is scrapped.

Makers sell for a few years at cost plus a share of what the marginal buyer gains; older machines trade at
what they are worth to that buyer. What miners order is in `model.machine_orders`.
1 USD/TH is 1 musd per EH/s, and 1 EH/s at e J/TH draws e MW at the plug.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.vintages import asked_price
from model.baseline_tables import load_tables
from model.expectations import expected_at_start, hash_record, hashprice_record
from model.mining import meter_efficiency
from model.ownership import machines_on_order
from model.rest_of_world import RestOfWorld, rest_of_world_at_start

if TYPE_CHECKING:
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


@compiled
def still_made(generation_month: np.ndarray, month: int, sale_months: float) -> np.ndarray:
    """Return which generations are made, now or in future; the newest on sale always is."""
    made, newest = np.empty(generation_month.size, np.bool_), -1
    for machine in range(made.size):
        made[machine] = month < generation_month[machine] + sale_months
        if generation_month[machine] <= month:
            newest = machine
    if newest >= 0:
        made[newest] = True
    return made


def machine_values(sector: RestOfWorld, generation_month: np.ndarray, month: int) -> np.ndarray:
    """Return what each generation is worth to the marginal buyer, USD/TH.

    A machine still made comes from its maker and has to be waited for; others change hands at once.
    """
    sale_months = sector.bitcoin.machine_sale_years * MONTHS
    return sector.machine_values(_waits(generation_month, month, sale_months, sector.lead_years))


@compiled
def _waits(generation_month: np.ndarray, month: int, sale_months: float, lead_years: float) -> np.ndarray:
    return np.where(still_made(generation_month, month, sale_months), lead_years, 0.0)


def best_machine(
    sector: RestOfWorld, price: np.ndarray, value: np.ndarray, generation_month: np.ndarray, month: int
) -> int:
    """Return the generation on sale with the highest gain per megawatt to the marginal buyer."""
    months = sector.bitcoin.machine_sale_years * MONTHS
    return _best_machine(price, value, sector.generations, generation_month, month, months)


@compiled
def _best_machine(
    price: np.ndarray,
    value: np.ndarray,
    efficiency: np.ndarray,
    generation_month: np.ndarray,
    month: int,
    sale_months: float,
) -> int:
    made = still_made(generation_month, month, sale_months)
    best, most = made.size - 1, -np.inf
    for machine in range(made.size):
        if made[machine] and generation_month[machine] <= month:
            gain = (value[machine] - price[machine]) / efficiency[machine]
            # The last of equals: the newest.
            if gain >= most:
                best, most = machine, gain
    return best


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
    asked = _asked(sector, value, generation_month, month)
    return price + bitcoin.machine_price_speed * (asked - price)


def _asked(sector: RestOfWorld, value: np.ndarray, generation_month: np.ndarray, month: int) -> np.ndarray:
    bitcoin = sector.bitcoin
    return _asked_prices(
        value,
        sector.generations,
        generation_month,
        month,
        bitcoin.machine_sale_years * MONTHS,
        bitcoin.machine_cost,
        bitcoin.machine_price_share,
    )


@compiled
def _asked_prices(
    value: np.ndarray,
    efficiency: np.ndarray,
    generation_month: np.ndarray,
    month: int,
    sale_months: float,
    cost: float,
    share: float,
) -> np.ndarray:
    """Return what makers ask, and who has machines no longer made, USD/TH by generation."""
    made = still_made(generation_month, month, sale_months)
    return asked_price(value, cost * efficiency, share, made, made & (generation_month <= month))


def update_machine_prices(state: State) -> None:
    """Let machine prices follow what the machines are worth to the marginal buyer; name the best one."""
    sector, released = state.rest_of_world, state.generation_month
    value = machine_values(sector, released, state.month)
    state.machine_price = next_prices(sector, state.machine_price, value, released, state.month)
    state.scratch["best_machine"] = best_machine(sector, state.machine_price, value, released, state.month)


def deliver_machines(state: State) -> None:
    """Put machines ordered months ago to work, here and in the rest of the world."""
    state.rest_of_world.deliver()
    match_sites(state)
    if not len(state.orders):
        return
    arriving, machine = state.orders[0].copy(), int(state.order_generation[0])
    state.orders[:-1] = state.orders[1:]
    state.orders[-1] = 0.0
    state.order_generation[:-1] = state.order_generation[1:]
    install(state, rows_where(arriving > 0.0), arriving, machine)


def match_sites(state: State) -> None:
    """Give sites that are new since last month a column in the order book."""
    missing = len(state.sites) - state.orders.shape[1]
    if missing > 0:
        new = np.zeros((len(state.orders), missing))
        state.orders = np.concatenate((state.orders, new), axis=1)


def install(state: State, rows: np.ndarray, hash_eh_s: np.ndarray, machine: int) -> None:
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
    sites, efficiency = state.sites, meter_efficiency(state)
    rows, room = _tight(
        rows,
        sites.hash[rows] @ efficiency,
        sites.mining_mw,
        sites.idle_mw,
        sites.energised_mw,
        sites.pipeline_mw,
        sites.secured_mw,
    )
    if rows.size:
        megawatts = sites.hash[rows] * efficiency
        sell_machines(state, rows, _surplus(megawatts, np.add.reduce(megawatts, axis=1), room, efficiency))


@compiled
def _tight(
    rows: np.ndarray,
    megawatts: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    energised_mw: np.ndarray,
    pipeline_mw: np.ndarray,
    secured_mw: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which of some sites have more megawatts of machines than room, and the room."""
    tight, rooms, count = np.empty_like(rows), np.empty(rows.size), 0
    for row in range(rows.size):
        site = rows[row]
        room = mining_mw[site] + idle_mw[site]
        if energised_mw[site] <= 0.0:
            room += pipeline_mw[site]
        if room <= ROUND_OFF * secured_mw[site]:
            room = 0.0
        if megawatts[row] > room * (1.0 + 1e-12):
            tight[count], rooms[count] = site, room
            count += 1
    return tight[:count], rooms[:count]


@compiled
def _surplus(
    megawatts: np.ndarray, total: np.ndarray, room: np.ndarray, efficiency: np.ndarray
) -> np.ndarray:
    """Return the machines for which there is no room, EH/s by generation, [sites x G].

    Generations run from worst to best: what is better than each takes its room first.
    """
    sold = np.empty(megawatts.shape)
    for row in range(room.size):
        passed = 0.0
        for machine in range(efficiency.size):
            held = megawatts[row, machine]
            passed += held
            kept = max(min(room[row] - (total[row] - passed), held), 0.0)
            sold[row, machine] = (held - kept) / efficiency[machine]
    return sold


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
    sites, firms = state.sites, state.firms
    gone, book = _sold_off(
        rows,
        sold @ state.machine_price,
        sites.owner,
        sites.hash @ state.machine_price,
        # Machines on order are in the books too.
        machines_on_order(state),
        firms.machines,
        sold,
        sites.hash,
    )
    state.ledger.post("machines sold, at book", "earnings", "machines", book)
    return gone


@compiled
def _sold_off(
    rows: np.ndarray,
    worth_sold: np.ndarray,
    owner: np.ndarray,
    worth: np.ndarray,
    on_order: np.ndarray,
    booked: np.ndarray,
    sold: np.ndarray,
    hashes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Take machines off sites; return what they are worth and their share of the books, musd by firm."""
    _take_off(rows, sold, hashes)
    held, gone, book = np.zeros(booked.size), np.zeros(booked.size), np.zeros(booked.size)
    for site in range(owner.size):
        if owner[site] >= 0:
            held[owner[site]] += worth[site] + on_order[site]
    for row in range(rows.size):
        gone[owner[rows[row]]] += worth_sold[row]
    for firm in range(booked.size):
        if held[firm] > 0.0:
            book[firm] = max(booked[firm], 0.0) * min(gone[firm] / held[firm], 1.0)
    return gone, book


@compiled
def _take_off(rows: np.ndarray, sold: np.ndarray, hashes: np.ndarray) -> None:
    """Take machines off sites; what rounding leaves of them goes too."""
    for row in range(rows.size):
        for machine in range(sold.shape[1]):
            held = hashes[rows[row], machine]
            left = held - sold[row, machine]
            hashes[rows[row], machine] = left if left > ROUND_OFF * held else 0.0


def ordered_mw(state: State) -> np.ndarray:
    """Return the megawatts, at the meter, that machines on order will need at each site."""
    match_sites(state)
    return meter_efficiency(state)[state.order_generation] @ state.orders


def retire_machines(state: State) -> None:
    """Lose machines that break, and scrap part of those that do not run, as the rest of the world does.

    What is scrapped brings nothing, and frees its place for other machines.
    """
    sector, sites = state.rest_of_world, state.sites
    sector.retire()
    sites.hash *= np.exp(-state.scenario.bitcoin.machine_failure / MONTHS)
    share = -np.expm1(-sector.parameters.retirement / MONTHS)
    site, generation = state.scratch["stopped"]
    rows, scrapped = _scrapped(site, generation, sites.hash, sites.owner, share)
    if len(rows):
        _remove_machines(state, rows, scrapped)


@compiled
def _scrapped(
    site: np.ndarray, generation: np.ndarray, hashes: np.ndarray, owner: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return sites where machines are scrapped, and how many, EH/s by generation; sites come in order."""
    rows, count, scrapped = np.empty(site.size, np.int64), 0, np.zeros((site.size, hashes.shape[1]))
    for entry in range(site.size):
        each, machine = site[entry], generation[entry]
        lost = hashes[each, machine] * share
        if lost > 0.0 and owner[each] >= 0:
            if count == 0 or rows[count - 1] != each:
                rows[count] = each
                count += 1
            scrapped[count - 1, machine] = lost
    return rows[:count], scrapped[:count]
