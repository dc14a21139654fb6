"""What lenders and shareholders grant, what a build draws, and what a failing firm's estate fetches.

Pure formulas on numbers or columns; money in any one unit, usually million USD (musd). Sources: Merton 1974
and Leland 1994 (debt against the value of what is owned), Shleifer and Vishny 1992 and Pulvino 1998 (assets
sold in an industry-wide distress fetch less, since those who could use them best are short of money too),
White 1989 (reorganise when the going concern is worth more than its pieces).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, finite, fraction, nonnegative, plain

MONTHS = 12.0
_LEAST = float(np.finfo(float).tiny)


def _capacity(
    enterprise_value: Result, project_debt: Result, bitcoin: Result, value_limit: float, bitcoin_limit: float
) -> Result:
    left = np.maximum(enterprise_value - project_debt, 0.0)
    return value_limit * left + bitcoin_limit * bitcoin


def _window(equity_value: Result, issued: Result, share_per_year: Result) -> Result:
    return np.maximum(share_per_year * equity_value - issued, 0.0)


def _draw(capex: Result, spent: Result, months_left: Result) -> Result:
    return np.maximum(capex - spent, 0.0) / np.maximum(months_left, 1.0)


def _blend(old: Result, old_weight: Result, new: Result, new_weight: Result) -> Result:
    share = new_weight / np.maximum(old_weight + new_weight, _LEAST)
    return old * (1.0 - share) + new * share


# The same for one entry of a loop, unchecked.
capacity_of = compiled(_capacity)
window_of = compiled(_window)
draw_of = compiled(_draw)
blend_of = compiled(_blend)


def debt_capacity(
    enterprise_value: ArrayLike,
    project_debt: ArrayLike,
    bitcoin: ArrayLike,
    value_limit: float,
    bitcoin_limit: float,
) -> Result:
    """Return the corporate debt lenders accept: limit x (value left by project lenders) + limit x treasury.

    Args:
        enterprise_value: Sum of parts before debt and treasury; a negative value counts as none.
        project_debt: Project loans, served first by what they financed.
        bitcoin: Treasury at market.
        value_limit: Corporate debt over enterprise value.
        bitcoin_limit: Loan to value of pledged bitcoin.

    Returns:
        The same money, in the broadcast shape of the arguments; never negative.

    Raises:
        ValueError: If a debt, treasury or limit is negative, or any argument is NaN.
    """
    value, loans = finite("enterprise_value", enterprise_value), nonnegative("project_debt", project_debt)
    limits = nonnegative("value_limit", value_limit), nonnegative("bitcoin_limit", bitcoin_limit)
    return plain(_capacity(value, loans, nonnegative("bitcoin", bitcoin), *limits))


def equity_window(equity_value: ArrayLike, issued: ArrayLike, share_per_year: float) -> Result:
    """Return what shareholders still take up this year: share x equity value, less what was just issued.

    Args:
        equity_value: Value of the equity; the window is shut where it is not positive.
        issued: Equity issued over the trailing year.
        share_per_year: Most that can be issued in a year, over equity value.

    Returns:
        The same money, in the broadcast shape of the arguments; never negative.

    Raises:
        ValueError: If an issue or share is negative, or any argument is NaN.
    """
    value, share = finite("equity_value", equity_value), nonnegative("share_per_year", share_per_year)
    return plain(_window(value, nonnegative("issued", issued), share))


def build_draw(capex: ArrayLike, spent: ArrayLike, months_left: ArrayLike) -> Result:
    """Return what a build spends in a month when the rest is spread evenly over the months left.

    Args:
        capex: Whole cost.
        spent: Part of it spent.
        months_left: Months until it must be finished, this one included; all is due when one or none is left.

    Returns:
        The same money, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a cost is negative, or any argument is NaN.
    """
    cost, paid = nonnegative("capex", capex), nonnegative("spent", spent)
    return plain(_draw(cost, paid, finite("months_left", months_left)))


def fire_sale_discount(distressed_share: ArrayLike, single: float, deepest: float) -> Result:
    """Return the discount of auctioned sites, from `single` for a lone seller to `deepest` when all fail.

    Args:
        distressed_share: Part of the sector, by megawatts, whose owners are in distress, from 0 to 1.
        single: Discount when nobody else is in distress.
        deepest: Discount when the whole sector is.

    Returns:
        Share of the going-concern price lost, in the shape of the first argument.

    Raises:
        ValueError: If a share or discount is outside 0 to 1.
    """
    share = fraction("distressed_share", distressed_share)
    return plain(fraction("single", single) + (fraction("deepest", deepest) - single) * share)


def reorganisation_surplus(
    going_concern: ArrayLike, liquidation: ArrayLike, cash_flow: ArrayLike, months: float
) -> Result:
    """Return by how much creditors gain when a failing firm is reorganised instead of sold in pieces.

    Args:
        going_concern: Enterprise value of the firm as it runs.
        liquidation: What its parts fetch at auction, before any debt.
        cash_flow: Operating cash flow a month; losses go on through the reorganisation.
        months: Length of the reorganisation.

    Returns:
        The same money, in the broadcast shape of the arguments.

    Raises:
        ValueError: If an argument is NaN or the length is negative.
    """
    losses = np.maximum(-finite("cash_flow", cash_flow), 0.0) * nonnegative("months", months)
    return plain(finite("going_concern", going_concern) - finite("liquidation", liquidation) - losses)


def blended(old: ArrayLike, old_weight: ArrayLike, new: ArrayLike, new_weight: ArrayLike) -> Result:
    """Return the weighted mean of two terms of debt (coupon, maturity); the old one where nothing is owed.

    Args:
        old: Term of the debt there was.
        old_weight: Debt there was.
        new: Term of the debt that is added.
        new_weight: Debt that is added.

    Returns:
        The term of the whole, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a weight is negative or NaN.
    """
    before, added = nonnegative("old_weight", old_weight), nonnegative("new_weight", new_weight)
    return plain(_blend(np.asarray(old), before, np.asarray(new), added))


def default_probability(hazard: ArrayLike, months: ArrayLike) -> Result:
    """Return the probability that a payer defaults within some months: 1 - exp(-hazard months / 12).

    Args:
        hazard: Constant default hazard, 1/year.
        months: Length of the time.

    Returns:
        A probability, in the broadcast shape of the arguments.

    Raises:
        ValueError: If an argument is negative or NaN.
    """
    return plain(-np.expm1(-nonnegative("hazard", hazard) * nonnegative("months", months) / MONTHS))
