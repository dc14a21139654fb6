"""The industry on the baseline date: tables turned into firms, sites, leases, buyers and regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Column, Table
from agents.tables import FIRM, HYPERSCALER, LEASE, REGION, REQUEST, LeaseStatus, Product, site_columns
from model.baseline_checks import BaselineError
from model.baseline_contracts import Piece, place_contracts
from model.baseline_firms import firm_columns
from model.baseline_inputs import Inputs
from model.baseline_leases import add_finance, lease_columns
from model.baseline_machines import fit_to_megawatts, fleets
from model.baseline_network import NetworkStart
from model.baseline_sites import Columns, convertible, listed_sites, site_name
from model.baseline_tables import BaselineTables
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
    hashprice: float
    """USD/PH/day on the first day, fees included."""
    rest_of_world_hash: float
    """EH/s realised outside the modelled firms, so that the network adds up."""
    demand_gw: float
    """AI demand of the scenario; without any there are no contracts."""


def build_baseline(scenario: Scenario, streams: Streams) -> Baseline:
    """Return the industry at the start of a scenario.

    Raises:
        BaselineError: If a table breaks a rule, a contract does not fit into its miner's megawatts, or the
            run starts outside difficulty_epochs.csv.
    """
    inputs = Inputs.of(scenario, streams)
    tables, kinds = inputs.tables, inputs.machines
    sites, pieces, tail = _place(inputs)
    hash_matrix = fleets(sites["hash_eh"], sites["efficiency"], kinds, scenario.population.fleet_log_sigma)
    buyers = _hyperscaler_columns(inputs)
    leases = lease_columns(inputs, sites, pieces)
    add_finance(inputs, leases, buyers)
    _add_contracted(buyers, leases)
    firm_names, firms = firm_columns(inputs, sites, leases, hash_matrix, tail)
    return Baseline(
        tables,
        inputs.calendar,
        firms=_table(FIRM, firms),
        sites=_site_table(inputs, sites, leases, hash_matrix),
        leases=_table(LEASE, leases),
        hyperscalers=_table(HYPERSCALER, buyers),
        regions=_table(REGION, _region_columns(inputs)),
        requests=Table(REQUEST),
        firm_names=firm_names,
        site_names=[site_name(row) for row in tables.sites] + tail.site_names,
        hyperscaler_names=[row.firm for row in tables.hyperscalers],
        region_names=[row.region for row in tables.regions],
        generations=kinds.efficiency,
        generation_month=kinds.month,
        machine_price=kinds.price,
        network=inputs.network,
        hashprice=inputs.hashprice,
        rest_of_world_hash=_rest_of_world_hash(inputs, sites),
        demand_gw=inputs.scenario.ai.demand_gw,
    )


def _place(inputs: Inputs) -> tuple[Columns, list[Piece], Tail]:
    """Return columns of all sites, listed first, the contracts on them, and the private tail."""
    tables, kinds = inputs.tables, inputs.machines
    best = float(kinds.efficiency[kinds.owned].min())
    listed = listed_sites(tables, inputs.calendar)
    fleet = (listed["hash_eh"], listed["efficiency"])
    around = (listed["owner"], listed["us"], best, inputs.pue)
    fit = fit_to_megawatts(*fleet, listed["energised_mw"], *around)
    pieces = place_contracts(inputs, listed, fit.hash_eh * fit.efficiency * inputs.pue)
    unlet, let = listed["energised_mw"].copy(), listed["contracted"].copy()
    for piece in pieces:
        unlet[piece.site] -= piece.mw * piece.energised
        let[piece.site] = True
    fit = fit_to_megawatts(*fleet, np.maximum(unlet, 0.0), *around)
    listed |= {"hash_eh": fit.hash_eh, "efficiency": fit.efficiency}
    listed["convertible"] = convertible(inputs.scenario, inputs.streams, listed, listed["announced"], let)
    tail = build_tail(inputs, listed, tail_totals(tables, listed, fit, inputs.pue), best)
    private = tail.sites | {"owner": tail.sites["owner"] + len(tables.miners)}
    sites = {name: np.concatenate([listed[name], private[name]]) for name in listed}
    sites["private"] = np.arange(len(sites["slot"])) >= len(tables.sites)
    sites["machine_mw"] = sites["hash_eh"] * sites["efficiency"] * inputs.pue
    sites["host_site"] = find_hosts(sites, inputs.streams)
    return sites, pieces, tail


def _site_table(inputs: Inputs, sites: Columns, leases: Columns, hash_matrix: np.ndarray) -> Table:
    """Return the site table, megawatts by use included."""
    count = len(sites["slot"])
    delivering, shell = leases["status"] == LeaseStatus.DELIVERING, leases["product"] == Product.SHELL

    def let(rows: np.ndarray) -> np.ndarray:
        return np.bincount(leases["site"][rows], leases["gross_mw"][rows], minlength=count)

    building, subleased, converted = let(~delivering), let(delivering & shell), let(delivering & ~shell)
    secured = sites["energised_mw"] + sites["pipeline_start_mw"]
    pipeline = np.maximum(sites["pipeline_start_mw"] - let(leases["on_pipeline"]), 0.0)
    unlet = np.maximum(secured - pipeline - building - subleased - converted, 0.0)
    mining = np.minimum(sites["machine_mw"], unlet)
    last_choice = np.zeros(count, dtype=np.int64)
    last_choice[leases["site"]] = leases["product"]
    columns = sites | {
        "hash": hash_matrix,
        "secured_mw": secured,
        "mining_mw": mining,
        "idle_mw": unlet - mining,
        "building_mw": building,
        "subleased_mw": subleased,
        "converted_mw": converted,
        "pipeline_mw": pipeline,
        "uptime": np.where(sites["machine_mw"] > 0.0, inputs.uptime, 0.0),
        "last_choice": last_choice,
    }
    return _table(site_columns(hash_matrix.shape[1]), columns)


def _table(declared: tuple[Column, ...], columns: Columns) -> Table:
    """Return a table with the declared ones of the columns."""
    names = {column.name for column in declared}
    table = Table(declared)
    table.add(len(next(iter(columns.values()))), {name: columns[name] for name in columns if name in names})
    return table


def _rest_of_world_hash(inputs: Inputs, sites: Columns) -> float:
    modelled = inputs.uptime * float(sites["hash_eh"].sum())
    rest = inputs.tables.tail_value("network_hashrate_2025_11") - modelled
    if rest < 0.0:
        raise BaselineError(
            f"tail.csv: network_hashrate_2025_11 is below the {modelled:.5g} EH/s of the modelled miners"
        )
    return rest


def _hyperscaler_columns(inputs: Inputs) -> Columns:
    rows, ai = inputs.tables.hyperscalers, inputs.scenario.ai
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


def _region_columns(inputs: Inputs) -> Columns:
    """Return regions; what the published queue holds is split into serious and speculative requests."""
    rows, power = inputs.tables.regions, inputs.scenario.power

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
        "lead_time": column("lead_time_years") * power.lead_scale,
        "energy_price_start": column("energy_price_usd_per_mwh"),
        "energy_volatility": column("energy_price_volatility"),
        "capacity_price_start": capacity_price,
        "capacity_price": capacity_price,
        "response_credit_start": credit,
        "response_credit": credit,
        "accredited_mw": peak * (1.0 + reserve),
        "promised_mw": peak * (1.0 + reserve),
        "queue_mw": queue * power.serious_share,
        "speculative_mw": queue * (1.0 - power.serious_share),
    }
