"""What every part of the baseline is built from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from model.baseline_machines import Machines, machines
from model.baseline_network import NetworkStart, hashprice_at, network_start
from model.baseline_tables import BaselineTables, load_tables
from model.calendar import Calendar
from model.streams import Streams

if TYPE_CHECKING:
    from model.scenario import Scenario


@dataclass(frozen=True)
class Inputs:
    """Tables, scenario and random streams, and what follows directly from them."""

    tables: BaselineTables
    scenario: Scenario
    streams: Streams
    calendar: Calendar

    @classmethod
    def of(cls, scenario: Scenario, streams: Streams) -> Inputs:
        """Read the tables a scenario names, by default the shipped ones."""
        folder = scenario.population.data_folder
        tables = load_tables(None if folder is None else Path(folder))
        return cls(tables, scenario, streams, Calendar(scenario.horizon.start))

    @cached_property
    def machines(self) -> Machines:
        """Machine generations, future ones included."""
        return machines(self.tables, self.scenario, self.calendar)

    @cached_property
    def network(self) -> NetworkStart:
        """The Bitcoin network on the first day."""
        return network_start(self.tables, self.calendar)

    @cached_property
    def hashprice(self) -> float:
        """Hashprice on the first day at the scenario's price, USD/PH/day."""
        bitcoin = self.scenario.bitcoin
        return hashprice_at(self.network, bitcoin.price_start, bitcoin.fee_share)

    @cached_property
    def reference_hashprice(self) -> float:
        """Hashprice under which the tables' firms were mining, whatever price a scenario starts at."""
        price = self.tables.cost("btc_price_baseline").value
        return hashprice_at(self.network, price, self.tables.network_history[-1].fee_share)

    @property
    def pue(self) -> float:
        """Gross power over machine power of a mine."""
        return self.scenario.power.pue_mining

    @property
    def uptime(self) -> float:
        """Share of nameplate hash that fleets realise on the baseline date."""
        return self.tables.tail_value("listed_uptime")
