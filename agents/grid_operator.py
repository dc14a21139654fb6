"""The grid operator: one a region, with a queue of requests and an adequacy ledger."""

from __future__ import annotations

from agents.base import RowAgent
from agents.columns import views
from agents.tables import REGION


class GridOperator(RowAgent):
    """The operator of a grid region, the view of one row of the regions table."""

    @property
    def shortage_mw(self) -> float:
        """Firm load promised beyond what is accredited, zero when the region is adequate."""
        table, row = self.table, self.row
        return max(float(table.promised_mw[row] - table.accredited_mw[row]), 0.0)


for _name, _view in views(REGION).items():
    setattr(GridOperator, _name, _view)
