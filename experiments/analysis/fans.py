"""Fan charts: what runs do month by month, as medians and bands of quantiles over the runs of each arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis.charts import MOST_ARMS, look, panels, shortened
from experiments.analysis.material import COMBINATION, Material
from model import palette
from model.series_columns import SERIES
from model.units import spelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STANDARD = (
    *("gap_gw", "delivered_miners_gw", "lease_rent_usd_kw_month"),
    *("hashprice_usd_ph_day", "network_hashrate_eh_s", "firms_alive"),
    *("ai_mw", "ev_per_mw", "hhi_mw"),
)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_BANDS = 2
"""Arms of which bands are drawn; of more, only medians beside the band of the baseline."""
MOST_MULTIPLES = 12
UNITS = {column.name: spelled(column.unit) for column in SERIES}
TITLES = {
    "gap_gw": "gap",
    "delivered_miners_gw": "delivered by miners",
    "lease_rent_usd_kw_month": "expected rent of colocation",
    "hashprice_usd_ph_day": "hashprice",
    "network_hashrate_eh_s": "network hash",
    "firms_alive": "miners left",
    "ai_mw": "AI megawatts of miners",
    "ev_per_mw": "value per megawatt",
    "hhi_mw": "HHI of megawatts",
}
"""Titles of the standard set; other columns go by their names."""


def quantiles(material: Material) -> pd.DataFrame:
    """Return quantiles over runs, per combination, month and column of the series."""
    wanted = list(material.plan.study.analysis.series or STANDARD)
    frames = []
    for column in wanted:
        series = material.store.table("series", ["run", "month", column])
        if column not in series:
            return pd.DataFrame()
        series = series.merge(material.runs[["run", COMBINATION]], on="run")
        found = (
            series.groupby([COMBINATION, "month"], sort=False)[column].quantile(np.array(QUANTILES)).unstack()
        )
        found.columns = [f"q{100 * level:02.0f}" for level in QUANTILES]
        frames.append(found.reset_index().assign(column=column))
    return pd.concat(frames, ignore_index=True)


def fans(material: Material, table: pd.DataFrame) -> Figure:
    """Return a panel per column of the series, with all arms in it."""
    arms = material.combinations

    def draw(axes: Axes, column: str) -> None:
        rows = table.loc[table["column"] == column]
        for number, arm in enumerate(arms[:MOST_ARMS]):
            own = rows.loc[rows[COMBINATION] == arm]
            fan(axes, own, number, bands=number == 0 or len(arms) <= MOST_BANDS)
        _dated(axes, TITLES.get(column, column.replace("_", " ")), UNITS.get(column, ""))

    names = list(dict.fromkeys(table["column"]))
    figure = panels(names, draw)
    _legend(figure, arms[:MOST_ARMS])
    return figure


def multiples(material: Material, table: pd.DataFrame) -> Figure:
    """Return a panel per arm of the first column, each with the median of the baseline for comparison."""
    column = str(table["column"].iloc[0])
    rows = table.loc[table["column"] == column]
    base = rows.loc[rows[COMBINATION] == material.baseline]
    highest = float(rows["q95"].max()) * 1.05
    lowest = min(0.0, float(rows["q05"].min()) * 1.05)

    def draw(axes: Axes, arm: str) -> None:
        fan(axes, rows.loc[rows[COMBINATION] == arm], 1, bands=True)
        axes.plot(base["month"], base["q50"], color=palette.DARK, linewidth=1.2, dashes=(4, 2))
        axes.set_ylim(lowest, highest)
        _dated(axes, arm, UNITS.get(column, ""))

    return panels(material.combinations[:MOST_MULTIPLES], draw, height=2.4)


def fan(axes: Axes, rows: pd.DataFrame, number: int, bands: bool) -> None:
    """Draw the median of an arm, and bands of half and nine tenths of its runs."""
    months, style = rows["month"], look(number)
    if bands:
        colour = style["color"]
        axes.fill_between(months, rows["q05"], rows["q95"], color=colour, alpha=0.15, linewidth=0)
        axes.fill_between(months, rows["q25"], rows["q75"], color=colour, alpha=0.25, linewidth=0)
    axes.plot(months, rows["q50"], linewidth=1.8, **style)


def _legend(figure: Figure, arms: list[str]) -> None:
    if len(arms) < 2:
        return
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], linewidth=2, **look(number)) for number in range(len(arms))]
    figure.legend(lines, [shortened(arm) for arm in arms], loc="outside upper right", ncols=min(len(arms), 5))


def _dated(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(shortened(title, 44))
    axes.set_ylabel("" if unit == "-" else unit)
    locator = mdates.AutoDateLocator(minticks=2, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    low, high = axes.get_ylim()
    if low > 0 and low < 0.5 * high:
        axes.set_ylim(bottom=0.0)
    if not np.isfinite(high):
        axes.set_ylim(0, 1)
