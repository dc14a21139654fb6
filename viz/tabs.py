"""The tabs: which charts stand where."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from viz.charts import bitcoin, grids, leases, network, power, shakeout, uses, value
from viz.drawing import Figure, Looks
from viz.record import Moment


class ChartOf(NamedTuple):
    """A chart by name, and how it is drawn."""

    name: str
    build: Callable[[Moment, Looks], Figure]


class Tab(NamedTuple):
    """Charts that are looked at together.

    `columns` and `rows` are CSS tracks; charts fill them row by row.
    """

    key: str
    title: str
    charts: tuple[ChartOf, ...]
    columns: str = "1fr"
    rows: str = "1fr"


def _tab(
    key: str,
    title: str,
    *charts: tuple[str, Callable[[Moment, Looks], Figure]],
    columns: str = "minmax(0, 1fr) minmax(0, 1fr)",
    rows: str = "minmax(0, 1fr) minmax(0, 1fr)",
) -> Tab:
    return Tab(key, title, tuple(ChartOf(*chart) for chart in charts), columns, rows)


ONE, WIDE_LEFT = "minmax(0, 1fr)", "minmax(0, 3fr) minmax(0, 2fr)"
TABS = (
    _tab(
        "power",
        "Power pool",
        ("power-pool", power.pool),
        ("power-gap", power.gap),
        columns=WIDE_LEFT,
        rows=ONE,
    ),
    _tab(
        "uses",
        "Megawatts",
        ("uses", uses.over_time),
        ("uses-by-firm", uses.by_firm),
        columns=WIDE_LEFT,
        rows=ONE,
    ),
    _tab("map", "Relations", ("relations", network.relations_map), columns=ONE, rows=ONE),
    _tab(
        "shakeout",
        "Shakeout",
        ("ends", shakeout.ends),
        ("concentration", shakeout.concentration),
        ("survivors-by-contract", shakeout.by_contract),
        ("survivors-by-cost", shakeout.by_cost),
    ),
    _tab(
        "bitcoin",
        "Bitcoin",
        ("btc-price", bitcoin.price),
        ("hashprice", bitcoin.hashprice),
        ("hashrate", bitcoin.hashrate),
        ("under-water", bitcoin.under_water),
    ),
    _tab(
        "leases",
        "Lease market",
        ("rents", leases.rents),
        ("signed", leases.signed),
        ("tenants", leases.tenants),
        ("on-time", leases.on_time),
    ),
    _tab(
        "value",
        "Value",
        ("value-firms", value.firms),
        ("value-industry", value.industry),
        ("value-contracted", value.contracted),
        columns=WIDE_LEFT,
    ),
    _tab(
        "regions",
        "Regions",
        ("queue", grids.queue),
        ("wait", grids.wait),
        ("headroom", grids.headroom),
        ("prices", grids.prices),
    ),
)
TAB_BY_KEY = {tab.key: tab for tab in TABS}
