"""Building blocks of the charts: figures as plain data that the browser draws, in one look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from model import palette

Figure = dict[str, Any]
Trace = dict[str, Any]

FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
BIG, SMALL = 14, 12


@dataclass(frozen=True)
class Looks:
    """Colours that turn with the theme; those of uses, sources and bases never do."""

    dark: bool = False

    @property
    def ink(self) -> str:
        """Text and what is asked for: the strongest tone there is."""
        return "#ECEFF1" if self.dark else "#1F2933"

    @property
    def quiet(self) -> str:
        """Notes and secondary lines."""
        return "#A9B4BE" if self.dark else "#5B6770"

    @property
    def grid(self) -> str:
        """Grid lines."""
        return "#313B44" if self.dark else "#E4E7EB"

    @property
    def paper(self) -> str:
        """What charts are drawn on."""
        return "#171D22" if self.dark else "#FFFFFF"

    @property
    def shade(self) -> str:
        """The gap between what is due and what is delivered."""
        return "rgba(236,239,241,0.14)" if self.dark else "rgba(31,41,51,0.10)"

    def of(self, colour: str) -> str:
        """Return a colour of the palette, its black and greys turned for the theme."""
        turned = {palette.BLACK: self.ink, palette.DARK: self.quiet, palette.PALE: self.shade}
        return turned.get(colour, colour)


def numbers(values: Iterable[float]) -> list[float | None]:
    """Return numbers for JSON: nothing where there is none."""
    return [float(value) if math.isfinite(value) else None for value in np.asarray(values, dtype=float)]


def times(index: Iterable[pd.Timestamp]) -> list[str]:
    """Return months as text that Plotly reads as dates."""
    return [f"{month:%Y-%m-%d}" for month in index]


def line(
    frame: pd.DataFrame,
    column: str,
    name: str,
    colour: str,
    *,
    scale: float = 1.0,
    unit: str = "",
    **more: Any,  # noqa: ANN401
) -> Trace:
    """Return a line of a column over the months."""
    style = {"color": colour, "width": more.pop("width", 2.5), "dash": more.pop("dash", "solid")}
    style |= {"shape": more.pop("shape", "linear")}
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times(frame.index),
        "y": numbers(frame[column].to_numpy(float) * scale),
        "line": style,
        "hovertemplate": f"%{{y:,.4~g}} {unit}<extra>{name}</extra>",
    } | more


def area(
    frame: pd.DataFrame,
    column: str,
    name: str,
    colour: str,
    *,
    scale: float = 1.0,
    unit: str = "",
    stack: str = "stack",
    **more: Any,  # noqa: ANN401
) -> Trace:
    """Return a layer of a stack."""
    style = {"stackgroup": stack, "fillcolor": colour, "width": 0.5}
    return line(frame, column, name, colour, scale=scale, unit=unit, **style, **more)


def figure(traces: Sequence[Trace], layout: dict[str, Any]) -> Figure:
    """Return a figure; a line of a single month is drawn as a dot, since it would not be seen."""
    return {"data": [_seen(trace) for trace in traces], "layout": layout}


def _seen(trace: Trace) -> Trace:
    single = trace.get("mode") == "lines" and len(trace["x"]) == 1
    return trace | {"mode": "lines+markers", "marker": {"size": 8}, "cliponaxis": False} if single else trace


def layout(looks: Looks, title: str, unit: str = "", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the look of a chart: title above, legend below, quiet grid."""
    font = {"family": FONT, "size": SMALL, "color": looks.ink}
    frame = {"paper_bgcolor": looks.paper, "plot_bgcolor": looks.paper, "uirevision": "kept"}
    base = frame | {
        "title": {
            "text": f"<b>{title}</b>",
            "x": 0.012,
            "xanchor": "left",
            "y": 0.99,
            "yanchor": "top",
            "font": {"size": BIG + 1},
            "pad": {"t": 4},
        },
        "font": font,
        "margin": {"l": 58, "r": 18, "t": 40, "b": 30},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 0.005,
            "yanchor": "bottom",
            "yref": "container",
            "font": {"size": SMALL},
            "traceorder": "normal",
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": looks.paper,
            "bordercolor": looks.grid,
            "font": font,
        },
        "xaxis": axis(looks, ""),
        "yaxis": axis(looks, unit, rangemode="tozero"),
        "separators": ".,",
    }
    return merged(base, more)


def axis(looks: Looks, unit: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an axis with its unit."""
    return {
        "title": {"text": unit, "font": {"size": SMALL, "color": looks.quiet}, "standoff": 6},
        "gridcolor": looks.grid,
        "linecolor": looks.grid,
        "zerolinecolor": looks.grid,
        "tickfont": {"size": SMALL, "color": looks.quiet},
        "automargin": False,
    } | more


def time_axis(looks: Looks, span: tuple[pd.Timestamp, pd.Timestamp], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the axis of months, fixed to the whole run."""
    settings: dict[str, Any] = {
        "type": "date",
        "range": [f"{span[0]:%Y-%m-%d}", f"{span[1]:%Y-%m-%d}"],
        "hoverformat": "%b %Y",
        "showspikes": False,
    }
    return axis(looks, "", **settings, **more)


def second_axis(looks: Looks, unit: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an axis on the right."""
    return axis(
        looks, unit, overlaying="y", side="right", showgrid=False, rangemode="tozero", tickmode="auto", **more
    )


def level(looks: Looks, height: float, text: str, colour: str = "", yref: str = "y") -> dict[str, Any]:
    """Return shape and note of a horizontal mark."""
    colour = colour or looks.quiet
    return {
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": height,
                "y1": height,
                "yref": yref,
                "line": {"color": colour, "width": 1.5, "dash": "dash"},
            }
        ],
        "annotations": [
            {
                "xref": "paper",
                "x": 0.005,
                "xanchor": "left",
                "y": height,
                "yref": yref,
                "yanchor": "bottom",
                "text": text,
                "showarrow": False,
                "font": {"size": SMALL, "color": colour},
            }
        ],
    }


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return nested settings with others laid over them."""
    result = dict(base)
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result
