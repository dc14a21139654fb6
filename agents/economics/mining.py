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
TABLE_ROWS = 10
"""Rows of a table of machines, which has one column a machine; `enter_machine` says what they hold."""


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


@compiled
def breakeven_of(hashprice: float, efficiency: float) -> float:
    """Return `breakeven_power_price` for one entry of a loop."""
    return hashprice / (efficiency * MWH_PER_PH_DAY)


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
    table, shape = _machines(*_machine(hashprice, efficiency, power_cost, decay, max_life), 0.0, 0.0)
    _fade(table)
    return plain(table[5].reshape(shape))


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
    table, shape = _machines(
        *_machine(hashprice, efficiency, power_cost, decay, max_life),
        nonnegative("discount_rate", discount_rate),
        nonnegative("wait", wait),
    )
    return plain(table_value(table).reshape(shape))


@compiled
def enter_machine(
    table: np.ndarray,
    column: int,
    hashprice: float,
    efficiency: float,
    power_cost: float,
    decay: float,
    max_life: float,
    rate: float,
    wait: float,
) -> None:
    """Enter a machine, as `machine_value` describes it, in a table that `table_value` values.

    Rows: hashprice and energy, USD/PH/day; decay, its sum with the discount rate, and that rate, 1/year; the
    longest life, years; what waiting takes off the logs of hashprice and of money. Two are for later.
    """
    table[0, column] = hashprice
    table[1, column] = MWH_PER_PH_DAY * efficiency * power_cost
    table[2, column], table[3, column], table[4, column] = decay, rate + decay, rate
    table[5, column] = max_life
    table[6, column], table[7, column] = -wait * decay, -wait * rate


def table_value(table: np.ndarray) -> np.ndarray:
    """Return `machine_value` of the machines in a table, [10 x n], unchecked; the table is used up.

    Its row 7 is left with what a dollar is worth that comes when a machine runs.
    """
    _fade(table)
    # Exponentials less one, lest short lives lose their digits.
    np.expm1(table[8:], table[8:])
    return _margins(table)


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


def _machines(*given: Result) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return a table of machines from what `enter_machine` takes of each, and the shape of the arguments."""
    shapes = {each.shape for each in given if isinstance(each, np.ndarray)}
    shape = np.broadcast_shapes(*shapes)
    table = np.empty((TABLE_ROWS, *shape))
    for place, each in enumerate(given):
        table[place] = each
    table = table.reshape(TABLE_ROWS, -1)
    _enter(table)
    return table, shape


@compiled
def _enter(table: np.ndarray) -> None:
    """Enter machines from what the first rows of the table itself say of them."""
    for column in range(table.shape[1]):
        hashprice, efficiency, cost, decay, max_life, rate, wait = table[:7, column]
        enter_machine(table, column, hashprice, efficiency, cost, decay, max_life, rate, wait)


def _fade(table: np.ndarray) -> None:
    """Cut longest lives to how long machines run, and fill the rows of the table that were for later."""
    np.exp(table[6:8], table[6:8])
    _cover(table)
    np.log(table[8], table[8])
    _fading(table)


@compiled
def _cover(table: np.ndarray) -> None:
    """Take hashprices to when machines run; add how many times their energy they pay.

    One where a machine earns or needs nothing.
    """
    for column in range(table.shape[1]):
        table[0, column] *= table[6, column]
        table[8, column] = 1.0
        if table[1, column] > 0.0:
            times = table[0, column] / table[1, column]
            if times > 0.0:
                table[8, column] = times


@compiled
def _fading(table: np.ndarray) -> None:
    """Cut longest lives to how long machines run; add minus what that takes off the logs of both flows."""
    for column in range(table.shape[1]):
        log_cover, longest, life = table[8, column], table[5, column], 0.0
        if table[1, column] <= 0.0:
            # Energy that costs nothing never stops a machine.
            life = longest if table[0, column] > table[1, column] else 0.0
        elif log_cover > 0.0:
            life = min(log_cover / table[2, column], longest)
        table[5, column] = life
        for flow in range(2):
            owed = table[3 + flow, column]
            table[8 + flow, column] = -owed * life if owed > 0.0 else 0.0


@compiled
def _margins(table: np.ndarray) -> np.ndarray:
    """Return the value of revenue less energy over machines' lives, USD/TH."""
    margins = np.empty(table.shape[1])
    for column in range(margins.size):
        price, energy, life = table[0, column], table[1, column], table[5, column]
        revenues = annuity_of(table[3, column], life, table[8, column])
        costs = annuity_of(table[4, column], life, table[9, column])
        if np.isinf(costs):
            # An undiscounted, unlimited life makes the margin 0 x infinity or the difference of infinities.
            margin = price * revenues if energy == 0.0 else math.inf
        else:
            margin = max(price * revenues - energy * costs, 0.0)
        margins[column] = margin * table[7, column] * (DAYS_PER_YEAR / 1000.0)
    return margins
