"""What a grid can promise: adequacy, the prices that follow from it, and who in a queue is served when.

Megawatts are gross, at the meter. The queue is a fluid: requests shrink by withdrawals and are connected in
parts, in the order of their positions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, entry_by_entry, finite, nonnegative, plain, spread
from agents.economics.queues import NO_HAZARD

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
    given = finite("promised", promised), finite("accredited", accredited), nonnegative("peak", peak)
    return entry_by_entry(shortage_of, *given)


@compiled
def shortage_of(promised: float, accredited: float, peak: float) -> float:
    """Return `shortage_points` of one region."""
    return 100.0 * max(promised - accredited, 0.0) / peak if peak > 0.0 else 0.0


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
    slope = nonnegative("slope", slope)
    return plain(np.exp(entry_by_entry(log_connections_left, points, points_without, slope)))


@compiled
def log_connections_left(points: float, points_without: float, slope: float) -> float:
    """Return the log of the `connection_factor` of one region."""
    return -slope * max(points - points_without, 0.0)


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
    return entry_by_entry(share_served, ahead, mw, capacity)


@compiled
def share_served(ahead: float, mw: float, capacity: float) -> float:
    """Return the share `served` of one place."""
    return min(max((capacity - ahead) / mw, 0.0), 1.0) if mw > 0.0 else 0.0


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
    given = spread((ahead, mw, matures, nonnegative("capacity", capacity), horizon))
    table = given.reshape(len(given), -1)
    rate, until = table[3:]
    table[0] = entry_by_entry(years_alone, table[0], rate)
    expected = entry_by_entry(connected_by, *turns(table[:4], float(withdrawal)), rate, until)
    return plain(np.reshape(expected, given.shape[1:]))


@compiled
def years_alone(backlog: float, capacity: float) -> float:
    """Return the years a capacity takes for a backlog that nobody leaves; none counts as one MW/year."""
    return backlog / (capacity if capacity > 0.0 else 1.0)


@compiled
def wait_behind(alone: float, log: float, withdrawal: float) -> float:
    """Return the `backlog_wait` behind a backlog that would last so long alone, from ln(1 + w alone)."""
    return log / withdrawal if withdrawal > NO_HAZARD else alone


def turns(places: np.ndarray, withdrawal: float) -> np.ndarray:
    """Return how places are served: years until it begins, MW connected at once, years for the rest.

    Args:
        places: A column for each place, [4 x places]: years the capacity would take for the load before it if
            nobody left, load at the place in MW, years from which it can be connected, MW/year connected.
        withdrawal: Hazard at which what waits is withdrawn, 1/year.

    Returns:
        [3 x places].
    """
    served = _begin(places, np.log1p(withdrawal * places[0]), withdrawal)
    _begin_with(places, np.exp(served[2]), served)
    if withdrawal > NO_HAZARD:
        served[2] = np.log1p(withdrawal * served[2]) / withdrawal
    return served


@compiled
def _begin(places: np.ndarray, logs: np.ndarray, withdrawal: float) -> np.ndarray:
    """Return when each place is served, when nothing is ahead, and the log of what is left when it begins."""
    served = np.empty((3, logs.size))
    for each in range(logs.size):
        reached = wait_behind(places[0, each], logs[each], withdrawal)
        begins = max(places[2, each], reached)
        served[0, each], served[1, each], served[2, each] = begins, reached, -withdrawal * begins
    return served


@compiled
def _begin_with(places: np.ndarray, left: np.ndarray, served: np.ndarray) -> None:
    """Write what each place gets at once, MW, and the years its rest takes if nobody leaves.

    What was not needed while the place was not ripe has been saved up.
    """
    for each in range(left.size):
        waits, capacity = places[1, each] * left[each], places[3, each]
        saved = (capacity if capacity > 0.0 else 1.0) * (served[0, each] - served[1, each])
        at_once = min(waits, saved)
        served[1, each], served[2, each] = at_once, years_alone(waits - at_once, capacity)


@compiled
def connected_by(begins: float, at_once: float, takes: float, capacity: float, horizon: float) -> float:
    """Return the MW of a place that are connected by some time, from what `turns` says of it."""
    if not (begins <= horizon and capacity > 0.0):
        return 0.0
    return at_once + capacity * min(takes, max(horizon - begins, 0.0))
