"""What the miners' megawatts do, over time and firm by firm."""

from __future__ import annotations

from model import palette
from viz.drawing import Figure, Looks, area, figure, layout, numbers, time_axis
from viz.record import Moment

SHOWN = 14


def over_time(moment: Moment, looks: Looks) -> Figure:
    """Stack the miners' US megawatts by what they do."""
    traces = [
        area(moment.series, f"us_{use}_mw", palette.LABELS[use], colour, scale=1e-3, unit="GW")
        for use, colour in palette.USES.items()
    ]
    title = "What the miners' US megawatts do"
    return figure(
        traces,
        layout(looks, title, "GW", xaxis=time_axis(looks, moment.span)),
    )


def by_firm(moment: Moment, looks: Looks) -> Figure:
    """Draw the largest firms' megawatts by use."""
    firms = moment.firms.nlargest(SHOWN, "secured_mw")
    firms = firms.loc[firms["secured_mw"] > 0].iloc[::-1]
    names = firms["firm"].to_list()
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": palette.LABELS[use],
            "y": names,
            "x": numbers(firms[f"{use}_mw"].to_numpy(float) / 1e3),
            "customdata": names,
            "marker": {"color": colour},
            "hovertemplate": f"%{{x:,.3~g}} GW<extra>{palette.LABELS[use]}</extra>",
        }
        for use, colour in palette.USES.items()
    ]
    return figure(
        traces,
        layout(
            looks,
            f"The {len(names)} largest firms (click for the firm)",
            barmode="stack",
            bargap=0.25,
            hovermode="y unified",
            showlegend=False,
            xaxis={"title": {"text": "GW, all regions"}, "rangemode": "tozero"},
            yaxis={"automargin": True, "rangemode": "normal"},
            margin={"b": 46},
        ),
    )
