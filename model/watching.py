"""Who watches whom: the networks along which firms imitate each other.

What counts of a watched firm is what it did last: the use its latest lease gave to megawatts, mining while it
has signed none (Brock and Durlauf 2001: choices of others, as of the month before). Networks by region, by
lender and the complete one are groups, so that a month costs as much as there are memberships; generated
networks (Watts and Strogatz 1998, Barabasi and Albert 1999) are sparse matrices, drawn once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from scipy.sparse import csr_array

from agents.columns import rows_where
from agents.tables import NEVER, Kind, Product, Status
from model.streams import slot_of

if TYPE_CHECKING:
    from model.state import State

USES = len(Product)
MONTHS = 12


class Watching:
    """The network of a run; miners with megawatts watch and are watched."""

    def __init__(self, network: str, links: csr_array | None = None) -> None:
        """Keep the kind of network, and its links where they are drawn and not derived."""
        self.network = network
        self.links = links

    @classmethod
    def build(cls, state: State) -> Watching:
        """Return the scenario's network among the miners that are there."""
        network = state.scenario.choice.network
        if network not in ("watts_strogatz", "barabasi_albert"):
            return cls(network)
        return cls(network, _generated(state, network))

    def shares(self, state: State) -> np.ndarray:
        """Return the share of each firm's watched firms that last did each `Product`, [firms x 4].

        Rows sum to one; a firm that watches nobody has zeros.
        """
        watched = _miners_with_megawatts(state)
        last = last_moves(state) * watched[:, None]
        done = self._sum_over_watched(state, np.column_stack([last, watched]))
        seen = done[:, -1:]
        return np.where(seen > 0.5, done[:, :-1] / np.maximum(seen, 1.0), 0.0) * watched[:, None]

    def edges(self, state: State) -> np.ndarray:
        """Return pairs of firm rows (watcher, watched), [n x 2], each pair in both directions."""
        watched = _miners_with_megawatts(state)
        if self.links is not None:
            self._let_newcomers_in(state)
            pairs = np.column_stack(self.links.nonzero())
        else:
            firm, group = _memberships(state, self.network)
            member = np.zeros((len(state.firms), int(group.max(initial=0)) + 1))
            member[firm, group] = 1.0
            pairs = np.argwhere(member @ member.T > 0.0)
        keep = (pairs[:, 0] != pairs[:, 1]) & watched[pairs].all(axis=1)
        return pairs[keep]

    def _sum_over_watched(self, state: State, values: np.ndarray) -> np.ndarray:
        """Add up rows of `values` over the firms each firm watches."""
        if self.links is not None:
            self._let_newcomers_in(state)
            return self.links @ values
        firm, group = _memberships(state, self.network)
        total = np.zeros((int(group.max(initial=-1)) + 1, values.shape[1]))
        np.add.at(total, group, values[firm])
        around = np.zeros_like(values)
        # A firm is no neighbour of its own, however many groups it is in.
        np.add.at(around, firm, total[group] - values[firm])
        return around

    def _let_newcomers_in(self, state: State) -> None:
        """Link each firm that came later with as many others as the scenario's degree, drawn by pairs."""
        known, count = self.links.shape[0], len(state.firms)  # type: ignore[union-attr]
        if count == known:
            return
        slot, degree = state.firms.slot, state.scenario.choice.network_degree
        others = _miners_with_megawatts(state)
        one, other = (ends.tolist() for ends in self.links.nonzero())  # type: ignore[union-attr]
        for row in range(known, count):
            drawn = state.streams.uniform("newcomer's links", 0, slot[:row] ^ slot[row])
            near = np.argsort(np.where(others[:row], drawn, 2.0))[:degree]
            near = near[others[near]].tolist()
            one += near
            other += [row] * len(near)
            one += [row] * len(near)
            other += near
        self.links = _links(np.array(one, dtype=np.int64), np.array(other, dtype=np.int64), count)


def last_moves(state: State) -> np.ndarray:
    """Return what each firm last did, as shares over the uses of its latest month of moves, [firms x 4]."""
    sites, count = state.sites, len(state.firms)
    moved = rows_where((sites.owner >= 0) & (sites.last_choice > 0))
    owner, when = sites.owner[moved], sites.last_move[moved]
    latest = np.full(count, -NEVER)
    np.maximum.at(latest, owner, when)
    newest = when == latest[owner]
    uses = np.bincount(
        owner[newest] * USES + sites.last_choice[moved][newest], minlength=count * USES
    ).reshape(count, USES)
    total = uses.sum(axis=1, keepdims=True)
    shares = uses / np.maximum(total, 1)
    shares[:, Product.MINE] = total[:, 0] == 0
    return shares


def _miners_with_megawatts(state: State) -> np.ndarray:
    firms, sites = state.firms, state.sites
    held = np.bincount(sites.owner + 1, sites.secured_mw, minlength=len(firms) + 1)[1:]
    return (firms.kind <= Kind.PRIVATE) & (firms.status < Status.ACQUIRED) & (held > 0.0)


def _memberships(state: State, network: str) -> tuple[np.ndarray, np.ndarray]:
    """Return firm rows and the groups they belong to, numbered from 0."""
    firms, sites = state.firms, state.sites
    if network == "complete":
        return np.arange(len(firms)), np.zeros(len(firms), dtype=np.int64)
    if network == "lender":
        # Who lent is not known; lenders to firms with like coupons and maturities are taken for the same.
        owing = rows_where(firms.corporate_debt > 0.0)
        year = (firms.maturity[owing] + int(state.calendar_year * MONTHS) - state.month) // MONTHS
        lender = np.rint(firms.coupon[owing] * 100.0).astype(np.int64) * 10_000 + year
        return owing, np.unique(lender, return_inverse=True)[1]
    regions = len(state.regions)
    here = rows_where((sites.owner >= 0) & sites.us & (sites.secured_mw > 0.0))
    member = np.bincount(sites.owner[here] * regions + sites.region[here], minlength=len(firms) * regions)
    pairs = rows_where(member)
    return pairs // regions, pairs % regions


def _generated(state: State, network: str) -> csr_array:
    """Return a symmetric matrix of links; nodes are the miners in the order of their slots."""
    choice, count = state.scenario.choice, len(state.firms)
    rows = rows_where(_miners_with_megawatts(state))
    rows = rows[np.argsort(state.firms.slot[rows])]
    degree = min(choice.network_degree, len(rows) - 1)
    if degree < 1:
        return csr_array((count, count))
    seed = slot_of("network", state.streams.seed) % 2**32
    if network == "watts_strogatz":
        graph = nx.watts_strogatz_graph(len(rows), degree, choice.network_rewiring, seed=seed)
    else:
        graph = nx.barabasi_albert_graph(len(rows), max(degree // 2, 1), seed=seed)
    ends = np.array(list(graph.edges), dtype=np.int64).reshape(-1, 2)
    one, other = rows[ends[:, 0]], rows[ends[:, 1]]
    return _links(np.concatenate([one, other]), np.concatenate([other, one]), count)


def _links(one: np.ndarray, other: np.ndarray, count: int) -> csr_array:
    return csr_array((np.ones(len(one)), (one, other)), shape=(count, count))
