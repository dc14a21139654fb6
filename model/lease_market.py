"""Phases 9 and 10: the assignment of buyers' blocks to sellers' blocks, and the leases it ends in.

The surplus of a pair is the present value of what the bid exceeds the reserve by, over the term from delivery
on. Both sides count at the landlords' usual rate for leases: a dollar of surplus has to be the same for
whoever gets it, or there is nothing to share.
"""

from __future__ import annotations

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.assignment import clear_leases
from agents.economics.discounting import annuity_factor, yearly_step
from agents.tables import LeaseStatus, Outcome, Product
from model.choice import Offers, block_slots, capex_of
from model.funding import funded_by_parent, loan_share
from model.options import BlockTable, average_over_first
from model.sites import take_megawatts
from model.state import State
from model.tenants import expected_slip

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
    rent = table.bid[buyers][:, block, product]
    mw = np.minimum(table.mw[block][None, :], wanted[:, None])
    it_mw = mw * state.scenario.leases.it_to_gross
    reserve = offers.reserve[rows]
    size = it_mw * _present_value_of_rent(state, table.ready[block, product], product)
    gain = np.where(np.isfinite(rent), (rent - reserve) * size * _apart(state, buyers, block), -np.inf)
    clearing = clear_leases(gain, np.zeros(len(rows)), state.scenario.leases.theta)
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


def _apart(state: State, buyers: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return factors that hold equal surpluses apart, [buyers x blocks].

    Blocks that are as good for either of two buyers can change hands without loss: then chance decides, and
    not the order of tables or the last digit of a sum.
    """
    table: BlockTable = state.scratch["blocks"]
    pairs = state.hyperscalers.slot[buyers][:, None] ^ block_slots(state, table)[block][None, :]
    drawn = state.streams.uniform("equal surpluses", state.month, pairs.ravel())
    return 1.0 + EQUAL * drawn.reshape(pairs.shape)


def _present_value_of_rent(state: State, ready: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Return the present value of one a year in first-year rent, for n blocks ready in some years."""
    terms, rate = state.terms, state.scenario.finance.discount_lease
    annuity = annuity_factor(rate - terms.escalator, terms.years) * yearly_step(terms.escalator)
    return annuity[product] * np.exp(-rate * ready)


def _negotiating(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return buyer and most megawatts of each block that some buyer can negotiate this month, [blocks].

    Of a buyer's several blocks each is for what the ones before it may leave of its need.
    """
    ai, need, most = state.scenario.ai, state.hyperscalers.need_mw, state.scenario.leases.block_mw
    wanted = np.maximum(np.floor((need - ai.minimum_block_mw) / most) + 1.0, 0.0)
    deals = np.minimum(wanted, ai.deals_per_month).astype(int)
    buyers = np.repeat(np.arange(len(need)), deals)
    before = np.arange(len(buyers)) - np.repeat(np.cumsum(deals) - deals, deals)
    return buyers, need[buyers] - before * most


def _report_core(state: State, offers: Offers, deals: list[dict]) -> None:
    """Report the width of the core in mean rents over the term, like every rent of the series."""
    it = np.array([deal["mw"] for deal in deals])
    if len(it):
        mean = average_over_first(state.terms)[offers.use[[deal["row"] for deal in deals]] - 1]
        width = mean * np.array([deal["upper"] - deal["lower"] for deal in deals])
        state.figures["core_width_usd_kw_month"] = float(width @ it / it.sum()) * RENT_TO_DOLLARS


def sign_leases(state: State) -> None:
    """Turn deals into leases, move their megawatts to building, and record every decision of the month."""
    offers: Offers = state.scratch["offers"]
    table: BlockTable = state.scratch["blocks"]
    signed_it, signed_mw = np.zeros(len(Product)), 0.0
    rent_it = np.zeros(len(Product))
    for deal in state.scratch["deals"]:
        _sign(state, offers, table, deal)
        product = offers.use[deal["row"]]
        it_mw = deal["mw"] * state.scenario.leases.it_to_gross
        signed_it[product] += it_mw
        rent_it[product] += it_mw * deal["rent"]
        signed_mw += deal["mw"]
    _learn(state, table, offers, signed_it, rent_it, signed_mw)
    _record_decisions(state, offers, table)


def _sign(state: State, offers: Offers, table: BlockTable, deal: dict) -> None:
    row = deal["row"]
    block, use = int(offers.block[row]), int(offers.use[row])
    product, site, firm = use - 1, int(table.site[block]), int(table.firm[block])
    offers.outcome[row] = Outcome.SIGNED
    it_mw = deal["mw"] * state.scenario.leases.it_to_gross
    # What is left of an empty hall: another block of the site may have taken it this month.
    used_hall = min(float(state.sites.fitted_it_mw[site]), it_mw)
    capex = float(capex_of(state, np.array([product]), np.array([used_hall / it_mw]))[0]) * it_mw
    take_megawatts(state, site, deal["mw"], bool(table.from_pipeline[block]))
    state.sites.fitted_it_mw[site] -= used_hall
    state.sites.last_choice[site] = use
    state.sites.last_move[site] = state.month
    lead = int(np.ceil(_promised_lead(state, table, block, product) * MONTHS))
    _add_lease(state, deal, site, firm, use, it_mw, capex, lead)
    state.leases.on_pipeline[-1] = table.from_pipeline[block]
    need = state.hyperscalers
    need.need_mw[deal["buyer"]] -= deal["mw"]
    need.committed_mw[deal["buyer"]] += deal["mw"]


def _promised_lead(state: State, table: BlockTable, block: int, product: int) -> float:
    """Return the years promised to the tenant: the plan without slips, or when the power comes."""
    planned = state.terms.lead[product] / expected_slip(state.scenario.leases)
    build = planned * (1.0 - table.fitted_share[block])
    energisation = state.sites.energisation[table.site[block]]
    power = (energisation - state.month) / MONTHS if table.from_pipeline[block] else 0.0
    return max(float(build), float(power), 1.0 / MONTHS)


def _add_lease(
    state: State, deal: dict, site: int, firm: int, use: int, it_mw: float, capex: float, lead: int
) -> None:
    terms, product = state.terms, use - 1
    state.leases.add(
        1,
        {
            "tenant": deal["buyer"],
            "site": site,
            "landlord": firm,
            "product": use,
            "status": LeaseStatus.BUILDING,
            "gross_mw": deal["mw"],
            "it_mw": it_mw,
            "rent": deal["rent"],
            "rent_now": deal["rent"],
            "escalator": state.scenario.leases.escalator,
            "operating_margin": terms.margin[product],
            "term": int(terms.years[product] * MONTHS),
            "signed": state.month,
            "promised": state.month + lead,
            "delivery": state.month + lead,
            "capex": capex,
            "tenant_capex_share": terms.tenant_share[product],
            "lower": deal["lower"],
            "upper": deal["upper"],
            **_credit_terms(state, deal["buyer"], site),
        },
    )
    mean_rent = deal["rent"] * average_over_first(terms)[product]
    contract = mean_rent * it_mw * terms.years[product] * terms.prepaid[product]
    if contract > 0.0 and not funded_by_parent(state)[firm]:
        # Lenders fund what the tenant has not paid for already.
        state.leases.loan_share[-1] *= max(1.0 - contract / capex, 0.0) if capex > 0.0 else 0.0
        state.leases.prepaid[-1] = contract
        landlord = np.array([firm])
        state.ledger.post("prepayments", "cash", "prepayment", contract, rows=landlord, sector="tenants")


def _credit_terms(state: State, buyer: int, site: int) -> dict[str, float | bool]:
    """Return what lenders make of the tenant: share lent, rate, hazard, and whether somebody guarantees."""
    buyers, finance = state.hyperscalers, state.scenario.finance
    grade = bool(buyers.investment_grade[buyer])
    # Which high-yield leases find a guarantor is drawn by site, like everything that belongs to a site.
    drawn = state.streams.uniform("backstop", state.month, state.sites.slot[site : site + 1])[0]
    backstop = not grade and bool(drawn < state.scenario.leases.backstop_share)
    lent = finance.debt_enabled and not funded_by_parent(state)[state.sites.owner[site]]
    return {
        "project_rate": finance.project_rate
        + finance.project_spread_high_yield * (not grade and not backstop),
        "loan_share": loan_share(grade, backstop, state.scenario) if lent else 0.0,
        "backstop": backstop,
        "default_hazard": buyers.default_hazard[buyer],
    }


def _learn(
    state: State,
    table: BlockTable,
    offers: Offers,
    signed_it: np.ndarray,
    rent_it: np.ndarray,
    signed_mw: float,
) -> None:
    """Update the going rents and the rate at which eligible megawatts find tenants."""
    memory = state.scenario.leases.rent_memory
    _note_landlord_share(state, table, offers)
    news = _quotes(state, table)
    traded = signed_it[1:] > 0.0
    news = np.where(traded, rent_it[1:] / np.where(traded, signed_it[1:], 1.0), news)
    if len(table.site):
        state.expected_rent[1:] += memory * (news - state.expected_rent[1:])
    offered = float(table.mw.sum())
    rate = MONTHS * signed_mw / offered if offered > 0.0 else 0.0
    # A year's memory: deals are lumpy, and the rate is a yearly one.
    state.signing_rate += (rate - state.signing_rate) / MONTHS
    total = signed_it.sum()
    mean_rent = state.expected_rent[1:] * average_over_first(state.terms) * RENT_TO_DOLLARS
    state.figures |= {
        "signed_mw": signed_mw,
        "signed_it_mw": float(total),
        "lease_rent_usd_kw_month": float(mean_rent[1]),
        "shell_rent_usd_kw_month": float(mean_rent[0]),
        "cloud_rent_usd_kw_month": float(mean_rent[2]),
        "eligible_mw": offered,
        "signing_rate_per_year": state.signing_rate,
    }


def _note_landlord_share(state: State, table: BlockTable, offers: Offers) -> None:
    """Note landlords' part of the surplus in the month's deals: beyond theta where tenants compete."""
    deals = state.scratch["deals"]
    if not deals:
        return
    block = offers.block[[deal["row"] for deal in deals]]
    product = offers.use[[deal["row"] for deal in deals]] - 1
    least = table.break_even[block, product]
    surplus = table.bid[:, block, product].max(axis=0) - least
    mw = np.array([deal["mw"] for deal in deals])
    total = float(mw @ surplus)
    if total > 0.0:
        got = float(mw @ (np.array([deal["rent"] for deal in deals]) - least)) / total
        state.landlord_share = min(max(got, 0.0), 1.0)


def _quotes(state: State, table: BlockTable) -> np.ndarray:
    """Return the rents brokers would quote where nothing was signed: surplus split as in the last deals, [3].

    Between what lets an owner break even and the best bid for the block, or the bid where it falls short.
    """
    return _mean_quotes(table.bid, table.break_even, table.mw, state.expected_rent, state.landlord_share)


@compiled
def _mean_quotes(
    bids: np.ndarray, break_even: np.ndarray, mw: np.ndarray, expected: np.ndarray, share: float
) -> np.ndarray:
    products = break_even.shape[1]
    quoted, weight = np.zeros(products), np.zeros(products)
    for block in range(mw.size):
        for product in range(products):
            best = -np.inf
            for buyer in range(bids.shape[0]):
                best = max(best, bids[buyer, block, product])
            if best > -np.inf:
                least = break_even[block, product]
                quoted[product] += min(least + share * max(best - least, 0.0), best) * mw[block]
                weight[product] += mw[block]
    mean = expected[1:].copy()
    for product in range(products):
        if weight[product] > 0.0:
            mean[product] = quoted[product] / weight[product]
    return mean


def _record_decisions(state: State, offers: Offers, table: BlockTable) -> None:
    if len(offers.block):
        _record_choices(state, offers, table)
    _record_ineligible(state, table)


def _record_choices(state: State, offers: Offers, table: BlockTable) -> None:
    value, hurdle, chance = state.scratch["decisions"]
    block = offers.block
    price = np.zeros(len(block))
    tenant = np.full(len(block), -1)
    for deal in state.scratch["deals"]:
        price[deal["row"]], tenant[deal["row"]] = deal["rent"], deal["buyer"]
    state.recorder.event(
        "decision",
        firm=table.firm[block],
        site=table.site[block],
        counterparty=tenant,
        mw=table.mw[block],
        use=offers.use,
        price=price,
        reserve=offers.reserve,
        value_mine=value[:, 0],
        value_shell=value[:, 1],
        value_colocation=value[:, 2],
        value_cloud=value[:, 3],
        hurdle=hurdle,
        probability=chance,
        outcome=offers.outcome,
    )


def _record_ineligible(state: State, table: BlockTable) -> None:
    """Record the reviews of US sites that no tenant would take, whatever the rent."""
    sites, least = state.sites, state.scenario.ai.minimum_block_mw
    drawn = state.streams.uniform("review", state.month, sites.slot)
    chance = state.firms.review_probability
    eligible = sites.us, sites.owner, sites.mining_mw, sites.idle_mw
    rows, unlet = _reviewed_elsewhere(*eligible, table.site, drawn, chance, least)
    if not len(rows):
        return
    machine_mw = state.scratch["machine_mw"][rows]
    fleet = state.scratch["fleet_value"][rows] / np.where(machine_mw > 0.0, machine_mw, 1.0)
    state.recorder.event(
        "decision",
        firm=sites.owner[rows],
        site=rows,
        counterparty=-1,
        mw=unlet,
        use=Product.MINE,
        value_mine=np.where(machine_mw > 0.0, fleet, sites.new_mine_value[rows]),
        probability=1.0,
        outcome=Outcome.NOT_ELIGIBLE,
    )


@compiled
def _reviewed_elsewhere(
    us: np.ndarray,
    owner: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    offered: np.ndarray,
    drawn: np.ndarray,
    chance: np.ndarray,
    least: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the US sites under review that offer no block though they have the megawatts, and these."""
    barred = us.copy()
    for site in offered:
        barred[site] = False
    for site in range(us.size):
        large = barred[site] and mining_mw[site] + idle_mw[site] >= least
        barred[site] = large and owner[site] >= 0 and drawn[site] < chance[owner[site]]
    rows = barred.nonzero()[0]
    return rows, mining_mw[rows] + idle_mw[rows]
