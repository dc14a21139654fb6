"""Figures of a run: power against demand, what the megawatts do, who is left, and what mining pays."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from model import palette
from model.manifest import PURPOSE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from model.run import Run

ARTICLE_GAP_GW = 45.0
ARTICLE_MONTH = "2028-12"
"""The gap the source article speaks of, and when."""
SIZE, DOTS = (16.0, 10.0), 100
STYLE: dict[Any, Any] = {
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "legend.frameon": False,
    "legend.fontsize": 11,
}


def save_summary(run: Run, path: Path) -> Path:
    """Draw the four panels of a run into a PNG of 1600 by 1000 dots."""
    summary_figure(run).savefig(path, dpi=DOTS)
    return path


def summary_figure(run: Run) -> Figure:
    """Return the four panels of a run."""
    series = _drawable(run.series)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
        (power, uses), (survivors, mining) = figure.subplots(2, 2)
        draw_power(power, series)
        draw_uses(uses, series)
        draw_survivors(survivors, series)
        draw_mining(mining, series)
        figure.suptitle(_title(run), fontsize=16, x=0.012, ha="left")
        figure.supxlabel(PURPOSE, fontsize=11, color=palette.DARK, x=0.012, ha="left")
    return figure


def draw_power(axes: Axes, series: pd.DataFrame) -> None:
    """Stack what is delivered against what AI asks for, and shade the gap."""
    layers = {source: series[f"delivered_{source}_gw"].to_numpy() for source in palette.SOURCES}
    axes.stackplot(
        series.index,
        *layers.values(),
        colors=list(palette.SOURCES.values()),
        labels=[palette.LABELS[name] for name in layers],
    )
    top, demand = np.sum(list(layers.values()), axis=0), series["demand_gw"].to_numpy()
    axes.fill_between(
        series.index, top, demand, where=demand > top, facecolor=palette.GAP, edgecolor=palette.GREY,
        hatch="//", linewidth=0.0, label="gap", interpolate=True,
    )  # fmt: skip
    axes.plot(series.index, demand, color=palette.DEMAND, linewidth=2.5, label="demand")
    _mark_article(axes, series)
    _finish(axes, series, "US power for AI: demand and what is delivered", "GW", columns=5)


def draw_uses(axes: Axes, series: pd.DataFrame) -> None:
    """Stack what the miners' megawatts in the US do."""
    axes.stackplot(
        series.index,
        *(series[f"us_{use}_mw"].to_numpy() / 1e3 for use in palette.USES),
        colors=list(palette.USES.values()),
        labels=[palette.LABELS[use] for use in palette.USES],
    )
    _finish(axes, series, "What the miners' US megawatts do", "GW", columns=3)


def draw_survivors(axes: Axes, series: pd.DataFrame) -> None:
    """Draw the miners left, and how concentrated they are on four bases."""
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    right.grid(visible=False)
    axes.step(
        series.index, series["firms_alive"], color=palette.SURVIVORS, linewidth=2.5, where="post",
        label="miners left (left axis)",
    )  # fmt: skip
    for basis, colour in palette.BASES.items():
        line = right.plot(series.index, series[f"hhi_{basis}"], color=colour, linewidth=2.0)[0]
        line.set_dashes(palette.BASE_DASHES[basis] or (None, None))
        axes.plot([], [], color=colour, linewidth=2.0, dashes=palette.BASE_DASHES[basis] or (None, None),
                  label=f"HHI of {palette.LABELS[basis]}")  # fmt: skip
    right.set_ylim(bottom=0.0)
    right.set_ylabel("HHI (sum of squared shares)")
    _finish(axes, series, "Who is left, and how concentrated", "miners", columns=3)


def draw_mining(axes: Axes, series: pd.DataFrame) -> None:
    """Draw hashprice and network hash, with the halvings."""
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    right.grid(visible=False)
    axes.plot(series.index, series["hashprice_usd_ph_day"], color=palette.HASHPRICE, linewidth=2.5,
              label="hashprice (left axis)")  # fmt: skip
    right.plot(
        series.index, series["network_hashrate_eh_s"], color=palette.NETWORK, linewidth=2.0, dashes=(5, 2)
    )
    axes.plot([], [], color=palette.NETWORK, linewidth=2.0, dashes=(5, 2), label="network hash (right axis)")
    right.set_ylim(bottom=0.0)
    right.set_ylabel("EH/s")
    for number, month in enumerate(halvings(series)):
        label = "halving" if number == 0 else None
        axes.axvline(_place(month), color=palette.HALVING, linewidth=1.5, linestyle=":", label=label)
    _finish(axes, series, "What mining pays", "USD/PH/day", columns=3)


def halvings(series: pd.DataFrame) -> list[pd.Timestamp]:
    """Return the months that began with a smaller subsidy than the month before."""
    subsidy = series["subsidy_btc"]
    return list(series.index[(subsidy < subsidy.shift()).to_numpy()])


def _mark_article(axes: Axes, series: pd.DataFrame) -> None:
    """Measure the article's 45 GW down from demand at the end of 2028, beside the gap of the run."""
    month = pd.Timestamp(ARTICLE_MONTH)
    if month not in series.index:
        return
    demand = float(series["demand_gw"].at[month])
    foot = demand - ARTICLE_GAP_GW
    axes.annotate("", (month, demand), (month, foot), arrowprops={"arrowstyle": "|-|", "linewidth": 1.5})
    gap = f"(here {series['gap_gw'].at[month]:.1f} GW)"
    axes.annotate(
        f"{ARTICLE_GAP_GW:.0f} GW: the article's gap\nat the end of 2028\n{gap}",
        (month, demand),
        xytext=(-14, 30),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=11,
        arrowprops={"arrowstyle": "-", "linewidth": 0.8, "color": palette.DARK},
    )


def _finish(axes: Axes, series: pd.DataFrame, title: str, unit: str, columns: int) -> None:
    axes.set_title(title)
    axes.set_ylabel(unit)
    lowest, highest = axes.dataLim.intervaly
    axes.set_ylim(min(0.0, 1.05 * lowest), 1.05 * highest or 1.0)
    axes.set_xlim(_place(series.index[0]), _place(series.index[-1]))
    locator = mdates.AutoDateLocator(minticks=2, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=columns)


def _drawable(series: pd.DataFrame) -> pd.DataFrame:
    """Let a single month last until the next one begins: a point has no width."""
    if len(series) > 1:
        return series
    return pd.concat([series, series.set_axis(series.index + pd.offsets.MonthBegin())])


def _place(month: Any) -> float:  # noqa: ANN401
    """Return where a month stands on a time axis."""
    return float(mdates.date2num(month))


def _title(run: Run) -> str:
    manifest = run.manifest
    line = f"Gridrush: {manifest['scenario']}, {manifest['description']} (seed {manifest['seed']})"
    return textwrap.shorten(line, 120, placeholder=" ...")
