"""The industry on the baseline date: tables turned into firms, sites, leases, buyers and regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Table
from agents.tables import (
    FIRM,
    HYPERSCALER,
    LEASE,
    REGION,
    REQUEST,
    LeaseStatus,
    Product,
    Tenure,
    site_columns,
)
from model.baseline_checks import BaselineError
from model.baseline_firms import firm_columns
from model.baseline_leases import Piece, add_finance, lease_columns, place_contracts
from model.baseline_machines import Machines, fit_to_megawatts, fleets, machines
from model.baseline_network import NetworkStart, hashprice_at, network_start, reference_hashprice
from model.baseline_sites import Columns, convertible, listed_sites, site_name
from model.baseline_tables import BaselineTables, load_tables
from model.calendar import Calendar
from model.streams import Streams, slots_of
from model.tail import Tail, build_tail, find_hosts, tail_totals

if TYPE_CHECKING:
    from model.scenario import Scenario


@dataclass
class Baseline:
    """Everything a `State` is built from; the tables are described in `agents.tables`."""

    tables: BaselineTables
    calendar: Calendar
    firms: Table
    sites: Table
    leases: Table
    hyperscalers: Table
    regions: Table
    requests: Table
    firm_names: list[str]
    site_names: list[str]
    hyperscaler_names: list[str]
    region_names: list[str]
    generations: np.ndarray
    """J/TH of each machine generation, falling; future ones included."""
    generation_month: np.ndarray
    """Month from which each generation can be ordered."""
    machine_price: np.ndarray
    """USD/TH of each generation, new."""
    network: NetworkStart
    rest_of_world_hash: float
    """EH/s realised outside the modelled firms, so that the network adds up."""


def build_baseline(scenario: Scenario, streams: Streams) -> Baseline:
    """Return the industry at the start of a scenario.

    Raises:
        BaselineError: If a table breaks a rule, a contract does not fit into its miner's megawatts, or the run
            starts outside difficulty_epochs.csv.
    """
    folder = scenario.population.data_folder
    tables = load_tables(None if folder is None else Path(folder))
    calendar = Calendar(scenario.horizon.start)
    kinds = machines(tables, scenario, calendar)
    network = network_start(tables, calendar)
    sites, pieces, tail = _place(tables, scenario, streams, calendar, kinds, network)
    hash_matrix = fleets(sites["hash_eh"], sites["efficiency"], kinds, scenario.population.fleet_log_sigma)
    buyers = _hyperscaler_columns(tables, scenario)
    leases = lease_columns(tables, scenario, calendar, sites, pieces)
    restricted = np.array([row.restricted_cash_musd for row in tables.miners])
    add_finance(leases, scenario, buyers, restricted)
    _add_contracted(buyers, leases)
    hashprice = hashprice_at(network, scenario.bitcoin.price_start, scenario.bitcoin.fee_share)
    firm_names, firms = firm_columns(
        tables, scenario, streams, sites, leases, hash_matrix, kinds, tail, hashprice
    )
    uptime = tables.tail_value("listed_uptime")
    return Baseline(
        tables,
        calendar,
        firms=_table(FIRM, firms),
        sites=_site_table(sites, leases, hash_matrix, uptime),
        leases=_table(LEASE, leases),
        hyperscalers=_table(HYPERSCALER, buyers),
        regions=_table(REGION, _region_columns(tables, scenario)),
        requests=Table(REQUEST),
        firm_names=firm_names,
        site_names=[site_name(row) for row in tables.sites] + tail.site_names,
        hyperscaler_names=[row.firm for row in tables.hyperscalers],
        region_names=[row.region for row in tables.regions],
        generations=kinds.efficiency,
        generation_month=kinds.month,
        machine_price=kinds.price,
        network=network,
        rest_of_world_hash=_rest_of_world_hash(tables, sites, uptime),
    )


def _place(
    tables: BaselineTables,
    scenario: Scenario,
    streams: Streams,
    calendar: Calendar,
    kinds: Machines,
    network: NetworkStart,
) -> tuple[Columns, list[Piece], Tail]:
    """Return columns of all sites, listed first, the contracts on them, and the private tail."""
    pue, best = scenario.power.pue_mining, float(kinds.efficiency[kinds.owned].min())
    listed = listed_sites(tables, calendar)
    nameplate = (listed["hash_eh"], listed["efficiency"])
    around = (listed["owner"], listed["us"], best, pue)
    fit = fit_to_megawatts(*nameplate, listed["energised_mw"], *around)
    pieces = place_contracts(tables, scenario, calendar, listed, fit.hash_eh * fit.efficiency * pue)
    unlet = listed["energised_mw"].copy()
    for piece in pieces:
        unlet[piece.site] -= piece.mw * piece.energised
    fit = fit_to_megawatts(*nameplate, np.maximum(unlet, 0.0), *around)
    listed |= {"hash_eh": fit.hash_eh, "efficiency": fit.efficiency}
    listed["convertible"] = convertible(listed, listed["announced"], listed["contracted"], scenario, streams)
    totals = tail_totals(tables, listed, fit, pue)
    tail = build_tail(scenario, streams, tables, listed, totals, best, reference_hashprice(tables, network))
    private = tail.sites | {"owner": tail.sites["owner"] + len(tables.miners)}
    sites = {name: np.concatenate([listed[name], private[name]]) for name in listed}
    sites["private"] = np.arange(len(sites["slot"])) >= len(tables.sites)
    sites["machine_mw"] = sites["hash_eh"] * sites["efficiency"] * pue
    sites["host_site"] = find_hosts(sites, streams)
    return sites, pieces, tail


def _site_table(sites: Columns, leases: Columns, hash_matrix: np.ndarray, uptime: float) -> Table:
    """Return the site table, megawatts by use included."""
    count = len(sites["slot"])
    delivering = leases["status"] == LeaseStatus.DELIVERING
    shell = leases["product"] == Product.SHELL

    def let(rows: np.ndarray) -> np.ndarray:
        return np.bincount(leases["site"][rows], leases["gross_mw"][rows], minlength=count)

    building, subleased, converted = let(~delivering), let(delivering & shell), let(delivering & ~shell)
    secured = sites["energised_mw"] + sites["pipeline_start_mw"]
    on_pipeline = let(leases["on_pipeline"])
    pipeline = np.maximum(sites["pipeline_start_mw"] - on_pipeline, 0.0)
    unlet = np.maximum(secured - pipeline - building - subleased - converted, 0.0)
    mining = np.minimum(sites["machine_mw"], unlet)
    last_choice = np.zeros(count, dtype=np.int64)
    last_choice[leases["site"]] = leases["product"]
    columns = {name: sites[name] for name in sites if name in {column.name for column in site_columns(1)}}
    columns |= {
        "hash": hash_matrix,
        "secured_mw": secured,
        "mining_mw": mining,
        "idle_mw": unlet - mining,
        "building_mw": building,
        "subleased_mw": subleased,
        "converted_mw": converted,
        "pipeline_mw": pipeline,
        "uptime": np.where(sites["machine_mw"] > 0.0, uptime, 0.0),
        "last_choice": last_choice,
    }
    table = Table(site_columns(hash_matrix.shape[1]))
    table.add(count, columns)
    return table


def _table(declared: tuple, columns: Columns) -> Table:
    names = {column.name for column in declared}
    table = Table(declared)
    table.add(len(next(iter(columns.values()))), {name: columns[name] for name in columns if name in names})
    return table


def _rest_of_world_hash(tables: BaselineTables, sites: Columns, uptime: float) -> float:
    modelled = uptime * float(sites["hash_eh"].sum())
    rest = tables.tail_value("network_hashrate_2025_11") - modelled
    if rest < 0.0:
        raise BaselineError(
            f"tail.csv: network_hashrate_2025_11 is below the {modelled:.5g} EH/s of listed and private miners"
        )
    return rest


def _hyperscaler_columns(tables: BaselineTables, scenario: Scenario) -> Columns:
    rows, ai = tables.hyperscalers, scenario.ai
    grade = np.array([row.credit_class == "investment_grade" for row in rows])
    return {
        "slot": slots_of("hyperscaler", [row.firm for row in rows]),
        "investment_grade": grade,
        "neocloud": np.array([row.buyer_class == "neocloud" for row in rows]),
        "demand_share": np.array([row.demand_share_2025_2028 for row in rows]),
        "margin": np.array([row.ai_margin_musd_per_it_mw_year for row in rows]) * ai.margin_scale,
        "discount_rate": np.where(grade, ai.discount_investment_grade, ai.discount_high_yield),
        "default_hazard": np.where(grade, ai.default_investment_grade, ai.default_high_yield),
    }


def _add_contracted(buyers: Columns, leases: Columns) -> None:
    """Add what buyers already rent, delivering and building."""
    delivering = leases["status"] == LeaseStatus.DELIVERING
    count = len(buyers["slot"])
    for name, rows in (("leased_mw", delivering), ("committed_mw", ~delivering)):
        buyers[name] = np.bincount(leases["tenant"][rows], leases["gross_mw"][rows], minlength=count)


def _region_columns(tables: BaselineTables, scenario: Scenario) -> Columns:
    """Return regions; what the published queue holds is split into serious and speculative requests."""
    rows = tables.regions

    def column(name: str, scale: float = 1.0) -> np.ndarray:
        return np.array([getattr(row, name) or 0.0 for row in rows]) * scale

    peak, reserve = column("peak_load_gw", 1000.0), column("reserve_margin_target")
    capacity_price = column("capacity_price_usd_per_mw_day")
    credit = column("demand_response_credit_usd_per_mwh")
    queue = column("large_load_queue_gw", 1000.0)
    return {
        "us": np.array([row.near_term_grid_gw is not None for row in rows]),
        "peak_mw": peak,
        "reserve_margin": reserve,
        "near_term_mw": column("near_term_grid_gw", 1000.0),
        "under_construction_mw": column("under_construction_gw", 1000.0),
        "firm_addition_mw": column("firm_addition_gw_per_year", 1000.0),
        "lead_time": column("lead_time_years") * scenario.power.lead_scale,
        "energy_price_start": column("energy_price_usd_per_mwh"),
        "energy_volatility": column("energy_price_volatility"),
        "capacity_price_start": capacity_price,
        "capacity_price": capacity_price,
        "response_credit_start": credit,
        "response_credit": credit,
        "accredited_mw": peak * (1.0 + reserve),
        "promised_mw": peak * (1.0 + reserve),
        "queue_mw": queue * scenario.power.serious_share,
        "speculative_mw": queue * (1.0 - scenario.power.serious_share),
    }
