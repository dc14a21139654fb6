"""Phases 3 and 4: which machines run, and what the Bitcoin network pays for it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.dispatch import bill_of, fixed_part, optimal_dispatch, price_met, uptime_and_margin
from agents.economics.mining import breakeven_of, breakeven_power_price, hashprice
from agents.tables import Contract, Status
from model.state import State

HOURS_PER_MONTH = 730.5
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600.0
RUNNING = 0.01
"""A machine that would run in less than this share of hours counts as off."""
CHARGES = "under_water_mw", "hosting_fee", "host_cost", "energy_cost", "response_income", "operating_cost"
"""Megawatts at a site that stand still, and what running costs and brings it in a month, musd."""


def alive(state: State) -> np.ndarray:
    """Return which firms operate, shape (firms,)."""
    return state.firms.status < Status.ACQUIRED


def fees_per_block(state: State) -> float:
    """Return transaction fees, BTC a block: constant in BTC, or a constant share of the reward."""
    bitcoin = state.scenario.bitcoin
    odds = bitcoin.fee_share / (1.0 - bitcoin.fee_share)
    return odds * (state.start_subsidy if bitcoin.fee_memory else state.network.subsidy)


def quote_hashprice(state: State) -> None:
    """Set the hashprice that machines are dispatched on, at the difficulty now in force."""
    network = state.network
    state.hashprice = hashprice(state.btc_price, network.subsidy, fees_per_block(state), network.difficulty)


def power_price(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return fixed part and mean hourly part of each site's power price, USD/MWh."""
    sites, regions = state.sites, state.regions
    return _power_price(
        sites.region,
        sites.contract,
        sites.us,
        sites.fixed_price,
        regions.response_credit,
        regions.response_credit_start,
        regions.energy_price_start,
        regions.energy_index,
        state.scenario.power.energy_scale,
    )


@compiled
def _power_price(
    region: np.ndarray,
    contract: np.ndarray,
    us: np.ndarray,
    fixed_price: np.ndarray,
    credit: np.ndarray,
    credit_start: np.ndarray,
    energy_price: np.ndarray,
    energy_index: np.ndarray,
    scale: float,
) -> tuple[np.ndarray, np.ndarray]:
    fixed, hourly = np.empty(region.size), np.empty(region.size)
    for site in range(region.size):
        where = region[site]
        fixed[site] = fixed_price[site] * scale
        if contract[site] == Contract.GRID and us[site]:
            fixed[site] -= credit[where] - credit_start[where]
        hourly[site] = energy_price[where] * energy_index[where] * scale
    return fixed, hourly


def mean_cash_cost(state: State) -> np.ndarray:
    """Return what a MWh of mining costs each site on average, power and operation, USD/MWh."""
    sites = state.sites
    fixed, _ = power_price(state)
    return _mean_cash_cost(
        fixed,
        sites.region,
        sites.contract,
        sites.power_cost,
        sites.fixed_price,
        sites.operating_cost,
        state.regions.energy_index,
        state.scenario.power.energy_scale,
    )


@compiled
def _mean_cash_cost(
    fixed: np.ndarray,
    region: np.ndarray,
    contract: np.ndarray,
    power_cost: np.ndarray,
    fixed_price: np.ndarray,
    operating_cost: np.ndarray,
    energy_index: np.ndarray,
    scale: float,
) -> np.ndarray:
    cost = np.empty(fixed.size)
    for site in range(fixed.size):
        energy, paid_start = 0.0, power_cost[site] - fixed_price[site]
        if contract[site] == Contract.GRID:
            energy = paid_start * energy_index[region[site]] * scale
        elif contract[site] == Contract.FIXED_RESALE:
            # What is sold back is taken to lower the cost of what is used as much as it did when costs were
            # reported.
            energy = paid_start * scale
        cost[site] = fixed[site] + energy + operating_cost[site]
    return cost


def set_fixed_prices(state: State) -> None:
    """Split each site's reported power cost, at the start, into a fixed and an hourly part.

    Who sells contracted power back reports what it paid net of that (Riot says so): the contract is dearer.
    """
    sites, regions = state.sites, state.regions
    grid = sites.contract == Contract.GRID
    efficiency = meter_efficiency(state)
    hash_eh = sites.hash.sum(axis=1)
    mean = (sites.hash @ efficiency) / np.where(hash_eh > 0.0, hash_eh, 1.0)
    fleet = np.where(hash_eh > 0.0, mean, efficiency[_best_on_sale(state)])
    worth = breakeven_power_price(state.hashprice, fleet) - sites.operating_cost
    region = sites.region
    split = fixed_part(
        sites.power_cost, worth, regions.energy_price_start[region], regions.energy_volatility[region]
    )
    resale = sites.contract == Contract.FIXED_RESALE
    hourly, volatility = regions.energy_price_start[region], regions.energy_volatility[region]
    uptime, margin = optimal_dispatch(worth, hourly, volatility)
    sold = hourly - (worth * uptime - margin)
    contract = np.where(uptime > RUNNING, sites.power_cost * uptime + sold, sites.power_cost)
    sites.fixed_price = np.where(grid, split, np.where(resale, contract, sites.power_cost))


def meter_efficiency(state: State) -> np.ndarray:
    """Return J/TH of each generation at the meter, cooling and losses included."""
    return state.generations * state.scenario.power.pue_mining


def _best_on_sale(state: State) -> int:
    return int(rows_where(state.generation_month <= state.month)[-1])


class Fleets(NamedTuple):
    """The machines there are: one entry per site and generation that it has, in the order of sites.

    Most sites have few of the generations, so phases reckon with these entries and not with the whole matrix.
    """

    site: np.ndarray
    generation: np.ndarray
    hash_eh_s: np.ndarray


def fleets(hashes: np.ndarray) -> Fleets:
    """Return the machines at n sites with the given hash by generation, EH/s, [n x G]."""
    return Fleets(*_fleets(hashes))


@compiled
def _fleets(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    site, generation = np.empty(hashes.size, np.int64), np.empty(hashes.size, np.int64)
    hash_eh_s, entry = np.empty(hashes.size), 0
    for row in range(hashes.shape[0]):
        for column in range(hashes.shape[1]):
            # A generation that the site has not is written over by the next.
            site[entry], generation[entry], hash_eh_s[entry] = row, column, hashes[row, column]
            entry += hashes[row, column] > 0.0
    return site[:entry], generation[:entry], hash_eh_s[:entry]


def dispatch(state: State) -> None:
    """Run the machines that pay, and leave hash and costs of the month per site.

    Writes `mining_mw`, `idle_mw`, `months_off` and the scratch arrays `running_hash`, `machine_mw`,
    `running_mw`, `under_water_mw`, `energy_cost`, `operating_cost`, `hosting_fee`, `host_cost` and
    `response_income` (musd), and `stopped`: sites and generations of the machines that do not run.
    """
    sites, firms = state.sites, state.firms
    fleet, efficiency, (fixed, hourly_price) = fleets(sites.hash), meter_efficiency(state), power_price(state)
    met = _prices_met(
        fleet.site,
        fleet.generation,
        efficiency,
        fixed,
        hourly_price,
        sites.owner,
        sites.region,
        sites.contract,
        sites.operating_cost,
        state.regions.energy_volatility,
        firms.pool_fee,
        firms.expected_hashprice,
        state.hashprice,
    )
    uptime, margin = uptime_and_margin(met)
    prices = fixed, hourly_price, sites.contract
    places = sites.energised_mw, sites.owner, firms.status, state.scenario.power.availability
    _leave(state, *_by_site(*fleet, met[0], uptime, margin, efficiency, *prices, *places))


def _leave(state: State, sums: np.ndarray, *stopped: np.ndarray) -> None:
    """Write what has been added up by site, and what stopped, to scratch and to the columns of sites."""
    sites, scratch = state.sites, state.scratch
    scratch["running_hash"], scratch["machine_mw"], _, scratch["running_mw"], _, _ = sums
    scratch["stopped"] = stopped
    uses = sites.mining_mw, sites.idle_mw, sites.months_off, sites.energised_mw
    margins = sites.host_site, sites.hosting_margin, sites.operating_cost
    charges = _uses_and_charges(sums, *uses, *margins, HOURS_PER_MONTH / 1e6)
    for name, charge in zip(CHARGES, charges, strict=True):
        scratch[name] = charge


@compiled
def _prices_met(
    site: np.ndarray,
    generation: np.ndarray,
    efficiency: np.ndarray,
    fixed: np.ndarray,
    hourly_price: np.ndarray,
    owner: np.ndarray,
    region: np.ndarray,
    contract: np.ndarray,
    operating_cost: np.ndarray,
    volatility: np.ndarray,
    pool_fee: np.ndarray,
    expected: np.ndarray,
    hashprice: float,
) -> np.ndarray:
    """Return for machines the price below which they run, mean and volatility of that they meet, [3 x n]."""
    rows = np.empty((3, site.size))
    for row in range(site.size):
        each = int(site[row])
        firm = int(owner[each])
        hourly, resale = contract[each] == Contract.GRID, contract[each] == Contract.FIXED_RESALE
        # A tariff or a hosting contract is a commitment of months: its machines stop when the hashprice the
        # firm reckons with no longer pays. Whoever faces hourly prices stops by the hour.
        counted = hashprice if hourly or resale else expected[firm]
        rows[0, row], rows[1, row], rows[2, row] = price_met(
            breakeven_of(counted * (1.0 - pool_fee[firm]), efficiency[int(generation[row])]),
            operating_cost[each],
            fixed[each],
            hourly_price[each],
            volatility[int(region[each])],
            hourly,
            resale,
        )
    return rows


@compiled
def _by_site(
    site: np.ndarray,
    generation: np.ndarray,
    hash_eh_s: np.ndarray,
    worth: np.ndarray,
    uptime: np.ndarray,
    margin: np.ndarray,
    efficiency: np.ndarray,
    fixed: np.ndarray,
    hourly_price: np.ndarray,
    contract: np.ndarray,
    energised_mw: np.ndarray,
    owner: np.ndarray,
    status: np.ndarray,
    availability: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add machines up by site, [6 x sites], and return site and generation of those that do not run.

    Rows: running hash, EH/s; megawatts of machines, of those that are on, and running; cost of energy, and
    income from selling power back, USD per hour. Machines at a mine that is not energised do not run.
    """
    sums = np.zeros((6, owner.size))
    stopped, entries = 0, np.empty((2, site.size), np.int64)
    for row in range(site.size):
        each, megawatts = int(site[row]), hash_eh_s[row] * efficiency[generation[row]]
        hourly, resale = contract[each] == Contract.GRID, contract[each] == Contract.FIXED_RESALE
        met = worth[row], uptime[row], margin[row], fixed[each], hourly_price[each]
        energy, sold = bill_of(*met, hourly, resale)
        pays = uptime[row] > RUNNING
        sums[0, each] += hash_eh_s[row] * uptime[row]
        sums[1, each] += megawatts
        sums[2, each] += megawatts if pays and energised_mw[each] > 0.0 else 0.0
        sums[3, each] += megawatts * uptime[row]
        sums[4, each] += megawatts * energy
        sums[5, each] += megawatts * sold
        entries[0, stopped], entries[1, stopped] = each, generation[row]
        stopped += not pays
    _take_off_idle_hours(sums, energised_mw, owner, status, availability)
    return sums, entries[0, :stopped], entries[1, :stopped]


@compiled
def _take_off_idle_hours(
    sums: np.ndarray, energised_mw: np.ndarray, owner: np.ndarray, status: np.ndarray, availability: float
) -> None:
    """Take the hours off in which machines are not available: all where nobody mines."""
    for site in range(owner.size):
        runs = energised_mw[site] > 0.0 and owner[site] >= 0 and status[owner[site]] < Status.ACQUIRED
        share = availability if runs else 0.0
        for flow in (0, 3, 4, 5):
            sums[flow, site] *= share


@compiled
def _uses_and_charges(
    sums: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    months_off: np.ndarray,
    energised_mw: np.ndarray,
    host_site: np.ndarray,
    hosting_margin: np.ndarray,
    operating_cost: np.ndarray,
    to_musd: float,
) -> np.ndarray:
    """Divide unlet megawatts into mining and idle, count months off, and return `CHARGES` by site."""
    charges = np.zeros((len(CHARGES), mining_mw.size))
    for site in range(mining_mw.size):
        _, installed, on, running_mw, energy, resale = sums[:, site]
        unlet = mining_mw[site] + idle_mw[site]
        mining_mw[site] = min(on, unlet)
        idle_mw[site] = unlet - mining_mw[site]
        stands = installed > 0.0 and on <= 0.0 and energised_mw[site] > 0.0
        months_off[site] = months_off[site] + 1.0 if stands else 0.0
        charges[0, site] = installed - on
        net_energy, sold = energy * to_musd, resale * to_musd
        if host_site[site] >= 0:
            charges[1, site] = net_energy
            charges[2, site] = net_energy - hosting_margin[site] * running_mw * to_musd
        else:
            charges[3, site] = net_energy + sold
            charges[4, site] = sold
        charges[5, site] = operating_cost[site] * running_mw * to_musd
    return charges


def mine(state: State) -> None:
    """Advance the Bitcoin network by a month and share out what it pays by hash."""
    running = state.scratch["running_hash"]
    own = float(np.add.reduce(running))
    rest = state.rest_of_world.realised_hash
    total = own + rest
    subsidy = state.network.subsidy
    mined = state.network.advance(total, SECONDS_PER_MONTH, fees_per_block(state))
    share = running / total if total > 0.0 else np.zeros_like(running)
    state.scratch["mined_btc"] = share * mined.btc
    installed = np.add.reduce(state.sites.hash, axis=1)
    state.sites.running_eh_s = running
    state.sites.uptime = running / np.maximum(installed, 1e-12)
    nameplate = float(np.add.reduce(installed))
    days = HOURS_PER_MONTH / 24.0
    if total > 0.0:
        state.hashprice = mined.btc * state.btc_price / (total * 1000.0 * days)
    state.figures |= {
        "network_hashrate_eh_s": total,
        "modelled_hashrate_eh_s": own,
        "off_share": 1.0 - own / nameplate if nameplate > 0.0 else math.nan,
        "rest_of_world_hashrate_eh_s": rest,
        "difficulty": state.network.difficulty,
        "height": state.network.height,
        "blocks": mined.blocks,
        "btc_mined": mined.btc,
        "fees_btc": mined.fees,
        "rest_of_world_btc": mined.btc * (rest / total if total > 0.0 else 0.0),
        "subsidy_btc": subsidy,
        "retargets": float(mined.retargets),
        "hashprice_usd_ph_day": state.hashprice,
        "btc_price_usd": state.btc_price,
    }
