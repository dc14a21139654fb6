"""Phase 15: the sum of parts of every firm, at its own cost of capital.

Enterprise value is mining (machines, their refresh, empty megawatts), leases by their tenants' risk, and
pipelines and options on tenants by their chances. Overhead is borne by mining and leases, by the megawatts
each of them uses, for as long as they last. Equity adds the treasury and takes off
what is owed. It may be negative: the firm then owes more than it is worth.
"""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.tables import LeaseStatus
from model.appraisal import Hands, Holdings, appraise, gain_of_letting, reach_of
from model.options import BlockTable
from model.state import State

MUSD = 1e-6


def value_firms(state: State) -> None:
    """Write the parts, the enterprise value and the equity value of every firm."""
    firms = state.firms
    hands = Hands(firms.discount_rate, firms.lease_discount_rate, firms.overhead)
    parts = appraise(state, holdings_of_all(state), hands)
    firms.value_mining = parts.mining
    firms.value_leases = parts.leases
    firms.value_pipeline = parts.pipeline
    firms.enterprise_value = parts.enterprise
    firms.equity_value = parts.enterprise - net_debt(state)


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
    sites, leases, scratch = state.sites, state.leases, state.scratch
    now = (sites.hash @ state.machine_price) * state.scenario.bitcoin.machine_resale
    known = scratch["resale_value"], scratch["fleet_value"], scratch["new_mine_value"]
    site, site_hand, fleet, new = _held(sites.owner, now, *known)
    lease = rows_where(leases.status <= LeaseStatus.DELIVERING)
    block, block_hand, gain, reach = _blocks(state)
    guest, host = guests(state)
    return Holdings(
        site=site,
        site_hand=site_hand,
        fleet=fleet,
        new=new,
        lease=lease,
        lease_hand=leases.landlord[lease],
        block=block,
        block_hand=block_hand,
        gain=gain,
        reach=reach,
        guest=guest,
        guest_hand=sites.owner[host],
        guest_new=_grown(scratch["new_mine_value"], len(sites))[host],
    )


@compiled
def _held(
    owner: np.ndarray, now: np.ndarray, before: np.ndarray, fleet: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the sites somebody holds, who, what is left of their fleets, and what filling them is worth.

    Sites founded since the values were made have none yet.
    """
    held = (owner >= 0).nonzero()[0]
    left, filling = np.zeros(held.size), np.zeros(held.size)
    for row in range(held.size):
        site = held[row]
        if site < before.size:
            fetched = before[site] if before[site] > 0.0 else 1.0
            left[row] = fleet[site] * min(now[site] / fetched, 1.0)
            filling[row] = new[site]
    return held, owner[held], left, filling


def guests(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return hosted site rows whose host is known and there, and the hosts' site rows."""
    guest = _guests(state.sites.owner, state.sites.host_site)
    return guest, state.sites.host_site[guest]


@compiled
def _guests(owner: np.ndarray, host_site: np.ndarray) -> np.ndarray:
    return ((host_site >= 0) & (owner >= 0) & (owner[host_site] >= 0)).nonzero()[0]


def _blocks(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the month's blocks that somebody holds, their holder, gain and reach."""
    table: BlockTable | None = state.scratch.get("blocks")
    if table is None or not len(table.site):
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0), np.zeros(0)
    owner = state.sites.owner[table.site]
    block = rows_where(owner >= 0)
    gain = gain_of_letting(state, table)[block]
    return block, owner[block], gain, reach_of(state, state.firms.discount_rate[owner[block]])


def _grown(values: np.ndarray, count: int) -> np.ndarray:
    """Return a site array with zeros for sites added since it was made."""
    return values if len(values) == count else np.append(values, np.zeros(count - len(values)))
