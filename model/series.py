"""The month's row of the series, computed from the state; the columns are declared in `model.series_columns`.

Phases post totals that only they know (blocks, bids ...) in `state.figures`; those join the row under the
name they were posted with. Everything else is read off the tables here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from agents.economics.discounting import mean_over_term
from agents.tables import USES, Kind, LeaseStatus, Product, Status
from model.options import average_over_first

if TYPE_CHECKING:
    from model.state import State

USD_KW_MONTH = 1e6 / 1e3 / 12
"""USD per kW-month in one musd per MW-year."""
GW = 1e-3
OWNED = (*USES, "secured_mw", "energised_mw")

Row = dict[str, float]
_NOTHING = np.zeros(0)


def by_owner(state: State, installed_eh_s: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each firm holds: megawatts by use, nameplate hash (given by site) and running hash."""
    sites = state.sites
    index, length = sites.owner + 1, len(state.firms) + 1
    weights = {name: getattr(sites, name) for name in (*OWNED, "running_eh_s")}
    weights["hash_eh_s"] = installed_eh_s
    # Released sites have owner -1 and fall into the first bin.
    return {name: np.bincount(index, column, length)[1:] for name, column in weights.items()}


def present_firms(state: State, secured_mw: np.ndarray) -> np.ndarray:
    """Return which firms count for concentration: living miners, and outsiders that hold megawatts."""
    firms = state.firms
    return np.where(firms.kind <= Kind.PRIVATE, firms.status < Status.ACQUIRED, secured_mw > 0)


def record(state: State) -> None:
    """Close the month: hand what the tables hold to the recorder."""
    state.recorder.record(state)


def series_row(state: State, owned: Mapping[str, np.ndarray], previous: Mapping[str, float]) -> Row:
    """Return the month's row; `previous` is the row before (empty in the first month)."""
    row = _bitcoin(state, owned) | _megawatts(state) | _power(state) | _grid(state) | _leases(state, previous)
    row |= _firms(state, previous)
    row |= _value(state, owned)
    row.update(state.figures)
    return row


def _bitcoin(state: State, owned: Mapping[str, np.ndarray]) -> Row:
    frontier = int(np.count_nonzero(state.generation_month <= state.month)) - 1
    machines = state.scratch.get("machine_mw", _NOTHING).sum()
    return {
        "btc_price_usd": state.btc_price,
        "hashprice_usd_ph_day": state.hashprice,
        "difficulty": state.network.difficulty,
        "nameplate_eh_s": float(owned["hash_eh_s"].sum()),
        "under_water_share": _ratio(state.scratch.get("under_water_mw", _NOTHING).sum(), machines),
        "frontier_j_th": float(state.generations[frontier]),
        "machine_price_usd_th": float(state.machine_price[frontier]),
        "orders_eh_s": float(state.orders.sum()),
    }


def _megawatts(state: State) -> Row:
    sites = state.sites
    columns = np.array([getattr(sites, name) for name in OWNED])
    everywhere, us = columns.sum(axis=1), columns @ sites.us.astype(float)
    row = dict(zip(OWNED, everywhere.tolist(), strict=True))
    row |= {f"us_{name}": value for name, value in zip(OWNED, us.tolist(), strict=True)}
    row["ai_mw"] = row["building_mw"] + row["subleased_mw"] + row["converted_mw"]
    return row


def _power(state: State) -> Row:
    buyers, leases = state.hyperscalers, state.leases
    delivering = (leases.status == LeaseStatus.DELIVERING) & state.sites.us[leases.site]
    demand, grid, onsite = (
        float(column.sum()) * GW for column in (buyers.demand_mw, buyers.grid_mw, buyers.onsite_mw)
    )
    miners = float(leases.gross_mw @ delivering) * GW
    return {
        "demand_gw": demand,
        "delivered_grid_gw": grid,
        "delivered_miners_gw": miners,
        "delivered_onsite_gw": onsite,
        "gap_gw": max(demand - grid - miners - onsite, 0.0),
        "stranded_gw": max(grid + miners + onsite - demand, 0.0),
        "committed_gw": float(buyers.committed_mw.sum()) * GW,
        "unsecured_need_gw": float(buyers.need_mw.sum()) * GW,
    }


def _grid(state: State) -> Row:
    regions = state.regions
    us = regions.us.astype(float)
    peak, priced = regions.peak_mw * us, us * (regions.capacity_price_start > 0)
    connects = np.isfinite(regions.wait_years)
    waits, access = np.where(connects, regions.wait_years, 0.0), regions.near_term_mw * us * connects
    return {
        "queue_gw": float(regions.queue_mw @ us) * GW,
        "queue_speculative_gw": float(regions.speculative_mw @ us) * GW,
        "queue_wait_years": _ratio(float(waits @ access), float(access.sum())),
        "queue_arrived_gw": float(regions.arrived_mw @ us) * GW,
        "queue_withdrawn_gw": float(regions.withdrawn_mw @ us) * GW,
        "queue_connected_gw": float(regions.connected_now_mw @ us) * GW,
        "capacity_price_usd_mw_day": _ratio(
            float(regions.capacity_price @ (peak * priced)), float(peak @ priced)
        ),
        "energy_index": _ratio(float(regions.energy_index @ peak), float(peak.sum())),
        "response_credit_usd_mwh": _ratio(float(regions.response_credit @ peak), float(peak.sum())),
    }


def _leases(state: State, previous: Mapping[str, float]) -> Row:
    leases, month = state.leases, state.month
    building, delivering = leases.status == LeaseStatus.BUILDING, leases.status == LeaseStatus.DELIVERING
    kept = leases.ever_delivered | delivering
    due = leases.promised <= month
    contracted = float(leases.gross_mw @ (building | delivering))
    delivered = float(leases.gross_mw @ delivering)
    due_mw = float(leases.gross_mw @ due)
    on_time = due & kept & (leases.delivery <= leases.promised)
    new = (leases.signed == month) & ~leases.at_start
    return {
        "contracted_mw": contracted,
        "contracted_it_mw": float(leases.it_mw @ (building | delivering)),
        "delivered_mw": delivered,
        "delivered_over_contracted": _ratio(delivered, contracted),
        "delivered_over_due": _ratio(float(leases.gross_mw @ (due & kept)), due_mw),
        "on_time_over_due": _ratio(float(leases.gross_mw @ on_time), due_mw),
        "leases_signed": float(np.count_nonzero(new)),
        "signed_mw": float(leases.gross_mw @ new),
        "signed_it_mw": float(leases.it_mw @ new),
        **_deal_rents(state, new, previous),
    }


DEALS = {
    "deal_rent_space_usd_kw_month": (Product.SHELL, Product.COLOCATION),
    "deal_rent_cloud_usd_kw_month": (Product.CLOUD, Product.CLOUD),
}


def _deal_rents(state: State, new: np.ndarray, previous: Mapping[str, float]) -> Row:
    """Return what was last paid: a month without a deal quotes the deal before, as in any thin market."""
    leases = state.leases
    if previous and not new.any():
        return {name: previous[name] for name in DEALS}
    signed = new if previous else new | leases.at_start
    # Published rents are means over the term, and so are those of the model's own leases here.
    usual = average_over_first(state.terms)
    rent = leases.rent * mean_over_term(np.log1p(leases.escalator), np.maximum(leases.term, 1) / 12.0)
    row = {}
    for name, (first, last) in DEALS.items():
        weight = leases.it_mw * (signed & (leases.product >= first) & (leases.product <= last))
        before = previous.get(name, float(state.expected_rent[last] * usual[last - 1]) * USD_KW_MONTH)
        total = float(weight.sum())
        row[name] = float(rent @ weight) / total * USD_KW_MONTH if total > 0 else before
    return row


def _firms(state: State, previous: Mapping[str, float]) -> Row:
    firms, month = state.firms, state.month
    miner = firms.kind <= Kind.PRIVATE
    gone = miner & (firms.exit_month == month)
    row = {
        "exits": np.count_nonzero(gone),
        "mergers": np.count_nonzero(gone & (firms.exit_reason == Status.ACQUIRED)),
        "liquidations": np.count_nonzero(gone & (firms.exit_reason == Status.LIQUIDATED)),
        "closures": np.count_nonzero(gone & (firms.exit_reason == Status.CLOSED)),
        "chapter11_filings": np.count_nonzero(miner & (firms.chapter11_month == month)),
        "entries": np.count_nonzero(miner & (firms.entry_month == month)) if month else 0,
    }
    row |= {f"{name}_total": previous.get(f"{name}_total", 0.0) + count for name, count in row.items()}
    alive = miner & (firms.status < Status.ACQUIRED)
    row["firms_alive"] = np.count_nonzero(alive)
    row["firms_distressed"] = np.count_nonzero(alive & (firms.status == Status.DISTRESSED))
    row["firms_in_chapter11"] = np.count_nonzero(alive & (firms.status == Status.CHAPTER11))
    return {name: float(count) for name, count in row.items()}


def _value(state: State, owned: Mapping[str, np.ndarray]) -> Row:
    firms = state.firms
    miner = (firms.kind <= Kind.PRIVATE).astype(float)
    energised, secured, hash_eh_s = (
        float(owned[name] @ miner) for name in ("energised_mw", "secured_mw", "hash_eh_s")
    )
    contracted = float((owned["building_mw"] + owned["subleased_mw"] + owned["converted_mw"]) @ miner)
    value, leases = float(firms.enterprise_value @ miner), float(firms.value_leases @ miner)
    return {
        "corporate_debt_musd": float(firms.corporate_debt @ miner),
        "project_debt_musd": float(firms.project_debt @ miner),
        "cash_musd": float((firms.cash + firms.restricted_cash) @ miner),
        "treasury_btc": float(firms.btc @ miner),
        "enterprise_value_musd": value,
        "equity_value_musd": float(firms.equity_value @ miner),
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
