import numpy as np
import pytest

from agents.tables import Outcome, Product
from model.choice import block_slots, capex_of, finance_offers, propose
from model.funding import loan_share
from model.lease_market import clear_market
from model.lease_signing import sign_leases
from model.mining import dispatch
from model.options import value_options
from model.scenario import Scenario
from model.setup import build_state

ALWAYS = {"choice.review": 1.0}


def start(seed=0, **values):
    return build_state(Scenario().with_values(**values), seed)


def choose(state):
    """Let the owners of a first day choose; return the block table and their offers."""
    value_options(state)
    propose(state)
    return state.scratch["blocks"], state.scratch["offers"]


def rich(state):
    """Give every firm all the means it may need."""
    state.firms.cash = 1e6
    return state


def reorder_sites(state, order):
    """Put the sites into another order, whatever points at them included."""
    sites, leases = state.sites, state.leases
    place = np.argsort(order)
    for name in sites.columns:
        column = getattr(sites, name)
        column[...] = column[order].copy()
    sites.host_site = np.where(sites.host_site >= 0, place[sites.host_site], -1)
    leases.site = place[leases.site]
    state.orders = state.orders[:, order]
    dispatch(state)


def chosen_by_slot(state):
    table, offers = choose(state)
    slots = block_slots(state, table)[offers.block]
    return dict(zip(slots.tolist(), offers.use.tolist(), strict=True))


def test_owners_who_never_review_offer_nothing():
    _, offers = choose(start(**{"choice.review": 0.0}))
    assert len(offers.block) == 0


def test_owners_who_always_review_decide_on_every_block():
    table, offers = choose(start(**ALWAYS))
    assert (offers.block == np.arange(len(table.site))).all()


def test_a_month_reviews_about_as_many_sites_as_the_scenario_says():
    state = start(**{"choice.review": 0.25})
    reviewed, there = 0, 0
    for state.month in range(60):
        table, offers = choose(state)
        reviewed, there = reviewed + len(offers.block), there + len(table.site)
    assert reviewed / there == pytest.approx(0.25, abs=0.05)


def test_who_only_mines_never_offers():
    state = start(**ALWAYS, **{"choice.strategy": "mine_only"})
    for state.month in range(5):
        _, offers = choose(state)
        assert (offers.use == Product.MINE).all()


def test_a_maximiser_takes_the_use_of_greatest_value():
    state = start(**ALWAYS, **{"choice.strategy": "npv"})
    state.firms.expected_hashprice = 70.0
    _, offers = choose(state)
    value, hurdle, chance = state.scratch["decisions"]
    assert (offers.use == value.argmax(axis=1)).all()
    assert (chance == 1.0).all()
    assert (hurdle == 0.0).all()
    assert len(set(offers.use)) > 1


def test_a_logit_without_noise_and_hurdle_is_a_maximiser():
    sharp = {"choice.intensity": 1e9, "choice.option_weight": 0.0}
    _, logit = choose(start(**ALWAYS, **sharp))
    _, best = choose(start(**ALWAYS, **{"choice.strategy": "npv"}))
    assert (logit.use == best.use).all()


def test_a_logit_without_intensity_takes_every_use_alike():
    state = start(**ALWAYS, **{"choice.intensity": 0.0})
    count = np.zeros(len(Product))
    for state.month in range(40):
        _, offers = choose(state)
        count += np.bincount(offers.use, minlength=len(Product))
    assert count / count.sum() == pytest.approx(np.full(4, 0.25), abs=0.05)


def test_in_a_mix_every_firm_follows_its_own_rule():
    state = start(**ALWAYS, **{"choice.mix": {"mine_only": 0.5, "npv": 0.5}})
    table, offers = choose(state)
    follows = np.array([strategy.name for strategy in state.strategies])[state.firms.strategy]
    rule = follows[table.firm[offers.block]]
    assert set(rule) == {"mine_only", "npv"}
    value, _, _ = state.scratch["decisions"]
    assert (offers.use[rule == "mine_only"] == Product.MINE).all()
    assert (offers.use[rule == "npv"] == value.argmax(axis=1)[rule == "npv"]).all()


def test_a_mix_of_one_is_that_strategy():
    _, mixed = choose(start(**ALWAYS, **{"choice.mix": {"real_option": 1.0}}))
    _, alone = choose(start(**ALWAYS, **{"choice.strategy": "real_option"}))
    assert (mixed.use == alone.use).all()
    assert mixed.reserve == pytest.approx(alone.reserve)


@pytest.mark.parametrize("product", [Product.SHELL, Product.COLOCATION, Product.CLOUD])
def test_a_product_nobody_bids_for_is_never_chosen(product):
    state = start(**ALWAYS, **{"choice.intensity": 0.0})
    table = state.scratch["blocks"]
    table.bid[:, :, product - 1] = -np.inf
    seen = set()
    for state.month in range(20):
        propose(state)
        seen |= set(state.scratch["offers"].use.tolist())
    assert seen == set(Product) - {product}


def test_nobody_offers_when_nobody_bids_and_the_reason_is_the_missing_tenant():
    state = start(**ALWAYS, **{"choice.intensity": 0.0})
    state.hyperscalers.need_mw = 0.0
    _, offers = choose(state)
    assert len(offers.use)
    assert (offers.use == Product.MINE).all()
    assert (offers.outcome == Outcome.NO_TENANT).all()


def test_choices_belong_to_sites_and_not_to_their_place_in_the_table():
    state, other = start(**ALWAYS), start(**ALWAYS)
    reorder_sites(other, np.random.default_rng(3).permutation(len(other.sites)))
    months = [0, 1, 2, 3]
    for month in months:
        state.month = other.month = month
        chosen = chosen_by_slot(state)
        assert chosen
        assert chosen_by_slot(other) == chosen


def test_another_seed_draws_other_choices():
    flat = {"choice.intensity": 0.0}
    assert chosen_by_slot(start(0, **ALWAYS, **flat)) != chosen_by_slot(start(1, **ALWAYS, **flat))


def test_owners_expect_no_more_than_the_best_bid_for_their_own_block():
    state = start(**ALWAYS)
    state.expected_rent[1:] = 1e6
    table, _ = choose(state)
    value, _, _ = state.scratch["decisions"]
    best = table.bid.max(axis=0)
    at_bid = state.scenario.leases.it_to_gross * (table.slope * best + table.level) + table.resale[:, None]
    assert value[:, 1:] == pytest.approx(at_bid)


def test_owners_expect_the_going_rent_where_somebody_would_pay_more():
    state = start(**ALWAYS)
    state.expected_rent[1:] = 0.1
    table, _ = choose(state)
    value, _, _ = state.scratch["decisions"]
    assert (table.bid.max(axis=0) > 0.1).all()
    share = state.scenario.leases.it_to_gross
    assert value[:, 1:] == pytest.approx(share * (0.1 * table.slope + table.level) + table.resale[:, None])


def test_who_waits_for_the_option_asks_for_more():
    offers = {}
    for strategy in ("npv", "real_option"):
        state = start(**ALWAYS, **{"choice.strategy": strategy})
        _, offers[strategy] = choose(state)
    _, hurdle, _ = state.scratch["decisions"]
    same = (offers["npv"].use > 0) & (offers["npv"].use == offers["real_option"].use)
    more = (offers["real_option"].reserve - offers["npv"].reserve)[same]
    asks = same & (offers["npv"].reserve > 0.0) & (hurdle > 0.0)
    assert (more >= 0.0).all()
    assert asks.any()
    assert (more[asks[same]] > 0.0).all()


def test_at_its_reserve_rent_a_maximiser_gains_nothing():
    state = start(**ALWAYS, **{"choice.strategy": "npv"})
    table, offers = choose(state)
    rows = np.flatnonzero(offers.reserve > 0.0)
    assert len(rows)
    block, product = offers.block[rows], offers.use[rows] - 1
    assert offers.reserve[rows] == pytest.approx(table.break_even[block, product])


def test_a_block_that_mines_on_asks_for_nothing():
    _, offers = choose(start(**ALWAYS, **{"choice.intensity": 0.0}))
    assert (offers.use == Product.MINE).any()
    assert (offers.reserve[offers.use == Product.MINE] == 0.0).all()


def test_who_mines_because_leasing_is_worth_less_prefers_mining():
    state = start(**ALWAYS, **{"choice.strategy": "npv"})
    state.expected_rent[1:] = 0.0
    _, offers = choose(state)
    assert (offers.use == Product.MINE).all()
    assert (offers.outcome == Outcome.PREFERS_MINING).all()


def test_who_would_gain_less_than_the_option_is_worth_is_stopped_by_the_hurdle():
    state = start(**ALWAYS, **{"choice.strategy": "real_option"})
    state.firms.expected_hashprice = 80.0
    _, offers = choose(state)
    value, hurdle, _ = state.scratch["decisions"]
    gain = value[:, 1:].max(axis=1) - value[:, 0]
    stopped = (gain > 0.0) & (gain < hurdle)
    assert stopped.any()
    assert (offers.outcome[stopped] == Outcome.HURDLE).all()
    assert (offers.use[stopped] == Product.MINE).all()


def test_money_stops_offers_of_firms_without_any():
    state = start(**ALWAYS, **{"finance.debt_enabled": False, "finance.equity_share_per_year": 0.0})
    state.firms.cash = state.firms.restricted_cash = 0.0
    _, offers = choose(state)
    finance_offers(state)
    offered = offers.use > 0
    capex = capex_of(state, offers.use[offered] - 1, np.zeros(offered.sum()))
    assert offered.any()
    assert capex.min() > 0.0
    assert (offers.outcome[offered] == Outcome.NO_FINANCE).all()


def test_money_stops_nobody_when_it_does_not_matter():
    free = {"finance.enabled": False, "leases.construction_capacity_gw": 1000.0}
    state = start(**ALWAYS, **free)
    state.firms.cash = -1e6
    _, offers = choose(state)
    finance_offers(state)
    assert (offers.use > 0).any()
    assert (offers.outcome[offers.use > 0] == Outcome.NO_TENANT).all()


def test_without_a_builder_nothing_is_built():
    state = rich(start(**ALWAYS, **{"leases.construction_capacity_gw": 0.0, "finance.enabled": False}))
    _, offers = choose(state)
    finance_offers(state)
    assert (offers.outcome[offers.use > 0] == Outcome.NO_CONSTRUCTION_SLOT).all()


def test_scarce_builders_go_to_the_best_offers_and_build_no_more_than_they_can():
    plenty = start(**ALWAYS, **{"finance.enabled": False, "leases.construction_capacity_gw": 1000.0})
    busy = float(plenty.sites.building_mw.sum())
    free_mw = 900.0
    capacity = {"leases.construction_capacity_gw": (busy + free_mw) / 1000.0}
    state = start(**ALWAYS, **capacity, **{"finance.enabled": False})
    table, offers = choose(state)
    finance_offers(state)
    offered = np.flatnonzero(offers.use > 0)
    built = offered[offers.outcome[offered] == Outcome.NO_TENANT]
    left = offered[offers.outcome[offered] == Outcome.NO_CONSTRUCTION_SLOT]
    assert 0.0 < table.mw[offers.block[built]].sum() <= free_mw
    assert len(left)
    value, hurdle, _ = state.scratch["decisions"]
    merit = value[np.arange(len(offers.use)), offers.use] - value[:, 0] - hurdle
    # Who is left over is worth less than all who build, or too large for what those before it leave.
    mw = table.mw[offers.block]
    before = [mw[built[merit[built] > merit[row]]].sum() for row in left]
    assert (mw[left] > free_mw - np.array(before)).all()


def test_an_empty_hall_saves_the_owner_the_hall_and_not_the_gpus():
    state, products = start(), np.arange(3)
    gpus = state.scenario.leases.gpu_capex
    assert capex_of(state, products, np.zeros(3)) == pytest.approx(state.terms.capex)
    assert capex_of(state, products, np.ones(3)) == pytest.approx([0.0, 0.0, gpus])


def test_a_tenant_who_pays_its_hall_leaves_the_owner_the_rest():
    state = start(**{"leases.tenant_capex_share": 0.8})
    cost = capex_of(state, np.array([0, 1]), np.zeros(2))
    assert cost == pytest.approx([state.terms.capex[0], 0.2 * state.terms.capex[1]])


def test_every_reason_to_go_on_mining_occurs_and_each_review_has_one():
    seen = set()
    no_builders = {"leases.construction_capacity_gw": 0.0, "finance.enabled": False}
    for hashprice, values in ((40.0, {}), (80.0, {"choice.strategy": "real_option"}), (40.0, no_builders)):
        state = start(**ALWAYS, **values)
        state.firms.expected_hashprice = hashprice
        for state.month in range(4):
            _, offers = choose(state)
            finance_offers(state)
            clear_market(state)
            sign_leases(state)
            seen |= {int(code) for code in offers.outcome}
            mines = offers.use == Product.MINE
            kinds = (Outcome.PREFERS_MINING, Outcome.HURDLE, Outcome.NO_TENANT)
            assert np.isin(offers.outcome[mines], kinds).all()
    assert seen == set(Outcome) - {Outcome.NOT_ELIGIBLE}


def test_owners_must_bring_what_neither_the_loan_nor_the_prepayment_pays(monkeypatch):
    """Lenders fund only what is not prepaid, so that a prepayment does not stand for the owner's part too."""
    asked = {}

    def note(state, firm, equity, debt, merit):
        asked["equity"], asked["debt"] = equity, debt
        return np.ones(len(firm), dtype=bool)

    monkeypatch.setattr("model.choice.fund_proposals", note)
    state = start(**ALWAYS)
    table, offers = choose(state)
    rows = np.flatnonzero(offers.use > 0)
    finance_offers(state)
    use = offers.use[rows]
    it_mw = table.mw[offers.block[rows]] * state.scenario.leases.it_to_gross
    capex = capex_of(state, use - 1, table.fitted_share[offers.block[rows]]) * it_mw
    years, prepaid = state.terms.years[use - 1], state.terms.prepaid[use - 1]
    mean = [np.mean((1.0 + state.scenario.leases.escalator) ** np.arange(int(term))) for term in years]
    rent = np.minimum(state.expected_rent[use], offers.reserve[rows])
    left = np.maximum(capex - prepaid * years * rent * mean * it_mw, 0.0)
    weak, strong = (loan_share(grade, False, state.scenario) for grade in (False, True))
    assert (prepaid > 0.0).any()
    assert asked["equity"] == pytest.approx(left * (1.0 - weak))
    assert asked["debt"] == pytest.approx(left * strong)
