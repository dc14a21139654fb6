"""What is on show: a run under way or a stored one, and one month of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pandas as pd

from model.industry import Industry
from model.recorded_tables import dates
from model.relations import relations
from model.run import Run, run_of
from viz.regions import RegionRecord, region_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.scenario import Scenario


class LiveRecord:
    """A run under way in this process."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Build the industry and compute its first month, so that there is something to see."""
        self.industry = Industry(scenario, rng=seed)
        self.seed = seed
        self._regions = RegionRecord(self.industry)
        self.step()

    def step(self) -> bool:
        """Compute a month; return whether there was one left."""
        if self.months >= self.horizon:
            return False
        self.industry.run_for(1)
        self._regions.note(self.industry)
        return True

    @property
    def scenario(self) -> Scenario:
        """The scenario the run is of."""
        return self.industry.state.scenario

    @property
    def horizon(self) -> int:
        """Months the run will have."""
        return self.scenario.horizon.months

    @property
    def months(self) -> int:
        """Months there are so far."""
        return self.industry.state.recorder.month

    @property
    def series(self) -> pd.DataFrame:
        """A row a month."""
        return self.industry.series

    @property
    def firms(self) -> pd.DataFrame:
        """A row a month and firm."""
        return self.industry.firms

    @property
    def sites(self) -> pd.DataFrame:
        """A row a month and site."""
        return self.industry.sites

    @property
    def leases(self) -> pd.DataFrame:
        """A row a lease."""
        return self.industry.leases

    @property
    def events(self) -> pd.DataFrame:
        """A row an event."""
        return self.industry.events

    @property
    def tenants(self) -> Sequence[str]:
        """Names of the AI customers."""
        return self.industry.state.hyperscaler_names

    @property
    def region_names(self) -> Sequence[str]:
        """Names of the grid regions."""
        return self.industry.state.region_names

    @property
    def regions(self) -> pd.DataFrame:
        """A row a month and region."""
        return self._regions.table()

    def graph(self, month: pd.Timestamp) -> nx.MultiDiGraph:
        """Return who leases to whom, who bought whom and who sits where."""
        return relations(self.industry.state, month)

    def as_run(self) -> Run:
        """Return the run so far, to be saved."""
        return run_of(self.industry)


class StoredRecord:
    """A run that was saved, or has been run to its end elsewhere."""

    def __init__(self, run: Run) -> None:
        """Show the run."""
        self.run = run
        self.series, self.firms, self.sites = run.series, run.firms, run.sites
        self.leases, self.events = run.leases, run.events

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario the run is of."""
        return self.run.scenario

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.run.manifest["seed"])

    @property
    def horizon(self) -> int:
        """Months of the run."""
        return len(self.series)

    @property
    def months(self) -> int:
        """Months of the run."""
        return len(self.series)

    @property
    def tenants(self) -> Sequence[str]:
        """Names of the AI customers."""
        return self.run.names["tenants"]

    @property
    def region_names(self) -> Sequence[str]:
        """Names of the grid regions."""
        return self.run.names["regions"]

    @cached_property
    def regions(self) -> pd.DataFrame:
        """A row a month and region; reckoned again, as a stored run holds no panel of regions."""
        return region_table(self.run)

    def graph(self, month: pd.Timestamp) -> nx.MultiDiGraph:
        """Return who leases to whom, who bought whom and who sits where."""
        return self.run.relations_in(month)

    def as_run(self) -> Run:
        """Return the run."""
        return self.run


Record = LiveRecord | StoredRecord


@dataclass(frozen=True)
class Moment:
    """A record as it stood at the end of a month, which is all that a chart may know."""

    record: Record
    at: int
    """Number of the month, 0 the first."""

    @cached_property
    def series(self) -> pd.DataFrame:
        """The months up to and including this one."""
        return self.record.series.iloc[: self.at + 1]

    @cached_property
    def month(self) -> pd.Timestamp:
        """First day of the month."""
        return self.series.index.to_list()[-1]

    @property
    def now(self) -> pd.Series:
        """The month's row of the series."""
        return self.series.iloc[-1]

    @cached_property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last month of the whole run, so that charts keep their axis while it grows."""
        ends = dates(self.record.scenario.horizon.start, np.array([0, max(self.record.horizon - 1, 1)]))
        first, last = pd.DatetimeIndex(ends)
        return first, last

    @cached_property
    def firms(self) -> pd.DataFrame:
        """The firms in this month."""
        return self._in_month(self.record.firms)

    @cached_property
    def sites(self) -> pd.DataFrame:
        """The sites in this month."""
        return self._in_month(self.record.sites)

    @cached_property
    def leases(self) -> pd.DataFrame:
        """The leases signed by now."""
        leases = self.record.leases
        return leases.loc[leases["signed"] <= self.month]

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened up to now."""
        events = self.record.events
        return events.loc[events["month"] <= self.month]

    @cached_property
    def regions(self) -> pd.DataFrame:
        """The regions in this month."""
        return self._in_month(self.record.regions)

    @cached_property
    def graph(self) -> nx.MultiDiGraph:
        """Who leases to whom, who bought whom and who sits where."""
        return self.record.graph(self.month)

    def _in_month(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.loc[(table["month"] == self.month).to_numpy()]


class Pair:
    """Two runs on the same seed, of which the first leads: dates and stories are its."""

    def __init__(self, first: StoredRecord, second: StoredRecord) -> None:
        """Compare two runs."""
        self.first, self.second = first, second

    @property
    def months(self) -> int:
        """Months that both have."""
        return min(self.first.months, self.second.months)

    @property
    def horizon(self) -> int:
        """Months that both have: there is nothing to compare beyond."""
        return self.months

    @property
    def seed(self) -> int:
        """Seed of both."""
        return self.first.seed

    def moments(self, at: int) -> tuple[Moment, Moment]:
        """Return the same month of both."""
        return Moment(self.first, at), Moment(self.second, at)
