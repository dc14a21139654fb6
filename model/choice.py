"""Phases 7 and 8: reviewed blocks choose a use, and offers without money or a builder drop out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.blocks import reserve_rent
from agents.economics.options import option_hurdle
from agents.strategies.base import Blocks
from agents.tables import Outcome, Product
from model.funding import fund_proposals, loan_share
from model.options import BlockTable, average_over_first
from model.state import State

USES = len(Product)
NO_TENANT, HURDLE, PREFERS_MINING = (
    int(each) for each in (Outcome.NO_TENANT, Outcome.HURDLE, Outcome.PREFERS_MINING)
)


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
    value, feasible, hurdle, chance = _decide(state, table, reviewed)
    position = state.streams.uniform("use", state.month, block_slots(state, table)[reviewed])
    use, had, outcome = _choose(chance, position, value, feasible, hurdle)
    offers = Offers(reviewed, use, np.zeros(len(reviewed)), outcome)
    _reserve(state, table, offers, hurdle)
    state.scratch["offers"] = offers
    state.scratch["decisions"] = (value, hurdle, had)


def block_slots(state: State, table: BlockTable) -> np.ndarray:
    """Return a stable slot per block: the site's, told apart for pipeline blocks."""
    return state.sites.slot[table.site] ^ table.from_pipeline.astype(np.uint64)


@compiled
def _weigh(
    reviewed: np.ndarray,
    mine: np.ndarray,
    resale: np.ndarray,
    slope: np.ndarray,
    level: np.ndarray,
    bid: np.ndarray,
    going: np.ndarray,
    it_to_gross: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each use is worth to the owner and whether it is open to the block, [n x 4]."""
    count, products = reviewed.size, slope.shape[1]
    value, feasible = np.empty((count, 1 + products)), np.ones((count, 1 + products), dtype=np.bool_)
    for row in range(count):
        block = reviewed[row]
        value[row, 0] = mine[block]
        for product in range(products):
            best = -np.inf
            for buyer in range(bid.shape[0]):
                best = max(best, bid[buyer, block, product])
            feasible[row, 1 + product] = np.isfinite(best)
            # Owners expect the going rent, but no more than the best bid for their own block.
            expected = min(going[1 + product], best if np.isfinite(best) else 0.0)
            let = it_to_gross * (slope[block, product] * expected + level[block, product])
            value[row, 1 + product] = let + resale[block]
    return value, feasible


def _decide(
    state: State, table: BlockTable, reviewed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return values [n x 4], which uses are feasible [n x 4], hurdle [n] and probabilities [n x 4]."""
    choice, gross, firm = state.scenario.choice, state.scenario.leases.it_to_gross, table.firm[reviewed]
    worth = (table.mine, table.resale, table.slope, table.level, table.bid)
    value, feasible = _weigh(reviewed, *worth, state.expected_rent, gross)
    ratio = option_hurdle(
        choice.payout, choice.volatility, state.firms.discount_rate[firm], choice.window_rate
    )
    blocks = Blocks(
        value,
        feasible,
        np.asarray(ratio),
        _neighbours(state, firm),
        choice.option_weight,
        choice.intensity,
        choice.imitation,
        choice.value_scale,
    )
    return value, feasible, *_ask_strategies(state, firm, blocks)


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


@compiled
def _choose(
    chance: np.ndarray, position: np.ndarray, value: np.ndarray, feasible: np.ndarray, hurdle: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each block's use, the chance it had, and the outcome so far, [n]."""
    count, uses = chance.shape
    use, outcome = np.zeros(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    had = np.empty(count)
    for row in range(count):
        reached = 0.0
        for each in range(uses):
            reached += chance[row, each]
            use[row] += reached < position[row]
        use[row] = min(use[row], uses - 1)
        had[row] = chance[row, use[row]]
        outcome[row] = NO_TENANT if use[row] > 0 else _why_mining(value[row], feasible[row], hurdle[row])
    return use, had, outcome


@compiled
def _why_mining(value: np.ndarray, feasible: np.ndarray, hurdle: float) -> int:
    """Say what stopped the best alternative of a block that goes on mining."""
    best = -np.inf
    for use in range(1, value.size):
        if feasible[use]:
            best = max(best, value[use])
    gain = best - value[0]
    if not np.isfinite(gain):
        return NO_TENANT
    return HURDLE if 0.0 < gain < hurdle else PREFERS_MINING


def _reserve(state: State, table: BlockTable, offers: Offers, hurdle: np.ndarray) -> None:
    """Write the least rent for which blocks on offer are let: what mining is worth, and the hurdle."""
    rows = rows_where(offers.use > 0)
    if len(rows):
        block, product = offers.block[rows], offers.use[rows] - 1
        needed = (table.mine[block] + hurdle[rows] - table.resale[block]) / state.scenario.leases.it_to_gross
        slope, level = table.slope[block, product], table.level[block, product]
        offers.reserve[rows] = reserve_rent(slope, level, needed)


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
