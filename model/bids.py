"""What targets are worth, alone and to those who look at them; all pairs of a month in one appraisal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.tables import Contract, Kind, LeaseStatus
from model.appraisal import Hands, Holdings, appraise
from model.letting import reach_of, surplus, unlet_mw
from model.mining import fleets, mean_cash_cost
from model.options import BlockTable, mine_values, rent_line, value_of_mining_on
from model.tenants import buyer_rows

if TYPE_CHECKING:
    from model.state import State


class Appraisals(NamedTuple):
    """Enterprise values of targets, musd: by themselves, with their acquirer, and sold piece by piece."""

    alone: np.ndarray
    together: np.ndarray
    break_up: np.ndarray


class _Gathered(NamedTuple):
    """Holdings of each hand's target by table row; `at` points into `site`."""

    site: np.ndarray
    site_hand: np.ndarray
    lease: np.ndarray
    lease_hand: np.ndarray
    block: np.ndarray
    block_hand: np.ndarray
    block_at: np.ndarray
    guest: np.ndarray
    guest_hand: np.ndarray
    guest_at: np.ndarray


def appraise_targets(state: State, acquirer: np.ndarray, target: np.ndarray) -> Appraisals:
    """Return what each target is worth alone, and in the hands of the acquirer that looks at it.

    Args:
        state: The state; nothing is changed.
        acquirer: Firm rows, [n].
        target: Firm rows, [n].
    """
    pairs, firms = len(target), state.firms
    # Targets in their own hands come first, then the same in those of their acquirers.
    who, twice = np.concatenate((target, acquirer)), np.concatenate((target, target))
    overhead = firms.overhead[twice]
    overhead[pairs:] *= 1.0 - state.scenario.consolidation.synergy
    hands = Hands(firms.discount_rate[who], firms.lease_discount_rate[who], overhead)
    gathered = _gather(state, twice)
    parts = appraise(state, _holdings(state, gathered, hands, who, pairs), hands)
    value = parts.enterprise
    return Appraisals(value[:pairs], value[pairs:], parts.break_up[:pairs])


def _gather(state: State, firm: np.ndarray) -> _Gathered:
    """Return what a firm holds, for the firm that each hand is to value."""
    sites, leases = state.sites, state.leases
    table: BlockTable = state.scratch["blocks"]
    return _Gathered(
        *_holdings_of(firm, sites.owner, sites.host_site, leases.status, leases.landlord, table.site)
    )


@compiled
def _holdings_of(
    firm: np.ndarray,
    owner: np.ndarray,
    host_site: np.ndarray,
    lease_status: np.ndarray,
    landlord: np.ndarray,
    block_site: np.ndarray,
) -> tuple[np.ndarray, ...]:
    client_of, lessor = np.full(owner.size, -1), np.full(landlord.size, -1)
    for site in range(owner.size):
        if owner[site] >= 0 and host_site[site] >= 0:
            client_of[site] = owner[host_site[site]]
    for lease in range(landlord.size):
        if lease_status[lease] <= LeaseStatus.DELIVERING:
            lessor[lease] = landlord[lease]
    site, site_hand = _held_by(firm, owner)
    lease, lease_hand = _held_by(firm, lessor)
    block, block_hand = _held_by(firm, owner[block_site])
    guest, guest_hand = _held_by(firm, client_of)
    return (
        site,
        site_hand,
        lease,
        lease_hand,
        block,
        block_hand,
        _place_of(block_site[block], block_hand, site, site_hand, owner.size),
        guest,
        guest_hand,
        _place_of(host_site[guest], guest_hand, site, site_hand, owner.size),
    )


@compiled
def _held_by(firm: np.ndarray, holder: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that the firm of each hand holds, hand by hand, and the hand of each."""
    hand, row = np.nonzero(firm.reshape(-1, 1) == holder)
    return row, hand


@compiled
def _place_of(
    wanted: np.ndarray, wanted_hand: np.ndarray, site: np.ndarray, site_hand: np.ndarray, sites: int
) -> np.ndarray:
    """Return where among the holdings, which are in order of hands and rows, sites of a hand are."""
    return np.searchsorted(site_hand * sites + site, wanted_hand * sites + wanted)


def _holdings(state: State, rows: _Gathered, hands: Hands, who: np.ndarray, pairs: int) -> Holdings:
    fleet, new = _mines(state, rows, hands, who, pairs)
    gain, reach = _options(state, rows, hands, who, pairs, fleet, new)
    return Holdings(
        site=rows.site,
        site_hand=rows.site_hand,
        fleet=fleet,
        new=new,
        lease=rows.lease,
        lease_hand=rows.lease_hand,
        block=rows.block,
        block_hand=rows.block_hand,
        gain=gain,
        reach=reach,
        guest=rows.guest,
        guest_hand=rows.guest_hand,
        guest_new=new[rows.guest_at],
    )


def _mines(
    state: State, rows: _Gathered, hands: Hands, who: np.ndarray, pairs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return fleet and new-mine values at the beliefs, fees and rates of each hand."""
    firms, site, hand = state.firms, rows.site, rows.site_hand
    holder = who[hand]
    cost = mean_cash_cost(state)[site]
    generator = rows_where((hand >= pairs) & (firms.kind[holder] == Kind.GENERATOR))
    if len(generator):
        saving = generator_saving(state, site[generator]) * state.scenario.power.energy_scale
        cost[generator] -= saving
    fleet = fleets(state.sites.hash[site])
    worth, _, new = mine_values(
        state,
        fleet,
        (firms.expected_hashprice * (1.0 - firms.pool_fee))[holder],
        firms.expected_decay[holder],
        cost,
        hands.rate[hand],
    )
    return np.bincount(fleet.site, fleet.hash_eh_s * worth, minlength=len(site)), new


def _options(
    state: State,
    rows: _Gathered,
    hands: Hands,
    who: np.ndarray,
    pairs: int,
    fleet: np.ndarray,
    new: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return gain and reach of the targets' blocks in each hand.

    An AI customer needs no tenant: it has the rent it would pay itself, for as much as it still needs, and
    its arm keeps the blocks for it.
    """
    table: BlockTable = state.scratch["blocks"]
    block, hand, fitted = rows.block, rows.block_hand, table.fitted_share[rows.block]
    if not len(block):
        return np.zeros(0), np.zeros(0)
    slope, level = rent_line(state.terms, table.ready[block], hands.lease_rate[hand], fitted)
    mine = value_of_mining_on(
        state,
        table.site[block],
        table.from_pipeline[block],
        table.mining_share[block],
        fleet[rows.block_at],
        state.scratch["resale_value"][table.site[block]],
        new[rows.block_at],
        hands.rate[hand],
    )
    rent = np.minimum(state.expected_rent[None, 1:], table.bid.max(axis=0, initial=-np.inf)[block])
    reach = reach_of(state, hands.rate[hand])
    own = rows_where((hand >= pairs) & (state.firms.kind[who[hand]] == Kind.AI_CUSTOMER))
    if len(own):
        buyer = buyer_rows(state, who[hand[own]])
        rent[own] = table.bid[buyer, block[own]]
        mw = np.bincount(hand, unlet_mw(state, block), minlength=len(who))[hand[own]]
        # Blocks let this month have nothing left to let: whatever reaches them is worth nothing.
        reach[own] = np.minimum(state.hyperscalers.need_mw[buyer] / np.where(mw > 0.0, mw, np.inf), 1.0)
    return surplus(state, rent, slope, level, table.resale[block] - mine), reach


def generator_saving(state: State, rows: np.ndarray) -> np.ndarray:
    """Return what a generator that owns the sites saves on their power, USD/MWh at the scale of the start."""
    sites = state.sites
    grid = (sites.contract[rows] == Contract.GRID) & sites.us[rows]
    return np.maximum(sites.fixed_price[rows], 0.0) * state.scenario.consolidation.generator_saving * grid


def power_by_generator(state: State, rows: np.ndarray) -> None:
    """Let sites that a generator has bought pay less of what power costs beyond energy."""
    saving = generator_saving(state, rows)
    state.sites.fixed_price[rows] -= saving
    state.sites.power_cost[rows] -= saving
