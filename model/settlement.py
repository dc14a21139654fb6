"""Phase 5: everybody is paid for the month.

Order: treasury to market, mining, hosting, overhead, rents and project loans, builds, corporate debt,
depreciation, and last what a firm does about too little cash or too much. Leaves in scratch, by firm and in
musd: `cash_cost` (running cost and debt service) and `cash_flow` (operating cash flow after project loans,
before corporate debt). Taxes are left out.
"""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.tables import Status
from model.lease_accounts import collect_rents, pay_builds, serve_project_loans
from model.state import State
from model.treasury import manage_cash, serve_corporate_debt

MUSD = 1e-6
MONTHS = 12.0


def settle(state: State) -> None:
    """Pay and collect everything that falls due this month."""
    state.scratch["cash_cost"] = np.zeros(len(state.firms))
    state.scratch["cash_flow"] = np.zeros(len(state.firms))
    _revalue_bitcoin(state)
    _run_mines(state)
    _settle_hosting(state)
    _pay_overhead(state)
    collect_rents(state)
    serve_project_loans(state)
    pay_builds(state)
    serve_corporate_debt(state)
    _depreciate(state)
    manage_cash(state)


def by_owner(state: State, amounts: np.ndarray) -> np.ndarray:
    """Add up a site column by owner, shape (firms,); released sites belong to nobody."""
    return np.bincount(state.sites.owner + 1, amounts, minlength=len(state.firms) + 1)[1:]


def _below_zero(amount: np.ndarray) -> bool:
    return bool(np.minimum.reduce(amount, initial=0.0) < 0.0)


def pay_cost(state: State, flow: str, amount: np.ndarray, sector: str) -> None:
    """Pay running costs; a negative cost (paid to consume) is an income."""
    if _below_zero(amount):
        earn(state, flow, np.maximum(-amount, 0.0), sector)
        amount = np.maximum(amount, 0.0)
    state.ledger.post(flow, "earnings", "cash", amount, sector=sector)
    state.scratch["cash_cost"] += amount
    state.scratch["cash_flow"] -= amount


def earn(state: State, flow: str, amount: np.ndarray, sector: str) -> None:
    """Collect an income in cash; a negative income is a cost."""
    if _below_zero(amount):
        pay_cost(state, flow, np.maximum(-amount, 0.0), sector)
        amount = np.maximum(amount, 0.0)
    state.ledger.post(flow, "cash", "earnings", amount, sector=sector)
    state.scratch["cash_flow"] += amount


def _revalue_bitcoin(state: State) -> None:
    """Carry the treasury at this month's price."""
    firms, ledger = state.firms, state.ledger
    gain = firms.btc * (state.btc_price * MUSD) - firms.bitcoin
    gains = np.maximum(gain, 0.0)
    ledger.post("bitcoin revaluation gains", "bitcoin", "earnings", gains)
    ledger.post("bitcoin revaluation losses", "earnings", "bitcoin", gains - gain)


def _run_mines(state: State) -> None:
    """Book the coins mined, net of the pool's part, and pay for power and operation."""
    firms, scratch = state.firms, state.scratch
    coins = by_owner(state, scratch["mined_btc"])
    reward = coins * (state.btc_price * MUSD)
    fee = reward * firms.pool_fee
    state.ledger.post("mining revenue", "bitcoin", "earnings", reward)
    state.ledger.post("pool fees", "earnings", "bitcoin", fee)
    firms.btc += coins * (1.0 - firms.pool_fee)
    scratch["production"] = reward - fee
    _note_margins(state)
    scratch["cash_flow"] += scratch["production"]
    pay_cost(state, "energy", by_owner(state, scratch["energy_cost"]), "power")
    pay_cost(state, "operation", by_owner(state, scratch["operating_cost"]), "suppliers")
    earn(state, "power resold", by_owner(state, scratch["response_income"]), "power")


def _note_margins(state: State) -> None:
    """Note what mining at each site has brought beyond power and operation, pool fees deducted."""
    sites, scratch = state.sites, state.scratch
    kept = 1.0 - state.firms.pool_fee[sites.owner]
    reward = scratch["mined_btc"] * (state.btc_price * MUSD) * kept
    cost = scratch["energy_cost"] + scratch["hosting_fee"] + scratch["operating_cost"]
    sites.margin = reward + scratch["response_income"] - cost


def _settle_hosting(state: State) -> None:
    """Let clients pay their hosts, and hosts the power they host with."""
    sites, scratch = state.sites, state.scratch
    rows = rows_where((scratch["hosting_fee"] > 0.0) & (sites.owner >= 0))
    if not len(rows):
        return
    fee, client = scratch["hosting_fee"][rows], sites.owner[rows]
    host = sites.owner[sites.host_site[rows]]
    bill, count = scratch["host_cost"][rows], len(state.firms)
    known = (sites.host_site[rows] >= 0) & (host >= 0)
    if not known.all():
        abroad = np.bincount(client[~known], fee[~known], minlength=count)
        pay_cost(state, "hosting by others", abroad, "hosts")
        client, host, fee, bill = client[known], host[known], fee[known], bill[known]
    state.ledger.transfer("hosting", client, host, fee)
    paid, received = np.bincount(client, fee, minlength=count), np.bincount(host, fee, minlength=count)
    scratch["cash_cost"] += paid
    scratch["cash_flow"] += received - paid
    pay_cost(state, "energy for clients", np.bincount(host, bill, minlength=count), "power")


def _pay_overhead(state: State) -> None:
    firms = state.firms
    pay_cost(state, "overhead", firms.overhead * (firms.status < Status.ACQUIRED), "suppliers")


def _depreciate(state: State) -> None:
    """Write machines and property down at a constant rate over their lives."""
    firms, scenario = state.firms, state.scenario
    for account, years in (
        ("machines", scenario.bitcoin.machine_life),
        ("property", scenario.finance.property_life),
    ):
        worn = np.maximum(getattr(firms, account), 0.0) / (years * MONTHS)
        state.ledger.post(f"depreciation of {account}", "earnings", account, worn)
