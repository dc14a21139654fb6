"""Real options on power: when giving up a mine for a better use is worth it, and when to enter or leave.

All values follow geometric Brownian motion; rates, payouts and volatilities are per year.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root_scalar

from agents.compiled import compiled
from agents.economics.checks import Result, finite, nonnegative, plain, positive, spread


def option_hurdle(
    payout: ArrayLike, volatility: ArrayLike, discount_rate: ArrayLike, window_rate: ArrayLike = 0.0
) -> Result:
    """Return how many times the value given up a new use must be worth before switching for good.

    The owner of a block of megawatts may once and for ever give up mining, worth V, for a use worth K. V
    drifts at r - payout with volatility s; K stands still, and the offer vanishes at rate `window_rate` (a
    Poisson event that leaves the mine). That is a perpetual American put on V with strike K (McDonald &
    Siegel 1986; Dixit & Pindyck 1994, chs. 5 and 7): switch once K >= H* V, where H* = (b - 1)/b and b is the
    negative root of s^2 b(b-1)/2 + (r - payout) b - (r + window_rate) = 0.

    H* is the reciprocal of `switching_threshold`. Plain NPV switches at K >= V; the option to wait asks for
    (H* - 1) V more, less the faster the window closes. Without uncertainty H* = payout/r for a mine that pays
    out more than r: wait until what it still pays, payout x V, is worth no more than interest on K.

    Args:
        payout: Rate at which mining pays out its value in margins, 1/year. The more it pays out while it
            lasts, the longer it is worth holding on to.
        volatility: Standard deviation s of the log of V over a year.
        discount_rate: Rate r, 1/year.
        window_rate: Perceived rate at which the offer closes, 1/year.

    Returns:
        H*, one or more, in the broadcast shape of the arguments. Exactly one, plain NPV, for a sure value
        that does not fall (volatility 0 and payout <= r).

    Raises:
        ValueError: If a rate is not positive, a volatility or window rate is negative, or any is not finite.
    """
    given = (
        positive("discount_rate", discount_rate),
        finite("payout", payout),
        nonnegative("volatility", volatility),
        nonnegative("window_rate", window_rate),
    )
    table = spread(given)
    return plain(_hurdles(table.reshape(len(given), -1)).reshape(table.shape[1:]))


@compiled
def _hurdles(given: np.ndarray) -> np.ndarray:
    hurdles = np.empty(given.shape[1])
    for entry in range(hurdles.size):
        rate, payout, volatility, window_rate = given[:, entry]
        closing, variance = rate + window_rate, volatility**2
        # With m = drift of ln V and q = sqrt(m^2 + 2 s^2 (r + window)): -1/b = (q - m)/(2 (r + window)). The
        # second form of q - m loses no digits when m > 0 and needs no division by s.
        m = rate - payout - 0.5 * variance
        q = math.sqrt(m**2 + 2.0 * variance * closing)
        shortfall = q - m if m <= 0.0 else 2.0 * variance * closing / (q + m)
        hurdles[entry] = 1.0 + shortfall / (2.0 * closing)
    return hurdles


def switching_threshold(
    payout: ArrayLike, volatility: ArrayLike, discount_rate: ArrayLike, window_rate: ArrayLike = 0.0
) -> Result:
    """Return the share of the new use's value to which mining must fall before switching for good.

    The exercise boundary V*/K = b/(b - 1) of the perpetual put described in `option_hurdle`, whose reciprocal
    it is: with a threshold of 0.25 the new use must be worth four times the mine.

    Args:
        payout: Rate at which mining pays out its value, 1/year.
        volatility: Standard deviation of the log value of mining over a year.
        discount_rate: Rate, 1/year.
        window_rate: Perceived rate at which the offer closes, 1/year.

    Returns:
        V*/K, above 0 and at most 1 (plain NPV), in the broadcast shape of the arguments.

    Raises:
        ValueError: If a rate is not positive, a volatility or window rate is negative, or any is not finite.
    """
    return 1.0 / option_hurdle(payout, volatility, discount_rate, window_rate)


def entry_exit_thresholds(
    cost: ArrayLike,
    entry_cost: ArrayLike,
    exit_cost: ArrayLike,
    discount_rate: ArrayLike,
    drift: ArrayLike,
    volatility: ArrayLike,
) -> tuple[Result, Result]:
    """Return the prices at which an idle firm enters and an active one leaves (Dixit 1989).

    A firm earns P - w a year while active; entering costs k, leaving l (negative: a scrap value, at most k);
    P drifts at mu with volatility s. Between the two prices it does nothing, whichever it is: hysteresis.
    With drift 0 and s tending to 0 they tend to Marshall's w + r k and w - r l.

    Each set of arguments costs a root search of some 30 microseconds; arrays are searched entry by entry.

    Args:
        cost: Running cost w, money per unit and year.
        entry_cost: Sunk cost k of entry, money per unit.
        exit_cost: Cost l of exit, money per unit.
        discount_rate: Rate r, 1/year; must exceed the drift.
        drift: Drift mu of the price, 1/year.
        volatility: Standard deviation s of the log price over a year.

    Returns:
        `(enter, leave)`, money per unit and year, each in the broadcast shape of the arguments; `leave` is
        zero when leaving costs more than running for ever.

    Raises:
        ValueError: If a cost, rate or entry cost is negative, a volatility or `discount_rate - drift` is not
            positive, the entry and exit cost together are not positive, or any is not finite.
    """
    w, sigma = nonnegative("cost", cost), positive("volatility", volatility)
    k, exiting = nonnegative("entry_cost", entry_cost), finite("exit_cost", exit_cost)
    r, mu = positive("discount_rate", discount_rate), finite("drift", drift)
    positive("entry_cost + exit_cost", k + exiting)
    positive("discount_rate - drift", r - mu)
    enter, leave = _thresholds(w, k, exiting, r, mu, sigma)
    return plain(enter), plain(leave)


def _dixit(w: float, k: float, exiting: float, r: float, mu: float, s: float) -> tuple[float, float]:
    """Solve Dixit's four conditions as one equation in y = ln(enter/leave).

    Smooth pasting at both prices fixes the option values as functions of y alone; the two value-matching
    conditions then give two expressions for the exit price, equal at the solution.
    """
    up, down = _roots(r, mu, s)
    never_left = w / r - exiting
    if never_left <= 0.0:
        return up / (up - 1.0) * (r - mu) * (k + w / r), 0.0

    def conditions(y: float) -> tuple[float, float]:
        # (r - mu) times the slopes of the two options: the idle firm's at entry, the active firm's at exit.
        # Roots only ever multiply -y, so that small volatilities (huge roots) do not overflow.
        common = -math.expm1((down - up) * y)
        idle = -math.expm1((down - 1.0) * y) / common
        active = math.expm1((1.0 - up) * y) / common
        level = 1.0 + active / down - idle * math.exp((1.0 - up) * y) / up
        gained = idle * math.exp(y) * math.expm1(-up * y) / up
        return level, math.expm1(y) + active * math.expm1(down * y) / down + gained

    def mismatch(y: float) -> float:
        level, rise = conditions(y)
        return (k + exiting) * level - never_left * rise

    high = 1.0
    while mismatch(high) > 0.0:
        high *= 2.0
    width = root_scalar(mismatch, bracket=(1e-9, high), method="brentq", xtol=1e-15).root
    leave = never_left * (r - mu) / conditions(width)[0]
    return leave * math.exp(width), leave


_thresholds = np.vectorize(_dixit, otypes=[float, float])


def _roots(r: float, mu: float, s: float) -> tuple[float, float]:
    """Return the roots, above one and below zero, of s^2 b(b-1)/2 + mu b - r = 0."""
    half, product = 0.5 - mu / s**2, -2.0 * r / s**2
    farther = half + math.copysign(math.sqrt(half**2 - product), half)
    nearer = product / farther
    return max(farther, nearer), min(farther, nearer)
