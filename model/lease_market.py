"""Phase 9: the assignment of buyers' blocks to sellers' blocks.

The surplus of a pair is the present value of what the bid exceeds the reserve by, over the term from delivery
on. Both sides count at the landlords' usual rate for leases: a dollar of surplus has to be the same for
whoever gets it, or there is nothing to share.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.assignment import clear_leases
from agents.economics.discounting import annuity_factor, yearly_step
from agents.tables import Outcome
from model.choice import Offers, block_slots
from model.options import BlockTable, average_over_first
from model.state import State

MONTHS = 12
EQUAL = 1e-10
"""Relative differences of surplus that nobody would notice, and that rounding stays far below."""
RENT_TO_DOLLARS = 1e6 / 1000.0 / 12.0
"""USD/kW-month of IT per musd/IT MW-year."""


def clear_market(state: State) -> None:
    """Match offers to buyers and price them inside the core; leaves `deals` in scratch."""
    offers: Offers = state.scratch["offers"]
    table: BlockTable = state.scratch["blocks"]
    rows = rows_where((offers.use > 0) & (offers.outcome == Outcome.NO_TENANT))
    buyers, wanted = _negotiating(state)
    state.scratch["deals"] = []
    state.figures["lease_offers"] = float(len(rows))
    state.figures["core_width_usd_kw_month"] = 0.0
    if not len(rows) or not len(buyers):
        return
    block, product = offers.block[rows], offers.use[rows] - 1
    reserve, worth = offers.reserve[rows], _present_value_of_rent(state, table.ready[block, product], product)
    gross, drawn = state.scenario.leases.it_to_gross, _draw_pairs(state, buyers, block)
    sides = buyers, wanted, block, product, reserve
    gain, mw, size, rent = _surpluses(*sides, table.bid, table.mw, worth, gross, drawn)
    clearing = clear_leases(gain, np.zeros_like(reserve), state.scenario.leases.theta)
    deals = []
    for buyer, seller in clearing.pairs:
        floor = reserve[seller]
        deals.append(
            {
                "row": rows[seller],
                "buyer": int(buyers[buyer]),
                "mw": float(mw[buyer, seller]),
                "rent": float(floor + clearing.prices[seller] / size[buyer, seller]),
                "lower": float(floor + clearing.lower[seller] / size[buyer, seller]),
                "upper": float(floor + clearing.upper[seller] / size[buyer, seller]),
                "bid": float(rent[buyer, seller]),
            }
        )
    state.scratch["deals"] = deals
    _report_core(state, offers, deals)


def _draw_pairs(state: State, buyers: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return a number between 0 and 1 for each pair, [buyers x blocks]."""
    table: BlockTable = state.scratch["blocks"]
    pairs = state.hyperscalers.slot[buyers][:, None] ^ block_slots(state, table)[block][None, :]
    return state.streams.uniform("equal surpluses", state.month, pairs)


@compiled
def _surpluses(
    buyers: np.ndarray,
    wanted: np.ndarray,
    blocks: np.ndarray,
    products: np.ndarray,
    reserve: np.ndarray,
    bids: np.ndarray,
    block_mw: np.ndarray,
    worth: np.ndarray,
    it_to_gross: float,
    drawn: np.ndarray,
) -> np.ndarray:
    """Return surplus, MW, present value of a rent of one, and bid of each pair, [4 x buyers x blocks].

    Blocks that are as good for either of two buyers can change hands without loss: then chance decides, and
    not the order of tables or the last digit of a sum.
    """
    pairs = np.empty((4, buyers.size, blocks.size))
    for buyer in range(buyers.size):
        for seller in range(blocks.size):
            bid = bids[buyers[buyer], blocks[seller], products[seller]]
            mw = min(block_mw[blocks[seller]], wanted[buyer])
            size = mw * it_to_gross * worth[seller]
            apart = 1.0 + EQUAL * drawn[buyer, seller]
            gain = (bid - reserve[seller]) * size * apart if np.isfinite(bid) else -np.inf
            pairs[:, buyer, seller] = gain, mw, size, bid
    return pairs


def _present_value_of_rent(state: State, ready: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Return the present value of one a year in first-year rent, for n blocks ready in some years."""
    terms, rate = state.terms, state.scenario.finance.discount_lease
    annuity = _rent_annuity(rate, terms.escalator, tuple(terms.years.tolist()))
    return annuity[product] * np.exp(-rate * ready)


@lru_cache
def _rent_annuity(rate: float, escalator: float, years: tuple[float, ...]) -> np.ndarray:
    """Return years' worth of first-year rent over the term of each product, [3]."""
    return annuity_factor(rate - escalator, np.array(years)) * yearly_step(escalator)


def _negotiating(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return buyer and most megawatts of each block that some buyer can negotiate this month, [blocks].

    Of a buyer's several blocks each is for what the ones before it may leave of its need.
    """
    ai, most = state.scenario.ai, state.scenario.leases.block_mw
    return _blocks_wanted(state.hyperscalers.need_mw, ai.minimum_block_mw, most, ai.deals_per_month)


@compiled
def _blocks_wanted(
    need: np.ndarray, least: float, most: float, deals_a_month: float
) -> tuple[np.ndarray, np.ndarray]:
    count = np.empty(need.size, np.int64)
    for buyer in range(need.size):
        count[buyer] = int(min(max(np.floor((need[buyer] - least) / most) + 1.0, 0.0), deals_a_month))
    buyers, left, deal = np.empty(count.sum(), np.int64), np.empty(count.sum()), 0
    for buyer in range(need.size):
        for before in range(count[buyer]):
            buyers[deal], left[deal] = buyer, need[buyer] - before * most
            deal += 1
    return buyers, left


def _report_core(state: State, offers: Offers, deals: list[dict]) -> None:
    """Report the width of the core in mean rents over the term, like every rent of the series."""
    it = np.array([deal["mw"] for deal in deals])
    if len(it):
        mean = average_over_first(state.terms)[offers.use[[deal["row"] for deal in deals]] - 1]
        width = mean * np.array([deal["upper"] - deal["lower"] for deal in deals])
        state.figures["core_width_usd_kw_month"] = float(width @ it / it.sum()) * RENT_TO_DOLLARS
