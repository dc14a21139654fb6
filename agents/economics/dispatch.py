"""When the machines of a site run, and what an hour of that costs: dispatch under each power contract.

A site pays `fixed` USD/MWh for every MWh it takes (transmission, operation, an all-in tariff) and, under a
grid contract, the hourly energy price on top. Machines of one generation run while the sum is below their
breakeven power price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.economics.checks import nonnegative, positive
from agents.economics.mining import optimal_dispatch


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
        ValueError: If a breakeven, energy price or volatility is negative or NaN.
    """
    nonnegative("breakeven", breakeven)
    moves = hourly | resale
    on_top = np.where(hourly, fixed, 0.0)
    worth = breakeven - (operating + on_top)
    uptime, margin = optimal_dispatch(
        worth, np.where(moves, energy_price, fixed), np.where(moves, volatility, 0.0)
    )
    paid = worth * uptime - margin
    sold = (energy_price - paid) * resale
    energy = np.where(resale, fixed - sold, paid + on_top * uptime)
    return Dispatch(uptime, energy, sold)


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
