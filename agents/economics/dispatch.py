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
    given = (
        finite("breakeven", breakeven),
        finite("mean_price", mean_price),
        nonnegative("volatility", volatility),
    )
    shape = np.broadcast_shapes(*{np.shape(each) for each in given})
    rows = np.empty((3, *shape))
    for place, each in enumerate(given):
        rows[place] = each
    uptime, margin = uptime_and_margin(rows.reshape(3, -1))
    return plain(uptime.reshape(shape)), plain(margin.reshape(shape))


def uptime_and_margin(rows: np.ndarray) -> np.ndarray:
    """Return `optimal_dispatch`, [2 x n], of breakeven, mean price and volatility, [3 x n], unchecked."""
    run, random, ratio = _at_mean(rows)
    if random.size:
        np.log(ratio, ratio)
        distances = _distances(rows, random, ratio)
        _at_random(rows, random, ndtr(distances, distances), run)
    return run


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
    nonnegative("breakeven", breakeven)
    given = np.broadcast_arrays(breakeven, operating, fixed, energy_price, volatility, hourly, resale)
    shape, columns = given[0].shape, [each.flatten() for each in given]
    rows = _prices(*columns)
    run = optimal_dispatch(*rows)
    bills = _bills(rows[0], *run, *(columns[place] for place in (2, 3, 5, 6)))
    return Dispatch(*(plain(each.reshape(shape)) for each in (run[0], *bills)))


@compiled
def price_met(
    breakeven: float,
    operating: float,
    fixed: float,
    energy_price: float,
    volatility: float,
    hourly: bool,
    resale: bool,
) -> tuple[float, float, float]:
    """Return the price below which machines run, and mean and volatility of the price they see.

    For one entry of a loop: from arguments of `dispatch_machines`, those of `optimal_dispatch`.
    """
    worth = breakeven - (operating + (fixed if hourly else 0.0))
    if hourly or resale:
        return worth, energy_price, volatility
    return worth, fixed, 0.0


@compiled
def bill_of(
    worth: float,
    uptime: float,
    margin: float,
    fixed: float,
    energy_price: float,
    hourly: bool,
    resale: bool,
) -> tuple[float, float]:
    """Return cost of energy, and income from selling power back, as in `Dispatch`.

    For one entry of a loop, from the price below which machines run and what `optimal_dispatch` says.
    """
    paid = worth * uptime - margin
    if resale:
        sold = energy_price - paid
        return fixed - sold, sold
    return paid + (fixed if hourly else 0.0) * uptime, 0.0


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
    rows = np.empty((3, breakeven.size))
    for row in range(breakeven.size):
        rows[0, row], rows[1, row], rows[2, row] = price_met(
            breakeven[row],
            operating[row],
            fixed[row],
            energy_price[row],
            volatility[row],
            hourly[row],
            resale[row],
        )
    return rows


@compiled
def _bills(
    worth: np.ndarray,
    uptime: np.ndarray,
    margin: np.ndarray,
    fixed: np.ndarray,
    energy_price: np.ndarray,
    hourly: np.ndarray,
    resale: np.ndarray,
) -> np.ndarray:
    bills = np.empty((2, worth.size))
    for row in range(worth.size):
        bills[0, row], bills[1, row] = bill_of(
            worth[row], uptime[row], margin[row], fixed[row], energy_price[row], hourly[row], resale[row]
        )
    return bills


@compiled
def _at_mean(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return uptime and margin if power always cost its mean.

    And for which entries it does not, with the breakeven price over the mean.
    """
    run, ratio = np.empty((2, rows.shape[1])), np.empty(rows.shape[1])
    random, count = np.empty(rows.shape[1], np.int64), 0
    for row in range(rows.shape[1]):
        breakeven, mean = rows[0, row], rows[1, row]
        run[0, row] = 1.0 if mean < breakeven else 0.0
        run[1, row] = max(breakeven - mean, 0.0)
        if rows[2, row] > _NO_SPREAD and mean > 0.0 and breakeven > 0.0:
            random[count], ratio[count] = row, breakeven / mean
            # What is next to nothing of the mean, however much that varies, runs nothing.
            count += ratio[count] > 0.0
    return run, random[:count], ratio[:count]


@compiled
def _distances(rows: np.ndarray, random: np.ndarray, log_ratio: np.ndarray) -> np.ndarray:
    """Return d and d - s of each price that varies."""
    distances = np.empty((2, random.size))
    for entry in range(random.size):
        spread = rows[2, random[entry]]
        distance = log_ratio[entry] / spread + 0.5 * spread
        distances[0, entry], distances[1, entry] = distance, distance - spread
    return distances


@compiled
def _at_random(rows: np.ndarray, random: np.ndarray, below: np.ndarray, run: np.ndarray) -> None:
    """Write uptime and margin where the price varies, from N(d) and N(d - s)."""
    for entry in range(random.size):
        row = random[entry]
        put = rows[0, row] * below[0, entry] - rows[1, row] * below[1, entry]
        run[0, row] = below[0, entry]
        # A put is worth at least what it pays at the mean price; far from it, rounding alone would say
        # otherwise.
        run[1, row] = max(put, run[1, row])
