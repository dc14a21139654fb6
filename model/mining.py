"""Phases 3 and 4: which machines run, and what the Bitcoin network pays for it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.economics.dispatch import dispatch_machines, fixed_part, optimal_dispatch
from agents.economics.mining import breakeven_power_price, hashprice
from agents.tables import Contract, Status
from model.state import State

HOURS_PER_MONTH = 730.5
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600.0
RUNNING = 0.01
"""A machine that would run in less than this share of hours counts as off."""


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
    scale = state.scenario.power.energy_scale
    region = sites.region
    saved = (regions.response_credit - regions.response_credit_start)[region]
    grid = sites.contract == Contract.GRID
    fixed = sites.fixed_price * scale - np.where(grid & sites.us, saved, 0.0)
    hourly = (regions.energy_price_start * regions.energy_index)[region] * scale
    return fixed, hourly


def mean_cash_cost(state: State) -> np.ndarray:
    """Return what a MWh of mining costs each site on average, power and operation, USD/MWh."""
    sites, regions = state.sites, state.regions
    fixed, _ = power_price(state)
    grid = sites.contract == Contract.GRID
    paid_start = sites.power_cost - sites.fixed_price
    energy = paid_start * regions.energy_index[sites.region] * state.scenario.power.energy_scale
    # What is sold back is taken to lower the cost of what is used as much as it did when costs were reported.
    credit = paid_start * state.scenario.power.energy_scale * (sites.contract == Contract.FIXED_RESALE)
    return fixed + np.where(grid, energy, credit) + sites.operating_cost


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
    entry = rows_where((hashes > 0.0).ravel())
    site = entry // hashes.shape[1]
    return Fleets(site, entry - site * hashes.shape[1], hashes.ravel()[entry])


def dispatch(state: State) -> None:
    """Run the machines that pay, and leave hash and costs of the month per site.

    Writes `mining_mw`, `idle_mw`, `months_off` and the scratch arrays `running_hash`, `machine_mw`,
    `running_mw`, `under_water_mw`, `energy_cost`, `operating_cost`, `hosting_fee`, `host_cost` and
    `response_income` (musd), and `stopped`: sites and generations of the machines that do not run.
    """
    sites, firms = state.sites, state.firms
    site, generation, hash_eh_s = fleets(sites.hash)
    efficiency = meter_efficiency(state)[generation]
    owner, (fixed, hourly_price) = sites.owner, power_price(state)
    available = state.scenario.power.availability * ((owner >= 0) & alive(state)[owner])
    kept = 1.0 - firms.pool_fee[owner]
    hourly, resale = sites.contract == Contract.GRID, sites.contract == Contract.FIXED_RESALE
    # A tariff or a hosting contract is a commitment of months: its machines stop when the hashprice the firm
    # reckons with no longer pays. Whoever faces hourly prices stops by the hour.
    counted = np.where(hourly | resale, state.hashprice, firms.expected_hashprice[owner]) * kept
    run = dispatch_machines(
        breakeven_power_price(counted[site], efficiency),
        sites.operating_cost[site],
        fixed[site],
        hourly_price[site],
        state.regions.energy_volatility[sites.region][site],
        hourly[site],
        resale[site],
    )

    def by_site(amounts: np.ndarray) -> np.ndarray:
        return np.bincount(site, amounts, minlength=len(sites))

    # Machines in store, at a mine that is not energised, do not run.
    energised = sites.energised_mw > 0.0
    available = available * energised
    megawatts, pays = hash_eh_s * efficiency, run.uptime > RUNNING
    on = pays & energised[site]
    state.scratch["stopped"] = site[~pays], generation[~pays]
    state.scratch["running_hash"] = by_site(hash_eh_s * run.uptime) * available
    _assign_use(state, by_site(megawatts), by_site(megawatts * on))
    _charge(state, *(by_site(megawatts * part) * available for part in run))


def _assign_use(state: State, installed: np.ndarray, on: np.ndarray) -> None:
    sites = state.sites
    available = sites.mining_mw + sites.idle_mw
    mining = np.minimum(on, available)
    sites.mining_mw = mining
    sites.idle_mw = available - mining
    stands = (installed > 0.0) & (on <= 0.0) & (sites.energised_mw > 0.0)
    sites.months_off = np.where(stands, sites.months_off + 1.0, 0.0)
    state.scratch["under_water_mw"] = installed - on
    state.scratch["machine_mw"] = installed


def _charge(state: State, running_mw: np.ndarray, energy: np.ndarray, resale: np.ndarray) -> None:
    """Leave the costs of the month; energy net of resale, and resale, are in USD per hour."""
    sites, scratch = state.sites, state.scratch
    to_musd = HOURS_PER_MONTH / 1e6
    net_energy, sold = energy * to_musd, resale * to_musd
    hosted = sites.host_site >= 0
    margin = sites.hosting_margin * running_mw * to_musd
    scratch["running_mw"] = running_mw
    scratch["hosting_fee"] = np.where(hosted, net_energy, 0.0)
    scratch["host_cost"] = np.where(hosted, net_energy - margin, 0.0)
    scratch["energy_cost"] = np.where(hosted, 0.0, net_energy + sold)
    scratch["response_income"] = np.where(hosted, 0.0, sold)
    scratch["operating_cost"] = sites.operating_cost * running_mw * to_musd


def mine(state: State) -> None:
    """Advance the Bitcoin network by a month and share out what it pays by hash."""
    running = state.scratch["running_hash"]
    own = float(running.sum())
    rest = state.rest_of_world.realised_hash
    total = own + rest
    subsidy = state.network.subsidy
    mined = state.network.advance(total, SECONDS_PER_MONTH, fees_per_block(state))
    share = running / total if total > 0.0 else np.zeros_like(running)
    state.scratch["mined_btc"] = share * mined.btc
    installed = state.sites.hash.sum(axis=1)
    state.sites.running_eh_s = running
    state.sites.uptime = running / np.maximum(installed, 1e-12)
    nameplate = float(installed.sum())
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
