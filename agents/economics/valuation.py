"""What the parts of a firm are worth: leases under a tenant that may fail, options on a tenant, overhead.

Pure formulas on numbers or columns; money in any one unit, usually million USD (musd); continuous
discounting. Sources: Duffie and Singleton 1999 (a hazard of default adds to the discount rate); Dixit and
Pindyck 1994 for offers that arrive, and vanish, at a rate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, finite, nonnegative, plain, positive
from agents.economics.discounting import annuity_factor, annuity_of

MONTHS = 12.0
AT_ONCE = 1e-9
"""Years over which a cost is spread that is due now."""


def risky_lease_value(
    income: ArrayLike,
    escalator: ArrayLike,
    discount_rate: ArrayLike,
    hazard: ArrayLike,
    wait: ArrayLike,
    years: ArrayLike,
    residual: ArrayLike,
) -> Result:
    """Return the present value of a signed lease whose tenant may default, before what is left to build.

    With k = rate + hazard: `exp(-k wait) [income (1 - exp(-(k - g) T))/(k - g) + residual (exp(-k T) +
    hazard (1 - exp(-k T))/k)]`. The landlord has the building back when the term ends or the tenant fails,
    whichever comes first; a tenant that fails before delivery leaves nothing.

    Args:
        income: Net operating income in force, money a year.
        escalator: Growth g of the income, 1/year.
        discount_rate: Rate for the income of a tenant that cannot fail, 1/year.
        hazard: Default hazard of whoever pays in the end, 1/year.
        wait: Years until delivery, 0 once delivered.
        years: Years T of income.
        residual: Worth of what was built, when it comes back.

    Returns:
        The same money, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a rate, hazard, time or residual is negative, or any argument is NaN.
    """
    failing = nonnegative("hazard", hazard)
    rate = nonnegative("discount_rate", discount_rate) + failing
    term = nonnegative("years", years)
    paid = finite("income", income) * annuity_factor(rate - finite("escalator", escalator), term)
    back = np.exp(-rate * term) + failing * annuity_factor(rate, term)
    value = paid + nonnegative("residual", residual) * back
    return plain(np.exp(-rate * nonnegative("wait", wait)) * value)


@compiled
def risky_lease_of(
    income: float, residual: float, hazard: float, rents: float, ended: float, occupied: float, begun: float
) -> float:
    """Return `risky_lease_value` for one entry of a loop, from its annuities and discounts.

    Those are `rents` at k - g and `occupied` at k over the term, `ended` after it and `begun` after the wait.
    """
    return begun * (income * rents + residual * (ended + hazard * occupied))


def spread_cost(cost: ArrayLike, discount_rate: ArrayLike, years: ArrayLike) -> Result:
    """Return the present value of a cost paid evenly over a time; the cost itself if it is due now.

    Raises:
        ValueError: If a cost, rate or time is negative, or any is NaN.
    """
    time = np.maximum(nonnegative("years", years), AT_ONCE)
    factor = annuity_factor(nonnegative("discount_rate", discount_rate), time)
    return plain(nonnegative("cost", cost) * factor / time)


@compiled
def spread_cost_of(cost: float, rate: float, years: float, grown: float) -> float:
    """Return `spread_cost` for one entry of a loop, from `grown`, exp(-rate years) - 1."""
    return cost * annuity_of(rate, years, grown) / years


def arrival_value(arrival_rate: ArrayLike, closing_rate: ArrayLike, discount_rate: ArrayLike) -> Result:
    """Return what a prize of one is worth that arrives at a rate unless the window closes: a/(a + w + r).

    Both are memoryless, so this is the probability that it arrives in time, discounted to its arrival.

    Raises:
        ValueError: If a rate is negative, the discount rate is not positive, or any is NaN.
    """
    arrival = nonnegative("arrival_rate", arrival_rate)
    closing = nonnegative("closing_rate", closing_rate) + positive("discount_rate", discount_rate)
    return plain(arrival / (arrival + closing))


@compiled
def arrival_of(arrival_rate: float, closing_rate: float, discount_rate: float) -> float:
    """Return `arrival_value` for one entry of a loop."""
    return arrival_rate / (arrival_rate + (closing_rate + discount_rate))


def overhead_value(monthly: ArrayLike, discount_rate: ArrayLike, years: ArrayLike) -> Result:
    """Return the present value of a monthly cost that is paid for a time.

    Args:
        monthly: Cost, money a month.
        discount_rate: Rate, 1/year.
        years: How long it is paid; infinite for a going concern that never ends.

    Raises:
        ValueError: If a cost or time is negative, a rate is not positive, or any is NaN.
    """
    factor = annuity_factor(
        positive("discount_rate", discount_rate), nonnegative("years", years, infinite=True)
    )
    return plain(MONTHS * nonnegative("monthly", monthly) * factor)


@compiled
def overhead_of(monthly: float, discount_rate: float, years: float, grown: float) -> float:
    """Return `overhead_value` for one entry of a loop, from `grown`, exp(-rate years) - 1."""
    return MONTHS * monthly * annuity_of(discount_rate, years, grown)


def deferred_credit_gain(
    prepaid: ArrayLike, discount_rate: ArrayLike, wait: ArrayLike, years: ArrayLike
) -> Result:
    """Return what a landlord gains because a prepayment is credited back later, evenly over a time.

    The face of the prepayment less the present value of the rent it replaces.

    Args:
        prepaid: Prepayment not yet credited.
        discount_rate: Rate, hazard of default included, 1/year.
        wait: Years until crediting begins.
        years: Years over which it is credited.

    Returns:
        The same money, in the broadcast shape of the arguments; never negative.

    Raises:
        ValueError: If an argument is negative or NaN.
    """
    rate = nonnegative("discount_rate", discount_rate)
    credited = spread_cost(prepaid, rate, years) * np.exp(-rate * nonnegative("wait", wait))
    return plain(np.asarray(prepaid) - credited)


@compiled
def deferred_credit_of(prepaid: float, rate: float, years: float, grown: float, begun: float) -> float:
    """Return `deferred_credit_gain` for one entry of a loop; `begun` is the discount on its wait."""
    return prepaid - spread_cost_of(prepaid, rate, years, grown) * begun
