"""Phase 12: distress, chapter 11 and liquidation.

A firm that could not pay its bills this month, by any means phase 5 tried, is in default. Creditors
reorganise it when it is worth more running than in pieces, losses of the reorganisation counted; a second
default, or an estate not worth running, is liquidated. All who fail in a month fail on the same snapshot.
"""

from __future__ import annotations

import numpy as np

from agents.columns import among, rows_where
from agents.economics.credit import reorganisation_surplus
from agents.tables import LeaseStatus, Status
from model.estates import auction_discount, liquidate, site_worth
from model.funding import add_corporate_debt, cash_buffer, cash_cost, committed_equity, miners
from model.ledger import ASSETS, TOLERANCE
from model.ownership import leases_at
from model.state import State

MONTHS = 12


def defaults(state: State) -> None:
    """Let firms fall into distress, default, reorganise, emerge and end."""
    _close_idle_miners(state)
    if not state.scenario.finance.enabled:
        return
    slack = _round_off(state)
    failing = miners(state) & (state.firms.cash < -slack)
    _emerge(state, failing)
    _mark_distress(state, failing, slack)
    rows = rows_where(failing)
    if not len(rows):
        return
    _reinstate_debt(state, rows)
    discount = auction_discount(state, failing)
    surplus = _surplus_of_reorganising(state, rows)
    first = state.firms.status[rows] != Status.CHAPTER11
    first &= state.firms.chapter11_month[rows] > state.month
    saved = (surplus > 0.0) & first & state.scenario.finance.debt_enabled
    if saved.any():
        _reorganise(state, rows[saved], surplus[saved])
    if not saved.all():
        liquidate(state, rows[~saved], discount)


def _close_idle_miners(state: State) -> None:
    """Wind up miners that have had nothing to do for long: their sites are sold, all owed is paid."""
    firms, sites = state.firms, state.sites
    # Idle megawatts that a new mine would pay for wait for money, not for the end.
    busy = sites.mining_mw + sites.idle_mw * (sites.new_mine_value > 0.0) + sites.pipeline_mw
    busy += sites.building_mw + sites.subleased_mw + sites.converted_mw + state.orders.sum(axis=0)
    work = np.bincount(sites.owner + 1, busy, minlength=len(firms) + 1)[1:]
    firms.months_idle = np.where(miners(state) & (work <= 0.0), firms.months_idle + 1.0, 0.0)
    rows = rows_where(firms.months_idle >= state.scenario.finance.closure_months)
    if len(rows):
        liquidate(state, rows, auction_discount(state, np.zeros(len(firms), dtype=bool)), willing=True)


def _round_off(state: State) -> np.ndarray:
    """Return the cash of each firm that may be there or be lacking by rounding alone, musd."""
    firms = state.firms
    size = sum(np.abs(getattr(firms, name)) for name in ASSETS) + cash_cost(state)
    return TOLERANCE * size


def _emerge(state: State, failing: np.ndarray) -> None:
    """Let firms out of chapter 11 when their time is up, with debt at today's terms."""
    firms, finance = state.firms, state.scenario.finance
    held = (firms.status == Status.CHAPTER11) & ~failing
    rows = rows_where(held & (state.month - firms.chapter11_month >= finance.chapter11_months))
    if not len(rows):
        return
    firms.status[rows] = Status.ACTIVE
    firms.coupon[rows] = finance.refinancing_coupon
    firms.maturity[rows] = state.month + round(finance.debt_years * MONTHS)
    state.recorder.event("emergence", firm=rows, value=firms.corporate_debt[rows])


def _mark_distress(state: State, failing: np.ndarray, slack: np.ndarray) -> None:
    """Call firms distressed that hold less than a month's cost or are worth less than they owe.

    Firms spend what they can spare to the last cent, so many hold exactly a month's cost, up to round-off.
    """
    firms, cost = state.firms, cash_cost(state)
    judged = miners(state) & (firms.status <= Status.DISTRESSED) & ~failing
    poor = (firms.cash + firms.bitcoin < cost - slack) | (firms.equity_value < 0.0)
    worse = rows_where(judged & poor & (firms.status == Status.ACTIVE))
    better = judged & ~poor & (firms.status == Status.DISTRESSED)
    firms.status[better] = Status.ACTIVE
    if len(worse):
        firms.status[worse] = Status.DISTRESSED
        firms.distress_month[worse] = state.month
        state.recorder.event("distress", firm=worse, price=firms.cash[worse], value=firms.equity_value[worse])


def _reinstate_debt(state: State, rows: np.ndarray) -> None:
    """Undo repayments of debt as far as there was no money behind them: lenders are owed them still."""
    firms = state.firms
    repaid = state.scratch.get("debt_repaid", np.zeros(len(firms)))[rows]
    missing = np.minimum(np.maximum(-firms.cash[rows], 0.0), repaid)
    if missing.any():
        state.ledger.take_back("debt repaid", "corporate_debt", "cash", missing, rows, sector="lenders")


def _surplus_of_reorganising(state: State, rows: np.ndarray) -> np.ndarray:
    """Return by how much each failing firm is worth more running than in pieces, musd.

    The pieces count at an ordinary discount: creditors who wait need not sell all of them into a bust.
    """
    firms, sites, finance = state.firms, state.sites, state.scenario.finance
    held = rows_where(among(sites.owner, rows, len(firms)))
    pieces = site_worth(state, held).after(finance.distress_discount_single)
    worth = np.bincount(sites.owner[held], pieces, minlength=len(firms))[rows]
    flow = state.scratch["cash_flow"][rows]
    running = firms.enterprise_value[rows] - _cost_of_reorganising(state, rows)
    surplus = reorganisation_surplus(running, worth, flow, finance.chapter11_months)
    return surplus - TOLERANCE * worth


def _cost_of_reorganising(state: State, rows: np.ndarray) -> np.ndarray:
    return state.scenario.finance.chapter11_cost * np.maximum(state.firms.enterprise_value[rows], 0.0)


def _reorganise(state: State, rows: np.ndarray, surplus: np.ndarray) -> None:
    """File for chapter 11: debt becomes equity, and lenders put in the cash to go on with."""
    firms, ledger, finance = state.firms, state.ledger, state.scenario.finance
    cut = firms.corporate_debt[rows] * finance.chapter11_haircut
    ledger.post("debt turned into equity", "corporate_debt", "capital", cut, rows=rows)
    _cut_loans_without_rent(state, rows)
    cost = _cost_of_reorganising(state, rows)
    ledger.post("cost of reorganising", "earnings", "cash", cost, rows=rows, sector="suppliers")
    builds = np.maximum(committed_equity(state) - firms.restricted_cash, 0.0)
    needed = np.zeros(len(firms))
    needed[rows] = np.maximum(cash_buffer(state) + builds - firms.cash, 0.0)[rows]
    add_corporate_debt(state, needed, finance.debt_years * MONTHS)
    firms.status[rows] = Status.CHAPTER11
    firms.chapter11_month[rows] = state.month
    state.recorder.event(
        "chapter11", firm=rows, value=surplus, price=cut, reserve=needed[rows], reason="worth more running"
    )


def _cut_loans_without_rent(state: State, rows: np.ndarray) -> None:
    """Write project loans off by the same haircut where the tenant is gone: the hall is all lenders have."""
    firms, leases = state.firms, state.leases
    held = leases_at(state, rows_where(among(state.sites.owner, rows, len(firms))))
    dead = held[leases.status[held] > LeaseStatus.DELIVERING]
    if not len(dead):
        return
    cut = leases.project_debt[dead] * state.scenario.finance.chapter11_haircut
    leases.project_debt[dead] -= cut
    lost = np.bincount(leases.landlord[dead], cut, minlength=len(firms))
    state.ledger.post("project loans cut", "project_debt", "capital", np.minimum(lost, firms.project_debt))
