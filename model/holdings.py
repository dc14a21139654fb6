"""What sites and firms hold at the end of a month, and the sizes by which firms are ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.sums import pairwise_sum
from agents.tables import USES, Kind, Status
from model.panels import HOLDINGS

if TYPE_CHECKING:
    from model.state import State

OWNED = (*USES, "secured_mw", "energised_mw")
_BUILDING, _SUBLEASED, _CONVERTED, _SECURED, _ENERGISED, _HASH, _RUNNING = (
    HOLDINGS.index(name)
    for name in (
        *("building_mw", "subleased_mw", "converted_mw", "secured_mw", "energised_mw"),
        *("hash_eh_s", "running_eh_s"),
    )
)


class Held(NamedTuple):
    """What is held at the end of a month.

    Attributes:
        by_site: Megawatts, nameplate hash and running hash, [`HOLDINGS`, sites].
        by_firm: The same summed over the sites of each firm, [`HOLDINGS`, firms].
        contracted_mw: Megawatts of each firm let to AI tenants: building, subleased or converted.
        sizes: Size of each firm on the four bases of concentration, [`BASES`, firms].
        present: Whether a firm counts for concentration: living miners, and outsiders that hold megawatts.
    """

    by_site: np.ndarray
    by_firm: np.ndarray
    contracted_mw: np.ndarray
    sizes: np.ndarray
    present: np.ndarray


def holdings(state: State) -> Held:
    """Return what sites and firms hold now."""
    sites, firms = state.sites, state.firms
    owned = sites.stored("float64"), sites.positions(OWNED)
    by_site = _of_sites(*owned, sites.hash, sites.running_eh_s)
    return Held(by_site, *_of_firms(by_site, sites.owner, firms.kind, firms.status, firms.enterprise_value))


@compiled
def _of_sites(table: np.ndarray, owned: np.ndarray, hash_eh_s: np.ndarray, running: np.ndarray) -> np.ndarray:
    """Return what each site holds, [`HOLDINGS`, sites]; `owned` are columns of the table."""
    held = np.empty((owned.size + 2, running.size))
    for holding in range(owned.size):
        held[holding] = table[owned[holding], : running.size]
    for site in range(running.size):
        held[_HASH, site] = pairwise_sum(hash_eh_s[site])
    held[_RUNNING] = running
    return held


@compiled
def _of_firms(
    by_site: np.ndarray, owner: np.ndarray, kind: np.ndarray, status: np.ndarray, enterprise_value: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the attributes of `Held` that are of firms."""
    by_firm = np.zeros((by_site.shape[0], kind.size))
    for holding in range(by_site.shape[0]):
        for site in range(owner.size):
            # Released sites are nobody's.
            if owner[site] >= 0:
                by_firm[holding, owner[site]] += by_site[holding, site]
    contracted_mw, sizes = np.empty(kind.size), np.zeros((4, kind.size))
    present = np.empty(kind.size, dtype=np.bool_)
    for firm in range(kind.size):
        let = by_firm[_BUILDING, firm] + by_firm[_SUBLEASED, firm] + by_firm[_CONVERTED, firm]
        contracted_mw[firm] = let
        miner = kind[firm] <= Kind.PRIVATE
        present[firm] = status[firm] < Status.ACQUIRED if miner else by_firm[_SECURED, firm] > 0.0
        if present[firm]:
            sizes[0, firm] = by_firm[_RUNNING, firm]
            sizes[1, firm] = by_firm[_ENERGISED, firm]
            sizes[2, firm] = let
            sizes[3, firm] = max(enterprise_value[firm], 0.0)
    return by_firm, contracted_mw, sizes, present
