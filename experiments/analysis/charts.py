"""The charts of a study: intervals, differences, indices, swings, scores; one panel per outcome."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis.saving import MICRO
from model import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 12
"""Rows of a ranking that are drawn; the CSV has them all."""
WIDE = 3
MOST_ARMS = 14
"""Arms that one panel can still tell apart; the CSV has them all."""
DASHES = ("-", "--")


def panels(
    names: Sequence[str], draw: Callable[[Axes, str], None], height: float = 2.8, columns: int = WIDE
) -> Figure:
    """Return a figure with a panel per name."""
    across = min(columns if len(names) != 4 else 2, len(names))
    down = math.ceil(len(names) / across)
    with mpl.rc_context(MICRO):
        width = {1: 7.5, 2: 11.0}.get(across, 13.0)
        figure = Figure(figsize=(width, height * down + 0.7), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False).ravel()
        for axes, name in zip(grid, names, strict=False):
            draw(axes, name)
        for axes in grid[len(names) :]:
            axes.set_visible(False)
    return figure


def look(number: int) -> dict[str, Any]:
    """Return colour and dashes of an arm by its number, the baseline being 0."""
    colours = palette.ARMS
    return {
        "color": colours[number % len(colours)],
        "linestyle": DASHES[number // len(colours) % len(DASHES)],
    }


def forest(table: pd.DataFrame, axes: Axes, labels: Sequence[str], zero: bool) -> None:
    """Draw means with intervals, the first row on top."""
    places = np.arange(len(table))[::-1]
    mean = table["mean"].to_numpy()
    reach = np.vstack([mean - table["low"].to_numpy(), table["high"].to_numpy() - mean])
    apart = (table["low"] > 0) | (table["high"] < 0) if zero else pd.Series(True, index=table.index)
    for row, colour in ((apart.to_numpy(), palette.BLUE), (~apart.to_numpy(), palette.GREY)):
        axes.errorbar(
            mean[row], places[row], xerr=np.nan_to_num(reach[:, row]), fmt="o", color=colour,
            markersize=4, linewidth=1.5, capsize=2,
        )  # fmt: skip
    if zero:
        axes.axvline(0.0, color=palette.DARK, linewidth=0.8)
    axes.set_yticks(places, [shortened(label) for label in labels])
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.grid(visible=False, axis="y")


def ranking(
    axes: Axes, names: Sequence[str], values: np.ndarray, half: np.ndarray | None, colour: str
) -> None:
    """Draw the largest values as bars, the largest on top."""
    order = np.argsort(-np.nan_to_num(values))[:SHOWN]
    places = np.arange(len(order))[::-1]
    # Indices are not negative, and neither are the ends of their intervals.
    error = None if half is None else np.vstack([np.minimum(half[order], values[order]), half[order]])
    axes.barh(places, values[order], xerr=error, color=colour, height=0.65, error_kw={"linewidth": 1.0})
    axes.set_yticks(places, [shortened(names[int(row)]) for row in order])
    axes.grid(visible=False, axis="y")


def swings(axes: Axes, table: pd.DataFrame) -> None:
    """Draw a tornado: from the mean at the low end of each uncertainty to that at its high end."""
    table = table.sort_values("swing", key=abs, ascending=False).head(SHOWN)
    mean = float(table["mean"].iloc[0])
    for place, row in zip(np.arange(len(table))[::-1], table.to_dict("records"), strict=True):
        ends = (("low", 0.17, palette.SKY), ("high", -0.17, palette.VERMILLION))
        for end, shift, colour in ends:
            axes.barh(place + shift, row[end] - mean, left=mean, color=colour, height=0.34)
        if row["swing_low"] <= 0 <= row["swing_high"]:
            axes.text(1.0, place, "n.s.", transform=axes.get_yaxis_transform(), va="center", ha="right",
                      color=palette.DARK, fontsize=7)  # fmt: skip
    axes.axvline(mean, color=palette.DARK, linewidth=0.8)
    axes.set_yticks(np.arange(len(table))[::-1], [shortened(name) for name in table["uncertainty"]])
    axes.grid(visible=False, axis="y")


def morris_plane(axes: Axes, table: pd.DataFrame) -> None:
    """Draw mean effect against spread of effects, with the names of the strongest."""
    axes.errorbar(
        table["mu_star"], table["sigma"], xerr=table["mu_star_half"], fmt="o", color=palette.GREY,
        markersize=3, linewidth=0.8,
    )  # fmt: skip
    limit = float(table["mu_star"].max()) * 1.1 or 1.0
    axes.plot([0, limit], [0, limit], color=palette.LIGHT, linewidth=1.0, zorder=0)
    strongest = table.nlargest(5, "mu_star")
    axes.plot(strongest["mu_star"], strongest["sigma"], "o", color=palette.BLUE, markersize=4)
    for row in strongest.to_dict("records"):
        right = row["mu_star"] > 0.6 * limit
        axes.annotate(row["uncertainty"].partition(".")[2], (row["mu_star"], row["sigma"]), fontsize=7,
                      xytext=(-4 if right else 4, 3), textcoords="offset points",
                      ha="right" if right else "left")  # fmt: skip
    axes.set_xlim(0, None)
    axes.set_ylim(0, None)


def pairs_of_bars(axes: Axes, table: pd.DataFrame) -> None:
    """Draw Sobol indices: alone, and with interactions."""
    table = table.nlargest(SHOWN, "ST")
    places = np.arange(len(table))[::-1]
    bars = (("ST", 0.2, palette.SKY, "total"), ("S1", -0.2, palette.BLUE, "first order"))
    for name, shift, colour, label in bars:
        half = table[f"{name}_half"]
        axes.barh(places + shift, table[name], xerr=half, height=0.38, color=colour, label=label,
                  error_kw={"linewidth": 0.9})  # fmt: skip
    axes.axvline(0.0, color=palette.DARK, linewidth=0.8)
    axes.set_yticks(places, [shortened(name) for name in table["uncertainty"]])
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right")


def heat(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Return feature scores as a table of shades: inputs down, outcomes across."""
    wide = table.pivot_table(index="input", columns="outcome", values="score", observed=True)
    wide = wide.iloc[np.argsort(-np.nanmean(wide.to_numpy(), axis=1), kind="stable")[:25]]
    with mpl.rc_context({**MICRO, "axes.grid": False}):
        size = (max(1.6 * len(wide.columns) + 3, 7.5), 0.26 * len(wide) + 2.4)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        shades = axes.imshow(wide.to_numpy(), cmap="Blues", aspect="auto", vmin=0.0)
        axes.set_yticks(range(len(wide)), wide.index)
        columns = [textwrap.fill(labels[name], 18) for name in wide.columns]
        axes.set_xticks(range(len(columns)), columns, fontsize=9)
        peak = float(wide.to_numpy().max())
        for row, column in np.ndindex(wide.shape):
            value = float(wide.iloc[row, column])
            colour = "white" if value > 0.6 * peak else palette.BLACK
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
        figure.colorbar(shades, ax=axes, label="score", shrink=0.6)
    return figure


def shortened(text: str, width: int = 34) -> str:
    """Return a label in at most two lines."""
    lines = textwrap.wrap(str(text), width, break_long_words=False)
    return "\n".join(lines if len(lines) <= 2 else [lines[0], textwrap.shorten(" ".join(lines[1:]), width)])
