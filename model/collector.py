"""The series in the form of Mesa's data collector, for `mesa.batch_run` and the plots of Mesa's viewer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import mesa

from model.series_columns import SERIES

if TYPE_CHECKING:
    import pandas as pd


def collector(series: pd.DataFrame | None) -> mesa.DataCollector:
    """Return a data collector that holds the series, one collection per month.

    It is made anew whenever it is asked for: the tick itself records columns and collects nothing.

    Args:
        series: The record so far; None before the first month.
    """
    names = list(series.columns) if series is not None else [column.name for column in SERIES]
    made = mesa.DataCollector(model_reporters={name: name for name in names})
    rows = series.itertuples(index=False, name=None) if series is not None else ()
    for step, row in enumerate(rows, start=1):
        made.collect(SimpleNamespace(time=float(step), **dict(zip(names, row, strict=True))))
    return made
