"""What the world at the start must add up to: figures of the built state beside those of the tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents.tables import USES, Kind, LeaseStatus, Stage, Tenure
from model.baseline import Baseline
from model.baseline_sites import LARGE_MW, generates_only

MW_PER_GW = 1000.0
EXACT = 1e-6
"""Relative slack of sums that hold by construction."""


@dataclass(frozen=True)
class Identity:
    """A figure of the built state and what it should be.

    Attributes:
        name: What the figure is.
        value: As built.
        target: As the tables have it; NaN where it is shown for information only.
        tolerance: Most that the two may differ by, in the same unit.
        unit: Unit of all three.
    """

    name: str
    value: float
    target: float
    tolerance: float
    unit: str

    @property
    def ok(self) -> bool:
        """Return whether the figure is what it should be."""
        return math.isnan(self.target) or abs(self.value - self.target) <= self.tolerance


def identities(baseline: Baseline) -> list[Identity]:
    """Return every identity of the start, in the order in which they are printed."""
    parts = (_power_gap, _network, _us_megawatts, _tickers, _contracts, _books)
    return [identity for part in parts for identity in part(baseline)]


def _relative(name: str, value: float, target: float, share: float, unit: str) -> Identity:
    return Identity(name, float(value), float(target), share * abs(float(target)) + 1e-9, unit)


def _shown(name: str, value: float, unit: str) -> Identity:
    return Identity(name, float(value), math.nan, math.nan, unit)


def _power_gap(baseline: Baseline) -> Iterator[Identity]:
    tables, regions = baseline.tables, baseline.regions
    demand = sum(row.new_us_demand_gw for row in tables.demand_path if not row.extension)
    near_term = regions.near_term_mw.sum() / MW_PER_GW
    building = regions.under_construction_mw.sum() / MW_PER_GW
    claims = [
        tables.target(name).value
        for name in ("claim_us_dc_demand_2025_28", "claim_near_term_grid", "claim_under_construction")
    ]
    yield _relative("US data-center demand 2025-28", demand, claims[0], EXACT, "GW")
    yield _relative("near-term grid access", near_term, claims[1], EXACT, "GW")
    yield _relative("data centers under construction", building, claims[2], EXACT, "GW")
    gap = demand - near_term - building
    yield _relative(
        "power gap (the article rounds it to 45)", gap, claims[0] - claims[1] - claims[2], EXACT, "GW"
    )
    yield _relative("demand shares of buyers", baseline.hyperscalers.demand_share.sum(), 1.0, EXACT, "share")


def _network(baseline: Baseline) -> Iterator[Identity]:
    tables, sites = baseline.tables, baseline.sites
    uptime = tables.tail_value("listed_uptime")
    site_hash, listed = sites.hash.sum(axis=1), _listed(baseline)
    total = uptime * site_hash.sum() + baseline.rest_of_world_hash
    yield _relative("network hashrate", total, tables.tail_value("network_hashrate_2025_11"), EXACT, "EH/s")
    yield _relative(
        "the same in network_history.csv", total, tables.network_history[-1].hashrate_avg_eh_s, 0.001, "EH/s"
    )
    stated = sum(row.hashrate_eh_s for row in tables.miners)
    yield _relative("nameplate hashrate of listed miners", site_hash[listed].sum(), stated, EXACT, "EH/s")
    yield _shown("realised hashrate of the rest of the world", baseline.rest_of_world_hash, "EH/s")
    load = sites.hash @ baseline.generations
    yield _relative(
        "mean efficiency of listed fleets (lowered where machines exceed their megawatts)",
        load[listed].sum() / site_hash[listed].sum(),
        tables.tail_value("listed_efficiency_mean"),
        0.03,
        "J/TH",
    )
    if site_hash[~listed].any():
        yield _relative(
            "mean efficiency of private fleets (they make up the load that listed fleets lack)",
            load[~listed].sum() / site_hash[~listed].sum(),
            tables.tail_value("tail_us_efficiency_mean"),
            0.08,
            "J/TH",
        )
    quoted = tables.target("hashprice_baseline")
    spread = max(quoted.value - (quoted.low or 0.0), (quoted.high or math.inf) - quoted.value)
    yield Identity("hashprice on the first day", baseline.hashprice, quoted.value, spread, "USD/PH/day")


def _listed(baseline: Baseline) -> np.ndarray:
    """Return which sites are of listed miners."""
    return baseline.firms.kind[baseline.sites.owner] == Kind.LISTED


def _us_megawatts(baseline: Baseline) -> Iterator[Identity]:
    tables, sites = baseline.tables, baseline.sites
    us, listed, hosted = sites.us, _listed(baseline), sites.tenure == Tenure.HOSTED
    uptime = tables.tail_value("listed_uptime")
    us_hash = uptime * sites.hash[us].sum()
    yield _relative("realised US hashrate", us_hash, tables.tail_value("us_hashrate"), EXACT, "EH/s")
    load = uptime * sites.mining_mw[us].sum()
    yield _relative("average US mining load", load, tables.tail_value("us_mining_load_mw"), EXACT, "MW")
    large = us & (sites.energised_mw >= LARGE_MW * sites.site_count)
    target = tables.tail_value("us_operating_mw_ge100")
    yield _relative(
        "energised at US sites of 100 MW and more", sites.energised_mw[large].sum(), target, 0.01, "MW"
    )
    own = sites.energised_mw[us & listed & ~hosted].sum()
    stated = tables.tail_value("listed_us_energised_mw_own_sites")
    yield _relative("energised at own US sites of listed miners", own, stated, EXACT, "MW")
    rented = sites.energised_mw[us & listed & hosted].sum()
    stated = tables.tail_value("listed_us_energised_mw_hosted")
    yield _relative("listed miners' machines at US hosts", rented, stated, EXACT, "MW")
    private = sites.energised_mw[us & ~listed].sum() + rented
    stated = tables.tail_value("tail_us_energised_mw")
    yield _relative("energised at private US sites, hosting included", private, stated, 0.05, "MW")
    yield from _us_pipeline(baseline, us & ~hosted)


def _us_pipeline(baseline: Baseline, own: np.ndarray) -> Iterator[Identity]:
    tables, sites = baseline.tables, baseline.sites
    coming = {stage: sites.pipeline_start_mw[own & (sites.stage == stage)].sum() for stage in Stage}
    planned = tables.tail_value("us_under_construction_mw") + tables.tail_value("us_approved_not_built_mw")
    secured = coming[Stage.CONSTRUCTION] + coming[Stage.APPROVED]
    yield _relative("US pipeline, options left out", secured, planned, EXACT, "MW")
    yield _shown("of which under construction", coming[Stage.CONSTRUCTION], "MW")
    yield _shown("of which approved", coming[Stage.APPROVED], "MW")
    yield _shown("US options", coming[Stage.OPTION], "MW")
    fit = sites.us & sites.convertible
    yield _shown("US megawatts drawn as fit for AI", sites.secured_mw[fit].sum(), "MW")


def _tickers(baseline: Baseline) -> Iterator[Identity]:
    tables, sites = baseline.tables, baseline.sites
    site_hash = sites.hash.sum(axis=1)
    for firm, row in enumerate(tables.miners):
        own = sites.owner == firm
        rows = [site for site in tables.sites if site.ticker == row.ticker and not generates_only(site)]
        stated = sum(site.energised_mw + site.pipeline_mw for site in rows)
        yield _relative(f"{row.ticker} megawatts", sites.secured_mw[own].sum(), stated, EXACT, "MW")
        yield _relative(f"{row.ticker} hashrate", site_hash[own].sum(), row.hashrate_eh_s, EXACT, "EH/s")
        if site_hash[own].any():
            cost = np.average(sites.power_cost[own], weights=site_hash[own])
            yield _relative(
                f"{row.ticker} power cost by hash", cost, row.power_cost_usd_per_mwh, 0.05, "USD/MWh"
            )


def _contracts(baseline: Baseline) -> Iterator[Identity]:
    tables, leases = baseline.tables, baseline.leases
    as_of = {row.ticker: row.as_of for row in tables.miners}
    rows = [row for row in tables.ai_contracts if row.miner in as_of and row.date <= as_of[row.miner]]
    rows = rows if baseline.demand_gw > 0.0 else []
    it_mw = sum(row.critical_it_mw for row in rows)
    yield _relative("contracted critical IT load", leases.it_mw.sum(), it_mw, EXACT, "MW of IT")
    yield _relative(
        "contract value over its term",
        (leases.rent * leases.it_mw * leases.term).sum() / 12.0,
        sum(row.value_musd for row in rows),
        0.001,
        "musd",
    )
    yield _shown("contracted load at the meter", leases.gross_mw.sum(), "MW")
    delivering = leases.status == LeaseStatus.DELIVERING
    yield _shown("of which delivering", leases.gross_mw[delivering].sum(), "MW")
    colocation = [
        row for row in tables.ai_contracts if row.product == "colocation" and row.date <= max(as_of.values())
    ]
    rent = sum(row.revenue_musd_per_it_mw_year for row in colocation) / max(len(colocation), 1)
    mean = tables.target("colocation_revenue_it").value
    yield _relative("mean rent of colocation deals", rent * 1000 / 12, mean * 1000 / 12, 0.02, "USD/kW-month")


def _books(baseline: Baseline) -> Iterator[Identity]:
    sites, firms, leases = baseline.sites, baseline.firms, baseline.leases
    by_use = sum(getattr(sites, use) for use in USES)
    yield Identity(
        "megawatts by use less megawatts", np.abs(by_use - sites.secured_mw).max(), 0.0, EXACT, "MW"
    )
    let = (sites.building_mw + sites.subleased_mw + sites.converted_mw).sum()
    yield Identity("megawatts let less leases", abs(let - leases.gross_mw.sum()), 0.0, EXACT, "MW")
    assets = firms.cash + firms.restricted_cash + firms.bitcoin + firms.machines + firms.property
    claims = firms.corporate_debt + firms.project_debt + firms.prepayment + firms.capital + firms.earnings
    yield Identity("assets less claims on them", np.abs(assets - claims).max(), 0.0, EXACT, "musd")
