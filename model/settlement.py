"""Phase 5: everybody is paid for the month.

Order: treasury to market, mining, hosting, overhead, rents and project loans, builds, corporate debt,
depreciation, and last what a firm does about too little cash or too much. Leaves in scratch, by firm and in
musd: `cash_cost` (running cost and debt service) and `cash_flow` (operating cash flow after project loans,
before corporate debt). Taxes are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.tables import Status
from model.lease_accounts import LEASES, settle_leases
from model.ledger import Posting, Sheet
from model.state import State
from model.treasury import settle_treasuries

MUSD = 1e-6
MINING = Sheet(
    Posting("bitcoin revaluation gains", "bitcoin", "earnings"),
    Posting("bitcoin revaluation losses", "earnings", "bitcoin"),
    Posting("mining revenue", "bitcoin", "earnings"),
    Posting("pool fees", "earnings", "bitcoin"),
    # Power at a negative price is an income.
    Posting("energy", "cash", "earnings", "power"),
    Posting("energy", "earnings", "cash", "power"),
    Posting("operation", "earnings", "cash", "suppliers"),
    Posting("power resold", "earnings", "cash", "power"),
    Posting("power resold", "cash", "earnings", "power"),
    Posting("hosting by others", "earnings", "cash", "hosts"),
)
RUNNING = Sheet(
    Posting("energy for clients", "cash", "earnings", "power"),
    Posting("energy for clients", "earnings", "cash", "power"),
    Posting("overhead", "earnings", "cash", "suppliers"),
    *LEASES,
)
OVERHEADS, LET = slice(0, 3), slice(3, None)


def settle(state: State) -> None:
    """Pay and collect everything that falls due this month."""
    amounts = np.zeros((len(RUNNING.postings), len(state.firms)))
    _run_mines(state, amounts[OVERHEADS])
    settle_leases(state, amounts[LET])
    state.ledger.post_sheet(RUNNING, amounts)
    settle_treasuries(state)


def _run_mines(state: State, running: np.ndarray) -> None:
    """Carry treasuries at the month's price, book the coins mined, and pay for power, hosting and overhead.

    Notes what mining at each site has brought beyond power and operation, pool fees deducted.

    Args:
        state: The state.
        running: Filled with what clients' power and overhead cost, by firm, to be posted after hosting.
    """
    firms, scratch, ledger = state.firms, state.scratch, state.ledger
    coin = state.btc_price * MUSD
    sums, hosting = _run_sites(state, coin)
    mining, *left = _pay_for_mining(
        sums,
        firms.pool_fee,
        firms.overhead,
        firms.status,
        coin,
        firms.bitcoin,
        firms.btc,
        running,
    )
    scratch["production"], scratch["cash_cost"], scratch["cash_flow"] = left
    ledger.post_sheet(MINING, mining)
    if len(hosting.fee):
        ledger.transfer("hosting", hosting.client, hosting.host, hosting.fee)


class Hosting(NamedTuple):
    """What clients pay to hosts this month.

    Attributes:
        client: Firm row of the client of each hosted site.
        host: Firm row of its host.
        fee: What it pays, musd.
    """

    client: np.ndarray
    host: np.ndarray
    fee: np.ndarray


def _run_sites(state: State, coin: float) -> tuple[np.ndarray, Hosting]:
    """Note what mining has brought at each site; return sums by firm (see `_add_up_sites`) and hosting."""
    sites, scratch, firms = state.sites, state.scratch, state.firms
    sums, firm = np.zeros((8, len(firms))), np.empty((2, len(sites)), dtype=np.int64)
    fee = np.empty(len(sites))
    count = _add_up_sites(
        sites.owner,
        sites.host_site,
        scratch["mined_btc"],
        scratch["energy_cost"],
        scratch["operating_cost"],
        scratch["response_income"],
        scratch["hosting_fee"],
        scratch["host_cost"],
        firms.pool_fee,
        coin,
        sites.margin,
        sums,
        firm,
        fee,
    )
    return sums, Hosting(firm[0, :count], firm[1, :count], fee[:count])


@compiled
def _add_up_sites(
    owner: np.ndarray,
    host_site: np.ndarray,
    mined: np.ndarray,
    energy: np.ndarray,
    operation: np.ndarray,
    resold: np.ndarray,
    fees: np.ndarray,
    host_cost: np.ndarray,
    pool_fee: np.ndarray,
    coin: float,
    margin: np.ndarray,
    sums: np.ndarray,
    hosting: np.ndarray,
    fee: np.ndarray,
) -> int:
    """Write margins of sites, add up by owner, and list client, host and fee; return how many clients pay.

    The sums are coins, energy, operation, resold power, and what `_host` adds. Released sites are nobody's.
    """
    count = 0
    for site in range(owner.size):
        firm = owner[site]
        cost = energy[site] + fees[site] + operation[site]
        margin[site] = mined[site] * coin * (1.0 - pool_fee[firm]) + resold[site] - cost
        if firm < 0:
            continue
        sums[0, firm] += mined[site]
        sums[1, firm] += energy[site]
        sums[2, firm] += operation[site]
        sums[3, firm] += resold[site]
        if fees[site] > 0.0:
            host = int(owner[host_site[site]]) if host_site[site] >= 0 else -1
            _host(firm, host, fees[site], host_cost[site], sums)
            if host >= 0:
                hosting[0, count], hosting[1, count], fee[count] = firm, host, fees[site]
                count += 1
    return count


@compiled
def _host(client: int, host: int, fee: float, host_cost: float, sums: np.ndarray) -> None:
    """Add up fees paid and received, the power that hosts buy, and fees to hosts outside the model."""
    if host < 0:
        sums[7, client] += fee
    else:
        sums[4, client] += fee
        sums[5, host] += fee
        sums[6, host] += host_cost


@compiled
def _pay_for_mining(
    sums: np.ndarray,
    pool_fee: np.ndarray,
    overhead: np.ndarray,
    status: np.ndarray,
    coin: float,
    bitcoin: np.ndarray,
    btc: np.ndarray,
    running: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Take in coins, fill in running cost; return amounts of mining, production, cash cost and cash flow."""
    firms = pool_fee.size
    mining = np.empty((10, firms))
    production, cost, flow = np.empty(firms), np.empty(firms), np.empty(firms)
    for firm in range(firms):
        coins, energy, operation, resold = sums[0, firm], sums[1, firm], sums[2, firm], sums[3, firm]
        paid, received, bill, abroad = sums[4, firm], sums[5, firm], sums[6, firm], sums[7, firm]
        gain = btc[firm] * coin - bitcoin[firm]
        mining[0, firm] = max(gain, 0.0)
        mining[1, firm] = max(gain, 0.0) - gain
        reward = coins * coin
        mining[2, firm], mining[3, firm] = reward, reward * pool_fee[firm]
        btc[firm] += coins * (1.0 - pool_fee[firm])
        production[firm] = reward - reward * pool_fee[firm]
        mining[4, firm], mining[5, firm] = max(-energy, 0.0), max(energy, 0.0)
        mining[6, firm] = operation
        mining[7, firm], mining[8, firm] = max(-resold, 0.0), max(resold, 0.0)
        mining[9, firm] = abroad
        running[0, firm], running[1, firm] = max(-bill, 0.0), max(bill, 0.0)
        running[2, firm] = overhead[firm] if status[firm] < Status.ACQUIRED else 0.0
        made = production[firm] - energy - operation + resold - abroad + (received - paid)
        flow[firm] = made - bill - running[2, firm]
        spent = mining[5, firm] + operation + mining[7, firm] + abroad + paid
        cost[firm] = spent + running[1, firm] + running[2, firm]
    return mining, production, cost, flow
