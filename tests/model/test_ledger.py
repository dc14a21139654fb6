"""The books: every flow has two sides, and nothing is created or lost."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.columns import Table
from agents.tables import FIRM
from model.ledger import (
    ACCOUNTS,
    ASSETS,
    DEBTS,
    EQUITY,
    LIABILITIES,
    MONEY,
    Ledger,
    LedgerError,
    Posting,
    Sheet,
)

FIRMS = 5


def opened(cash=100.0, corporate_debt=40.0, machines=60.0):
    firms = Table(FIRM)
    rows = firms.add(FIRMS, {"cash": cash, "corporate_debt": corporate_debt, "machines": machines})
    ledger = Ledger(firms)
    ledger.set_opening_capital(rows)
    return firms, ledger


def test_opening_capital_is_what_assets_exceed_liabilities_by():
    firms, ledger = opened()
    np.testing.assert_allclose(firms.capital, 120.0)
    ledger.check()


def test_an_expense_lowers_cash_and_earnings_and_the_sector_gets_the_cash():
    firms, ledger = opened()
    ledger.post("energy", "earnings", "cash", np.full(FIRMS, 3.0), sector="power")
    np.testing.assert_allclose(firms.cash, 97.0)
    np.testing.assert_allclose(firms.earnings, -3.0)
    assert ledger.sector_cash == {"power": 15.0}
    assert ledger.flows == {"energy": 15.0}
    ledger.check()


def test_a_posting_may_touch_some_firms_only():
    firms, ledger = opened()
    ledger.post("interest", "earnings", "cash", 2.0, rows=np.array([1, 3]), sector="lenders")
    np.testing.assert_allclose(firms.cash, [100, 98, 100, 98, 100])
    assert ledger.sector_cash["lenders"] == pytest.approx(4.0)


def test_debt_drawn_and_repaid_and_written_off_rolls_forward():
    _, ledger = opened()
    ledger.new_month()
    ledger.post("draw", "cash", "corporate_debt", 10.0, sector="lenders")
    ledger.post("repay", "corporate_debt", "cash", 4.0, sector="lenders")
    ledger.post("haircut", "corporate_debt", "earnings", 1.0)
    roll = ledger.debt["corporate_debt"]
    assert (roll.opens, roll.draws, roll.repays, roll.haircuts) == (200.0, 50.0, 20.0, 5.0)
    ledger.check()
    ledger.new_month()
    assert ledger.debt["corporate_debt"].opens == pytest.approx(225.0)
    assert ledger.flows == {}


def test_a_sheet_takes_back_part_of_what_was_posted():
    repaid = Posting("repay", "corporate_debt", "cash", "lenders")
    amounts = np.array([np.full(FIRMS, 4.0), np.arange(FIRMS, dtype=float)])
    firms, ledger = opened()
    ledger.post_sheet(Sheet(repaid, repaid._replace(taken_back=True)), amounts)
    twin, once = opened()
    once.post("repay", "corporate_debt", "cash", amounts[0], sector="lenders")
    once.take_back("repay", "corporate_debt", "cash", amounts[1], np.arange(FIRMS), "lenders")
    np.testing.assert_array_equal(firms.cash, twin.cash)
    np.testing.assert_array_equal(firms.corporate_debt, [36, 37, 38, 39, 40])
    assert (
        (ledger.flows, ledger.sector_cash)
        == (once.flows, once.sector_cash)
        == ({"repay": 10.0}, {"lenders": 10.0})
    )
    assert ledger.debt == once.debt
    ledger.check()


def test_cash_between_firms_leaves_the_total_unchanged_even_when_rows_repeat():
    firms, ledger = opened()
    ledger.transfer("hosting", np.array([0, 0, 1]), np.array([2, 3, 2]), np.array([5.0, 1.0, 2.0]))
    np.testing.assert_allclose(firms.cash, [94, 98, 107, 101, 100])
    ledger.check()


def test_an_assumed_debt_changes_hands_but_not_its_total():
    firms, ledger = opened()
    ledger.assume("site sale", "corporate_debt", np.array([0]), np.array([1]), 40.0, against="property")
    np.testing.assert_allclose(firms.corporate_debt[:2], [0, 80])
    np.testing.assert_allclose(firms.property[1], 40.0)
    assert ledger.debt["corporate_debt"].haircuts == 0
    ledger.check()


def test_merging_books_adds_them_up():
    firms, ledger = opened()
    ledger.absorb(0, 1)
    assert all(firms.__dict__[name][0] == 0 for name in ACCOUNTS)
    assert firms.cash[1] == pytest.approx(200.0)
    ledger.check()


def test_closing_books_that_are_not_empty_is_an_error():
    firms, ledger = opened()
    with pytest.raises(LedgerError, match="cash of a closed firm"):
        ledger.close(np.array([0]))
    firms, ledger = opened(cash=0.0, corporate_debt=0.0)
    ledger.post("loss", "earnings", "machines", 60.0)
    ledger.close(np.arange(FIRMS))
    assert all((firms.__dict__[name] == 0).all() for name in ACCOUNTS)
    ledger.check()


@pytest.mark.parametrize("amount", [-1.0, np.nan, np.inf, np.array([1.0, 1.0, 1.0, 1.0, -1e-9])])
def test_amounts_must_be_finite_and_not_negative(amount):
    _, ledger = opened()
    with pytest.raises(LedgerError, match="energy"):
        ledger.post("energy", "earnings", "cash", amount, sector="power")


def test_cash_to_nobody_is_an_error():
    _, ledger = opened()
    with pytest.raises(LedgerError, match="sector"):
        ledger.post("energy", "earnings", "cash", 1.0)


def test_money_written_past_the_books_is_found():
    firms, ledger = opened()
    firms.cash[2] += 1e-3
    with pytest.raises(LedgerError, match="balance sheet of firm 2"):
        ledger.check()
    firms.capital[2] += 1e-3
    with pytest.raises(LedgerError, match="cash of firms and sectors"):
        ledger.check()


def test_debt_written_past_the_books_is_found():
    firms, ledger = opened()
    firms.corporate_debt[0] += 1.0
    firms.machines[0] += 1.0
    with pytest.raises(LedgerError, match="corporate_debt"):
        ledger.check()


def test_new_firms_find_their_place_in_the_books():
    firms, ledger = opened()
    rows = firms.add(40, {"slot": 1})
    ledger.post("founding", "cash", "capital", 7.0, rows=rows, sector="investors")
    ledger.post("machines", "machines", "cash", 2.0, rows=rows, sector="suppliers")
    np.testing.assert_allclose(firms.cash[rows], 5.0)
    ledger.check()


def test_books_survive_pickling():
    firms, ledger = pickle.loads(pickle.dumps(opened()))
    assert ledger.firms is firms
    ledger.post("energy", "earnings", "cash", 1.0, sector="power")
    ledger.check()


NON_CASH = [name for name in ACCOUNTS if name not in MONEY]
POSTING = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.sampled_from(ACCOUNTS),
    st.lists(st.floats(0, 1e4), min_size=FIRMS, max_size=FIRMS),
)
TRANSFER = st.tuples(
    st.lists(st.tuples(st.integers(0, FIRMS - 1), st.integers(0, FIRMS - 1), st.floats(0, 1e4)), max_size=6),
    st.sampled_from(NON_CASH),
    st.sampled_from(NON_CASH),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(POSTING, TRANSFER), max_size=25))
def test_any_sequence_of_postings_balances(sequence):
    firms, ledger = opened()
    before = firms.cash.sum() + firms.restricted_cash.sum()
    for first, second, third in sequence:
        if isinstance(first, list):
            payers, payees, amounts = (
                (np.array(part) for part in zip(*first, strict=True)) if first else ([], [], [])
            )
            ledger.transfer(
                "t", np.asarray(payers, int), np.asarray(payees, int), np.asarray(amounts), second, third
            )
        else:
            ledger.post("p", first, second, np.array(third), sector="market")
    ledger.check()
    after = firms.cash.sum() + firms.restricted_cash.sum() + sum(ledger.sector_cash.values())
    assert after == pytest.approx(before, abs=1e-4)


def test_every_account_is_an_asset_a_liability_or_equity_in_musd():
    assert set(ASSETS) | set(LIABILITIES) | set(EQUITY) == set(ACCOUNTS)
    assert set(DEBTS) < set(LIABILITIES)
    declared = {column.name for column in FIRM if column.doc.startswith("account: ")}
    assert declared == set(ACCOUNTS)
