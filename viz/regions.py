"""The grid regions month by month, which the view keeps for itself: the recorder only has their sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model.errors import GridrushError
from model.industry import Industry
from model.recorded_tables import dates

if TYPE_CHECKING:
    from model.run import Run

COLUMNS = (
    "us",
    "peak_mw",
    "energy_price_start",
    "energy_index",
    "capacity_price",
    "response_credit",
    "accredited_mw",
    "promised_mw",
    "capacity_mw_month",
    "connected_mw",
    "queue_mw",
    "speculative_mw",
    "wait_years",
)


class RegionRecord:
    """Copies of the region columns, one a month."""

    def __init__(self, industry: Industry) -> None:
        """Start empty."""
        self._names = np.array(industry.state.region_names, dtype=object)
        self._start = industry.state.scenario.horizon.start
        self._months: list[dict[str, np.ndarray]] = []

    def note(self, industry: Industry) -> None:
        """Copy the month that has just been computed."""
        regions = industry.state.regions
        self._months.append({name: np.array(getattr(regions, name), copy=True) for name in COLUMNS})

    def table(self) -> pd.DataFrame:
        """Return a row a month and region."""
        months = len(self._months)
        columns = {name: np.concatenate([month[name] for month in self._months]) for name in COLUMNS}
        when = np.repeat(dates(self._start, np.arange(months)), len(self._names))
        return pd.DataFrame({"month": when, "region": np.tile(self._names, months)} | columns)


def region_table(run: Run) -> pd.DataFrame:
    """Return the regions of a stored run, computed once more from its scenario and seed.

    Raises:
        GridrushError: If this version of Gridrush does not arrive at the queue that was stored.
    """
    industry = Industry(run.scenario, rng=int(run.manifest["seed"]))
    record = RegionRecord(industry)
    for _ in range(len(run.series)):
        industry.run_for(1)
        record.note(industry)
    if not np.allclose(industry.series["queue_gw"], run.series["queue_gw"], rtol=1e-6):
        raise GridrushError(
            "the regions cannot be shown: they are not stored, and this version of Gridrush computes a "
            "different run from the same scenario and seed"
        )
    return record.table()
