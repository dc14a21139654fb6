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
from agents.compiled import compiled
from agents.tables import Kind, Status
from model.funding import (
    borrow,
    borrowing_room,
    cash_buffer,
    committed_equity,
    corporate_debt_limit,
    issue_equity,
    sell_bitcoin,
)
from model.ledger import TOLERANCE, Posting, Sheet
from model.state import State

MONTHS = 12
SERVICE = Sheet(
    Posting("interest", "earnings", "cash", "lenders"),
    Posting("debt repaid", "corporate_debt", "cash", "lenders"),
    Posting("depreciation of machines", "earnings", "machines"),
    Posting("depreciation of property", "earnings", "property"),
)


def serve_corporate_debt(state: State) -> None:
    """Pay interest, instalments of private firms, and what lenders do not roll over; chapter 11 stays all.

    Machines and property are written down at a constant rate over their lives.

    Leaves in scratch, by firm and in musd, the principal repaid: `debt_repaid`.
    """
    firms, scenario = state.firms, state.scenario
    amounts, due = np.empty((len(SERVICE.postings), len(firms))), np.empty(len(firms), dtype=bool)
    _serve(
        state.month,
        firms.kind,
        firms.status,
        firms.corporate_debt,
        firms.coupon,
        firms.maturity,
        due,
        state.scratch["cash_cost"],
        amounts,
    )
    state.scratch["debt_repaid"] = amounts[1].copy()
    machine_months, property_months = (
        years * float(MONTHS) for years in (scenario.bitcoin.machine_life, scenario.finance.property_life)
    )
    _wear(firms.machines, machine_months, firms.property, property_months, amounts)
    state.ledger.post_sheet(SERVICE, amounts)
    rows = rows_where(due)
    if len(rows):
        _refinance(state, rows)


@compiled
def _serve(
    month: int,
    kind: np.ndarray,
    status: np.ndarray,
    corporate_debt: np.ndarray,
    coupon: np.ndarray,
    maturity: np.ndarray,
    due: np.ndarray,
    cost: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Write down interest and instalments, add them to the month's cost, and say whose debt falls due."""
    for firm in range(kind.size):
        debt = max(corporate_debt[firm], 0.0) if status[firm] != Status.CHAPTER11 else 0.0
        private = kind[firm] == Kind.PRIVATE
        amounts[0, firm] = debt * coupon[firm] / MONTHS
        amounts[1, firm] = debt / max(maturity[firm] - month, 1) if private else 0.0
        cost[firm] += amounts[0, firm] + amounts[1, firm]
        due[firm] = debt > 0.0 and maturity[firm] <= month and not private


@compiled
def _wear(
    machines: np.ndarray,
    machine_months: float,
    property_: np.ndarray,
    property_months: float,
    amounts: np.ndarray,
) -> None:
    """Write down what machines and property lose in a month."""
    for firm in range(machines.size):
        amounts[2, firm] = max(machines[firm], 0.0) / machine_months
        amounts[3, firm] = max(property_[firm], 0.0) / property_months


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
    sell_bitcoin(state, _for_sale(state.scratch["production"], state.firms.cash, needs.buffer, kept))


@compiled
def _for_sale(production: np.ndarray, cash: np.ndarray, buffer: np.ndarray, kept: float) -> np.ndarray:
    """Return the production that is sold, in which firms with cash above their buffer keep a part."""
    sold = np.empty(cash.size)
    for firm in range(cash.size):
        sold[firm] = production[firm] * (1.0 - kept * (cash[firm] > buffer[firm]))
    return sold


def _restore_buffer(state: State, needs: Needs) -> None:
    firms = state.firms
    short, released = _short_of_buffer(firms.cash, firms.restricted_cash, needs.buffer, needs.builds)
    if not _any(short):
        return
    state.ledger.post("reserves released", "cash", "restricted_cash", released)
    short = short - released
    short = short - sell_bitcoin(state, short)
    issue_equity(state, np.maximum(short, 0.0))


@compiled
def _short_of_buffer(
    cash: np.ndarray, restricted_cash: np.ndarray, buffer: np.ndarray, builds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what cash lacks of the buffer, and the part that reserves no build needs make up for."""
    short, released = np.empty(cash.size), np.empty(cash.size)
    for firm in range(cash.size):
        short[firm] = max(buffer[firm] - cash[firm], 0.0)
        released[firm] = min(max(restricted_cash[firm] - builds[firm], 0.0), short[firm])
    return short, released


def _fund_builds(state: State, needs: Needs) -> None:
    """Raise and set aside what signed builds need from their owners."""
    firms = state.firms
    owed, want = _owed_for_builds(firms.cash, firms.restricted_cash, needs.buffer, needs.builds)
    if not _any(owed):
        return
    for raise_cash in (borrow, issue_equity, sell_bitcoin):
        want = np.maximum(want - raise_cash(state, want), 0.0)
    reserved = np.minimum(owed, np.maximum(firms.cash - needs.buffer, 0.0))
    state.ledger.post("reserved for builds", "restricted_cash", "cash", reserved)


@compiled
def _owed_for_builds(
    cash: np.ndarray, restricted_cash: np.ndarray, buffer: np.ndarray, builds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what builds need beyond reserves, and what of it cash beyond the buffer does not cover."""
    owed, want = np.empty(cash.size), np.empty(cash.size)
    for firm in range(cash.size):
        owed[firm] = max(builds[firm] - restricted_cash[firm], 0.0)
        want[firm] = max(owed[firm] - max(cash[firm] - buffer[firm], 0.0), 0.0)
    return owed, want


def _meet_obligations(state: State) -> None:
    """Let principal stand, borrow, and at the last touch the builds' cash, for what must be paid now."""
    firms = state.firms
    short = _overdrawn(firms.cash, firms.capital, state.scratch["cash_cost"])
    if not _any(short):
        return
    short = np.maximum(short - _roll_over(state, short), 0.0)
    short = np.maximum(short - borrow(state, short), 0.0)
    taken = np.minimum(short, np.maximum(firms.restricted_cash, 0.0))
    state.ledger.post("reserves released", "cash", "restricted_cash", taken)


@compiled
def _overdrawn(cash: np.ndarray, capital: np.ndarray, cash_cost: np.ndarray) -> np.ndarray:
    """Return what cash is below zero by more than rounding alone may make it."""
    short = np.zeros(cash.size)
    for firm in range(cash.size):
        if -cash[firm] > TOLERANCE * (abs(capital[firm]) + cash_cost[firm]):
            short[firm] = max(-cash[firm], 0.0)
    return short


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
    everybody = not state.scenario.finance.enabled
    covered = _covered(firms.cash, firms.capital, state.scratch["cash_cost"], firms.kind, everybody)
    if _any(covered):
        state.ledger.post("unlimited funding", "cash", "capital", covered, sector="investors")


@compiled
def _covered(
    cash: np.ndarray, capital: np.ndarray, cash_cost: np.ndarray, kind: np.ndarray, everybody: bool
) -> np.ndarray:
    """Return the shortfalls that somebody makes up for; round-off is nobody's default."""
    overdrawn, covered = _overdrawn(cash, capital, cash_cost), np.zeros(cash.size)
    for firm in range(cash.size):
        if everybody or kind[firm] > Kind.PRIVATE or overdrawn[firm] == 0.0:
            covered[firm] = max(-cash[firm], 0.0)
    return covered


def _distribute(state: State, needs: Needs) -> None:
    """Pay owners part of the cash beyond buffer, signed builds and corporate debt.

    What an arm earns goes to its parent, who pays for its builds: the arm's cash is a budget for purchases.
    """
    firms = state.firms
    paid = _distributions(
        firms.kind,
        firms.status,
        firms.cash,
        firms.restricted_cash,
        firms.corporate_debt,
        needs.buffer,
        needs.builds,
        state.scratch["cash_flow"],
        min(state.scenario.finance.payout / MONTHS, 1.0),
    )
    state.ledger.post("distributions", "capital", "cash", paid, sector="investors")


@compiled
def _distributions(
    kind: np.ndarray,
    status: np.ndarray,
    cash: np.ndarray,
    restricted_cash: np.ndarray,
    debt: np.ndarray,
    buffer: np.ndarray,
    builds: np.ndarray,
    cash_flow: np.ndarray,
    part: float,
) -> np.ndarray:
    """Return what owners get: part of the cash that healthy miners can spare, and all that arms earn."""
    paid = np.zeros(cash.size)
    for firm in range(cash.size):
        if kind[firm] == Kind.AI_CUSTOMER:
            paid[firm] = min(max(cash_flow[firm], 0.0), max(cash[firm], 0.0))
        elif status[firm] == Status.ACTIVE and kind[firm] <= Kind.PRIVATE:
            needed = max(builds[firm] - restricted_cash[firm], 0.0)
            paid[firm] = max(cash[firm] - buffer[firm] - needed - debt[firm], 0.0) * part
    return paid


def _any(amount: np.ndarray) -> bool:
    return bool(np.count_nonzero(amount))
