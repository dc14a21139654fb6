"""The graph of who deals with whom: right edges, stable numbers and places, and files others can read."""

import networkx as nx
import pandas as pd
import pytest

from model.errors import GridrushError
from model.relations import RELATIONS, Tables, relations

MONTHS = pd.to_datetime(["2025-11-01", "2025-12-01"])
FIRMS = ["IREN", "TINY", "GUEST", "Big's arm"]


def tables() -> Tables:
    """TINY is bought by IREN in the second month, with its site; GUEST's machines stand at TINY's."""
    firms = pd.DataFrame(
        {
            "month": MONTHS.repeat(4),
            "firm": FIRMS * 2,
            "kind": ["listed", "private", "private", "ai_customer"] * 2,
            "status": ["active"] * 5 + ["acquired", "active", "active"],
            "secured_mw": [300.0, 50.0, 5.0, 0.0, 350.0, 0.0, 5.0, 0.0],
            "acquired_by": [""] * 5 + ["IREN", "", ""],
            "exit_month": [pd.NaT] * 5 + [MONTHS[1], pd.NaT, pd.NaT],
        }
    )
    sites = pd.DataFrame(
        {
            "month": MONTHS.repeat(3),
            "site": ["Childress", "Small", "Racks"] * 2,
            "owner": ["IREN", "TINY", "GUEST", "IREN", "IREN", "GUEST"],
            "host_site": ["", "", "Small"] * 2,
            "region": ["ERCOT", "PJM", "PJM"] * 2,
            "secured_mw": [300.0, 50.0, 5.0] * 2,
        }
    )
    leases = pd.DataFrame(
        {
            "site": ["Childress", "Small", "Small"],
            "tenant": ["Big", "Other", "Big"],
            "gross_mw": [200.0, 20.0, 10.0],
            "product": ["colocation", "shell", "cloud"],
            "signed": pd.to_datetime(["2025-08-01", "2025-11-01", "2025-12-01"]),
            "delivery": pd.to_datetime(["2025-12-01", "2026-06-01", "2027-01-01"]),
            "ended": pd.to_datetime([None, "2025-12-01", None]),
        }
    )
    return Tables(firms, sites, leases, tenants=["Big", "Other"], regions=["ERCOT", "PJM"])


def edges(graph: nx.MultiDiGraph, relation: str) -> list[tuple[str, str]]:
    label = graph.nodes(data="label")
    return [(label[a], label[b]) for a, b, kind in graph.edges(data="relation") if kind == relation]


def test_nodes_keep_number_and_place_from_month_to_month():
    first, last = relations(tables(), "2025-11"), relations(tables(), "2025-12")
    assert list(first.nodes(data="label")) == list(last.nodes(data="label"))
    assert [name for _, name in first.nodes(data="label")] == ["ERCOT", "PJM", "Big", "Other", *FIRMS]
    assert all(type(node) is int for node in first)
    for axis in ("x", "y"):
        assert dict(first.nodes(data=axis)) == dict(last.nodes(data=axis))


def test_leases_run_from_who_holds_the_site_to_the_tenant_while_in_force():
    assert edges(relations(tables(), "2025-11"), "leases") == [("IREN", "Big"), ("TINY", "Other")]
    assert edges(relations(tables()), "leases") == [("IREN", "Big"), ("IREN", "Big")]


def test_a_lease_is_building_until_delivered():
    status = [
        {
            data["status"]
            for *_, data in relations(tables(), month).edges(data=True)
            if data["relation"] == "leases"
        }
        for month in ("2025-11", "2025-12")
    ]
    assert status == [{"building"}, {"building", "delivering"}]


def test_acquisitions_hosting_and_regions_follow_the_owners():
    before, after = relations(tables(), "2025-11"), relations(tables())
    assert edges(before, "acquired") == []
    assert edges(after, "acquired") == [("IREN", "TINY")]
    assert edges(before, "hosts") == [("TINY", "GUEST")]
    assert edges(after, "hosts") == [("IREN", "GUEST")]
    assert sorted(edges(after, "sits_in")) == [("GUEST", "PJM"), ("IREN", "ERCOT"), ("IREN", "PJM")]


def test_watching_is_drawn_only_when_given():
    assert edges(relations(tables()), "watches") == []
    assert edges(relations(tables(), watching=[(0, 2)]), "watches") == [("IREN", "GUEST")]


def test_every_edge_has_a_known_relation():
    graph = relations(tables(), watching=[(0, 1)])
    assert {kind for *_, kind in graph.edges(data="relation")} <= set(RELATIONS)


def test_a_month_that_was_not_recorded_says_which_were():
    with pytest.raises(GridrushError, match="2030-01: the firms were recorded from 2025-11 to 2025-12"):
        relations(tables(), "2030-01")
    with pytest.raises(GridrushError, match="no relations for the month nonsense"):
        relations(tables(), "nonsense")


@pytest.mark.parametrize("ending", ["graphml", "gexf"])
def test_files_for_other_programs_come_back_whole(ending: str, tmp_path):
    graph = relations(tables(), watching=[(0, 1)])
    path = tmp_path / f"relations.{ending}"
    getattr(nx, f"write_{ending}")(graph, path)
    read = getattr(nx, f"read_{ending}")(path, node_type=int)
    assert read.number_of_nodes() == graph.number_of_nodes()
    assert read.number_of_edges() == graph.number_of_edges()
    assert read.nodes[4]["label"] == "IREN"
    assert read.nodes[4]["mw"] == 350.0
