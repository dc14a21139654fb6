"""What a month costs and brings, and where the money goes."""

import numpy as np
import pytest

from agents.tables import Kind, LeaseStatus, Status
from model.funding import sector_debt_left
from model.settlement import settle


def balance(state):
    state.ledger.check()


def test_a_month_in_which_nothing_happens_moves_no_money(world):
    world.firms.machines = 0.0
    world.firms.property = 0.0
    world.ledger.set_opening_capital(np.arange(3))
    world.begin_month()
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})
    settle(world)
    np.testing.assert_array_equal(world.firms.cash, 100.0)
    assert sum(world.ledger.flows.values()) == pytest.approx(0.0, abs=1e-9)
    balance(world)


def test_treasury_is_carried_at_the_price_of_the_month(world):
    world.btc_price = 80_000.0
    settle(world)
    np.testing.assert_allclose(world.firms.bitcoin, 40.0)
    balance(world)


def test_production_is_sold_and_pays_for_power(world):
    world.begin_month()
    world.scratch["mined_btc"] = np.array([30.0, 0.0, 0.0])
    world.scratch["energy_cost"] = np.array([2.0, 0.0, 0.0])
    world.firms.pool_fee = 0.02
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [100 + 3 * 0.98 - 2, 100, 100])
    np.testing.assert_allclose(world.firms.btc, 500.0)
    np.testing.assert_allclose(world.scratch["cash_flow"], [0.94, 0, 0])
    balance(world)


def test_production_is_kept_by_firms_with_enough_cash_if_the_scenario_says_so(world):
    world.begin_month()
    world.scenario = world.scenario.with_values(**{"finance.production_kept": 1.0, "finance.payout": 0.0})
    world.scratch["mined_btc"] = np.array([30.0, 30.0, 0.0])
    world.scratch["energy_cost"] = np.array([2.0, 60.0, 0.0])
    settle(world)
    assert world.firms.btc[0] == pytest.approx(530.0)
    assert world.firms.btc[1] < 500.0
    balance(world)


def test_hosting_pays_the_host_its_margin(world):
    row = world.add_sites(0, 10.0, hash_eh_s=0.5, host_site=1)[0]
    world.begin_month()
    world.scratch["hosting_fee"][row], world.scratch["host_cost"][row] = 5.0, 4.0
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [95, 101, 100])
    balance(world)


def test_power_at_a_negative_price_is_an_income(world):
    world.begin_month()
    world.scratch["energy_cost"] = np.array([-1.0, 0.0, 0.0])
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [101, 100, 100])


def test_the_dead_pay_no_overhead_and_the_reorganised_do(world):
    world.firms.overhead = 1.0
    world.firms.status = [Status.CHAPTER11, Status.ACTIVE, Status.LIQUIDATED]
    world.begin_month()
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [99, 99, 100])


def leased(world, **values):
    site = world.add_sites(0, 200.0)[0]
    lease = world.add_lease(site, **values)
    world.begin_month()
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})
    return lease


def test_rent_is_collected_less_the_cost_of_running_the_hall(world):
    leased(world)
    settle(world)
    assert world.firms.cash[0] == pytest.approx(100 + 1.7 * 68 / 12 * 0.85)
    balance(world)


def test_rent_rises_once_a_year_from_delivery(world):
    lease = leased(world, escalator=0.03)
    for month in range(25):
        world.month = month
        world.begin_month()
        settle(world)
    assert world.leases.rent_now[lease] == pytest.approx(1.7 * 1.03**2)


def test_a_prepayment_is_credited_from_year_three_and_gone_at_the_end(world):
    lease = leased(world, prepaid=50.0, term=60)
    incomes = []
    for month in range(60):
        world.month = month
        world.begin_month()
        settle(world)
        incomes.append(world.ledger.flows["rents"])
        balance(world)
    assert incomes[23] == pytest.approx(1.7 * 68 / 12)
    assert incomes[24] == pytest.approx(1.7 * 68 / 12 - 50 / 36)
    assert world.leases.prepaid[lease] == pytest.approx(0.0, abs=1e-9)
    assert world.firms.prepayment[0] == pytest.approx(0.0, abs=1e-9)


def test_a_prepayment_is_kept_when_the_tenant_is_gone(world):
    lease = leased(world, prepaid=50.0)
    world.leases.status[lease] = LeaseStatus.TENANT_DEFAULT
    settle(world)
    assert world.firms.prepayment[0] == 0.0
    assert world.firms.earnings[0] > 0.0
    balance(world)


def test_a_project_loan_is_repaid_by_level_instalments_at_the_end_of_the_term(world):
    lease = leased(world, project_debt=500.0)
    paid = []
    for month in range(144):
        world.month = month
        world.begin_month()
        settle(world)
        paid.append(world.ledger.flows["project interest"] + world.ledger.flows["project repayment"])
    assert max(paid) == pytest.approx(min(paid))
    assert world.leases.project_debt[lease] == pytest.approx(0.0, abs=1e-9)
    assert world.firms.project_debt[0] == pytest.approx(0.0, abs=1e-9)


def test_a_build_is_paid_evenly_until_the_promised_month_from_loan_reserve_and_cash(world):
    world.firms.restricted_cash[0] = 15.0
    world.ledger.set_opening_capital(np.arange(3))
    lease = leased(
        world,
        status=LeaseStatus.BUILDING,
        capex=120.0,
        loan_share=0.75,
        promised=13,
        delivery=13,
        project_rate=0.0,
    )
    for month in range(1, 13):
        world.month = month
        world.begin_month()
        settle(world)
        balance(world)
        assert world.leases.capex_spent[lease] == pytest.approx(10.0 * month)
    assert world.leases.project_debt[lease] == pytest.approx(90.0)
    assert world.firms.project_debt[0] == pytest.approx(90.0)
    assert world.firms.restricted_cash[0] == pytest.approx(0.0, abs=1e-9)
    assert world.firms.cash[0] == pytest.approx(85.0)


def test_what_an_early_delivery_left_unspent_is_paid_at_once(world):
    lease = leased(world, status=LeaseStatus.DELIVERING, capex=40.0, capex_spent=10.0)
    settle(world)
    assert world.leases.capex_spent[lease] == 40.0


def test_interest_is_added_to_the_loan_while_the_hall_is_built(world):
    lease = leased(world, status=LeaseStatus.BUILDING, project_debt=120.0, project_rate=0.1, promised=9)
    settle(world)
    assert world.leases.project_debt[lease] == pytest.approx(121.0)
    assert world.firms.project_debt[0] == pytest.approx(121.0)
    balance(world)


def indebted(world, debt=60.0, **values):
    world.firms.corporate_debt = debt
    for name, value in values.items():
        setattr(world.firms, name, value)
    world.ledger.set_opening_capital(np.arange(3))
    world.begin_month()
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.0})


def test_interest_is_paid_but_not_in_chapter_11(world):
    indebted(world, coupon=0.12, maturity=99)
    world.firms.status[1] = Status.CHAPTER11
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [99.4, 100, 99.4])


def test_debt_that_lenders_accept_is_rolled_over_at_todays_coupon(world):
    indebted(world, coupon=0.0, maturity=0, enterprise_value=200.0)
    settle(world)
    finance = world.scenario.finance
    np.testing.assert_allclose(world.firms.corporate_debt, 60.0)
    np.testing.assert_allclose(world.firms.coupon, finance.refinancing_coupon)
    np.testing.assert_array_equal(world.firms.maturity, finance.debt_years * 12)


def test_what_lenders_do_not_roll_over_is_repaid(world):
    indebted(world, coupon=0.0, maturity=0, enterprise_value=40.0)
    settle(world)
    # Half of the enterprise and half of the treasury back 45 of 60.
    np.testing.assert_allclose(world.firms.corporate_debt, 45.0)
    np.testing.assert_allclose(world.firms.cash, 85.0)
    balance(world)


def test_private_firms_repay_by_instalments(world):
    indebted(world, coupon=0.0, maturity=10, kind=Kind.PRIVATE)
    for month in range(10):
        world.month = month
        world.begin_month()
        settle(world)
    np.testing.assert_allclose(world.firms.corporate_debt, 0.0, atol=1e-9)


def test_a_firm_short_of_cash_sells_bitcoin_then_issues_equity_then_borrows(world):
    world.firms.cash = [3.0, -60.0, -60.0]
    world.firms.equity_value = [0.0, 1000.0, 0.0]
    world.firms.enterprise_value = 1000.0
    world.ledger.set_opening_capital(np.arange(3))
    world.firms.overhead = 1.0
    world.begin_month()
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [3, 3, 0], atol=1e-9)
    np.testing.assert_allclose(world.firms.bitcoin, [49, 0, 0], atol=1e-9)
    np.testing.assert_allclose(world.firms.equity_issued, [0, 14, 0])
    np.testing.assert_allclose(world.firms.corporate_debt, [0, 0, 11])
    balance(world)


def test_a_firm_nobody_helps_is_left_with_unpaid_bills(world):
    world.firms.cash = -60.0
    world.ledger.set_opening_capital(np.arange(3))
    world.begin_month()
    settle(world)
    np.testing.assert_allclose(world.firms.cash, -10.0)


def test_without_finance_nobody_is_ever_short(world):
    world.scenario = world.scenario.with_values(**{"finance.enabled": False})
    world.firms.cash = -60.0
    world.ledger.set_opening_capital(np.arange(3))
    world.begin_month()
    settle(world)
    assert (world.firms.cash >= 0.0).all()
    balance(world)


def test_signed_builds_are_funded_up_front_and_the_money_is_set_aside(world):
    world.firms.enterprise_value = 100.0
    site = world.add_sites(0, 200.0)[0]
    world.add_lease(
        site,
        status=LeaseStatus.BUILDING,
        capex=400.0,
        loan_share=0.6,
        promised=13,
        delivery=13,
        project_rate=0.0,
    )
    world.month = 1
    world.begin_month()
    settle(world)
    # 160 are the owner's: 100 cash, and 60 that lenders give against enterprise and treasury.
    assert world.firms.cash[0] == pytest.approx(0.0, abs=1e-9)
    assert world.firms.corporate_debt[0] == pytest.approx(60.0)
    assert world.firms.restricted_cash[0] == pytest.approx(160 - 0.4 * 400 / 12)
    assert world.firms.bitcoin[0] == pytest.approx(50.0)
    balance(world)


def test_a_parent_puts_in_what_its_arm_builds_with_as_it_is_spent(world):
    world.firms.kind[0] = Kind.AI_CUSTOMER
    site = world.add_sites(0, 200.0)[0]
    world.add_lease(site, status=LeaseStatus.BUILDING, capex=2400.0, promised=13, delivery=13)
    world.month = 1
    world.begin_month()
    settle(world)
    assert world.ledger.flows["parent funding"] == pytest.approx(200.0)
    assert world.firms.cash[0] == pytest.approx(100.0)
    assert world.firms.corporate_debt[0] == world.firms.project_debt[0] == 0.0
    balance(world)


def test_what_an_arm_earns_goes_to_its_parent_and_its_budget_stays(world):
    world.firms.kind[0] = Kind.AI_CUSTOMER
    site = world.add_sites(0, 200.0)[0]
    world.add_lease(site)
    settle(world)
    assert world.ledger.flows["rents"] > 1.0
    assert world.firms.cash[0] == pytest.approx(100.0)
    balance(world)


def test_cash_nobody_needs_is_paid_out_in_time_but_not_what_debt_will_need(world):
    indebted(world, debt=[0.0, 50.0, 100.0], maturity=99)
    world.scenario = world.scenario.with_values(**{"finance.payout": 0.6})
    settle(world)
    np.testing.assert_allclose(world.firms.cash, [95, 97.5, 100])
    balance(world)


def test_principal_may_stand_when_the_sector_gets_no_new_loans(world):
    """As far as the firm's own standing goes; it is no new debt, so the cap on the sector is not asked."""
    world.scenario = world.scenario.with_values(**{"finance.sector_debt_cap_busd": 0.0})
    firms = world.firms
    firms.enterprise_value[:], firms.equity_value[:] = 1000.0, 800.0
    firms.kind[0], firms.listed[0], firms.coupon[0], firms.maturity[0] = Kind.PRIVATE, False, 0.0, 4
    firms.cash[0], firms.bitcoin[0], firms.btc[0], firms.corporate_debt[0] = 10.0, 0.0, 0.0, 120.0
    world.ledger.set_opening_capital(np.array([0]))
    world.begin_month()
    assert sector_debt_left(world) == 0.0
    settle(world)
    # An instalment of 30 falls due, 20 of it without money behind it.
    assert (firms.cash[0], firms.corporate_debt[0]) == pytest.approx((0.0, 110.0))
    assert world.scratch["debt_repaid"][0] == world.ledger.flows["debt repaid"] == pytest.approx(10.0)
    assert world.ledger.borrowed_in_year() == 0.0
    balance(world)
