"""What a mining machine earns: hashprice, breakeven power price, life, value and free entry.

Units: hashprice in USD per PH/s per day, efficiency in J/TH, energy in USD/MWh, machine values in USD/TH,
rates and volatilities per year, time in years. Megawatts here are those a machine draws at its plug (1 EH/s
at e J/TH draws e MW); losses between the meter and the plug are the caller's business.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, finite, fraction, nonnegative, plain, positive
from agents.economics.discounting import annuity_of

HASHES_PER_DIFFICULTY = 2.0**32
"""Expected hashes to find one block at difficulty 1."""
TARGET_SECONDS = 600.0
"""Time between blocks that the protocol aims for."""
HOURS_PER_YEAR = 8760.0
DAYS_PER_YEAR = 365.0
MWH_PER_PH_DAY = 0.024
"""Energy of 1 PH/s over a day at 1 J/TH: 1 kW for 24 hours."""


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
    given = _machine(hashprice, efficiency, power_cost, decay, max_life)
    shape, size, columns = _columns(*given, 0.0, 0.0)
    rows, waiting = _machines(size, *columns)
    _fading(rows, np.log(_cover(rows, np.exp(waiting))))
    return plain(rows[5].reshape(shape))


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
    shape, size, columns = _columns(
        *_machine(hashprice, efficiency, power_cost, decay, max_life),
        nonnegative("discount_rate", discount_rate),
        nonnegative("wait", wait),
    )
    return plain(_values(size, *columns).reshape(shape))


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


def _columns(*given: Result) -> tuple[tuple[int, ...], int, list[np.ndarray]]:
    """Return the broadcast shape of arguments, its size, and each as a column of that many or of one."""
    shapes = {each.shape for each in given if isinstance(each, np.ndarray)}
    if len(shapes) > 1:
        given = np.broadcast_arrays(*given)
        shapes = {given[0].shape}
    shape = shapes.pop() if shapes else ()
    columns = [each.ravel() if isinstance(each, np.ndarray) else np.array([each], float) for each in given]
    return shape, math.prod(shape), columns


def _machine(
    hashprice: ArrayLike, efficiency: ArrayLike, power_cost: ArrayLike, decay: ArrayLike, max_life: ArrayLike
) -> tuple[Result, ...]:
    return (
        nonnegative("hashprice", hashprice),
        positive("efficiency", efficiency),
        finite("power_cost", power_cost),
        nonnegative("decay", decay),
        nonnegative("max_life", max_life, infinite=True),
    )


def _values(size: int, *columns: np.ndarray) -> np.ndarray:
    rows, waiting = _machines(size, *columns)
    left = np.exp(waiting)
    faded = np.expm1(_fading(rows, np.log(_cover(rows, left))))
    return _margins(rows, faded, left)


@compiled
def _steps(column: np.ndarray) -> int:
    """Return how far an argument goes on from row to row: not at all where one number is for all."""
    return 1 if column.size > 1 else 0


@compiled
def _machines(
    size: int,
    hashprice: np.ndarray,
    efficiency: np.ndarray,
    power_cost: np.ndarray,
    decay: np.ndarray,
    max_life: np.ndarray,
    rate: np.ndarray,
    wait: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of machines, and minus what waiting takes off the log of their hashprice and of money.

    Rows: hashprice and energy, USD/PH/day; decay, its sum with the discount rate, and that rate, 1/year; the
    longest life, years.
    """
    rows, waiting = np.empty((6, size)), np.empty((2, size))
    a, b, c, d = _steps(hashprice), _steps(efficiency), _steps(power_cost), _steps(decay)
    e, f, g = _steps(max_life), _steps(rate), _steps(wait)
    for row in range(size):
        fall, discount = decay[row * d], rate[row * f]
        rows[0, row] = hashprice[row * a]
        rows[1, row] = MWH_PER_PH_DAY * efficiency[row * b] * power_cost[row * c]
        rows[2, row], rows[3, row], rows[4, row] = fall, discount + fall, discount
        rows[5, row] = max_life[row * e]
        waiting[0, row], waiting[1, row] = -wait[row * g] * fall, -wait[row * g] * discount
    return rows, waiting


@compiled
def _cover(rows: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Take hashprices to when machines run; return how many times their energy they pay.

    One where a machine earns or needs nothing.
    """
    cover = np.ones(rows.shape[1])
    for row in range(cover.size):
        rows[0, row] *= left[0, row]
        if rows[1, row] > 0.0:
            times = rows[0, row] / rows[1, row]
            if times > 0.0:
                cover[row] = times
    return cover


@compiled
def _fading(rows: np.ndarray, log_cover: np.ndarray) -> np.ndarray:
    """Cut longest lives to how long machines run; return minus what that takes off the logs of both flows."""
    fading = np.zeros((2, log_cover.size))
    for row in range(log_cover.size):
        longest, life = rows[5, row], 0.0
        if rows[1, row] <= 0.0:
            # Energy that costs nothing never stops a machine.
            life = longest if rows[0, row] > rows[1, row] else 0.0
        elif log_cover[row] > 0.0:
            life = min(log_cover[row] / rows[2, row], longest)
        rows[5, row] = life
        for flow in range(2):
            if rows[3 + flow, row] > 0.0:
                fading[flow, row] = -rows[3 + flow, row] * life
    return fading


@compiled
def _margins(rows: np.ndarray, faded: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return the value of revenue less energy over machines' lives, USD/TH."""
    margins = np.empty(rows.shape[1])
    for row in range(margins.size):
        price, energy = rows[0, row], rows[1, row]
        revenues = annuity_of(rows[3, row], rows[5, row], faded[0, row])
        costs = annuity_of(rows[4, row], rows[5, row], faded[1, row])
        if np.isinf(costs):
            # An undiscounted, unlimited life makes the margin 0 x infinity or the difference of infinities.
            margin = price * revenues if energy == 0.0 else math.inf
        else:
            margin = max(price * revenues - energy * costs, 0.0)
        margins[row] = margin * left[1, row] * (DAYS_PER_YEAR / 1000.0)
    return margins
