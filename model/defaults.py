"""Phase 12: distress, chapter 11 and liquidation.

A firm that could not pay its bills this month, by any means phase 5 tried, is in default. Creditors
reorganise it when it is worth more running than in pieces, losses of the reorganisation counted; a second
default, or an estate not worth running, is liquidated. All who fail in a month fail on the same snapshot.
"""

from __future__ import annotations

import numpy as np

from agents.columns import among, rows_where
from agents.compiled import compiled
from agents.economics.credit import reorganisation_surplus
from agents.tables import Kind, LeaseStatus, Status
from model.estates import auction_discount, liquidate, site_worth
from model.funding import add_corporate_debt, cash_buffer, cash_cost, committed_equity
from model.ledger import TOLERANCE
from model.ownership import leases_at
from model.state import State

MONTHS = 12


def defaults(state: State) -> None:
    """Let firms fall into distress, default, reorganise, emerge and end."""
    _close_idle_miners(state)
    if not state.scenario.finance.enabled:
        return
    failing, emerging, worse, better = _judge(state)
    _emerge(state, emerging)
    _mark_distress(state, worse, better)
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
    _count_idle_months(
        sites.owner,
        sites.mining_mw,
        sites.idle_mw,
        sites.new_mine_value,
        sites.pipeline_mw,
        sites.building_mw,
        sites.subleased_mw,
        sites.converted_mw,
        state.orders,
        firms.kind,
        firms.status,
        firms.months_idle,
    )
    rows = rows_where(firms.months_idle >= state.scenario.finance.closure_months)
    if len(rows):
        liquidate(state, rows, auction_discount(state, np.zeros(len(firms), dtype=bool)), willing=True)


@compiled
def _count_idle_months(
    owner: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    new_mine_value: np.ndarray,
    pipeline_mw: np.ndarray,
    building_mw: np.ndarray,
    subleased_mw: np.ndarray,
    converted_mw: np.ndarray,
    orders: np.ndarray,
    kind: np.ndarray,
    status: np.ndarray,
    months_idle: np.ndarray,
) -> None:
    """Count a month more for miners without machine, tenant, pipeline or order, and begin anew for others."""
    work = np.zeros(kind.size)
    for site in range(owner.size):
        if owner[site] < 0:
            continue
        busy = mining_mw[site]
        # Idle megawatts that a new mine would pay for wait for money, not for the end.
        if new_mine_value[site] > 0.0:
            busy += idle_mw[site]
        busy += pipeline_mw[site]
        coming = 0.0
        for months in range(orders.shape[0]):
            coming += orders[months, site]
        busy += building_mw[site] + subleased_mw[site] + converted_mw[site] + coming
        work[owner[site]] += busy
    for firm in range(kind.size):
        idle = kind[firm] <= Kind.PRIVATE and status[firm] < Status.ACQUIRED and work[firm] <= 0.0
        months_idle[firm] = months_idle[firm] + 1.0 if idle else 0.0


def _judge(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return which miners fail, and rows of those that leave chapter 11, get into distress and out of it."""
    firms = state.firms
    return _standing(
        firms.kind,
        firms.status,
        firms.chapter11_month,
        state.month - state.scenario.finance.chapter11_months,
        firms.cash,
        firms.restricted_cash,
        firms.bitcoin,
        firms.machines,
        firms.property,
        cash_cost(state),
        firms.equity_value,
    )


@compiled
def _standing(
    kind: np.ndarray,
    status: np.ndarray,
    chapter11_month: np.ndarray,
    filed_before: int,
    cash: np.ndarray,
    restricted_cash: np.ndarray,
    bitcoin: np.ndarray,
    machines: np.ndarray,
    property_: np.ndarray,
    cash_cost: np.ndarray,
    equity_value: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Judge miners by what they hold and owe; see `_judge`.

    A firm in default cannot pay its bills. One in distress holds less than a month's cost or is worth less
    than it owes. Firms spend what they can spare to the last cent, so many hold exactly a month's cost, or
    nothing, up to round-off. Who leaves chapter 11 is judged like everybody else.
    """
    fails, leaves, worse, better = np.zeros((4, kind.size), dtype=np.bool_)
    for firm in range(kind.size):
        standing = status[firm]
        if kind[firm] > Kind.PRIVATE or standing >= Status.ACQUIRED:
            continue
        size = abs(cash[firm]) + abs(restricted_cash[firm]) + abs(bitcoin[firm])
        slack = TOLERANCE * (size + abs(machines[firm]) + abs(property_[firm]) + cash_cost[firm])
        if cash[firm] < -slack:
            fails[firm] = True
            continue
        if standing == Status.CHAPTER11 and chapter11_month[firm] <= filed_before:
            leaves[firm] = True
            standing = Status.ACTIVE
        poor = cash[firm] + bitcoin[firm] < cash_cost[firm] - slack or equity_value[firm] < 0.0
        worse[firm] = poor and standing == Status.ACTIVE
        better[firm] = not poor and standing == Status.DISTRESSED
    return fails, np.flatnonzero(leaves), np.flatnonzero(worse), np.flatnonzero(better)


def _emerge(state: State, rows: np.ndarray) -> None:
    """Let firms out of chapter 11, with debt at today's terms."""
    if not len(rows):
        return
    firms, finance = state.firms, state.scenario.finance
    firms.status[rows] = Status.ACTIVE
    firms.coupon[rows] = finance.refinancing_coupon
    firms.maturity[rows] = state.month + round(finance.debt_years * MONTHS)
    state.recorder.event("emergence", firm=rows, value=firms.corporate_debt[rows])


def _mark_distress(state: State, worse: np.ndarray, better: np.ndarray) -> None:
    """Write down who has fallen into distress, and who has got out of it."""
    firms = state.firms
    if len(better):
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
    add_corporate_debt(state, needed)
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
