"""Who leases to whom, who bought whom, who hosts whom, who sits where: one multigraph a month, on demand.

Nodes are integers that mean the same in every month of a run (regions first, then AI customers, then firms in
the order they appeared) and stay where they are: `x` and `y` do not depend on the month. All attributes are
plain numbers and text, so that GraphML and GEXF can be written.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd

from model.errors import GridrushError

if TYPE_CHECKING:
    from model.state import State

RELATIONS = ("leases", "acquired", "hosts", "sits_in", "watches")
"""Lessor to tenant, acquirer to target, host to owner of the machines, firm to region, watcher to watched."""

REGION_RADIUS = 30.0
TENANT_RADIUS = 9.0
ARM_RADIUS = 12.0
FIRM_SPACING = 0.85
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True)
class Tables:
    """What the graph is made of: recorded tables, and the names of those that stand in none of them."""

    firms: pd.DataFrame
    sites: pd.DataFrame
    leases: pd.DataFrame
    tenants: list[str]
    regions: list[str]


def relations(
    source: State | Tables,
    month: str | datetime.date | None = None,
    watching: Iterable[tuple[int, int]] | None = None,
) -> nx.MultiDiGraph:
    """Return the graph of a recorded month.

    Args:
        source: The state of a running industry, or the tables of a run.
        month: A recorded month such as "2027-04"; the last one by default.
        watching: Pairs of firm rows (watcher, watched); those of the state by default, none for tables.

    Raises:
        GridrushError: If the month was not recorded.
    """
    if isinstance(source, Tables):
        tables = source
    else:
        tables = tables_of(source)
        if watching is None and source.watching:
            watching = source.watching.edges(source)
    when = _recorded_month(tables, month)
    firms = tables.firms.loc[tables.firms["month"] == when]
    sites = tables.sites.loc[tables.sites["month"] == when]
    leases = _in_force(tables.leases, sites, when)
    graph = nx.MultiDiGraph(month=f"{when:%Y-%m}")
    nodes = _Nodes(tables)
    _add_places(graph, nodes, sites, leases)
    _add_firms(graph, nodes, firms)
    _add_leases(graph, nodes, leases)
    _add_acquisitions(graph, nodes, firms)
    _add_sites(graph, nodes, sites)
    for watcher, watched in [] if watching is None else watching:
        graph.add_edge(nodes.first_firm + int(watcher), nodes.first_firm + int(watched), relation="watches")
    return graph


def tables_of(state: State) -> Tables:
    """Return the tables recorded so far; before the first month, those of the start."""
    from model.recording import Recorder

    recorder = state.recorder
    if recorder.month == 0:
        recorder = Recorder("series")
        recorder.record(state)
    return Tables(
        firms=recorder.firms(state),
        sites=recorder.sites(state),
        leases=recorder.leases(state),
        tenants=state.hyperscaler_names,
        regions=state.region_names,
    )


class _Nodes:
    """Number and place of everything that has a name."""

    def __init__(self, tables: Tables) -> None:
        firms = list(dict.fromkeys(tables.firms.firm))
        self.region = {name: row for row, name in enumerate(tables.regions)}
        self.tenant = {name: len(self.region) + row for row, name in enumerate(tables.tenants)}
        self.first_firm = len(self.region) + len(self.tenant)
        self.firm = {name: self.first_firm + row for row, name in enumerate(firms)}
        self.place = {
            **{node: _on_circle(REGION_RADIUS, node, len(self.region)) for node in self.region.values()},
            **{
                node: _on_circle(TENANT_RADIUS, row, len(self.tenant))
                for row, node in enumerate(self.tenant.values())
            },
        }
        self._place_firms(tables.sites)

    def _place_firms(self, sites: pd.DataFrame) -> None:
        """Put each firm by the region where it first held most, in a spiral by order of appearance."""
        first = sites.sort_values(["month", "secured_mw", "site"], ascending=[True, False, True])
        home = dict(zip(*(first.drop_duplicates("owner")[name] for name in ("owner", "region")), strict=True))
        neighbours: dict[str, int] = {}
        for name, node in self.firm.items():
            region = home.get(name)
            number = neighbours[region or ""] = neighbours.get(region or "", 0) + 1
            if region is None:
                self.place[node] = _on_circle(ARM_RADIUS, number, len(self.tenant) + 1)
                continue
            x, y = self.place[self.region[region]]
            radius, angle = FIRM_SPACING * math.sqrt(number + 1), number * GOLDEN_ANGLE
            self.place[node] = (x + radius * math.cos(angle), y + radius * math.sin(angle))


def _recorded_month(tables: Tables, month: str | datetime.date | None) -> datetime.date:
    recorded = tables.firms["month"].drop_duplicates().to_list()
    if month is None:
        return recorded[-1]
    asked = [when for when in recorded if f"{when:%Y-%m}" == str(month)[:7]]
    if not asked:
        covered = f"{recorded[0]:%Y-%m} to {recorded[-1]:%Y-%m}"
        raise GridrushError(f"no relations for the month {month}: the firms were recorded from {covered}")
    return asked[0]


def _in_force(leases: pd.DataFrame, sites: pd.DataFrame, when: datetime.date) -> pd.DataFrame:
    """Return the leases in force, each with the firm that holds its site in that month."""
    there = leases.loc[(leases["signed"] <= when) & ~(leases["ended"] <= when)]
    owner = there["site"].map(sites.set_index("site")["owner"])
    return there.assign(owner=owner, delivering=there["delivery"] <= when)


def _add_places(graph: nx.MultiDiGraph, nodes: _Nodes, sites: pd.DataFrame, leases: pd.DataFrame) -> None:
    held = sites.groupby("region")["secured_mw"].sum().to_dict()
    let = leases.groupby("tenant")["gross_mw"].sum().to_dict()
    for kind, numbers, megawatts in (("region", nodes.region, held), ("tenant", nodes.tenant, let)):
        for name, node in numbers.items():
            _add_node(
                graph, nodes, node, label=name, kind=kind, status="", mw=float(megawatts.get(name, 0.0))
            )


def _add_firms(graph: nx.MultiDiGraph, nodes: _Nodes, firms: pd.DataFrame) -> None:
    columns = (firms[name] for name in ("firm", "kind", "status", "secured_mw"))
    for name, kind, status, megawatts in zip(*columns, strict=True):
        _add_node(graph, nodes, nodes.firm[name], label=name, kind=kind, status=status, mw=float(megawatts))


def _add_node(graph: nx.MultiDiGraph, nodes: _Nodes, node: int, **attributes: Any) -> None:  # noqa: ANN401
    x, y = nodes.place[node]
    graph.add_node(node, **attributes, x=float(x), y=float(y))


def _add_leases(graph: nx.MultiDiGraph, nodes: _Nodes, leases: pd.DataFrame) -> None:
    for lease in leases.loc[leases["owner"].isin(nodes.firm)].to_dict("records"):
        graph.add_edge(
            nodes.firm[lease["owner"]],
            nodes.tenant[lease["tenant"]],
            relation="leases",
            mw=float(lease["gross_mw"]),
            product=lease["product"],
            status="delivering" if lease["delivering"] else "building",
            site=lease["site"],
            month=f"{lease['signed']:%Y-%m}",
        )


def _add_acquisitions(graph: nx.MultiDiGraph, nodes: _Nodes, firms: pd.DataFrame) -> None:
    for firm in firms.loc[firms["acquired_by"] != ""].to_dict("records"):
        when = "" if pd.isna(firm["exit_month"]) else f"{firm['exit_month']:%Y-%m}"
        buyer, target = nodes.firm[firm["acquired_by"]], nodes.firm[firm["firm"]]
        graph.add_edge(buyer, target, relation="acquired", month=when)


def _add_sites(graph: nx.MultiDiGraph, nodes: _Nodes, sites: pd.DataFrame) -> None:
    held = sites.loc[(sites["owner"] != "") & (sites["secured_mw"] > 0)]
    for (owner, region), megawatts in _summed(held, "owner", "region"):
        graph.add_edge(nodes.firm[owner], nodes.region[region], relation="sits_in", mw=megawatts)
    hosted = held.loc[held["host_site"] != ""]
    hosted = hosted.assign(host=hosted["host_site"].map(sites.set_index("site")["owner"]))
    for (host, guest), megawatts in _summed(hosted.loc[hosted["host"] != ""], "host", "owner"):
        graph.add_edge(nodes.firm[host], nodes.firm[guest], relation="hosts", mw=megawatts)


def _summed(sites: pd.DataFrame, first: str, second: str) -> list[tuple[tuple[str, str], float]]:
    """Return the megawatts per pair of names, in the order of the rows."""
    totals: dict[tuple[str, str], float] = {}
    for one, other, megawatts in zip(sites[first], sites[second], sites["secured_mw"], strict=True):
        totals[one, other] = totals.get((one, other), 0.0) + float(megawatts)
    return list(totals.items())


def _on_circle(radius: float, number: int, of: int) -> tuple[float, float]:
    angle = 2 * math.pi * number / max(of, 1)
    return radius * math.cos(angle), radius * math.sin(angle)
