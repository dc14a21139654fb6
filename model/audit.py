"""Phase 16, first half: assertions that hold in every month of every run."""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.tables import USES, LeaseStatus, Product, Status
from model.grid import check_queue
from model.ledger import ACCOUNTS
from model.state import State

MEGAWATTS = 1e-6
RELATIVE = 1e-9
LET = ("building_mw", "subleased_mw", "converted_mw")
STOCKS = ("restricted_cash", "machines", "property", "corporate_debt", "project_debt", "prepayment")
"""Accounts that are never negative."""


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
    uses = np.vstack([getattr(sites, use) for use in USES])
    off = np.abs(uses.sum(axis=0) - sites.secured_mw)
    allowed = MEGAWATTS + RELATIVE * sites.secured_mw
    # Comparisons are put so that what is not a number fails them.
    if not (off <= allowed).all():
        worst = int(np.argmax(off - allowed))
        _fail(state, "megawatts by use do not add up", f"{state.site_names[worst]}: off by {off[worst]} MW")
    if not uses.min(initial=0.0) >= 0.0:
        use, site = np.unravel_index(int(np.argmin(uses)), uses.shape)
        _fail(state, "negative megawatts", f"{state.site_names[site]} {USES[use]} {uses[use, site]}")


def _check_leases(state: State) -> None:
    """What a site has let is exactly what its leases say: no megawatt is leased twice."""
    leases, sites = state.leases, state.sites
    live = leases.status <= LeaseStatus.DELIVERING
    use = np.where(leases.status == LeaseStatus.BUILDING, 0, 1 + (leases.product != Product.SHELL))
    place = use * len(sites) + leases.site
    let = np.bincount(place, leases.gross_mw * live, len(LET) * len(sites)).reshape(len(LET), -1)
    off = np.abs(let - [getattr(sites, name) for name in LET])
    if not off.max(initial=0.0) <= MEGAWATTS * 10:
        which, site = np.unravel_index(int(off.argmax()), off.shape)
        _fail(state, f"leases and {LET[which]} differ", f"{state.site_names[site]} by {off[which, site]} MW")
    if (leases.landlord[live] != sites.owner[leases.site[live]]).any():
        _fail(state, "a lease has another landlord than its site's owner", "")
    for account, owed in (("project_debt", leases.project_debt), ("prepayment", leases.prepaid)):
        due, booked = np.bincount(leases.landlord, owed, len(state.firms)), getattr(state.firms, account)
        if not np.abs(due - booked).max(initial=0.0) <= RELATIVE * (1.0 + booked.sum()):
            firm = int(np.abs(due - booked).argmax())
            _fail(state, f"leases and {account} differ", f"{state.firm_names[firm]}, {due[firm]} musd")


def _check_bitcoin(state: State) -> None:
    """Bitcoin mined is blocks times subsidy and fees, and all of it is somebody's."""
    figures = state.figures
    shared = float(state.scratch["mined_btc"].sum()) + figures["rest_of_world_btc"]
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
    dead = firms.status >= Status.ACQUIRED
    if not dead.any():
        return
    held = sites.owner >= 0
    if dead[sites.owner[held]].any():
        owned = rows_where(held)[dead[sites.owner[held]]]
        _fail(state, "a dead firm owns a site", state.site_names[int(owned[0])])
    accounts = (*ACCOUNTS, "btc")
    left = np.abs(np.array([getattr(firms, account) for account in accounts])[:, dead])
    if not left.max() <= 1e-6:
        _fail(state, "a dead firm still has", accounts[int(left.max(axis=1).argmax())])


def _check_finite(state: State) -> None:
    """Stocks are finite, and those that cannot be negative are not."""
    firms = state.firms
    held = np.array([getattr(firms, account) for account in STOCKS])
    slack = 1e-6 * (1.0 + np.abs(held).max(axis=1, initial=0.0))
    fine = held.min(axis=1, initial=0.0) >= -slack
    if not fine.all():
        stock = int(fine.argmin())
        _fail(state, f"negative or undefined {STOCKS[stock]}", state.firm_names[int(np.argmin(held[stock]))])
    for table in (firms, state.sites, state.leases, state.hyperscalers):
        undefined = table.undefined()
        if undefined:
            _fail(state, "undefined", ", ".join(undefined))
    if not state.sites.hash.min(initial=0.0) >= 0.0:
        _fail(state, "negative hash", "")
