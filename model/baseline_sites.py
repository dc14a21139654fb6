"""Sites of the listed miners on the baseline date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.tables import NEVER, Contract, Stage, Tenure
from model.calendar import Calendar
from model.streams import Streams, slots_of

if TYPE_CHECKING:
    from model.baseline_rows import ListedSite
    from model.baseline_tables import BaselineTables
    from model.scenario import Scenario

type Columns = dict[str, np.ndarray]

LARGE_MW = 100.0
"""Least size of the sites that `choice.convertible_large` and the 6.3 GW of the baseline speak of."""
MIDDLE_MW = 20.0
"""Least size of the sites that `choice.convertible_middle` speaks of."""

TENURES = {"owned": Tenure.OWNED, "leased": Tenure.LEASED, "hosted": Tenure.HOSTED}
STAGES = {
    "operating": Stage.OPERATING,
    "construction": Stage.CONSTRUCTION,
    "approved": Stage.APPROVED,
    "option": Stage.OPTION,
}
CONTRACTS = {
    "hydro": Contract.FIXED,
    "own_generation": Contract.OWN,
    "grid": Contract.GRID,
    "mixed": Contract.GRID,
}
"""How power contracts of sites.csv are modelled; `ppa` is fixed, with resale in the US."""


def site_name(row: ListedSite) -> str:
    """Return what a listed site is called in results."""
    return f"{row.ticker} {row.site}"


def listed_sites(tables: BaselineTables, calendar: Calendar) -> Columns:
    """Return every row of sites.csv as columns, machines still without generations.

    Columns of the site table, and besides: `hash_eh`, `efficiency` (J/TH of the owner's fleet), `contracted`
    and `announced` (AI status).
    """
    rows = tables.sites
    miners = {row.ticker: index for index, row in enumerate(tables.miners)}
    regions = {row.region: index for index, row in enumerate(tables.regions)}
    owner = np.array([miners[row.ticker] for row in rows], dtype=np.int64)
    hashrate = np.array([row.hashrate_eh_s for row in tables.miners])
    efficiency = np.array([row.efficiency_j_per_th for row in tables.miners])
    load = np.array([not generates_only(row) for row in rows])
    pipeline = np.array([row.pipeline_mw for row in rows]) * load
    columns = {
        "slot": slots_of("site", [site_name(row) for row in rows]),
        "owner": owner,
        "region": np.array([regions[row.region] for row in rows], dtype=np.int64),
        "us": np.array([row.country == "US" for row in rows]),
        "tenure": np.array([TENURES[row.tenure] for row in rows], dtype=np.int64),
        "contract": np.array([_contract(row) for row in rows], dtype=np.int64),
        "stage": _stages(tables, calendar),
        "site_count": np.array([float(row.site_count) for row in rows]),
        "power_cost": np.array([row.power_cost_usd_per_mwh for row in rows]),
        "fibre": np.array([row.fibre for row in rows]),
        "land": np.array([row.land_expandable for row in rows]),
        "energised_mw": np.array([row.energised_mw for row in rows]) * load,
        "pipeline_start_mw": pipeline,
        "energisation": np.where(pipeline > 0.0, _energisation(tables, calendar), NEVER),
        "hash_eh": hashrate[owner] * _hash_shares(tables, owner),
        "efficiency": efficiency[owner],
        "contracted": np.array([row.ai_status == "contracted" for row in rows]),
        "announced": np.array([row.ai_status == "announced" for row in rows]),
    }
    columns["operating_cost"] = operating_cost(tables, columns, listed=np.ones(len(rows), dtype=bool))
    columns["hosting_margin"] = hosting_margin(tables, columns)
    return columns


def generates_only(row: ListedSite) -> bool:
    """Return whether a row is a power plant without a load behind it (Hut 8's gas plants in Ontario)."""
    operating_plant = row.status == "operating" and row.power_contract == "own_generation"
    return operating_plant and row.hashrate_share == 0 and row.pipeline_mw == 0 and row.ai_status == "none"


def _hash_shares(tables: BaselineTables, owner: np.ndarray) -> np.ndarray:
    """Return each site's share of its owner's hash; rounded shares are made to sum to one."""
    share = np.array([row.hashrate_share for row in tables.sites])
    total = np.bincount(owner, share, minlength=len(tables.miners))
    return np.divide(share, total[owner], out=share, where=total[owner] > 0.0)


def _contract(row: ListedSite) -> Contract:
    if row.tenure == "hosted":
        return Contract.FIXED
    if row.power_contract == "ppa":
        return Contract.FIXED_RESALE if row.country == "US" else Contract.FIXED
    return CONTRACTS[row.power_contract]


def _energisation(tables: BaselineTables, calendar: Calendar) -> np.ndarray:
    """Return the month each pipeline energises; what was due before the start comes in the first month."""
    due = [NEVER if row.pipeline_date is None else calendar.month(row.pipeline_date) for row in tables.sites]
    return np.maximum(np.array(due, dtype=np.int64), 0)


def _stages(tables: BaselineTables, calendar: Calendar) -> np.ndarray:
    """Return the stage of each pipeline; an expansion is under construction when it is due within a build.

    The longest build of a mine in costs.csv divides expansions under construction from those approved only.
    """
    stages = np.array([STAGES[row.status] for row in tables.sites], dtype=np.int64)
    expands = np.array([row.status == "operating" and row.pipeline_mw > 0 for row in tables.sites])
    build = tables.cost("mine_build_lead")
    longest = build.value if build.high is None else build.high
    later = np.where(_energisation(tables, calendar) <= longest, Stage.CONSTRUCTION, Stage.APPROVED)
    return np.where(expands, later, stages)


def size_mw(columns: Columns) -> np.ndarray:
    """Return energised and coming megawatts per physical site: the size that eligibility speaks of."""
    return (columns["energised_mw"] + columns["pipeline_start_mw"]) / columns["site_count"]


def operating_cost(tables: BaselineTables, columns: Columns, listed: np.ndarray) -> np.ndarray:
    """Return cash cost besides power, USD/MWh: low for listed owners and large sites, none when hosted."""
    low = listed | (size_mw(columns) >= LARGE_MW)
    cost = np.where(
        low,
        tables.cost("opex_besides_power_owned_large").value,
        tables.cost("opex_besides_power_all_in").value,
    )
    return np.where(columns["tenure"] == Tenure.HOSTED, 0.0, cost)


def hosting_margin(tables: BaselineTables, columns: Columns) -> np.ndarray:
    """Return the host's part of a hosting price, USD/MWh: the hosting adder less the cost of a site."""
    adder = tables.cost("adder_hosted").value - tables.cost("opex_besides_power_owned_large").value
    margin = np.minimum(max(adder, 0.0), columns["power_cost"])
    return np.where(columns["tenure"] == Tenure.HOSTED, margin, 0.0)


def convertible(
    scenario: Scenario, streams: Streams, columns: Columns, announced: np.ndarray, contracted: np.ndarray
) -> np.ndarray:
    """Draw which sites are fit for AI, each by its own slot.

    The probability is that of the size class; without fibre, or without room to expand, it is that of the
    class below. An announced plan counts as fibre and land, a contract as fit; hosted machines never are.
    """
    choice = scenario.choice
    chance = np.array([choice.convertible_small, choice.convertible_middle, choice.convertible_large])
    size_class = np.digitize(size_mw(columns), [MIDDLE_MW, LARGE_MW])
    complete = announced | (columns["fibre"] & columns["land"])
    size_class = np.maximum(size_class - ~complete, 0)
    drawn = streams.uniform("eligibility", 0, columns["slot"])
    fit = drawn < chance[size_class] * choice.eligibility_scale
    return (fit & (columns["tenure"] != Tenure.HOSTED)) | contracted
