"""Power for AI: what is due, what each source delivers, and the space between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from model import palette
from viz.drawing import (
    SMALL,
    Figure,
    Looks,
    Trace,
    area,
    figure,
    layout,
    level,
    line,
    numbers,
    time_axis,
    times,
)
from viz.record import Moment

ARTICLE_GAP_GW = 45.0
ARTICLE_MONTH = "2028-12"
ARTICLE_GAP = "the article's 45 GW"


def pool(moment: Moment, looks: Looks) -> Figure:
    """Stack what is delivered against what is due, and shade the gap."""
    series = moment.series
    traces = [
        area(series, f"delivered_{source}_gw", palette.LABELS[source], colour, unit="GW")
        for source, colour in palette.SOURCES.items()
    ]
    gap = _gap(moment, looks)
    demand = line(series, "demand_gw", "demand due", looks.of(palette.DEMAND), unit="GW", width=3)
    delivered = series[[f"delivered_{source}_gw" for source in palette.SOURCES]].sum(axis=1)
    top = float(max(series["demand_gw"].max(), delivered.max(), 1.0))
    return figure(
        [*traces, gap, demand],
        layout(
            looks,
            "US power for AI: due and delivered",
            "GW",
            xaxis=time_axis(looks, moment.span),
            yaxis={"range": [0, 1.06 * top]},
            **_bracket(moment, looks),
        ),
    )


def gap(moment: Moment, looks: Looks) -> Figure:
    """Draw the gap and what is on order against it."""
    series = moment.series
    traces = [
        line(series, "gap_gw", "gap", looks.of(palette.DEMAND), unit="GW", width=3),
        line(series, "committed_gw", "on order, not yet delivered", palette.SKY, unit="GW", dash="dash"),
        line(series, "unsecured_need_gw", "needed, not on order", palette.VERMILLION, unit="GW", dash="dot"),
    ]
    top = float(series[["gap_gw", "committed_gw", "unsecured_need_gw"]].max().max())
    low = float(min(series["gap_gw"].min(), 0.0))
    return figure(
        traces,
        layout(
            looks,
            "The gap, and what is on its way",
            "GW",
            xaxis=time_axis(looks, moment.span),
            yaxis={"range": [1.1 * low, 1.06 * max(top, 1.1 * ARTICLE_GAP_GW)]},
            **level(looks, ARTICLE_GAP_GW, ARTICLE_GAP),
        ),
    )


def _bracket(moment: Moment, looks: Looks) -> dict[str, Any]:
    """Mark how far down 45 GW would reach from what is due at the end of 2028."""
    series = moment.series
    if pd.Timestamp(ARTICLE_MONTH) not in series.index:
        return {}
    due = float(series.loc[pd.Timestamp(ARTICLE_MONTH), "demand_gw"])
    if due < ARTICLE_GAP_GW:
        return {}
    month, low = f"{pd.Timestamp(ARTICLE_MONTH):%Y-%m-%d}", due - ARTICLE_GAP_GW
    return {
        "annotations": [
            # A rim, since the arrow crosses light areas and dark ones.
            _arrow(month, due, low, looks.paper, width=6.0, head=0.6),
            _arrow(month, due, low, looks.ink, width=2.0, head=1.0),
            {
                "x": month,
                "y": due,
                "xanchor": "right",
                "yanchor": "bottom",
                "xshift": -8,
                "showarrow": False,
                "text": f"<b>{ARTICLE_GAP_GW:.0f} GW</b>: the gap<br>expected for<br>the end of 2028",
                "align": "right",
                "font": {"size": SMALL, "color": looks.ink},
            },
        ]
    }


def _arrow(month: str, high: float, low: float, colour: str, *, width: float, head: float) -> dict[str, Any]:
    return {
        "x": month,
        "y": high,
        "ax": month,
        "ay": low,
        "axref": "x",
        "ayref": "y",
        "text": "",
        "arrowhead": 2,
        "startarrowhead": 2,
        "arrowsize": head,
        "startarrowsize": head,
        "arrowside": "end+start",
        "arrowwidth": width,
        "arrowcolor": colour,
    }


def _gap(moment: Moment, looks: Looks) -> Trace:
    """Return the space between delivered and due as one closed shape."""
    series = moment.series
    top = series["demand_gw"].to_numpy(float)
    delivered = sum(series[f"delivered_{source}_gw"].to_numpy(float) for source in palette.SOURCES)
    low = np.minimum(np.asarray(delivered), top)
    months = times(series.index)
    return {
        "type": "scatter",
        "mode": "none",
        "name": "gap",
        "x": months + months[::-1],
        "y": numbers(np.r_[top, low[::-1]]),
        "fill": "toself",
        "fillcolor": looks.of(palette.GAP),
        "fillpattern": {
            "shape": "/",
            "fgcolor": looks.quiet,
            "bgcolor": looks.of(palette.GAP),
            "size": 6,
            "solidity": 0.15,
        },
        "hoverinfo": "skip",
        "meta": "decoration",
    }
