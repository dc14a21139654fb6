"""Phase 10: deals become leases, everybody learns from them, and each decision of the month is recorded."""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.tables import LeaseStatus, Outcome, Product
from model.choice import Offers, capex_of
from model.funding import funded_by_parent, loan_share
from model.lease_market import MONTHS, RENT_TO_DOLLARS
from model.options import BlockTable, average_over_first
from model.sites import take_megawatts
from model.state import State
from model.tenants import expected_slip


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
    news = _quotes(state, table, signed_it, rent_it)
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


def _quotes(state: State, table: BlockTable, signed_it: np.ndarray, rent_it: np.ndarray) -> np.ndarray:
    """Return the mean rents of the month's leases, or what brokers would quote where nothing was signed, [3].

    Surplus is split as in the last deals: between what lets an owner break even and the best bid for the
    block, or the bid where it falls short.
    """
    signed, expected = (signed_it, rent_it), state.expected_rent
    return _mean_quotes(table.bid, table.break_even, table.mw, expected, state.landlord_share, *signed)


@compiled
def _mean_quotes(
    bids: np.ndarray,
    break_even: np.ndarray,
    mw: np.ndarray,
    expected: np.ndarray,
    share: float,
    signed_it: np.ndarray,
    rent_it: np.ndarray,
) -> np.ndarray:
    """Return `_quotes` from rents that are sums over IT megawatts; expected ones where nobody bids."""
    products = break_even.shape[1]
    mean = expected[1:].copy()
    for product in range(products):
        quoted, weight = 0.0, 0.0
        for block in range(mw.size):
            best = -np.inf
            for buyer in range(bids.shape[0]):
                best = max(best, bids[buyer, block, product])
            if best > -np.inf:
                least = break_even[block, product]
                quoted += min(least + share * max(best - least, 0.0), best) * mw[block]
                weight += mw[block]
        if signed_it[1 + product] > 0.0:
            quoted, weight = rent_it[1 + product], signed_it[1 + product]
        if weight > 0.0:
            mean[product] = quoted / weight
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
    megawatts = sites.mining_mw + sites.idle_mw
    rows = _reviewed_elsewhere(sites.us, sites.owner, megawatts, table.site, drawn, chance, least)
    if not len(rows):
        return
    fleets = state.scratch["fleet_value"], state.scratch["machine_mw"]
    state.recorder.event(
        "decision",
        firm=sites.owner[rows],
        site=rows,
        counterparty=-1,
        mw=megawatts[rows],
        use=Product.MINE,
        value_mine=_value_per_mw(rows, *fleets, sites.new_mine_value),
        probability=1.0,
        outcome=Outcome.NOT_ELIGIBLE,
    )


@compiled
def _reviewed_elsewhere(
    us: np.ndarray,
    owner: np.ndarray,
    megawatts: np.ndarray,
    offered: np.ndarray,
    drawn: np.ndarray,
    chance: np.ndarray,
    least: float,
) -> np.ndarray:
    """Return the US sites under review that offer no block though they have the megawatts."""
    barred = us.copy()
    for site in offered:
        barred[site] = False
    for site in range(us.size):
        large = barred[site] and megawatts[site] >= least
        barred[site] = large and owner[site] >= 0 and drawn[site] < chance[owner[site]]
    return barred.nonzero()[0]


@compiled
def _value_per_mw(
    rows: np.ndarray, fleet_value: np.ndarray, machine_mw: np.ndarray, new_mine_value: np.ndarray
) -> np.ndarray:
    """Return what a megawatt of mining is worth at some sites: of the machines there, or of new ones."""
    value = new_mine_value[rows]
    for place in range(rows.size):
        if machine_mw[rows[place]] > 0.0:
            value[place] = fleet_value[rows[place]] / machine_mw[rows[place]]
    return value
