"""Takeovers: who looks at whom, what a target is worth in other hands, and what a merger leaves behind."""

import numpy as np
import pytest

from agents.economics.concentration import hhi
from agents.economics.valuation import overhead_value
from agents.tables import Kind, LeaseStatus, Outcome, Status, Tenure
from model import mergers as phase
from model.audit import audit
from model.bids import appraise_targets, power_by_generator
from model.choice import finance_offers, propose
from model.lease_market import clear_market
from model.lease_signing import sign_leases
from model.mergers import choose_targets, mergers, worth_a_look
from model.mining import mean_cash_cost
from model.options import value_options
from model.ownership import absorb_firm
from model.scenario import Scenario
from model.setup import build_state
from model.tenants import buyer_rows
from model.tick import TICK
from model.valuation import net_debt, value_firms

BEFORE_MERGERS = TICK[:12]


def in_month(seed=0, **values):
    """Return an industry in the middle of its first month, just before mergers."""
    state = build_state(Scenario().with_values(**values), seed)
    state.scratch.clear()
    state.ledger.new_month()
    for part in BEFORE_MERGERS:
        for step in part.steps:
            step(state)
    return state


def megawatts(state):
    sites = state.sites
    return np.bincount(sites.owner + 1, sites.secured_mw, minlength=len(state.firms) + 1)[1:]


def without_scrap(state):
    """Let nothing be worth selling in pieces, so that firms are worth what they earn."""
    values = {"finance.site_price": 0.0, "bitcoin.machine_resale": 0.0}
    state.scenario = state.scenario.with_values(**values)
    state.firms.overhead[:] = 0.0
    return state


def row_of(state, name):
    return np.array([state.firm_names.index(name)])


def noted(state, what):
    return [columns for _, kind, columns in state.recorder.chunks if kind == what]


def bids_of(state):
    return noted(state, "bid")


@pytest.fixture
def state():
    return in_month()


def test_nobody_bids_when_mergers_are_off_or_nobody_looks():
    for values in ({"consolidation.mergers_enabled": False}, {"consolidation.bid_probability": 0.0}):
        state = in_month(**values)
        mergers(state)
        assert not bids_of(state)
        assert not (state.firms.status == Status.ACQUIRED).any()


def test_a_target_is_worth_the_same_in_the_hands_of_its_like(state):
    firms = state.firms
    state.scenario = state.scenario.with_values(**{"consolidation.synergy": 0.0})
    riot, hive = row_of(state, "RIOT"), row_of(state, "HIVE")
    firms.expected_hashprice[:] = firms.expected_hashprice[0]
    value = appraise_targets(state, riot, hive)
    assert value.together == pytest.approx(value.alone)


def test_overhead_saved_adds_to_what_an_acquirer_sees(state):
    corz, iren = row_of(state, "CORZ"), row_of(state, "IREN")
    value = appraise_targets(state, iren, corz)
    saved = state.scenario.consolidation.synergy * state.firms.overhead[corz]
    least = overhead_value(saved, state.firms.discount_rate[corz], state.scenario.bitcoin.machine_life)
    assert value.together - value.alone > least


def test_a_cheaper_cost_of_capital_makes_a_target_worth_more(state):
    firms = without_scrap(state).firms
    private = np.flatnonzero((firms.kind == Kind.PRIVATE) & (megawatts(state) > 50.0))
    listed = np.repeat(row_of(state, "RIOT"), len(private))
    value = appraise_targets(state, listed, private)
    assert (value.together > value.alone).mean() > 0.9


def test_many_appraisals_at_once_equal_one_by_one(state):
    acquirer = np.repeat(row_of(state, "RIOT"), 5)
    target = np.flatnonzero(megawatts(state) > 20.0)[2:7]
    together = appraise_targets(state, acquirer, target)
    for index in range(5):
        single = appraise_targets(state, acquirer[[index]], target[[index]])
        assert single.alone[0] == pytest.approx(together.alone[index])
        assert single.together[0] == pytest.approx(together.together[index])


def test_an_ai_customer_sees_the_whole_surplus_of_a_site_fit_for_ai(state):
    firms = state.firms
    arm = row_of(state, "Microsoft")
    miner = row_of(state, "RIOT")
    for column in ("discount_rate", "lease_discount_rate", "expected_hashprice", "pool_fee"):
        getattr(firms, column)[arm] = getattr(firms, column)[miner]
    table = state.scratch["blocks"]
    target = np.unique(state.sites.owner[table.site])
    target = target[target != miner[0]]
    customer = appraise_targets(state, np.repeat(arm, len(target)), target).together
    other_miner = appraise_targets(state, np.repeat(miner, len(target)), target).together
    assert (customer > other_miner - 1e-9).mean() > 0.9
    state.hyperscalers.need_mw[:] = 0.0
    sated = appraise_targets(state, np.repeat(arm, len(target)), target).together
    assert (sated <= customer + 1e-9).all()


def in_arms(name="Microsoft", need=1e4):
    """Return an industry whose blocks all belong to a customer's arm, valued anew, and the customer's row."""
    state = in_month()
    arm = row_of(state, name)
    buyer = int(buyer_rows(state, arm)[0])
    state.sites.owner[state.scratch["blocks"].site] = arm[0]
    state.hyperscalers.need_mw[:] = 1e4
    state.hyperscalers.need_mw[buyer] = need
    value_options(state)
    return state, buyer


def test_what_an_arm_holds_is_kept_for_its_parent_while_that_needs_power():
    state, buyer = in_arms()
    bid = state.scratch["blocks"].bid
    others = np.arange(len(state.hyperscalers)) != buyer
    assert state.hyperscaler_names[buyer] == "Microsoft"
    assert np.isfinite(bid[buyer]).any()
    assert np.isneginf(bid[others]).all()


def test_a_parent_that_needs_no_power_lets_the_blocks_of_its_arm_to_others():
    state, buyer = in_arms(need=0.0)
    bid = state.scratch["blocks"].bid
    assert np.isneginf(bid[buyer]).all()
    assert np.isfinite(np.delete(bid, buyer, axis=0)).any()


def test_what_an_arm_signs_is_with_its_parent_and_without_lenders():
    state, buyer = in_arms()
    state.firms.review_probability[:] = 1.0
    leases, before = state.leases, len(state.leases)
    for step in (propose, finance_offers, clear_market, sign_leases):
        step(state)
    new = slice(before, None)
    assert len(leases) > before
    assert (leases.tenant[new] == buyer).all()
    assert (leases.loan_share[new] == 0.0).all()
    assert Outcome.NO_FINANCE not in state.scratch["offers"].outcome


def test_a_generator_pays_less_for_power_than_the_miner_it_buys(state):
    without_scrap(state)
    generator = row_of(state, "power generator")
    target = row_of(state, "CLSK")
    like = state.firms.discount_rate[target]
    for column in ("discount_rate", "lease_discount_rate", "expected_hashprice", "pool_fee"):
        getattr(state.firms, column)[generator] = getattr(state.firms, column)[target]
    value = appraise_targets(state, generator, target)
    assert value.together > value.alone
    before = mean_cash_cost(state)
    sites = np.flatnonzero(state.sites.owner == target[0])
    power_by_generator(state, sites)
    after = mean_cash_cost(state)
    assert like > 0.0
    assert (after[sites] <= before[sites]).all()
    assert after[sites].sum() < before[sites].sum()


def test_acquirers_look_at_living_miners_they_could_swallow(state):
    firms = state.firms
    looking = np.arange(len(firms))
    acquirer, target = choose_targets(state, looking, megawatts(state))
    assert (acquirer != target).all()
    assert (firms.kind[target] <= Kind.PRIVATE).all()
    assert (megawatts(state)[target] > 0.0).all()
    listed = firms.kind[acquirer] == Kind.LISTED
    assert (firms.equity_value[target][listed] < firms.equity_value[acquirer][listed]).all()


def looks_of_all(state):
    acquirer, target = choose_targets(state, np.arange(len(state.firms)), megawatts(state))
    return dict(zip(acquirer.tolist(), target.tolist(), strict=True))


def test_a_firm_without_megawatts_changes_nobody_elses_target(state):
    looking = np.arange(len(state.firms))
    before = dict(
        zip(*(rows.tolist() for rows in choose_targets(state, looking, megawatts(state))), strict=True)
    )
    state.firms.add(1, {"slot": 12345, "kind": Kind.PRIVATE})
    looking = np.arange(len(state.firms))
    after = dict(
        zip(*(rows.tolist() for rows in choose_targets(state, looking, megawatts(state))), strict=True)
    )
    assert before == after


def test_the_order_of_looking_does_not_matter(state):
    looking = np.arange(20)
    forward = choose_targets(state, looking, megawatts(state))
    backward = choose_targets(state, looking[::-1], megawatts(state))
    assert dict(zip(*forward, strict=True)) == dict(zip(*backward, strict=True))


def test_firms_alike_look_closer_only_if_overhead_saved_could_pay_the_premium(state):
    firms = state.firms
    alike = np.flatnonzero((firms.kind == Kind.PRIVATE) & (megawatts(state) > 0.0))
    acquirer, target = np.repeat(alike[0], len(alike) - 1), alike[1:]
    for name in ("discount_rate", "lease_discount_rate", "pool_fee", "expected_hashprice", "expected_decay"):
        getattr(firms, name)[target] = getattr(firms, name)[alike[0]]
    firms.overhead[target] = 0.1
    value = appraise_targets(state, acquirer, target)
    skipped = ~worth_a_look(state, acquirer, target)
    premium = state.scenario.consolidation.takeover_premium
    assert skipped.any()
    assert (value.together - value.alone <= premium * firms.equity_value[target] + 1e-9)[skipped].all()
    other = np.repeat(row_of(state, "RIOT"), len(target))
    assert worth_a_look(state, other, target).all()


def test_outsiders_bid_only_if_the_scenario_lets_them():
    state = in_month(**{"consolidation.outside_bidders": False})
    acquirer, _ = choose_targets(state, np.arange(len(state.firms)), megawatts(state))
    assert (state.firms.kind[acquirer] <= Kind.PRIVATE).all()


def lively(seed=0, **values):
    """Return an industry in which every firm looks and a little gain is enough."""
    frequent = {
        "consolidation.bid_probability": 1.0,
        "consolidation.takeover_premium": 0.0,
        "consolidation.synergy": 1.0,
    }
    state = in_month(seed, **frequent | values)
    mergers(state)
    return state


def test_deals_happen_and_many_bids_fail_for_known_reasons():
    state = lively()
    assert {phase.ACCEPTED, phase.REJECTED, phase.OUTBID} <= set(bids_of(state)[0]["reason"])
    assert phase.NOT_WORTH in set(noted(state, "appraisal")[0]["reason"])


def test_no_firm_is_bought_twice_and_no_buyer_is_bought():
    state = lively()
    bid = bids_of(state)[0]
    won = bid["reason"] == phase.ACCEPTED
    sold, buyers = bid["counterparty"][won], bid["firm"][won]
    assert len(set(sold)) == len(sold)
    assert not set(sold) & set(buyers)


def test_of_two_bids_for_one_target_the_higher_gain_wins():
    state = lively()
    bid = bids_of(state)[0]
    gain = bid["value"] - bid["price"]
    for lost in np.flatnonzero(bid["reason"] == phase.OUTBID):
        same = bid["counterparty"] == bid["counterparty"][lost]
        winner = np.flatnonzero(same & (bid["reason"] == phase.ACCEPTED))
        assert gain[winner] >= gain[lost]


def test_holders_who_always_refuse_keep_listed_firms_independent():
    state = lively(**{"consolidation.rejection_probability": 1.0})
    gone = state.firms.status == Status.ACQUIRED
    assert gone.any()
    assert not (gone & state.firms.listed).any()


def in_debt(state, firms, owed):
    """Let firms owe so much that nothing is left for their holders."""
    state.ledger.post("loans", "cash", "corporate_debt", owed, rows=firms, sector="lenders")
    state.ledger.post("losses", "earnings", "cash", owed, rows=firms, sector="suppliers")


def test_holders_without_equity_have_nothing_to_sell():
    everybody = {"consolidation.bid_probability": 1.0, "consolidation.synergy": 1.0}
    state = in_month(**everybody)
    in_debt(state, np.flatnonzero(megawatts(state) > 0.0), 1e6)
    state.firms.equity_value[state.firms.kind <= Kind.PRIVATE] = 1.0
    mergers(state)
    looked = noted(state, "appraisal")[0]
    assert (looked["reserve"] < 0.0).all()
    assert set(looked["reason"]) == {phase.NOTHING_TO_SELL}
    assert not bids_of(state)
    assert not (state.firms.status == Status.ACQUIRED).any()


def test_no_merger_is_for_nothing_and_every_price_has_its_premium():
    for month in (0, 7):
        state = lively(seed=month, **{"consolidation.takeover_premium": 0.3})
        bid = bids_of(state)[0]
        won = bid["reason"] == phase.ACCEPTED
        assert won.any()
        assert (bid["price"][won] > 0.0).all()
        assert bid["price"][won] == pytest.approx(1.3 * bid["reserve"][won])


def test_holders_get_no_less_than_their_firm_is_worth_in_pieces(state):
    """A firm whose overhead eats all it earns is still worth its power and machines to its holders."""
    target = np.flatnonzero((state.firms.kind == Kind.PRIVATE) & (megawatts(state) > 50.0))
    state.firms.overhead[target] = 1e3
    bids = phase._bids(state, np.repeat(row_of(state, "RIOT"), len(target)), target, megawatts(state))
    sites, scenario = state.sites, state.scenario
    unlet = (sites.mining_mw + sites.idle_mw) * (sites.tenure != Tenure.HOSTED)
    machines = (sites.hash @ state.machine_price) * scenario.bitcoin.machine_resale
    pieces = np.bincount(sites.owner, scenario.finance.site_price * unlet + machines)[target]
    premium = 1.0 + scenario.consolidation.takeover_premium
    assert (bids.price >= premium * (pieces - net_debt(state)[target]) - 1e-9).all()
    assert (bids.price > 0.0).any()


def test_no_bid_pays_more_than_the_target_is_worth_to_the_bidder():
    state = lively(**{"consolidation.takeover_premium": 0.3})
    bid = bids_of(state)[0]
    won = bid["reason"] == phase.ACCEPTED
    assert (bid["value"][won] > bid["price"][won]).all()
    assert (bid["price"][won] >= np.maximum(bid["reserve"][won], 0.0)).all()


def test_after_a_wave_of_mergers_the_books_balance_and_the_dead_own_nothing():
    state = lively()
    gone = np.flatnonzero(state.firms.status == Status.ACQUIRED)
    assert len(gone) > 2
    state.ledger.check()
    audit(state)
    assert not np.isin(state.sites.owner, gone).any()
    assert (state.firms.exit_month[gone] == state.month).all()
    assert (state.firms.exit_reason[gone] == Status.ACQUIRED).all()
    assert (state.firms.owner[gone] >= 0).all()
    live = state.leases.status <= LeaseStatus.DELIVERING
    assert (state.leases.landlord[live] == state.sites.owner[state.leases.site[live]]).all()


def test_megawatts_hash_coins_and_debts_survive_mergers():
    before, after = in_month(), lively()
    for column in ("secured_mw", "mining_mw", "energised_mw", "building_mw"):
        assert getattr(after.sites, column).sum() == pytest.approx(getattr(before.sites, column).sum())
    assert after.sites.hash.sum() == pytest.approx(before.sites.hash.sum())
    assert after.firms.btc.sum() == pytest.approx(before.firms.btc.sum())
    assert after.firms.project_debt.sum() == pytest.approx(before.firms.project_debt.sum())


def test_a_cash_buyer_pays_the_sellers_holders_and_a_listed_one_issues_shares():
    state = in_month()
    riot, target = int(row_of(state, "RIOT")[0]), int(row_of(state, "private firm 1")[0])
    pair = (np.array([riot]), np.array([target]))
    for kind, paid in ((Kind.PRIVATE, 7.0), (Kind.LISTED, 0.0)):
        state = in_month()
        state.firms.kind[riot] = kind
        cash = state.firms.cash[[riot, target]].sum()
        bid = phase.Bids(*pair, *(np.array([each]) for each in (9.0, 7.0, 5.0, 0.0, 1.0)))
        phase._complete(state, bid, 0)
        assert state.firms.cash[riot] == pytest.approx(cash - paid)
        assert state.ledger.flows.get("takeovers", 0.0) == paid
        state.ledger.check()


def test_an_outsider_repays_the_debt_of_what_it_buys():
    state = in_month()
    arm, target = int(row_of(state, "Amazon")[0]), int(row_of(state, "HIVE")[0])
    bid = phase.Bids(*(np.array([each]) for each in (arm, target, 900.0, 700.0, 500.0, 30.0, 1.0)))
    phase._complete(state, bid, 0)
    assert state.firms.corporate_debt[arm] == pytest.approx(0.0)
    state.ledger.check()


def test_two_firms_merging_add_twice_the_product_of_their_shares_to_the_hhi(state):
    one, other = int(row_of(state, "RIOT")[0]), int(row_of(state, "HIVE")[0])
    share = megawatts(state) / megawatts(state).sum()
    before = hhi(megawatts(state))
    absorb_firm(state, other, one)
    assert hhi(megawatts(state)) - before == pytest.approx(2.0 * share[one] * share[other])


def test_a_merger_carries_value_over(state):
    one, other = int(row_of(state, "RIOT")[0]), int(row_of(state, "CLSK")[0])
    value_firms(state)
    before = state.firms.value_leases.sum() + state.firms.cash.sum()
    absorb_firm(state, other, one)
    value_firms(state)
    assert state.firms.enterprise_value[other] == 0.0
    assert state.firms.value_leases.sum() + state.firms.cash.sum() == pytest.approx(before)
