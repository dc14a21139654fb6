"""The lease market: rents against the core, what was signed and delivered, and who rents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model import palette
from viz.drawing import Figure, Looks, Trace, figure, layout, line, numbers, time_axis, times
from viz.record import Moment

PRODUCTS = {
    "shell": ("powered shell", palette.PRODUCTS["shell"], "circle"),
    "colocation": ("colocation", palette.PRODUCTS["colocation"], "square"),
    "cloud": ("GPU cloud", palette.PRODUCTS["cloud"], "diamond"),
}
UNIT = "$/kW-month"


def rents(moment: Moment, looks: Looks) -> Figure:
    """Draw the rents the market expects, and each deal with the core it was struck in."""
    series = moment.series
    expected = [
        line(series, "lease_rent_usd_kw_month", "colocation, expected", PRODUCTS["colocation"][1], unit=UNIT),
        line(
            series, "shell_rent_usd_kw_month", "shell, expected", PRODUCTS["shell"][1], unit=UNIT, dash="dash"
        ),
    ]
    deals = [_deals(moment, product) for product in ("colocation", "shell")]
    return figure(
        [*expected, *deals],
        layout(
            looks,
            "Rents: expected, and deals with the core they were struck in",
            "$/kW-month of IT, term mean",
            xaxis=time_axis(looks, moment.span),
            hovermode="closest",
        ),
    )


def signed(moment: Moment, looks: Looks) -> Figure:
    """Draw what is under lease and what of it delivers, with the deals of each month."""
    series = moment.series
    bars = {
        "type": "bar",
        "name": "signed in the month",
        "x": times(series.index),
        "y": numbers(series["signed_mw"].to_numpy(float) / 1e3),
        "marker": {"color": palette.GREY},
        "hovertemplate": "%{y:.2f} GW<extra>signed in the month</extra>",
    }
    lines = [
        line(series, "contracted_mw", "under lease", palette.USES["building"], scale=1e-3, unit="GW"),
        line(series, "delivered_mw", "delivering", palette.USES["converted"], scale=1e-3, unit="GW"),
    ]
    title = "Signed and delivered"
    return figure(
        [bars, *lines], layout(looks, title, "GW, gross", xaxis=time_axis(looks, moment.span), bargap=0.1)
    )


def on_time(moment: Moment, looks: Looks) -> Figure:
    """Draw how much of what was promised came, and came on time."""
    series = moment.series
    lines = [
        line(series, "delivered_over_due", "ever delivered", palette.USES["converted"], scale=100, unit="%"),
        line(
            series,
            "on_time_over_due",
            "delivered on time",
            palette.VERMILLION,
            scale=100,
            unit="%",
            dash="dash",
        ),
    ]
    return figure(
        lines,
        layout(
            looks,
            "Of the load promised by now",
            "%",
            xaxis=time_axis(looks, moment.span),
            yaxis={"range": [0, 105]},
        ),
    )


def tenants(moment: Moment, looks: Looks) -> Figure:
    """Draw the load under lease by tenant and product."""
    leases = moment.leases
    leases = leases.loc[~(leases["ended"] <= moment.month).to_numpy()]
    held = leases.pivot_table(
        index="tenant", columns="product", values="gross_mw", aggfunc="sum", fill_value=0.0
    )
    held = held.loc[held.sum(axis=1).sort_values().index]
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": held.index.to_list(),
            "x": numbers(held[product].to_numpy() / 1e3),
            "marker": {"color": colour},
            "hovertemplate": f"%{{x:.2f}} GW<extra>{name}</extra>",
        }
        for product, (name, colour, _) in PRODUCTS.items()
        if product in held
    ]
    return figure(
        bars,
        layout(
            looks,
            "Who rents",
            barmode="stack",
            bargap=0.25,
            hovermode="y unified",
            margin={"b": 46},
            xaxis={"title": {"text": "GW under lease, gross"}, "rangemode": "tozero"},
            yaxis={"automargin": True},
        ),
    )


def _deals(moment: Moment, product: str) -> Trace:
    name, colour, symbol = PRODUCTS[product]
    leases = moment.leases
    deals = leases.loc[(leases["product"] == product).to_numpy() & ~leases["at_start"].to_numpy(bool)]
    # The market clears in first-year rent; what is expected, and what is published, are means over the term.
    rent = deals["rent_usd_kw_month"].to_numpy(float)
    scale = rent / deals["rent"].to_numpy(float)
    above = np.maximum(deals["upper"].to_numpy(float) * scale - rent, 0.0)
    below = np.maximum(rent - deals["lower"].to_numpy(float) * scale, 0.0)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name} signed",
        "x": times(deals["signed"]),
        "y": numbers(rent),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": numbers(above),
            "arrayminus": numbers(below),
            "color": colour,
            "thickness": 1.2,
            "width": 3,
        },
        "marker": {"color": colour, "symbol": symbol, "size": numbers(_sizes(deals)), "opacity": 0.75},
        "customdata": deals["lessor"].to_list(),
        "text": [
            f"{lessor} to {tenant}, {mw:,.0f} MW"
            for lessor, tenant, mw in zip(deals["lessor"], deals["tenant"], deals["gross_mw"], strict=True)
        ],
        "hovertemplate": "%{text}<br>%{y:.0f} $/kW-month<br>%{x|%b %Y}<extra></extra>",
    }


def _sizes(deals: pd.DataFrame) -> np.ndarray:
    return np.clip(5 + 0.35 * np.sqrt(deals["gross_mw"].to_numpy(float)), 5, 16)
