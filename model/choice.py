"""Phases 7 and 8: reviewed blocks choose a use, and offers without money or a builder drop out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.economics.options import option_hurdle
from agents.strategies.base import Blocks
from agents.tables import Outcome, Product
from model.funding import fund_proposals, loan_share
from model.options import BlockTable, average_over_first
from model.state import State

USES = len(Product)


class Offers(NamedTuple):
    """Reviewed blocks and what they chose; rows of the block table by `block`.

    Attributes:
        block: Row in the month's block table, [n].
        use: Chosen `Product`, [n].
        reserve: Least rent for the chosen product, musd/IT MW-year, [n] (0 for mining).
        outcome: `Outcome` so far, [n].
    """

    block: np.ndarray
    use: np.ndarray
    reserve: np.ndarray
    outcome: np.ndarray


def propose(state: State) -> None:
    """Let each reviewed block choose between mining and the AI products; leaves `offers` in scratch."""
    table: BlockTable = state.scratch["blocks"]
    drawn = state.streams.uniform("review", state.month, state.sites.slot[table.site])
    reviewed = rows_where(drawn < state.firms.review_probability[table.firm])
    if not len(reviewed):
        nobody, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        state.scratch["offers"] = Offers(nobody, nobody, nothing, nobody)
        state.scratch["decisions"] = (np.zeros((0, USES)), nothing, nothing)
        return
    bid = table.bid[:, reviewed].max(axis=0, initial=-np.inf)
    hurdle, chance, value, asked = _decide(state, table, reviewed, bid)
    position = state.streams.uniform("use", state.month, block_slots(state, table)[reviewed])
    use = (np.cumsum(chance, axis=1) < position[:, None]).sum(axis=1).clip(max=USES - 1)
    rows = np.arange(len(reviewed))
    reserve = np.where(use > 0, asked[rows, np.maximum(use - 1, 0)], 0.0)
    outcome = np.where(use > 0, Outcome.NO_TENANT, _why_mining(value, hurdle, bid))
    state.scratch["offers"] = Offers(reviewed, use, reserve, outcome)
    state.scratch["decisions"] = (value, hurdle, chance[rows, use])


def block_slots(state: State, table: BlockTable) -> np.ndarray:
    """Return a stable slot per block: the site's, told apart for pipeline blocks."""
    return state.sites.slot[table.site] ^ table.from_pipeline.astype(np.uint64)


def _decide(
    state: State, table: BlockTable, reviewed: np.ndarray, bid: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return hurdle [n], probabilities [n x 4], values [n x 4] and reserve rents [n x 3]."""
    choice, leases = state.scenario.choice, state.scenario.leases
    mine, resale = table.mine[reviewed], table.resale[reviewed]
    slope, level = table.slope[reviewed], table.level[reviewed]
    # Owners expect the going rent, but no more than the best bid for their own block.
    expected = np.minimum(state.expected_rent[None, 1:], np.where(np.isfinite(bid), bid, 0.0))
    let = leases.it_to_gross * (slope * expected + level) + resale[:, None]
    value = np.column_stack([mine, let])
    ratio = option_hurdle(
        choice.payout, choice.volatility, state.firms.discount_rate[table.firm[reviewed]], choice.window_rate
    )
    feasible = np.column_stack([np.ones(len(reviewed), dtype=bool), np.isfinite(bid)])
    blocks = Blocks(
        value,
        feasible,
        np.asarray(ratio),
        _neighbours(state, table.firm[reviewed]),
        choice.option_weight,
        choice.intensity,
        choice.imitation,
        choice.value_scale,
    )
    hurdle, chance = _ask_strategies(state, table.firm[reviewed], blocks)
    needed = (mine + hurdle - resale) / leases.it_to_gross
    asked = np.maximum((needed[:, None] - level) / slope, 0.0)
    return hurdle, chance, value, asked


def _neighbours(state: State, firm: np.ndarray) -> np.ndarray:
    if state.watching is None:
        return np.zeros((len(firm), USES))
    return state.watching.shares(state)[firm]


def _ask_strategies(state: State, firm: np.ndarray, blocks: Blocks) -> tuple[np.ndarray, np.ndarray]:
    followed = state.firms.strategy[firm]
    if len(state.strategies) == 1:
        only = state.strategies[0]
        return only.hurdle(blocks), only.probabilities(blocks)
    hurdle, chance = np.zeros(len(firm)), np.zeros((len(firm), USES))
    for index, strategy in enumerate(state.strategies):
        rows = rows_where(followed == index)
        if len(rows):
            own = blocks._replace(
                value=blocks.value[rows],
                feasible=blocks.feasible[rows],
                option_ratio=blocks.option_ratio[rows],
                neighbours=blocks.neighbours[rows],
            )
            hurdle[rows], chance[rows] = strategy.hurdle(own), strategy.probabilities(own)
    return hurdle, chance


def _why_mining(value: np.ndarray, hurdle: np.ndarray, bid: np.ndarray) -> np.ndarray:
    """Say what stopped the best alternative of a block that goes on mining."""
    gain = np.where(np.isfinite(bid), value[:, 1:], -np.inf).max(axis=1, initial=-np.inf) - value[:, 0]
    reason = np.where(gain < hurdle, Outcome.HURDLE, Outcome.PREFERS_MINING)
    reason = np.where(gain <= 0.0, Outcome.PREFERS_MINING, reason)
    return np.where(np.isfinite(gain), reason, Outcome.NO_TENANT)


def finance_offers(state: State) -> None:
    """Drop offers whose owner cannot fund its share of the build, or for which no builder is free."""
    offers: Offers = state.scratch["offers"]
    table: BlockTable = state.scratch["blocks"]
    rows = rows_where(offers.use > 0)
    if not len(rows):
        return
    block, product = offers.block[rows], offers.use[rows] - 1
    it_mw = table.mw[block] * state.scenario.leases.it_to_gross
    capex = capex_of(state, product, table.fitted_share[block]) * it_mw
    value, hurdle, _ = state.scratch["decisions"]
    merit = value[rows, product + 1] - value[rows, 0] - hurdle[rows]
    if state.scenario.finance.enabled:
        # The tenant is not known yet: the owner must be able to build with the smallest loan, and lenders
        # with the largest, for what the least rent that the owner takes does not prepay.
        least, most = (loan_share(grade, False, state.scenario) for grade in (False, True))
        rent = np.minimum(state.expected_rent[offers.use[rows]], offers.reserve[rows])
        rent = rent * average_over_first(state.terms)[product]
        prepaid = state.terms.prepaid[product] * state.terms.years[product] * rent * it_mw
        unpaid = np.maximum(capex - prepaid, 0.0)
        funded = fund_proposals(
            state, table.firm[block], unpaid * (1.0 - least), unpaid * max(least, most), merit
        )
        offers.outcome[rows[~funded]] = Outcome.NO_FINANCE
        rows, merit = rows[funded], merit[funded]
    _find_builders(state, offers, table, rows, merit)


def capex_of(state: State, product: np.ndarray, fitted_share: np.ndarray) -> np.ndarray:
    """Return the landlord's cost of building, musd per IT MW, less what an empty hall saves."""
    terms = state.terms
    own = terms.capex[product] * (1.0 - terms.tenant_share[product])
    return np.maximum(own - terms.hall[product] * fitted_share, 0.0)


def _find_builders(
    state: State, offers: Offers, table: BlockTable, rows: np.ndarray, merit: np.ndarray
) -> None:
    free = state.scenario.leases.construction_capacity_gw * 1000.0 - float(state.sites.building_mw.sum())
    mw = table.mw[offers.block[rows]]
    if mw.sum() <= free:
        return
    # A block too large for what is free leaves it to smaller ones.
    for row in np.lexsort((block_slots(state, table)[offers.block[rows]], -merit)).tolist():
        if mw[row] <= free:
            free -= mw[row]
        else:
            offers.outcome[rows[row]] = Outcome.NO_CONSTRUCTION_SLOT
