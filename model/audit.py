"""Phase 16, first half: assertions that hold in every month of every run."""

from __future__ import annotations

import numpy as np

from agents.tables import USES, LeaseStatus, Product, Status
from model.grid import check_queue
from model.state import State

MEGAWATTS = 1e-6
RELATIVE = 1e-9


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
    if (off > allowed).any():
        worst = int(np.argmax(off - allowed))
        _fail(state, "megawatts by use do not add up", f"{state.site_names[worst]}: off by {off[worst]} MW")
    if uses.min(initial=0.0) < 0.0:
        use, site = np.unravel_index(int(np.argmin(uses)), uses.shape)
        _fail(state, "negative megawatts", f"{state.site_names[site]} {USES[use]} {uses[use, site]}")


def _check_leases(state: State) -> None:
    """What a site has let is exactly what its leases say: no megawatt is leased twice."""
    leases, sites = state.leases, state.sites
    count = len(sites)
    live = leases.status <= LeaseStatus.DELIVERING
    building = leases.status == LeaseStatus.BUILDING
    shell = leases.product == Product.SHELL
    for use, rows in (
        ("building_mw", building),
        ("subleased_mw", live & ~building & shell),
        ("converted_mw", live & ~building & ~shell),
    ):
        let = np.bincount(leases.site[rows], leases.gross_mw[rows], minlength=count)
        off = np.abs(let - getattr(sites, use))
        if off.max(initial=0.0) > MEGAWATTS * 10:
            site = int(off.argmax())
            _fail(state, f"leases and {use} differ", f"{state.site_names[site]} by {off[site]} MW")
    if (leases.landlord[live] != sites.owner[leases.site[live]]).any():
        _fail(state, "a lease has another landlord than its site's owner", "")


def _check_bitcoin(state: State) -> None:
    """All bitcoin mined is somebody's, and equals blocks times subsidy and fees."""
    figures = state.figures
    shared = float(state.scratch["mined_btc"].sum()) + figures["rest_of_world_btc"]
    mined = figures["btc_mined"]
    if abs(shared - mined) > RELATIVE * max(mined, 1.0) and figures["network_hashrate_eh_s"] > 0.0:
        _fail(state, "bitcoin mined and shared out differ", f"{mined} and {shared}")


def _check_prices(state: State) -> None:
    """Rents lie in the core; no buyer pays above its value, no seller gets less than its reserve."""
    for deal in state.scratch.get("deals", ()):
        slack = 1e-9 * max(abs(deal["bid"]), 1.0)
        if not deal["lower"] - slack <= deal["rent"] <= deal["upper"] + slack <= deal["bid"] + 2 * slack:
            _fail(state, "a rent lies outside the core", deal)


def _check_dead(state: State) -> None:
    """Firms that are gone own nothing and owe nothing."""
    firms, sites = state.firms, state.sites
    dead = firms.status >= Status.ACQUIRED
    if not dead.any():
        return
    held = sites.owner >= 0
    if dead[sites.owner[held]].any():
        _fail(state, "a dead firm owns a site", state.site_names[int(np.flatnonzero(held)[0])])
    for account in ("cash", "restricted_cash", "bitcoin", "machines", "property", "corporate_debt", "btc"):
        left = np.abs(getattr(firms, account)[dead])
        if left.max() > 1e-6:
            _fail(state, "a dead firm still has", account)


def _check_finite(state: State) -> None:
    """Stocks are finite, and those that cannot be negative are not."""
    firms = state.firms
    for account in (
        "restricted_cash",
        "machines",
        "property",
        "corporate_debt",
        "project_debt",
        "prepayment",
    ):
        column = getattr(firms, account)
        scale = 1e-6 * (1.0 + np.abs(column).max(initial=0.0))
        if not column.min(initial=0.0) >= -scale:
            _fail(state, f"negative or undefined {account}", state.firm_names[int(np.argmin(column))])
    for name in ("cash", "bitcoin", "enterprise_value", "equity_value", "expected_hashprice"):
        if not np.isfinite(getattr(firms, name)).all():
            _fail(state, "undefined", name)
    if not state.sites.hash.min(initial=0.0) >= 0.0:
        _fail(state, "negative hash", "")
