"""The month's row of the series, computed from the state; the columns are declared in `model.series_columns`.

Phases post totals that only they know (blocks, bids ...) in `state.figures`; those join the row under the
name they were posted with. Everything else is read off the tables here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.discounting import mean_over_term
from agents.sums import pairwise_sum
from agents.tables import Kind, LeaseStatus, Product, Status
from model.holdings import OWNED, Held
from model.options import average_over_first
from model.panels import HOLDINGS

if TYPE_CHECKING:
    from model.state import State

USD_KW_MONTH = 1e6 / 1e3 / 12
"""USD per kW-month in one musd per MW-year."""
GW = 1e-3
US_OWNED = tuple(f"us_{name}" for name in OWNED)
POWER = ("demand_mw", "grid_mw", "onsite_mw", "committed_mw", "need_mw")
QUEUE = ("queue_mw", "speculative_mw", "arrived_mw", "withdrawn_mw", "connected_now_mw")
WORTH = ("corporate_debt", "project_debt", "btc", "enterprise_value", "equity_value", "value_leases")

Row = dict[str, float]
_NOTHING = np.zeros(0)
_SECURED, _ENERGISED, _HASH = (HOLDINGS.index(name) for name in ("secured_mw", "energised_mw", "hash_eh_s"))
_sum = np.add.reduce


def series_row(state: State, held: Held, previous: Mapping[str, float]) -> Row:
    """Return the month's row; `previous` is the row before (empty in the first month)."""
    leases = _sort_leases(state)
    return {
        **_bitcoin(state, held),
        **_megawatts(state, held),
        **_power(state, leases),
        **_grid(state),
        **_leases(state, leases, previous),
        **_firms(state, previous),
        **_value(state, held),
        **state.figures,
    }


def _bitcoin(state: State, held: Held) -> Row:
    frontier = int(np.count_nonzero(state.generation_month <= state.month)) - 1
    machines = _sum(state.scratch.get("machine_mw", _NOTHING), None)
    return {
        "btc_price_usd": state.btc_price,
        "hashprice_usd_ph_day": state.hashprice,
        "difficulty": state.network.difficulty,
        "nameplate_eh_s": float(_sum(held.by_firm[_HASH])),
        "under_water_share": _ratio(_sum(state.scratch.get("under_water_mw", _NOTHING), None), machines),
        "frontier_j_th": float(state.generations[frontier]),
        "machine_price_usd_th": float(state.machine_price[frontier]),
        "orders_eh_s": float(_sum(state.orders, None)),
    }


def _megawatts(state: State, held: Held) -> Row:
    columns = held.by_site[: len(OWNED)]
    everywhere, us = _sum(columns, axis=1), columns @ state.sites.us.astype(float)
    row: Row = dict(zip(OWNED, everywhere.tolist(), strict=True))
    row.update(zip(US_OWNED, us.tolist(), strict=True))
    row["ai_mw"] = row["building_mw"] + row["subleased_mw"] + row["converted_mw"]
    return row


def _power(state: State, leases: _Leases) -> Row:
    demand, grid, onsite, committed, need = (
        total * GW for total in _sum(state.hyperscalers.together(POWER), axis=1).tolist()
    )
    miners = leases.gross_mw.us_delivering * GW
    return {
        "demand_gw": demand,
        "delivered_grid_gw": grid,
        "delivered_miners_gw": miners,
        "delivered_onsite_gw": onsite,
        "gap_gw": max(demand - grid - miners - onsite, 0.0),
        "stranded_gw": max(grid + miners + onsite - demand, 0.0),
        "committed_gw": committed,
        "unsecured_need_gw": need,
    }


def _grid(state: State) -> Row:
    regions = state.regions
    weighed, demand, access = _weighed_by_region(
        regions.stored("float64"),
        regions.positions(QUEUE),
        regions.us,
        regions.peak_mw,
        regions.capacity_price_start,
        regions.wait_years,
        regions.near_term_mw,
        regions.capacity_price,
        regions.energy_index,
        regions.response_credit,
    )
    totals: list[float] = np.vecdot(*weighed).tolist()
    queue, speculative, arrived, withdrawn, connected = (total * GW for total in totals[: len(QUEUE)])
    waits, capacity, priced, energy, response = totals[len(QUEUE) :]
    return {
        "queue_gw": queue,
        "queue_speculative_gw": speculative,
        "queue_wait_years": _ratio(waits, access),
        "queue_arrived_gw": arrived,
        "queue_withdrawn_gw": withdrawn,
        "queue_connected_gw": connected,
        "capacity_price_usd_mw_day": _ratio(capacity, priced),
        "energy_index": _ratio(energy, demand),
        "response_credit_usd_mwh": _ratio(response, demand),
    }


@compiled
def _weighed_by_region(
    table: np.ndarray,
    queue: np.ndarray,
    us: np.ndarray,
    peak_mw: np.ndarray,
    price_start: np.ndarray,
    wait_years: np.ndarray,
    near_term_mw: np.ndarray,
    price: np.ndarray,
    energy_index: np.ndarray,
    response_credit: np.ndarray,
) -> tuple[np.ndarray, float, float]:
    """Return what is added up over the regions of the US and by what it is weighed, then two weights' sums.

    First come columns of the queues; then waits by what can be connected soon; capacity prices, and one, by
    the peak where there are such prices; energy prices and credits by the peak. The sums are those of the
    peak and of what can be connected soon.
    """
    told = np.zeros((2, queue.size + 5, us.size))
    values, weights = told[0], told[1]
    waits, capacity, priced, energy, response = np.arange(queue.size, queue.size + 5)
    for region in range(us.size):
        here = 1.0 if us[region] else 0.0
        peak, prices = peak_mw[region] * here, here if price_start[region] > 0 else 0.0
        for place in range(queue.size):
            values[place, region], weights[place, region] = table[queue[place], region], here
        if np.isfinite(wait_years[region]):
            values[waits, region], weights[waits, region] = wait_years[region], near_term_mw[region] * here
        values[capacity, region], weights[capacity, region] = price[region], peak * prices
        values[priced, region], weights[priced, region] = peak, prices
        values[energy, region], weights[energy, region] = energy_index[region], peak
        values[response, region], weights[response, region] = response_credit[region], peak
    return told, pairwise_sum(weights[energy]), pairwise_sum(weights[waits])


@compiled
def _classes(
    month: int,
    status: np.ndarray,
    signed: np.ndarray,
    promised: np.ndarray,
    delivery: np.ndarray,
    at_start: np.ndarray,
    ever_delivered: np.ndarray,
    us: np.ndarray,
    site: np.ndarray,
) -> np.ndarray:
    """Mark with one which leases are of each class of `_Classes`, [classes, leases]."""
    marks = np.zeros((7, status.size))
    for lease in range(status.size):
        delivering = status[lease] == LeaseStatus.DELIVERING
        marks[0, lease] = delivering or status[lease] == LeaseStatus.BUILDING
        marks[1, lease] = delivering
        marks[2, lease] = delivering and us[site[lease]]
        if promised[lease] <= month:
            kept = ever_delivered[lease] or delivering
            marks[3, lease] = 1.0
            marks[4, lease] = kept
            marks[5, lease] = kept and delivery[lease] <= promised[lease]
        marks[6, lease] = signed[lease] == month and not at_start[lease]
    return marks


class _Classes(NamedTuple):
    """Megawatts of leases by class; a lease may be of several."""

    contracted: float
    delivering: float
    us_delivering: float
    due: float
    due_kept: float
    on_time: float
    new: float


class _Leases(NamedTuple):
    """Leases of the month, by class."""

    gross_mw: _Classes
    it_mw: _Classes
    new: np.ndarray


def _sort_leases(state: State) -> _Leases:
    leases = state.leases
    marks = _classes(
        state.month,
        leases.status,
        leases.signed,
        leases.promised,
        leases.delivery,
        leases.at_start,
        leases.ever_delivered,
        state.sites.us,
        leases.site,
    )
    gross_mw, it_mw = (np.vecdot(each, marks).tolist() for each in (leases.gross_mw, leases.it_mw))
    return _Leases(_Classes(*gross_mw), _Classes(*it_mw), rows_where(marks[-1]))


def _leases(state: State, leases: _Leases, previous: Mapping[str, float]) -> Row:
    gross_mw = leases.gross_mw
    return {
        "contracted_mw": gross_mw.contracted,
        "contracted_it_mw": leases.it_mw.contracted,
        "delivered_mw": gross_mw.delivering,
        "delivered_over_contracted": _ratio(gross_mw.delivering, gross_mw.contracted),
        "delivered_over_due": _ratio(gross_mw.due_kept, gross_mw.due),
        "on_time_over_due": _ratio(gross_mw.on_time, gross_mw.due),
        "leases_signed": float(leases.new.size),
        "signed_mw": gross_mw.new,
        "signed_it_mw": leases.it_mw.new,
        **_deal_rents(state, leases.new, previous),
    }


DEALS = {
    "deal_rent_space_usd_kw_month": (Product.SHELL, Product.COLOCATION),
    "deal_rent_cloud_usd_kw_month": (Product.CLOUD, Product.CLOUD),
}


@lru_cache
def _mean_over_first(escalator: float, months: int) -> float:
    """Return the mean rent of a lease over that of its first year; leases have few escalators and terms."""
    return float(mean_over_term(np.log1p(escalator), max(months, 1) / 12.0))


def _deal_rents(state: State, new: np.ndarray, previous: Mapping[str, float]) -> Row:
    """Return what was last paid: a month without a deal quotes the deal before, as in any thin market."""
    leases = state.leases
    if previous and not new.size:
        return {name: previous[name] for name in DEALS}
    signed = new if previous else np.union1d(new, rows_where(leases.at_start))
    # Published rents are means over the term, and so are those of the model's own leases here.
    usual = average_over_first(state.terms)
    terms = zip(leases.escalator[signed].tolist(), leases.term[signed].tolist(), strict=True)
    rent, weight = np.zeros((2, len(leases)))
    rent[signed] = leases.rent[signed] * [_mean_over_first(*each) for each in terms]
    it_mw, product = leases.it_mw[signed], leases.product[signed]
    row = {}
    for name, (first, last) in DEALS.items():
        weight[signed] = it_mw * ((product >= first) & (product <= last))
        before = previous.get(name, float(state.expected_rent[last] * usual[last - 1]) * USD_KW_MONTH)
        total = float(_sum(weight))
        row[name] = float(rent.dot(weight)) / total * USD_KW_MONTH if total > 0 else before
    return row


@compiled
def _count(
    month: int,
    kind: np.ndarray,
    status: np.ndarray,
    exit_month: np.ndarray,
    exit_reason: np.ndarray,
    chapter11_month: np.ndarray,
    entry_month: np.ndarray,
) -> np.ndarray:
    """Count miners: what happened to them this month, then those alive and in trouble; see `COUNTED`."""
    counts = np.zeros(9)
    for firm in range(kind.size):
        if kind[firm] > Kind.PRIVATE:
            continue
        if exit_month[firm] == month:
            counts[0] += 1
            counts[1] += exit_reason[firm] == Status.ACQUIRED
            counts[2] += exit_reason[firm] == Status.LIQUIDATED
            counts[3] += exit_reason[firm] == Status.CLOSED
        counts[4] += chapter11_month[firm] == month
        counts[5] += month > 0 and entry_month[firm] == month
        counts[6] += status[firm] < Status.ACQUIRED
        counts[7] += status[firm] == Status.DISTRESSED
        counts[8] += status[firm] == Status.CHAPTER11
    return counts


FATES = ("exits", "mergers", "liquidations", "closures", "chapter11_filings", "entries")
COUNTED = (*FATES, "firms_alive", "firms_distressed", "firms_in_chapter11")


def _firms(state: State, previous: Mapping[str, float]) -> Row:
    firms = state.firms
    counts = _count(
        state.month,
        firms.kind,
        firms.status,
        firms.exit_month,
        firms.exit_reason,
        firms.chapter11_month,
        firms.entry_month,
    )
    row: Row = dict(zip(COUNTED, counts.tolist(), strict=True))
    for name in FATES:
        row[f"{name}_total"] = previous.get(f"{name}_total", 0.0) + row[name]
    return row


def _value(state: State, held: Held) -> Row:
    firms = state.firms
    miner = (firms.kind <= Kind.PRIVATE).astype(float)
    owned = np.vecdot(held.by_firm, miner).tolist()
    secured, energised, hash_eh_s = owned[_SECURED], owned[_ENERGISED], owned[_HASH]
    contracted = float(held.contracted_mw.dot(miner))
    worth = dict(zip(WORTH, np.vecdot(firms.together(WORTH), miner).tolist(), strict=True))
    value, leases = worth["enterprise_value"], worth["value_leases"]
    return {
        "corporate_debt_musd": worth["corporate_debt"],
        "project_debt_musd": worth["project_debt"],
        "cash_musd": float((firms.cash + firms.restricted_cash).dot(miner)),
        "treasury_btc": worth["btc"],
        "enterprise_value_musd": value,
        "equity_value_musd": worth["equity_value"],
        "value_leases_share": _ratio(leases, value),
        "ev_per_mw": _ratio(value, energised),
        "ev_per_secured_mw": _ratio(value, secured),
        "ev_per_contracted_mw": _ratio(leases, contracted),
        "ev_per_uncontracted_mw": _ratio(value - leases, secured - contracted),
        "ev_per_eh": _ratio(value, hash_eh_s),
    }


def _ratio(above: float, below: float, otherwise: float = float("nan")) -> float:
    """Divide; a ratio without a denominator is not a number, and the series says so."""
    return above / below if below > 0 else otherwise
