"""Moves of megawatts between the uses of a site; the only place where they change hands within a site."""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.economics.credit import default_probability
from agents.tables import LeaseStatus, Product, Tenure
from model.machine_market import fit_machines, sell_machines
from model.ownership import return_hosted_mw
from model.state import State

MONTHS = 12.0
UPGRADABLE_MW = 20.0
"""Least size of a site for which fibre and land are worth bringing, the lower end of the middle class."""


def take_megawatts(state: State, site: int, mw: float, from_pipeline: bool) -> None:
    """Move a block to `building`: idle megawatts first, then mining ones, whose machines are sold."""
    sites = state.sites
    if from_pipeline:
        sites.pipeline_mw[site] -= mw
        sites.building_mw[site] += mw
        sites.pipeline_mw[site] = max(sites.pipeline_mw[site], 0.0)
        return
    idle = min(float(sites.idle_mw[site]), mw)
    sites.idle_mw[site] -= idle
    sites.mining_mw[site] = max(float(sites.mining_mw[site]) - (mw - idle), 0.0)
    sites.building_mw[site] += mw
    held = sites.hash[site].copy()
    fit_machines(state, np.array([site]))
    if state.scenario.row.takes_displaced:
        state.rest_of_world.take_over(held - sites.hash[site])


def upgrade_sites(state: State) -> None:
    """Let sites that are not fit for AI become so: fibre, land and permits take time (part of phase 2)."""
    sites, choice = state.sites, state.scenario.choice
    physical = sites.secured_mw / np.maximum(sites.site_count, 1.0)
    open_to_it = sites.us & ~sites.convertible & (sites.tenure != Tenure.HOSTED) & (physical >= UPGRADABLE_MW)
    drawn = state.streams.uniform("site upgrade", state.month, sites.slot)
    upgraded = rows_where(open_to_it & (drawn < -np.expm1(-choice.upgrade_rate / MONTHS)))
    if len(upgraded):
        sites.convertible[upgraded] = True
        state.recorder.event(
            "fit for AI", firm=sites.owner[upgraded], site=upgraded, mw=sites.secured_mw[upgraded]
        )


def lapse_hosting(state: State) -> None:
    """End hosting contracts whose machines have stood still for the notice period (part of phase 2)."""
    sites = state.sites
    hosted = (sites.host_site >= 0) & (sites.owner >= 0) & (sites.secured_mw > 0.0)
    rows = rows_where(hosted & (sites.months_off >= state.scenario.power.hosting_notice_months))
    if not len(rows):
        return
    state.recorder.event("hosting ended", firm=sites.owner[rows], site=rows, mw=sites.secured_mw[rows])
    sell_machines(state, rows, sites.hash[rows])
    return_hosted_mw(state, rows)


def advance_leases(state: State) -> None:
    """Slip or deliver builds, let terms end and tenants default (part of phase 2)."""
    leases = state.leases
    building = rows_where(leases.status == LeaseStatus.BUILDING)
    if len(building):
        _slip_and_deliver(state, building)
    delivering = rows_where(leases.status == LeaseStatus.DELIVERING)
    over = state.month >= leases.delivery[delivering] + leases.term[delivering]
    vacate(state, delivering[over], LeaseStatus.ENDED)
    exposed = rows_where(leases.status <= LeaseStatus.DELIVERING)
    tenants = state.hyperscalers
    hazard = leases.default_hazard[exposed] * state.scratch.get("tenant_hazard_factor", 1.0)
    # A tenant defaults on all its high-yield leases or none; a backstop pays in its place.
    drawn = state.streams.uniform("tenant default", state.month, tenants.slot)
    fails = drawn[leases.tenant[exposed]] < default_probability(hazard, 1)
    if not fails.any():
        return
    tenants.barred_until[leases.tenant[exposed[fails]]] = (
        state.month + state.scenario.ai.default_exclusion_months
    )
    fails &= ~leases.backstop[exposed]
    vacate(state, exposed[fails], LeaseStatus.TENANT_DEFAULT)


def lease_slots(state: State, rows: np.ndarray) -> np.ndarray:
    """Return a stable slot per lease, from its site, its signing month and how many the site had before."""
    leases = state.leases
    mark = (leases.signed[rows] + 1000).astype(np.uint64) * np.uint64(64) + leases.product[rows].astype(
        np.uint64
    )
    return state.sites.slot[leases.site[rows]] ^ (mark << np.uint64(20))


def _slip_and_deliver(state: State, rows: np.ndarray) -> None:
    leases, sites, terms = state.leases, state.sites, state.scenario.leases
    drawn = state.streams.uniform("slip", state.month, lease_slots(state, rows))
    slipping = rows[(drawn < terms.slip_probability) & (leases.delivery[rows] > state.month)]
    leases.delivery[slipping] += terms.slip_months
    waiting = leases.on_pipeline[rows] & (sites.pipeline_start_mw[leases.site[rows]] > 0.0)
    due = leases.delivery[rows] <= state.month
    leases.delivery[rows[due & waiting]] = state.month + 1
    done = rows[due & ~waiting]
    if not len(done):
        return
    leases.status[done] = LeaseStatus.DELIVERING
    leases.ever_delivered[done] = True
    leases.delivery[done] = state.month
    mw, where = leases.gross_mw[done], leases.site[done]
    shell = leases.product[done] == Product.SHELL
    np.add.at(sites.building_mw, where, -mw)
    np.add.at(sites.subleased_mw, where, np.where(shell, mw, 0.0))
    np.add.at(sites.converted_mw, where, np.where(shell, 0.0, mw))
    sites.building_mw = np.maximum(sites.building_mw, 0.0)
    state.recorder.event(
        "delivered",
        firm=leases.landlord[done],
        site=where,
        counterparty=leases.tenant[done],
        mw=mw,
        price=leases.rent[done],
        use=leases.product[done],
    )


def vacate(state: State, rows: np.ndarray, status: LeaseStatus) -> None:
    """End leases and hand their megawatts back to the site, finished halls included."""
    if not len(rows):
        return
    leases, sites = state.leases, state.sites
    mw, where = leases.gross_mw[rows], leases.site[rows]
    built = leases.status[rows] == LeaseStatus.DELIVERING
    shell = leases.product[rows] == Product.SHELL
    np.add.at(sites.building_mw, where, np.where(built, 0.0, -mw))
    np.add.at(sites.subleased_mw, where, np.where(built & shell, -mw, 0.0))
    np.add.at(sites.converted_mw, where, np.where(built & ~shell, -mw, 0.0))
    for use in ("building_mw", "subleased_mw", "converted_mw"):
        column = getattr(sites, use)
        np.maximum(column, 0.0, out=column)
    waiting = leases.on_pipeline[rows] & (sites.pipeline_start_mw[where] > 0.0)
    np.add.at(sites.idle_mw, where, np.where(waiting, 0.0, mw))
    np.add.at(sites.pipeline_mw, where, np.where(waiting, mw, 0.0))
    np.add.at(sites.fitted_it_mw, where, np.where(built & ~shell, leases.it_mw[rows], 0.0))
    leases.status[rows] = status
    state.recorder.event(
        {LeaseStatus.ENDED: "lease ended", LeaseStatus.TENANT_DEFAULT: "tenant default"}.get(
            status, "lease broken"
        ),
        firm=leases.landlord[rows],
        site=where,
        counterparty=leases.tenant[rows],
        mw=mw,
        price=leases.rent_now[rows],
        use=leases.product[rows],
    )
