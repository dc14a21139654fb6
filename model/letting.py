"""What letting the month's blocks is worth beyond mining on, to whoever holds or would hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.economics.valuation import arrival_value

if TYPE_CHECKING:
    from model.options import BlockTable
    from model.state import State


def blocks_on_offer(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return the site of each of the month's blocks, and whether it offers its pipeline."""
    table: BlockTable | None = state.scratch.get("blocks")
    if table is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    return table.site, table.from_pipeline


def unlet_mw(state: State, block: np.ndarray) -> np.ndarray:
    """Return all megawatts of the kind a block offers that its site has still to let."""
    table: BlockTable = state.scratch["blocks"]
    sites, site = state.sites, table.site[block]
    now = sites.mining_mw[site] + sites.idle_mw[site]
    return np.where(table.from_pipeline[block], sites.pipeline_mw[site], now)


class Letting(NamedTuple):
    """What letting is worth beyond mining on, musd/MW.

    Attributes:
        gain: Of each block's best use for a tenant, zero or more, [blocks].
        usual: Mean of pipelines on offer by megawatts, of all blocks where there is none; zero without any.
    """

    gain: np.ndarray
    usual: float


def letting(state: State) -> Letting:
    """Return what letting the month's blocks gains. Kept for the month: rents do not change after signing.

    Owners expect the going rent, but no more than the best bid for their block.
    """
    known = state.scratch.get("letting")
    if known is None:
        table: BlockTable | None = state.scratch.get("blocks")
        known = Letting(np.zeros(0), 0.0) if table is None or not len(table.site) else _letting(state, table)
        state.scratch["letting"] = known
    return known


def _letting(state: State, table: BlockTable) -> Letting:
    gross = state.scenario.leases.it_to_gross
    gain = _gains(
        table.bid, state.expected_rent[1:], table.slope, table.level, table.resale, table.mine, gross
    )
    weight = table.mw * table.from_pipeline
    weight = weight if np.logical_or.reduce(weight) else table.mw
    return Letting(gain, float(gain @ weight / np.add.reduce(weight)))


@compiled
def _gains(
    bid: np.ndarray,
    expected: np.ndarray,
    slope: np.ndarray,
    level: np.ndarray,
    resale: np.ndarray,
    mine: np.ndarray,
    it_to_gross: float,
) -> np.ndarray:
    gain, rent = np.empty(mine.size), np.empty(expected.size)
    for block in range(mine.size):
        rent[:] = -np.inf
        for buyer in range(bid.shape[0]):
            for product in range(expected.size):
                rent[product] = max(rent[product], bid[buyer, block, product])
        for product in range(expected.size):
            rent[product] = min(expected[product], rent[product])
        instead = resale[block] - mine[block]
        gain[block] = _best(rent, slope[block], level[block], instead, it_to_gross)
    return gain


def surplus(
    state: State, rent: np.ndarray, slope: np.ndarray, level: np.ndarray, instead: np.ndarray
) -> np.ndarray:
    """Return what the best product is worth at the given rents, plus `instead`, musd per gross MW, or zero.

    Args:
        state: The state.
        rent: musd per IT MW-year, minus infinity where nobody bids, [n x 3].
        slope: Of the lease line, [n x 3].
        level: Of the lease line, [n x 3].
        instead: Resale of displaced machines less the value of mining on, musd per gross MW, [n].
    """
    return _surplus(rent, slope, level, instead, state.scenario.leases.it_to_gross)


@compiled
def _surplus(
    rent: np.ndarray, slope: np.ndarray, level: np.ndarray, instead: np.ndarray, it_to_gross: float
) -> np.ndarray:
    gain = np.empty(instead.size)
    for row in range(instead.size):
        gain[row] = _best(rent[row], slope[row], level[row], instead[row], it_to_gross)
    return gain


@compiled
def _best(
    rent: np.ndarray, slope: np.ndarray, level: np.ndarray, instead: float, it_to_gross: float
) -> float:
    """Return `surplus` for one block."""
    best = -np.inf
    for product in range(rent.size):
        if np.isfinite(rent[product]):
            best = max(best, slope[product] * rent[product] + level[product])
    return max(best * it_to_gross + instead, 0.0)


def reach_of(state: State, rate: np.ndarray) -> np.ndarray:
    """Return the present value of one paid when an eligible megawatt finds a tenant, at n rates."""
    return arrival_value(state.signing_rate, state.scenario.choice.window_rate, rate)
