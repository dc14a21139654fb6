"""Firms on the baseline date: listed and private miners, and the outside buyers of sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.tables import NEVER, Kind, Tenure
from model.baseline_machines import Machines
from model.baseline_sites import Columns
from model.streams import Streams, slots_of
from model.tail import Tail

if TYPE_CHECKING:
    from model.baseline_tables import BaselineTables
    from model.scenario import Scenario

HOURS_PER_MONTH = 730.5
MUSD = 1e6
EARLIEST, LATEST = 0.6, 1.4
"""Debt falls due between these multiples of its mean life, so that not everybody refinances at once."""
GENERATOR = "power generator"
ASSETS = ("cash", "restricted_cash", "bitcoin", "machines", "property")
LIABILITIES = ("corporate_debt", "project_debt", "prepayment")


def firm_columns(
    tables: BaselineTables,
    scenario: Scenario,
    streams: Streams,
    sites: Columns,
    leases: Columns,
    hash_matrix: np.ndarray,
    kinds: Machines,
    tail: Tail,
    hashprice: float,
) -> tuple[list[str], Columns]:
    """Return names and columns of all firms.

    Rows are listed miners in file order, private firms, the arm of each AI customer that can buy sites, and
    one power generator.
    """
    groups = (
        (Kind.LISTED, [row.ticker for row in tables.miners]),
        (Kind.PRIVATE, tail.firm_names),
        (Kind.AI_CUSTOMER, [row.firm for row in tables.hyperscalers]),
        (Kind.GENERATOR, [GENERATOR]),
    )
    names = [name for _, group in groups for name in group]
    kind = np.concatenate([np.full(len(group), int(kind)) for kind, group in groups])
    count, slot = len(names), slots_of("firm", names)
    listed, private = kind == Kind.LISTED, kind == Kind.PRIVATE
    columns: Columns = {
        "slot": slot,
        "kind": kind,
        "listed": listed,
        "strategy": strategy_rows(scenario, streams, slot),
        "pool_fee": np.where(
            private, tables.cost("pool_fee_small").value, tables.cost("pool_fee_large").value
        ),
        "discount_rate": np.where(
            private, scenario.finance.discount_mining_private, scenario.finance.discount_mining
        ),
        "lease_discount_rate": np.where(
            private, scenario.finance.discount_lease_private, scenario.finance.discount_lease
        ),
        "expected_hashprice": np.full(count, hashprice),
        "expected_decay": np.full(count, scenario.bitcoin.expected_decay),
        "review_probability": np.full(count, scenario.choice.review),
        "prepayment": np.bincount(leases["landlord"], leases["prepaid"], minlength=count),
        "project_debt": np.zeros(count),
    }
    columns |= _assets_in_place(scenario, sites, leases, hash_matrix, kinds, count)
    columns |= _balance_of_listed(tables, scenario, count)
    _add_outside_buyers(tables, scenario, columns)
    columns["cash"] += columns["prepayment"]
    _add_private_money(tables, scenario, sites, columns, private)
    columns["maturity"] = _maturities(scenario, streams, columns)
    columns["all_in_cost"] = _all_in_cost(tables, sites, columns)
    columns["capital"] = sum(columns[each] for each in ASSETS) - sum(columns[each] for each in LIABILITIES)
    return names, columns


def strategy_rows(scenario: Scenario, streams: Streams, slot: np.ndarray) -> np.ndarray:
    """Return which strategy of `choice.mix` each firm follows, drawn by its own slot; 0 without a mix."""
    bounds = np.cumsum(list(scenario.choice.mix.values()))
    if len(bounds) < 2:
        return np.zeros(len(slot), dtype=np.int64)
    drawn = streams.uniform("strategy", 0, slot) * bounds[-1]
    return np.minimum(np.searchsorted(bounds, drawn, side="right"), len(bounds) - 1)


def _assets_in_place(
    scenario: Scenario,
    sites: Columns,
    leases: Columns,
    hash_matrix: np.ndarray,
    kinds: Machines,
    count: int,
) -> Columns:
    """Return machines at market, and sites at their going-concern price with what builds have cost so far."""
    own = np.where(sites["tenure"] == Tenure.HOSTED, 0.0, sites["energised_mw"])
    land = np.bincount(sites["owner"], own * scenario.finance.site_price, minlength=count)
    halls = np.bincount(leases["landlord"], leases["capex_spent"], minlength=count)
    return {
        "machines": np.bincount(sites["owner"], hash_matrix @ kinds.price, minlength=count),
        "property": land + halls,
    }


def _balance_of_listed(tables: BaselineTables, scenario: Scenario, count: int) -> Columns:
    """Return the published balance sheets, zero for firms that publish none."""
    rows = tables.miners

    def column(values: list[float]) -> np.ndarray:
        return np.concatenate([values, np.zeros(count - len(rows))])

    btc = column([row.btc_held for row in rows])
    debt = column([row.debt_musd for row in rows]) * scenario.finance.debt_enabled
    return {
        "cash": column([row.cash_musd - row.restricted_cash_musd for row in rows]),
        "restricted_cash": column([row.restricted_cash_musd for row in rows]),
        "btc": btc,
        "bitcoin": btc * scenario.bitcoin.price_start / MUSD,
        "corporate_debt": debt,
        "coupon": column([row.debt_coupon for row in rows]),
        "overhead": column([row.overhead_musd_per_month for row in rows]),
    }


def _add_outside_buyers(tables: BaselineTables, scenario: Scenario, columns: Columns) -> None:
    """Give AI customers and the generator money to buy sites with."""
    finance = scenario.finance
    budget = [(row.capex_2026_view_busd or 0.0) * 1000.0 for row in tables.hyperscalers]
    columns["cash"][columns["kind"] == Kind.AI_CUSTOMER] = finance.ai_buyout_share * np.array(budget)
    columns["cash"][columns["kind"] == Kind.GENERATOR] = finance.buyout_fund_musd


def _mined_mwh(tables: BaselineTables, sites: Columns) -> np.ndarray:
    """Return MWh each site's machines take in a month at the usual uptime."""
    return sites["machine_mw"] * tables.tail_value("listed_uptime") * HOURS_PER_MONTH


def _add_private_money(
    tables: BaselineTables, scenario: Scenario, sites: Columns, columns: Columns, private: np.ndarray
) -> None:
    """Give private firms overhead, cash for some months of cost, and debt as a share of assets.

    Their overhead is what the survey's cost besides power leaves over the cash cost of their sites.
    """
    finance, count = scenario.finance, len(private)
    mwh = _mined_mwh(tables, sites)
    own = sites["private"] & (sites["tenure"] != Tenure.HOSTED)
    survey = tables.cost("opex_besides_power_all_in").value
    spare = np.where(own, np.maximum(survey - sites["operating_cost"], 0.0), 0.0)
    overhead = np.bincount(sites["owner"], spare * mwh, minlength=count) / MUSD
    cost = (sites["power_cost"] * scenario.power.energy_scale + sites["operating_cost"]) * mwh
    monthly = np.bincount(sites["owner"], cost, minlength=count) / MUSD + overhead
    columns["overhead"][private] = overhead[private]
    columns["cash"][private] += (monthly * finance.private_cash_months)[private]
    assets = sum(columns[each] for each in ASSETS)
    debt = assets * finance.private_debt_share * finance.debt_enabled
    columns["corporate_debt"][private] = debt[private]
    columns["coupon"][private] = finance.private_coupon


def _maturities(scenario: Scenario, streams: Streams, columns: Columns) -> np.ndarray:
    drawn = streams.uniform("debt maturity", 0, columns["slot"])
    months = 12.0 * scenario.finance.debt_years * (EARLIEST + (LATEST - EARLIEST) * drawn)
    return np.where(columns["corporate_debt"] > 0.0, np.maximum(np.rint(months), 1.0), NEVER).astype(np.int64)


def _all_in_cost(tables: BaselineTables, sites: Columns, columns: Columns) -> np.ndarray:
    """Return power, operation and overhead per MWh mined, USD/MWh; zero without machines."""
    mwh, count = _mined_mwh(tables, sites), len(columns["slot"])
    paid = np.bincount(sites["owner"], (sites["power_cost"] + sites["operating_cost"]) * mwh, minlength=count)
    total = np.bincount(sites["owner"], mwh, minlength=count)
    money = paid + columns["overhead"] * MUSD
    return np.divide(money, total, out=np.zeros(count), where=total > 0.0)
