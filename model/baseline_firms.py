"""Firms on the baseline date: listed and private miners, and the outside buyers of sites."""

from __future__ import annotations

import numpy as np

from agents.tables import NEVER, Kind, Tenure
from model.baseline_inputs import Inputs
from model.baseline_sites import Columns
from model.streams import slots_of
from model.tail import Tail

HOURS_PER_MONTH = 730.5
MONTHS = 12.0
MUSD = 1e6
MUSD_PER_BUSD = 1000.0
EARLIEST, LATEST = 0.6, 1.4
"""Debt falls due between these multiples of its mean life, so that not everybody refinances at once."""
GENERATOR = "power generator"
ASSETS = ("cash", "restricted_cash", "bitcoin", "machines", "property")


def firm_columns(
    inputs: Inputs, sites: Columns, leases: Columns, hash_matrix: np.ndarray, tail: Tail
) -> tuple[list[str], Columns]:
    """Return names and columns of all firms.

    Rows are listed miners in file order, private firms, the arm of each AI customer that can buy sites, and
    one power generator.
    """
    groups = (
        (Kind.LISTED, [row.ticker for row in inputs.tables.miners]),
        (Kind.PRIVATE, tail.firm_names),
        (Kind.AI_CUSTOMER, [row.firm for row in inputs.tables.hyperscalers]),
        (Kind.GENERATOR, [GENERATOR]),
    )
    names = [name for _, group in groups for name in group]
    kind = np.concatenate([np.full(len(group), int(kind)) for kind, group in groups])
    columns = {"slot": slots_of("firm", names), "kind": kind}
    columns |= _habits(inputs, columns)
    columns |= _assets_in_place(inputs, sites, leases, hash_matrix, len(names))
    columns |= _balance_of_listed(inputs, len(names))
    columns["prepayment"] = np.bincount(leases["landlord"], leases["prepaid"], minlength=len(names))
    columns["cash"] += columns["prepayment"]
    _add_outside_buyers(inputs, columns)
    _add_private_money(inputs, sites, columns)
    columns["maturity"] = _maturities(inputs, columns)
    columns["all_in_cost"] = _all_in_cost(inputs, sites, columns)
    columns["capital"] = _total(columns, ASSETS) - _total(columns, ("corporate_debt", "prepayment"))
    return names, columns


def _habits(inputs: Inputs, columns: Columns) -> Columns:
    """Return rates, fees and expectations: how each firm reckons."""
    tables, scenario, finance = inputs.tables, inputs.scenario, inputs.scenario.finance
    count, private = len(columns["kind"]), columns["kind"] == Kind.PRIVATE
    small, large = tables.cost("pool_fee_small").value, tables.cost("pool_fee_large").value
    return {
        "listed": columns["kind"] == Kind.LISTED,
        "pool_fee": np.where(private, small, large),
        "discount_rate": np.where(private, finance.discount_mining_private, finance.discount_mining),
        "lease_discount_rate": np.where(private, finance.discount_lease_private, finance.discount_lease),
        "expected_hashprice": np.full(count, inputs.hashprice),
        "expected_decay": np.full(count, scenario.bitcoin.expected_decay),
        "review_probability": np.full(count, scenario.choice.review),
    }


def _total(columns: Columns, accounts: tuple[str, ...]) -> np.ndarray:
    return np.sum([columns[account] for account in accounts], axis=0)


def _assets_in_place(
    inputs: Inputs, sites: Columns, leases: Columns, hash_matrix: np.ndarray, count: int
) -> Columns:
    """Return machines at market, and sites at their going-concern price with what builds have cost so far."""
    own = np.where(sites["tenure"] == Tenure.HOSTED, 0.0, sites["energised_mw"])
    land = np.bincount(sites["owner"], own * inputs.scenario.finance.site_price, minlength=count)
    halls = np.bincount(leases["landlord"], leases["capex_spent"], minlength=count)
    return {
        "machines": np.bincount(sites["owner"], hash_matrix @ inputs.machines.price, minlength=count),
        "property": land + halls,
    }


def _balance_of_listed(inputs: Inputs, count: int) -> Columns:
    """Return the published balance sheets, zero for firms that publish none."""
    rows, scenario = inputs.tables.miners, inputs.scenario

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


def _add_outside_buyers(inputs: Inputs, columns: Columns) -> None:
    """Give AI customers and the generator money to buy sites with."""
    finance = inputs.scenario.finance
    budget = [(row.capex_2026_view_busd or 0.0) * MUSD_PER_BUSD for row in inputs.tables.hyperscalers]
    columns["cash"][columns["kind"] == Kind.AI_CUSTOMER] = finance.ai_buyout_share * np.array(budget)
    columns["cash"][columns["kind"] == Kind.GENERATOR] = finance.buyout_fund_musd


def _mined_mwh(inputs: Inputs, sites: Columns) -> np.ndarray:
    """Return MWh each site's machines take in a month at the usual uptime."""
    return sites["machine_mw"] * inputs.uptime * HOURS_PER_MONTH


def _add_private_money(inputs: Inputs, sites: Columns, columns: Columns) -> None:
    """Give private firms overhead, cash for some months of cost, and debt as a share of assets.

    Their overhead is what the survey's cost besides power leaves over the cash cost of their sites.
    """
    finance, count = inputs.scenario.finance, len(columns["kind"])
    private = columns["kind"] == Kind.PRIVATE
    mwh, owner = _mined_mwh(inputs, sites), sites["owner"]
    own = sites["private"] & (sites["tenure"] != Tenure.HOSTED)
    survey = inputs.tables.cost("opex_besides_power_all_in").value
    spare = np.where(own, np.maximum(survey - sites["operating_cost"], 0.0), 0.0)
    cost = sites["power_cost"] + sites["operating_cost"] + spare
    columns["overhead"] = columns["overhead"] + np.bincount(owner, spare * mwh, minlength=count) / MUSD
    months = np.where(private, finance.private_cash_months, 0.0)
    columns["cash"] = columns["cash"] + months * np.bincount(owner, cost * mwh, minlength=count) / MUSD
    debt = _total(columns, ASSETS) * finance.private_debt_share * finance.debt_enabled
    columns["corporate_debt"] = np.where(private, debt, columns["corporate_debt"])
    columns["coupon"] = np.where(private, finance.private_coupon, columns["coupon"])


def _maturities(inputs: Inputs, columns: Columns) -> np.ndarray:
    drawn = inputs.streams.uniform("debt maturity", 0, columns["slot"])
    months = MONTHS * inputs.scenario.finance.debt_years * (EARLIEST + (LATEST - EARLIEST) * drawn)
    return np.where(columns["corporate_debt"] > 0.0, np.maximum(np.rint(months), 1.0), NEVER).astype(np.int64)


def _all_in_cost(inputs: Inputs, sites: Columns, columns: Columns) -> np.ndarray:
    """Return power, operation and overhead per MWh mined, USD/MWh; zero without machines."""
    mwh, count = _mined_mwh(inputs, sites), len(columns["slot"])
    cost = (sites["power_cost"] + sites["operating_cost"]) * mwh
    money = np.bincount(sites["owner"], cost, minlength=count) + columns["overhead"] * MUSD
    total = np.bincount(sites["owner"], mwh, minlength=count)
    return np.divide(money, total, out=np.zeros(count), where=total > 0.0)
