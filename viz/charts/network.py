"""The map of relations: firms around their regions, tenants in the middle, leases and takeovers between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from model import palette
from viz.drawing import SMALL, Figure, Looks, Trace, figure, layout
from viz.record import Moment

LABELLED = 16
"""Firms with their name on the map: more cannot be read."""
DONE = ("acquired", "liquidated")
EDGES = (
    ("let as powered shell", palette.USES["subleased"], "solid", 2.0),
    ("AI hall or GPU cloud", palette.USES["converted"], "solid", 2.0),
    ("lease being built", palette.USES["building"], "dash", 1.5),
    ("takeover", palette.PURPLE, "solid", 2.0),
    ("hosts", palette.YELLOW, "dot", 1.5),
)
BARE = {"visible": False, "fixedrange": False}


def relations_map(moment: Moment, looks: Looks) -> Figure:
    """Draw the graph of the month on its fixed places."""
    graph, doing = moment.graph, main_use(moment.firms)
    traces = [
        _edges(graph, _sits(graph), "sits in a region", looks.grid, "solid", 1.0, showlegend=False),
        *(_edges(graph, _of_group(graph, name), name, *style) for name, *style in EDGES),
        _regions(graph, looks),
        *_firms(graph, doing, looks),
        _tenants(graph, looks),
    ]
    settings = layout(
        looks, "Who sits where, leases to whom, bought whom (size: MW; click for the firm)",
        hovermode="closest", xaxis=BARE | {"range": [-41, 41]},
        yaxis=BARE | {"range": [-38, 38]}, margin={"l": 8, "r": 8, "b": 8},
        legend={"orientation": "v", "x": 0.995, "xanchor": "right", "y": 0.5, "yanchor": "middle",
                "yref": "paper", "tracegroupgap": 2, "itemsizing": "constant"},
    )  # fmt: skip
    return figure(traces, settings)


def main_use(firms: pd.DataFrame) -> dict[str, str]:
    """Return what each firm does with most of its megawatts; those in the pipeline count when there are no others."""
    live = [use for use in palette.USES if use != "pipeline"]
    held = firms[[f"{use}_mw" for use in live]].to_numpy(float)
    best = np.array(live, dtype=object)[held.argmax(axis=1)]
    best[held.max(axis=1) <= 0] = "pipeline"
    return dict(zip(firms["firm"], best, strict=True))


def diameter(megawatts: float) -> float:
    """Return the diameter of a disc in dots: its area grows with the megawatts."""
    return float(min(5.0 + 1.15 * np.sqrt(max(megawatts, 0.0)), 72.0))


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
    graph: nx.MultiDiGraph, pairs: Sequence[tuple[int, int]], name: str, colour: str, dash: str, width: float,
    *, showlegend: bool = True,
) -> Trace:  # fmt: skip
    xs, ys = (
        [part for a, b in pairs for part in (graph.nodes[a][axis], graph.nodes[b][axis], None)]
        for axis in "xy"
    )
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": xs, "y": ys, "hoverinfo": "skip",
        "line": {"color": colour, "dash": dash, "width": width}, "opacity": 0.75, "showlegend": showlegend,
        "legendgroup": "edges", "meta": "decoration",
    }  # fmt: skip


def _regions(graph: nx.MultiDiGraph, looks: Looks) -> Trace:
    nodes = _of_kind(graph, ("region",))
    return _marks(nodes, looks.grid, "square", [12.0] * len(nodes), name="region", texts=[n["label"] for n in nodes],
                  looks=looks, position=[_outward(node) for node in nodes], unit="GW held")  # fmt: skip


def _outward(node: dict[str, Any]) -> str:
    """Return where a label stands so that it points away from the middle, where the firms' discs are fewer."""
    return "top center" if node["y"] >= 0 else "bottom center"


def _tenants(graph: nx.MultiDiGraph, looks: Looks) -> Trace:
    nodes = _of_kind(graph, ("tenant",))
    sizes = [max(9.0, 0.6 * diameter(node["mw"])) for node in nodes]
    names = [f"<b>{node['label']}</b>" for node in nodes]
    return _marks(
        nodes, looks.ink, "diamond", sizes, name="AI customer", texts=names, looks=looks, unit="GW let"
    )


def _firms(graph: nx.MultiDiGraph, doing: dict[str, str], looks: Looks) -> list[Trace]:
    nodes = [
        node
        for node in _of_kind(graph, ("listed", "private"))
        if node["status"] not in DONE and node["mw"] > 0
    ]
    largest = {node["label"] for node in sorted(nodes, key=lambda node: -node["mw"])[:LABELLED]}
    traces = []
    for use, colour in palette.USES.items():
        group = [node for node in nodes if doing.get(node["label"]) == use]
        texts = [node["label"] if node["label"] in largest else "" for node in group]
        sizes = [diameter(node["mw"]) for node in group]
        label = f"mostly {palette.LABELS[use]}"
        traces.append(_marks(group, colour, "circle", sizes, name=label, texts=texts, looks=looks, unit="GW"))
    return traces


def _marks(
    nodes: Sequence[dict[str, Any]], colour: str, symbol: str, sizes: Sequence[float], *, name: str,
    texts: Sequence[str], looks: Looks, unit: str, position: str | Sequence[str] = "top center",
) -> Trace:  # fmt: skip
    return {
        "type": "scatter", "mode": "markers+text", "name": name,
        "x": [node["x"] for node in nodes], "y": [node["y"] for node in nodes],
        "text": list(texts), "textposition": position,
        "textfont": {"size": SMALL, "color": looks.ink},
        "customdata": [node["label"] for node in nodes],
        "hovertext": [f"<b>{node['label']}</b><br>{_what(node)}{node['mw'] / 1e3:,.2f} {unit}" for node in nodes],
        "hoverinfo": "text",
        "marker": {"color": colour, "symbol": symbol, "size": list(sizes), "opacity": 0.95,
                   "line": {"color": looks.paper, "width": 1}},
    }  # fmt: skip


def _what(node: dict[str, Any]) -> str:
    return f"{node['kind']}, {node['status']}<br>" if node["status"] else ""


def _of_kind(graph: nx.MultiDiGraph, kinds: Iterable[str]) -> list[dict[str, Any]]:
    return [node for _, node in graph.nodes(data=True) if node["kind"] in kinds]
