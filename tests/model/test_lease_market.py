import numpy as np
import pytest

from agents.economics.blocks import ProductTerms
from agents.tables import USES, LeaseStatus, Outcome, Product
from model.choice import Offers
from model.lease_market import clear_market
from model.lease_signing import sign_leases
from model.mining import dispatch
from model.options import average_over_first, value_options
from model.recording import Recorder
from model.scenario import Scenario
from model.setup import build_state

ASSETS = ("cash", "restricted_cash", "bitcoin", "machines", "property")
CLAIMS = ("corporate_debt", "project_debt", "prepayment", "capital", "earnings")


class Events(Recorder):
    """A recorder that keeps events as (kind, columns)."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def event(self, kind, **columns):
        self.seen.append((kind, columns))


def start(**values):
    state = build_state(Scenario().with_values(**values), seed=0)
    state.recorder = Events()
    return state


def offer(state, blocks=None, product=Product.COLOCATION, reserve=None):
    """Let owners offer blocks for a product, all of them by default, at their break-even rents."""
    table = state.scratch["blocks"]
    rows = np.arange(len(table.site)) if blocks is None else np.atleast_1d(blocks)
    asked = table.break_even[rows, product - 1] if reserve is None else np.full(len(rows), float(reserve))
    use = np.full(len(rows), int(product))
    outcome = np.full(len(rows), int(Outcome.NO_TENANT))
    state.scratch["offers"] = Offers(rows, use, asked, outcome)
    value = np.zeros((len(rows), 4))
    state.scratch["decisions"] = (value, np.zeros(len(rows)), np.ones(len(rows)))
    return table


def trade(state, **how):
    table = offer(state, **how)
    clear_market(state)
    sign_leases(state)
    return table, state.scratch["deals"]


def one_buyer(state, need_mw, buyer=0):
    state.hyperscalers.need_mw = 0.0
    state.hyperscalers.need_mw[buyer] = need_mw
    value_options(state)


def balanced(state):
    firms = state.firms
    assets = sum(getattr(firms, name) for name in ASSETS)
    claims = sum(getattr(firms, name) for name in CLAIMS)
    return np.abs(assets - claims).max() < 1e-6


def test_every_deal_lies_between_what_the_owner_asks_and_the_buyer_bids():
    state = start()
    table, deals = trade(state)
    offers = state.scratch["offers"]
    assert len(deals) > 5
    for deal in deals:
        block = offers.block[deal["row"]]
        assert offers.reserve[deal["row"]] - 1e-9 <= deal["lower"] <= deal["rent"] + 1e-9
        assert deal["rent"] - 1e-9 <= deal["upper"] <= deal["bid"] + 1e-9
        assert deal["bid"] == table.bid[deal["buyer"], block, Product.COLOCATION - 1]


def test_no_buyer_would_rather_have_the_block_of_another():
    state = start()
    need = state.hyperscalers.need_mw.copy()
    table, deals = trade(state)
    offers = state.scratch["offers"]
    # A dollar of rent is worth less the later it begins.
    worth = np.exp(-state.scenario.finance.discount_lease * table.ready[:, Product.COLOCATION - 1])
    for mine in deals:
        gained = (mine["bid"] - mine["rent"]) * mine["mw"] * worth[offers.block[mine["row"]]]
        for other in deals:
            block, asked = offers.block[other["row"]], offers.reserve[other["row"]]
            bid = table.bid[mine["buyer"], block, Product.COLOCATION - 1]
            to_share = (bid - asked) * min(table.mw[block], need[mine["buyer"]]) * worth[block]
            assert to_share - (other["rent"] - asked) * other["mw"] * worth[block] <= gained + 1e-6


@pytest.mark.parametrize("theta", [0.0, 0.25, 1.0])
def test_theta_splits_what_one_buyer_and_one_owner_have_to_gain(theta):
    state = start(**{"leases.theta": theta})
    one_buyer(state, 5000.0)
    _, (deal,) = trade(state, blocks=0)
    reserve = state.scratch["offers"].reserve[0]
    assert deal["bid"] > reserve
    assert deal["rent"] == pytest.approx(reserve + theta * (deal["bid"] - reserve))
    assert state.leases.rent[-1] == deal["rent"]


def test_theta_moves_rents_and_not_who_gets_what():
    pairs, rents = [], []
    for theta in (0.0, 1.0):
        _, deals = trade(start(**{"leases.theta": theta}))
        pairs.append([(deal["buyer"], int(deal["row"])) for deal in deals])
        rents.append(np.array([deal["rent"] for deal in deals]))
    assert pairs[0] == pairs[1]
    assert (rents[1] >= rents[0]).all()
    assert (rents[1] > rents[0]).any()


def test_owners_who_ask_more_than_anybody_bids_sign_nothing():
    state = start()
    table = state.scratch["blocks"]
    before = len(state.leases)
    _, deals = trade(state, reserve=table.bid.max() + 0.01)
    assert deals == []
    assert len(state.leases) == before
    assert (state.scratch["offers"].outcome == Outcome.NO_TENANT).all()


def test_without_need_nothing_is_signed():
    state = start()
    state.hyperscalers.need_mw = 0.0
    value_options(state)
    _, deals = trade(state, reserve=0.0)
    assert deals == []


def test_offers_that_found_no_money_are_not_on_the_market():
    state = start()
    offer(state)
    state.scratch["offers"].outcome[:] = Outcome.NO_FINANCE
    clear_market(state)
    assert state.scratch["deals"] == []
    assert state.figures["lease_offers"] == 0.0


def test_buyers_who_cannot_negotiate_sign_nothing():
    _, deals = trade(start(**{"ai.deals_per_month": 0}))
    assert deals == []


def test_a_buyer_signs_no_more_deals_than_it_can_negotiate():
    for most in (1, 2):
        state = start(**{"ai.deals_per_month": most})
        state.hyperscalers.need_mw = 1e6
        value_options(state)
        _, deals = trade(state)
        signed = np.bincount([deal["buyer"] for deal in deals])
        assert signed.max() == most


@pytest.mark.parametrize("deals_per_month", [1, 2, 5])
def test_nobody_signs_for_more_than_it_needs(deals_per_month):
    state = start(**{"ai.deals_per_month": deals_per_month})
    state.hyperscalers.need_mw = 350.0
    value_options(state)
    before = state.hyperscalers.committed_mw.copy()
    _, deals = trade(state)
    assert len(deals) > 5
    assert state.hyperscalers.need_mw.min() >= -1e-9
    taken = state.hyperscalers.committed_mw - before
    assert taken == pytest.approx(350.0 - state.hyperscalers.need_mw)


def test_a_buyer_takes_part_of_a_block_when_it_needs_no_more():
    state = start()
    one_buyer(state, 33.0)
    block = int(np.argmax(state.scratch["blocks"].mw))
    site = int(state.scratch["blocks"].site[block])
    secured = state.sites.secured_mw[site]
    table, (deal,) = trade(state, blocks=block)
    assert table.mw[block] > 33.0
    assert deal["mw"] == 33.0
    assert state.leases.gross_mw[-1] == 33.0
    assert state.leases.it_mw[-1] == pytest.approx(33.0 * state.scenario.leases.it_to_gross)
    assert state.hyperscalers.need_mw[0] == 0.0
    assert sum(getattr(state.sites, use)[site] for use in USES) == pytest.approx(secured)


def test_a_need_below_the_smallest_block_is_not_served():
    state = start()
    one_buyer(state, state.scenario.ai.minimum_block_mw - 0.1)
    _, deals = trade(state, reserve=0.0)
    assert deals == []


def test_signing_moves_the_megawatts_to_building_and_loses_none():
    state = start()
    building = state.sites.building_mw.sum()
    _, deals = trade(state)
    signed = sum(deal["mw"] for deal in deals)
    assert state.sites.building_mw.sum() == pytest.approx(building + signed)
    uses = sum(getattr(state.sites, use) for use in USES)
    assert uses == pytest.approx(state.sites.secured_mw)
    assert state.figures["signed_mw"] == pytest.approx(signed)


def test_a_signed_lease_says_who_where_and_until_when():
    state = start()
    state.month = 7
    table, deals = trade(state, blocks=0, product=Product.CLOUD)
    (deal,) = deals
    lease = state.leases
    assert (lease.tenant[-1], lease.site[-1], lease.landlord[-1]) == (
        deal["buyer"],
        table.site[0],
        table.firm[0],
    )
    assert lease.status[-1] == LeaseStatus.BUILDING
    assert lease.product[-1] == Product.CLOUD
    assert lease.term[-1] == 12 * state.scenario.leases.cloud_term
    assert lease.signed[-1] == 7
    assert lease.promised[-1] == lease.delivery[-1] == 7 + state.scenario.leases.cloud_lead
    assert state.sites.last_choice[table.site[0]] == Product.CLOUD
    assert state.sites.last_move[table.site[0]] == 7


def test_a_prepayment_is_the_landlords_cash_and_its_debt():
    state = start(**{"leases.prepaid_cloud": 0.25})
    state.sites.hash = 0.0
    firm = state.scratch["blocks"].firm[0]
    cash, owed = state.firms.cash[firm], state.firms.prepayment[firm]
    tenants = state.ledger.sector_cash.get("tenants", 0.0)
    trade(state, blocks=0, product=Product.CLOUD)
    lease = state.leases
    mean_rent = lease.rent[-1] * average_over_first(state.terms)[Product.CLOUD - 1]
    contract = mean_rent * lease.it_mw[-1] * state.scenario.leases.cloud_term
    assert lease.prepaid[-1] == pytest.approx(0.25 * contract)
    assert lease.prepaid[-1] > 0.0
    assert state.firms.cash[firm] - cash == pytest.approx(lease.prepaid[-1])
    assert state.firms.prepayment[firm] - owed == pytest.approx(lease.prepaid[-1])
    assert state.ledger.sector_cash["tenants"] - tenants == pytest.approx(-lease.prepaid[-1])
    assert balanced(state)


def test_lenders_fund_only_what_the_tenant_has_not_prepaid():
    for prepaid in (0.0, 0.1, 1.0):
        state = start(**{"leases.prepaid_cloud": prepaid})
        trade(state, blocks=0, product=Product.CLOUD)
        lease = state.leases
        grade = state.hyperscalers.investment_grade[lease.tenant[-1]]
        finance = state.scenario.finance
        share = finance.loan_to_cost_investment_grade if grade else finance.loan_to_cost_high_yield
        left = max(1.0 - lease.prepaid[-1] / lease.capex[-1], 0.0)
        assert lease.loan_share[-1] == pytest.approx(share * left)


def test_without_prepayment_no_money_moves_at_signing():
    state = start(**{"leases.prepaid_cloud": 0.0})
    before = {name: getattr(state.firms, name).copy() for name in ("cash", "prepayment")}
    state.sites.hash = 0.0
    _, deals = trade(state, product=Product.CLOUD)
    assert deals
    for name, values in before.items():
        assert getattr(state.firms, name) == pytest.approx(values)


@pytest.mark.parametrize("backstop", [0.0, 1.0])
def test_lenders_look_at_the_tenant_or_at_who_guarantees_for_it(backstop):
    state = start(**{"leases.backstop_share": backstop})
    before = len(state.leases)
    trade(state)
    lease, finance, new = state.leases, state.scenario.finance, slice(before, None)
    grade = state.hyperscalers.investment_grade[lease.tenant[new]]
    assert grade.any()
    assert not grade.all()
    assert (lease.backstop[new] == (~grade & (backstop == 1.0))).all()
    good = grade | lease.backstop[new]
    high, low = finance.loan_to_cost_investment_grade, finance.loan_to_cost_high_yield
    assert lease.loan_share[new] == pytest.approx(np.where(good, high, low))
    spread = np.where(good, 0.0, finance.project_spread_high_yield)
    assert lease.project_rate[new] == pytest.approx(finance.project_rate + spread)


def hall(state, block, it_mw):
    """Leave an empty hall at a block's site, and value the blocks anew."""
    site = int(state.scratch["blocks"].site[block])
    state.sites.fitted_it_mw[site] = it_mw
    value_options(state)
    return site


def test_an_empty_hall_is_used_up_and_saves_its_cost():
    state = start()
    one_buyer(state, 5000.0)
    site = hall(state, 0, 10.0)
    trade(state, blocks=0)
    assert state.sites.fitted_it_mw[site] == 0.0
    lease = state.leases
    assert lease.capex[-1] == pytest.approx((lease.it_mw[-1] - 10.0) * state.terms.hall[1])


def test_a_tenant_of_part_of_a_block_moves_into_the_empty_hall_first():
    state = start()
    one_buyer(state, 30.0)
    site = hall(state, 0, 15.0)
    table, _ = trade(state, blocks=0)
    assert table.mw[0] > 100.0
    lease = state.leases
    assert state.sites.fitted_it_mw[site] == 0.0
    assert lease.capex[-1] == pytest.approx((lease.it_mw[-1] - 15.0) * state.terms.hall[1])


def test_one_empty_hall_does_not_serve_two_leases():
    state = start(**{"ai.deals_per_month": 2, "ai.planning_months": 60})
    table = state.scratch["blocks"]
    twice = [site for site in table.site[table.from_pipeline] if site in table.site[~table.from_pipeline]]
    rows = np.flatnonzero(table.site == twice[0])
    state.hyperscalers.need_mw = 1e6
    hall(state, rows[0], 20.0)
    before = len(state.leases)
    trade(state, blocks=rows, reserve=0.0)
    lease = state.leases
    assert len(lease) == before + 2
    full = lease.it_mw[before:].sum() * state.terms.hall[1]
    assert lease.capex[before:].sum() == pytest.approx(full - 20.0 * state.terms.hall[1])


def test_with_full_memory_the_going_rent_is_the_mean_signed_one():
    state = start(**{"leases.rent_memory": 1.0})
    _, deals = trade(state)
    mw, rent = (np.array([deal[name] for deal in deals]) for name in ("mw", "rent"))
    assert state.expected_rent[Product.COLOCATION] == pytest.approx(rent @ mw / mw.sum())


def test_going_rents_move_part_of_the_way():
    rents = {}
    for memory in (0.0, 0.3, 1.0):
        state = start(**{"leases.rent_memory": memory})
        trade(state)
        rents[memory] = state.expected_rent.copy()
    assert rents[0.3] == pytest.approx(0.7 * rents[0.0] + 0.3 * rents[1.0])
    assert rents[0.0] == pytest.approx(start().expected_rent)
    assert (rents[0.0][1:] != rents[1.0][1:]).all()


@pytest.mark.parametrize(("blocks", "tenants_compete"), [(0, True), (None, False)])
def test_brokers_quote_the_split_of_the_last_deals_which_competition_moves_away_from_theta(
    blocks, tenants_compete
):
    state = start(**{"leases.rent_memory": 1.0})
    theta = state.scenario.leases.theta
    assert state.landlord_share == theta
    table, deals = trade(state, blocks=blocks)
    offers = state.scratch["offers"]
    block = offers.block[[deal["row"] for deal in deals]]
    product = offers.use[[deal["row"] for deal in deals]] - 1
    mw, rent = (np.array([deal[name] for deal in deals]) for name in ("mw", "rent"))
    least, best = table.break_even[block, product], table.bid[:, block, product].max(axis=0)
    share = mw @ (rent - least) / (mw @ (best - least))
    assert state.landlord_share == pytest.approx(share)
    assert theta < share <= 1.0 if tenants_compete else 0.0 <= share < theta
    silent = sorted({0, 1, 2} - set(product.tolist()))
    assert silent
    top = table.bid.max(axis=0)
    quote = np.minimum(table.break_even + share * np.maximum(top - table.break_even, 0.0), top)
    assert state.expected_rent[1:][silent] == pytest.approx((table.mw @ quote / table.mw.sum())[silent])


@pytest.mark.parametrize("theta", [0.0, 1.0])
def test_where_nothing_is_signed_brokers_quote_the_mean_split(theta):
    state = start(**{"leases.rent_memory": 1.0, "leases.theta": theta})
    table, _ = trade(state, blocks=np.array([], dtype=int))
    best = table.bid.max(axis=0)
    least = np.minimum(table.break_even, best)
    quoted = least if theta == 0.0 else best
    mean = (quoted * table.mw[:, None]).sum(axis=0) / table.mw.sum()
    assert state.expected_rent[1:] == pytest.approx(mean)


def test_going_rents_stay_where_nobody_needs_anything():
    state = start(**{"leases.rent_memory": 1.0})
    before = state.expected_rent.copy()
    state.hyperscalers.need_mw = 0.0
    value_options(state)
    trade(state)
    assert state.expected_rent == pytest.approx(before)


def test_mining_has_no_going_rent():
    state = start(**{"leases.rent_memory": 1.0})
    trade(state)
    assert state.expected_rent[Product.MINE] == 0.0


def test_published_rents_are_means_over_the_term_in_dollars_a_kilowatt_month():
    state = start()
    trade(state)
    terms: ProductTerms = state.terms
    mean = state.expected_rent[1:] * average_over_first(terms) * 1e6 / 12.0 / 1000.0
    names = ("shell_rent_usd_kw_month", "lease_rent_usd_kw_month", "cloud_rent_usd_kw_month")
    assert [state.figures[name] for name in names] == pytest.approx(mean.tolist())


def test_the_signing_rate_learns_over_a_year_what_part_of_the_offer_is_taken():
    state = start()
    before = state.signing_rate
    table, deals = trade(state)
    yearly = 12.0 * sum(deal["mw"] for deal in deals) / table.mw.sum()
    assert state.signing_rate == pytest.approx(before + (yearly - before) / 12.0)


def test_the_signing_rate_fades_without_deals():
    state = start()
    before = state.signing_rate
    trade(state, blocks=np.array([], dtype=int))
    assert state.signing_rate == pytest.approx(before * 11.0 / 12.0)


def test_every_review_is_an_event_with_all_the_values_it_was_taken_on():
    state = start()
    table, deals = trade(state)
    event = state.recorder.seen[-2]
    kind, columns = event
    names = {"firm", "site", "counterparty", "mw", "use", "price", "reserve", "value_mine", "value_shell"}
    names |= {"value_colocation", "value_cloud", "hurdle", "probability", "outcome"}
    assert kind == "decision"
    assert set(columns) == names
    for column in columns.values():
        assert len(column) == len(table.site)
        assert np.isfinite(column).all()
    signed = columns["outcome"] == Outcome.SIGNED
    assert signed.sum() == len(deals)
    assert (columns["counterparty"][signed] >= 0).all()
    assert (columns["price"][signed] > 0.0).all()
    assert (columns["counterparty"][~signed] == -1).all()
    assert (columns["price"][~signed] == 0.0).all()


def test_sites_no_tenant_would_take_are_reviewed_too_and_say_so():
    state = start(**{"choice.review": 1.0})
    table, _ = trade(state)
    kind, columns = state.recorder.seen[-1]
    sites = state.sites
    assert kind == "decision"
    assert columns["outcome"] == Outcome.NOT_ELIGIBLE
    assert len(columns["site"]) > 10
    assert not np.isin(columns["site"], table.site).any()
    assert sites.us[columns["site"]].all()
    assert (columns["mw"] >= state.scenario.ai.minimum_block_mw).all()
    assert np.isfinite(columns["value_mine"]).all()


def test_nobody_reviews_when_reviews_never_happen():
    state = start(**{"choice.review": 0.0})
    trade(state, blocks=np.array([], dtype=int))
    assert state.recorder.seen == []


def test_machines_of_a_block_that_is_let_are_sold():
    state = start()
    dispatch(state)
    value_options(state)
    table = state.scratch["blocks"]
    block = int(np.flatnonzero(table.mining_share == 1.0)[0])
    site, firm = int(table.site[block]), int(table.firm[block])
    hash_before, cash = state.sites.hash[site].sum(), state.firms.cash[firm]
    one_buyer(state, 5000.0)
    trade(state, blocks=block)
    assert state.sites.hash[site].sum() < hash_before
    assert state.firms.cash[firm] > cash
    assert balanced(state)
