"""Waiting for the grid: a fluid queue that requests join, leave unserved, or leave connected.

Arrivals and capacity are in GW (or MW) a year; those who wait withdraw at a hazard per year.
"""

import numpy as np
from numpy.typing import ArrayLike

from agents.economics.checks import Result, nonnegative, plain


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
    backlog, capacity, withdrawal = _queue(backlog, capacity, withdrawal, first="backlog")
    waiting = backlog > 0.0
    with np.errstate(all="ignore"):  # infinite waits are answers here
        served_alone = np.where(waiting, backlog, 0.0) / np.where(waiting, capacity, 1.0)
    leaving = withdrawal > 0.0
    hazard = np.where(leaving, withdrawal, 1.0)
    return plain(np.where(leaving, np.log1p(hazard * served_alone) / hazard, served_alone))


def _queue(
    load: ArrayLike, capacity: ArrayLike, withdrawal: ArrayLike, *, first: str = "arrivals"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.asarray(nonnegative(first, load), dtype=float),
        np.asarray(nonnegative("capacity", capacity), dtype=float),
        np.asarray(nonnegative("withdrawal", withdrawal), dtype=float),
    )
