"""Tables of numpy columns: one row per entity, declared once, grown by doubling, never reused.

The tick computes on whole columns; a Mesa agent is a thin view of one row (`RowView`). A column is
declared with name, dtype, unit and meaning, and that declaration feeds validation, recording and docs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MINIMUM_CAPACITY = 16


@dataclass(frozen=True)
class Column:
    """What one column holds.

    `width` > 0 makes it a matrix with that many entries a row (hash by machine generation).
    """

    name: str
    dtype: str
    unit: str
    doc: str
    default: float | bool = 0
    width: int = 0


class Table:
    """Rows of declared columns; `table.cash` is the live array of all rows.

    Assigning to a column writes in place, so no array can silently detach from the table. Views become
    stale when rows are added: take them anew in each phase.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        """Make an empty table with the declared columns."""
        declared = {column.name: column for column in columns}
        object.__setattr__(self, "columns", declared)
        object.__setattr__(self, "size", 0)
        object.__setattr__(self, "_store", {})
        for column in declared.values():
            self._store[column.name] = self._blank(column, MINIMUM_CAPACITY)
        self._refresh()

    columns: dict[str, Column]
    size: int
    _store: dict[str, np.ndarray]

    def __getattr__(self, name: str) -> np.ndarray:
        """Explain a misspelt column (declared ones are found before this is called)."""
        raise AttributeError(f"no column '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Write a whole column in place."""
        if name not in self.columns:
            raise AttributeError(f"no column '{name}'; columns are {', '.join(self.columns)}")
        column = self.__dict__[name]
        # After `table.cash += x` the sum is there already.
        if value is not column:
            column[...] = value

    def __len__(self) -> int:
        """Return the number of rows ever added."""
        return self.size

    def add(self, count: int, values: Mapping[str, Any] | None = None) -> np.ndarray:
        """Append `count` rows, defaults first and then `values`, and return their indices."""
        first, last = self.size, self.size + count
        self._reserve(last)
        object.__setattr__(self, "size", last)
        self._refresh()
        for name, value in (values or {}).items():
            if name not in self.columns:
                raise AttributeError(f"no column '{name}'; columns are {', '.join(self.columns)}")
            self.__dict__[name][first:last] = value
        return np.arange(first, last)

    def undefined(self) -> list[str]:
        """Return the columns with an entry that is infinite or not a number."""
        floats = [name for name, column in self.columns.items() if column.dtype == "float64"]
        # One sum over everything tells whether there is any such entry.
        if math.isfinite(np.concatenate([self.__dict__[name] for name in floats], axis=None).sum()):
            return []
        return [name for name in floats if not np.isfinite(self.__dict__[name]).all()]

    def copy_columns(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Return copies of the named columns, for recording."""
        return {name: self.__dict__[name].copy() for name in names}

    def _reserve(self, rows: int) -> None:
        capacity = len(next(iter(self._store.values())))
        if rows <= capacity:
            return
        while capacity < rows:
            capacity *= 2
        for column in self.columns.values():
            grown = self._blank(column, capacity)
            grown[: self.size] = self._store[column.name][: self.size]
            self._store[column.name] = grown

    def _refresh(self) -> None:
        for name, array in self._store.items():
            self.__dict__[name] = array[: self.size]

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the stored arrays only; the views are rebuilt."""
        return {"columns": self.columns, "size": self.size, "_store": self._store}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the arrays and rebuild the views."""
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self._refresh()

    @staticmethod
    def _blank(column: Column, capacity: int) -> np.ndarray:
        shape = (capacity, column.width) if column.width else (capacity,)
        return np.full(shape, column.default, dtype=column.dtype)


def rows_where(mask: np.ndarray) -> np.ndarray:
    """Return the rows for which a column of truths holds."""
    return mask.nonzero()[0]


def among(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Return which row numbers are among some rows of a table with `count` rows; -1, nobody, never is."""
    chosen = np.zeros(count + 1, dtype=bool)
    chosen[rows] = True
    return chosen[values]


class RowView:
    """Attributes that read and write one row of a table: the state of a Mesa agent."""

    def __init__(self, name: str) -> None:
        """View the column called `name`."""
        self.name = name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:  # noqa: ANN401
        """Read the agent's entry (a Python scalar, or a copy of the row of a matrix column)."""
        if agent is None:
            return self
        entry = agent.table.__dict__[self.name][agent.row]
        return entry.copy() if isinstance(entry, np.ndarray) else entry.item()

    def __set__(self, agent: Any, value: Any) -> None:  # noqa: ANN401
        """Write the agent's entry."""
        agent.table.__dict__[self.name][agent.row] = value


def views(columns: Iterable[Column]) -> dict[str, RowView]:
    """Return one `RowView` per column, to be set on an agent class."""
    return {column.name: RowView(column.name) for column in columns}
