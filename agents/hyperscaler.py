"""The hyperscaler: a buyer of AI capacity, neoclouds included."""

from __future__ import annotations

from agents.base import RowAgent
from agents.columns import views
from agents.tables import HYPERSCALER


class Hyperscaler(RowAgent):
    """A buyer of megawatts for AI, the view of one row of the hyperscalers table."""

    @property
    def delivered_mw(self) -> float:
        """Megawatts that serve its load, from whatever source."""
        table, row = self.table, self.row
        return float(table.grid_mw[row] + table.onsite_mw[row] + table.leased_mw[row])


for _name, _view in views(HYPERSCALER).items():
    setattr(Hyperscaler, _name, _view)
