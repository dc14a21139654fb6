"""Who can pay for machines, and with whose money."""

import numpy as np
import pytest

from agents.tables import Kind
from model.machine_funding import draw_machine_funds, machine_funds

SHARE = 0.35


@pytest.fixture
def miners(new_world):
    """Return a world of three firms without shareholders to ask: two listed, one private."""

    def make(**values):
        world = new_world(**values)
        if not len(world.firms):
            world.add_firms(3, cash=100.0)
        world.firms.kind = [Kind.LISTED, Kind.LISTED, Kind.PRIVATE]
        world.firms.listed = [True, True, False]
        world.firms.equity_value = 0.0
        return world

    return make


def funds(world, cost, own):
    return machine_funds(world, np.array(cost), np.array(own))


def test_whoever_has_the_cash_borrows_nothing(miners):
    paid = funds(miners(), [80.0, 80.0, 0.0], [100.0, 80.0, 100.0])
    np.testing.assert_allclose(paid.own, [80.0, 80.0, 0.0])
    assert not paid.loan.any()


def test_machines_secure_their_share_of_the_price_and_no_more(miners):
    paid = funds(miners(), [100.0, 100.0, 100.0], [65.0, 32.5, 0.0])
    np.testing.assert_allclose(paid.loan, [35.0, 17.5, 0.0])
    np.testing.assert_allclose(paid.total, [100.0, 50.0, 0.0])


def test_shareholders_do_not_pay_for_machines(miners):
    world = miners()
    world.firms.equity_value = 1000.0
    np.testing.assert_allclose(funds(world, [100.0] * 3, [13.0] * 3).total, 20.0)


def test_without_debt_there_are_no_loans_and_without_limits_no_funds_to_raise(miners):
    cash = funds(miners(**{"finance.debt_enabled": False}), [100.0] * 3, [60.0] * 3)
    np.testing.assert_allclose(cash.total, 60.0)
    free = funds(miners(**{"finance.enabled": False}), [100.0] * 3, [np.inf] * 3)
    np.testing.assert_allclose(free.own, 100.0)
    assert not free.loan.any()


def test_lenders_short_of_money_give_every_borrower_the_same_part(miners):
    world = miners(**{"finance.sector_debt_cap_busd": 0.035})
    paid = funds(world, [100.0, 100.0, 0.0], [65.0, 65.0, 0.0])
    np.testing.assert_allclose(paid.loan, [17.5, 17.5, 0.0])


def test_what_is_not_ordered_is_not_raised_and_coupons_are_the_days(miners):
    world = miners()
    finance = world.scenario.finance
    world.firms.corporate_debt = 0.0
    paid = funds(world, [100.0, 100.0, 100.0], [65.0, 65.0, 65.0])
    before = world.firms.cash.copy()
    draw_machine_funds(world, paid, np.array([100.0, 0.0, 50.0]))
    np.testing.assert_allclose(world.firms.corporate_debt, [35.0, 0.0, 17.5])
    np.testing.assert_allclose(world.firms.cash - before, [35.0, 0.0, 17.5])
    assert world.firms.coupon[[0, 2]].tolist() == [finance.refinancing_coupon, finance.private_coupon]
    assert world.ledger.borrowed_in_year() == pytest.approx(52.5)


def test_means_are_linear_in_money(miners):
    one, ten = miners(), miners(**{"finance.sector_debt_cap_busd": 200.0})
    one.firms.equity_value, ten.firms.equity_value = 100.0, 1000.0
    cost, own = np.array([90.0, 50.0, 70.0]), np.array([5.0, 45.0, 9.0])
    np.testing.assert_allclose(funds(ten, 10 * cost, 10 * own).total, 10 * funds(one, cost, own).total)
