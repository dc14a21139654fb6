"""The grid regions: who waits for power, for how long, how firm the supply is, and what it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model import palette
from viz.drawing import Figure, Looks, Trace, axis, figure, layout, numbers
from viz.record import Moment


def queue(moment: Moment, looks: Looks) -> Figure:
    """Draw the requests that wait, serious and speculative."""
    regions = _us(moment)
    traces = [
        _bars(regions, regions["queue_mw"] / 1e3, "serious", palette.SOURCES["grid"], "GW"),
        _bars(regions, regions["speculative_mw"] / 1e3, "speculative", palette.LIGHT, "GW"),
    ]
    return _figure(traces, looks, "Requests waiting for the grid", "GW", barmode="stack")


def wait(moment: Moment, looks: Looks) -> Figure:
    """Draw how long a request filed now waits."""
    regions = _us(moment)
    trace = _bars(regions, regions["wait_years"], "wait", palette.SOURCES["grid"], "years")
    return _figure([trace], looks, "Wait of a request filed now", "years", showlegend=False)


def headroom(moment: Moment, looks: Looks) -> Figure:
    """Draw the firm capacity less the firm load promised, and the ratio of the two."""
    regions = _us(moment)
    spare = (regions["accredited_mw"] - regions["promised_mw"]) / 1e3
    ratio = 100.0 * regions["accredited_mw"] / regions["promised_mw"]
    trace = _bars(regions, spare, "headroom", "", "GW")
    trace["marker"]["color"] = [palette.GREEN if value >= 0 else palette.VERMILLION for value in spare]
    trace |= {
        "text": [f"{value:.0f}%" for value in ratio],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": looks.quiet},
    }
    title = "Headroom: firm capacity less firm load (adequacy in %)"
    room = 1.25 * float(np.abs(spare).max()) or 1.0
    drawn = _figure([trace], looks, title, "GW", showlegend=False)
    drawn["layout"]["xaxis"]["range"] = [min(0.0, -room if (spare < 0).any() else 0.0), room]
    return drawn


def prices(moment: Moment, looks: Looks) -> Figure:
    """Draw what energy and capacity cost."""
    regions = _us(moment)
    energy = regions["energy_price_start"] * regions["energy_index"]
    bars = _bars(regions, energy, "energy (bottom axis)", palette.ORANGE, "USD/MWh")
    dots = {
        "type": "scatter",
        "mode": "markers",
        "name": "capacity (top axis)",
        "y": regions["region"].to_list(),
        "x": numbers(regions["capacity_price"].where(regions["capacity_price"] > 0)),
        "xaxis": "x2",
        "marker": {"color": looks.ink, "symbol": "diamond", "size": 9},
        "hovertemplate": "%{x:,.0f} USD/MW-day<extra>capacity</extra>",
    }
    top = axis(
        looks,
        "capacity, USD/MW-day",
        overlaying="x",
        side="top",
        showgrid=False,
        rangemode="tozero",
        tickmode="auto",
    )
    return _figure(
        [bars, dots],
        looks,
        "Prices of energy and capacity",
        "energy, USD/MWh",
        xaxis2=top,
        margin={"t": 74, "b": 46},
    )


def _us(moment: Moment) -> pd.DataFrame:
    """Return the US regions, the largest queue on top: an order that stays through the run."""
    first = moment.record.regions
    first = first.loc[(first["month"] == moment.series.index[0]).to_numpy()].set_index("region")["queue_mw"]
    now = moment.regions
    now = now.loc[now["us"].to_numpy(bool)]
    return now.iloc[np.argsort(first.reindex(now["region"]).to_numpy(), kind="stable")]


def _bars(
    regions: pd.DataFrame, values: pd.Series | pd.DataFrame, name: str, colour: str, unit: str
) -> Trace:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": regions["region"].to_list(),
        "x": numbers(values.to_numpy(float)),
        "marker": {"color": colour},
        "hovertemplate": f"%{{x:,.3~g}} {unit}<extra>{name}</extra>",
    }


def _figure(traces: list[Trace], looks: Looks, title: str, unit: str, **more: object) -> Figure:
    settings = {"bargap": 0.25, "hovermode": "y unified", "margin": {"b": 46}, **more}
    return figure(
        traces,
        layout(
            looks,
            title,
            xaxis={"title": {"text": unit}, "rangemode": "tozero"},
            yaxis={"automargin": True, "rangemode": "normal", "tickfont": {"size": 11}, "dtick": 1},
            **settings,
        ),
    )
