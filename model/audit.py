"""Phase 16, first half: assertions that hold in every month of every run."""

from __future__ import annotations

import numpy as np

from agents.columns import among, rows_where
from agents.compiled import compiled
from agents.tables import USES, LeaseStatus, Product, Status
from model.grid import check_queue
from model.ledger import ACCOUNTS
from model.state import State

MEGAWATTS = 1e-6
RELATIVE = 1e-9
LET = ("building_mw", "subleased_mw", "converted_mw")
STOCKS = ("restricted_cash", "machines", "property", "corporate_debt", "project_debt", "prepayment")
"""Accounts that are never negative."""
OWED = ("project_debt", "prepayment")
"""Accounts that hold what leases say."""
PURSES = (*ACCOUNTS, "btc")
_least, _most = np.minimum.reduce, np.maximum.reduce


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
    uses = sites.together(USES)
    off = np.abs(np.add.reduce(uses, axis=0) - sites.secured_mw)
    allowed = MEGAWATTS + RELATIVE * sites.secured_mw
    # Comparisons are put so that what is not a number fails them.
    if not (off <= allowed).all():
        worst = int(np.argmax(off - allowed))
        _fail(state, "megawatts by use do not add up", f"{state.site_names[worst]}: off by {off[worst]} MW")
    if not _least(uses, None, initial=0.0) >= 0.0:
        use, site = np.unravel_index(int(np.argmin(uses)), uses.shape)
        _fail(state, "negative megawatts", f"{state.site_names[site]} {USES[use]} {uses[use, site]}")


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
    off = np.abs(let - sites.together(LET))
    if not _most(off, None, initial=0.0) <= MEGAWATTS * 10:
        which, site = np.unravel_index(int(off.argmax()), off.shape)
        _fail(state, f"leases and {LET[which]} differ", f"{state.site_names[site]} by {off[which, site]} MW")
    if wrong:
        _fail(state, "a lease has another landlord than its site's owner", "")
    booked = firms.together(OWED)
    off = np.abs(owed - booked)
    fine = _most(off, axis=1, initial=0.0) <= RELATIVE * (1.0 + np.add.reduce(booked, axis=1))
    if not fine.all():
        account = int(fine.argmin())
        firm = int(off[account].argmax())
        due = f"{state.firm_names[firm]}, {owed[account, firm]} musd"
        _fail(state, f"leases and {OWED[account]} differ", due)


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
    firms, sites = state.firms, state.sites
    dead = rows_where(firms.status >= Status.ACQUIRED)
    if not dead.size:
        return
    owned = among(sites.owner, dead, len(firms))
    if owned.any():
        _fail(state, "a dead firm owns a site", state.site_names[int(owned.argmax())])
    left = np.abs(firms.together(PURSES)[:, dead])
    if not _most(left, None) <= 1e-6:
        _fail(state, "a dead firm still has", PURSES[int(left.max(axis=1).argmax())])


def _check_finite(state: State) -> None:
    """Stocks are finite, and those that cannot be negative are not."""
    firms = state.firms
    held = firms.together(STOCKS)
    slack = 1e-6 * (1.0 + _most(np.abs(held), axis=1, initial=0.0))
    fine = _least(held, axis=1, initial=0.0) >= -slack
    if not fine.all():
        stock = int(fine.argmin())
        _fail(state, f"negative or undefined {STOCKS[stock]}", state.firm_names[int(np.argmin(held[stock]))])
    for table in (firms, state.sites, state.leases, state.hyperscalers):
        undefined = table.undefined()
        if undefined:
            _fail(state, "undefined", ", ".join(undefined))
    if not _least(state.sites.hash, None, initial=0.0) >= 0.0:
        _fail(state, "negative hash", "")
