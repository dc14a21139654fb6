"""Machines by generation: which run, what they sell for, and how eagerly the next ones are ordered.

Hashprice in USD/PH/day, efficiency in J/TH, energy in USD/MWh, machine values and prices in USD/TH.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from agents.compiled import compiled
from agents.economics.checks import positive
from agents.economics.mining import MWH_PER_PH_DAY

GRID_POINTS = 257
"""Mean efficiencies at which fleets are solved; between them fleets are mixed, which keeps means."""

_DOUBLINGS = 100
_BISECTIONS = 50


def cost_at_quantile(
    median: float, log_sigma: float, other: float, quantile: np.ndarray | float
) -> np.ndarray:
    """Return the cash cost below which a share of lognormal power is found, USD/MWh.

    Args:
        median: Of the power price, USD/MWh.
        log_sigma: Standard deviation of its logarithm.
        other: Cash cost besides power, USD/MWh.
        quantile: Share of the sector with cheaper power, between 0 and 1.
    """
    return median * np.exp(log_sigma * ndtri(quantile)) + other


def paying_share(
    hashprice: float, efficiency: np.ndarray, median: float, log_sigma: float, other: float
) -> np.ndarray:
    """Return the share of each generation that pays its cash cost when power is lognormal, shape (G,).

    Args:
        hashprice: USD/PH/day.
        efficiency: J/TH of each generation, shape (G,).
        median: Of the power price, USD/MWh.
        log_sigma: Standard deviation of its logarithm.
        other: Cash cost besides power, USD/MWh.
    """
    affordable = np.maximum(hashprice / (MWH_PER_PH_DAY * efficiency) - other, 1e-12)
    return ndtr((np.log(affordable) - math.log(median)) / log_sigma)


def eagerness(value: ArrayLike, price: float, hurdle: float, full_gain: float) -> np.ndarray:
    """Return how much of what they could order buyers do order, 0 to 1.

    Nothing when value does not exceed price by the hurdle, everything when the gain beyond it is `full_gain`
    of the price, in between in proportion: investment rises with the value of a machine over its price
    (Tobin 1969; Hayashi 1982), but neither firms nor makers can grow at any speed.

    Args:
        value: Of the machine to each buyer, USD/TH.
        price: Of the machine, USD/TH.
        hurdle: Gain a buyer asks for, share of price.
        full_gain: Gain beyond the hurdle at which buyers order all they can, share of price.
    """
    values = np.asarray(value, dtype=float)
    return _eagerness(values.ravel(), price, hurdle, full_gain).reshape(values.shape)


@compiled
def eagerness_of(value: float, price: float, hurdle: float, full_gain: float) -> float:
    """Return `eagerness` for one entry of a loop."""
    gain = (value - price * (1.0 + hurdle)) / max(price * full_gain, 1e-12)
    return min(max(gain, 0.0), 1.0)


@compiled
def _eagerness(value: np.ndarray, price: float, hurdle: float, full_gain: float) -> np.ndarray:
    eager = np.empty(value.size)
    for row in range(value.size):
        eager[row] = eagerness_of(value[row], price, hurdle, full_gain)
    return eager


@compiled
def asked_price(
    value: np.ndarray, cost: np.ndarray, share: float, made: np.ndarray, on_sale: np.ndarray
) -> np.ndarray:
    """Return the price each generation tends to, USD/TH, shape (G,).

    Makers sell a machine at its cost plus their share of what the marginal buyer gains beyond that cost; they
    do not sell below it. For a machine no longer made that buyer gives as much of its value as for the best
    bargain on sale, and never more than its value.

    Args:
        value: To the marginal buyer, USD/TH.
        cost: Of making the machine, USD/TH.
        share: Part of the gain that goes to makers.
        made: Whether the machine is still made, now or in future.
        on_sale: Whether it is made now.
    """
    asked, part = np.empty(value.size), 1.0
    for machine in range(value.size):
        asked[machine] = cost[machine] + share * max(value[machine] - cost[machine], 0.0)
        if on_sale[machine] and value[machine] > 0.0:
            part = min(part, asked[machine] / value[machine])
    for machine in range(value.size):
        if not made[machine]:
            asked[machine] = part * value[machine]
    return asked


def vintage_shares(
    mean_efficiency: ArrayLike, generations: ArrayLike, log_sigma: ArrayLike
) -> NDArray[np.float64]:
    """Spread fleets known by their average over machine generations, keeping the average.

    Hash shares follow a lognormal kernel around the mean, exp(-ln(g/mean)^2 / (2 sigma^2)), tilted
    by exp(-k g) so that the hash-weighted mean efficiency is the given one: of all shares with that mean, the
    tilted ones are the closest to the kernel in relative entropy (Csiszar 1975). The last step mixes two
    solutions that bracket the mean, so it holds to rounding.

    Args:
        mean_efficiency: Hash-weighted mean efficiency, J/TH, of one fleet (a number) or of n, shape (n,).
        generations: Efficiency of each machine generation, J/TH, shape (G,), in any order.
        log_sigma: Standard deviation of log efficiency in the kernel, a number or shape (n,).

    Returns:
        Shares of each fleet's hash, shape (G,) or (n, G); each fleet's sum to one.

    Raises:
        ValueError: If an efficiency or spread is not positive, or a mean is outside the range of the
            generations.
    """
    mean = np.asarray(positive("mean_efficiency", mean_efficiency), dtype=float)[..., None]
    grid = np.atleast_1d(positive("generations", generations)).astype(float)
    sigma = np.asarray(positive("log_sigma", log_sigma), dtype=float)[..., None]
    if mean.size and not (mean.min() >= grid.min() and mean.max() <= grid.max()):
        raise ValueError(
            f"mean_efficiency must lie within the generations, {grid.min():g} to {grid.max():g} J/TH, "
            f"got {mean.min():g} to {mean.max():g}"
        )
    return _tilted_to_mean(-0.5 * (np.log(grid / mean) / sigma) ** 2, (grid - mean) / mean)


def fleet_of_running(
    mean: float, generations: np.ndarray, log_sigma: float, running: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return shares of a fleet's hash by generation such that what runs of it has a given mean, shape (G,).

    Args:
        mean: Hash-weighted mean of the running machines, J/TH.
        generations: J/TH, shape (G,).
        log_sigma: Spread of the fleet (see `vintage_shares`).
        running: Share of each generation that runs, shape (G,).
    """
    points = np.geomspace(generations.min(), generations.max(), GRID_POINTS)
    shares = vintage_shares(points, generations, log_sigma)
    on = shares * running
    # Hash-weighted distance from the wanted mean: linear in a mix of fleets, and it rises along the grid.
    excess = (on * (generations - mean)).sum(axis=1)
    above = int(np.clip(np.searchsorted(excess > 0.0, True), 1, GRID_POINTS - 1))
    over, under = excess[above], excess[above - 1]
    weight = float(np.clip(-under / (over - under), 0.0, 1.0)) if over > under else 0.0
    return shares[above] * weight + shares[above - 1] * (1.0 - weight)


def _tilted(log_kernel: np.ndarray, excess: np.ndarray, tilt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    exponent = log_kernel - tilt * excess
    weights = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights, (weights * excess).sum(axis=-1, keepdims=True)


def _tilted_to_mean(log_kernel: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Tilt every row's weights until their mean excess is zero; it falls as the tilt grows."""
    ends = []
    for sign in (-1.0, 1.0):
        tilt = np.full((*excess.shape[:-1], 1), sign)
        for _ in range(_DOUBLINGS):
            short = sign * _tilted(log_kernel, excess, tilt)[1] > 0.0
            if not short.any():
                break
            tilt = np.where(short, 2.0 * tilt, tilt)
        ends.append(tilt)
    low, high = ends
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        above = _tilted(log_kernel, excess, middle)[1] >= 0.0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    (left, over), (right, under) = _tilted(log_kernel, excess, low), _tilted(log_kernel, excess, high)
    gap = over - under
    share = np.where(gap > 0.0, over / np.where(gap > 0.0, gap, 1.0), 0.0)
    return left + share * (right - left)
