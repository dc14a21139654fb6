"""What pays for mining machines: own cash, loans that the machines secure, and new shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.funding import (
    add_corporate_debt,
    equity_room,
    issue_equity,
    miners,
    sector_debt_left,
    uncommitted_cash,
)

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12


class MachineFunds(NamedTuple):
    """Where the money for machines comes from, musd by firm."""

    own: np.ndarray
    equity: np.ndarray
    loan: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Return what can be paid."""
        return self.own + self.equity + self.loan


def machine_funds(state: State, cost: np.ndarray, own: np.ndarray) -> MachineFunds:
    """Return how firms could pay for machines they want; nothing is drawn yet.

    Own cash comes first, then a loan that the machines secure, whatever else the firm owes; a listed firm
    issues what it must bring besides, out of the part of its window that signed builds do not need. When
    lenders have not enough for all, every borrower gets the same part.

    Args:
        state: The state; nothing is changed.
        cost: Of the machines, musd by firm.
        own: Cash that a firm can spend on them, musd; infinite without limits to money.
    """
    finance = state.scenario.finance
    own = np.minimum(own, cost)
    if not finance.enabled:
        return MachineFunds(own, np.zeros(len(cost)), np.zeros(len(cost)))
    share = finance.loan_to_value_machines * finance.debt_enabled
    builds = np.maximum(-uncommitted_cash(state), 0.0)
    room = np.maximum(equity_room(state) - builds, 0.0)
    equity = np.minimum(np.maximum((1.0 - share) * cost - own, 0.0), room)
    loan = np.minimum(share / (1.0 - share) * (own + equity), cost - own - equity) * miners(state)
    total = float(loan.sum())
    if total > 0.0:
        loan *= min(1.0, sector_debt_left(state) / total)
    return MachineFunds(own, equity, loan)


def draw_machine_funds(state: State, funds: MachineFunds, paid: np.ndarray) -> None:
    """Raise what machines are paid with besides own cash: shares, and loans over the life of the debt."""
    if not (funds.equity.any() or funds.loan.any()):
        return
    total = funds.total
    part = np.minimum(paid / np.where(total > 0.0, total, 1.0), 1.0)
    issue_equity(state, funds.equity * part)
    add_corporate_debt(state, funds.loan * part, state.scenario.finance.debt_years * MONTHS)
