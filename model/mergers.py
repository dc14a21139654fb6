"""Phase 13: miners, AI customers and a power generator bid for miners, and some bids succeed.

A firm that looks at a target values everything it holds in its own hands (its cost of capital, pool fee,
beliefs and overhead saved) and bids when that exceeds the price: a premium over the target's equity, as a
whole or in pieces, whichever is more, with net debt taken over. Holders who have no equity left have nothing
to sell: such firms end in defaults and auctions. Listed acquirers pay in shares, all others in cash. A bid
fails when it does not pay, when the means do not suffice, when a higher bid or another merger comes first,
or when holders vote it down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.tables import Kind, Status
from model.bids import appraise_targets, power_by_generator
from model.funding import free_cash
from model.ledger import TOLERANCE
from model.ownership import absorb_firm
from model.tenants import buyer_rows

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0
ACCEPTED = "accepted"
NOTHING_TO_SELL = "nothing to sell"
NOT_WORTH = "not worth the price"
NO_MEANS = "acquirer has not the means"
OUTBID = "another bid was higher"
TAKEN = "acquirer was taken over itself"
BUYS = "target takes over another firm itself"
REJECTED = "voted down"


class Bids(NamedTuple):
    """Looks at targets, one per acquirer; all arrays [n].

    Attributes:
        acquirer: Firm row.
        target: Firm row.
        worth: Equity of the target in the acquirer's hands, musd.
        price: What the target's holders would get, musd.
        alone: Equity of the target by itself, as a whole or in pieces, whichever is more, musd.
        debt: Corporate debt of the target, musd.
        mw: Megawatts of the target.
    """

    acquirer: np.ndarray
    target: np.ndarray
    worth: np.ndarray
    price: np.ndarray
    alone: np.ndarray
    debt: np.ndarray
    mw: np.ndarray


def mergers(state: State) -> None:
    """Let firms look at targets, bid, vote and merge."""
    consolidation = state.scenario.consolidation
    if not consolidation.mergers_enabled:
        return
    drawn = state.streams.uniform("bid", state.month, state.firms.slot)
    looking = rows_where(drawn < consolidation.bid_probability)
    if not len(looking):
        return
    secured = np.bincount(state.sites.owner + 1, state.sites.secured_mw, minlength=len(state.firms) + 1)[1:]
    acquirer, target = choose_targets(state, looking, secured)
    close = worth_a_look(state, acquirer, target)
    if close.any():
        _settle(state, _bids(state, acquirer[close], target[close], secured))


def choose_targets(state: State, looking: np.ndarray, secured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return acquirers that find somebody to look at, and whom, one target each.

    Acquirers are active miners with megawatts, and outsiders if the scenario lets them bid. They look at
    miners of less equity than their own means, at random; customers at those with megawatts fit for AI. The
    draw belongs to the pair, so that other firms do not change it.
    """
    firms = state.firms
    acquirer, means, offered = _able_and_offered(
        looking,
        secured,
        firms.kind,
        firms.status,
        firms.equity_value,
        firms.capital,
        free_cash(state),
        state.scenario.consolidation.outside_bidders,
    )
    if not len(acquirer):
        return acquirer, acquirer
    target = _drawn(state, acquirer, means, offered)
    customer = rows_where(firms.kind[acquirer] == Kind.AI_CUSTOMER)
    if len(customer):
        arms = acquirer[customer]
        means = np.where(_need_of(state, arms) > 0.0, means[customer], -np.inf)
        target[customer] = _drawn(state, arms, means, offered[_fit_for_ai(state)[offered]])
    found = target >= 0
    return acquirer[found], target[found]


@compiled
def _able_and_offered(
    looking: np.ndarray,
    secured: np.ndarray,
    kind: np.ndarray,
    status: np.ndarray,
    equity_value: np.ndarray,
    capital: np.ndarray,
    free_cash: np.ndarray,
    outside: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return who of those looking can bid, their means, and the miners whose holders could sell."""
    able, offered = np.zeros(looking.size, dtype=np.bool_), np.zeros(kind.size, dtype=np.bool_)
    means = np.zeros(looking.size)
    for row, firm in enumerate(looking):
        bidder = outside if kind[firm] > Kind.PRIVATE else secured[firm] > 0.0
        means[row] = equity_value[firm] if kind[firm] == Kind.LISTED else free_cash[firm]
        # Round-off buys nobody.
        able[row] = bidder and status[firm] == Status.ACTIVE and means[row] > TOLERANCE * abs(capital[firm])
    for firm in range(kind.size):
        miner = kind[firm] <= Kind.PRIVATE and secured[firm] > 0.0
        offered[firm] = miner and status[firm] <= Status.DISTRESSED
    return looking[able], means[able], np.flatnonzero(offered)


def _drawn(state: State, acquirer: np.ndarray, means: np.ndarray, offered: np.ndarray) -> np.ndarray:
    """Return the firm that each acquirer looks at among those of less equity than its means, -1 for none."""
    firms, month = state.firms, state.month
    return state.streams.smaller_partners(
        "target", month, firms.slot, firms.equity_value, acquirer, means, offered
    )


def worth_a_look(state: State, acquirer: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return which pairs may gain from a merger, judged by last month's values.

    To an acquirer with the target's own cost of capital, pool fee and beliefs, who builds no data centres and
    makes no power, there is only overhead to save: if all of it for ever is less than the premium, it stops.
    """
    consolidation = state.scenario.consolidation
    firms = state.firms
    return _may_gain(
        acquirer,
        target,
        firms.kind,
        firms.discount_rate,
        firms.lease_discount_rate,
        firms.pool_fee,
        firms.expected_hashprice,
        firms.expected_decay,
        firms.overhead,
        firms.equity_value,
        consolidation.synergy * MONTHS,
        consolidation.takeover_premium,
    )


@compiled
def _may_gain(
    acquirer: np.ndarray,
    target: np.ndarray,
    kind: np.ndarray,
    discount_rate: np.ndarray,
    lease_discount_rate: np.ndarray,
    pool_fee: np.ndarray,
    expected_hashprice: np.ndarray,
    expected_decay: np.ndarray,
    overhead: np.ndarray,
    equity_value: np.ndarray,
    saving: float,
    premium: float,
) -> np.ndarray:
    gain = np.zeros(target.size, dtype=np.bool_)
    for pair in range(target.size):
        one, other = acquirer[pair], target[pair]
        alike = kind[one] <= Kind.PRIVATE
        for column in (discount_rate, lease_discount_rate, pool_fee, expected_hashprice, expected_decay):
            alike = alike and abs(column[one] - column[other]) <= TOLERANCE * abs(column[other])
        saved = saving * overhead[other] / discount_rate[other]
        gain[pair] = not alike or saved > premium * equity_value[other]
    return gain


def _fit_for_ai(state: State) -> np.ndarray:
    """Return which firms hold a block fit for AI."""
    sites = state.sites
    unlet = np.maximum(sites.mining_mw + sites.idle_mw, sites.pipeline_mw)
    fit = sites.us & sites.convertible & (unlet >= state.scenario.ai.minimum_block_mw) & (sites.owner >= 0)
    return np.bincount(sites.owner[fit], minlength=len(state.firms)) > 0


def _need_of(state: State, arms: np.ndarray) -> np.ndarray:
    """Return what the customers behind the given firm rows still need, zero below their smallest block."""
    need = state.hyperscalers.need_mw[buyer_rows(state, arms)]
    return np.where(need >= state.scenario.ai.minimum_block_mw, need, 0.0)


def _bids(state: State, acquirer: np.ndarray, target: np.ndarray, secured: np.ndarray) -> Bids:
    firms = state.firms
    found = appraise_targets(state, acquirer, target)
    owed = firms.corporate_debt + firms.project_debt + firms.prepayment
    net = (owed - firms.cash - firms.restricted_cash - firms.bitcoin)[target]
    alone = np.maximum(found.alone, found.break_up) - net
    premium = state.scenario.consolidation.takeover_premium
    return Bids(
        acquirer,
        target,
        worth=found.together - net,
        price=np.maximum(alone, 0.0) * (1.0 + premium),
        alone=alone,
        debt=firms.corporate_debt[target],
        mw=secured[target],
    )


def _settle(state: State, bids: Bids) -> None:
    """Decide bids, the greatest gain first, and complete what succeeds."""
    order = np.lexsort((state.firms.slot[bids.acquirer], bids.price - bids.worth))
    votes = state.streams.uniform("vote", state.month, state.firms.slot[bids.target])
    refused = state.firms.listed[bids.target] & (votes < state.scenario.consolidation.rejection_probability)
    affordable = _affordable(state, bids)
    for_sale = bids.price > 0.0
    reasons = np.where(for_sale, NOT_WORTH, NOTHING_TO_SELL).astype(object)
    sold: set[int] = set()
    buyers: set[int] = set()
    won: list[int] = []
    for row in order[(for_sale & (bids.worth > bids.price))[order]].tolist():
        acquirer, target = int(bids.acquirer[row]), int(bids.target[row])
        if target in sold:
            reasons[row] = OUTBID
        elif target in buyers:
            reasons[row] = BUYS
        elif acquirer in sold:
            reasons[row] = TAKEN
        elif not affordable[row]:
            reasons[row] = NO_MEANS
        elif refused[row]:
            reasons[row] = REJECTED
        else:
            reasons[row] = ACCEPTED
            sold.add(target)
            buyers.add(acquirer)
            won.append(row)
    _record(state, bids, reasons)
    for row in won:
        _complete(state, bids, row)


def _affordable(state: State, bids: Bids) -> np.ndarray:
    """Return which acquirers can pay: in shares worth more than the target, or in cash.

    Lenders to miners do not follow a miner into the hands of an outsider, who repays them.
    """
    firms = state.firms
    kind = firms.kind[bids.acquirer]
    repaid = np.where(kind > Kind.PRIVATE, bids.debt, 0.0)
    needed = bids.price + np.maximum(repaid - np.maximum(firms.cash[bids.target], 0.0), 0.0)
    in_cash = needed <= free_cash(state)[bids.acquirer]
    in_shares = bids.price < firms.equity_value[bids.acquirer]
    return np.where(kind == Kind.LISTED, in_shares, in_cash)


def _record(state: State, bids: Bids, reasons: np.ndarray) -> None:
    """Record bids, and apart from them the appraisals after which nobody bid."""
    made = np.array([reason not in (NOT_WORTH, NOTHING_TO_SELL) for reason in reasons.tolist()])
    for kind, rows in (("bid", made), ("appraisal", ~made)):
        if rows.any():
            state.recorder.event(
                kind,
                firm=bids.acquirer[rows],
                counterparty=bids.target[rows],
                mw=bids.mw[rows],
                price=bids.price[rows],
                reserve=bids.alone[rows],
                value=bids.worth[rows],
                reason=reasons[rows],
            )
    state.figures["bids"] = float(np.count_nonzero(made))
    state.figures["bids_failed"] = float(np.count_nonzero(made & (reasons != ACCEPTED)))


def _complete(state: State, bids: Bids, row: int) -> None:
    """Merge the target into its acquirer and pay its holders."""
    firms, ledger = state.firms, state.ledger
    heir, target = int(bids.acquirer[row]), int(bids.target[row])
    price = float(bids.price[row])
    sites = rows_where(state.sites.owner == target)
    firms.overhead[heir] += firms.overhead[target] * (1.0 - state.scenario.consolidation.synergy)
    absorb_firm(state, target, heir)
    rows = np.array([heir])
    if firms.kind[heir] != Kind.LISTED:
        ledger.post("takeovers", "capital", "cash", price, rows=rows, sector="investors")
    if firms.kind[heir] > Kind.PRIVATE:
        debt = max(float(firms.corporate_debt[heir]), 0.0)
        ledger.post("debt repaid", "corporate_debt", "cash", debt, rows=rows, sector="lenders")
    if firms.kind[heir] == Kind.GENERATOR:
        power_by_generator(state, sites)
    state.recorder.event(
        "merger",
        firm=heir,
        counterparty=target,
        mw=float(bids.mw[row]),
        price=price,
        value=float(bids.worth[row]),
        reason="shares" if firms.kind[heir] == Kind.LISTED else "cash",
    )
