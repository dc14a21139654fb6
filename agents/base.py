"""What all agents share: each is a thin view of one row of a table."""

from __future__ import annotations

from typing import Any

import mesa

from agents.columns import Table


class RowAgent(mesa.Agent):
    """A Mesa agent whose attributes are the entries of its row.

    Subclasses get one `RowView` per declared column, so `agent.cash` reads the column and
    `agent.cash = 5.0` writes it; AgentSet verbs such as `agg("cash", sum)` follow.
    """

    def __init__(self, model: mesa.Model, table: Table, row: int, name: str) -> None:
        """Register the agent with the model as the view of a row."""
        super().__init__(model)
        self.table = table
        self.row = row
        self.name = name

    def snapshot(self) -> dict[str, Any]:
        """Return the whole row as plain Python values."""
        return {column: getattr(self, column) for column in self.table.columns}
