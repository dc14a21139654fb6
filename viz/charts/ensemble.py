"""An ensemble: fans of the series over its runs, and outcomes against what was uncertain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model import palette
from viz.drawing import Figure, Looks, Trace, axis, figure, layout, numbers, time_axis, times
from viz.study import BANDS, bands

POINTS = tuple(float(part) for part in np.round(np.arange(0.05, 0.96, 0.05), 2))
"""Quantiles at which a band can be pointed at."""


def fan(
    groups: dict[str, pd.DataFrame], looks: Looks, title: str, unit: str, picked: int | None = None
) -> Figure:
    """Draw median and bands of each group of runs; a run that was picked as a line of its own."""
    traces: list[Trace] = []
    for (name, series), colour in zip(groups.items(), palette.ARMS, strict=False):
        traces += _fan(bands(series), name, looks.of(colour))
    traces += [_points(series, name) for name, series in groups.items()]
    for series in groups.values():
        if picked in series:
            traces.append(_picked(series.loc[:, [picked]], picked, looks))
    months = next(iter(groups.values())).index.to_list()
    span = months[0], months[-1]
    settings = layout(
        looks, title, unit, xaxis=time_axis(looks, span), yaxis={"rangemode": "normal"}, hovermode="closest"
    )
    return figure(traces, settings)


def scatter(
    runs: pd.DataFrame,
    across: str,
    up: str,
    looks: Looks,
    labels: tuple[str, str],
    colour_by: str = "",
    picked: int | None = None,
) -> Figure:
    """Draw any column of the runs against any other, a dot a run."""
    groups = dict(list(runs.groupby(colour_by, sort=False))) if colour_by else {"runs": runs}
    traces: list[Trace] = []
    for (name, group), colour in zip(groups.items(), palette.ARMS, strict=False):
        traces.append(_dots(group, across, up, str(name), looks.of(colour)))
    chosen = runs.loc[(runs["run"] == picked).to_numpy()]
    if len(chosen):
        dot = _dots(chosen, across, up, f"run {picked}", palette.VERMILLION)
        dot["marker"] |= {"size": 14, "symbol": "circle-open", "line": {"width": 3}}
        traces.append(dot)
    settings = layout(
        looks,
        f"{labels[1]} against {labels[0]}",
        hovermode="closest",
        margin={"b": 46},
        showlegend=len(traces) > 1,
        xaxis=axis(looks, labels[0]),
        yaxis=axis(looks, labels[1]),
    )
    return figure(traces, settings)


def _fan(quantiles: pd.DataFrame, name: str, colour: str) -> list[Trace]:
    months = times(quantiles.index)
    traces: list[Trace] = []
    for low, high, part in ((BANDS[0], BANDS[-1], "5 to 95%"), (BANDS[1], BANDS[-2], "25 to 75%")):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"{name}, {part}",
                "x": months + months[::-1],
                "y": numbers(quantiles[high]) + numbers(quantiles[low].iloc[::-1]),
                "fill": "toself",
                "fillcolor": _faint(colour, 0.18),
                "line": {"width": 0},
                "hoverinfo": "skip",
                "legendgroup": name,
                "showlegend": False,
            }
        )
    label = f"{name}: median, 25-75%, 5-95%" if name else "median, 25-75%, 5-95%"
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": label,
            "x": months,
            "y": numbers(quantiles[0.5]),
            "line": {"color": colour, "width": 3},
            "legendgroup": name,
            "hoverinfo": "skip",
        }
    )
    return traces


def _points(series: pd.DataFrame, name: str) -> Trace:
    """Return unseen points all over a band: each tells where it lies, and can be clicked."""
    quantiles = bands(series, POINTS)
    months = times(quantiles.index)
    spots = [
        (month, f"{part:.0%}", value)
        for part in POINTS
        for month, value in zip(months, numbers(quantiles[part]), strict=True)
        if value is not None
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [month for month, _, _ in spots],
        "y": [value for _, _, value in spots],
        "marker": {"size": 6, "opacity": 0},
        "legendgroup": name,
        "showlegend": False,
        "text": [part for _, part, _ in spots],
        "customdata": [f"{name}|{month}|{value}" for month, _, value in spots],
        "hovertemplate": f"{name}, %{{x|%b %Y}}: %{{y:,.4~g}}<br>%{{text}} of runs lie below<extra></extra>",
        "meta": "decoration",
    }


def _picked(run: pd.DataFrame, number: int | None, looks: Looks) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"run {number}",
        "x": times(run.index),
        "y": numbers(run.to_numpy(float).ravel()),
        "line": {"color": looks.ink, "width": 2, "dash": "dot"},
        "hovertemplate": f"run {number}: %{{y:,.4~g}}<br>%{{x|%b %Y}}<extra></extra>",
    }


def _dots(group: pd.DataFrame, across: str, up: str, name: str, colour: str) -> Trace:
    words = not pd.api.types.is_numeric_dtype(group[across])
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": group[across].astype(str).to_list() if words else numbers(group[across]),
        "y": numbers(group[up]),
        "customdata": [str(run) for run in group["run"]],
        "marker": {"color": colour, "size": 8, "opacity": 0.75},
        "cliponaxis": False,
        "hovertemplate": "run %{customdata}<br>%{x:,.4~g}<br>%{y:,.4~g}<extra></extra>",
    }


def _faint(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
