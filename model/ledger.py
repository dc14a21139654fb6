"""Double-entry books of every firm: the only place where money moves.

Each account is a column of the firms table. A posting debits one account and credits another by the same
amount, so that a balance sheet which balances goes on balancing, and cash that leaves a firm arrives with
another firm or with a named sector outside (lenders, power, tenants, ...). Nothing is created or lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sized
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from agents.columns import Table, rows_where
from model.entries import add_up, enter, enter_rows, enter_sheet, pay

ASSETS = ("cash", "restricted_cash", "bitcoin", "machines", "property")
LIABILITIES = ("corporate_debt", "project_debt", "prepayment")
EQUITY = ("capital", "earnings")
ACCOUNTS = (*ASSETS, *LIABILITIES, *EQUITY)
MONEY = ("cash", "restricted_cash")
DEBTS = ("corporate_debt", "project_debt")
MONTHS_REMEMBERED = 11
"""Months that make a year together with the present one."""
TOLERANCE = 1e-9
"""Round-off allowed, relative to the gross amounts involved."""

_SIGN_OF_DEBIT = {name: 1.0 if name in ASSETS else -1.0 for name in ACCOUNTS}
_NUMBER_OF = {name: number for number, name in enumerate(ACCOUNTS)}
_SIGNS = np.array(list(_SIGN_OF_DEBIT.values()))
_accounts = itemgetter(*ACCOUNTS)
_RAISE = {name: np.add if name in ASSETS else np.subtract for name in ACCOUNTS}
_LOWER = {name: np.subtract if name in ASSETS else np.add for name in ACCOUNTS}
# The methods of arrays that do the same take twice as long for some hundred firms.
_sum, _least = np.add.reduce, np.minimum.reduce

_FLOAT = np.dtype(float)
_EFFECTS = {
    (debit, credit): (float(credit in MONEY) - float(debit in MONEY), debit in DEBTS or credit in DEBTS)
    for debit in ACCOUNTS
    for credit in ACCOUNTS
}
"""Sign of what a sector outside receives by a posting, and whether it moves a debt."""

type Amount = np.ndarray | float


class LedgerError(AssertionError):
    """A posting that cannot be, or books that do not balance."""


class Posting(NamedTuple):
    """A posting of one amount per firm (see `Ledger.post`).

    Attributes:
        flow: Name under which the month's total is kept.
        debit: Account debited.
        credit: Account credited.
        sector: Who is on the other side of the cash when exactly one account is cash.
        taken_back: Whether part of what was posted this month is undone (see `Ledger.take_back`).
    """

    flow: str
    debit: str
    credit: str
    sector: str | None = None
    taken_back: bool = False


class Sheet:
    """Postings that are made together, one after the other."""

    def __init__(self, *postings: Posting) -> None:
        """Line up the postings."""
        for posting in postings:
            _check_sector(*posting[:4])
        self.postings = postings
        self.debits = np.array([_NUMBER_OF[posting.debit] for posting in postings])
        self.credits = np.array([_NUMBER_OF[posting.credit] for posting in postings])
        ways = np.array([-1.0 if posting.taken_back else 1.0 for posting in postings])
        self.debit_signs = ways * [_SIGN_OF_DEBIT[posting.debit] for posting in postings]
        self.credit_signs = ways * [_SIGN_OF_DEBIT[posting.credit] for posting in postings]


@dataclass
class DebtRoll:
    """What became of one kind of debt this month: opens + draws - repays - haircuts = closes (musd)."""

    opens: float = 0.0
    draws: float = 0.0
    repays: float = 0.0
    haircuts: float = 0.0

    @property
    def closes(self) -> float:
        """Return what must be outstanding now."""
        return self.opens + self.draws - self.repays - self.haircuts


class Ledger:
    """Posts to the accounts of the firms table and remembers this month's flows."""

    def __init__(self, firms: Table) -> None:
        """Open the books of the firms that are there, as they stand (see `set_opening_capital`)."""
        self.firms = firms
        self.flows: dict[str, float] = {}
        self.sector_cash: dict[str, float] = {}
        self.debt = {name: DebtRoll() for name in DEBTS}
        self._drawn_before: deque[float] = deque(maxlen=MONTHS_REMEMBERED)
        self._money = self._cash_of_firms()
        self._open_debt()

    def set_opening_capital(self, rows: np.ndarray) -> None:
        """Let capital be what assets exceed liabilities by, for firms whose other accounts are filled in.

        Such an opening balance is no flow. A firm that appears during a run is better founded by a posting.
        """
        column = self.firms.__dict__
        column["earnings"][rows] = 0.0
        column["capital"][rows] = sum(column[name][rows] for name in ASSETS) - sum(
            column[name][rows] for name in LIABILITIES
        )
        self._money = self._cash_of_firms() + sum(self.sector_cash.values())
        self._open_debt()

    def new_month(self) -> None:
        """Forget the flows of the month before and carry the debt forward."""
        self.flows.clear()
        self._drawn_before.append(self.debt["corporate_debt"].draws)
        self._open_debt()

    def borrowed_in_year(self, more: float = 0.0) -> float:
        """Return the corporate debt newly taken up by all firms over the trailing twelve months, musd.

        Args:
            more: What is taken up besides and not posted yet, musd.
        """
        return sum(self._drawn_before) + (self.debt["corporate_debt"].draws + more)

    def post(
        self,
        flow: str,
        debit: str,
        credit: str,
        amount: Amount,
        rows: np.ndarray | None = None,
        sector: str | None = None,
    ) -> None:
        """Post one amount per firm, to all firms or to `rows` (each at most once).

        Args:
            flow: Name under which the month's total is kept.
            debit: Account debited: assets rise, debts and equity fall.
            credit: Account credited: assets fall, debts and equity rise.
            amount: musd, zero or more, one per firm (or row) or one for all.
            rows: Firm rows, or None for every firm.
            sector: Who is on the other side of the cash when exactly one account is cash.
        """
        _check_sector(flow, debit, credit, sector)
        if rows is None:
            total = self._post_to_all(flow, debit, credit, amount)
        else:
            total = self._post_to_some(flow, debit, credit, amount, rows)
        self._note(flow, debit, credit, sector, total)

    def post_sheet(self, sheet: Sheet, amounts: np.ndarray) -> None:
        """Post to all firms what a sheet lists, in its order.

        Args:
            sheet: The postings.
            amounts: musd, zero or more, one row per posting and one column per firm.
        """
        totals = _sum(amounts, 1).tolist()
        accounts = _accounts(self.firms.__dict__)
        sides = (sheet.debits, sheet.debit_signs, sheet.credits, sheet.credit_signs)
        # NaN fails the comparison.
        if not (sum(totals) < np.inf and enter_sheet(accounts, *sides, amounts)):
            for posting, amount in zip(sheet.postings, amounts, strict=True):
                self._total(posting.flow, amount, amount)
        for (flow, debit, credit, sector, taken_back), total in zip(sheet.postings, totals, strict=True):
            if total:
                self._note(flow, debit, credit, sector, -total if taken_back else total)
            else:
                self.flows.setdefault(flow, 0.0)

    def _post_to_all(self, flow: str, debit: str, credit: str, amount: Amount) -> float:
        """Enter one amount per firm, or one for all, in two accounts; return the total."""
        column = self.firms.__dict__
        debited, credited = column[debit], column[credit]
        if isinstance(amount, np.ndarray) and amount.dtype is _FLOAT and amount.shape == debited.shape:
            total = float(_sum(amount))
            signs = _SIGN_OF_DEBIT[debit], _SIGN_OF_DEBIT[credit]
            # NaN fails the comparison.
            if total < np.inf and enter(debited, signs[0], credited, signs[1], amount):
                return total
        total = self._total(flow, amount, self.firms)
        _RAISE[debit](debited, amount, debited)
        _LOWER[credit](credited, amount, credited)
        return total

    def _post_to_some(self, flow: str, debit: str, credit: str, amount: Amount, rows: np.ndarray) -> float:
        """Enter one amount per row, or one for all of them, in two accounts; return the total."""
        column, total = self.firms.__dict__, self._total(flow, amount, rows)
        if not (isinstance(amount, np.ndarray) and amount.shape == rows.shape):
            amount = np.full(len(rows), amount, dtype=float)
        enter_rows(column[debit], _SIGN_OF_DEBIT[debit], column[credit], _SIGN_OF_DEBIT[credit], rows, amount)
        return total

    def take_back(
        self, flow: str, debit: str, credit: str, amount: np.ndarray, rows: np.ndarray, sector: str
    ) -> None:
        """Undo part of what was posted this month: a payment that turned out to have no money behind it."""
        total = self._total(flow, amount, rows)
        column = self.firms.__dict__
        column[debit][rows] = _LOWER[debit](column[debit][rows], amount)
        column[credit][rows] = _RAISE[credit](column[credit][rows], amount)
        self.flows[flow] = self.flows.get(flow, 0.0) - total
        if (debit in MONEY) != (credit in MONEY):
            self.sector_cash[sector] -= total if credit in MONEY else -total
        if debit in DEBTS or credit in DEBTS:
            self._roll(debit, credit, -total)

    def transfer(
        self,
        flow: str,
        payers: np.ndarray,
        payees: np.ndarray,
        amounts: Amount,
        debit: str = "earnings",
        credit: str = "earnings",
    ) -> None:
        """Pay cash from firm to firm; rows may repeat.

        Args:
            flow: Name under which the month's total is kept.
            payers: Firm rows; each debits `debit` and credits cash.
            payees: Firm rows; each debits cash and credits `credit`.
            amounts: musd, zero or more.
            debit: Account of the payer: what it paid for.
            credit: Account of the payee: what it gave for the cash.
        """
        if not isinstance(amounts, np.ndarray):
            amounts = np.full(len(payers), float(amounts))
        total = self._total(flow, amounts, payers)
        debited, credited = self.firms.__dict__[debit], self.firms.__dict__[credit]
        debit_sign, credit_sign = _SIGN_OF_DEBIT[debit], _SIGN_OF_DEBIT[credit]
        pay(self.firms.cash, debited, debit_sign, credited, credit_sign, payers, payees, amounts)
        self.flows[flow] = self.flows.get(flow, 0.0) + total
        if debit in DEBTS:
            self._roll(debit, "cash", total)
        if credit in DEBTS:
            self._roll("cash", credit, total)

    def assume(
        self, flow: str, account: str, sellers: np.ndarray, buyers: np.ndarray, amounts: Amount, against: str
    ) -> None:
        """Pass a debt on with what it was taken out for; the total owed stays as it is. Rows may repeat.

        Args:
            flow: Name under which the month's total is kept.
            account: Debt or prepayment that changes hands.
            sellers: Firm rows relieved of it; the relief goes to their earnings.
            buyers: Firm rows that owe it from now on.
            amounts: musd, zero or more.
            against: Asset of the buyer whose cost it is part of.
        """
        if account not in LIABILITIES or against not in ASSETS or against in MONEY:
            raise LedgerError(f"{flow}: cannot assume {account} against {against}")
        column = self.firms.__dict__
        total = self._total(flow, amounts, sellers)
        np.add.at(column[account], sellers, np.negative(amounts))
        np.add.at(column["earnings"], sellers, amounts)
        np.add.at(column[account], buyers, amounts)
        np.add.at(column[against], buyers, amounts)
        self.flows[flow] = self.flows.get(flow, 0.0) + total

    def absorb(self, row: int, heir: int) -> None:
        """Add all accounts of a firm to those of its heir and leave zeros: a merger of the books."""
        for name in ACCOUNTS:
            accounts = self.firms.__dict__[name]
            accounts[heir] += accounts[row]
            accounts[row] = 0.0

    def close(self, rows: np.ndarray) -> None:
        """Close the books of the dead: equity is set off against itself, and every account is exactly zero.

        Raises:
            LedgerError: If more than round-off is left in an account.
        """
        books, places = self.firms.matrix("float64"), self.firms.positions(ACCOUNTS)
        gross = np.abs(books[places])
        # A firm that has paid everything out may have nothing left but round-off.
        slack = TOLERANCE * (gross[:, rows].sum(axis=0) + TOLERANCE * gross.sum())
        column = self.firms.__dict__
        column["capital"][rows] += column["earnings"][rows]
        column["earnings"][rows] = 0.0
        theirs = places[:, None], rows
        left = books[theirs]
        off = np.abs(left) > slack
        if off.any():
            account = int(rows_where(off.any(axis=1))[0])
            raise LedgerError(f"{ACCOUNTS[account]} of a closed firm is {left[account]} musd and not zero")
        books[theirs] = 0.0

    def check(self) -> None:
        """Assert that balance sheets balance, that no cash came or went, and that the debt rolls forward.

        Raises:
            LedgerError: Naming the firm or total that is off.
        """
        books = self.firms.matrix("float64"), self.firms.positions(ACCOUNTS)
        row, gross, totals = add_up(*books, _SIGNS, TOLERANCE)
        if row >= 0:
            amounts = self.firms.together(ACCOUNTS)[:, row]
            off, size = abs(amounts @ _SIGNS), np.abs(amounts).sum()
            raise LedgerError(f"the balance sheet of firm {row} is off by {off} musd of {size}")
        held: dict[str, float] = dict(zip(ACCOUNTS, totals.tolist(), strict=True))
        self._check_money(sum(held[name] for name in MONEY), gross)
        for name, roll in self.debt.items():
            _compare(name, held[name], roll.closes, gross)

    def _check_money(self, of_firms: float, gross: float) -> None:
        held = of_firms + sum(self.sector_cash.values())
        scale = gross + sum(abs(cash) for cash in self.sector_cash.values())
        _compare("cash of firms and sectors", held, self._money, scale)

    def _cash_of_firms(self) -> float:
        return float(sum(self.firms.__dict__[name].sum() for name in MONEY))

    def _open_debt(self) -> None:
        for name in DEBTS:
            self.debt[name] = DebtRoll(opens=float(self.firms.__dict__[name].sum()))

    def _total(self, flow: str, amount: Amount, rows: Sized) -> float:
        """Return the sum of what is posted to some rows, once it is known to be finite and not negative."""
        if isinstance(amount, np.ndarray):
            total, least = float(_sum(amount, None)), _least(amount, None) if amount.size else 0.0
        else:
            total, least = float(amount) * len(rows), amount
        # NaN fails both comparisons.
        if not (least >= 0.0 and total < np.inf):
            wrong = least if not least >= 0.0 else total
            raise LedgerError(f"{flow}: amounts must be finite and not negative, got {wrong}")
        return total

    def _note(self, flow: str, debit: str, credit: str, sector: str | None, total: float) -> None:
        """Remember what was posted: the flow, the sector's cash and the debt."""
        self.flows[flow] = self.flows.get(flow, 0.0) + total
        if total == 0.0:
            return
        received, rolls = _EFFECTS[debit, credit]
        if sector is not None and received:
            self.sector_cash[sector] = self.sector_cash.get(sector, 0.0) + received * total
        if rolls:
            self._roll(debit, credit, total)

    def _roll(self, debit: str, credit: str, total: float) -> None:
        if credit in DEBTS:
            self.debt[credit].draws += total
        if debit in DEBTS:
            roll = self.debt[debit]
            if credit in EQUITY:
                roll.haircuts += total
            else:
                roll.repays += total


def _check_sector(flow: str, debit: str, credit: str, sector: str | None) -> None:
    if sector is None and (debit in MONEY) != (credit in MONEY):
        raise LedgerError(f"{flow}: cash moves, so the sector on the other side must be named")


def _compare(what: str, found: float, expected: float, scale: float) -> None:
    if not abs(found - expected) <= TOLERANCE * scale:
        raise LedgerError(f"{what}: {found} musd, should be {expected}")
