"""Value: what a firm is worth by its megawatts and by its hash, and what contracts add."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model import palette
from viz.charts.network import main_use
from viz.drawing import (
    SMALL,
    Figure,
    Looks,
    Trace,
    axis,
    figure,
    layout,
    line,
    numbers,
    second_axis,
    time_axis,
)
from viz.record import Moment

NINE = ("IREN", "CIFR", "RIOT", "CORZ", "MARA", "HUT", "CLSK", "BTDR", "HIVE")
"""The firms at the heart of the source article."""
SIDES = {
    "top center": (0.0, 0.12),
    "bottom center": (0.0, -0.12),
    "middle right": (0.3, 0.0),
    "middle left": (-0.3, 0.0),
}
"""Where a name can stand, and about how far from its disc in decades of the axes."""
TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
TRAIL = 12
"""Months of path behind each of the nine."""


def firms(moment: Moment, looks: Looks) -> Figure:
    """Draw value per megawatt against value per hash: the listed firms by name, the nine with their path."""
    now = _drawable(moment.firms)
    doing, sides = main_use(now), label_sides(now)
    traces = [_trails(moment, looks)]
    for use, colour in palette.USES.items():
        group = now.loc[[doing[name] == use for name in now["firm"]]]
        if len(group):
            traces.append(_discs(group, f"mostly {palette.LABELS[use]}", colour, looks, sides))
    return figure(
        traces,
        layout(
            looks,
            "Value per megawatt against value per hash (listed firms, size: value)",
            hovermode="closest",
            margin={"b": 46},
            xaxis=axis(
                looks, "enterprise value, million USD per EH/s of nameplate hash", type="log", dtick=1
            ),
            yaxis=axis(looks, "enterprise value, million USD per energised MW", type="log", tickvals=TICKS),
        ),
    )


def contracted(moment: Moment, looks: Looks) -> Figure:
    """Draw what a megawatt with and without a contract is worth."""
    series = moment.series
    traces = [
        line(
            series,
            "ev_per_contracted_mw",
            "under an AI lease",
            palette.USES["converted"],
            unit="million USD/MW",
        ),
        line(
            series,
            "ev_per_uncontracted_mw",
            "without a lease",
            palette.ORANGE,
            unit="million USD/MW",
            dash="dash",
        ),
    ]
    return figure(
        traces,
        layout(looks, "What a megawatt is worth", "million USD/MW", xaxis=time_axis(looks, moment.span)),
    )


def industry(moment: Moment, looks: Looks) -> Figure:
    """Draw the industry's value by its megawatts and by its hash, and what leases make of it."""
    series = moment.series
    traces = [
        line(series, "ev_per_mw", "per energised MW (left)", palette.BLUE, unit="million USD/MW"),
        line(
            series,
            "ev_per_eh",
            "per EH/s (right)",
            palette.ORANGE,
            unit="million USD/(EH/s)",
            dash="dash",
            yaxis="y2",
        ),
    ]
    settings = layout(
        looks,
        "The whole industry",
        "million USD/MW",
        xaxis=time_axis(looks, moment.span),
        margin={"r": 56},
        yaxis2=second_axis(looks, "million USD/(EH/s)"),
    )
    return figure(traces, settings)


def _drawable(firms: pd.DataFrame) -> pd.DataFrame:
    shown = firms["listed"].to_numpy(bool) & (firms["enterprise_value"] > 0).to_numpy()
    return firms.loc[shown & (firms["ev_per_eh"] > 0).to_numpy() & (firms["ev_per_mw"] > 0).to_numpy()]


def _discs(group: pd.DataFrame, name: str, colour: str, looks: Looks, sides: dict[str, str]) -> Trace:
    names = group["firm"].to_list()
    sizes = np.clip(6 + 0.32 * np.sqrt(group["enterprise_value"].to_numpy(float)), 6, 52)
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": name,
        "x": numbers(group["ev_per_eh"]),
        "y": numbers(group["ev_per_mw"]),
        "text": names,
        "textposition": [sides[firm] for firm in names],
        "textfont": {"size": SMALL, "color": [looks.ink if firm in NINE else looks.quiet for firm in names]},
        "customdata": names,
        "cliponaxis": False,
        "marker": {
            "color": colour,
            "size": numbers(sizes),
            "opacity": 0.85,
            "line": {"color": looks.paper, "width": 1},
        },
        "hovertext": _hover(group),
        "hoverinfo": "text",
    }


def _hover(group: pd.DataFrame) -> list[str]:
    columns = (group[name] for name in ("firm", "enterprise_value", "ev_per_mw", "ev_per_eh"))
    return [
        f"<b>{firm}</b><br>value {value:,.0f} million USD<br>"
        f"{per_mw:,.2f} million USD/MW<br>{per_hash:,.0f} million USD/(EH/s)"
        for firm, value, per_mw, per_hash in zip(*columns, strict=True)
    ]


def _trails(moment: Moment, looks: Looks) -> Trace:
    """Return where each of the nine has come from in the last year, as one broken line."""
    firms, since = moment.record.firms, moment.month - pd.DateOffset(months=TRAIL)
    months = firms["month"].to_numpy()
    recent = firms.loc[(months >= np.datetime64(since)) & (months <= np.datetime64(moment.month))]
    recent = _drawable(recent.loc[recent["firm"].isin(NINE).to_numpy()])
    xs: list[float | None] = []
    ys: list[float | None] = []
    for _, path in recent.groupby("firm", sort=False):
        xs += [*numbers(path["ev_per_eh"]), None]
        ys += [*numbers(path["ev_per_mw"]), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "path of the last year",
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "line": {"color": looks.quiet, "width": 1},
        "opacity": 0.6,
        "meta": "decoration",
    }


def label_sides(firms: pd.DataFrame) -> dict[str, str]:
    """Return on which side of its disc each firm has its name, clear of the others; the largest first."""
    known = firms.sort_values("enterprise_value", ascending=False, kind="stable")
    spots = np.log10(known[["ev_per_eh", "ev_per_mw"]].to_numpy(float))
    taken = [np.array([x, y]) for x, y in spots]
    sides: dict[str, str] = {}
    for firm, spot in zip(known["firm"], spots, strict=True):
        options = {side: spot + np.array(shift) for side, shift in SIDES.items()}
        side = max(options, key=lambda name: min(_apart(options[name], other) for other in taken))
        sides[firm] = side
        taken.append(options[side])
    return sides


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    # A name is about three times as wide as it is high.
    return float(np.hypot((one[0] - other[0]) / 3.0, one[1] - other[1]))
