"""Who can pay for what, and who is passed over."""

import numpy as np
import pytest

from agents.tables import Kind, LeaseStatus, Status
from model.funding import (
    add_corporate_debt,
    available_equity,
    committed_equity,
    free_cash,
    fund_proposals,
    loan_share,
    sector_debt_left,
)
from model.settlement import settle


def funded(state, firm, equity, debt, merit):
    return fund_proposals(state, np.array(firm), np.array(equity), np.array(debt), np.array(merit)).tolist()


def test_the_loan_depends_on_who_stands_behind_the_rent(new_world):
    scenario = new_world().scenario
    finance = scenario.finance
    assert loan_share(True, False, scenario) == finance.loan_to_cost_investment_grade
    assert loan_share(False, True, scenario) == finance.loan_to_cost_investment_grade
    assert loan_share(False, False, scenario) == finance.loan_to_cost_high_yield
    assert loan_share(True, True, new_world(**{"finance.debt_enabled": False}).scenario) == 0.0


def test_own_means_are_cash_and_reserves_less_buffer_and_signed_builds(world):
    world.scratch["cash_cost"] = np.array([10.0, 0.0, 0.0])
    site = world.add_sites(1, 200.0)[0]
    world.add_lease(site, status=LeaseStatus.BUILDING, capex=100.0, capex_spent=20.0, loan_share=0.6)
    world.firms.bitcoin = 0.0
    world.firms.restricted_cash[1] = 12.0
    np.testing.assert_allclose(committed_equity(world), [0, 32, 0])
    np.testing.assert_allclose(available_equity(world)[0], [70, 80, 100])
    np.testing.assert_allclose(free_cash(world), [70, 80, 100])


def test_debt_against_bitcoin_and_new_equity_add_to_the_means(world):
    world.firms.equity_value = [100.0, 100.0, 0.0]
    world.firms.listed[1] = False
    np.testing.assert_allclose(available_equity(world)[0], [145, 125, 125])


def test_nobody_in_chapter_11_is_trusted_with_a_build(world):
    world.firms.status = Status.CHAPTER11
    np.testing.assert_array_equal(available_equity(world)[0], 0.0)


def test_a_parent_pays_for_the_builds_of_its_arm_without_lenders(world):
    world.firms.kind[1] = Kind.AI_CUSTOMER
    site = world.add_sites(1, 200.0)[0]
    world.add_lease(site, status=LeaseStatus.BUILDING, capex=1e6, signed=0)
    world.firms.bitcoin = 0.0
    assert committed_equity(world)[1] == 0.0
    assert free_cash(world)[1] == 100.0
    assert np.isinf(available_equity(world)[0]).tolist() == [False, True, False]
    assert funded(world, [0, 1, 1], [1e6] * 3, [1e6] * 3, [1.0] * 3) == [False, True, True]


def test_the_better_proposal_is_funded_first_and_a_smaller_one_may_still_fit(world):
    world.firms.bitcoin = 0.0
    assert funded(world, [0, 0, 0], [60.0, 70.0, 30.0], [0.0] * 3, [1.0, 2.0, 0.5]) == [False, True, True]


def test_firms_do_not_share_their_means(world):
    world.firms.bitcoin = 0.0
    assert funded(world, [0, 1, 2], [90.0, 90.0, 110.0], [0.0] * 3, [1.0, 1.0, 9.0]) == [True, True, False]


def test_the_order_of_rows_does_not_matter(world):
    rng = np.random.default_rng(5)
    world.firms.bitcoin = 0.0
    firm, equity = rng.integers(0, 3, 20), rng.uniform(5, 60, 20)
    debt, merit = rng.uniform(0, 4000, 20), rng.uniform(0, 1, 20)
    straight = fund_proposals(world, firm, equity, debt, merit)
    turned = fund_proposals(world, firm[::-1], equity[::-1], debt[::-1], merit[::-1])
    np.testing.assert_array_equal(straight, turned[::-1])


def test_the_sector_gets_no_more_debt_in_a_year_than_lenders_have(world):
    cap = world.scenario.finance.sector_debt_cap_busd * 1000.0
    assert sector_debt_left(world) == cap
    assert funded(world, [0, 1], [0.0, 0.0], [0.7 * cap, 0.7 * cap], [1.0, 2.0]) == [False, True]
    site = world.add_sites(0, 200.0)[0]
    world.add_lease(site, status=LeaseStatus.BUILDING, capex=1000.0, loan_share=0.6, signed=0)
    assert sector_debt_left(world) == pytest.approx(cap - 600.0)
    world.month = 12
    assert sector_debt_left(world) == cap


def test_equity_that_must_be_borrowed_counts_as_debt(new_world):
    world = new_world(**{"finance.sector_debt_cap_busd": 0.01})
    world.add_firms(1, cash=50.0, enterprise_value=1000.0)
    assert funded(world, [0], [58.0], [0.0], [1.0]) == [True]
    assert funded(world, [0], [58.0], [5.0], [1.0]) == [False]


def settled(world, *cash):
    """Let firms raise what they are short of."""
    world.firms.cash = cash
    world.ledger.set_opening_capital(np.arange(len(cash)))
    world.begin_month()
    settle(world)
    world.ledger.check()


def test_borrowing_this_month_counts_for_a_year(new_world):
    world = new_world(**{"finance.sector_debt_cap_busd": 0.1})
    world.add_firms(2, enterprise_value=1000.0)
    settled(world, -90.0, -60.0)
    np.testing.assert_allclose(world.firms.corporate_debt, [60, 40])
    for month in range(12):
        assert sector_debt_left(world) == 0.0
        world.month = month + 1
        world.begin_month()
    assert sector_debt_left(world) == 100.0


def test_what_is_borrowed_for_builds_is_not_lent_to_the_overdrawn_again(new_world):
    world = new_world(**{"finance.sector_debt_cap_busd": 0.1})
    world.add_firms(2, enterprise_value=1000.0)
    site = world.add_sites(0, 200.0)[0]
    world.add_lease(site, status=LeaseStatus.BUILDING, capex=80.0, promised=9, delivery=9)
    world.month = 1
    settled(world, 0.0, -60.0)
    np.testing.assert_allclose(world.firms.corporate_debt, [70, 30])
    assert sector_debt_left(world) == 0.0


@pytest.mark.parametrize("overdrawn", [True, False])
def test_new_debt_blends_into_coupon_and_maturity(world, overdrawn):
    firms = world.firms
    firms.corporate_debt[0] = 30.0
    firms.coupon[:], firms.maturity[:], firms.enterprise_value[:] = 0.0, 30, 1000.0
    firms.bitcoin[:], firms.btc[:] = 0.0, 0.0
    if overdrawn:
        settled(world, -10.0, 100.0, 100.0)
    else:
        add_corporate_debt(world, np.array([10.0, 0.0, 0.0]))
    assert firms.corporate_debt[0] == pytest.approx(40.0)
    assert firms.coupon[0] == pytest.approx(world.scenario.finance.refinancing_coupon / 4)
    np.testing.assert_array_equal(firms.maturity, [38, 30, 30])


def test_raising_cash_never_gives_more_than_is_wanted_or_there(world):
    firms = world.firms
    firms.equity_value = 1000.0
    settled(world, -20.0, -80.0, 0.0)
    np.testing.assert_allclose(firms.bitcoin, [30, 0, 50])
    np.testing.assert_allclose(firms.btc, [300, 0, 500])
    np.testing.assert_allclose(firms.equity_issued, [0, 30, 0])
    np.testing.assert_allclose(firms.cash, 0.0, atol=1e-9)
    firms.bitcoin, firms.btc, firms.equity_issued = 0.0, 0.0, 0.0
    settled(world, -20.0, -500.0, 0.0)
    np.testing.assert_allclose(firms.equity_issued, [20, 200, 0])
    np.testing.assert_allclose(firms.cash, [0, -300, 0], atol=1e-9)
    settled(world, -300.0, -300.0, -300.0)
    np.testing.assert_allclose(firms.equity_issued, 200.0)


def test_without_finance_every_proposal_is_funded(new_world):
    world = new_world(**{"finance.enabled": False})
    world.add_firms(2, cash=0.0, kind=Kind.PRIVATE)
    assert funded(world, [0, 1], [1e9, 1e9], [1e9, 1e9], [0.0, 0.0]) == [True, True]
    assert np.isinf(available_equity(world)).all()
