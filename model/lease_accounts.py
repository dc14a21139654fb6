"""Phase 5, the leases: rents collected, prepayments credited, project loans served, builds paid for."""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.economics.blocks import PREPAYMENT_CREDIT_START
from agents.economics.credit import build_draw
from agents.economics.leases import level_payment
from agents.tables import Kind, LeaseStatus
from model.ledger import Posting, Sheet
from model.state import State

MONTHS = 12
CREDIT_START = int(PREPAYMENT_CREDIT_START * MONTHS)
LEASES = Sheet(
    # What was prepaid for a lease that is over, and what falls to the month of one that is not.
    Posting("prepayments credited", "prepayment", "earnings"),
    Posting("prepayments credited", "prepayment", "earnings"),
    Posting("rents", "cash", "earnings", "tenants"),
    Posting("operation of halls", "earnings", "cash", "suppliers"),
    Posting("project interest", "earnings", "cash", "lenders"),
    Posting("project repayment", "project_debt", "cash", "lenders"),
    Posting("project interest added", "property", "project_debt"),
    Posting("parent funding", "cash", "capital", "investors"),
    Posting("project draws", "cash", "project_debt", "lenders"),
    Posting("builds", "property", "restricted_cash", "suppliers"),
    Posting("builds", "property", "cash", "suppliers"),
)
RENTS, LOANS, BUILDS = slice(0, 4), slice(4, 7), slice(7, 11)


def settle_leases(state: State) -> None:
    """Let tenants pay rent, landlords serve their project loans, and builds be paid for."""
    amounts = np.zeros((len(LEASES.postings), len(state.firms)))
    collect_rents(state, amounts[RENTS])
    serve_project_loans(state, amounts[LOANS])
    pay_builds(state, amounts[BUILDS])
    state.ledger.post_sheet(LEASES, amounts)


def collect_rents(state: State, amounts: np.ndarray) -> None:
    """Escalate rents on anniversaries, collect them less prepayment credits, and pay the halls' operation.

    Args:
        state: The state.
        amounts: Filled with prepayments kept and credited, rents and operation by firm.
    """
    leases, scratch = state.leases, state.scratch
    credited = _collect_rents(
        state.month,
        leases.landlord,
        leases.status,
        leases.delivery,
        leases.term,
        leases.rent_now,
        leases.escalator,
        leases.it_mw,
        leases.operating_margin,
        leases.prepaid,
        amounts,
    )
    _less_credits(credited, state.firms.prepayment, amounts, scratch["cash_cost"], scratch["cash_flow"])


@compiled
def _collect_rents(
    month: int,
    landlord: np.ndarray,
    status: np.ndarray,
    delivery: np.ndarray,
    term: np.ndarray,
    rent_now: np.ndarray,
    escalator: np.ndarray,
    it_mw: np.ndarray,
    operating_margin: np.ndarray,
    prepaid: np.ndarray,
    amounts: np.ndarray,
) -> bool:
    """Add up prepayments kept and credited, rents and operation; return whether any was credited."""
    kept, credited, gross, running = amounts
    any_credited = False
    for lease in range(landlord.size):
        firm, age = landlord[lease], month - delivery[lease]
        if status[lease] > LeaseStatus.DELIVERING and prepaid[lease] > 0.0:
            # A tenant's prepayment for a lease that is over stays with the landlord.
            kept[firm] += prepaid[lease]
            prepaid[lease] = 0.0
        if status[lease] != LeaseStatus.DELIVERING:
            continue
        if age > 0 and age % MONTHS == 0:
            rent_now[lease] *= 1.0 + escalator[lease]
        rent = rent_now[lease] * it_mw[lease] / MONTHS
        if age >= CREDIT_START:
            credit = min(prepaid[lease] / max(term[lease] - age, 1), rent)
            any_credited |= credit != 0.0
            credited[firm] += credit
            prepaid[lease] -= credit
        gross[firm] += rent
        running[firm] += rent * (1.0 - operating_margin[lease])
    return any_credited


@compiled
def _less_credits(
    any_credited: bool, prepayment: np.ndarray, amounts: np.ndarray, cost: np.ndarray, flow: np.ndarray
) -> None:
    """Deduct what was prepaid from rents, and note the landlords' running cost and cash flow."""
    kept, credited, gross, running = amounts
    for firm in range(prepayment.size):
        # The account is the sum over leases up to round-off, and must not end below zero.
        kept[firm] = max(min(kept[firm], prepayment[firm]), 0.0)
        earned = min(credited[firm], prepayment[firm] - kept[firm]) if any_credited else 0.0
        credited[firm] = max(earned, 0.0)
        gross[firm] = max(gross[firm] - earned, 0.0)
        cost[firm] += running[firm]
        flow[firm] += gross[firm] - running[firm]


def serve_project_loans(state: State, amounts: np.ndarray) -> None:
    """Pay level instalments over what is left of the term; while a hall is built its interest is added.

    A loan outlives a tenant's default: the landlord goes on paying until its own estate is settled.

    Args:
        state: The state.
        amounts: Filled with interest, repayment and interest added by firm.
    """
    firms, leases, scratch = state.firms, state.leases, state.scratch
    rows, debt, rate, months = _loans(
        state.month,
        leases.landlord,
        leases.status,
        leases.delivery,
        leases.term,
        leases.project_debt,
        leases.project_rate,
        amounts[2],
    )
    if len(rows):
        paid = level_payment(debt, rate, months / MONTHS, periods_per_year=MONTHS)
        _repay(rows, debt, rate, paid, leases.landlord, leases.project_debt, amounts)
        _note_service(firms.project_debt, amounts, scratch["cash_cost"], scratch["cash_flow"])


@compiled
def _loans(
    month: int,
    landlord: np.ndarray,
    status: np.ndarray,
    delivery: np.ndarray,
    term: np.ndarray,
    project_debt: np.ndarray,
    project_rate: np.ndarray,
    added: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Add interest to loans of builds; return lease, debt, rate and months left of loans to be served."""
    rows, count = np.empty(landlord.size, np.int64), 0
    for lease in range(landlord.size):
        if not project_debt[lease] > 0.0:
            continue
        if status[lease] == LeaseStatus.BUILDING:
            interest = project_debt[lease] * project_rate[lease] / MONTHS
            project_debt[lease] += interest
            added[landlord[lease]] += interest
        else:
            rows[count] = lease
            count += 1
    rows = rows[:count]
    months = np.maximum(delivery[rows] + term[rows] - month, 1)
    return rows, project_debt[rows], project_rate[rows], months


@compiled
def _repay(
    rows: np.ndarray,
    debt: np.ndarray,
    rate: np.ndarray,
    paid: np.ndarray,
    landlord: np.ndarray,
    project_debt: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Lower loans by their instalments, and add up interest and principal by landlord."""
    cost, repaid = amounts[0], amounts[1]
    for number, lease in enumerate(rows):
        interest = debt[number] * rate[number] / MONTHS
        principal = min(paid[number] - interest, debt[number])
        project_debt[lease] = debt[number] - principal
        cost[landlord[lease]] += interest
        repaid[landlord[lease]] += principal


@compiled
def _note_service(project_debt: np.ndarray, amounts: np.ndarray, cost: np.ndarray, flow: np.ndarray) -> None:
    """Keep repayment within the account, and note the landlords' debt service."""
    interest, repaid = amounts[0], amounts[1]
    for firm in range(project_debt.size):
        principal = min(repaid[firm], project_debt[firm])
        repaid[firm] = max(principal, 0.0)
        cost[firm] += interest[firm] + principal
        flow[firm] -= interest[firm] + principal


def pay_builds(state: State, amounts: np.ndarray) -> None:
    """Spend on builds evenly until the promised delivery: from loans, then reserved cash, then free cash.

    Parents of arms put in the money as it is spent.

    Args:
        state: The state.
        amounts: Filled with what parents and lenders put in and is paid from reserved and free cash, by firm.
    """
    firms, leases = state.firms, state.leases
    rows, capex, spent, months = _builds(
        state.month, leases.status, leases.promised, leases.capex, leases.capex_spent
    )
    if len(rows):
        draw = build_draw(capex, spent, months)
        _spend(
            rows,
            draw,
            months,
            leases.landlord,
            leases.capex,
            leases.loan_share,
            leases.capex_spent,
            leases.project_debt,
            amounts,
        )
        _share_out(firms.kind, firms.restricted_cash, amounts)


@compiled
def _builds(
    month: int, status: np.ndarray, promised: np.ndarray, capex: np.ndarray, capex_spent: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return lease, cost, what is spent of it and months left of builds not paid for yet."""
    rows, months, count = np.empty(status.size, np.int64), np.empty(status.size, np.int64), 0
    for lease in range(status.size):
        if status[lease] <= LeaseStatus.DELIVERING and capex[lease] > capex_spent[lease]:
            # A lease delivers before the month is settled, so its last draw falls a month earlier.
            months[count] = promised[lease] - month if status[lease] == LeaseStatus.BUILDING else 1
            rows[count] = lease
            count += 1
    rows = rows[:count]
    return rows, capex[rows], capex_spent[rows], months[:count]


@compiled
def _spend(
    rows: np.ndarray,
    draw: np.ndarray,
    months: np.ndarray,
    landlord: np.ndarray,
    capex: np.ndarray,
    loan_share: np.ndarray,
    capex_spent: np.ndarray,
    project_debt: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Book what builds draw, and add up by landlord what is lent for them and what it pays itself."""
    borrowed, own = amounts[1], amounts[2]
    for number, lease in enumerate(rows):
        loan = draw[number] * loan_share[lease]
        capex_spent[lease] = capex_spent[lease] + draw[number] if months[number] > 1 else capex[lease]
        project_debt[lease] += loan
        borrowed[landlord[lease]] += loan
        own[landlord[lease]] += draw[number] - loan


@compiled
def _share_out(kind: np.ndarray, restricted_cash: np.ndarray, amounts: np.ndarray) -> None:
    """Say what of the owners' part parents put in, and what is paid from reserved and from free cash."""
    funded, borrowed, reserved, free = amounts
    for firm in range(kind.size):
        own = reserved[firm]
        reserved[firm] = min(own, max(restricted_cash[firm], 0.0))
        funded[firm] = own - reserved[firm] if kind[firm] == Kind.AI_CUSTOMER else 0.0
        free[firm] = borrowed[firm] + own - reserved[firm]
