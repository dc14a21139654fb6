"""The shakeout: who is left by exposure, who left and how, and how concentrated the rest is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from model import palette
from viz.drawing import Figure, Looks, Trace, figure, layout, line, numbers, time_axis, times
from viz.record import Moment

CONTRACTS = {
    "grid": ("power at grid prices", palette.VERMILLION, "solid"),
    "fixed": ("power at a fixed price", palette.BLUE, "dash"),
    "hosted": ("machines hosted by others", palette.GREY, "dot"),
    "own": ("own generation", palette.GREEN, "dashdot"),
}
COSTS = (
    ("cheapest third", palette.GREEN, "solid"),
    ("middle third", palette.ORANGE, "dash"),
    ("dearest third", palette.VERMILLION, "dot"),
)
ENDS = {
    "merger": ("taken over", palette.PURPLE, "triangle-up", "counterparty"),
    "liquidation": ("liquidated", palette.VERMILLION, "x", "firm"),
    "closure": ("closed, all paid", palette.GREY, "circle-open", "firm"),
    "chapter11": ("chapter 11", palette.ORANGE, "diamond", "firm"),
    "entry": ("new", palette.GREEN, "cross", "firm"),
}
DASHES = {(): "solid", (5, 2): "dash", (1, 1.5): "dot", (7, 2, 1, 2): "dashdot"}


def by_contract(moment: Moment, looks: Looks) -> Figure:
    """Draw the part of the firms of the start that is left, by how they bought power then."""
    groups = contracts_at_start(moment)
    traces = [
        trace
        for key, (name, colour, dash) in CONTRACTS.items()
        if (
            trace := _survivors(
                moment, groups.loc[(groups == key).to_numpy()].index.to_list(), name, colour, dash
            )
        )
    ]
    return _survival(moment, looks, "Survivors by exposure: how power was bought at the start", traces)


def by_cost(moment: Moment, looks: Looks) -> Figure:
    """Draw the part of the firms of the start that is left, by the all-in cost of their mining."""
    miners = _miners_at_start(moment)
    costs = miners.loc[miners["all_in_cost"] > 0].set_index("firm")["all_in_cost"]
    ranks = np.argsort(np.argsort(costs.to_numpy(), kind="stable"))
    thirds = pd.Series(ranks * 3 // max(len(costs), 1), index=costs.index)
    traces = [
        trace
        for number, (name, colour, dash) in enumerate(COSTS)
        if (trace := _survivors(moment, _members(thirds, number), name, colour, dash))
    ]
    return _survival(moment, looks, "Survivors by exposure: all-in cost of mining at the start", traces)


def ends(moment: Moment, looks: Looks) -> Figure:
    """Draw the miners left, with each exit and entry as an event."""
    series = moment.series
    alive = line(series, "firms_alive", "miners left", looks.ink, unit="miners", shape="hv")
    traces = [alive, *(_events(moment, kind) for kind in ENDS)]
    settings = layout(
        looks,
        "Miners left, exits and mergers",
        "miners",
        xaxis=time_axis(looks, moment.span),
        yaxis={"rangemode": "normal"},
        hovermode="closest",
    )
    return figure(traces, settings)


def concentration(moment: Moment, looks: Looks) -> Figure:
    """Draw the Herfindahl index on four bases."""
    traces = [
        line(
            moment.series,
            f"hhi_{basis}",
            palette.LABELS[basis],
            looks.of(colour),
            dash=DASHES[palette.BASE_DASHES[basis]],
            unit="",
        )
        for basis, colour in palette.BASES.items()
    ]
    title = "Concentration: Herfindahl index on four bases"
    return figure(traces, layout(looks, title, "index (0 to 1)", xaxis=time_axis(looks, moment.span)))


def contracts_at_start(moment: Moment) -> pd.Series:
    """Return how each firm of the first month bought most of its power, by firm."""
    sites = moment.record.sites
    sites = sites.loc[
        (sites["month"] == moment.series.index[0]).to_numpy() & (sites["secured_mw"] > 0).to_numpy()
    ]
    contract = (
        sites["contract"].replace({"fixed_resale": "fixed"}).where(sites["tenure"] != "hosted", "hosted")
    )
    held = (
        sites.assign(contract=contract)
        .groupby(["owner", "contract"])["secured_mw"]
        .sum()
        .unstack(fill_value=0.0)
    )
    return held.idxmax(axis=1)


def _members(groups: pd.Series, key: object) -> list[str]:
    return groups.loc[(groups == key).to_numpy()].index.to_list()


def _miners_at_start(moment: Moment) -> pd.DataFrame:
    firms = moment.firms
    first = (firms["entry_month"] <= moment.series.index[0]).to_numpy()
    return firms.loc[first & firms["kind"].isin(["listed", "private"]).to_numpy()]


def _survivors(moment: Moment, names: list[str], label: str, colour: str, dash: str) -> Trace | None:
    miners = _miners_at_start(moment)
    group = miners.loc[miners["firm"].isin(names).to_numpy()]
    if group.empty:
        return None
    months = moment.series.index.to_numpy()
    gone = group["exit_month"].to_numpy()
    left = len(group) - (gone[:, None] <= months[None, :]).sum(axis=0)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{label} ({len(group)})",
        "x": times(moment.series.index),
        "y": numbers(100.0 * left / len(group)),
        "line": {"color": colour, "dash": dash, "width": 2.5, "shape": "hv"},
        "hovertemplate": f"%{{y:.0f}}%<extra>{label}</extra>",
    }


def _survival(moment: Moment, looks: Looks, title: str, traces: list[Trace]) -> Figure:
    low = min((min(trace["y"]) for trace in traces), default=0.0)
    bounds = [max(0.0, 10 * (low // 10) - 10), 102]
    return figure(
        traces,
        layout(looks, title, "% of firms left", xaxis=time_axis(looks, moment.span), yaxis={"range": bounds}),
    )


def _events(moment: Moment, kind: str) -> Trace:
    label, colour, symbol, who = ENDS[kind]
    events = moment.events.loc[(moment.events["kind"] == kind).to_numpy()]
    alive = moment.series["firms_alive"].reindex(events["month"])
    texts = [
        f"{name} {label}" if kind != "merger" else f"{name} taken over by {buyer}"
        for name, buyer in zip(events[who], events["firm"], strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": label,
        "x": times(events["month"]),
        "y": numbers(alive),
        "text": texts,
        "customdata": events[who].to_list(),
        "marker": {"color": colour, "symbol": symbol, "size": 9, "line": {"width": 0}},
        "hovertemplate": "%{text}<br>%{x|%b %Y}<extra></extra>",
    }
