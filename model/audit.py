"""Phase 16, first half: assertions that hold in every month of every run."""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.tables import USES, LeaseStatus, Product, Status
from model.grid import check_queue
from model.ledger import ACCOUNTS
from model.state import State

MEGAWATTS = 1e-6
RELATIVE = 1e-9
NOTHING = 1e-6
"""What the dead may be left with, musd or bitcoin."""
LET = ("building_mw", "subleased_mw", "converted_mw")
STOCKS = ("restricted_cash", "machines", "property", "corporate_debt", "project_debt", "prepayment")
"""Accounts that are never negative."""
OWED = ("project_debt", "prepayment")
"""Accounts that hold what leases say."""
PURSES = (*ACCOUNTS, "btc")


class AuditError(AssertionError):
    """An invariant of the model does not hold: a bug, never a user's mistake."""


def _fail(state: State, what: str, detail: object) -> None:
    raise AuditError(f"month {state.month}: {what}: {detail}")


def audit(state: State) -> None:
    """Assert every invariant of the model."""
    _check_megawatts(state)
    _check_leases(state)
    _check_bitcoin(state)
    _check_prices(state)
    _check_dead(state)
    _check_finite(state)
    state.ledger.check()
    check_queue(state)


def _check_megawatts(state: State) -> None:
    """Megawatts by use add up to the site's, and none is negative."""
    sites = state.sites
    site, use = _first_wrong_site(sites.matrix("float64"), sites.positions(USES), sites.secured_mw)
    if site < 0:
        return
    uses, name = sites.together(USES)[:, site], state.site_names[site]
    if use < 0:
        off = abs(uses.sum() - sites.secured_mw[site])
        _fail(state, "megawatts by use do not add up", f"{name}: off by {off} MW")
    _fail(state, "negative megawatts", f"{name} {USES[use]} {uses[use]}")


@compiled
def _first_wrong_site(table: np.ndarray, uses: np.ndarray, secured_mw: np.ndarray) -> tuple[int, int]:
    """Return the first site that is wrong, and which use is negative there (-1: their sum is off); or -1."""
    # Comparisons are put so that what is not a number fails them.
    for site in range(secured_mw.size):
        total, negative = 0.0, -1
        for use in range(uses.size):
            mw = table[uses[use], site]
            total += mw
            if not mw >= 0.0:
                negative = use
        if not abs(total - secured_mw[site]) <= MEGAWATTS + RELATIVE * secured_mw[site]:
            return site, -1
        if negative >= 0:
            return site, negative
    return -1, -1


@compiled
def _add_up_leases(
    firms: int,
    owner: np.ndarray,
    status: np.ndarray,
    product: np.ndarray,
    site: np.ndarray,
    landlord: np.ndarray,
    gross_mw: np.ndarray,
    project_debt: np.ndarray,
    prepaid: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return megawatts let, [`LET`, sites], what is owed, [`OWED`, firms], whether a landlord is wrong."""
    let, owed, wrong = np.zeros((len(LET), owner.size)), np.zeros((len(OWED), firms)), False
    for lease in range(status.size):
        owed[0, landlord[lease]] += project_debt[lease]
        owed[1, landlord[lease]] += prepaid[lease]
        if status[lease] > LeaseStatus.DELIVERING:
            continue
        use = 1 if product[lease] == Product.SHELL else 2
        let[0 if status[lease] == LeaseStatus.BUILDING else use, site[lease]] += gross_mw[lease]
        wrong = wrong or landlord[lease] < 0 or landlord[lease] != owner[site[lease]]
    return let, owed, wrong


def _check_leases(state: State) -> None:
    """What a site has let is exactly what its leases say: no megawatt is leased twice."""
    leases, sites, firms = state.leases, state.sites, state.firms
    let, owed, wrong = _add_up_leases(
        len(firms),
        sites.owner,
        leases.status,
        leases.product,
        leases.site,
        leases.landlord,
        leases.gross_mw,
        leases.project_debt,
        leases.prepaid,
    )
    which, site = _first_apart(let, sites.matrix("float64"), sites.positions(LET), MEGAWATTS * 10, 0.0)
    if which >= 0:
        off = abs(let[which, site] - getattr(sites, LET[which])[site])
        _fail(state, f"leases and {LET[which]} differ", f"{state.site_names[site]} by {off} MW")
    if wrong:
        _fail(state, "a lease has another landlord than its site's owner", "")
    which, firm = _first_apart(owed, firms.matrix("float64"), firms.positions(OWED), RELATIVE, RELATIVE)
    if which >= 0:
        due = f"{state.firm_names[firm]}, {owed[which, firm]} musd"
        _fail(state, f"leases and {OWED[which]} differ", due)


@compiled
def _first_apart(
    counted: np.ndarray, table: np.ndarray, places: np.ndarray, absolute: float, relative: float
) -> tuple[int, int]:
    """Return the first entry that differs from the columns of a table beyond round-off, or -1 twice.

    Round-off grows with the sum of a column.
    """
    for column in range(places.size):
        total = 0.0
        for row in range(counted.shape[1]):
            total += table[places[column], row]
        for row in range(counted.shape[1]):
            off = abs(counted[column, row] - table[places[column], row])
            if not off <= absolute + relative * total:
                return column, row
    return -1, -1


def _check_bitcoin(state: State) -> None:
    """Bitcoin mined is blocks times subsidy and fees, and all of it is somebody's."""
    figures = state.figures
    shared = float(np.add.reduce(state.scratch["mined_btc"])) + figures["rest_of_world_btc"]
    mined, slack = figures["btc_mined"], RELATIVE * max(figures["btc_mined"], 1.0)
    if not abs(shared - mined) <= slack and figures["network_hashrate_eh_s"] > 0.0:
        _fail(state, "bitcoin mined and shared out differ", f"{mined} and {shared}")
    # A halving within the month leaves what was found between what the two subsidies would have paid.
    paid = mined - figures["fees_btc"]
    least, most = figures["blocks"] * state.network.subsidy, figures["blocks"] * figures["subsidy_btc"]
    if not least - slack <= paid <= most + slack:
        _fail(state, "bitcoin mined is not blocks times subsidy and fees", f"{mined} in {figures['blocks']}")


def _check_prices(state: State) -> None:
    """Rents lie in the core; no buyer pays above its value, no seller gets less than its reserve."""
    for deal in state.scratch.get("deals", ()):
        slack = 1e-9 * max(abs(deal["bid"]), 1.0)
        if not deal["lower"] - slack <= deal["rent"] <= deal["upper"] + slack <= deal["bid"] + 2 * slack:
            _fail(state, "a rent lies outside the core", deal)
        if not state.scratch["offers"].reserve[deal["row"]] <= deal["lower"] + slack:
            _fail(state, "a rent lies below the seller's reserve", deal)


def _check_dead(state: State) -> None:
    """Firms that are gone own nothing and owe nothing."""
    firms, held = state.firms, (state.firms.matrix("float64"), state.firms.positions(PURSES))
    site, purse = _first_held_by_the_dead(state.sites.owner, firms.status, *held)
    if site >= 0:
        _fail(state, "a dead firm owns a site", state.site_names[site])
    if purse >= 0:
        _fail(state, "a dead firm still has", PURSES[purse])


@compiled
def _first_held_by_the_dead(
    owner: np.ndarray, status: np.ndarray, table: np.ndarray, purses: np.ndarray
) -> tuple[int, int]:
    """Return the first site and the first of some columns that a dead firm still holds, -1 for none."""
    for site in range(owner.size):
        if owner[site] >= 0 and status[owner[site]] >= Status.ACQUIRED:
            return site, -1
    for firm in range(status.size):
        if status[firm] >= Status.ACQUIRED:
            for purse in range(purses.size):
                if not abs(table[purses[purse], firm]) <= NOTHING:
                    return -1, purse
    return -1, -1


def _check_finite(state: State) -> None:
    """Stocks are finite, and those that cannot be negative are not."""
    firms = state.firms
    stock, firm = _first_negative(firms.matrix("float64"), firms.positions(STOCKS))
    if stock >= 0:
        _fail(state, f"negative or undefined {STOCKS[stock]}", state.firm_names[firm])
    for table in (firms, state.sites, state.leases, state.hyperscalers):
        undefined = table.undefined()
        if undefined:
            _fail(state, "undefined", ", ".join(undefined))
    if not np.minimum.reduce(state.sites.hash, None, initial=0.0) >= 0.0:
        _fail(state, "negative hash", "")


@compiled
def _first_negative(table: np.ndarray, places: np.ndarray) -> tuple[int, int]:
    """Return the first of some columns that is negative or no number, and where; -1 twice for none.

    What a column may fall below zero by grows with its largest entry.
    """
    for column in range(places.size):
        most = 0.0
        for row in range(table.shape[1]):
            most = max(most, abs(table[places[column], row]))
        for row in range(table.shape[1]):
            if not table[places[column], row] >= -1e-6 * (1.0 + most):
                return column, row
    return -1, -1
