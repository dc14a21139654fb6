"""Waiting for the grid: a fluid queue that requests join, leave unserved, or leave connected.

Arrivals and capacity are in GW (or MW) a year; those who wait withdraw at a hazard per year.
"""

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, nonnegative, plain, positive

NO_HAZARD = 1e-200
"""Hazard of withdrawals, 1/year, up to which nobody leaves: products with it would lose their digits."""


def queue_wait(arrivals: ArrayLike, capacity: ArrayLike, withdrawal: ArrayLike) -> Result:
    """Return how long those who stay wait in the steady state of an overloaded queue: ln(A/C)/w.

    Of those who arrive, the share exp(-w T) is still there after a wait of T; in the steady state that share
    is what capacity can serve (the fluid limit of a queue with reneging, Whitt 2004).

    Args:
        arrivals: Requests A, GW/year.
        capacity: Connections C, GW/year.
        withdrawal: Hazard w at which a waiting request is withdrawn, 1/year.

    Returns:
        Years, in the broadcast shape of the arguments. Zero where capacity keeps up with arrivals; infinite
        in an overloaded queue that nobody leaves or nothing serves.

    Raises:
        ValueError: If an argument is negative or NaN.
    """
    arrivals, capacity, withdrawal = _queue(arrivals, capacity, withdrawal)
    overloaded = arrivals > capacity
    with np.errstate(all="ignore"):  # infinite waits are answers here
        wait = np.log(np.where(overloaded, arrivals, 1.0) / np.where(overloaded, capacity, 1.0)) / withdrawal
    return plain(np.where(overloaded, wait, 0.0))


def queue_backlog(arrivals: ArrayLike, capacity: ArrayLike, withdrawal: ArrayLike) -> Result:
    """Return how much waits in the steady state of an overloaded queue: (A - C)/w.

    Args:
        arrivals: Requests A, GW/year.
        capacity: Connections C, GW/year.
        withdrawal: Hazard w at which a waiting request is withdrawn, 1/year.

    Returns:
        GW, in the broadcast shape of the arguments. Zero where capacity keeps up with arrivals; infinite in
        an overloaded queue that nobody leaves.

    Raises:
        ValueError: If an argument is negative or NaN.
    """
    arrivals, capacity, withdrawal = _queue(arrivals, capacity, withdrawal)
    excess = np.maximum(arrivals - capacity, 0.0)
    with np.errstate(all="ignore"):  # infinite waits are answers here
        return plain(np.where(excess > 0.0, excess / withdrawal, 0.0))


def backlog_wait(backlog: ArrayLike, capacity: ArrayLike, withdrawal: ArrayLike) -> Result:
    """Return how long a newcomer waits behind a backlog, first come first served: ln(1 + w B/C)/w.

    The backlog ahead shrinks by C a year of connections and by w times itself of withdrawals. At the
    steady-state backlog this is `queue_wait`; without withdrawals it is B/C.

    Args:
        backlog: Requests ahead B, GW.
        capacity: Connections C, GW/year.
        withdrawal: Hazard w at which a waiting request is withdrawn, 1/year.

    Returns:
        Years, in the broadcast shape of the arguments. Zero behind nothing, infinite where nothing is
        connected.

    Raises:
        ValueError: If an argument is negative or NaN.
    """
    alone = _served_alone(nonnegative("backlog", backlog), nonnegative("capacity", capacity))
    hazard = nonnegative("withdrawal", withdrawal)
    if isinstance(hazard, float) and hazard > NO_HAZARD:
        return plain(np.log1p(hazard * alone) / hazard)
    leaving = np.greater(hazard, NO_HAZARD)
    hazard = np.where(leaving, hazard, 1.0)
    return plain(np.where(leaving, np.log1p(hazard * alone) / hazard, alone))


@compiled
def _served_alone(backlog: Result, capacity: Result) -> Result:
    """Return how long a backlog lasts that nobody leaves, infinite where nothing is connected."""
    waiting = backlog > 0.0
    return np.where(waiting, backlog, 0.0) / np.where(waiting, capacity, 1.0)


def shared_waits(backlog: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Return how long a newcomer waits for each of several servers that the same backlog may turn to.

    Whoever could use server k could use every server with a backlog at least as long, and takes whichever is
    free first. So waits even out between servers as long as those before the shorter backlog can turn to the
    other: the waits are B/C of pooled servers, rising with the backlog (a fluid queue with nested skills,
    whose balanced waits are the isotonic regression of added backlog over capacity). One server alone has
    B/C; servers with one backlog in common have B over the sum of their capacities.

    Args:
        backlog: Load that could use each server now B, MW; loads of different servers are the same load.
        capacity: Load each server takes C, MW/year, positive.

    Returns:
        Years, shape of the arguments.

    Raises:
        ValueError: If a backlog is negative, a capacity not positive, or an argument NaN.
    """
    return _shared_waits(nonnegative("backlog", backlog), positive("capacity", capacity))


@compiled
def _shared_waits(backlog: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Return the waits of pools of neighbours in the order of the backlog."""
    count = backlog.size
    order = np.argsort(backlog, kind="mergesort")
    total, served = np.zeros(count + 1), np.zeros(count + 1)
    for place in range(count):
        total[place + 1] = backlog[order[place]]
        served[place + 1] = served[place] + capacity[order[place]]
    waits = np.zeros(count)
    for first in range(count):
        # A wait is that of the busiest pool, and a pool reaches as far as lowers its wait.
        least = np.inf
        for last in range(count - 1, first - 1, -1):
            pooled = (total[last + 1] - total[first]) / (served[last + 1] - served[first])
            least = min(least, pooled)
            waits[order[last]] = max(waits[order[last]], least)
    return waits


def _queue(
    arrivals: ArrayLike, capacity: ArrayLike, withdrawal: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.asarray(nonnegative("arrivals", arrivals), dtype=float),
        np.asarray(nonnegative("capacity", capacity), dtype=float),
        np.asarray(nonnegative("withdrawal", withdrawal), dtype=float),
    )
