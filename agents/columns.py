"""Tables of numpy columns: one row per entity, declared once, grown by doubling, never reused.

The tick computes on whole columns; a Mesa agent is a thin view of one row (`RowView`). A column is
declared with name, dtype, unit and meaning, and that declaration feeds validation, recording and docs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.compiled import compiled

MINIMUM_CAPACITY = 16
SPARE = 8
"""Entries kept beyond the capacity, lest columns compete for the same places in the processor's cache."""


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
    stale when rows are added: take them anew in each phase. Columns of one dtype are the rows of one matrix,
    so that many of them are summed, checked or copied at once.
    """

    columns: dict[str, Column]
    size: int
    _names: dict[str, tuple[str, ...]]
    _matrices: dict[str, np.ndarray]
    _wide: dict[str, np.ndarray]
    _store: dict[str, np.ndarray]
    _capacity: int
    _places: dict[tuple[str, ...], tuple[str, np.ndarray]]

    def __init__(self, columns: Iterable[Column]) -> None:
        """Make an empty table with the declared columns."""
        declared = {column.name: column for column in columns}
        plain = [column for column in declared.values() if not column.width]
        names = {
            dtype: tuple(column.name for column in plain if column.dtype == dtype)
            for dtype in dict.fromkeys(column.dtype for column in plain)
        }
        self.__dict__.update(
            columns=declared, size=0, _names=names, _matrices={}, _wide={}, _capacity=0, _places={}
        )
        self._grow(MINIMUM_CAPACITY)
        self._refresh()

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
        if last > self._capacity:
            self._grow(last)
        self.__dict__["size"] = last
        self._refresh()
        for name, value in (values or {}).items():
            if name not in self.columns:
                raise AttributeError(f"no column '{name}'; columns are {', '.join(self.columns)}")
            self.__dict__[name][first:last] = value
        return np.arange(first, last)

    def matrix(self, dtype: str) -> np.ndarray:
        """Return the live columns of a dtype, [columns, rows], in the order in which they were declared."""
        return self._matrices[dtype][:, : self.size]

    def stored(self, dtype: str) -> np.ndarray:
        """Return the matrix of a dtype with its spare rows: contiguous, as loops over columns like it."""
        return self._matrices[dtype]

    def positions(self, names: tuple[str, ...]) -> np.ndarray:
        """Return which rows of their `matrix` some columns of one dtype are."""
        return self._place(names)[1]

    def together(self, names: tuple[str, ...]) -> np.ndarray:
        """Return a copy of some columns of one dtype, [columns, rows]."""
        dtype, positions = self._place(names)
        return self.matrix(dtype)[positions]

    def undefined(self) -> list[str]:
        """Return the columns with an entry that is infinite or not a number."""
        if _all_finite(self._matrices["float64"], self.size) and all(
            _all_finite(wide.T, self.size) for wide in self._wide.values()
        ):
            return []
        floats = [name for name, column in self.columns.items() if column.dtype == "float64"]
        return [name for name in floats if not np.isfinite(self.__dict__[name]).all()]

    def _place(self, names: tuple[str, ...]) -> tuple[str, np.ndarray]:
        place = self._places.get(names)
        if place is None:
            dtype = self.columns[names[0]].dtype
            place = dtype, np.array([self._names[dtype].index(name) for name in names])
            self._places[names] = place
        return place

    def _grow(self, rows: int) -> None:
        """Make room for some rows and more, in arrays of at least twice the length."""
        capacity = max(self._capacity, MINIMUM_CAPACITY)
        while capacity < rows:
            capacity *= 2
        for dtype, names in self._names.items():
            defaults = np.array([self.columns[name].default for name in names], dtype=dtype)
            grown = np.repeat(defaults[:, None], capacity + SPARE, axis=1)
            if self.size:
                grown[:, : self.size] = self.matrix(dtype)
            self._matrices[dtype] = grown
        for column in self.columns.values():
            if column.width:
                grown = np.full((capacity, column.width), column.default, dtype=column.dtype)
                if self.size:
                    grown[: self.size] = self.__dict__[column.name]
                self._wide[column.name] = grown
        self.__dict__["_capacity"] = capacity
        self._set_out()

    def _set_out(self) -> None:
        """Note where each column is kept, spare rows included."""
        columns = {
            name: self._matrices[dtype][place]
            for dtype, names in self._names.items()
            for place, name in enumerate(names)
        }
        self.__dict__["_store"] = columns | self._wide

    def _refresh(self) -> None:
        """Take the views of all columns anew."""
        size, column = self.size, self.__dict__
        for name, stored in self._store.items():
            column[name] = stored[:size]

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the matrices and wide columns only; the views are rebuilt."""
        left_out = {"_store", *self.columns}
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the arrays and rebuild the views."""
        self.__dict__.update(state)
        self._set_out()
        self._refresh()


@compiled
def _all_finite(matrix: np.ndarray, rows: int) -> bool:
    """Tell whether no entry of some rows, [columns, rows], is infinite or not a number."""
    wrong = False
    for column in range(matrix.shape[0]):
        for row in range(rows):
            wrong |= not abs(matrix[column, row]) < np.inf
    return not wrong


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
