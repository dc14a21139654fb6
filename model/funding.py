"""Phase 8, the money in it: what firms can put into builds, and how they raise cash.

Own means come first, then corporate debt within what lenders accept, then new equity of listed firms. What is
promised to builds already signed is never promised twice. The builds of an AI customer's arm are paid for by
its parent, without lenders. With `finance.enabled` off nothing is limited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.economics.credit import blend_of, capacity_of, debt_capacity, window_of
from agents.tables import Kind, LeaseStatus, Status

if TYPE_CHECKING:
    from model.scenario import Scenario
    from model.state import State

MONTHS = 12
MUSD_PER_BUSD = 1000.0
STANDING = (
    *("cash", "restricted_cash", "equity_value", "equity_issued"),
    *("enterprise_value", "project_debt", "bitcoin", "corporate_debt"),
)
"""Columns of firms that say what money they have and can raise."""


def loan_share(investment_grade: bool, backstop: bool, scenario: Scenario) -> float:
    """Return the part of a build that project lenders pay, by the credit that stands behind the rent."""
    finance = scenario.finance
    if not finance.debt_enabled:
        return 0.0
    if investment_grade or backstop:
        return finance.loan_to_cost_investment_grade
    return finance.loan_to_cost_high_yield


def miners(state: State) -> np.ndarray:
    """Return which firms are miners that operate: not dead, not the arm of a customer or generator."""
    firms = state.firms
    return (firms.kind <= Kind.PRIVATE) & (firms.status < Status.ACQUIRED)


def funded_by_parent(state: State) -> np.ndarray:
    """Return which firms are arms of AI customers: what they build, the customer pays for."""
    return state.firms.kind == Kind.AI_CUSTOMER


def cash_cost(state: State) -> np.ndarray:
    """Return each firm's cash cost of this month, musd (zero for firms founded since it was settled)."""
    cost = state.scratch.get("cash_cost")
    count = len(state.firms)
    if cost is None:
        return np.zeros(count)
    return cost if len(cost) == count else np.append(cost, np.zeros(count - len(cost)))


def cash_buffer(state: State) -> np.ndarray:
    """Return the cash each firm keeps back for its running costs, musd."""
    return state.scenario.finance.cash_buffer_months * cash_cost(state)


def committed_equity(state: State) -> np.ndarray:
    """Return what each firm has still to pay itself, loans aside, for builds it has signed, musd."""
    leases = state.leases
    return _committed(
        state.firms.kind,
        leases.landlord,
        leases.status,
        leases.capex,
        leases.capex_spent,
        leases.loan_share,
    )


@compiled
def _committed(
    kind: np.ndarray,
    landlord: np.ndarray,
    status: np.ndarray,
    capex: np.ndarray,
    spent: np.ndarray,
    loan_share: np.ndarray,
) -> np.ndarray:
    """Add up by landlord what is unspent of builds and not lent; the builds of arms their parents pay for."""
    own = np.zeros(kind.size)
    for lease in range(landlord.size):
        if status[lease] == LeaseStatus.BUILDING and kind[landlord[lease]] != Kind.AI_CUSTOMER:
            own[landlord[lease]] += (1.0 - loan_share[lease]) * max(capex[lease] - spent[lease], 0.0)
    return own


def uncommitted_cash(state: State) -> np.ndarray:
    """Return cash above the buffer and above what signed builds need, musd; negative where it is short."""
    firms = state.firms
    return firms.cash + firms.restricted_cash - committed_equity(state) - cash_buffer(state)


def free_cash(state: State) -> np.ndarray:
    """Return the cash a firm can spend at will without borrowing, musd, zero or more."""
    if not state.scenario.finance.enabled:
        return np.full(len(state.firms), np.inf)
    return np.maximum(np.minimum(uncommitted_cash(state), state.firms.cash), 0.0)


def corporate_debt_limit(state: State) -> np.ndarray:
    """Return the corporate debt lenders accept from each firm, musd."""
    firms, finance = state.firms, state.scenario.finance
    return debt_capacity(
        firms.enterprise_value,
        np.maximum(firms.project_debt, 0.0),
        np.maximum(firms.bitcoin, 0.0),
        finance.refinancing_limit,
        finance.btc_loan_to_value,
    )


def debt_limits(state: State) -> tuple[float, float]:
    """Return what lenders accept as corporate debt, over enterprise value and over treasury."""
    finance = state.scenario.finance
    return (finance.refinancing_limit, finance.btc_loan_to_value) if finance.debt_enabled else (0.0, 0.0)


def debt_terms(state: State) -> tuple[float, float, float]:
    """Return coupons of new corporate debt, 1/year, of listed and of private firms, and when it falls due."""
    finance = state.scenario.finance
    due = float(state.month + finance.debt_years * MONTHS)
    return finance.refinancing_coupon, finance.private_coupon, due


def available_equity(state: State) -> np.ndarray:
    """Return what each firm can put into new builds besides project loans, and the unborrowed part, musd.

    [2 x firms]. Firms in chapter 11 can put in nothing, arms of AI customers whatever it takes.
    """
    firms, finance = state.firms, state.scenario.finance
    if not finance.enabled:
        return np.full((2, len(firms)), np.inf)
    return _means(
        firms.stored("float64"),
        firms.positions(STANDING),
        firms.kind,
        firms.status,
        firms.listed,
        committed_equity(state),
        cash_buffer(state),
        finance.equity_share_per_year,
        finance.refinancing_limit,
        finance.btc_loan_to_value,
        finance.debt_enabled,
    )


@compiled
def _means(
    table: np.ndarray,
    standing: np.ndarray,
    kind: np.ndarray,
    status: np.ndarray,
    listed: np.ndarray,
    committed: np.ndarray,
    buffer: np.ndarray,
    share_per_year: float,
    value_limit: float,
    bitcoin_limit: float,
    borrows: bool,
) -> np.ndarray:
    """Return what `available_equity` does; `standing` are the columns of the table called `STANDING`."""
    means = np.zeros((2, kind.size))
    for firm in range(kind.size):
        if kind[firm] == Kind.AI_CUSTOMER:
            means[:, firm] = np.inf
            continue
        cash, restricted = table[standing[0], firm], table[standing[1], firm]
        equity, issued = table[standing[2], firm], table[standing[3], firm]
        value, loans = table[standing[4], firm], table[standing[5], firm]
        bitcoin, debt = table[standing[6], firm], table[standing[7], firm]
        window = window_of(equity, issued, share_per_year) if listed[firm] else 0.0
        limit = capacity_of(value, max(loans, 0.0), max(bitcoin, 0.0), value_limit, bitcoin_limit)
        stands = kind[firm] <= Kind.PRIVATE and status[firm] < Status.CHAPTER11
        unborrowed = cash + restricted - committed[firm] - buffer[firm] + (window if stands else 0.0)
        room = max(limit - debt, 0.0) if stands and borrows else 0.0
        means[0, firm] = max(unborrowed + room, 0.0) if status[firm] < Status.CHAPTER11 else 0.0
        means[1, firm] = max(unborrowed, 0.0)
    return means


def sector_debt_left(state: State, taken: float = 0.0) -> float:
    """Return the new debt lenders still give the whole sector, musd: the yearly cap less the trailing year.

    What counts is project loans promised at signing and corporate debt taken up; roll-overs are not new.

    Args:
        state: The state.
        taken: Corporate debt taken up that is not posted yet, musd.
    """
    finance, leases = state.scenario.finance, state.leases
    if not finance.enabled:
        return np.inf
    year_ago = state.month - MONTHS
    loans = _recent_loans(year_ago, leases.signed, leases.at_start, leases.capex, leases.loan_share)
    promised = float(np.add.reduce(loans))
    borrowed = state.ledger.borrowed_in_year(taken)
    return max(finance.sector_debt_cap_busd * MUSD_PER_BUSD - promised - borrowed, 0.0)


@compiled
def _recent_loans(
    month: int, signed: np.ndarray, at_start: np.ndarray, capex: np.ndarray, loan_share: np.ndarray
) -> np.ndarray:
    """Return the project loans promised after a month, one per lease signed."""
    loans, count = np.empty(signed.size), 0
    for lease in range(signed.size):
        if signed[lease] > month and not at_start[lease]:
            loans[count] = capex[lease] * loan_share[lease]
            count += 1
    return loans[:count]


def fund_proposals(
    state: State, firm: np.ndarray, equity_need: np.ndarray, debt_need: np.ndarray, merit: np.ndarray
) -> np.ndarray:
    """Return which proposals find money: best merit first, within each firm's means and the sector's cap.

    A proposal that does not fit is passed over, and smaller ones behind it still may. Equity that a firm can
    only raise by borrowing counts against the sector's cap like a project loan.

    Args:
        state: The state; nothing is changed.
        firm: Firm row of each proposal.
        equity_need: What the firm itself must bring, musd, at the smallest loan it may get.
        debt_need: Project loan, musd, at the largest it may get; parents need none.
        merit: Gain of the proposal; ties go by the firm's slot.
    """
    if not state.scenario.finance.enabled:
        return np.ones(len(firm), dtype=bool)
    funded = np.zeros(len(firm), dtype=bool)
    means, unborrowed = (each[firm] for each in available_equity(state))
    debt_need = np.where(funded_by_parent(state)[firm], 0.0, debt_need)
    left = sector_debt_left(state)
    used: dict[int, float] = {}
    order = np.lexsort((state.firms.slot[firm], -merit))
    for row in order[(equity_need <= means)[order]].tolist():
        before = used.get(int(firm[row]), 0.0)
        after = before + float(equity_need[row])
        free = float(unborrowed[row])
        loans = float(debt_need[row]) + max(after - free, 0.0) - max(before - free, 0.0)
        if after <= means[row] and loans <= left:
            used[int(firm[row])] = after
            left -= loans
            funded[row] = True
    return funded


def add_corporate_debt(state: State, amount: np.ndarray) -> None:
    """Draw corporate debt at today's terms and blend coupon and maturity with the debt there was."""
    firms = state.firms
    _blend_in(amount, firms.corporate_debt, firms.kind, debt_terms(state), firms.coupon, firms.maturity)
    state.ledger.post("corporate borrowing", "cash", "corporate_debt", amount, sector="lenders")


@compiled
def _blend_in(
    amount: np.ndarray,
    debt: np.ndarray,
    kind: np.ndarray,
    today: tuple[float, float, float],
    coupon: np.ndarray,
    maturity: np.ndarray,
) -> None:
    """Blend coupon and maturity of debts with those of what is borrowed today."""
    for firm in range(amount.size):
        if amount[firm] > 0.0:
            before, new = max(debt[firm], 0.0), today[1] if kind[firm] == Kind.PRIVATE else today[0]
            due = blend_of(float(maturity[firm]), before, today[2], amount[firm])
            coupon[firm], maturity[firm] = blend_of(coupon[firm], before, new, amount[firm]), round(due)
