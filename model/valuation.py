"""Phase 15: the sum of parts of every firm, at its own cost of capital.

Enterprise value is mining (machines, their refresh, empty megawatts), leases by their tenants' risk, and
pipelines and options on tenants by their chances. Overhead is borne by mining and leases, by the megawatts
each of them uses, for as long as they last. Equity adds the treasury and takes off
what is owed. It may be negative: the firm then owes more than it is worth.
"""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
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
    site = rows_where(sites.owner >= 0)
    now = (sites.hash @ state.machine_price) * state.scenario.bitcoin.machine_resale
    before = _grown(scratch["resale_value"], len(sites))
    left = np.minimum(now / np.where(before > 0.0, before, 1.0), 1.0)
    fleet = _grown(scratch["fleet_value"], len(sites)) * left
    new = _grown(scratch["new_mine_value"], len(sites))
    lease = rows_where(leases.status <= LeaseStatus.DELIVERING)
    block, block_hand, gain, reach = _blocks(state)
    guest, host = guests(state)
    return Holdings(
        site=site,
        site_hand=sites.owner[site],
        fleet=fleet[site],
        new=new[site],
        lease=lease,
        lease_hand=leases.landlord[lease],
        block=block,
        block_hand=block_hand,
        gain=gain,
        reach=reach,
        guest=guest,
        guest_hand=sites.owner[host],
        guest_new=new[host],
    )


def guests(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return hosted site rows whose host is known and there, and the hosts' site rows."""
    sites = state.sites
    there = (sites.host_site >= 0) & (sites.owner >= 0)
    guest = rows_where(there & (sites.owner[sites.host_site] >= 0))
    return guest, sites.host_site[guest]


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
