"""The compiled loops of the treasury: what firms raise, from what and whom, and what they do with it.

A purse is a firm's row of the entries below. Each loop goes on where the one before has left the purses;
between two of them lenders say how much of what firms are good for they can give, which depends on all firms
together. No account changes here: the loops write down what the ledger is to post.
"""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.economics.credit import blend_of, capacity_of, window_of
from agents.tables import Kind, Status
from model.ledger import TOLERANCE

MONTHS = 12
ENTRIES = 19
(
    # Accounts as they will stand, and the coins.
    CASH,
    RESERVE,
    BITCOIN,
    DEBT,
    CAPITAL,
    BTC,
    # Terms of the debt, and what was issued over the trailing year.
    COUPON,
    MATURITY,
    EQUITY_ISSUED,
    # Cash that is kept back, and what signed builds need from their owner.
    BUFFER,
    BUILDS,
    # What must be paid now and is not covered, and the month's cash cost.
    SHORT,
    COST,
    # What lenders and shareholders go by; equity is zero where no shares can be issued.
    TRUSTED,
    VALUE,
    LOANS,
    EQUITY,
    # Terms of new debt.
    COUPON_TODAY,
    MATURITY_TODAY,
) = range(ENTRIES)
"""What is in a purse: musd, coins, coupons a year, months, and `TRUSTED`, one where lenders lend at all."""
(
    INTEREST,
    INSTALMENTS,
    MACHINE_WEAR,
    PROPERTY_WEAR,
    NOT_ROLLED_OVER,
    SOLD,
    RELEASED,
    SOLD_IF_SHORT,
    ISSUED_IF_SHORT,
    BORROWED,
    ISSUED,
    SOLD_FOR_BUILDS,
    RESERVED,
    STANDING,
    BORROWED_TO_PAY,
    TAKEN,
    COVERED,
    PAID_OUT,
) = range(18)
"""What is posted, in this order."""


@compiled
def serve(
    month: int,
    kind: np.ndarray,
    status: np.ndarray,
    corporate_debt: np.ndarray,
    coupon: np.ndarray,
    maturity: np.ndarray,
    machines: np.ndarray,
    machine_months: float,
    property_: np.ndarray,
    property_months: float,
    cash_cost: np.ndarray,
    due: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Write down interest, instalments and wear, add to the cash cost, and say whose debt falls due."""
    for firm in range(kind.size):
        debt = max(corporate_debt[firm], 0.0) if status[firm] != Status.CHAPTER11 else 0.0
        private = kind[firm] == Kind.PRIVATE
        amounts[INTEREST, firm] = debt * coupon[firm] / MONTHS
        amounts[INSTALMENTS, firm] = debt / max(maturity[firm] - month, 1) if private else 0.0
        cash_cost[firm] += amounts[INTEREST, firm] + amounts[INSTALMENTS, firm]
        due[firm] = debt > 0.0 and maturity[firm] <= month and not private
        amounts[MACHINE_WEAR, firm] = max(machines[firm], 0.0) / machine_months
        amounts[PROPERTY_WEAR, firm] = max(property_[firm], 0.0) / property_months


@compiled
def open_purses(
    cash: np.ndarray,
    restricted_cash: np.ndarray,
    bitcoin: np.ndarray,
    btc: np.ndarray,
    corporate_debt: np.ndarray,
    coupon: np.ndarray,
    maturity: np.ndarray,
    capital: np.ndarray,
    equity_issued: np.ndarray,
    amounts: np.ndarray,
) -> np.ndarray:
    """Return each firm's purse once debt is served, [firms, entries]; `set_bounds` fills in the rest."""
    purse = np.zeros((cash.size, ENTRIES))
    for firm in range(cash.size):
        repaid = amounts[INSTALMENTS, firm], amounts[NOT_ROLLED_OVER, firm]
        purse[firm, CASH] = cash[firm] - amounts[INTEREST, firm] - repaid[0] - repaid[1]
        purse[firm, RESERVE] = restricted_cash[firm]
        purse[firm, BITCOIN], purse[firm, BTC] = bitcoin[firm], btc[firm]
        purse[firm, DEBT] = corporate_debt[firm] - repaid[0] - repaid[1]
        purse[firm, COUPON], purse[firm, MATURITY] = coupon[firm], maturity[firm]
        purse[firm, CAPITAL] = capital[firm]
        # What was issued leaves the trailing year bit by bit.
        purse[firm, EQUITY_ISSUED] = equity_issued[firm] * (1.0 - 1.0 / MONTHS)
    return purse


@compiled
def set_bounds(
    kind: np.ndarray,
    status: np.ndarray,
    listed: np.ndarray,
    buffer_months: float,
    cash_cost: np.ndarray,
    builds: np.ndarray,
    enterprise_value: np.ndarray,
    project_debt: np.ndarray,
    equity_value: np.ndarray,
    today: tuple[float, float, float],
    purse: np.ndarray,
) -> None:
    """Fill in what cash is kept for, and what lenders and shareholders go by.

    They give nothing to firms in chapter 11 and to arms of customers and generators. Terms of today are the
    coupons of listed and of private firms, and the month in which new debt falls due.
    """
    for firm in range(kind.size):
        trusted = kind[firm] <= Kind.PRIVATE and status[firm] < Status.CHAPTER11
        purse[firm, COST], purse[firm, BUILDS] = cash_cost[firm], builds[firm]
        purse[firm, BUFFER] = buffer_months * cash_cost[firm]
        purse[firm, TRUSTED], purse[firm, VALUE] = trusted, enterprise_value[firm]
        purse[firm, LOANS] = max(project_debt[firm], 0.0)
        purse[firm, EQUITY] = equity_value[firm] if trusted and listed[firm] else 0.0
        purse[firm, COUPON_TODAY] = today[1] if kind[firm] == Kind.PRIVATE else today[0]
        purse[firm, MATURITY_TODAY] = today[2]


@compiled
def fill_up(
    production: np.ndarray,
    kept: float,
    limited: bool,
    limits: tuple[float, float],
    equity_share: float,
    purse: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Sell the month's coins, but for a part kept by firms with cash above their buffer, and fill buffers up.

    Buffers take reserves no build needs, then coins, then new equity. Leaves the loans that signed builds ask
    for.
    """
    for firm in range(len(purse)):
        coins = production[firm] * (1.0 - kept * (purse[firm, CASH] > purse[firm, BUFFER]))
        amounts[SOLD, firm] = _sell(coins, purse, firm)
        if not limited:
            continue
        short = max(purse[firm, BUFFER] - purse[firm, CASH], 0.0)
        spare = max(purse[firm, RESERVE] - purse[firm, BUILDS], 0.0)
        amounts[RELEASED, firm] = _release(min(spare, short), purse, firm)
        short -= amounts[RELEASED, firm]
        amounts[SOLD_IF_SHORT, firm] = _sell(short, purse, firm)
        short -= amounts[SOLD_IF_SHORT, firm]
        amounts[ISSUED_IF_SHORT, firm] = _issue(max(short, 0.0), purse, firm, equity_share)
        amounts[BORROWED, firm] = min(_lacking(purse, firm), _good_for(purse, firm, limits))


@compiled
def fund_builds(
    granted: float,
    limits: tuple[float, float],
    equity_share: float,
    purse: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Pay for signed builds up front: by loans, new equity and coins, in that order; set the money aside.

    Whoever is overdrawn then lets principal stand, as far as it is good for that; it is no new debt, so the
    sector's cap is not asked. Leaves the loans that the overdrawn ask for besides.
    """
    for firm in range(len(purse)):
        owed, want = max(purse[firm, BUILDS] - purse[firm, RESERVE], 0.0), _lacking(purse, firm)
        amounts[BORROWED, firm] = _borrow(amounts[BORROWED, firm] * granted, purse, firm)
        want = max(want - amounts[BORROWED, firm], 0.0)
        amounts[ISSUED, firm] = _issue(want, purse, firm, equity_share)
        want = max(want - amounts[ISSUED, firm], 0.0)
        amounts[SOLD_FOR_BUILDS, firm] = _sell(want, purse, firm)
        amounts[RESERVED, firm] = min(owed, max(purse[firm, CASH] - purse[firm, BUFFER], 0.0))
        _release(-amounts[RESERVED, firm], purse, firm)
        short, repaid = _overdrawn(purse, firm), amounts[INSTALMENTS, firm] + amounts[NOT_ROLLED_OVER, firm]
        amounts[STANDING, firm] = min(short, repaid, _good_for(purse, firm, limits))
        purse[firm, DEBT] += amounts[STANDING, firm]
        purse[firm, CASH] += amounts[STANDING, firm]
        purse[firm, SHORT] = max(short - amounts[STANDING, firm], 0.0)
        amounts[BORROWED_TO_PAY, firm] = min(purse[firm, SHORT], _good_for(purse, firm, limits))


@compiled
def pay_out(
    granted: float,
    limited: bool,
    part: float,
    kind: np.ndarray,
    status: np.ndarray,
    cash_flow: np.ndarray,
    purse: np.ndarray,
    amounts: np.ndarray,
) -> None:
    """Borrow, and at the last touch the builds' cash, for what must be paid; pay owners part of what is left.

    Parents stand by the arms of customers and generators, and somebody by everybody if money does not matter;
    round-off is nobody's default. What a customer's arm earns goes to its parent, who pays for its builds:
    the arm's cash is a budget for purchases.
    """
    for firm in range(len(purse)):
        amounts[BORROWED_TO_PAY, firm] = _borrow(amounts[BORROWED_TO_PAY, firm] * granted, purse, firm)
        short = max(purse[firm, SHORT] - amounts[BORROWED_TO_PAY, firm], 0.0)
        amounts[TAKEN, firm] = _release(min(short, max(purse[firm, RESERVE], 0.0)), purse, firm)
        if not limited or kind[firm] > Kind.PRIVATE or _overdrawn(purse, firm) == 0.0:
            amounts[COVERED, firm] = max(-purse[firm, CASH], 0.0)
            purse[firm, CASH] += amounts[COVERED, firm]
        if kind[firm] == Kind.AI_CUSTOMER:
            amounts[PAID_OUT, firm] = min(max(cash_flow[firm], 0.0), max(purse[firm, CASH], 0.0))
        elif status[firm] == Status.ACTIVE and kind[firm] <= Kind.PRIVATE:
            needed = max(purse[firm, BUILDS] - purse[firm, RESERVE], 0.0)
            left = purse[firm, CASH] - purse[firm, BUFFER] - needed - purse[firm, DEBT]
            amounts[PAID_OUT, firm] = max(left, 0.0) * part


@compiled
def _overdrawn(purse: np.ndarray, firm: int) -> float:
    """Return what cash is below zero by more than rounding alone may make it."""
    beyond = -purse[firm, CASH] > TOLERANCE * (abs(purse[firm, CAPITAL]) + purse[firm, COST])
    return max(-purse[firm, CASH], 0.0) if beyond else 0.0


@compiled
def _lacking(purse: np.ndarray, firm: int) -> float:
    """Return what builds need beyond what is reserved and cash beyond the buffer."""
    owed = max(purse[firm, BUILDS] - purse[firm, RESERVE], 0.0)
    return max(owed - max(purse[firm, CASH] - purse[firm, BUFFER], 0.0), 0.0)


@compiled
def _good_for(purse: np.ndarray, firm: int, limits: tuple[float, float]) -> float:
    """Return the debt a firm can still take up by its own standing; limits are to value and to treasury."""
    coins = max(purse[firm, BITCOIN], 0.0)
    most = capacity_of(purse[firm, VALUE], purse[firm, LOANS], coins, limits[0], limits[1])
    return max(most - purse[firm, DEBT], 0.0) if purse[firm, TRUSTED] else 0.0


@compiled
def _release(amount: float, purse: np.ndarray, firm: int) -> float:
    """Move reserved cash to free cash, or back where negative; return the amount."""
    purse[firm, CASH] += amount
    purse[firm, RESERVE] -= amount
    return amount


@compiled
def _sell(want: float, purse: np.ndarray, firm: int) -> float:
    """Sell coins for as much cash as is wanted and there; return the proceeds."""
    share = min(want / purse[firm, BITCOIN], 1.0) if purse[firm, BITCOIN] > 0.0 else 0.0
    proceeds = purse[firm, BITCOIN] * share
    purse[firm, BTC] -= purse[firm, BTC] * share
    purse[firm, BITCOIN] -= proceeds
    purse[firm, CASH] += proceeds
    return proceeds


@compiled
def _issue(want: float, purse: np.ndarray, firm: int, share_per_year: float) -> float:
    """Issue shares for as much cash as is wanted and shareholders have; return the proceeds."""
    amount = min(want, window_of(purse[firm, EQUITY], purse[firm, EQUITY_ISSUED], share_per_year))
    purse[firm, EQUITY_ISSUED] += amount
    purse[firm, CAPITAL] += amount
    purse[firm, CASH] += amount
    return amount


@compiled
def _borrow(amount: float, purse: np.ndarray, firm: int) -> float:
    """Take up debt at today's terms; return the amount."""
    if amount > 0.0:
        before = max(purse[firm, DEBT], 0.0)
        due = blend_of(purse[firm, MATURITY], before, purse[firm, MATURITY_TODAY], amount)
        purse[firm, MATURITY] = np.rint(due)
        purse[firm, COUPON] = blend_of(purse[firm, COUPON], before, purse[firm, COUPON_TODAY], amount)
        purse[firm, DEBT] += amount
        purse[firm, CASH] += amount
    return amount


@compiled
def keep(
    purse: np.ndarray, btc: np.ndarray, coupon: np.ndarray, maturity: np.ndarray, equity_issued: np.ndarray
) -> None:
    """Keep what is in purses and in no account."""
    for firm in range(len(purse)):
        btc[firm], equity_issued[firm] = purse[firm, BTC], purse[firm, EQUITY_ISSUED]
        coupon[firm], maturity[firm] = purse[firm, COUPON], int(purse[firm, MATURITY])
