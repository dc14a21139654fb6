"""What pays for mining machines: own cash, and loans that the machines secure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.funding import add_corporate_debt, miners, sector_debt_left

if TYPE_CHECKING:
    from model.state import State


class MachineFunds(NamedTuple):
    """Where the money for machines comes from, musd by firm."""

    own: np.ndarray
    loan: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Return what can be paid."""
        return self.own + self.loan


def machine_funds(state: State, cost: np.ndarray, own: np.ndarray) -> MachineFunds:
    """Return how firms could pay for machines they want; nothing is drawn yet.

    Own cash comes first, then a loan that the machines secure, whatever else the firm owes. Shares are not
    issued for machines: shareholders pay for builds. When lenders have not enough for all, every borrower
    gets the same part.

    Args:
        state: The state; nothing is changed.
        cost: Of the machines, musd by firm.
        own: Cash that a firm can spend on them, musd; infinite without limits to money.
    """
    finance = state.scenario.finance
    own = np.minimum(own, cost)
    if not finance.enabled:
        return MachineFunds(own, np.zeros(len(cost)))
    share = finance.loan_to_value_machines * finance.debt_enabled
    loan = np.minimum(share / (1.0 - share) * own, cost - own) * miners(state)
    total = float(loan.sum())
    if total > 0.0:
        loan *= min(1.0, sector_debt_left(state) / total)
    return MachineFunds(own, loan)


def draw_machine_funds(state: State, funds: MachineFunds, paid: np.ndarray) -> None:
    """Draw the loans that machines are paid with, over the life of the debt."""
    if not funds.loan.any():
        return
    total = funds.total
    part = np.minimum(paid / np.where(total > 0.0, total, 1.0), 1.0)
    add_corporate_debt(state, funds.loan * part)
