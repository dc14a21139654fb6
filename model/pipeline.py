"""Miners' pipelines: megawatts that operators have approved energise when due, or slip by a quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import among
from agents.compiled import compiled
from agents.sums import pairwise_sum
from agents.tables import LeaseStatus, Stage
from model.funding import free_cash

if TYPE_CHECKING:
    from model.state import State

QUARTER = 3
"""Months of one slip."""


def energise(state: State) -> None:
    """Energise the pipelines that are due, or let them slip (part of phase 2).

    The connection of a pipeline takes work that operators may give to AI first (`power.ai_priority`): the
    priority pushes back megawatts not let to a tenant, and what they would have taken serves the queue.
    """
    sites, power = state.sites, state.scenario.power
    due = _due(sites.energisation, sites.pipeline_start_mw, sites.owner, state.month)
    if len(due):
        due = _wanted(state, due)
    if not len(due):
        return
    slips = _slip_probability(state)[sites.stage[due]]
    drawn = state.streams.uniform("pipeline", state.month, sites.slot[due])
    late = drawn < slips
    if power.ai_priority > 0.0:
        late = _give_way(state, due, drawn, slips)
    _slip(state, due[late])
    _switch_on(state, due[~late])


@compiled
def _due(
    energisation: np.ndarray, pipeline_start_mw: np.ndarray, owner: np.ndarray, month: int
) -> np.ndarray:
    """Return the sites whose pipeline is due."""
    due = np.zeros(owner.size, np.bool_)
    for site in range(owner.size):
        due[site] = energisation[site] <= month and pipeline_start_mw[site] > 0.0 and owner[site] >= 0
    return due.nonzero()[0]


def _give_way(state: State, due: np.ndarray, drawn: np.ndarray, slips: np.ndarray) -> np.ndarray:
    """Lend the connection work of some pipelines to the queue, and return which are late."""
    sites = state.sites
    unlet = np.clip(sites.pipeline_mw[due] / sites.pipeline_start_mw[due], 0.0, 1.0)
    pushed = (1.0 - slips) * state.scenario.power.ai_priority * unlet * sites.us[due]
    late = drawn < slips + pushed
    lent = due[late & (drawn >= slips) & ~sites.gave_way[due]]
    state.grid.headroom += _by_region(state, lent)
    sites.gave_way[lent] = True
    return late


def _wanted(state: State, due: np.ndarray) -> np.ndarray:
    """Return the due pipelines that have a use and money behind them, and hold the others back a quarter.

    Nobody pays for a substation without load: a pipeline is finished for a tenant who has signed, for
    tenants who look for power it could serve, or for mining that repays its infrastructure: with machines
    that are paid for where there are any, with new ones elsewhere.
    """
    sites, scenario = state.sites, state.scenario
    sought = np.maximum.reduce(state.hyperscalers.need_mw, initial=0.0) >= scenario.ai.minimum_block_mw
    wanted = _useful(
        due,
        sites.owner,
        sites.pipeline_mw,
        sites.pipeline_start_mw,
        sites.energised_mw,
        sites.convertible & sites.us,
        state.orders,
        sites.hash,
        sites.machine_value,
        sites.new_mine_value,
        free_cash(state),
        scenario.finance.mine_capex,
        bool(scenario.leases.market_enabled and sought),
    )
    if not wanted.all():
        held = due[~wanted]
        sites.energisation[held] = state.month + QUARTER
        mw = sites.pipeline_start_mw[held].copy()
        state.recorder.event("held back", firm=sites.owner[held], site=held, mw=mw)
    return due[wanted]


@compiled
def _useful(
    due: np.ndarray,
    owner: np.ndarray,
    pipeline_mw: np.ndarray,
    pipeline_start_mw: np.ndarray,
    energised_mw: np.ndarray,
    for_tenants: np.ndarray,
    orders: np.ndarray,
    hash_eh_s: np.ndarray,
    machine_value: np.ndarray,
    new_mine_value: np.ndarray,
    cash: np.ndarray,
    mine_capex: float,
    sought: bool,
) -> np.ndarray:
    """Mark the due pipelines that `_wanted` means; cash pays for all that are due to an owner or none."""
    cost, wanted = np.zeros(cash.size), np.zeros(due.size, np.bool_)
    for site in due:
        cost[owner[site]] += pipeline_mw[site] * mine_capex
    for each, site in enumerate(due):
        ordered = 0.0
        for month in range(orders.shape[0]):
            ordered += orders[month, site]
        paid_for = ordered + pairwise_sum(hash_eh_s[site]) > 0.0
        waiting = paid_for and energised_mw[site] <= 0.0
        mined = (machine_value[site] if waiting else new_mine_value[site]) > mine_capex
        affordable = cost[owner[site]] <= cash[owner[site]]
        signed = pipeline_mw[site] < pipeline_start_mw[site]
        wanted[each] = signed or (((for_tenants[site] and sought) or mined) and affordable)
    return wanted


def _by_region(state: State, rows: np.ndarray) -> np.ndarray:
    """Return the unlet pipeline megawatts of these sites by region."""
    sites = state.sites
    return np.bincount(sites.region[rows], sites.pipeline_mw[rows], minlength=len(state.regions))


def _works(state: State, rows: np.ndarray) -> np.ndarray:
    """Return what energising the unlet megawatts of pipelines costs their owners, musd."""
    return state.sites.pipeline_mw[rows] * state.scenario.finance.mine_capex


def _slip_probability(state: State) -> np.ndarray:
    """Return the probability that a due pipeline slips, by `Stage`."""
    power, slips = state.scenario.power, np.zeros(len(Stage))
    slips[Stage.CONSTRUCTION] = power.pipeline_slip_construction
    slips[Stage.APPROVED] = power.pipeline_slip_approved
    slips[Stage.OPTION] = power.pipeline_slip_option
    return slips


def _switch_on(state: State, rows: np.ndarray) -> None:
    if not len(rows):
        return
    sites = state.sites
    mw = sites.pipeline_start_mw[rows].copy()
    works = np.bincount(sites.owner[rows], _works(state, rows), minlength=len(state.firms))
    state.ledger.post("energisation works", "property", "cash", works, sector="suppliers")
    # What AI requests borrowed of this connection's work is worked off now.
    owed = _by_region(state, rows[sites.gave_way[rows]])
    state.grid.headroom = np.maximum(state.grid.headroom - owed, 0.0)
    sites.gave_way[rows] = False
    sites.energised_mw[rows] += mw
    sites.idle_mw[rows] += sites.pipeline_mw[rows]
    sites.pipeline_mw[rows] = 0.0
    sites.pipeline_start_mw[rows] = 0.0
    sites.stage[rows] = Stage.OPERATING
    state.recorder.event("energised", firm=sites.owner[rows], site=rows, mw=mw)


def _slip(state: State, rows: np.ndarray) -> None:
    """Put off energisation, and with it the delivery of what is let on these megawatts."""
    if not len(rows):
        return
    sites = state.sites
    sites.energisation[rows] = state.month + QUARTER
    _postpone(state, rows)
    mw = sites.pipeline_start_mw[rows].copy()
    state.recorder.event("slipped", firm=sites.owner[rows], site=rows, mw=mw)


def _postpone(state: State, rows: np.ndarray) -> None:
    """Put off the delivery of what is let on the pipelines of these sites."""
    sites, leases = state.sites, state.leases
    moved = (
        leases.on_pipeline & (leases.status == LeaseStatus.BUILDING) & among(leases.site, rows, len(sites))
    )
    later = np.maximum(leases.delivery[moved], sites.energisation[leases.site[moved]])
    leases.delivery[moved] = later
