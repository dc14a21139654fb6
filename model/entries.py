"""The compiled loops of the ledger: amounts entered in accounts, cash moved, balance sheets added up.

The sign of an account is 1 where a debit raises it (assets) and -1 where a debit lowers it (debts, equity).
"""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled


@compiled
def enter(
    debited: np.ndarray, debit_sign: float, credited: np.ndarray, credit_sign: float, amount: np.ndarray
) -> bool:
    """Enter one amount per firm in two accounts, unless one is negative; return whether it was done."""
    for firm in range(amount.size):
        if not amount[firm] >= 0.0:
            return False
    for firm in range(amount.size):
        debited[firm] += debit_sign * amount[firm]
        credited[firm] -= credit_sign * amount[firm]
    return True


@compiled
def enter_rows(
    debited: np.ndarray,
    debit_sign: float,
    credited: np.ndarray,
    credit_sign: float,
    rows: np.ndarray,
    amount: np.ndarray,
) -> None:
    """Enter one amount per row in two accounts."""
    for place in range(rows.size):
        debited[rows[place]] += debit_sign * amount[place]
        credited[rows[place]] -= credit_sign * amount[place]


@compiled
def enter_sheet(
    accounts: tuple[np.ndarray, ...],
    debits: np.ndarray,
    debit_signs: np.ndarray,
    credits_: np.ndarray,
    credit_signs: np.ndarray,
    amounts: np.ndarray,
) -> bool:
    """Enter rows of amounts, each in two accounts, until one is negative; return whether all were entered.

    Args:
        accounts: Columns of all accounts.
        debits: Number of the account debited, by row.
        debit_signs: Its sign.
        credits_: Number of the account credited, by row.
        credit_signs: Its sign.
        amounts: musd, one row per posting and one column per firm.
    """
    for row in range(len(amounts)):
        debited, credited = accounts[debits[row]], accounts[credits_[row]]
        if not enter(debited, debit_signs[row], credited, credit_signs[row], amounts[row]):
            return False
    return True


@compiled
def pay(
    cash: np.ndarray,
    debited: np.ndarray,
    debit_sign: float,
    credited: np.ndarray,
    credit_sign: float,
    payers: np.ndarray,
    payees: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Move cash from payers, whose account is debited for it, to payees, whose account is credited."""
    for number in range(amounts.size):
        cash[payers[number]] -= amounts[number]
        debited[payers[number]] += debit_sign * amounts[number]
    for number in range(amounts.size):
        cash[payees[number]] += amounts[number]
        credited[payees[number]] -= credit_sign * amounts[number]


@compiled
def add_up(
    table: np.ndarray, accounts: np.ndarray, signs: np.ndarray, tolerance: float
) -> tuple[int, float, np.ndarray]:
    """Add up balance sheets and accounts.

    Args:
        table: Columns of firms, [columns, firms].
        accounts: Which of them are the accounts.
        signs: Sign of each.
        tolerance: Round-off allowed, relative to the gross amounts of a firm.

    Returns:
        The first firm whose sheet does not balance (-1 for none), gross amounts, and the sum of each account.
    """
    firms, totals, everything = table.shape[1], np.zeros(accounts.size), 0.0
    gap, gross = np.zeros(firms), np.zeros(firms)
    for number in range(accounts.size):
        for firm in range(firms):
            amount = table[accounts[number], firm]
            gap[firm] += signs[number] * amount
            gross[firm] += abs(amount)
            totals[number] += amount
    wrong = -1
    for firm in range(firms):
        everything += gross[firm]
        # NaN fails the comparison.
        if wrong < 0 and not abs(gap[firm]) <= tolerance * gross[firm]:
            wrong = firm
    return wrong, everything, totals
