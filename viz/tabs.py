"""The tabs: which charts stand where."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from viz.charts import bitcoin, power, uses
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


TABS = (
    Tab(
        "power", "Power pool",
        (ChartOf("power-pool", power.pool), ChartOf("power-gap", power.gap)), columns="3fr 2fr",
    ),
    Tab(
        "uses", "Megawatts",
        (ChartOf("uses", uses.over_time), ChartOf("uses-by-firm", uses.by_firm)), columns="3fr 2fr",
    ),
    Tab(
        "bitcoin", "Bitcoin",
        (
            ChartOf("btc-price", bitcoin.price), ChartOf("hashprice", bitcoin.hashprice),
            ChartOf("hashrate", bitcoin.hashrate), ChartOf("under-water", bitcoin.under_water),
        ),
        columns="1fr 1fr", rows="1fr 1fr",
    ),
)  # fmt: skip
TAB_BY_KEY = {tab.key: tab for tab in TABS}
