"""Outcomes: numbers read off a run, by a reduction of its series or by a named function.

A function takes what a run leaves behind and returns a number, not-a-number where the question makes no sense
(no firm of that sort, no lease signed). `outcome_function` registers one under the function's own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from experiments.study import Outcome
    from model.scenario import Scenario

ARTICLE_END = "2028-12-01"
"""The month up to which the source article makes its claims."""
HOURS_A_YEAR = 8766.0


class Record(NamedTuple):
    """What outcomes may be read from: series, leases, firms at the end, fates of firms, and the scenario."""

    series: pd.DataFrame
    leases: pd.DataFrame
    firms: pd.DataFrame
    fates: pd.DataFrame | None
    scenario: Scenario | None = None


class Function(NamedTuple):
    """A named outcome function, what it means and its unit."""

    compute: Callable[[Record], float]
    meaning: str
    unit: str
    needs_fates: bool


_registered: dict[str, Function] = {}


def outcome_function(
    unit: str, needs_fates: bool = False
) -> Callable[[Callable[[Record], float]], Callable[[Record], float]]:
    """Register an outcome function; the first line of its docstring says what it means."""

    def register(function: Callable[[Record], float]) -> Callable[[Record], float]:
        meaning = (function.__doc__ or "").splitlines()[0].removeprefix("Return ").rstrip(".")
        _registered[function.__name__] = Function(function, meaning, unit, needs_fates)
        return function

    return register


def functions() -> Mapping[str, Function]:
    """Return the outcome functions by name."""
    import experiments.outcome_functions as _  # noqa: F401 - registers those that ship

    return _registered


def outcome_of(outcome: Outcome, record: Record) -> float:
    """Return the number an outcome asks for."""
    if outcome.function is not None:
        return float(functions()[outcome.function].compute(record))
    column = record.series[outcome.series]
    if outcome.month:
        return float(column.at[pd.Timestamp(outcome.month)])
    return _reduced(column.loc[outcome.begin : outcome.end], outcome.reduce)


def _reduced(column: pd.Series, reduce: str) -> float:
    values = column.to_numpy(dtype=float)
    if reduce in ("first", "last"):
        return float(values[0 if reduce == "first" else -1])
    if reduce == "change":
        return float(values[-1] - values[0])
    if reduce == "ratio":
        return float(values[-1] / values[0]) if values[0] else float("nan")
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan")
    if reduce in ("month_of_min", "month_of_max"):
        find = np.nanargmin if reduce == "month_of_min" else np.nanargmax
        return float(find(values))
    return float(getattr(np, {"sd": "std"}.get(reduce, reduce))(known))


def unit_of(outcome: Outcome) -> str:
    """Return the unit of an outcome."""
    if outcome.unit:
        return outcome.unit
    if outcome.function is not None:
        return functions()[outcome.function].unit
    if outcome.reduce in ("month_of_min", "month_of_max"):
        return "months after the first"
    from model.series_columns import SERIES

    unit = next((column.unit for column in SERIES if column.name == outcome.series), "")
    return unit.removesuffix("/month") if outcome.reduce == "sum" else unit


def label_of(name: str, outcome: Outcome) -> str:
    """Return what an outcome is called on figures."""
    return outcome.label or name.replace("_", " ")
