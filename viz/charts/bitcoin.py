"""Bitcoin: what it costs, how much hash there is, what a unit of it earns, and who is under water."""

from __future__ import annotations

from model import palette
from viz.drawing import Figure, Looks, figure, layout, line, second_axis, time_axis, times
from viz.record import Moment


def price(moment: Moment, looks: Looks) -> Figure:
    """Draw the price of bitcoin."""
    trace = line(moment.series, "btc_price_usd", "price", palette.ORANGE, scale=1e-3, unit="thousand USD")
    return _single(moment, looks, "Price of bitcoin", "thousand USD/BTC", trace)


def hashprice(moment: Moment, looks: Looks) -> Figure:
    """Draw what a unit of hash earns, with the halvings."""
    trace = line(moment.series, "hashprice_usd_ph_day", "hashprice", palette.HASHPRICE, unit="USD/PH/day")
    return _single(moment, looks, "Hashprice: what mining pays", "USD/PH/day", trace)


def hashrate(moment: Moment, looks: Looks) -> Figure:
    """Draw the hash of the world and of the modelled firms."""
    series = moment.series
    traces = [
        line(series, "network_hashrate_eh_s", "whole network", looks.of(palette.NETWORK), unit="EH/s"),
        line(series, "modelled_hashrate_eh_s", "the modelled miners", palette.ORANGE, unit="EH/s"),
    ]
    return _single(moment, looks, "Network hash", "EH/s", *traces)


def under_water(moment: Moment, looks: Looks) -> Figure:
    """Draw the machines that do not pay, and the best machine there is."""
    series = moment.series
    traces = [
        line(series, "under_water_share", "load under water", palette.VERMILLION, scale=100, unit="%"),
        line(series, "off_share", "hash not running", palette.GREY, scale=100, unit="%", dash="dash"),
        line(
            series, "frontier_j_th", "best machine (right)", palette.BLUE, unit="J/TH", yaxis="y2", dash="dot"
        ),
    ]
    drawn = _single(moment, looks, "Machines under water", "% of nameplate", *traces)
    drawn["layout"] |= {"yaxis2": second_axis(looks, "J/TH"), "margin": drawn["layout"]["margin"] | {"r": 52}}
    return drawn


def _single(moment: Moment, looks: Looks, title: str, unit: str, *traces: dict) -> Figure:
    settings = layout(
        looks,
        title,
        unit,
        xaxis=time_axis(looks, moment.span),
        showlegend=len(traces) > 1,
        **_halvings(moment, looks),
    )
    return figure(traces, settings)


def _halvings(moment: Moment, looks: Looks) -> dict[str, list[dict]]:
    subsidy = moment.series["subsidy_btc"]
    months = times(subsidy.loc[(subsidy < subsidy.shift()).to_numpy()].index)
    lines = [
        {
            "type": "line",
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "x0": month,
            "x1": month,
            "line": {"color": looks.quiet, "width": 1.2, "dash": "dot"},
        }
        for month in months
    ]
    notes = [
        {
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "x": month,
            "xanchor": "center",
            "text": "halving",
            "showarrow": False,
            "font": {"size": 11, "color": looks.quiet},
        }
        for month in months
    ]
    return {"shapes": lines, "annotations": notes}
