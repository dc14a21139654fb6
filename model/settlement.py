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
from model.lease_accounts import settle_leases
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
)


def settle(state: State) -> None:
    """Pay and collect everything that falls due this month."""
    _run_mines(state)
    settle_leases(state)
    settle_treasuries(state)


def _run_mines(state: State) -> None:
    """Carry treasuries at the month's price, book the coins mined, and pay for power, hosting and overhead.

    Notes what mining at each site has brought beyond power and operation, pool fees deducted.
    """
    firms, sites, scratch, ledger = state.firms, state.sites, state.scratch, state.ledger
    coin = state.btc_price * MUSD
    mined, fees = scratch["mined_btc"], scratch["hosting_fee"]
    energy, operation, resold = (
        scratch[name] for name in ("energy_cost", "operating_cost", "response_income")
    )
    _note_margins(sites.owner, firms.pool_fee, coin, mined, resold, energy, fees, operation, sites.margin)
    own = _by_owner(sites.owner, mined, energy, operation, resold, len(firms))
    hosting = Hosting(*_settle_hosting(sites.owner, sites.host_site, fees, scratch["host_cost"], len(firms)))
    mining, running, *left = _pay_for_mining(
        own,
        hosting.totals,
        firms.pool_fee,
        firms.overhead,
        firms.status,
        coin,
        firms.bitcoin,
        firms.btc,
    )
    scratch["production"], scratch["cash_cost"], scratch["cash_flow"] = left
    ledger.post_sheet(MINING, mining)
    if len(hosting.fee):
        ledger.transfer("hosting", hosting.client, hosting.host, hosting.fee)
    ledger.post_sheet(RUNNING, running)


@compiled
def _note_margins(
    owner: np.ndarray,
    pool_fee: np.ndarray,
    coin: float,
    mined: np.ndarray,
    resold: np.ndarray,
    energy: np.ndarray,
    fees: np.ndarray,
    operation: np.ndarray,
    margin: np.ndarray,
) -> None:
    """Write what mining at each site has brought beyond power and operation."""
    for site in range(owner.size):
        kept = 1.0 - pool_fee[owner[site]]
        cost = energy[site] + fees[site] + operation[site]
        margin[site] = mined[site] * coin * kept + resold[site] - cost


@compiled
def _by_owner(
    owner: np.ndarray,
    mined: np.ndarray,
    energy: np.ndarray,
    operation: np.ndarray,
    resold: np.ndarray,
    firms: int,
) -> np.ndarray:
    """Add up coins, energy, operation and resold power by owner; released sites belong to nobody."""
    own = np.zeros((4, firms))
    for site in range(owner.size):
        firm = owner[site]
        if firm >= 0:
            own[0, firm] += mined[site]
            own[1, firm] += energy[site]
            own[2, firm] += operation[site]
            own[3, firm] += resold[site]
    return own


class Hosting(NamedTuple):
    """What clients pay to hosts this month.

    Attributes:
        client: Firm row of the client of each hosted site.
        host: Firm row of its host.
        fee: What it pays, musd.
        totals: By firm, in rows: fees paid, fees received, power hosts buy, fees to hosts outside the model.
    """

    client: np.ndarray
    host: np.ndarray
    fee: np.ndarray
    totals: np.ndarray


@compiled
def _settle_hosting(
    owner: np.ndarray, host_site: np.ndarray, fees: np.ndarray, host_cost: np.ndarray, firms: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what clients pay to hosts, as in `Hosting`."""
    client, host = np.empty(owner.size, np.int64), np.empty(owner.size, np.int64)
    fee, totals, count = np.empty(owner.size), np.zeros((4, firms)), 0
    for site in range(owner.size):
        payer = owner[site]
        if payer < 0 or not fees[site] > 0.0:
            continue
        payee = owner[host_site[site]] if host_site[site] >= 0 else -1
        if payee < 0:
            totals[3, payer] += fees[site]
            continue
        totals[0, payer] += fees[site]
        totals[1, payee] += fees[site]
        totals[2, payee] += host_cost[site]
        client[count], host[count], fee[count] = payer, payee, fees[site]
        count += 1
    return client[:count], host[:count], fee[:count], totals


@compiled
def _pay_for_mining(
    own: np.ndarray,
    hosting: np.ndarray,
    pool_fee: np.ndarray,
    overhead: np.ndarray,
    status: np.ndarray,
    coin: float,
    bitcoin: np.ndarray,
    btc: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Take in the coins; return the amounts of both sheets, production, cash cost and cash flow by firm."""
    firms = pool_fee.size
    mining, running = np.empty((10, firms)), np.empty((3, firms))
    production, cost, flow = np.empty(firms), np.empty(firms), np.empty(firms)
    for firm in range(firms):
        coins, energy, operation, resold = own[0, firm], own[1, firm], own[2, firm], own[3, firm]
        paid, received, bill, abroad = hosting[0, firm], hosting[1, firm], hosting[2, firm], hosting[3, firm]
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
    return mining, running, production, cost, flow
