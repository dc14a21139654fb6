"""The Bitcoin network on the first day of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agents.economics.mining import TARGET_SECONDS, hashprice
from agents.economics.network import EPOCH_BLOCKS, subsidy
from model.baseline_checks import BaselineError
from model.calendar import Calendar

if TYPE_CHECKING:
    from model.baseline_tables import BaselineTables

SECONDS_PER_DAY = 86400.0


class NetworkStart(NamedTuple):
    """The Bitcoin network on the first day of a run.

    Attributes:
        height: Blocks found.
        difficulty: Difficulty in force.
        epoch_seconds: Time elapsed in the running epoch.
    """

    height: int
    difficulty: float
    epoch_seconds: float


def network_start(tables: BaselineTables, calendar: Calendar) -> NetworkStart:
    """Return the network on the first day of the run, interpolated within its difficulty epoch.

    Raises:
        BaselineError: If the table has no epoch of that day.
    """
    day, epochs = calendar.first_day(), tables.difficulty_epochs
    begun = [index for index, row in enumerate(epochs) if row.start_date <= day]
    on_schedule = EPOCH_BLOCKS * TARGET_SECONDS
    if not begun or (day - epochs[-1].start_date).days * SECONDS_PER_DAY >= on_schedule:
        covered = f"{epochs[0].start_date} to two weeks after {epochs[-1].start_date}"
        raise BaselineError(f"difficulty_epochs.csv: no epoch of {day}, the start of the run, only {covered}")
    index = begun[-1]
    epoch, following = epochs[index], epochs[index + 1 : index + 2]
    elapsed = (day - epoch.start_date).days * SECONDS_PER_DAY
    length = (following[0].start_date - epoch.start_date).days * SECONDS_PER_DAY if following else on_schedule
    height = epoch.start_height + int(EPOCH_BLOCKS * elapsed / length)
    return NetworkStart(height, epoch.difficulty, elapsed)


def hashprice_at(network: NetworkStart, btc_price: float, fee_share: float) -> float:
    """Return the hashprice at the start, USD/PH/day, fees included."""
    reward = subsidy(network.height)
    return hashprice(btc_price, reward, reward * fee_share / (1.0 - fee_share), network.difficulty)
