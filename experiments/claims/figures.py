"""The figure of a claim: for each of its tests the draws, the estimate against its rule, what moves it."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.analysis.charts import shortened
from experiments.analysis.saving import MICRO
from experiments.claims.rules import CONTRADICTED, OPEN, SUPPORTED, Estimate, Test
from experiments.claims.verdicts import ENDS, SHOWN, Finding, Found, end_of
from model import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {SUPPORTED: palette.BLUE, CONTRADICTED: palette.VERMILLION, OPEN: palette.DARK}
HEIGHT = 2.9
MARGIN = 0.12
TICKS = 5
"""Room for six digits each."""
SEED = 0


def claim_figure(finding: Finding) -> Figure:
    """Return the figure of a claim, a row a test."""
    with mpl.rc_context(MICRO):
        size = (13.0, HEIGHT * len(finding.tests) + 0.8)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(finding.tests), 3, squeeze=False, width_ratios=(1.1, 0.8, 1.1))
        for row, found in zip(grid, finding.tests, strict=True):
            _draws(row[0], found)
            _against_rule(row[1], found)
            _thirds(row[2], found)
    return figure


def claim_numbers(finding: Finding) -> pd.DataFrame:
    """Return every number of the figure, a row each."""
    rows = []
    for found in finding.tests:
        test, scale = found.test, found.test.scale
        for series, draws in found.rows.items():
            rows += [
                {"test": test.name, "panel": "draws", "series": series, "draw": draw, "value": value}
                for draw, value in draws.items()
            ]
        places = [("estimate", found.estimate), ("over shared uncertainties", found.over_spread)]
        for line in _leading(found).to_dict("records"):
            places += [(f"{line['parameter']}, {end} third", end_of(line, end)) for end in ENDS]
        for series, figure in places:
            value, low, high = (part * scale for part in figure[:3])
            row = {"test": test.name, "panel": "estimates", "series": series, "draws": figure.draws}
            rows.append(row | {"value": value, "low": low, "high": high, "unit": test.unit})
    return pd.DataFrame(rows)


def _draws(axes: Axes, found: Found) -> None:
    rows = found.rows.dropna()
    axes.set_title("draw by draw")
    if rows.empty:
        axes.text(0.5, 0.5, "no draws", transform=axes.transAxes, ha="center")
    elif found.statistic.scatter:
        axes.plot(rows.iloc[:, 0], rows.iloc[:, 1], "o", color=palette.BLUE, markersize=4, alpha=0.7)
        axes.set_xlabel(found.statistic.axes[0])
        axes.set_ylabel(found.statistic.axes[1])
        axes.xaxis.set_major_locator(MaxNLocator(TICKS))
    elif found.statistic.counts:
        values, counts = np.unique(rows.iloc[:, 0], return_counts=True)
        axes.bar(values, counts, color=palette.SKY, width=0.7)
        axes.set_xticks(values)
        axes.set_xlabel(found.statistic.axes[0])
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("runs")
    else:
        _strips(axes, rows)
        axes.set_xlabel(found.statistic.axes[0])
        axes.xaxis.set_major_locator(MaxNLocator(TICKS))


def _strips(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw a strip of points and the mean for each column, the first on top."""
    jitter = np.random.Generator(np.random.Philox(SEED)).uniform(-0.22, 0.22, len(rows))
    places = np.arange(rows.shape[1])[::-1]
    for place, name in zip(places, rows, strict=True):
        axes.plot(rows[name], place + jitter, "o", color=palette.SKY, markersize=3, alpha=0.6)
        mean = float(rows[name].to_numpy().mean())
        axes.plot([mean, mean], [place - 0.32, place + 0.32], color=palette.BLUE, linewidth=2.2)
    axes.set_yticks(places, [shortened(str(name).replace("_", " "), 20) for name in rows])
    axes.set_ylim(-0.6, rows.shape[1] - 0.4)
    axes.grid(visible=False, axis="y")


def _against_rule(axes: Axes, found: Found) -> None:
    test = found.test
    axes.set_title(f"estimate: {found.verdict}", color=COLOURS[found.verdict])
    points = [("estimate", found.estimate)]
    if test.evidence == "runs":
        points.append(("over shared\nuncertainties", found.over_spread))
    _errors(axes, test, points, [COLOURS[found.verdict], palette.GREY][: len(points)])
    axes.set_xlabel(_axis(test))


def _thirds(axes: Axes, found: Found) -> None:
    axes.set_title("thirds of what moves it most")
    leading = _leading(found)
    if leading.empty:
        axes.text(0.5, 0.5, "too few draws to say", transform=axes.transAxes, ha="center")
        axes.set_axis_off()
        return
    points, colours = [], []
    for line in leading.to_dict("records"):
        for end, limit, sign in (("low", "below", "<"), ("high", "above", ">")):
            points.append((f"{line['parameter']} {sign} {line[limit]:.3g}", end_of(line, end)))
            colours.append(palette.SKY if end == "low" else palette.ORANGE)
    _errors(axes, found.test, points, colours)
    axes.set_xlabel(_axis(found.test))


def _errors(axes: Axes, test: Test, points: list[tuple[str, Estimate]], colours: list[str]) -> None:
    """Draw estimates with intervals, the first on top, over the region that supports the claim."""
    places = np.arange(len(points))[::-1]
    for place, (_, figure), colour in zip(places, points, colours, strict=True):
        if not math.isfinite(figure.value):
            continue
        value, low, high = (part * test.scale for part in figure[:3])
        reach = np.nan_to_num([[value - low], [high - value]]).clip(min=0.0)
        axes.errorbar(value, place, xerr=reach, fmt="o", color=colour, markersize=5, linewidth=1.8, capsize=3)
    axes.set_yticks(places, [label for label, _ in points])
    axes.set_ylim(-0.7, len(points) - 0.3)
    axes.grid(visible=False, axis="y")
    _shade(axes, test)


def _shade(axes: Axes, test: Test) -> None:
    edges = [edge for edge in (test.above, test.below) if math.isfinite(edge)]
    low, high = axes.get_xlim()
    low, high = min(low, *edges), max(high, *edges)
    room = MARGIN * (high - low)
    low, high = low - room, high + room
    axes.axvspan(max(test.above, low), min(test.below, high), color=palette.GREEN, alpha=0.13, zorder=0)
    for edge in edges:
        axes.axvline(edge, color=palette.GREEN, linewidth=1.0, linestyle="--")
    axes.set_xlim(low, high)


def _leading(found: Found) -> pd.DataFrame:
    return found.thirds.head(SHOWN)


def _axis(test: Test) -> str:
    return f"{textwrap.fill(test.statistic, 44)}\n[{test.unit}]"
