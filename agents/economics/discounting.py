"""Continuous discounting: the present value of a flow that lasts a given time."""

import numpy as np
from numpy.typing import ArrayLike

from agents.economics.checks import Result

_NO_RATE = 1e-200  # below it, quotients of rates lose their digits


def annuity_factor(rate: ArrayLike, years: ArrayLike) -> Result:
    """Return the present value of one a year, paid continuously for a time: (1 - exp(-rate years)) / rate.

    Unchecked, as a building block of checked formulas.

    Args:
        rate: Discount rate net of growth, 1/year; any sign. Zero gives `years`, negative rates grow.
        years: Duration in years, zero or more; infinite is a perpetuity.

    Returns:
        Years' worth of flow, in the broadcast shape of the arguments; infinite for a perpetuity that is not
        discounted.
    """
    rate, years = np.asarray(rate, dtype=float), np.asarray(years, dtype=float)
    if np.minimum.reduce(rate, axis=None, initial=np.inf) >= _NO_RATE:
        owed = -rate
        return np.asarray(np.expm1(owed * years) / owed)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = -np.expm1(-rate * years) / rate
    return np.where(np.abs(rate) < _NO_RATE, years, factor)
