"""Who fails, who is saved, and what becomes of what they owned."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.tables import NEVER, USES, Kind, LeaseStatus, Status, Tenure
from model.defaults import defaults
from model.estates import auction_discount, site_worth
from model.ledger import ACCOUNTS
from model.ownership import absorb_firm, release_sites, return_hosted_mw, transfer_sites
from model.settlement import settle

GENERATOR = 3


@pytest.fixture
def sector(world):
    """Three listed miners of a hundred megawatts, and a generator with money."""
    world.add_firms(1, cash=500.0, kind=Kind.GENERATOR, discount_rate=0.3)
    world.firms.discount_rate[:3] = 0.13
    world.scratch["cash_flow"] = np.zeros(4)
    world.scratch["cash_cost"] = np.zeros(4)
    return world


def leave_bidding_to(state, *rows):
    """Take the money of everybody else."""
    others = np.setdiff1d(np.arange(len(state.firms)), rows)
    state.firms.cash[others], state.firms.bitcoin[others], state.firms.btc[others] = 0.0, 0.0, 0.0
    state.ledger.set_opening_capital(others)


def bankrupt(state, row, owing=30.0, **values):
    """Leave a firm with unpaid bills and nothing to pay them with."""
    firms = state.firms
    firms.cash[row], firms.bitcoin[row], firms.btc[row], firms.corporate_debt[row] = -5.0, 0.0, 0.0, owing
    for name, value in values.items():
        getattr(firms, name)[row] = value
    state.ledger.set_opening_capital(np.array([row]))


def assert_sound(state):
    state.ledger.check()
    sites, firms, leases = state.sites, state.firms, state.leases
    np.testing.assert_allclose(sum(getattr(sites, use) for use in USES), sites.secured_mw, atol=1e-9)
    dead = np.flatnonzero(firms.status >= Status.ACQUIRED)
    for name in (*ACCOUNTS, "btc", "enterprise_value"):
        assert (getattr(firms, name)[dead] == 0.0).all()
    assert not np.isin(sites.owner, dead).any()
    live = np.flatnonzero(leases.status <= LeaseStatus.DELIVERING)
    np.testing.assert_array_equal(leases.landlord[live], sites.owner[leases.site[live]])
    count = len(firms)
    for account, column in (("project_debt", leases.project_debt), ("prepayment", leases.prepaid)):
        expected = np.bincount(leases.landlord, column, minlength=count)
        np.testing.assert_allclose(getattr(firms, account), expected, atol=1e-6)


def test_who_can_pay_does_not_default(sector):
    defaults(sector)
    assert (sector.firms.status == Status.ACTIVE).all()
    assert not sector.recorder


def test_without_finance_nobody_defaults(sector):
    bankrupt(sector, 0)
    sector.scenario = sector.scenario.with_values(**{"finance.enabled": False})
    defaults(sector)
    assert sector.firms.status[0] == Status.ACTIVE


def test_a_firm_with_less_than_a_month_of_cost_is_distressed_until_it_has_more(sector):
    sector.firms.bitcoin[1] = 0.0
    sector.ledger.set_opening_capital(np.arange(3))
    sector.scratch["cash_cost"][:2] = 120.0
    defaults(sector)
    np.testing.assert_array_equal(sector.firms.status[:3], [Status.ACTIVE, Status.DISTRESSED, Status.ACTIVE])
    assert sector.firms.distress_month[1] == 0
    sector.scratch["cash_cost"][1] = 50.0
    defaults(sector)
    assert sector.firms.status[1] == Status.ACTIVE
    assert len(sector.recorder.of("distress")) == 1


def test_a_firm_that_owes_more_than_it_is_worth_is_distressed(sector):
    sector.firms.equity_value[2] = -1.0
    defaults(sector)
    assert sector.firms.status[2] == Status.DISTRESSED


def test_a_firm_worth_more_running_than_in_pieces_is_reorganised(sector):
    bankrupt(sector, 0, owing=40.0, enterprise_value=500.0, maturity=7)
    sector.scratch["cash_cost"][0] = 2.0
    defaults(sector)
    firms, finance = sector.firms, sector.scenario.finance
    assert firms.status[0] == Status.CHAPTER11
    # Half the debt becomes equity; lenders then pay the bills and three months of cost.
    assert firms.corporate_debt[0] == pytest.approx(20.0 + 5.0 + 0.06 * 500.0 + 3 * 2.0)
    assert firms.cash[0] == pytest.approx(6.0)
    assert sector.ledger.debt["corporate_debt"].haircuts == pytest.approx(20.0)
    assert_sound(sector)
    sector.month = finance.chapter11_months
    defaults(sector)
    assert firms.status[0] == Status.ACTIVE
    assert firms.maturity[0] == sector.month + finance.debt_years * 12
    assert sector.recorder.of("emergence")


def test_losses_to_come_can_outweigh_the_value_of_going_on(sector):
    bankrupt(sector, 0, enterprise_value=500.0)
    sector.scratch["cash_flow"][0] = -100.0
    defaults(sector)
    assert sector.firms.status[0] == Status.LIQUIDATED


def test_a_firm_hardly_worth_more_running_is_not_worth_the_cost_of_a_court(sector):
    worth = site_worth(sector, np.array([0])).after(sector.scenario.finance.distress_discount_single)[0]
    bankrupt(sector, 0, enterprise_value=1.05 * worth)
    defaults(sector)
    assert sector.firms.status[0] == Status.LIQUIDATED


def test_a_second_default_ends_the_firm(sector):
    bankrupt(sector, 0, enterprise_value=500.0)
    defaults(sector)
    sector.firms.status[0] = Status.ACTIVE
    sector.month = 30
    bankrupt(sector, 0, enterprise_value=500.0)
    defaults(sector)
    assert sector.firms.status[0] == Status.LIQUIDATED


def test_without_debt_there_is_no_chapter_11(sector):
    sector.scenario = sector.scenario.with_values(**{"finance.debt_enabled": False})
    bankrupt(sector, 0, owing=0.0, enterprise_value=500.0)
    defaults(sector)
    assert sector.firms.status[0] == Status.LIQUIDATED


def test_a_liquidated_firm_leaves_nothing_and_its_site_goes_to_who_pays(sector):
    leave_bidding_to(sector, 1)
    bankrupt(sector, 0)
    worth = site_worth(sector, np.array([0]))
    defaults(sector)
    firms, auction = sector.firms, sector.recorder.of("auction")[0]
    assert (firms.status[0], firms.exit_month[0], firms.exit_reason[0]) == (
        Status.LIQUIDATED,
        0,
        Status.LIQUIDATED,
    )
    assert sector.sites.owner[0] == 1
    discount = 0.2 + 0.45 / 3
    # The discount is on the site; machines fetch what they fetch everywhere.
    assert auction["price"] == pytest.approx(worth.place[0] * (1 - discount) + worth.machines[0])
    assert firms.cash[1] == pytest.approx(100.0 - auction["price"])
    assert sector.sites.hash[0, 0] == 5.0
    assert_sound(sector)


def test_creditors_are_paid_before_the_holders_of_the_equity(sector):
    bankrupt(sector, 0, owing=20.0)
    before = dict(sector.ledger.sector_cash)
    defaults(sector)
    price = sector.recorder.of("auction")[0]["price"]
    sectors = sector.ledger.sector_cash
    assert not before
    assert sectors["lenders"] == pytest.approx(20.0)
    assert sectors["investors"] == pytest.approx(price - 5.0 - 20.0)
    assert_sound(sector)


def test_creditors_lose_what_the_estate_does_not_cover(sector):
    bankrupt(sector, 0, owing=1000.0)
    defaults(sector)
    price = sector.recorder.of("auction")[0]["price"]
    roll = sector.ledger.debt["corporate_debt"]
    assert roll.repays == pytest.approx(price - 5.0)
    assert roll.haircuts == pytest.approx(1000.0 - roll.repays)
    assert_sound(sector)


def test_the_discount_deepens_when_the_sector_is_in_distress(sector):
    calm = auction_discount(sector, np.array([True, False, False, False]))
    sector.firms.status[1:3] = [Status.DISTRESSED, Status.CHAPTER11]
    bust = auction_discount(sector, np.array([True, False, False, False]))
    assert calm == pytest.approx(0.2 + 0.45 / 3)
    assert bust == pytest.approx(0.65)


def test_who_has_more_cash_buys_more(sector):
    leave_bidding_to(sector, 1, 2)
    sector.firms.cash[1:3] = [3e5, 1e5]
    sector.ledger.set_opening_capital(np.arange(4))
    sector.add_sites(np.zeros(200, int), 10.0)
    sector.scratch["cash_flow"] = np.zeros(4)
    bankrupt(sector, 0)
    defaults(sector)
    won = np.bincount(sector.sites.owner[3:], minlength=4)
    assert won[1] + won[2] == 200
    assert 130 <= won[1] <= 170


def test_lenders_are_still_owed_what_was_repaid_without_money(sector):
    firms = sector.firms
    firms.bitcoin, firms.btc, firms.corporate_debt[0], firms.maturity[0] = 0.0, 0.0, 400.0, 0
    sector.ledger.set_opening_capital(np.arange(4))
    sector.begin_month()
    settle(sector)
    assert firms.cash[0] == pytest.approx(-300.0)
    firms.enterprise_value[0] = 500.0
    defaults(sector)
    assert firms.status[0] == Status.CHAPTER11
    assert firms.corporate_debt[0] == pytest.approx(150.0 + 0.06 * 500.0)
    assert firms.cash[0] == pytest.approx(0.0)
    roll = sector.ledger.debt["corporate_debt"]
    assert (roll.repays, roll.haircuts) == (pytest.approx(100.0), pytest.approx(150.0))
    assert_sound(sector)


def test_megawatts_without_a_buyer_are_released(sector):
    sector.firms.cash[1:] = 0.0
    sector.firms.bitcoin[1:] = 0.0
    sector.ledger.set_opening_capital(np.arange(4))
    bankrupt(sector, 0)
    defaults(sector)
    assert sector.sites.secured_mw[0] == 0.0
    assert sector.sites.owner[0] == -1
    assert sector.recorder.of("released")[0]["mw"] == 100.0
    assert_sound(sector)


def test_outside_bidders_stay_away_if_the_scenario_says_so(sector):
    sector.firms.cash[1:3] = 0.0
    sector.ledger.set_opening_capital(np.arange(4))
    bankrupt(sector, 0)
    sector.scenario = sector.scenario.with_values(**{"consolidation.outside_bidders": False})
    defaults(sector)
    assert sector.sites.owner[0] == -1


def test_the_distressed_do_not_bid(sector):
    leave_bidding_to(sector, 1, 2)
    sector.firms.status[1] = Status.DISTRESSED
    sector.firms.equity_value[1] = -1.0
    sector.firms.cash[1] = 1e6
    sector.ledger.set_opening_capital(np.arange(4))
    bankrupt(sector, 0)
    defaults(sector)
    assert sector.sites.owner[0] == 2


def let(state, row=0, **values):
    site = state.add_sites(row, 200.0)[0]
    lease = state.add_lease(site, **values)
    state.scratch["cash_flow"] = np.zeros(len(state.firms))
    state.scratch["cash_cost"] = np.zeros(len(state.firms))
    return site, lease


def test_leases_go_on_with_who_buys_the_site_and_so_do_their_loans(sector):
    site, lease = let(sector, project_debt=60.0, prepaid=10.0)
    leave_bidding_to(sector, 1)
    sector.firms.cash[1] = 1000.0
    sector.ledger.set_opening_capital(np.array([1]))
    bankrupt(sector, 0)
    defaults(sector)
    assert sector.sites.owner[site] == 1
    assert sector.leases.landlord[lease] == 1
    assert sector.firms.project_debt[1] == pytest.approx(60.0)
    assert sector.firms.prepayment[1] == pytest.approx(10.0)
    assert_sound(sector)


def test_lenders_take_over_a_let_site_nobody_can_pay_for(sector):
    sector.firms.cash[1:] = 0.0
    sector.firms.bitcoin[1:] = 0.0
    sector.ledger.set_opening_capital(np.arange(4))
    site, lease = let(sector, project_debt=60.0)
    bankrupt(sector, 0)
    defaults(sector)
    assert sector.sites.owner[site] == GENERATOR
    assert sector.leases.landlord[lease] == GENERATOR
    assert sector.sites.converted_mw[site] == 100.0
    assert_sound(sector)


def test_nobody_takes_over_more_debt_than_the_site_is_worth(sector):
    site, lease = let(sector, project_debt=5000.0)
    bankrupt(sector, 0)
    worth = site_worth(sector, np.array([site])).place[0]
    defaults(sector)
    assert sector.leases.project_debt[lease] == pytest.approx(worth * (1 - 0.2 - 0.45 / 2), rel=0.2)
    assert_sound(sector)


def test_a_loan_without_a_tenant_is_a_claim_on_the_estate(sector):
    site, lease = let(sector, project_debt=60.0)
    sector.leases.status[lease] = LeaseStatus.TENANT_DEFAULT
    sector.sites.converted_mw[site], sector.sites.idle_mw[site] = 0.0, 200.0
    bankrupt(sector, 0, owing=0.0)
    defaults(sector)
    assert sector.leases.project_debt[lease] == 0.0
    assert sector.firms.project_debt.sum() == 0.0
    assert_sound(sector)


def test_in_chapter_11_a_loan_without_a_tenant_is_cut_too(sector):
    site, lease = let(sector, project_debt=60.0)
    sector.leases.status[lease] = LeaseStatus.TENANT_DEFAULT
    sector.sites.converted_mw[site], sector.sites.idle_mw[site] = 0.0, 200.0
    bankrupt(sector, 0, enterprise_value=1000.0)
    defaults(sector)
    assert sector.leases.project_debt[lease] == pytest.approx(30.0)
    assert_sound(sector)


def test_megawatts_of_a_dead_client_go_back_to_the_host(sector):
    row = sector.add_sites(0, 10.0, hash_eh_s=0.5, host_site=1, tenure=Tenure.HOSTED)[0]
    sector.scratch["cash_flow"] = np.zeros(4)
    total = sector.sites.secured_mw.sum()
    bankrupt(sector, 0)
    defaults(sector)
    assert sector.sites.secured_mw[row] == 0.0
    assert sector.sites.owner[row] == -1
    assert sector.sites.idle_mw[1] == 10.0
    assert sector.sites.secured_mw.sum() == pytest.approx(total)
    assert_sound(sector)


def test_clients_stay_when_their_host_dies_and_pay_who_comes_after(sector):
    row = sector.add_sites(1, 10.0, hash_eh_s=0.5, host_site=0, tenure=Tenure.HOSTED)[0]
    sector.scratch["cash_flow"] = np.zeros(4)
    leave_bidding_to(sector, 2)
    bankrupt(sector, 0)
    defaults(sector)
    assert sector.sites.owner[0] == 2
    cash = sector.firms.cash[2]
    sector.begin_month()
    sector.scratch["hosting_fee"][row] = 4.0
    sector.scenario = sector.scenario.with_values(**{"finance.payout": 0.0})
    settle(sector)
    assert sector.firms.cash[2] == pytest.approx(cash + 4.0)


def test_a_firm_of_no_megawatts_ends_without_a_trace(sector):
    row = int(sector.add_firms(1, cash=-1.0, kind=Kind.PRIVATE)[0])
    sector.scratch["cash_flow"] = np.zeros(5)
    defaults(sector)
    assert sector.firms.status[row] == Status.LIQUIDATED
    assert not sector.recorder.of("auction")
    assert_sound(sector)


def test_several_failures_of_a_month_do_not_buy_from_each_other(sector):
    for row in range(3):
        bankrupt(sector, row)
    defaults(sector)
    assert (sector.firms.status[:3] == Status.LIQUIDATED).all()
    assert set(sector.sites.owner.tolist()) <= {-1, GENERATOR}
    assert_sound(sector)


def test_money_times_a_thousand_leaves_who_defaults_unchanged(new_world):
    fates = []
    for scale in (1.0, 1000.0):
        world = new_world(
            **{"finance.site_price": 0.0003 * scale, "finance.sector_debt_cap_busd": 0.02 * scale}
        )
        rng = np.random.default_rng(4)
        draws = rng.uniform(-1.0, 2.0, 30), rng.uniform(0, 5, 30), rng.uniform(0, 0.12, 30)
        world.add_firms(30, cash=draws[0] * scale, corporate_debt=draws[1] * scale, kind=Kind.PRIVATE)
        world.add_firms(1, cash=20.0 * scale, kind=Kind.GENERATOR)
        world.firms.enterprise_value[:30] = draws[2] * scale
        world.machine_price = world.machine_price * 0.001 * scale
        world.add_sites(np.arange(30), 100.0, hash_eh_s=1.0)
        world.scratch["cash_flow"] = np.zeros(31)
        world.scratch["cash_cost"] = np.full(31, 1.0 * scale)
        defaults(world)
        assert_sound(world)
        fates.append((world.firms.status.tolist(), world.sites.owner.tolist()))
    assert fates[0] == fates[1]
    assert {int(Status.CHAPTER11), int(Status.LIQUIDATED), int(Status.ACTIVE)} <= set(fates[0][0])


def test_a_firm_split_in_two_fares_like_the_whole(new_world):
    kept = []
    for parts in (1, 2):
        world = new_world()
        world.add_firms(parts, cash=-4.0 / parts, corporate_debt=20.0 / parts, enterprise_value=300.0 / parts)
        world.add_firms(1, cash=500.0, kind=Kind.GENERATOR)
        world.add_sites(np.arange(parts), 100.0 / parts, hash_eh_s=5.0 / parts)
        world.scratch["cash_flow"] = np.zeros(parts + 1)
        world.scratch["cash_cost"] = np.append(np.full(parts, 3.0 / parts), 0.0)
        defaults(world)
        firms = world.firms
        assert (firms.status[:parts] == Status.CHAPTER11).all()
        kept.append([firms.corporate_debt.sum(), firms.cash.sum(), firms.capital.sum()])
    np.testing.assert_allclose(kept[0], kept[1])


STEP = st.tuples(
    st.sampled_from(["month", "sell", "default", "tenant goes", "host", "release", "merge"]),
    st.integers(0, 5),
    st.integers(0, 5),
    st.floats(-40.0, 40.0),
)


def take(state, step, first, second, amount):
    firms, sites, leases = state.firms, state.sites, state.leases
    alive = np.flatnonzero(firms.status < Status.ACQUIRED)
    buyer = int(alive[second % len(alive)])
    owned = np.flatnonzero(sites.owner >= 0)
    site = int(owned[first % len(owned)]) if len(owned) else -1
    if step == "month":
        state.month += 1
        state.begin_month()
        state.scratch["energy_cost"][sites.owner >= 0] = abs(amount)
        state.scratch["mined_btc"][sites.owner >= 0] = 100.0
        settle(state)
        defaults(state)
    elif step == "sell" and site >= 0 and sites.owner[site] != buyer:
        transfer_sites(state, np.array([site]), buyer, abs(amount))
    elif step == "default":
        state.ledger.post("fine", "earnings", "cash", 200.0, rows=np.array([buyer]), sector="government")
    elif step == "tenant goes" and len(leases):
        row = first % len(leases)
        if leases.status[row] == LeaseStatus.DELIVERING:
            leases.status[row] = LeaseStatus.TENANT_DEFAULT
            sites.converted_mw[leases.site[row]] -= leases.gross_mw[row]
            sites.idle_mw[leases.site[row]] += leases.gross_mw[row]
    elif step == "host":
        rows = np.flatnonzero((sites.host_site >= 0) & (sites.owner >= 0))
        sites.hash[rows] = 0.0
        return_hosted_mw(state, rows)
    elif step == "release" and site >= 0 and not np.isin(site, leases.site):
        release_sites(state, np.array([site]), "given up")
    elif step == "merge" and firms.kind[buyer] <= Kind.PRIVATE and alive[first % len(alive)] != buyer:
        absorb_firm(state, buyer, int(alive[first % len(alive)]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, min_size=1, max_size=25), st.integers(0, 1000))
def test_whatever_happens_the_books_balance_and_the_dead_own_nothing(new_world, steps, seed):
    rng = np.random.default_rng(seed)
    world = new_world()
    world.add_firms(
        5, cash=rng.uniform(0, 60, 5), corporate_debt=rng.uniform(0, 80, 5), maturity=6, coupon=0.08
    )
    world.add_firms(1, cash=500.0, kind=Kind.GENERATOR)
    world.firms.enterprise_value = rng.uniform(0, 400, 6)
    world.firms.equity_value = rng.uniform(-50, 200, 6)
    world.firms.listed[:2] = True
    world.firms.kind[2:5] = Kind.PRIVATE
    world.add_sites(np.arange(5), 100.0, hash_eh_s=3.0)
    let = world.add_sites(np.arange(3), 200.0)
    world.add_sites(4, 10.0, hash_eh_s=0.3, host_site=2, tenure=Tenure.HOSTED)
    world.add_lease(let[0], project_debt=rng.uniform(0, 900), prepaid=20.0, delivery=-30)
    world.add_lease(let[1], status=LeaseStatus.BUILDING, capex=600.0, loan_share=0.6, promised=6, delivery=8)
    world.add_lease(let[2], project_debt=50.0, term=4)
    world.scratch["cash_cost"] = world.scratch["cash_flow"] = np.zeros(6)
    assert (world.firms.exit_month == NEVER).all()
    for step in steps:
        take(world, *step)
        assert_sound(world)


def year(state, income, cost):
    """Run a year in which every site mines coins worth `income` and pays `cost` a month, musd."""
    state.firms.exit_month = NEVER
    for month in range(12):
        state.month = month
        state.begin_month()
        state.scratch["mined_btc"] = income / state.btc_price * 1e6
        state.scratch["energy_cost"] = np.where(state.sites.owner >= 0, cost, 0.0)
        settle(state)
        defaults(state)
        assert_sound(state)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000))
def test_no_debt_and_positive_margins_mean_no_default(new_world, seed):
    rng = np.random.default_rng(seed)
    world = new_world()
    world.add_firms(6, cash=rng.uniform(0, 5, 6), kind=Kind.PRIVATE)
    world.add_sites(np.arange(6), 100.0, hash_eh_s=3.0)
    cost = rng.uniform(0, 10, 6)
    year(world, cost * rng.uniform(1.0, 2.0, 6), cost)
    assert (world.firms.status <= Status.DISTRESSED).all()


def test_firms_that_lose_money_for_good_end_and_the_poorest_first(new_world):
    world = new_world()
    world.add_firms(3, cash=[4.0, 8.0, 900.0], kind=Kind.PRIVATE)
    world.add_firms(1, cash=500.0, kind=Kind.GENERATOR)
    world.add_sites(np.arange(3), 100.0, hash_eh_s=3.0)
    year(world, np.zeros(3), 1.0)
    assert world.firms.status[:3].tolist() == [Status.LIQUIDATED, Status.LIQUIDATED, Status.ACTIVE]
    assert world.firms.exit_month[0] < world.firms.exit_month[1]


def test_money_in_other_units_is_the_same_year(new_world):
    ends = []
    for scale in (1.0, 100.0):
        world = new_world(**{"finance.site_price": 0.3 * scale, "finance.sector_debt_cap_busd": 20.0 * scale})
        cash = np.random.default_rng(3).uniform(0, 30, 20) * scale
        world.add_firms(20, cash=cash, corporate_debt=20.0 * scale, maturity=8, coupon=0.1)
        world.add_firms(1, cash=500.0 * scale, kind=Kind.GENERATOR)
        world.firms.listed[:10] = True
        world.firms.kind[10:20] = Kind.PRIVATE
        world.firms.enterprise_value[:20] = np.linspace(0.0, 60.0, 20) * scale
        world.firms.equity_value = world.firms.enterprise_value
        world.btc_price *= scale
        world.machine_price = world.machine_price * scale
        world.add_sites(np.arange(20), 100.0, hash_eh_s=1.0)
        year(world, np.full(20, 2.0 * scale), 3.0 * scale)
        ends.append((world.firms.status, world.firms.exit_month, world.sites.owner, world.firms.cash / scale))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
    assert len(set(ends[0][0].tolist())) >= 3


def test_a_miner_with_nothing_to_do_winds_up_after_a_year_and_its_holders_are_paid(world):
    firm = int(world.add_firms(1, kind=Kind.PRIVATE, cash=10.0)[0])
    world.add_firms(1, kind=Kind.LISTED, listed=True, cash=500.0)
    world.add_sites(firm, 20.0)
    months = world.scenario.finance.closure_months
    for _ in range(months - 1):
        world.quiet()
        defaults(world)
    assert world.firms.status[firm] == Status.ACTIVE
    world.quiet()
    defaults(world)
    assert world.firms.status[firm] == world.firms.exit_reason[firm] == Status.CLOSED
    assert world.firms.cash[firm] == 0.0
    assert world.recorder.of("closure")
    assert not world.recorder.of("liquidation")
    world.ledger.check()


def test_a_miner_that_winds_up_owing_more_than_it_has_is_liquidated(world):
    firm = int(world.add_firms(1, kind=Kind.PRIVATE, cash=1.0, corporate_debt=500.0, maturity=900)[0])
    world.add_firms(1, kind=Kind.LISTED, listed=True, cash=500.0)
    world.add_sites(firm, 20.0)
    for _ in range(world.scenario.finance.closure_months):
        world.quiet()
        defaults(world)
    assert world.firms.status[firm] == Status.LIQUIDATED
    assert [event["firm"].tolist() for event in world.recorder.of("liquidation")] == [[firm]]


def test_a_miner_waits_as_long_as_a_new_mine_would_pay_or_a_pipeline_is_coming(world):
    firms = world.add_firms(2, kind=Kind.PRIVATE, cash=10.0)
    mine, campus = world.add_sites(firms, 20.0)
    world.sites.new_mine_value[mine] = 0.1
    world.sites.pipeline_mw[campus] = 5.0
    for _ in range(world.scenario.finance.closure_months + 3):
        world.quiet()
        defaults(world)
    assert (world.firms.status[firms] == Status.ACTIVE).all()
