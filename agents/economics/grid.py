"""What a grid can promise: adequacy, the prices that follow from it, and who in a queue is served when.

Megawatts are gross, at the meter. The queue is a fluid: requests shrink by withdrawals and are connected in
parts, in the order of their positions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from agents.economics.checks import Result, finite, nonnegative, plain

HOURS_PER_DAY = 24.0


def shortage_points(promised: ArrayLike, accredited: ArrayLike, peak: ArrayLike) -> Result:
    """Return by how many percentage points of peak load a region has promised more than is accredited.

    Args:
        promised: Firm load promised, reserve margin included, MW.
        accredited: Firm capacity accredited, MW.
        peak: Peak load, MW.

    Returns:
        Points, zero for an adequate region and for one without load.
    """
    peak = np.asarray(nonnegative("peak", peak), dtype=float)
    short = np.maximum(finite("promised", promised) - np.asarray(finite("accredited", accredited)), 0.0)
    return plain(100.0 * np.where(peak > 0.0, short, 0.0) / np.where(peak > 0.0, peak, 1.0))


def capacity_price(start: ArrayLike, points: ArrayLike, slope: float, cap: float) -> Result:
    """Return the capacity price of a region that is short, start x exp(slope x points), up to a cap.

    Args:
        start: Price of an adequate region, USD/MW-day; zero where there is no capacity market.
        points: Shortage, percentage points of peak.
        slope: Rise of the log price per point.
        cap: Administrative cap, USD/MW-day; a price that starts above it stays where it is.

    Returns:
        USD/MW-day.
    """
    start = np.asarray(nonnegative("start", start), dtype=float)
    short = nonnegative("points", points)
    # The cap is applied to the exponent as well, so that a hopeless shortage does not overflow.
    rise = np.minimum(nonnegative("slope", slope) * np.asarray(short), 700.0)
    return plain(np.minimum(start * np.exp(rise), np.maximum(start, cap)))


def connection_factor(points: ArrayLike, points_without: ArrayLike, slope: float) -> Result:
    """Return what is left of an operator's connections once others have used up adequacy.

    Args:
        points: Shortage with everything that was promised, percentage points of peak.
        points_without: Shortage had flexible load not turned firm, percentage points.
        slope: Fall of the log of connections per point between the two.

    Returns:
        Share from 0 to 1; one in a region that stays adequate.
    """
    used_up = np.maximum(np.asarray(points) - points_without, 0.0)
    return plain(np.exp(-nonnegative("slope", slope) * used_up))


def firm_power_price(
    industrial: ArrayLike,
    energy_start: ArrayLike,
    energy_index: ArrayLike,
    capacity_start: ArrayLike,
    capacity_now: ArrayLike,
) -> Result:
    """Return what a firm load pays the grid: the industrial price, moved by energy and capacity prices.

    Args:
        industrial: Delivered price at the start, USD/MWh.
        energy_start: Part of it that is energy, USD/MWh.
        energy_index: Energy price over its start.
        capacity_start: Capacity price at the start, USD/MW-day.
        capacity_now: Capacity price now, USD/MW-day.

    Returns:
        USD/MWh of a flat load.
    """
    energy = np.asarray(energy_start) * (np.asarray(energy_index) - 1.0)
    return plain(
        np.asarray(industrial) + energy + (np.asarray(capacity_now) - capacity_start) / HOURS_PER_DAY
    )


def served(ahead: ArrayLike, mw: ArrayLike, capacity: ArrayLike) -> Result:
    """Return which part of a place in a queue a capacity reaches, 0 to 1: min(max(C - ahead, 0)/mw, 1).

    Args:
        ahead: Load before it, MW.
        mw: Load at this place, MW; those who share a place are served in proportion.
        capacity: Load that can be connected now, MW.

    Returns:
        Share, zero where nobody stands.
    """
    mw = np.asarray(mw, dtype=float)
    share = (np.asarray(capacity) - ahead) / np.where(mw > 0.0, mw, np.inf)
    return plain(np.minimum(np.maximum(share, 0.0), 1.0))


def connected_within(
    ahead: ArrayLike,
    mw: ArrayLike,
    matures: ArrayLike,
    capacity: ArrayLike,
    withdrawal: float,
    horizon: ArrayLike,
) -> Result:
    """Return how much of a place in a queue can expect to be connected within a time.

    Behind B megawatts the wait is t(B) = ln(1 + w B/C)/w, and what waits shrinks by exp(-w t). A place is
    served from the time it is ripe and nothing is ahead: first with the capacity that was not needed while it
    was not ripe, then at the rate C. A place that is ripe when its turn comes gets C (t(B2) - t(B1)).

    Args:
        ahead: B1, load before the place, MW.
        mw: B2 - B1, load at the place, MW.
        matures: Time from which the place can be connected, years from now.
        capacity: C, MW/year.
        withdrawal: w, 1/year.
        horizon: Time looked ahead, years.

    Returns:
        MW in the broadcast shape, at most `mw`.
    """
    rate = np.asarray(nonnegative("capacity", capacity), dtype=float)
    works = rate > 0.0
    rate = np.where(works, rate, 1.0)
    reached = _wait(ahead, rate, withdrawal)
    begins = np.maximum(matures, reached)
    left = mw * np.exp(-withdrawal * begins)
    at_once = np.minimum(left, rate * (begins - reached))
    takes = _wait(left - at_once, rate, withdrawal)
    expected = at_once + rate * np.minimum(takes, np.maximum(horizon - begins, 0.0))
    return plain(expected * (np.less_equal(begins, horizon) & works))


def _wait(backlog: ArrayLike, rate: np.ndarray, withdrawal: float) -> np.ndarray:
    alone = np.asarray(backlog, dtype=float) / rate
    return np.log1p(withdrawal * alone) / withdrawal if withdrawal > 0.0 else alone
