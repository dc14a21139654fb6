"""Phases 3 and 4: which machines run, and what the Bitcoin network pays for it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.dispatch import dispatch_machines, fixed_part, optimal_dispatch
from agents.economics.mining import breakeven_power_price, hashprice
from agents.tables import Contract, Status
from model.state import State

HOURS_PER_MONTH = 730.5
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600.0
RUNNING = 0.01
"""A machine that would run in less than this share of hours counts as off."""
CHARGES = "hosting_fee", "host_cost", "energy_cost", "response_income", "operating_cost"
"""What running costs and brings a site in a month, musd."""


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
    fleet = fleets(sites.hash)
    rows, hourly, resale = _conditions(
        fleet.site,
        fleet.generation,
        meter_efficiency(state),
        *power_price(state),
        sites.owner,
        sites.region,
        sites.contract,
        sites.operating_cost,
        state.regions.energy_volatility,
        firms.pool_fee,
        firms.expected_hashprice,
        state.hashprice,
    )
    counted, efficiency, operating, fixed, hourly_price, volatility = rows
    breakeven = breakeven_power_price(counted, efficiency)
    run = dispatch_machines(breakeven, operating, fixed, hourly_price, volatility, hourly, resale)
    places = sites.energised_mw, sites.owner, firms.status, state.scenario.power.availability
    _leave(state, *_by_site(*fleet, efficiency, *run, *places))


def _leave(state: State, sums: np.ndarray, *stopped: np.ndarray) -> None:
    """Write what has been added up by site, and what stopped, to scratch and to the columns of sites."""
    sites, scratch = state.sites, state.scratch
    running, installed, on, running_mw, energy, resale = sums
    scratch["running_hash"], scratch["machine_mw"], scratch["running_mw"] = running, installed, running_mw
    scratch["stopped"] = stopped
    unlet = sites.mining_mw, sites.idle_mw
    scratch["under_water_mw"] = _assign_use(installed, on, *unlet, sites.months_off, sites.energised_mw)
    margins = sites.host_site, sites.hosting_margin, sites.operating_cost
    charges = _charges(running_mw, energy, resale, *margins, HOURS_PER_MONTH / 1e6)
    for name, charge in zip(CHARGES, charges, strict=True):
        scratch[name] = charge


@compiled
def _conditions(
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
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what machines meet, [6 x n], and whether their site pays by the hour, or can sell power back.

    Rows: hashprice net of pool fees that counts, J/TH, operating cost, fixed part and mean hourly part of the
    power price, and volatility of the latter.
    """
    rows = np.empty((6, site.size))
    hourly, resale = np.empty(site.size, np.bool_), np.empty(site.size, np.bool_)
    for row in range(site.size):
        each = site[row]
        firm = owner[each]
        hourly[row] = contract[each] == Contract.GRID
        resale[row] = contract[each] == Contract.FIXED_RESALE
        # A tariff or a hosting contract is a commitment of months: its machines stop when the hashprice the
        # firm reckons with no longer pays. Whoever faces hourly prices stops by the hour.
        counted = hashprice if hourly[row] or resale[row] else expected[firm]
        rows[0, row] = counted * (1.0 - pool_fee[firm])
        rows[1, row] = efficiency[generation[row]]
        rows[2, row] = operating_cost[each]
        rows[3, row] = fixed[each]
        rows[4, row] = hourly_price[each]
        rows[5, row] = volatility[region[each]]
    return rows, hourly, resale


@compiled
def _by_site(
    site: np.ndarray,
    generation: np.ndarray,
    hash_eh_s: np.ndarray,
    efficiency: np.ndarray,
    uptime: np.ndarray,
    energy: np.ndarray,
    resale: np.ndarray,
    energised_mw: np.ndarray,
    owner: np.ndarray,
    status: np.ndarray,
    availability: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add machines up by site, [6 x sites], and return site and generation of those that do not run.

    Rows: running hash, EH/s; megawatts of machines, of those that are on, and running; cost of energy, and
    income from selling power back, USD per hour. Machines in store, at a mine that is not energised, do not
    run.
    """
    sums = np.zeros((6, owner.size))
    stopped, entries = 0, np.empty((2, site.size), np.int64)
    for row in range(site.size):
        each, megawatts = site[row], hash_eh_s[row] * efficiency[row]
        pays = uptime[row] > RUNNING
        sums[0, each] += hash_eh_s[row] * uptime[row]
        sums[1, each] += megawatts
        sums[2, each] += megawatts if pays and energised_mw[each] > 0.0 else 0.0
        sums[3, each] += megawatts * uptime[row]
        sums[4, each] += megawatts * energy[row]
        sums[5, each] += megawatts * resale[row]
        entries[0, stopped], entries[1, stopped] = each, generation[row]
        stopped += not pays
    for each in range(owner.size):
        runs = energised_mw[each] > 0.0 and owner[each] >= 0 and status[owner[each]] < Status.ACQUIRED
        share = availability if runs else 0.0
        for flow in (0, 3, 4, 5):
            sums[flow, each] *= share
    return sums, entries[0, :stopped], entries[1, :stopped]


@compiled
def _assign_use(
    installed: np.ndarray,
    on: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    months_off: np.ndarray,
    energised_mw: np.ndarray,
) -> np.ndarray:
    """Divide unlet megawatts into mining and idle, and count months off; return what stands still, MW."""
    under_water = np.empty(installed.size)
    for site in range(installed.size):
        unlet = mining_mw[site] + idle_mw[site]
        mining_mw[site] = min(on[site], unlet)
        idle_mw[site] = unlet - mining_mw[site]
        stands = installed[site] > 0.0 and on[site] <= 0.0 and energised_mw[site] > 0.0
        months_off[site] = months_off[site] + 1.0 if stands else 0.0
        under_water[site] = installed[site] - on[site]
    return under_water


@compiled
def _charges(
    running_mw: np.ndarray,
    energy: np.ndarray,
    resale: np.ndarray,
    host_site: np.ndarray,
    hosting_margin: np.ndarray,
    operating_cost: np.ndarray,
    to_musd: float,
) -> np.ndarray:
    """Return the costs of the month by site, musd, as `CHARGES` names them."""
    charges = np.zeros((len(CHARGES), running_mw.size))
    for site in range(running_mw.size):
        net_energy, sold = energy[site] * to_musd, resale[site] * to_musd
        if host_site[site] >= 0:
            charges[0, site] = net_energy
            charges[1, site] = net_energy - hosting_margin[site] * running_mw[site] * to_musd
        else:
            charges[2, site] = net_energy + sold
            charges[3, site] = sold
        charges[4, site] = operating_cost[site] * running_mw[site] * to_musd
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
