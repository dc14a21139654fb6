"""The estate of a liquidated firm: its sites are auctioned, its creditors paid in part, its books closed.

Bidders are healthy miners with free cash and, if the scenario lets them, the arms of AI customers and of a
generator. The going-concern price is cut by a discount that deepens with the part of the sector in distress.
A site nobody can pay for goes to its lenders (the generator's row stands for them) when it has tenants or
clients; otherwise its megawatts are released.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.columns import among, rows_where
from agents.compiled import compiled
from agents.economics.credit import fire_sale_discount
from agents.tables import Kind, LeaseStatus, Status, Tenure
from model.funding import free_cash, miners
from model.lease_worth import lease_worth
from model.ledger import TOLERANCE
from model.ownership import (
    end_firms,
    leases_at,
    machines_at_market,
    release_sites,
    return_hosted_mw,
    transfer_sites,
)
from model.state import State


def auction_discount(state: State, failing: np.ndarray) -> float:
    """Return the discount of a month's auctions, from the part of miners' megawatts in distress.

    Args:
        state: The state.
        failing: Which firms default this month; they count with the distressed and those in chapter 11.
    """
    sites, firms, finance = state.sites, state.firms, state.scenario.finance
    held = np.bincount(sites.owner + 1, sites.energised_mw, minlength=len(firms) + 1)[1:] * miners(state)
    distressed = failing | (firms.status == Status.DISTRESSED) | (firms.status == Status.CHAPTER11)
    total = float(held.sum())
    share = min(float(held @ distressed) / total, 1.0) if total > 0.0 else 0.0
    # A sweep may push one bound past the other; distress of others never makes sites dearer.
    deepest = max(finance.distress_discount, finance.distress_discount_single)
    return float(fire_sale_discount(share, finance.distress_discount_single, deepest))


class Worth(NamedTuple):
    """Going-concern prices of sites before any loan on them, musd, one entry per site.

    Attributes:
        place: Power, leases and pipeline: what a hurried sale loses part of.
        machines: Machines at second-hand prices, which fall for everybody or for nobody.
    """

    place: np.ndarray
    machines: np.ndarray

    def after(self, discount: float) -> np.ndarray:
        """Return what the sites fetch at a discount."""
        return self.place * (1.0 - discount) + self.machines


def site_worth(state: State, rows: np.ndarray) -> Worth:
    """Return the going-concern prices of sites.

    Unlet energised megawatts at the price of a site, leases by their income to come, and the pipeline at its
    part of what its owner's pipeline was valued at. Hosted rows are machines alone.
    """
    sites, finance = state.sites, state.scenario.finance
    place = _place_worth(
        rows,
        sites.owner,
        sites.tenure,
        sites.host_site,
        sites.mining_mw,
        sites.idle_mw,
        sites.pipeline_mw,
        state.firms.value_pipeline,
        finance.site_price,
    )
    place += _lease_worth(state, rows)
    return Worth(np.maximum(place, 0.0), machines_at_market(state, rows))


@compiled
def _place_worth(
    rows: np.ndarray,
    owner: np.ndarray,
    tenure: np.ndarray,
    host_site: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    pipeline_mw: np.ndarray,
    value_pipeline: np.ndarray,
    site_price: float,
) -> np.ndarray:
    """Return what unlet power and pipeline of sites are worth, musd; nothing on somebody else's premises."""
    pipeline = np.zeros(value_pipeline.size)
    for site in range(owner.size):
        if owner[site] >= 0:
            pipeline[owner[site]] += pipeline_mw[site]
    worth = np.zeros(rows.size)
    for index, site in enumerate(rows):
        if tenure[site] != Tenure.HOSTED and host_site[site] < 0:
            worth[index] = site_price * (mining_mw[site] + idle_mw[site])
            whole = pipeline[owner[site]]
            if whole > 0.0:
                worth[index] += max(value_pipeline[owner[site]], 0.0) * (pipeline_mw[site] / whole)
    return worth


def _hosted(state: State, rows: np.ndarray) -> np.ndarray:
    """Return which rows are machines on somebody else's premises."""
    sites = state.sites
    return (sites.tenure[rows] == Tenure.HOSTED) | (sites.host_site[rows] >= 0)


def _lease_worth(state: State, rows: np.ndarray) -> np.ndarray:
    """Return what live leases at the sites are worth to a listed landlord, loans apart, musd by site."""
    leases = state.leases
    held = leases_at(state, rows)
    held = held[leases.status[held] <= LeaseStatus.DELIVERING]
    if not len(held):
        return np.zeros(len(rows))
    value = lease_worth(state, held, np.full(len(held), state.scenario.finance.discount_lease))
    return np.bincount(leases.site[held], value, minlength=len(state.sites))[rows]


def owed_on_sites(state: State, rows: np.ndarray) -> np.ndarray:
    """Return loans and prepayments that go with the sites, musd by site."""
    leases = state.leases
    held = leases_at(state, rows)
    if not len(held):
        return np.zeros(len(rows))
    owed = leases.project_debt[held] + leases.prepaid[held]
    return np.bincount(leases.site[held], owed, minlength=len(state.sites))[rows]


def liquidate(state: State, firms: np.ndarray, discount: float, *, willing: bool = False) -> None:
    """Auction what the firms own, pay their creditors as far as it goes, and end them.

    Firms that end willingly, and pay all they owe, have closed: that is no failure, and counted apart.
    """
    sites = state.sites
    _separate_dead_loans(state, firms)
    held = rows_where(among(sites.owner, firms, len(state.firms)))
    megawatts = np.bincount(sites.owner[held], sites.secured_mw[held], minlength=len(state.firms))[firms]
    hosted = _hosted(state, held)
    _sell_machines(state, held[hosted])
    return_hosted_mw(state, held[hosted])
    _auction(state, held[~hosted], firms, discount)
    claims, paid = _pay_creditors(state, firms)
    _write_off_rest(state, firms)
    failed = (paid < claims * (1.0 - TOLERANCE)) | (not willing)
    for kind, ended in (("liquidation", failed), ("closure", ~failed)):
        if ended.any():
            state.recorder.event(
                kind, firm=firms[ended], mw=megawatts[ended], value=claims[ended], price=paid[ended]
            )
    end_firms(state, firms, np.where(failed, Status.LIQUIDATED, Status.CLOSED))


def _separate_dead_loans(state: State, firms: np.ndarray) -> None:
    """Make loans without a tenant claims on the estate: they do not go with the site."""
    leases = state.leases
    dead = among(leases.landlord, firms, len(state.firms)) & (leases.status > LeaseStatus.DELIVERING)
    leases.project_debt[dead] = 0.0
    leases.prepaid[dead] = 0.0


def _sell_machines(state: State, rows: np.ndarray) -> None:
    """Sell machines, and places in the queue for them, second-hand to buyers elsewhere."""
    if not len(rows):
        return
    sites = state.sites
    proceeds = np.bincount(sites.owner[rows], machines_at_market(state, rows), minlength=len(state.firms))
    state.ledger.post("machine sales", "cash", "earnings", proceeds, sector="market")
    sites.hash[rows] = 0.0
    state.orders[:, rows] = 0.0


class _Bidders:
    """Who can buy at this month's auctions.

    Among those who can pay, the chance to be the one is in proportion to free cash: everybody gains from a
    purchase at a discount, and money finds what is cheap.
    """

    def __init__(self, state: State, failing: np.ndarray) -> None:
        firms, outside = state.firms, state.scenario.consolidation.outside_bidders
        able = (firms.status == Status.ACTIVE) & ((firms.kind <= Kind.PRIVATE) | outside)
        able[failing] = False
        self.customer = firms.kind == Kind.AI_CUSTOMER
        # The arms of AI customers are in the order of the customers themselves.
        needy = state.hyperscalers.need_mw >= state.scenario.ai.minimum_block_mw
        able[self.customer] &= needy[: np.count_nonzero(self.customer)]
        self.means = np.where(able, free_cash(state), 0.0)
        self.state = state

    def winner(self, site: int, price: float, fit_for_ai: bool) -> int:
        """Return the firm that gets a site at a price above zero, -1 for nobody; pays from its means."""
        can = self.means >= price
        if not fit_for_ai:
            can &= ~self.customer
        rows = rows_where(can)
        if not len(rows):
            return -1
        state = self.state
        pairs = state.firms.slot[rows] ^ state.sites.slot[site]
        drawn = state.streams.uniform("auction", state.month, pairs)
        # The least of exponential clocks that run at rates in proportion to means.
        chosen = int(rows[np.argmin(-np.log(drawn) / self.means[rows])])
        self.means[chosen] -= price
        return chosen


def _auction(state: State, rows: np.ndarray, failing: np.ndarray, discount: float) -> None:
    """Sell sites one by one, the dearest first; what finds no buyer goes to lenders or is released."""
    if not len(rows):
        return
    sites = state.sites
    going_concern = site_worth(state, rows)
    before, worth = going_concern.after(0.0), going_concern.after(discount)
    price = np.maximum(worth - _cut_loans_to_worth(state, rows, worth), 0.0)
    encumbered = _has_tenants(state, rows)
    fit_for_ai = sites.us & sites.convertible & (sites.secured_mw >= state.scenario.ai.minimum_block_mw)
    bidders = _Bidders(state, failing)
    unsold = []
    for index in np.lexsort((sites.slot[rows], -price)).tolist():
        site = int(rows[index])
        wanted = price[index] > 0.0
        buyer = bidders.winner(site, float(price[index]), bool(fit_for_ai[site])) if wanted else -1
        if buyer < 0 and not encumbered[index]:
            unsold.append(site)
            continue
        paid = float(price[index]) if buyer >= 0 else 0.0
        _hand_over(state, site, buyer if buyer >= 0 else _lenders(state), paid, float(before[index]))
    left = np.array(unsold, dtype=np.int64)
    _sell_machines(state, left)
    release_sites(state, left, "no buyer")


def _hand_over(state: State, site: int, buyer: int, price: float, worth: float) -> None:
    sites = state.sites
    state.recorder.event(
        "auction",
        firm=int(sites.owner[site]),
        site=site,
        counterparty=buyer,
        mw=float(sites.secured_mw[site]),
        price=price,
        value=worth,
        reason="sold" if price > 0.0 else "taken over by lenders",
    )
    transfer_sites(state, np.array([site]), buyer, np.array([price]))


def _lenders(state: State) -> int:
    """Return the row that stands for lenders who take over a site: the generator's."""
    return int(rows_where(state.firms.kind == Kind.GENERATOR)[0])


def _has_tenants(state: State, rows: np.ndarray) -> np.ndarray:
    """Return which sites have live leases or clients whose machines they host."""
    leases, sites = state.leases, state.sites
    live = leases.site[leases.status <= LeaseStatus.DELIVERING]
    clients = sites.host_site[(sites.host_site >= 0) & (sites.owner >= 0)]
    return among(rows, live, len(sites)) | among(rows, clients, len(sites))


def _cut_loans_to_worth(state: State, rows: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Write project loans down to what the sites fetch, so that nobody takes over more debt than worth.

    Returns:
        Loans and prepayments that go with the sites then, musd by site.
    """
    leases, firms = state.leases, state.firms
    owed = owed_on_sites(state, rows)
    over = np.maximum(owed - worth, 0.0)
    if not over.any():
        return owed
    share = np.zeros(len(state.sites))
    held = leases_at(state, rows)
    debt = leases.project_debt[held]
    debt_by_site = np.bincount(leases.site[held], debt, minlength=len(share))[rows]
    share[rows] = np.minimum(over / np.where(debt_by_site > 0.0, debt_by_site, np.inf), 1.0)
    cut = debt * share[leases.site[held]]
    leases.project_debt[held] = debt - cut
    lost = np.bincount(leases.landlord[held], cut, minlength=len(firms))
    state.ledger.post("project loans cut", "project_debt", "earnings", np.minimum(lost, firms.project_debt))
    return owed_on_sites(state, rows)


def _pay_creditors(state: State, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn everything into cash and share it out: creditors pro rata, then the holders of the equity.

    Returns:
        Claims and what was paid on them, musd by firm.
    """
    firms, ledger = state.firms, state.ledger
    for account, flow, sector in (
        ("bitcoin", "bitcoin sold", "market"),
        ("restricted_cash", "reserves released", None),
    ):
        amount = np.maximum(getattr(firms, account)[rows], 0.0)
        if amount.any():
            ledger.post(flow, "cash", account, amount, rows=rows, sector=sector)
    # Bills nobody could pay are the loss of those who sent them.
    unpaid = np.maximum(-firms.cash[rows], 0.0)
    ledger.post("unpaid bills", "cash", "earnings", unpaid, rows=rows, sector="suppliers")
    debts = ("corporate_debt", "project_debt", "prepayment")
    owed = np.maximum(np.array([getattr(firms, name)[rows] for name in debts]), 0.0)
    claims = owed[0] + owed[1] + owed[2]
    ratio = np.minimum(firms.cash[rows] / np.where(claims > 0.0, claims, np.inf), 1.0)
    for name, amount in zip(debts, owed, strict=True):
        if not amount.any():
            continue
        sector = "tenants" if name == "prepayment" else "lenders"
        ledger.post("claims paid", name, "cash", amount * ratio, rows=rows, sector=sector)
        ledger.post("claims lost", name, "earnings", amount * (1.0 - ratio), rows=rows)
    left = np.maximum(firms.cash[rows], 0.0)
    ledger.post("liquidation surplus", "capital", "cash", left, rows=rows, sector="investors")
    return claims + unpaid, claims * ratio


def _write_off_rest(state: State, rows: np.ndarray) -> None:
    """Write off machines and property the auctions left in the books."""
    for account in ("machines", "property"):
        book = np.maximum(getattr(state.firms, account)[rows], 0.0)
        state.ledger.post(f"{account} written off", "earnings", account, book, rows=rows)
