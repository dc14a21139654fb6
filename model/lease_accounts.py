"""Phase 5, the leases: rents collected, prepayments credited, project loans served, builds paid for."""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.economics.blocks import PREPAYMENT_CREDIT_START
from agents.economics.credit import draw_of
from agents.economics.leases import level_payment_of
from agents.tables import Kind, LeaseStatus
from model.ledger import Posting
from model.state import State

MONTHS = 12
CREDIT_START = int(PREPAYMENT_CREDIT_START * MONTHS)
LEASES = (
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


def settle_leases(state: State, amounts: np.ndarray) -> None:
    """Let tenants pay rent, landlords serve their project loans, and builds be paid for.

    Args:
        state: The state.
        amounts: Filled with what is to be posted by firm (see `LEASES`), zeros so far.
    """
    firms, scratch = state.firms, state.scratch
    credited = collect_rents(state, amounts[RENTS])
    served = serve_project_loans(state, amounts[LOANS])
    pay_builds(state, amounts[BUILDS])
    accounts = firms.prepayment, firms.project_debt, firms.restricted_cash
    purse = scratch["cash_cost"], scratch["cash_flow"]
    _add_up(credited, served, firms.kind, *accounts, *purse, amounts)


@compiled
def _add_up(
    any_credited: bool,
    any_served: bool,
    kind: np.ndarray,
    prepayment: np.ndarray,
    project_debt: np.ndarray,
    restricted_cash: np.ndarray,
    cost: np.ndarray,
    flow: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Keep what is posted within the accounts; note the landlords' cost, debt service and cash flow."""
    kept, credited, gross, running, interest, repaid, _, funded, borrowed, reserved, free = amounts
    for firm in range(kind.size):
        # The account is the sum over leases up to round-off, and must not end below zero.
        kept[firm] = max(min(kept[firm], prepayment[firm]), 0.0)
        earned = min(credited[firm], prepayment[firm] - kept[firm]) if any_credited else 0.0
        credited[firm] = max(earned, 0.0)
        gross[firm] = max(gross[firm] - earned, 0.0)
        cost[firm] += running[firm]
        flow[firm] += gross[firm] - running[firm]
        if any_served:
            principal = min(repaid[firm], project_debt[firm])
            repaid[firm] = max(principal, 0.0)
            cost[firm] += interest[firm] + principal
            flow[firm] -= interest[firm] + principal
        # Reserved cash pays first for the owners' part; parents of arms put in what is missing.
        own = reserved[firm]
        reserved[firm] = min(own, max(restricted_cash[firm], 0.0))
        funded[firm] = own - reserved[firm] if kind[firm] == Kind.AI_CUSTOMER else 0.0
        free[firm] = borrowed[firm] + own - reserved[firm]


def collect_rents(state: State, amounts: np.ndarray) -> bool:
    """Escalate rents on anniversaries, collect them less prepayment credits, and pay the halls' operation.

    Args:
        state: The state.
        amounts: Filled with prepayments kept and credited, rents and operation by firm.

    Returns:
        Whether any prepayment was credited.
    """
    leases = state.leases
    return _collect_rents(
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


def serve_project_loans(state: State, amounts: np.ndarray) -> bool:
    """Pay level instalments over what is left of the term; while a hall is built its interest is added.

    A loan outlives a tenant's default: the landlord goes on paying until its own estate is settled.

    Args:
        state: The state.
        amounts: Filled with interest, repayment and interest added by firm.

    Returns:
        Whether there is any loan to be served.
    """
    leases = state.leases
    rows, loans = _loans(
        state.month,
        leases.landlord,
        leases.status,
        leases.delivery,
        leases.term,
        leases.project_debt,
        leases.project_rate,
        amounts[2],
    )
    if not len(rows):
        return False
    log_rate = np.log1p(loans[0])
    grown = np.expm1(-log_rate * loans[1])
    debts = leases.landlord, leases.project_rate, leases.project_debt
    _repay(rows, loans, log_rate, grown, *debts, amounts)
    return True


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
) -> tuple[np.ndarray, np.ndarray]:
    """Add interest while building; return leases that serve loans, and monthly rate, months left and debt."""
    rows, loans, count = np.empty(landlord.size, np.int64), np.empty((3, landlord.size)), 0
    for lease in range(landlord.size):
        if not project_debt[lease] > 0.0:
            continue
        if status[lease] == LeaseStatus.BUILDING:
            interest = project_debt[lease] * project_rate[lease] / MONTHS
            project_debt[lease] += interest
            added[landlord[lease]] += interest
        else:
            rows[count] = lease
            loans[0, count] = project_rate[lease] / MONTHS
            loans[1, count] = max(delivery[lease] + term[lease] - month, 1)
            loans[2, count] = project_debt[lease]
            count += 1
    return rows[:count], loans[:, :count]


@compiled
def _repay(
    rows: np.ndarray,
    loans: np.ndarray,
    log_rate: np.ndarray,
    grown: np.ndarray,
    landlord: np.ndarray,
    project_rate: np.ndarray,
    project_debt: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Lower loans by their instalments, and add up interest and principal by landlord."""
    cost, repaid = amounts[0], amounts[1]
    for number in range(rows.size):
        lease, rate, months, debt = rows[number], loans[0, number], loans[1, number], loans[2, number]
        interest = debt * project_rate[lease] / MONTHS
        paid = level_payment_of(debt, rate, log_rate[number], months, grown[number])
        principal = min(paid - interest, debt)
        project_debt[lease] = debt - principal
        cost[landlord[lease]] += interest
        repaid[landlord[lease]] += principal


def pay_builds(state: State, amounts: np.ndarray) -> None:
    """Spend on builds evenly until the promised delivery: from loans, then reserved cash, then free cash.

    Parents of arms put in the money as it is spent.

    Args:
        state: The state.
        amounts: Filled with what lenders put in (in its second row) and owners have to pay (in its third).
    """
    leases = state.leases
    _pay_builds(
        state.month,
        leases.landlord,
        leases.status,
        leases.promised,
        leases.capex,
        leases.loan_share,
        leases.capex_spent,
        leases.project_debt,
        amounts,
    )


@compiled
def _pay_builds(
    month: int,
    landlord: np.ndarray,
    status: np.ndarray,
    promised: np.ndarray,
    capex: np.ndarray,
    loan_share: np.ndarray,
    capex_spent: np.ndarray,
    project_debt: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Book what builds not paid for yet draw; add up by landlord what is lent for them and what it pays."""
    borrowed, own = amounts[1], amounts[2]
    for lease in range(status.size):
        if status[lease] > LeaseStatus.DELIVERING or not capex[lease] > capex_spent[lease]:
            continue
        # A lease delivers before the month is settled, so its last draw falls a month earlier.
        months = promised[lease] - month if status[lease] == LeaseStatus.BUILDING else 1
        draw = draw_of(capex[lease], capex_spent[lease], float(months))
        loan = draw * loan_share[lease]
        capex_spent[lease] = capex_spent[lease] + draw if months > 1 else capex[lease]
        project_debt[lease] += loan
        borrowed[landlord[lease]] += loan
        own[landlord[lease]] += draw - loan
