"""World mining alone on a given price path: the bitcoin sector without firms, sites or AI, for backtests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.economics.mining import hashprice
from agents.economics.network import BitcoinNetwork
from model.machine_market import best_machine, machine_values, next_prices
from model.mining import SECONDS_PER_MONTH

if TYPE_CHECKING:
    from model.rest_of_world import RestOfWorld

PH_PER_EH = 1000.0
SECONDS_PER_DAY = 86400.0
NOTHING: Mapping[int, float] = {}


class SectorPath(NamedTuple):
    """What became of the sector, one entry a month.

    Attributes:
        hash_eh_s: Realised hash, EH/s.
        hashprice: USD/PH/day, fees included.
        difficulty: At the end of the month.
        ordered: Hash ordered, EH/s.
        efficiency: Mean of the running machines, J/TH.
        machine: Generation on sale that buyers prefer.
        machine_price: Of that generation, USD/TH.
        machine_value: Of that generation to the marginal buyer, USD/TH.
    """

    hash_eh_s: np.ndarray
    hashprice: np.ndarray
    difficulty: np.ndarray
    ordered: np.ndarray
    efficiency: np.ndarray
    machine: np.ndarray
    machine_price: np.ndarray
    machine_value: np.ndarray


def drive(
    sector: RestOfWorld,
    network: BitcoinNetwork,
    machine_price: np.ndarray,
    generation_month: np.ndarray,
    btc_price: Sequence[float] | np.ndarray,
    fees: float | np.ndarray = 0.0,
    bans: Mapping[int, float] = NOTHING,
) -> SectorPath:
    """Run the sector as if it were the whole network, in the order of the tick.

    Args:
        sector: World mining at the start; it is changed.
        network: The protocol at the start; it is changed.
        machine_price: USD/TH by generation at the start.
        generation_month: Month each generation can be ordered from.
        btc_price: USD, one entry a month.
        fees: BTC per block, one number or one entry a month.
        bans: Share of running machines switched off at the start of a month, by month.
    """
    fees = np.broadcast_to(np.asarray(fees, dtype=float), len(btc_price))
    rows = []
    for month, price in enumerate(btc_price):
        machine_price, row = drive_month(
            sector,
            network,
            machine_price,
            generation_month - month,
            float(price),
            float(fees[month]),
            bans.get(month, 0.0),
        )
        rows.append(row)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return SectorPath(*columns)


def drive_month(
    sector: RestOfWorld,
    network: BitcoinNetwork,
    machine_price: np.ndarray,
    generation_month: np.ndarray,
    btc_price: float,
    fee: float = 0.0,
    ban: float = 0.0,
    seconds: float = SECONDS_PER_MONTH,
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Run the sector, which is changed, for a month; return machine prices then and a row of `SectorPath`.

    Args:
        sector: World mining.
        network: The protocol.
        machine_price: USD/TH by generation before the month.
        generation_month: Months until each generation can be ordered, zero or less when it can.
        btc_price: USD.
        fee: BTC per block.
        ban: Share of running machines switched off at the start of the month.
        seconds: Length of the step, when it is not a month and the sector's speeds are those of that step.
    """
    quoted = hashprice(btc_price, network.subsidy, fee, network.difficulty)
    sector.deliver()
    sector.run(quoted)
    sector.displace(ban)
    running = sector.realised_hash
    mined = network.advance(running, seconds, fee)
    if running > 0.0:
        quoted = mined.btc * btc_price / (running * PH_PER_EH * seconds / SECONDS_PER_DAY)
    sector.learn(quoted)
    value = machine_values(sector, generation_month, 0)
    machine_price = next_prices(sector, machine_price, value, generation_month, 0)
    machine = best_machine(sector, machine_price, value, generation_month, 0)
    ordered = sector.order(machine, float(machine_price[machine]))
    mean = _mean_efficiency(sector)
    sector.retire()
    row = running, quoted, network.difficulty, ordered, mean, machine, machine_price[machine], value[machine]
    return machine_price, row


def _mean_efficiency(sector: RestOfWorld) -> float:
    """Return the mean of the running machines, J/TH."""
    on = sector.nameplate * sector.running
    return float(on @ sector.generations) / max(float(on.sum()), 1e-12)
