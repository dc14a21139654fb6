"""The recorder: copies of the columns a run is judged by, month by month, and tables of them on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from agents.compiled import compiled
from agents.tables import NEVER, LeaseStatus
from model import recorded_tables
from model.errors import GridrushError
from model.holdings import holdings
from model.panels import FIRM_PANEL, SHARES, SITE_PANEL, Panel
from model.series import series_row

if TYPE_CHECKING:
    import pandas as pd

    from model.state import State

Keep = Literal["everything", "series"]


class Recorder:
    """Keeps what the phases report and what the tables hold at the end of each month.

    With `keep="series"` only the series, the leases and the last month of the panels are kept, and no events:
    enough for batches of many runs.
    """

    def __init__(self, keep: Keep = "everything") -> None:
        """Start empty."""
        self.keep: Keep = keep
        self.month = 0
        """Month that is being computed: the one events belong to."""
        self.chunks: list[tuple[int, str, dict[str, Any]]] = []
        self.row: dict[str, float] = {}
        """The last row of the series, without concentration."""
        self.names: dict[str, int] = {}
        self.places: dict[tuple[str, ...], np.ndarray] = {}
        """Where the columns of a row are, by their names in order."""
        self.values = np.zeros((0, 0))
        self.lease_ended = np.zeros(0, dtype=np.int32)
        self.lease_lessor = np.zeros(0, dtype=np.int32)
        self.start = ""
        """First month of the run, such as 2025-11; empty until the recorder knows the run."""
        self._tables: dict[str, Any] = {}

    def begin(self, state: State) -> None:
        """Make room for the run; before it no table can be asked for."""
        months = state.scenario.horizon.months
        held = months if self.keep == "everything" else 1
        self.start = state.scenario.horizon.start
        self.firm_panel = Panel(FIRM_PANEL, held)
        self.site_panel = Panel(SITE_PANEL, held)
        self.shares = Panel(SHARES, months)
        self._note_leases(state)

    def event(self, kind: str, **columns: Any) -> None:  # noqa: ANN401
        """Note that something happened, once per entry of the longest column (none if that is empty).

        Columns and their dtypes are declared in `model.recorded_tables.EVENT_COLUMNS`; numbers may be posted
        under other names too. Views of live columns are copied.
        """
        if self.keep == "series":
            return
        for name, value in columns.items():
            if isinstance(value, np.ndarray) and value.base is not None:
                columns[name] = value.copy()
        self.chunks.append((self.month, kind, columns))

    def record(self, state: State) -> None:
        """Copy the month that has just been computed; called once, at the end of the tick."""
        if not self.start:
            self.begin(state)
        self._tables = {}
        held = holdings(state)
        self._note_leases(state)
        self.shares.write({"bool": held.present[None], "float64": held.sizes})
        self._note_row(series_row(state, held, self.row))
        if self.keep == "series":
            self.firm_panel.forget()
            self.site_panel.forget()
        self.firm_panel.copy(state.firms, held.by_firm)
        self.site_panel.copy(state.sites, held.by_site)
        self.month += 1

    def series(self) -> pd.DataFrame:
        """Return one row per month; see `model.series_columns`."""
        return self._table("series", recorded_tables.series)

    def firms(self, state: State) -> pd.DataFrame:
        """Return one row per month and firm."""
        return self._table("firms", recorded_tables.firms, state)

    def sites(self, state: State) -> pd.DataFrame:
        """Return one row per month and site."""
        return self._table("sites", recorded_tables.sites, state)

    def leases(self, state: State) -> pd.DataFrame:
        """Return one row per lease, as it stands now."""
        return self._table("leases", recorded_tables.leases, state)

    def events(self, state: State) -> pd.DataFrame:
        """Return one row per event, in the order in which they were noted."""
        return self._table("events", recorded_tables.events, state)

    def _table(self, name: str, build: Any, *state: State) -> pd.DataFrame:  # noqa: ANN401
        if not self.start:
            raise GridrushError("nothing has been recorded yet: run the model for a month first")
        if name not in self._tables:
            self._tables[name] = build(self, *state)
        return self._tables[name]

    def _note_leases(self, state: State) -> None:
        leases, known = state.leases, len(self.lease_ended)
        if len(leases) > known:
            never = np.full(len(leases) - known, NEVER, np.int32)
            self.lease_ended = np.concatenate((self.lease_ended, never))
            lessors = leases.landlord[known:].astype(np.int32)
            self.lease_lessor = np.concatenate((self.lease_lessor, lessors))
        _note_ends(leases.status, self.lease_ended, state.month)

    def _note_row(self, row: dict[str, float]) -> None:
        self.row = row
        places = self.places.get(tuple(row))
        if places is None:
            places = np.array([self.names.setdefault(name, len(self.names)) for name in row])
            self.places[tuple(row)] = places
        if self.month >= len(self.values) or len(self.names) > self.values.shape[1]:
            grown = np.zeros((max(2 * len(self.values), 128), len(self.names)))
            grown[: self.values.shape[0], : self.values.shape[1]] = self.values
            self.values = grown
        self.values[self.month, places] = np.fromiter(row.values(), float, len(row))


@compiled
def _note_ends(status: np.ndarray, ended: np.ndarray, month: int) -> None:
    """Note the month in the rows of leases that have ended since the last time."""
    for lease in range(status.size):
        if status[lease] >= LeaseStatus.ENDED and ended[lease] == NEVER:
            ended[lease] = month
