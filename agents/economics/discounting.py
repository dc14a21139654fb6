"""Continuous discounting: the present value of a flow that lasts a given time, growing or rising in steps."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
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
    if isinstance(rate, float):
        discounted = rate >= _NO_RATE
    else:
        rate = np.asarray(rate, dtype=float)
        discounted = rate.size and np.minimum.reduce(rate.ravel()) >= _NO_RATE
    years = np.asarray(years, dtype=float)
    if discounted:
        owed = -rate
        return np.asarray(np.expm1(owed * years) / owed)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = -np.expm1(-rate * years) / rate
    return np.where(np.abs(rate) < _NO_RATE, years, factor)


@compiled
def annuity_of(rate: float, years: float, grown: float) -> float:
    """Return `annuity_factor` for one entry of a loop, from `grown`, exp(-rate years) - 1."""
    return grown / -rate if abs(rate) >= _NO_RATE else years


def yearly_step(growth: ArrayLike) -> Result:
    """Return where a flow that grows all the time starts to pay, every year, what one raised yearly pays.

    A rent R raised by exp(g) - 1 on each anniversary pays in its first year what R g/(exp(g) - 1) growing at
    rate g pays, and so in every other: formulas in continuous growth hold for R times this number, but for
    the interest on shifts within a year. Unchecked, as a building block of checked formulas.

    Args:
        growth: Continuous growth g, 1/year; any sign.

    Returns:
        Share of the stepped flow, in the shape of the argument; one without growth.
    """
    return _step_of(growth) if isinstance(growth, float) else _step(np.asarray(growth, dtype=float))


def _step(growth: np.ndarray) -> np.ndarray:
    flat = growth.ravel()
    return _over_raise(flat, np.expm1(flat)).reshape(growth.shape)


@compiled
def _over_raise(growth: np.ndarray, rise: np.ndarray) -> np.ndarray:
    share = np.empty(growth.size)
    for row in range(growth.size):
        share[row] = step_of(growth[row], rise[row])
    return share


@compiled
def step_of(growth: float, rise: float) -> float:
    """Return `yearly_step` for one entry of a loop, from `rise`, exp(growth) - 1."""
    return growth / rise if growth != 0.0 else 1.0


@lru_cache
def _step_of(growth: float) -> float:
    """Return the share for one number: contracts have few escalators, and every formula asks for theirs."""
    return float(_step(np.asarray(growth)))


def mean_over_term(growth: ArrayLike, years: ArrayLike) -> Result:
    """Return the mean of a flow raised once a year over what it is in the first: ((1+e)^T - 1)/(e T).

    Unchecked, as a building block of checked formulas.

    Args:
        growth: Continuous growth ln(1 + e), 1/year; any sign.
        years: Term T, years, positive; exact for whole years.

    Returns:
        Multiple of the first year's flow, in the broadcast shape of the arguments.
    """
    return annuity_factor(-np.asarray(growth), years) / np.asarray(years) * yearly_step(growth)
