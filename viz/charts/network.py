"""The map of relations: firms around their regions, tenants in the middle, leases and takeovers between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from agents.tables import GONE
from model import palette
from viz.charts.labels import LINE, Box, beside, name_box, width
from viz.charts.places import DOTS, diameter, places_of
from viz.drawing import SMALL, Figure, Looks, Trace, figure, layout
from viz.record import Moment

LABELLED = 16
"""Listed firms with their name on the map: more cannot be read."""
EDGES: tuple[tuple[str, str, str, float], ...] = (
    ("let as powered shell", palette.USES["subleased"], "solid", 2.0),
    ("AI hall or GPU cloud", palette.USES["converted"], "solid", 2.0),
    ("lease being built", palette.USES["building"], "dash", 1.5),
    ("takeover", palette.PURPLE, "solid", 2.0),
    ("hosts", palette.YELLOW, "dot", 1.5),
)
ROOM = [960, 560]
"""Dots across and down the map is laid out for; with less, marks shrink and names are left to the hover."""
LARGE = 12.0
"""Dots across from which on no name may cover a mark."""
ON_DISC = {use: "#FFFFFF" if use in ("subleased", "converted") else "#101820" for use in palette.USES}
BARE = {"visible": False, "fixedrange": False}


def relations_map(moment: Moment, looks: Looks) -> Figure:
    """Draw the graph of the month on its fixed places."""
    graph, doing = placed(moment), main_use(moment.firms)
    traces = [
        _edges(graph, _sits(graph), "sits in a region", looks.grid, "solid", 1.0, showlegend=False),
        *(_edges(graph, _of_group(graph, edge[0]), *edge) for edge in EDGES),
        *_firms(graph, doing, looks),
        _tenants(graph, looks),
        _regions(graph, looks),
        _names(graph, doing, looks),
    ]
    settings = layout(
        looks,
        "Who sits where, leases to whom, bought whom (size: MW; click for the firm)",
        hovermode="closest",
        xaxis=BARE | {"range": [-50, 52]},
        yaxis=BARE | {"range": [-27, 34]},
        margin={"l": 8, "r": 8, "b": 8},
        legend={"itemsizing": "constant"},
        meta={"room": ROOM},
    )
    return figure(traces, settings)


def placed(moment: Moment) -> nx.MultiDiGraph:
    """Return the graph of the month with every node where the map has it."""
    graph, places = moment.graph, places_of(moment.record)
    by_kind = {"region": places.regions, "tenant": places.tenants}
    for _, node in graph.nodes(data=True):
        spot = by_kind.get(node["kind"], places.firms).get(node["label"])
        if spot:
            node["x"], node["y"] = spot.x, spot.y
        if node["kind"] == "region":
            node["top"] = node["y"] + max(places.reach(node["label"]), 0.8)
    return graph


def main_use(firms: pd.DataFrame) -> dict[str, str]:
    """Return what each firm does with most of its megawatts; the pipeline counts when it has no others."""
    live = [use for use in palette.USES if use != "pipeline"]
    held = firms[[f"{use}_mw" for use in live]].to_numpy(float)
    best = np.array(live, dtype=object)[held.argmax(axis=1)]
    best[held.max(axis=1) <= 0] = "pipeline"
    return dict(zip(firms["firm"], best, strict=True))


def _sits(graph: nx.MultiDiGraph) -> list[tuple[int, int]]:
    return [(a, b) for a, b, edge in graph.edges(data=True) if edge["relation"] == "sits_in"]


def _of_group(graph: nx.MultiDiGraph, group: str) -> list[tuple[int, int]]:
    return [(a, b) for a, b, edge in graph.edges(data=True) if _group(edge) == group]


def _group(edge: dict[str, Any]) -> str:
    """Return what the legend calls an edge; nothing for those it does not show."""
    if edge["relation"] == "leases":
        if edge["status"] == "building":
            return "lease being built"
        return "let as powered shell" if edge["product"] == "shell" else "AI hall or GPU cloud"
    return {"acquired": "takeover", "hosts": "hosts"}.get(edge["relation"], "")


def _edges(
    graph: nx.MultiDiGraph,
    pairs: Sequence[tuple[int, int]],
    name: str,
    colour: str,
    dash: str,
    width: float,
    *,
    showlegend: bool = True,
) -> Trace:
    xs, ys = (
        [part for a, b in pairs for part in (graph.nodes[a][axis], graph.nodes[b][axis], None)]
        for axis in "xy"
    )
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "line": {"color": colour, "dash": dash, "width": width},
        "opacity": 0.75,
        "showlegend": showlegend,
        "legendgroup": "edges",
        "meta": "decoration",
    }


def _regions(graph: nx.MultiDiGraph, looks: Looks) -> Trace:
    """Return the names of the regions, above what they hold."""
    nodes = _of_kind(graph, ("region",))
    return {
        "type": "scatter",
        "mode": "text",
        "name": "region",
        "x": [node["x"] for node in nodes],
        "y": [_above(node) for node in nodes],
        "showlegend": False,
        "hoverinfo": "text",
        "text": [f"<i>{_region_name(node)}</i>" for node in nodes],
        "hovertext": [f"<b>{node['label']}</b><br>{node['mw'] / 1e3:,.2f} GW held" for node in nodes],
        "textfont": {"size": SMALL + 1, "color": looks.quiet},
        "customdata": [node["label"] for node in nodes],
    }


def _above(region: dict[str, Any]) -> float:
    return region["top"] + 3.0


def _region_name(region: dict[str, Any]) -> str:
    return region["label"].replace("_", " ")


def _tenants(graph: nx.MultiDiGraph, looks: Looks) -> Trace:
    nodes = _of_kind(graph, ("tenant",))
    return _marks(nodes, looks.ink, "diamond", name="AI customer", looks=looks, unit="GW let")


def _firms(graph: nx.MultiDiGraph, doing: dict[str, str], looks: Looks) -> list[Trace]:
    nodes = _shown(graph)
    traces = []
    for use, colour in palette.USES.items():
        group = [node for node in nodes if doing.get(node["label"]) == use]
        name = f"mostly {palette.LABELS[use]}"
        traces.append(_marks(group, colour, "circle", name=name, looks=looks, unit="GW"))
    return traces


def _shown(graph: nx.MultiDiGraph) -> list[dict[str, Any]]:
    """Return the firms that are on the map: those that still are, and hold something."""
    firms = _of_kind(graph, ("listed", "private"))
    return [node for node in firms if node["status"] not in GONE and node["mw"] > 0]


def _names(graph: nx.MultiDiGraph, doing: dict[str, str], looks: Looks) -> Trace:
    """Return the names of tenants and of the largest listed firms.

    A firm's name stands inside its disc if it fits, and beside it where there is room; else only the hover
    tells it.
    """
    firms, tenants = _shown(graph), _of_kind(graph, ("tenant",))
    regions = [
        name_box(DOTS * node["x"], DOTS * _above(node), _region_name(node))
        for node in _of_kind(graph, ("region",))
    ]
    taken = [*regions, *(_box(node) for node in [*tenants, *firms] if _size(node) > LARGE)]
    placed: list[tuple[str, Box, str]] = []
    for node in tenants:
        spot, name = _box(node), node["label"]
        box = beside(spot, name, taken) or name_box(spot.x, spot.y + spot.up + LINE / 2, name)
        placed.append((f"<b>{name}</b>", box, looks.ink))
        taken.append(box)
    listed = sorted((node for node in firms if node["kind"] == "listed"), key=lambda node: -node["mw"])
    for node in listed[:LABELLED]:
        spot, name = _box(node), node["label"]
        if width(name) < _size(node):
            placed.append((name, spot, ON_DISC[doing[name]]))
        elif box := beside(spot, name, taken):
            placed.append((name, box, looks.ink))
            taken.append(box)
    return {
        "type": "scatter",
        "mode": "text",
        "name": "names",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": [box.x / DOTS for _, box, _ in placed],
        "y": [box.y / DOTS for _, box, _ in placed],
        "text": [text for text, _, _ in placed],
        "meta": "decoration",
        "textfont": {"size": SMALL, "color": [colour for _, _, colour in placed]},
    }


def _size(node: dict[str, Any]) -> float:
    """Return the width of a mark in dots."""
    return max(9.0, 0.6 * diameter(node["mw"])) if node["kind"] == "tenant" else diameter(node["mw"])


def _box(node: dict[str, Any]) -> Box:
    half = _size(node) / 2
    return Box(DOTS * node["x"], DOTS * node["y"], half, half)


def _marks(
    nodes: Sequence[dict[str, Any]],
    colour: str,
    symbol: str,
    *,
    name: str,
    looks: Looks,
    unit: str,
) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [node["x"] for node in nodes],
        "y": [node["y"] for node in nodes],
        "customdata": [node["label"] for node in nodes],
        "hovertext": [
            f"<b>{node['label']}</b><br>{_what(node)}{node['mw'] / 1e3:,.2f} {unit}" for node in nodes
        ],
        "hoverinfo": "text",
        "marker": {
            "color": colour,
            "symbol": symbol,
            "size": [_size(node) for node in nodes],
            "opacity": 0.95,
            "line": {"color": looks.paper, "width": 1},
        },
    }


def _what(node: dict[str, Any]) -> str:
    return f"{node['kind']}, {node['status']}<br>" if node["status"] else ""


def _of_kind(graph: nx.MultiDiGraph, kinds: Iterable[str]) -> list[dict[str, Any]]:
    return [node for _, node in graph.nodes(data=True) if node["kind"] in kinds]
