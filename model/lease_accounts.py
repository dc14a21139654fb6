"""Phase 5, the leases: rents collected, prepayments credited, project loans served, builds paid for."""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.economics.blocks import PREPAYMENT_CREDIT_START
from agents.economics.credit import build_draw
from agents.economics.leases import level_payment
from agents.tables import LeaseStatus
from model.funding import funded_by_parent
from model.state import State

MONTHS = 12
CREDIT_START = int(PREPAYMENT_CREDIT_START * MONTHS)


def by_landlord(state: State, rows: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Add up amounts of the given leases by landlord, shape (firms,)."""
    return np.bincount(state.leases.landlord[rows], amounts, minlength=len(state.firms))


def months_left(state: State, rows: np.ndarray) -> np.ndarray:
    """Return the months each lease has still to run, this one included; at least one."""
    leases = state.leases
    return np.maximum(leases.delivery[rows] + leases.term[rows] - state.month, 1)


def collect_rents(state: State) -> None:
    """Escalate rents on anniversaries, collect them less prepayment credits, and pay the halls' operation."""
    _forfeit_prepayments(state)
    leases, scratch, ledger = state.leases, state.scratch, state.ledger
    rows = rows_where(leases.status == LeaseStatus.DELIVERING)
    if not len(rows):
        return
    age = state.month - leases.delivery[rows]
    birthday = rows[(age > 0) & (age % MONTHS == 0)]
    leases.rent_now[birthday] *= 1.0 + leases.escalator[birthday]
    rent = leases.rent_now[rows] * leases.it_mw[rows] / MONTHS
    credit = np.minimum(leases.prepaid[rows] / months_left(state, rows), rent) * (age >= CREDIT_START)
    credited = _release(state, rows, credit)
    gross = by_landlord(state, rows, rent)
    running = by_landlord(state, rows, rent * (1.0 - leases.operating_margin[rows]))
    cash = np.maximum(gross - credited, 0.0)
    ledger.post("rents", "cash", "earnings", cash, sector="tenants")
    ledger.post("operation of halls", "earnings", "cash", running, sector="suppliers")
    scratch["cash_cost"] += running
    scratch["cash_flow"] += cash - running


def _release(state: State, rows: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Turn prepayments of the given leases into income; return the sum by landlord."""
    leases = state.leases
    if not amount.any():
        return np.zeros(len(state.firms))
    # The account is the sum over leases up to round-off, and must not end below zero.
    earned = np.minimum(by_landlord(state, rows, amount), state.firms.prepayment)
    leases.prepaid[rows] -= amount
    state.ledger.post("prepayments credited", "prepayment", "earnings", np.maximum(earned, 0.0))
    return earned


def _forfeit_prepayments(state: State) -> None:
    """Keep what a tenant prepaid for a lease that is over."""
    leases = state.leases
    rows = rows_where((leases.prepaid > 0.0) & (leases.status > LeaseStatus.DELIVERING))
    if len(rows):
        _release(state, rows, leases.prepaid[rows].copy())


def serve_project_loans(state: State) -> None:
    """Pay level instalments over what is left of the term; while a hall is built its interest is added.

    A loan outlives a tenant's default: the landlord goes on paying until its own estate is settled.
    """
    leases, ledger, scratch = state.leases, state.ledger, state.scratch
    owing = leases.project_debt > 0.0
    building = leases.status == LeaseStatus.BUILDING
    rows = rows_where(owing & ~building)
    if len(rows):
        debt, rate = leases.project_debt[rows], leases.project_rate[rows]
        interest = debt * rate / MONTHS
        years = months_left(state, rows) / MONTHS
        paid = level_payment(debt, rate, years, periods_per_year=MONTHS)
        principal = np.minimum(paid - interest, debt)
        leases.project_debt[rows] = debt - principal
        cost = by_landlord(state, rows, interest)
        repaid = np.minimum(by_landlord(state, rows, principal), state.firms.project_debt)
        ledger.post("project interest", "earnings", "cash", cost, sector="lenders")
        ledger.post("project repayment", "project_debt", "cash", np.maximum(repaid, 0.0), sector="lenders")
        scratch["cash_cost"] += cost + repaid
        scratch["cash_flow"] -= cost + repaid
    rows = rows_where(owing & building)
    if len(rows):
        interest = leases.project_debt[rows] * leases.project_rate[rows] / MONTHS
        leases.project_debt[rows] += interest
        ledger.post("project interest added", "property", "project_debt", by_landlord(state, rows, interest))


def pay_builds(state: State) -> None:
    """Spend on builds evenly until the promised delivery: from loans, then reserved cash, then free cash.

    Parents of arms put in the money as it is spent.
    """
    leases, ledger = state.leases, state.ledger
    live = leases.status <= LeaseStatus.DELIVERING
    rows = rows_where(live & (leases.capex > leases.capex_spent))
    if not len(rows):
        return
    capex, spent = leases.capex[rows], leases.capex_spent[rows]
    building = leases.status[rows] == LeaseStatus.BUILDING
    # A lease delivers before the month is settled, so its last draw falls a month earlier.
    remaining = np.where(building, leases.promised[rows] - state.month, 1)
    draw = build_draw(capex, spent, remaining)
    loan = draw * leases.loan_share[rows]
    leases.capex_spent[rows] = np.where(remaining > 1, spent + draw, capex)
    leases.project_debt[rows] += loan
    borrowed = by_landlord(state, rows, loan)
    own = by_landlord(state, rows, draw - loan)
    reserved = np.minimum(own, np.maximum(state.firms.restricted_cash, 0.0))
    funded = (own - reserved) * funded_by_parent(state)
    if funded.any():
        ledger.post("parent funding", "cash", "capital", funded, sector="investors")
    ledger.post("project draws", "cash", "project_debt", borrowed, sector="lenders")
    ledger.post("builds", "property", "restricted_cash", reserved, sector="suppliers")
    ledger.post("builds", "property", "cash", borrowed + own - reserved, sector="suppliers")
