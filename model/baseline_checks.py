"""What must hold between baseline tables: every reference resolves and every sum adds up."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from model.errors import GridrushError

if TYPE_CHECKING:
    from model.baseline_tables import BaselineTables

ROUNDING = 1e-6
"""Slack of shares written with a few digits that must sum to one."""
PRINTED = 0.01
"""Relative slack of figures that were rounded for print."""
EPOCH_BLOCKS = 2016


class BaselineError(GridrushError):
    """A baseline table is missing, cannot be read or breaks a rule."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest right spelling, or nothing when none is near."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def broken(table: str, row: Any, column: str, reason: str) -> BaselineError:  # noqa: ANN401
    """Return the error of one cell."""
    return BaselineError(f"{table}.csv line {row.line}, column {column}: {reason}")


def check_tables(tables: BaselineTables) -> None:
    """Raise a `BaselineError` for the first broken reference or sum."""
    _check_references(tables)
    _check_sites(tables)
    _check_contracts(tables)
    _check_shares(tables)
    _check_series(tables)
    _check_ranges(tables)


def _known(table: str, rows: Sequence[Any], column: str, keys: set[str], where: str) -> None:
    for row in rows:
        value = getattr(row, column)
        if value not in keys:
            hint = nearest(value, keys)
            raise broken(table, row, column, f"expected a key of {where}, found '{value}'{hint}")


def _check_references(tables: BaselineTables) -> None:
    keys = {row.key for row in tables.sources}
    for name in vars(tables):
        if name not in {"folder", "sources"} and not name.startswith("_"):
            _known(name, getattr(tables, name), "source", keys, "sources.csv")
    regions = {row.region for row in tables.regions}
    _known("sites", tables.sites, "region", regions, "regions.csv")
    _known("ai_contracts", tables.ai_contracts, "region", regions, "regions.csv")
    _known("sites", tables.sites, "ticker", {row.ticker for row in tables.miners}, "miners.csv")


def _check_sites(tables: BaselineTables) -> None:
    shares: dict[str, float] = defaultdict(float)
    us_regions = {row.region for row in tables.regions if row.near_term_grid_gw is not None}
    for row in tables.sites:
        shares[row.ticker] += row.hashrate_share
        if row.pipeline_mw > 0 and row.pipeline_date is None:
            raise broken("sites", row, "pipeline_date", "expected a month, as the site has a pipeline")
        if row.status != "operating" and row.energised_mw > 0:
            raise broken("sites", row, "energised_mw", f"expected 0 at a site under {row.status}")
        if row.hashrate_share > 0 and row.energised_mw == 0:
            raise broken("sites", row, "hashrate_share", "expected 0 at a site without energised megawatts")
        if (row.country == "US") != (row.region in us_regions):
            raise broken("sites", row, "country", f"'{row.country}' does not lie in region {row.region}")
    for row in tables.miners:
        wanted = 1.0 if row.hashrate_eh_s > 0 else 0.0
        if abs(shares[row.ticker] - wanted) > PRINTED:
            reason = f"expected the shares of {row.ticker} in sites.csv to sum to {wanted:g}"
            raise broken("miners", row, "hashrate_eh_s", f"{reason}, they sum to {shares[row.ticker]:.4g}")
        if row.restricted_cash_musd > row.cash_musd:
            reason = f"expected at most cash_musd, {row.cash_musd:g}, found {row.restricted_cash_musd:g}"
            raise broken("miners", row, "restricted_cash_musd", reason)


def _check_contracts(tables: BaselineTables) -> None:
    for row in tables.ai_contracts:
        yearly = row.value_musd / row.term_years / row.critical_it_mw
        if abs(yearly / row.revenue_musd_per_it_mw_year - 1) > PRINTED:
            reason = f"expected value / term / IT MW, {yearly:.3f}, found {row.revenue_musd_per_it_mw_year:g}"
            raise broken("ai_contracts", row, "revenue_musd_per_it_mw_year", reason)
        if row.gross_mw is not None and row.gross_mw < row.critical_it_mw:
            reason = f"expected at least critical_it_mw, {row.critical_it_mw:g}, found {row.gross_mw:g}"
            raise broken("ai_contracts", row, "gross_mw", reason)


def _sums_to_one(label: str, values: Iterable[float]) -> None:
    total = sum(values)
    if abs(total - 1) > ROUNDING:
        raise BaselineError(f"{label}: expected shares that sum to 1, they sum to {total:.6g}")


def _check_shares(tables: BaselineTables) -> None:
    buyers = (row.demand_share_2025_2028 for row in tables.hyperscalers)
    _sums_to_one("hyperscalers.csv, column demand_share_2025_2028", buyers)
    for prefix in ("country_share_", "tail_us_region_share_"):
        shares = tables.tail_shares(prefix)
        _sums_to_one(f"tail.csv, parameters {prefix}*", shares.values())
    regions = {row.region for row in tables.regions}
    for row in tables.tail:
        name = row.parameter.removeprefix("tail_us_region_share_")
        if name != row.parameter and name not in regions:
            reason = f"expected a region of regions.csv, found '{name}'{nearest(name, regions)}"
            raise broken("tail", row, "parameter", reason)


def _check_series(tables: BaselineTables) -> None:
    total = 0.0
    for row in tables.demand_path:
        total += row.new_us_demand_gw
        if abs(total - row.cumulative_gw) > ROUNDING:
            reason = f"expected the running sum, {total:g}, found {row.cumulative_gw:g}"
            raise broken("demand_path", row, "cumulative_gw", reason)
    _follow("demand_path", tables.demand_path, "year", lambda year: year + 1)
    _follow("network_history", tables.network_history, "month", _next_month)
    _follow("difficulty_epochs", tables.difficulty_epochs, "epoch", lambda epoch: epoch + 1)
    for row in tables.difficulty_epochs:
        if row.start_height != row.epoch * EPOCH_BLOCKS:
            reason = f"expected {EPOCH_BLOCKS} x epoch, {row.epoch * EPOCH_BLOCKS}, found {row.start_height}"
            raise broken("difficulty_epochs", row, "start_height", reason)
    _rise("difficulty_epochs", tables.difficulty_epochs, "start_date")
    _rise("power_cost_distribution", tables.power_cost_distribution, "percentile")
    _rise("power_cost_distribution", tables.power_cost_distribution, "usd_per_mwh")


def _next_month(month: str) -> str:
    first = datetime.date.fromisoformat(f"{month}-01")
    return (first + datetime.timedelta(days=31)).strftime("%Y-%m")


def _follow(table: str, rows: Sequence[Any], column: str, successor: Any) -> None:  # noqa: ANN401
    for before, after in pairwise(rows):
        last, found = getattr(before, column), getattr(after, column)
        if found != successor(last):
            raise broken(table, after, column, f"expected {successor(last)} after {last}, found {found}")


def _rise(table: str, rows: Sequence[Any], column: str) -> None:
    for before, after in pairwise(rows):
        if getattr(after, column) <= getattr(before, column):
            reason = f"expected more than {getattr(before, column)} of the row above"
            raise broken(table, after, column, f"{reason}, found {getattr(after, column)}")


def _check_ranges(tables: BaselineTables) -> None:
    for row in tables.costs:
        low = row.value if row.low is None else row.low
        high = row.value if row.high is None else row.high
        if not low <= row.value <= high:
            raise broken("costs", row, "value", f"expected {low:g} to {high:g}, found {row.value:g}")
    for row in tables.outside_supply:
        if row.low_gw_2028 > row.high_gw_2028:
            reason = f"expected at least low_gw_2028, {row.low_gw_2028:g}, found {row.high_gw_2028:g}"
            raise broken("outside_supply", row, "high_gw_2028", reason)
