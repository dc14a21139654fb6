"""Moves of megawatts between the uses of a site; the only place where they change hands within a site."""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
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
    drawn = state.streams.uniform("site upgrade", state.month, sites.slot)
    chance = float(-np.expm1(-choice.upgrade_rate / MONTHS))
    fit = sites.us, sites.convertible, sites.tenure
    upgraded = _upgraded(drawn, chance, *fit, sites.secured_mw, sites.site_count)
    if len(upgraded):
        sites.convertible[upgraded] = True
        state.recorder.event(
            "fit for AI", firm=sites.owner[upgraded], site=upgraded, mw=sites.secured_mw[upgraded]
        )


@compiled
def _upgraded(
    drawn: np.ndarray,
    chance: float,
    us: np.ndarray,
    convertible: np.ndarray,
    tenure: np.ndarray,
    secured_mw: np.ndarray,
    site_count: np.ndarray,
) -> np.ndarray:
    """Return the US sites that become fit for AI; a row may stand for several sites of one size."""
    fit = np.zeros(drawn.size, np.bool_)
    for site in range(drawn.size):
        if drawn[site] < chance and us[site] and not convertible[site] and tenure[site] != Tenure.HOSTED:
            fit[site] = secured_mw[site] / max(site_count[site], 1.0) >= UPGRADABLE_MW
    return fit.nonzero()[0]


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
    builds, slots = _builds(leases.status, leases.site, leases.signed, leases.product, state.sites.slot)
    if len(builds):
        drawn = state.streams.uniform("slip", state.month, slots)
        _deliver(state, _slip_or_finish(state, builds, drawn))
    # A tenant defaults on all its high-yield leases or none; a backstop pays in its place.
    drawn = state.streams.uniform("tenant default", state.month, state.hyperscalers.slot)
    over, at_risk = _ending(
        leases.status,
        leases.delivery,
        leases.term,
        leases.tenant,
        leases.default_hazard,
        drawn,
        state.scratch.get("tenant_hazard_factor", 1.0),
        state.month,
    )
    vacate(state, over, LeaseStatus.ENDED)
    if len(at_risk):
        _break_leases(state, at_risk, drawn[leases.tenant[at_risk]])


@compiled
def _ending(
    status: np.ndarray,
    delivery: np.ndarray,
    term: np.ndarray,
    tenant: np.ndarray,
    hazard: np.ndarray,
    drawn: np.ndarray,
    factor: float,
    month: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the leases whose term is over, and others whose tenant drew what may be a default.

    Nobody defaults in a month with a probability above the hazard of a year.
    """
    over, at_risk = np.empty(status.size, np.int64), np.empty(status.size, np.int64)
    ended = exposed = 0
    for lease in range(status.size):
        if status[lease] == LeaseStatus.DELIVERING and month >= delivery[lease] + term[lease]:
            over[ended] = lease
            ended += 1
        elif status[lease] <= LeaseStatus.DELIVERING and drawn[tenant[lease]] < hazard[lease] * factor:
            at_risk[exposed] = lease
            exposed += 1
    return over[:ended], at_risk[:exposed]


def _break_leases(state: State, rows: np.ndarray, drawn: np.ndarray) -> None:
    """Let tenants of some leases default by what they drew, and bar them for a time."""
    leases = state.leases
    hazard = leases.default_hazard[rows] * state.scratch.get("tenant_hazard_factor", 1.0)
    failed = rows[drawn < default_probability(hazard, 1)]
    if not len(failed):
        return
    barred_until = state.month + state.scenario.ai.default_exclusion_months
    state.hyperscalers.barred_until[leases.tenant[failed]] = barred_until
    vacate(state, failed[~leases.backstop[failed]], LeaseStatus.TENANT_DEFAULT)


@compiled
def _builds(
    status: np.ndarray, site: np.ndarray, signed: np.ndarray, product: np.ndarray, site_slot: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the leases that are being built, and a stable slot of each from its site, month and product."""
    builds, slots, count = np.empty(status.size, np.int64), np.empty(status.size, np.uint64), 0
    for lease in range(status.size):
        if status[lease] == LeaseStatus.BUILDING:
            mark = np.uint64(signed[lease] + 1000) * np.uint64(64) + np.uint64(product[lease])
            builds[count], slots[count] = lease, site_slot[site[lease]] ^ (mark << np.uint64(20))
            count += 1
    return builds[:count], slots[:count]


def _slip_or_finish(state: State, rows: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Put off builds that slip or wait for power, and return those that are finished."""
    leases, sites, terms = state.leases, state.sites, state.scenario.leases
    return _finished(
        rows,
        drawn,
        leases.delivery,
        leases.on_pipeline,
        leases.site,
        sites.pipeline_start_mw,
        terms.slip_probability,
        terms.slip_months,
        state.month,
    )


@compiled
def _finished(
    rows: np.ndarray,
    drawn: np.ndarray,
    delivery: np.ndarray,
    on_pipeline: np.ndarray,
    site: np.ndarray,
    pipeline_start_mw: np.ndarray,
    slip_probability: float,
    slip_months: int,
    month: int,
) -> np.ndarray:
    """Put off what slips, and for a month what waits for power; return what is finished."""
    finished, count = np.empty(rows.size, np.int64), 0
    for each, lease in enumerate(rows):
        if drawn[each] < slip_probability and delivery[lease] > month:
            delivery[lease] += slip_months
        if delivery[lease] > month:
            continue
        if on_pipeline[lease] and pipeline_start_mw[site[lease]] > 0.0:
            delivery[lease] = month + 1
        else:
            finished[count] = lease
            count += 1
    return finished[:count]


def _deliver(state: State, done: np.ndarray) -> None:
    """Hand finished builds over to their tenants."""
    if not len(done):
        return
    leases, sites = state.leases, state.sites
    leases.status[done] = LeaseStatus.DELIVERING
    leases.ever_delivered[done] = True
    leases.delivery[done] = state.month
    mw, where = leases.gross_mw[done], leases.site[done]
    shell = leases.product[done] == Product.SHELL
    _finish_halls(where, mw, shell, sites.building_mw, sites.subleased_mw, sites.converted_mw)
    state.recorder.event(
        "delivered",
        firm=leases.landlord[done],
        site=where,
        counterparty=leases.tenant[done],
        mw=mw,
        price=leases.rent[done],
        use=leases.product[done],
    )


@compiled
def _finish_halls(
    where: np.ndarray,
    mw: np.ndarray,
    shell: np.ndarray,
    building_mw: np.ndarray,
    subleased_mw: np.ndarray,
    converted_mw: np.ndarray,
) -> None:
    """Move what was building on some sites to what is in use."""
    for each, site in enumerate(where):
        building_mw[site] -= mw[each]
        if shell[each]:
            subleased_mw[site] += mw[each]
        else:
            converted_mw[site] += mw[each]
    for site in range(building_mw.size):
        building_mw[site] = max(building_mw[site], 0.0)


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
