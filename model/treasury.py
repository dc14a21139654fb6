"""Phase 5, the firm's purse: corporate debt, what is done about too little cash, and about too much.

A firm short of its buffer releases reserves no build needs, sells bitcoin, then issues equity. Builds it has
signed are paid up front: from cash beyond the buffer, new corporate debt, new equity, bitcoin, in that order,
and set aside as restricted cash. Only obligations it cannot meet otherwise make it borrow for running costs.
Cash beyond buffer, builds and corporate debt is paid out bit by bit, so that it does not pile up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.tables import Kind, Status
from model.funding import (
    borrow,
    borrowing_room,
    cash_buffer,
    committed_equity,
    corporate_debt_limit,
    funded_by_parent,
    issue_equity,
    sell_bitcoin,
)
from model.ledger import TOLERANCE
from model.state import State

MONTHS = 12


def serve_corporate_debt(state: State) -> None:
    """Pay interest, instalments of private firms, and what lenders do not roll over; chapter 11 stays all.

    Leaves in scratch, by firm and in musd, the principal repaid: `debt_repaid`.
    """
    firms, ledger, scratch = state.firms, state.ledger, state.scratch
    scratch["debt_repaid"] = np.zeros(len(firms))
    debt = np.maximum(firms.corporate_debt, 0.0) * (firms.status != Status.CHAPTER11)
    if not debt.any():
        return
    interest = debt * firms.coupon / MONTHS
    private = firms.kind == Kind.PRIVATE
    instalment = debt / np.maximum(firms.maturity - state.month, 1) * private
    ledger.post("interest", "earnings", "cash", interest, sector="lenders")
    ledger.post("debt repaid", "corporate_debt", "cash", instalment, sector="lenders")
    scratch["cash_cost"] += interest + instalment
    scratch["debt_repaid"] += instalment
    due = (debt > 0.0) & (firms.maturity <= state.month) & ~private
    if due.any():
        _refinance(state, rows_where(due))


def _refinance(state: State, rows: np.ndarray) -> None:
    """Roll over debt that fell due, as much as lenders accept; the rest must be repaid now."""
    firms, finance = state.firms, state.scenario.finance
    debt = firms.corporate_debt[rows]
    accepted = corporate_debt_limit(state)[rows] * finance.debt_enabled
    repaid = np.maximum(debt - accepted, 0.0) if finance.enabled else np.zeros(len(rows))
    state.ledger.post("debt repaid", "corporate_debt", "cash", repaid, rows=rows, sector="lenders")
    state.scratch["debt_repaid"][rows] += repaid
    firms.coupon[rows] = finance.refinancing_coupon
    firms.maturity[rows] = state.month + round(finance.debt_years * MONTHS)
    state.recorder.event("refinancing", firm=rows, value=debt, price=repaid)


class Needs(NamedTuple):
    """What cash is kept back for, musd by firm.

    Attributes:
        buffer: Running costs of the next months.
        builds: What signed builds need from their owner.
    """

    buffer: np.ndarray
    builds: np.ndarray


def manage_cash(state: State) -> None:
    """Sell production, raise cash where it is short, set builds' cash aside, pay out what nobody needs."""
    # What was issued leaves the trailing year bit by bit.
    state.firms.equity_issued *= 1.0 - 1.0 / MONTHS
    needs = Needs(cash_buffer(state), committed_equity(state))
    _sell_production(state, needs)
    if state.scenario.finance.enabled:
        _restore_buffer(state, needs)
        _fund_builds(state, needs)
        _meet_obligations(state)
    _cover(state)
    _distribute(state, needs)


def _sell_production(state: State, needs: Needs) -> None:
    """Sell the month's coins, but for the part kept by firms with cash above their buffer."""
    kept = state.scenario.finance.production_kept
    wealthy = state.firms.cash > needs.buffer
    sell_bitcoin(state, state.scratch["production"] * (1.0 - kept * wealthy))


def _restore_buffer(state: State, needs: Needs) -> None:
    firms = state.firms
    short = np.maximum(needs.buffer - firms.cash, 0.0)
    if not short.any():
        return
    released = np.minimum(np.maximum(firms.restricted_cash - needs.builds, 0.0), short)
    state.ledger.post("reserves released", "cash", "restricted_cash", released)
    short = short - released
    short = short - sell_bitcoin(state, short)
    issue_equity(state, np.maximum(short, 0.0))


def _fund_builds(state: State, needs: Needs) -> None:
    """Raise and set aside what signed builds need from their owners."""
    firms = state.firms
    owed = np.maximum(needs.builds - firms.restricted_cash, 0.0)
    if not owed.any():
        return
    want = np.maximum(owed - np.maximum(firms.cash - needs.buffer, 0.0), 0.0)
    for raise_cash in (borrow, issue_equity, sell_bitcoin):
        want = np.maximum(want - raise_cash(state, want), 0.0)
    reserved = np.minimum(owed, np.maximum(firms.cash - needs.buffer, 0.0))
    state.ledger.post("reserved for builds", "restricted_cash", "cash", reserved)


def _meet_obligations(state: State) -> None:
    """Let principal stand, borrow, and at the last touch the builds' cash, for what must be paid now."""
    firms = state.firms
    short = np.maximum(-firms.cash, 0.0)
    short *= short > _round_off(state)
    if not short.any():
        return
    short = np.maximum(short - _roll_over(state, short), 0.0)
    short = np.maximum(short - borrow(state, short), 0.0)
    taken = np.minimum(short, np.maximum(firms.restricted_cash, 0.0))
    state.ledger.post("reserves released", "cash", "restricted_cash", taken)


def _roll_over(state: State, short: np.ndarray) -> np.ndarray:
    """Let principal that was paid this month stand, as far as the firm's standing allows; return it by firm.

    That is no new debt, so the sector's cap is not asked.
    """
    stands = np.minimum(np.minimum(short, state.scratch["debt_repaid"]), borrowing_room(state))
    rows = rows_where(stands > 0.0)
    if len(rows):
        ledger = state.ledger
        ledger.take_back("debt repaid", "corporate_debt", "cash", stands[rows], rows, sector="lenders")
        state.scratch["debt_repaid"] -= stands
    return stands


def _cover(state: State) -> None:
    """Let parents stand by the arms of customers and generators, and everybody if money does not matter."""
    firms = state.firms
    short = np.maximum(-firms.cash, 0.0)
    if not short.any():
        return
    # Round-off is nobody's default.
    backed = short <= _round_off(state)
    backed |= (firms.kind > Kind.PRIVATE) | (not state.scenario.finance.enabled)
    state.ledger.post("unlimited funding", "cash", "capital", short * backed, sector="investors")


def _round_off(state: State) -> np.ndarray:
    """Return what a firm may lack by rounding alone, musd."""
    return TOLERANCE * (np.abs(state.firms.capital) + state.scratch["cash_cost"])


def _distribute(state: State, needs: Needs) -> None:
    """Pay owners part of the cash beyond buffer, signed builds and corporate debt.

    What an arm earns goes to its parent, who pays for its builds: the arm's cash is a budget for purchases.
    """
    firms, payout = state.firms, state.scenario.finance.payout
    builds = np.maximum(needs.builds - firms.restricted_cash, 0.0)
    spare = firms.cash - needs.buffer - builds - firms.corporate_debt
    healthy = (firms.status == Status.ACTIVE) & (firms.kind <= Kind.PRIVATE)
    paid = np.maximum(spare, 0.0) * (healthy * min(payout / MONTHS, 1.0))
    earned = np.minimum(np.maximum(state.scratch["cash_flow"], 0.0), np.maximum(firms.cash, 0.0))
    paid += earned * funded_by_parent(state)
    state.ledger.post("distributions", "capital", "cash", paid, sector="investors")
