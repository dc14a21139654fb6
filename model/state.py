"""Everything a phase of the tick may read or write, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.columns import Table
from agents.economics.blocks import ProductTerms
from agents.economics.network import BitcoinNetwork
from agents.strategies.base import Strategy
from model.streams import Streams

MONTHS = 12

if TYPE_CHECKING:
    from model.bitcoin_price import PriceProcess
    from model.demand import DemandPath
    from model.grid import Grid
    from model.ledger import Ledger
    from model.onsite import OnsiteSupply
    from model.recording import Recorder
    from model.rest_of_world import RestOfWorld
    from model.scenario import Scenario
    from model.watching import Watching


@dataclass
class State:
    """The industry at one moment. Tables are described in `agents.tables`."""

    scenario: Scenario
    streams: Streams
    month: int
    """Index of the month being computed; 0 is the first."""

    firms: Table
    sites: Table
    leases: Table
    hyperscalers: Table
    regions: Table
    requests: Table
    firm_names: list[str]
    site_names: list[str]
    hyperscaler_names: list[str]
    region_names: list[str]

    generations: np.ndarray
    """J/TH of each machine generation, falling; future ones included."""
    generation_month: np.ndarray
    """Month from which each generation can be ordered (0 or less: already on sale)."""
    machine_price: np.ndarray
    """USD/TH of each generation, new."""

    network: BitcoinNetwork
    price_process: PriceProcess
    rest_of_world: RestOfWorld
    demand: DemandPath
    grid: Grid
    onsite: OnsiteSupply
    ledger: Ledger
    recorder: Recorder

    orders: np.ndarray
    """EH/s ordered, [months until delivery x sites]; row 0 is delivered next."""
    order_generation: np.ndarray
    """Generation of each row of `orders` (all orders of a month are for the best machine)."""

    btc_price: float
    start_subsidy: float
    """BTC per block when the run began."""
    hashprice: float
    """USD/PH/day in the month just computed, fees included."""
    expected_rent: np.ndarray
    """musd/IT MW-year expected for each `Product` (entry MINE is 0)."""
    terms: ProductTerms
    """Cost, term and lead of the three AI products, from the scenario."""
    strategies: list[Strategy]
    """Instances that `firms.strategy` points into."""
    watching: Watching | None
    """Who watches whom; None while nobody imitates."""
    landlord_share: float
    """Part of the surplus over their break-even that landlords got in the last deals (theta before any)."""
    signing_rate: float
    """Rate at which an eligible megawatt finds a tenant, 1/year, learnt from the market."""
    scratch: dict[str, Any] = field(default_factory=dict)
    """Arrays one phase leaves for a later one of the same month, by name; cleared each month."""
    figures: dict[str, float] = field(default_factory=dict)
    """Totals of the current month for the series, by column name; cleared each month."""

    @property
    def calendar_year(self) -> float:
        """Return the date of the start of the current month in years, such as 2025.833."""
        year, month = (int(part) for part in self.scenario.horizon.start.split("-"))
        return year + ((month - 1) * MONTHS / 12 + self.month) / MONTHS
