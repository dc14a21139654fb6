"""Phase 5, the firm's purse: corporate debt, what is done about too little cash, and about too much.

A firm short of its buffer releases reserves no build needs, sells bitcoin, then issues equity. Builds it has
signed are paid up front: from cash beyond the buffer, new corporate debt, new equity, bitcoin, in that order,
and set aside as restricted cash. Only obligations it cannot meet otherwise make it borrow for running costs.
Cash beyond buffer, builds and corporate debt is paid out bit by bit, so that it does not pile up.
"""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from model import purse as purses
from model.funding import (
    committed_equity,
    corporate_debt_limit,
    debt_limits,
    debt_terms,
    sector_debt_left,
)
from model.ledger import Posting, Sheet
from model.purse import BORROWED, BORROWED_TO_PAY, INSTALMENTS, NOT_ROLLED_OVER, STANDING
from model.state import State

MONTHS = 12
TREASURY = Sheet(
    Posting("interest", "earnings", "cash", "lenders"),
    Posting("debt repaid", "corporate_debt", "cash", "lenders"),
    Posting("depreciation of machines", "earnings", "machines"),
    Posting("depreciation of property", "earnings", "property"),
    Posting("debt repaid", "corporate_debt", "cash", "lenders"),
    Posting("bitcoin sold", "cash", "bitcoin", "market"),
    Posting("reserves released", "cash", "restricted_cash"),
    Posting("bitcoin sold", "cash", "bitcoin", "market"),
    Posting("equity issues", "cash", "capital", "investors"),
    Posting("corporate borrowing", "cash", "corporate_debt", "lenders"),
    Posting("equity issues", "cash", "capital", "investors"),
    Posting("bitcoin sold", "cash", "bitcoin", "market"),
    Posting("reserved for builds", "restricted_cash", "cash"),
    Posting("debt repaid", "corporate_debt", "cash", "lenders", taken_back=True),
    Posting("corporate borrowing", "cash", "corporate_debt", "lenders"),
    Posting("reserves released", "cash", "restricted_cash"),
    Posting("unlimited funding", "cash", "capital", "investors"),
    Posting("distributions", "capital", "cash", "investors"),
)
"""What is posted by firm, in the order of the rows in `model.purse`."""


def settle_treasuries(state: State) -> None:
    """Let firms serve their debt, raise cash where it is short, and pay out what nobody needs.

    Leaves in scratch, by firm and in musd, the principal repaid: `debt_repaid`.
    """
    amounts = np.zeros((len(TREASURY.postings), len(state.firms)))
    serve_corporate_debt(state, amounts)
    manage_cash(state, amounts)
    state.ledger.post_sheet(TREASURY, amounts)
    state.scratch["debt_repaid"] = amounts[INSTALMENTS] + amounts[NOT_ROLLED_OVER] - amounts[STANDING]


def serve_corporate_debt(state: State, amounts: np.ndarray) -> None:
    """Pay interest, instalments of private firms, and what lenders do not roll over; chapter 11 stays all.

    Machines and property are written down at a constant rate over their lives.

    Args:
        state: The state.
        amounts: Filled with what is to be posted for that (see `TREASURY`).
    """
    firms, scenario = state.firms, state.scenario
    due = np.empty(len(firms), dtype=bool)
    purses.serve(
        state.month,
        firms.kind,
        firms.status,
        firms.corporate_debt,
        firms.coupon,
        firms.maturity,
        firms.machines,
        scenario.bitcoin.machine_life * float(MONTHS),
        firms.property,
        scenario.finance.property_life * float(MONTHS),
        state.scratch["cash_cost"],
        due,
        amounts,
    )
    rows = rows_where(due)
    if len(rows):
        _refinance(state, rows, amounts[NOT_ROLLED_OVER])


def _refinance(state: State, rows: np.ndarray, repaid: np.ndarray) -> None:
    """Roll over debt that falls due, as much as lenders accept; write down the rest as repaid now."""
    firms, finance = state.firms, state.scenario.finance
    debt = firms.corporate_debt[rows]
    if finance.enabled:
        accepted = corporate_debt_limit(state)[rows] * finance.debt_enabled
        repaid[rows] = np.maximum(debt - accepted, 0.0)
    firms.coupon[rows] = finance.refinancing_coupon
    firms.maturity[rows] = state.month + round(finance.debt_years * MONTHS)
    state.recorder.event("refinancing", firm=rows, value=debt, price=repaid[rows])


def manage_cash(state: State, amounts: np.ndarray) -> None:
    """Sell production, raise cash where it is short, set builds' cash aside, pay out what nobody needs.

    Args:
        state: The state.
        amounts: Filled with what is to be posted for that (see `TREASURY`), debt service being there already.
    """
    firms, finance, scratch, granted = state.firms, state.scenario.finance, state.scratch, 1.0
    purse, limits, equity_share = _open(state, amounts), debt_limits(state), finance.equity_share_per_year
    kept, limited, part = finance.production_kept, finance.enabled, min(finance.payout / MONTHS, 1.0)
    purses.fill_up(scratch["production"], kept, limited, limits, equity_share, purse, amounts)
    if limited:
        granted = _granted(state, amounts[BORROWED])
        purses.fund_builds(granted, limits, equity_share, purse, amounts)
        granted = _granted(state, amounts[BORROWED_TO_PAY], amounts[BORROWED])
    flow = scratch["cash_flow"]
    purses.pay_out(granted, limited, part, firms.kind, firms.status, flow, purse, amounts)
    purses.keep(purse, firms.btc, firms.coupon, firms.maturity, firms.equity_issued)


def _open(state: State, amounts: np.ndarray) -> np.ndarray:
    firms = state.firms
    purse = purses.open_purses(
        firms.cash,
        firms.restricted_cash,
        firms.bitcoin,
        firms.btc,
        firms.corporate_debt,
        firms.coupon,
        firms.maturity,
        firms.capital,
        firms.equity_issued,
        amounts,
    )
    purses.set_bounds(
        firms.kind,
        firms.status,
        firms.listed,
        state.scenario.finance.cash_buffer_months,
        state.scratch["cash_cost"],
        committed_equity(state),
        firms.enterprise_value,
        firms.project_debt,
        firms.equity_value,
        debt_terms(state),
        purse,
    )
    return purse


def _granted(state: State, asked: np.ndarray, taken: np.ndarray | None = None) -> float:
    """Return which part of the loans asked for lenders can give: when not enough for all, the same to all.

    Args:
        state: The state.
        asked: musd by firm.
        taken: Loans of this month that the ledger does not know yet, musd by firm.
    """
    total = float(np.add.reduce(asked))
    if total <= 0.0:
        return 1.0
    known = 0.0 if taken is None else float(np.add.reduce(taken))
    return min(1.0, sector_debt_left(state, known) / total)
