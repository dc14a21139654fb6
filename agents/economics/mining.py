"""What a mining machine earns: hashprice, breakeven power price, dispatch, life, value and free entry.

Units: hashprice in USD per PH/s per day, efficiency in J/TH, energy in USD/MWh, machine values in USD/TH,
rates and volatilities per year, time in years. Megawatts here are those a machine draws at its plug (1 EH/s
at e J/TH draws e MW); losses between the meter and the plug are the caller's business.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from agents.economics.checks import Result, finite, fraction, nonnegative, plain, positive
from agents.economics.discounting import annuity_factor

HASHES_PER_DIFFICULTY = 2.0**32
"""Expected hashes to find one block at difficulty 1."""
TARGET_SECONDS = 600.0
"""Time between blocks that the protocol aims for."""
HOURS_PER_YEAR = 8760.0
DAYS_PER_YEAR = 365.0
MWH_PER_PH_DAY = 0.024
"""Energy of 1 PH/s over a day at 1 J/TH: 1 kW for 24 hours."""

_NO_SPREAD = 1e-12  # prices that vary less do not vary
_DOUBLINGS = 100
_BISECTIONS = 50


def hashprice(btc_price: ArrayLike, subsidy: ArrayLike, fees: ArrayLike, difficulty: ArrayLike) -> Result:
    """Return the expected revenue of a unit of hash, (S + F) P 86400 1e15 / (D 2^32).

    Args:
        btc_price: Price of bitcoin, USD.
        subsidy: Block subsidy, BTC.
        fees: Fees per block, BTC.
        difficulty: Network difficulty.

    Returns:
        Hashprice, USD/PH/day, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a price, subsidy or fee is negative, a difficulty is not positive, or any is NaN.
    """
    reward = nonnegative("subsidy", subsidy) + nonnegative("fees", fees)
    blocks_per_ph_day = 86400e15 / (positive("difficulty", difficulty) * HASHES_PER_DIFFICULTY)
    return reward * nonnegative("btc_price", btc_price) * blocks_per_ph_day


def implied_hashrate(difficulty: ArrayLike) -> Result:
    """Return the hash rate that finds a block every 600 seconds at a difficulty, D 2^32 / 600.

    Args:
        difficulty: Network difficulty.

    Returns:
        Hash rate, EH/s, in the shape of the argument.

    Raises:
        ValueError: If a difficulty is not positive.
    """
    return positive("difficulty", difficulty) * (HASHES_PER_DIFFICULTY / TARGET_SECONDS / 1e18)


def breakeven_power_price(hashprice: ArrayLike, efficiency: ArrayLike) -> Result:
    """Return the price of power at which a machine's revenue just pays its energy, hp / (0.024 e).

    Args:
        hashprice: USD/PH/day.
        efficiency: Energy a machine needs, J/TH.

    Returns:
        USD/MWh, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a hashprice is negative or an efficiency is not positive.
    """
    return nonnegative("hashprice", hashprice) / (positive("efficiency", efficiency) * MWH_PER_PH_DAY)


def cash_margin(
    hashprice: ArrayLike, efficiency: ArrayLike, power_cost: ArrayLike, uptime: ArrayLike = 1.0
) -> Result:
    """Return a year's revenue less energy of a megawatt of machines, (breakeven - cost) 8760 uptime.

    Args:
        hashprice: USD/PH/day.
        efficiency: J/TH.
        power_cost: USD/MWh; negative where power is given away with money.
        uptime: Share of the year the machines run.

    Returns:
        USD per MW-year, negative for a machine that loses money, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a hashprice is negative, an efficiency is not positive, an uptime is outside 0 to 1, or
            a cost is not finite.
    """
    spread = breakeven_power_price(hashprice, efficiency) - finite("power_cost", power_cost)
    return spread * (HOURS_PER_YEAR * fraction("uptime", uptime))


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
    breakeven, mean, spread = np.broadcast_arrays(
        finite("breakeven", breakeven),
        finite("mean_price", mean_price),
        nonnegative("volatility", volatility),
    )
    uptime = np.array(mean < breakeven, dtype=float, order="C")
    margin = np.array(np.maximum(breakeven - mean, 0.0), dtype=float, order="C")
    random = ((spread > _NO_SPREAD) & (mean > 0.0) & (breakeven > 0.0)).ravel().nonzero()[0]
    if len(random):
        share, put = _put(*(each.ravel()[random] for each in (breakeven, mean, spread)))
        # A put is worth at least what it pays at the mean price; far from it, rounding alone would say
        # otherwise.
        margin.reshape(-1)[random] = np.maximum(put, margin.reshape(-1)[random])
        uptime.reshape(-1)[random] = share
    return plain(uptime), plain(margin)


def machine_life(
    hashprice: ArrayLike,
    efficiency: ArrayLike,
    power_cost: ArrayLike,
    decay: ArrayLike,
    *,
    max_life: ArrayLike = math.inf,
) -> Result:
    """Return how long a machine runs before a decaying hashprice no longer pays its energy.

    T* = ln(hp/w)/a with energy cost w = 0.024 e c, a USD/PH/day like the hashprice. Zero when hp <= w;
    unlimited, hence `max_life`, when the hashprice does not decay or the energy costs nothing.

    Args:
        hashprice: Hashprice now, USD/PH/day.
        efficiency: J/TH.
        power_cost: USD/MWh; zero or negative costs never stop a machine.
        decay: Rate a at which the hashprice is expected to fall, 1/year.
        max_life: Physical life that truncates T*, years.

    Returns:
        Years, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a hashprice, decay or life is negative, an efficiency is not positive, or any is NaN.
    """
    return plain(_life(*_machine(hashprice, efficiency, power_cost, decay), _cap(max_life)))


def machine_value(
    hashprice: ArrayLike,
    efficiency: ArrayLike,
    power_cost: ArrayLike,
    decay: ArrayLike,
    discount_rate: ArrayLike,
    *,
    max_life: ArrayLike = math.inf,
    wait: ArrayLike = 0.0,
) -> Result:
    """Return the present value of what a machine earns over its life, when the hashprice decays.

    V = 365 [hp (1 - exp(-(r+a) T*))/(r+a) - w (1 - exp(-r T*))/r] / 1000 with T* and w as in `machine_life`,
    per TH/s. Zero when hp <= w. Without decay it is the (truncated) perpetuity 365 (hp - w)/r/1000. A machine
    that runs only after a wait meets the hashprice of that day: V(hp exp(-a wait)) exp(-r wait).

    Args:
        hashprice: Hashprice now, USD/PH/day.
        efficiency: J/TH.
        power_cost: USD/MWh.
        decay: Rate a at which the hashprice is expected to fall, 1/year.
        discount_rate: Rate r, 1/year.
        max_life: Physical life that truncates T*, years.
        wait: Time until the machine runs, years.

    Returns:
        USD per TH/s, in the broadcast shape of the arguments; infinite for an unlimited undiscounted life.

    Raises:
        ValueError: If a hashprice, decay, rate, life or wait is negative, an efficiency not positive, or any
            NaN.
    """
    price, energy, decay = _machine(hashprice, efficiency, power_cost, decay)
    rate, cap = nonnegative("discount_rate", discount_rate), _cap(max_life)
    later = np.asarray(nonnegative("wait", wait))
    price = price * np.exp(-later * decay)
    life = _life(price, energy, decay, cap)
    value = _margins(price, energy, annuity_factor(rate + decay, life), annuity_factor(rate, life))
    return plain(value * np.exp(-later * rate) * (DAYS_PER_YEAR / 1000.0))


def free_entry_hashprice(cost: ArrayLike, discount_rate: ArrayLike, decay: ArrayLike) -> Result:
    """Return the revenue at which buying a machine just pays when entry is free and nothing is uncertain.

    I (r + a): competition holds the price of a unit of hash at its user cost, interest plus the loss of value
    to machines that get cheaper at rate a (Jorgenson 1963). Energy is no part of it: this is revenue net of
    energy, or all of revenue where energy is free.

    Args:
        cost: Machine cost I, in any money per unit of hash.
        discount_rate: Rate r, 1/year.
        decay: Rate a at which new hash gets cheaper, 1/year.

    Returns:
        The same money per unit of hash and year, in the broadcast shape of the arguments. With I in USD/TH,
        multiply by 1000/365 for a hashprice in USD/PH/day.

    Raises:
        ValueError: If an argument is negative or NaN.
    """
    user_cost = nonnegative("discount_rate", discount_rate) + nonnegative("decay", decay)
    return nonnegative("cost", cost) * user_cost


def free_entry_barrier(
    cost: ArrayLike, discount_rate: ArrayLike, drift: ArrayLike, decay: ArrayLike, volatility: ArrayLike
) -> Result:
    """Return the revenue that triggers entry, and so caps revenue, when it is uncertain and entry sunk.

    I (r - mu) b/(b - 1) with b the root above one of s^2 b(b-1)/2 + (mu + a) b - (r + a) = 0: the reflecting
    barrier of a competitive industry (Leahy 1993; Dixit & Pindyck 1994, ch. 8) when revenue per unit of hash
    would drift at mu without entry and machines, and with them the barrier, get cheaper at rate a.

    As s tends to 0 it tends to `free_entry_hashprice`, I (r + a), whatever the drift, so long as mu + a > 0
    holds revenue against the falling barrier. Otherwise revenue leaves the barrier for good and the limit is
    I (r - mu), the value of a revenue that drifts at mu for ever.

    Args:
        cost: Machine cost I, in any money per unit of hash.
        discount_rate: Rate r, 1/year; must exceed the drift.
        drift: Drift mu of revenue between entries, 1/year.
        decay: Rate a at which new hash gets cheaper, 1/year.
        volatility: Standard deviation s of log revenue over a year.

    Returns:
        The same money per unit of hash and year, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a cost, rate, decay or volatility is negative, a rate does not exceed its drift, or any
            is NaN.
    """
    mean_growth, variance = finite("drift", drift), nonnegative("volatility", volatility) ** 2
    net = positive("discount_rate - drift", nonnegative("discount_rate", discount_rate) - mean_growth)
    # b is never formed: 1/(b - 1) solves net u^2 - slope u - s^2/2 = 0, which s = 0 leaves well behaved.
    slope = mean_growth + nonnegative("decay", decay) + 0.5 * variance
    return plain(nonnegative("cost", cost) * (net + 0.5 * (slope + np.sqrt(slope**2 + 2.0 * variance * net))))


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


def _put(strike: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how often lognormal prices are below a positive strike, and what they then save."""
    with np.errstate(over="ignore", divide="ignore"):
        distance = np.log(strike / mean) / spread + 0.5 * spread
    share = ndtr(distance)
    return share, strike * share - mean * ndtr(distance - spread)


def _machine(
    hashprice: ArrayLike, efficiency: ArrayLike, power_cost: ArrayLike, decay: ArrayLike
) -> tuple[Result, Result, Result]:
    price = nonnegative("hashprice", hashprice)
    energy = MWH_PER_PH_DAY * positive("efficiency", efficiency) * finite("power_cost", power_cost)
    return price, energy, nonnegative("decay", decay)


def _cap(max_life: ArrayLike) -> Result:
    return nonnegative("max_life", max_life, infinite=True)


def _margins(price: Result, energy: Result, revenues: Result, costs: Result) -> np.ndarray:
    """Return revenues less energy from years' worth of each; infinite for an undiscounted, unlimited life."""
    if np.isfinite(costs).all():
        return np.maximum(price * revenues - energy * costs, 0.0)
    with np.errstate(invalid="ignore"):
        # Such a life makes that 0 x infinity or the difference of two infinities.
        value = np.maximum(price * revenues - energy * costs, 0.0)
        endless = np.where(energy == 0.0, price * revenues, math.inf)
    return np.where(np.isinf(costs), endless, value)


def _life(price: Result, energy: Result, decay: Result, cap: Result) -> np.ndarray:
    with np.errstate(all="ignore"):
        # Without decay, ln(1)/0 is no number; fmax takes it for a life of zero.
        decayed = np.divide(np.log(np.divide(price, energy)), decay)
        life = np.minimum(np.fmax(decayed, 0.0), cap)
    if np.minimum.reduce(energy, axis=None, initial=math.inf) > 0.0:
        return life
    # Energy that costs nothing never stops a machine.
    return np.where(np.greater(energy, 0.0), life, np.where(np.greater(price, energy), cap, 0.0))


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
