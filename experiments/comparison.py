"""What differs between two tables: which column, in how many rows, where first, and by how much at most."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

ACROSS_PLATFORMS = 1e-6
"""Relative tolerance between platforms or versions of packages, where the last digits of exponentials,
logarithms and sums may differ and months carry that on; a change of the model moves numbers by far more."""
NEARLY_NOTHING = 1e-9
"""Share of a column's largest value below which numbers count as nothing when there is a tolerance."""
LONGEST = 40


class Difference(NamedTuple):
    """A column that differs, or a table that does not even have the same shape."""

    table: str
    column: str
    what: str
    largest: float = np.nan
    """Largest absolute difference of a column of numbers."""
    only_new: bool = False
    """Whether nothing but a new column is there."""

    def __str__(self) -> str:
        """Return the difference as a line."""
        return f"{self.table}{'.' if self.column else ''}{self.column}: {self.what}"


def differences(
    name: str, stored: pd.DataFrame, found: pd.DataFrame, tolerance: float = 0.0
) -> list[Difference]:
    """Return what differs between a stored table and the one found now; to the last bit at tolerance 0."""
    columns = [
        *(
            Difference(name, str(column), "gone")
            for column in stored.columns.difference(found.columns, False)
        ),
        *(
            Difference(name, str(column), "new", only_new=True)
            for column in found.columns.difference(stored.columns, False)
        ),
    ]
    if len(stored) != len(found):
        return [Difference(name, "", f"{len(found)} rows instead of {len(stored)}"), *columns]
    places = _places(stored)
    if not places.equals(_places(found)):
        first = int(_words_apart(places.to_series(), _places(found).to_series()).argmax())
        what = f"other {places.name or 'row'}s, first {_shown(_places(found)[first])}"
        return [Difference(name, "", f"{what} instead of {_shown(places[first])}"), *columns]
    shared = [column for column in stored.columns if column in found.columns]
    compared = (_column(name, column, places, stored, found, tolerance) for column in shared)
    return [*columns, *(difference for difference in compared if difference)]


def _places(table: pd.DataFrame) -> pd.Index:
    """Return what rows are called: by month where there are months, else by number."""
    if table.index.name:
        return table.index
    return pd.Index(table["month"]) if "month" in table else pd.RangeIndex(len(table))


def _column(
    table: str, column: str, places: pd.Index, one: pd.DataFrame, other: pd.DataFrame, tolerance: float
) -> Difference | None:
    stored, found = pd.Series(one[column]), pd.Series(other[column])
    numbers = _numeric(stored) and _numeric(found)
    apart = _numbers_apart(stored, found, tolerance) if numbers else _words_apart(stored, found)
    if not apart.any():
        return None
    first = int(apart.argmax())
    if not numbers:
        what = f"{_shown(found.iloc[first])} instead of {_shown(stored.iloc[first])}"
        return Difference(table, column, f"{_counted(apart, places)}, first {_at(places, first)}: {what}")
    gaps = np.abs(found.to_numpy(np.float64) - stored.to_numpy(np.float64))
    gaps[~apart | np.isnan(gaps)] = -1.0
    worst = int(gaps.argmax()) if gaps.max() >= 0 else first
    values = f"{found.iloc[worst]:.10g} instead of {stored.iloc[worst]:.10g}"
    what = f"{_counted(apart, places)}, first {_at(places, first)}; most {_at(places, worst)}: {values}"
    return Difference(table, column, what, float(gaps[worst]) if gaps[worst] >= 0 else np.nan)


def _numeric(values: pd.Series) -> bool:
    return values.dtype.kind in "fiu"


def _numbers_apart(stored: pd.Series, found: pd.Series, tolerance: float) -> np.ndarray:
    one, other = stored.to_numpy(np.float64), found.to_numpy(np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if tolerance:
        finite = np.abs(one[np.isfinite(one)])
        slack = NEARLY_NOTHING * float(finite.max(initial=0.0))
        same |= np.isclose(other, one, rtol=tolerance, atol=slack)
    return ~same


def _words_apart(stored: pd.Series, found: pd.Series) -> np.ndarray:
    one, other = stored.to_numpy(object), found.to_numpy(object)
    return ~((one == other) | (pd.isna(one) & pd.isna(other)))


def _counted(apart: np.ndarray, places: pd.Index) -> str:
    count = int(apart.sum())
    return f"{count} of {len(places)} values {'differs' if count == 1 else 'differ'}"


def _at(places: pd.Index, row: int) -> str:
    return f"in row {row}" if places.name is None else f"in {_shown(places[row])}"


def _shown(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m}"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
