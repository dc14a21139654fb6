"""Phase 15: the sum of parts of every firm, at its own cost of capital.

Enterprise value is mining (machines, their refresh, empty megawatts), leases by their tenants' risk, and
pipelines and options on tenants by their chances. Overhead is borne by mining and leases, by the megawatts
each of them uses, for as long as they last. Equity adds the treasury and takes off
what is owed. It may be negative: the firm then owes more than it is worth.
"""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.economics.valuation import arrival_of
from agents.tables import LeaseStatus
from model.appraisal import Hands, Holdings, appraise
from model.letting import blocks_on_offer, letting
from model.state import State


def value_firms(state: State) -> None:
    """Write the parts, the enterprise value and the equity value of every firm."""
    firms = state.firms
    hands = Hands(firms.discount_rate, firms.lease_discount_rate, firms.overhead)
    parts = appraise(state, holdings_of_all(state), hands)
    enterprise = parts.enterprise
    firms.value_mining = parts.mining
    firms.value_leases = parts.leases
    firms.value_pipeline = parts.pipeline
    firms.enterprise_value = enterprise
    firms.equity_value = enterprise - net_debt(state)


def net_debt(state: State) -> np.ndarray:
    """Return what each firm owes less its cash and treasury, musd."""
    firms = state.firms
    owed = firms.corporate_debt + firms.project_debt + firms.prepayment
    return owed - firms.cash - firms.restricted_cash - firms.bitcoin


def holdings_of_all(state: State) -> Holdings:
    """Return everything every firm holds, one hand per firm, from the values of phase 7.

    Machines sold since are taken off the fleets in proportion to what they fetch; sites founded since count
    from next month.
    """
    sites, leases, scratch, scenario = state.sites, state.leases, state.scratch, state.scenario
    return Holdings(
        *_held(
            sites.owner,
            sites.host_site,
            leases.status,
            leases.landlord,
            (sites.hash @ state.machine_price) * scenario.bitcoin.machine_resale,
            scratch["resale_value"],
            scratch["fleet_value"],
            scratch["new_mine_value"],
            blocks_on_offer(state)[0],
            letting(state).gain,
            state.firms.discount_rate,
            (state.signing_rate, scenario.choice.window_rate),
        )
    )


@compiled
def _held(
    owner: np.ndarray,
    host_site: np.ndarray,
    status: np.ndarray,
    landlord: np.ndarray,
    now: np.ndarray,
    before: np.ndarray,
    fleet: np.ndarray,
    new: np.ndarray,
    block_site: np.ndarray,
    gain: np.ndarray,
    rate: np.ndarray,
    tenants: tuple[float, float],
) -> tuple[np.ndarray, ...]:
    """Return the fields of `Holdings`; `now` and `before` are what machines fetch."""
    site = (owner >= 0).nonzero()[0]
    left, filling = _mines(site, now, before, fleet, new)
    live = np.zeros(landlord.size, dtype=np.bool_)
    for lease in range(landlord.size):
        live[lease] = status[lease] <= LeaseStatus.DELIVERING
    lease = live.nonzero()[0]
    block, reach = _blocks(owner, block_site, rate, tenants)
    guest, host, guest_new = _guests(owner, host_site, new)
    return (
        site,
        owner[site],
        left,
        filling,
        lease,
        landlord[lease],
        block,
        owner[block_site[block]],
        gain[block],
        reach,
        guest,
        owner[host],
        guest_new,
    )


@compiled
def _mines(
    sites: np.ndarray, now: np.ndarray, before: np.ndarray, fleet: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is left of fleets, and what filling an empty megawatt is worth.

    Sites founded since the values were made have none yet.
    """
    left, filling = np.zeros(sites.size), np.zeros(sites.size)
    for row, site in enumerate(sites):
        if site < before.size:
            fetched = before[site] if before[site] > 0.0 else 1.0
            left[row] = fleet[site] * min(now[site] / fetched, 1.0)
            filling[row] = new[site]
    return left, filling


@compiled
def _blocks(
    owner: np.ndarray, block_site: np.ndarray, rate: np.ndarray, tenants: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the month's blocks that somebody holds, and the reach of each."""
    block = (owner[block_site] >= 0).nonzero()[0]
    reach = np.empty(block.size)
    for row in range(block.size):
        reach[row] = arrival_of(tenants[0], tenants[1], float(rate[owner[block_site[block[row]]]]))
    return block, reach


@compiled
def _guests(
    owner: np.ndarray, host_site: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hosted sites whose host is known and there, their hosts, and what filling a MW is worth."""
    guest = ((host_site >= 0) & (owner >= 0) & (owner[host_site] >= 0)).nonzero()[0]
    host = host_site[guest]
    filling = np.zeros(guest.size)
    for row in range(guest.size):
        if host[row] < new.size:
            filling[row] = new[host[row]]
    return guest, host, filling
