"""Who holds the megawatts: sites sold, handed back to their host or given up, and firms that end.

Every change of owner goes through this module, whatever the reason, so that leases, loans, prepayments,
machines and books follow the megawatts.
"""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.credit import blended
from agents.tables import USES, LeaseStatus, Status
from model.state import State

ENDED_VALUES = (
    "btc",
    "equity_issued",
    "overhead",
    "enterprise_value",
    "equity_value",
    "value_mining",
    "value_leases",
    "value_pipeline",
)
"""Firm columns besides the accounts that are nothing once a firm is gone."""


def machines_at_market(state: State, site_rows: np.ndarray | slice) -> np.ndarray:
    """Return what machines at, and on order for, the given sites fetch second-hand, musd.

    1 USD/TH is 1 musd per EH/s.
    """
    held = state.sites.hash[site_rows] @ state.machine_price + machines_on_order(state)[site_rows]
    return held * state.scenario.bitcoin.machine_resale


def machines_on_order(state: State) -> np.ndarray:
    """Return what the machines on order for each site cost new, musd."""
    return state.machine_price[state.order_generation] @ state.orders


def leases_at(state: State, site_rows: np.ndarray) -> np.ndarray:
    """Return the leases at the given sites that are not over, or with a loan or prepayment outstanding."""
    leases = state.leases
    return _going_on_at(
        leases.site, leases.status, leases.project_debt, leases.prepaid, site_rows, len(state.sites)
    )


@compiled
def _going_on_at(
    site: np.ndarray,
    status: np.ndarray,
    project_debt: np.ndarray,
    prepaid: np.ndarray,
    site_rows: np.ndarray,
    sites: int,
) -> np.ndarray:
    there = np.zeros(sites, dtype=np.bool_)
    for row in site_rows:
        there[row] = True
    held = np.zeros(site.size, dtype=np.bool_)
    for lease in range(site.size):
        going_on = (
            status[lease] <= LeaseStatus.DELIVERING or project_debt[lease] > 0.0 or prepaid[lease] > 0.0
        )
        held[lease] = going_on and there[site[lease]]
    return np.flatnonzero(held)


def transfer_sites(
    state: State, site_rows: np.ndarray, new_owner: int, price_musd: np.ndarray | float
) -> None:
    """Sell sites to a firm, with their machines, leases, project loans and prepayments.

    The sellers take the price out of the buyer's cash and write off the sites' part of their books (property
    by megawatts, machines by market value); the buyer books what it paid and took over.

    Args:
        state: The state.
        site_rows: Sites sold, each once; their owners are the sellers.
        new_owner: Firm row of the buyer.
        price_musd: Price of each site, or of all together (then shared out by megawatts).
    """
    ledger = state.ledger
    sellers = state.sites.owner[site_rows]
    buyers = np.full(len(site_rows), new_owner)
    price = _by_site(state, site_rows, price_musd)
    bought = np.array([new_owner])
    worth = min(float(machines_at_market(state, site_rows).sum()), float(price.sum()))
    _write_off(state, site_rows)
    _pass_on_debts(state, site_rows, new_owner)
    ledger.transfer("site sales", buyers, sellers, price, debit="property", credit="earnings")
    ledger.post("machines bought with sites", "machines", "property", worth, rows=bought)
    assign_sites(state, site_rows, new_owner)


def assign_sites(state: State, site_rows: np.ndarray, new_owner: int) -> None:
    """Write the new owner to sites and their leases; moves no money."""
    state.leases.landlord[leases_at(state, site_rows)] = new_owner
    state.sites.owner[site_rows] = new_owner


def _by_site(state: State, site_rows: np.ndarray, price: np.ndarray | float) -> np.ndarray:
    if np.ndim(price):
        return np.asarray(price, dtype=float)
    mw = state.sites.secured_mw[site_rows]
    total = mw.sum()
    shares = mw / total if total > 0.0 else np.full(len(mw), 1.0 / len(mw))
    return float(price) * shares


def _write_off(state: State, site_rows: np.ndarray) -> None:
    """Take the sites' part out of their owners' books."""
    sites, firms, ledger = state.sites, state.firms, state.ledger
    for account, weight in (
        ("property", sites.secured_mw),
        ("machines", machines_at_market(state, slice(None))),
    ):
        book = _book_sold(getattr(firms, account), sites.owner, weight, site_rows)
        ledger.post(f"{account} sold, at book", "earnings", account, book)


@compiled
def _book_sold(book: np.ndarray, owner: np.ndarray, weight: np.ndarray, site_rows: np.ndarray) -> np.ndarray:
    """Return the part of each firm's book value that goes with the sites it sells, by weight."""
    held, sold = np.zeros(book.size), np.zeros(book.size)
    for site in range(owner.size):
        if owner[site] >= 0:
            held[owner[site]] += weight[site]
    for site in site_rows:
        if owner[site] >= 0:
            sold[owner[site]] += weight[site]
    for firm in range(book.size):
        share = min(sold[firm] / held[firm], 1.0) if held[firm] > 0.0 else 0.0
        sold[firm] = max(book[firm], 0.0) * share
    return sold


def _pass_on_debts(state: State, site_rows: np.ndarray, new_owner: int) -> None:
    leases = state.leases
    rows = leases_at(state, site_rows)
    if not len(rows):
        return
    heirs = np.full(len(rows), new_owner)
    for account, owed in (("project_debt", leases.project_debt), ("prepayment", leases.prepaid)):
        state.ledger.assume(
            f"{account} taken over", account, leases.landlord[rows], heirs, owed[rows], against="property"
        )


def absorb_firm(state: State, firm: int, heir: int) -> None:
    """Merge a firm into another: sites, leases, coins, debts and books; the firm ends as ACQUIRED.

    What the heir pays the firm's holders is the merger's own business.
    """
    firms, sites = state.firms, state.sites
    debt = np.maximum(firms.corporate_debt[[heir, firm]], 0.0)
    firms.coupon[heir] = blended(firms.coupon[heir], debt[0], firms.coupon[firm], debt[1])
    firms.maturity[heir] = round(blended(firms.maturity[heir], debt[0], firms.maturity[firm], debt[1]))
    firms.btc[heir] += firms.btc[firm]
    firms.equity_issued[heir] += firms.equity_issued[firm]
    assign_sites(state, rows_where(sites.owner == firm), heir)
    state.ledger.absorb(firm, heir)
    firms.owner[firm] = heir
    end_firms(state, np.array([firm]), Status.ACQUIRED)


def end_firms(state: State, rows: np.ndarray, status: Status | np.ndarray) -> None:
    """Mark firms whose books are closed as gone; their rows stay for survival analysis."""
    firms = state.firms
    state.ledger.close(rows)
    firms.status[rows] = status
    firms.exit_reason[rows] = status
    firms.exit_month[rows] = state.month
    for name in ENDED_VALUES:
        getattr(firms, name)[rows] = 0.0


def return_hosted_mw(state: State, site_rows: np.ndarray) -> None:
    """End hosting: the megawatts go back to the host's site, idle, and the hosted rows are empty.

    Where no host is known the megawatts are released. The machines must have been sold before.
    """
    if not len(site_rows):
        return
    sites = state.sites
    host = sites.host_site[site_rows]
    homeless = (host < 0) | (sites.owner[host] < 0)
    release_sites(state, site_rows[homeless], "no host to go back to")
    site_rows, host = site_rows[~homeless], host[~homeless]
    mw = sites.secured_mw[site_rows]
    for name in ("secured_mw", "energised_mw", "idle_mw"):
        np.add.at(getattr(sites, name), host, mw)
    _empty(state, site_rows)


def release_sites(state: State, site_rows: np.ndarray, reason: str) -> None:
    """Give up the megawatts of sites that have no lease, and say so."""
    if not len(site_rows):
        return
    sites = state.sites
    mw = sites.secured_mw[site_rows]
    some = site_rows[mw > 0.0]
    state.recorder.event("released", firm=sites.owner[some], site=some, mw=mw[mw > 0.0], reason=reason)
    _empty(state, site_rows)


def _empty(state: State, site_rows: np.ndarray) -> None:
    sites = state.sites
    for name in (*USES, "secured_mw", "energised_mw", "pipeline_start_mw", "fitted_it_mw"):
        getattr(sites, name)[site_rows] = 0.0
    sites.hash[site_rows] = 0.0
    state.orders[:, site_rows] = 0.0
    sites.owner[site_rows] = -1
