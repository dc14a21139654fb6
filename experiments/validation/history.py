"""World mining through the record: started as it was in some month, then alone with the price of bitcoin.

The sector is the one the model uses for the rest of the world, the protocol the one of every run. Nothing but
the price, the fees and the bans of 2021 enters after the first month.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from agents.economics.network import BitcoinNetwork
from model.baseline_machines import machines
from model.baseline_network import network_start
from model.baseline_tables import load_tables
from model.bitcoin_sector import SectorPath, drive_month
from model.calendar import Calendar
from model.machine_market import remember_orders
from model.rest_of_world import RestOfWorld, rest_of_world_at_start
from model.scenario import Scenario

TABLES = load_tables()
BANS_2021: Mapping[str, float] = {"2021-06": 0.24, "2021-07": 0.30}
"""Running hash switched off in the two months of the ban: 47% in all, within the 45-53% of MODEL 8."""


@dataclass(frozen=True)
class Window:
    """A stretch of the record that the sector is run through.

    Attributes:
        name: What it is called.
        start: First month.
        end: Last month.
        efficiency: Mean of the machines that run in the first month, J/TH (estimate).
        log_sigma: Spread of their generations.
        bans: Share of running hash switched off at the start of a month.
        tracked: Last month in which machines are rescaled to the hash of the record; free from then on.
        moving_months: Mean time banned machines need to run again elsewhere; 0 leaves it to the sector, which
            treats them like machines that were switched off.
    """

    name: str
    start: str
    end: str
    efficiency: float
    log_sigma: float = 0.30
    bans: Mapping[str, float] = field(default_factory=dict)
    tracked: str = ""
    moving_months: float = 0.0


EARLY = Window("2018-2019", "2018-01", "2019-12", 98.0, 0.35)
BAN_AND_BEAR = Window("2020-2022", "2020-06", "2022-12", 60.0, 0.35, BANS_2021)
RECENT = Window("2023-2025", "2023-01", "2025-11", 33.0, 0.30)
WHOLE = Window("2020-2025", "2020-01", "2025-11", 66.0, 0.35, BANS_2021)
HALVING_2020 = replace(WHOLE, name="halving of May 2020", end="2021-03", tracked="2020-04")
BAN = replace(WHOLE, name="ban in China, 2021", end="2022-03", tracked="2021-05")
BAN_WITH_MOVES = replace(BAN, name="ban in China, machines moved in half a year", moving_months=6.0)
BEAR = replace(WHOLE, name="bear market, 2021-22", end="2023-03", tracked="2021-11")
HALVING_2024 = replace(RECENT, name="halving of April 2024", end="2025-03", tracked="2024-04")
FIT_WINDOWS = (EARLY, BAN_AND_BEAR, RECENT)


class Month(NamedTuple):
    """What the record says of a month."""

    name: str
    btc_price: float
    fee_btc: float
    hash_eh_s: float


@dataclass
class Sector:
    """World mining and the protocol in some month of the record."""

    window: Window
    sector: RestOfWorld
    network: BitcoinNetwork
    machine_price: np.ndarray
    generation_month: np.ndarray
    away: np.ndarray
    month: int = 0

    def step(self, month: Month) -> tuple[float, ...]:
        """Run one month and return its row of `SectorPath`."""
        ban = self.window.bans.get(month.name, 0.0)
        released = self.generation_month - self.month
        if self.window.moving_months:
            self._move(ban)
            ban = 0.0
        self.machine_price, row = drive_month(
            self.sector,
            self.network,
            self.machine_price,
            released,
            month.btc_price,
            month.fee_btc,
            ban,
        )
        self.month += 1
        return row

    def _move(self, ban: float) -> None:
        """Take banned machines out, and bring back some of those that were taken out earlier."""
        sector = self.sector
        banned, back = sector.nameplate * sector.running * ban, self.away / self.window.moving_months
        on = sector.nameplate * sector.running - banned + back
        sector.nameplate += back - banned
        sector.running = np.divide(on, sector.nameplate, out=sector.running, where=sector.nameplate > 0.0)
        self.away += banned - back

    def rescale(self, ratio: float) -> None:
        """Multiply all machines, running, idle and on order."""
        self.sector.nameplate *= ratio
        self.sector.orders *= ratio

    def copy(self) -> Sector:
        """Return a sector that can go another way."""
        return copy.deepcopy(self, {id(self.sector.parameters): self.sector.parameters})


def record(start: str = "2017-01", end: str = "2025-11") -> pd.DataFrame:
    """Return the record by month: price, hash, hashprice with fees, subsidy and fees in BTC a block."""
    rows = [row for row in TABLES.network_history if start <= row.month <= end]
    fee_share = np.array([row.fee_share for row in rows])
    subsidy = np.array([row.subsidy_btc for row in rows])
    hashprice = np.array([row.hashprice_avg_usd_per_ph_day for row in rows])
    return pd.DataFrame(
        {
            "btc_price_usd": [float(row.btc_price_avg_usd) for row in rows],
            "hash_eh_s": [float(row.hashrate_avg_eh_s) for row in rows],
            "hashprice": hashprice / (1.0 - fee_share),
            "hashprice_without_fees": hashprice,
            "fee_btc": fee_share / (1.0 - fee_share) * subsidy,
        },
        index=pd.PeriodIndex([row.month for row in rows], freq="M", name="month"),
    )


def start_of(window: Window, scenario: Scenario | None = None) -> Sector:
    """Return the sector as it was in the first month of a window."""
    scenario = (scenario or Scenario()).with_values(**{"row.vintage_log_sigma": window.log_sigma})
    calendar = Calendar(window.start)
    kinds, first = machines(TABLES, scenario, calendar), network_start(TABLES, calendar)
    before = record()["hashprice"].to_list()[: calendar.month(window.start) - calendar.month("2017-01")]
    hash_start = float(record(window.start, window.start)["hash_eh_s"].iloc[0])
    sector = rest_of_world_at_start(
        scenario, kinds.efficiency, kinds.month, hash_start, window.efficiency, before
    )
    ran = record()["hash_eh_s"].to_numpy()[: len(before)] / hash_start
    price = remember_orders(sector, kinds.month, before, ran.tolist())
    network = BitcoinNetwork(first.height, first.difficulty, epoch_seconds=first.epoch_seconds)
    return Sector(window, sector, network, price, kinds.month, np.zeros(len(price)))


def replay(window: Window, scenario: Scenario | None = None) -> pd.DataFrame:
    """Run the sector through a window, freely after it is tracked, and return it beside the record.

    Hash of a tracked month is what it was rescaled to: what comes after is measured from there.
    """
    history, at = record(window.start, window.end), start_of(window, scenario)
    rows = []
    for month in months_of(history):
        row = at.step(month)
        if month.name <= window.tracked:
            at.rescale(month.hash_eh_s / row[0])
            row = (month.hash_eh_s, *row[1:])
        rows.append(row)
    return _beside(history, rows)


def forecasts(
    window: Window, ahead: int, scenario: Scenario | None = None
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return errors of forecasts from every month of a window, and those of two simple rules.

    Each month the sector's machines are rescaled to the hash of the record (the only thing it is told), then
    it goes on alone with the price for `ahead` months. Errors are logs of forecast over record.

    Returns:
        The tracked path beside the record, and errors by rule: the model, no change, and the growth of the
        year before going on.
    """
    history, at = record(window.start, window.end), start_of(window, scenario)
    known = {month.name: np.log(month.hash_eh_s) for month in months_of(record())}
    year_before = dict(zip(list(known)[12:], known.values(), strict=False))
    months, rows = months_of(history), []
    errors: dict[str, list[float]] = {"model": [], "no change": [], "last year's growth": []}
    for now, month in enumerate(months):
        rows.append(at.step(month))
        at.rescale(month.hash_eh_s / rows[-1][0])
        if now + ahead >= len(months):
            continue
        actual, here = known[months[now + ahead].name], known[month.name]
        growth = (here - year_before[month.name]) / 12.0
        errors["model"].append(np.log(_ahead(at.copy(), months[now + 1 : now + 1 + ahead])) - actual)
        errors["no change"].append(here - actual)
        errors["last year's growth"].append(here + growth * ahead - actual)
    return _beside(history, rows), {rule: np.array(found) for rule, found in errors.items()}


def _ahead(at: Sector, months: list[Month]) -> float:
    """Return hash at the end of some months."""
    return [at.step(month) for month in months][-1][0]


def months_of(history: pd.DataFrame) -> list[Month]:
    """Return the months of a record, one by one."""
    columns = (history[name].to_list() for name in ("btc_price_usd", "fee_btc", "hash_eh_s"))
    return [Month(*row) for row in zip(history.index.astype(str), *columns, strict=True)]


def _beside(history: pd.DataFrame, rows: list[tuple[float, ...]]) -> pd.DataFrame:
    path = SectorPath(*(np.array(column) for column in zip(*rows, strict=True)))
    simulated = pd.DataFrame(path._asdict(), index=history.index).add_prefix("model_")
    return history.join(simulated)


def log_error(path: pd.DataFrame) -> np.ndarray:
    """Return the log of simulated over recorded hash."""
    return np.log(path["model_hash_eh_s"] / path["hash_eh_s"]).to_numpy()


def rms(errors: np.ndarray) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(errors)))) if len(errors) else float("nan")
