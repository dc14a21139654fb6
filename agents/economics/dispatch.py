"""When the machines of a site run, and what an hour of that costs: dispatch under each power contract.

A site pays `fixed` USD/MWh for every MWh it takes (transmission, operation, an all-in tariff) and, under a
grid contract, the hourly energy price on top. Machines of one generation run while the sum is below their
breakeven power price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from agents.compiled import compiled
from agents.economics.checks import Result, finite, nonnegative, plain, positive

_NO_SPREAD = 1e-12  # prices that vary less do not vary


def optimal_dispatch(
    breakeven: ArrayLike, mean_price: ArrayLike, volatility: ArrayLike
) -> tuple[Result, Result]:
    """Return how often a machine runs, and what it earns, when it runs only while power is cheap enough.

    Hourly prices are lognormal with mean m and log standard deviation s; the machine runs while the price is
    below its breakeven B, so its margin is a put on power: `uptime = N(d)`, `margin = B N(d) - m N(d - s)`,
    `d = ln(B/m)/s + s/2` (Black & Scholes 1973, undiscounted). With s = 0 this is the step function: run when
    m < B and earn B - m. A mean of zero or less, which no lognormal has, is treated as that constant price.

    Args:
        breakeven: Breakeven power price B, USD/MWh; at zero or below nothing runs at positive prices.
        mean_price: Mean power price m, USD/MWh.
        volatility: Standard deviation s of the log price across hours.

    Returns:
        `(uptime, margin)`: share of hours run, from 0 to 1, and USD per MWh of *available* hours (running or
        not), each in the broadcast shape of the arguments.

    Raises:
        ValueError: If a price is not finite or a volatility is negative.
    """
    rows = np.array(np.broadcast_arrays(breakeven, mean_price, volatility), dtype=float)
    shape = rows.shape[1:]
    uptime, margin = _run(rows.reshape(3, -1))
    return plain(uptime.reshape(shape)), plain(margin.reshape(shape))


class Dispatch(NamedTuple):
    """Hours run and money of one MW of machines over an available hour.

    Attributes:
        uptime: Share of available hours the machines run.
        energy: Cost of energy net of what is sold back, USD per available MWh.
        resale: Income from selling contracted power back, USD per available MWh (part of `energy`'s net).
    """

    uptime: np.ndarray
    energy: np.ndarray
    resale: np.ndarray


def dispatch_machines(
    breakeven: np.ndarray,
    operating: np.ndarray,
    fixed: np.ndarray,
    energy_price: np.ndarray,
    volatility: np.ndarray,
    hourly: np.ndarray,
    resale: np.ndarray,
) -> Dispatch:
    """Return how long machines run and what their power costs, entry by entry.

    Three contracts. Hourly: the site pays the hourly price plus `fixed`; it runs while both and `operating`
    are below breakeven. Fixed with resale: power is bought at `fixed` whatever happens and sold at the hourly
    price when that beats mining. Fixed: all hours or none.

    Args:
        breakeven: Breakeven power price of the machines, USD/MWh, shape (n,).
        operating: Cash cost besides power of running, USD/MWh, shape (n,).
        fixed: Part of the power price that does not move by the hour, USD/MWh, shape (n,).
        energy_price: Mean hourly energy price at their site, USD/MWh, shape (n,).
        volatility: Standard deviation of the log hourly price, shape (n,).
        hourly: Whether their site pays the hourly price, shape (n,).
        resale: Whether it can sell contracted power at the hourly price, shape (n,).

    Raises:
        ValueError: If a breakeven or volatility is negative, or any price is NaN.
    """
    given = breakeven, operating, fixed, energy_price, volatility, hourly, resale
    if len({np.shape(each) for each in given}) > 1 or np.ndim(breakeven) != 1:
        columns = np.broadcast_arrays(*given)
        run = dispatch_machines(*(each.flatten() for each in columns))
        return Dispatch(*(plain(each.reshape(columns[0].shape)) for each in run))
    nonnegative("breakeven", breakeven)
    rows = _prices(*given)
    return Dispatch(*_costs(rows[0], fixed, energy_price, hourly, resale, _run(rows)))


def fixed_part(
    paid: np.ndarray, breakeven: np.ndarray, energy_price: np.ndarray, volatility: np.ndarray
) -> np.ndarray:
    """Return the part of a reported power cost that does not move by the hour.

    A miner that stops in dear hours reports what it *paid*: paid = fixed + E[p | p < breakeven - fixed]. The
    right side rises in `fixed`, so bisection finds it; it may be negative where credits are large.

    Args:
        paid: Reported power cost, USD/MWh, shape (n,).
        breakeven: Breakeven power price net of operation, USD/MWh, shape (n,), above `paid` or the site
            would not run at all (then all of `paid` less the energy price is taken as fixed).
        energy_price: Mean hourly energy price, USD/MWh, shape (n,).
        volatility: Standard deviation of the log hourly price, shape (n,).

    Returns:
        USD/MWh, shape (n,).

    Raises:
        ValueError: If an energy price is not positive or a volatility is negative.
    """
    positive("energy_price", energy_price)
    low = paid - breakeven
    high = np.minimum(paid, breakeven)
    for _ in range(50):
        middle = 0.5 * (low + high)
        uptime, margin = optimal_dispatch(breakeven - middle, energy_price, volatility)
        mean_paid = middle + (breakeven - middle) - margin / np.maximum(uptime, 1e-12)
        too_high = mean_paid > paid
        low, high = np.where(too_high, low, middle), np.where(too_high, middle, high)
    runs = paid < breakeven
    return np.where(runs, 0.5 * (low + high), paid - energy_price)


@compiled
def _prices(
    breakeven: np.ndarray,
    operating: np.ndarray,
    fixed: np.ndarray,
    energy_price: np.ndarray,
    volatility: np.ndarray,
    hourly: np.ndarray,
    resale: np.ndarray,
) -> np.ndarray:
    """Return the price below which machines run, and mean and volatility of the price they see."""
    rows = np.empty((3, breakeven.size))
    for row in range(breakeven.size):
        moves = hourly[row] or resale[row]
        rows[0, row] = breakeven[row] - (operating[row] + (fixed[row] if hourly[row] else 0.0))
        rows[1, row] = energy_price[row] if moves else fixed[row]
        rows[2, row] = volatility[row] if moves else 0.0
    return rows


@compiled
def _costs(
    worth: np.ndarray,
    fixed: np.ndarray,
    energy_price: np.ndarray,
    hourly: np.ndarray,
    resale: np.ndarray,
    run: np.ndarray,
) -> np.ndarray:
    """Return uptime, energy net of what is sold back, and what is sold back, from uptime and margin."""
    costs = np.empty((3, worth.size))
    for row in range(worth.size):
        uptime = run[0, row]
        paid = worth[row] * uptime - run[1, row]
        sold = energy_price[row] - paid if resale[row] else 0.0
        on_top = fixed[row] if hourly[row] else 0.0
        costs[0, row] = uptime
        costs[1, row] = fixed[row] - sold if resale[row] else paid + on_top * uptime
        costs[2, row] = sold
    return costs


def _run(rows: np.ndarray) -> np.ndarray:
    """Return uptime and margin from breakeven, mean price and volatility, all as rows."""
    finite("breakeven", rows[0])
    finite("mean_price", rows[1])
    nonnegative("volatility", rows[2])
    run, random, varying = _at_mean(rows)
    if random.size:
        with np.errstate(over="ignore", divide="ignore"):
            log_ratio = np.log(varying[0] / varying[1])
        _at_random(varying, ndtr(_distances(varying[2], log_ratio)), random, run)
    return run


@compiled
def _at_mean(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return uptime and margin if power always cost its mean, and entries for which it does not."""
    breakeven, mean, spread = rows
    run, varying = np.empty((2, mean.size)), np.empty((3, mean.size))
    random, count = np.empty(mean.size, np.int64), 0
    for row in range(mean.size):
        run[0, row] = 1.0 if mean[row] < breakeven[row] else 0.0
        run[1, row] = max(breakeven[row] - mean[row], 0.0)
        # What does not vary is written over by the next.
        random[count] = row
        varying[0, count], varying[1, count], varying[2, count] = breakeven[row], mean[row], spread[row]
        count += (spread[row] > _NO_SPREAD) & (mean[row] > 0.0) & (breakeven[row] > 0.0)
    return run, random[:count], varying[:, :count].copy()


@compiled
def _distances(spread: np.ndarray, log_ratio: np.ndarray) -> np.ndarray:
    """Return d and d - s of each price that varies."""
    distances = np.empty((2, spread.size))
    for row in range(spread.size):
        distance = log_ratio[row] / spread[row] + 0.5 * spread[row]
        distances[0, row], distances[1, row] = distance, distance - spread[row]
    return distances


@compiled
def _at_random(varying: np.ndarray, below: np.ndarray, random: np.ndarray, run: np.ndarray) -> None:
    """Write uptime and margin where the price varies, from N(d) and N(d - s)."""
    for entry in range(random.size):
        row = random[entry]
        put = varying[0, entry] * below[0, entry] - varying[1, entry] * below[1, entry]
        run[0, row] = below[0, entry]
        # A put is worth at least what it pays at the mean price; far from it, rounding alone would say
        # otherwise.
        run[1, row] = max(put, run[1, row])
