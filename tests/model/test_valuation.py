"""The sum of parts: every firm, every month, at its own cost of capital."""

import numpy as np
import pytest

from agents.economics.blocks import lease_line
from agents.economics.discounting import yearly_step
from agents.economics.leases import powered_shell_equity
from agents.economics.valuation import deferred_credit_gain, risky_lease_value, spread_cost
from agents.tables import Kind, LeaseStatus, Product, Stage
from model.appraisal import Hands, appraise
from model.bids import appraise_targets
from model.estates import site_worth
from model.industry import Industry
from model.lease_worth import lease_worth
from model.options import product_terms, site_mining_values
from model.scenario import Scenario
from model.setup import build_state
from model.tick import TICK, run_month
from model.valuation import holdings_of_all, net_debt, value_firms

SHELL_FOR_HYPERSCALER, SHELL_FOR_NEOCLOUD = 5.19, 7.81
"""USD per gross watt; only ever compared with."""


def fresh(**values):
    return build_state(Scenario().with_values(**values), 0, keep="series")


def valued(state):
    """Value again after something was changed in the month's tables."""
    state.scratch.pop("letting", None)
    value_firms(state)
    return state.firms


def holders(state):
    held = np.bincount(state.sites.owner + 1, state.sites.secured_mw, minlength=len(state.firms) + 1)[1:]
    return held > 0.0


@pytest.fixture
def state():
    return fresh()


def test_the_parts_add_up_to_enterprise_value(state):
    firms = state.firms
    parts = firms.value_mining + firms.value_leases + firms.value_pipeline
    np.testing.assert_allclose(firms.enterprise_value, parts)


def test_equity_is_what_is_left_when_all_debts_are_paid(state):
    firms = state.firms
    owed = firms.corporate_debt + firms.project_debt + firms.prepayment
    own = firms.enterprise_value + firms.cash + firms.restricted_cash + firms.bitcoin
    np.testing.assert_allclose(firms.equity_value, own - owed)
    np.testing.assert_allclose(net_debt(state), firms.enterprise_value - firms.equity_value)


def test_who_holds_nothing_is_worth_its_cash(state):
    firms, none = state.firms, ~holders(state)
    assert none.sum() == (firms.kind > Kind.PRIVATE).sum()
    assert (firms.enterprise_value[none] == 0.0).all()
    np.testing.assert_allclose(firms.equity_value[none], firms.cash[none])


def test_no_firm_is_worth_less_than_it_fetches_in_pieces(state):
    firms, sites = state.firms, state.sites
    state.firms.overhead[:] = 1e4
    valued(state)
    own = sites.host_site < 0
    land = 0.3 * 0.8 * (sites.mining_mw + sites.idle_mw) * own * (sites.tenure != 2)
    machines = (sites.hash @ state.machine_price) * 0.7
    pieces = np.bincount(sites.owner, land + machines, minlength=len(firms))
    pieces += 0.8 * np.maximum(firms.value_leases, 0.0)
    assert (firms.enterprise_value >= pieces - 1e-6).all()


def test_overhead_lowers_value(state):
    before = state.firms.enterprise_value.copy()
    state.firms.overhead[:] *= 1.1
    after = valued(state).enterprise_value
    assert (after <= before + 1e-9).all()
    assert after.sum() < before.sum()


def test_every_megawatt_in_use_bears_the_same_overhead_and_the_pipeline_none(state):
    """Far above the floor of a break-up, what overhead takes from each part is as its megawatts."""
    state.scenario = state.scenario.with_values(**{"finance.site_price": 0.0, "bitcoin.machine_resale": 0.0})
    firms, sites, leases = state.firms, state.sites, state.leases
    usual = firms.overhead.copy()
    firms.overhead[:] = 0.0
    free = [valued(state).value_mining.copy(), firms.value_leases.copy(), firms.value_pipeline.copy()]
    firms.overhead[:] = 0.1 * usual
    valued(state)
    live = leases.status <= LeaseStatus.DELIVERING
    let = np.bincount(leases.landlord[live], leases.gross_mw[live], minlength=len(firms))
    unlet = np.bincount(sites.owner, sites.mining_mw + sites.idle_mw, minlength=len(firms))
    both = (let > 0.0) & (unlet > 0.0) & (firms.enterprise_value > 100.0) & (usual > 0.0)
    assert both.sum() > 3
    of_mining, of_leases = free[0] - firms.value_mining, free[1] - firms.value_leases
    np.testing.assert_allclose((of_mining * let)[both], (of_leases * unlet)[both])
    np.testing.assert_allclose(firms.value_pipeline, free[2])


def test_a_lessor_without_a_machine_charges_its_overhead_to_its_leases(state):
    firms, sites = state.firms, state.sites
    landlord = int(np.argmax(firms.value_leases))
    own = sites.owner == landlord
    for column in ("mining_mw", "idle_mw", "pipeline_mw"):
        getattr(sites, column)[own] = 0.0
    sites.hash[own] = 0.0
    state.orders[:, own] = 0.0
    state.scratch["fleet_value"][own] = 0.0
    sites.owner[(sites.host_site >= 0) & own[sites.host_site]] = -1
    valued(state)
    assert firms.value_mining[landlord] == pytest.approx(0.0)
    assert firms.value_leases[landlord] == pytest.approx(firms.enterprise_value[landlord])


def test_a_dearer_cost_of_capital_lowers_the_value_of_leases_in_force(state):
    before = state.firms.value_leases.copy()
    state.firms.lease_discount_rate[:] += 0.02
    after = valued(state).value_leases
    landlords = before > 100.0
    assert landlords.any()
    assert (after[landlords] < before[landlords]).all()


def test_a_weaker_tenant_lowers_the_value_of_a_lease_and_a_guarantor_restores_it(state):
    leases = state.leases
    safe = state.firms.value_leases.copy()
    landlord = leases.landlord[leases.status <= LeaseStatus.DELIVERING]
    leases.backstop[:] = False
    leases.default_hazard[:] = 0.2
    risky = valued(state).value_leases.copy()
    leases.backstop[:] = True
    guaranteed = valued(state).value_leases.copy()
    assert (risky[landlord] < safe[landlord]).all()
    assert (guaranteed[landlord] >= safe[landlord] - 1e-9).all()


def test_what_is_still_to_be_spent_is_taken_off(state):
    leases = state.leases
    building = np.flatnonzero(leases.status == LeaseStatus.BUILDING)[0]
    landlord = leases.landlord[building]
    before = state.firms.value_leases[landlord]
    leases.promised[building] = 0
    due_now = valued(state).value_leases[landlord]
    leases.capex_spent[building] -= 10.0
    assert due_now < before
    assert valued(state).value_leases[landlord] == pytest.approx(due_now - 10.0)


def test_pipelines_are_worth_their_chances_and_nothing_without():
    certain = fresh(**{f"finance.probability_{name}": 1.0 for name in ("construction", "approved", "option")})
    hopeless = fresh(
        **{f"finance.probability_{name}": 0.0 for name in ("construction", "approved", "option")}
    )
    usual = fresh()
    assert certain.firms.value_pipeline.sum() > usual.firms.value_pipeline.sum()
    assert usual.firms.value_pipeline.sum() > hopeless.firms.value_pipeline.sum()
    sites, firms = hopeless.sites, hopeless.firms
    energised = np.bincount(sites.owner, sites.energised_mw * sites.convertible, minlength=len(firms))
    np.testing.assert_allclose(firms.value_pipeline[energised == 0.0], 0.0)


def test_without_tenants_the_pipeline_is_worth_what_mines_on_it_are():
    state = fresh(**{"leases.market_enabled": False})
    sites, firms = state.sites, state.firms
    firms.expected_hashprice[:] = 100.0
    site_mining_values(state)
    valued(state)
    chance = np.array([0.9, 0.9, 0.6, 0.25])[sites.stage]
    mine = np.maximum(state.scratch["new_mine_value"] - state.scenario.finance.mine_capex, 0.0)
    wait = np.maximum(sites.energisation - 1, 0) / 12.0
    each = sites.pipeline_mw * chance * mine * np.exp(-firms.discount_rate[sites.owner] * wait)
    assert each.any()
    np.testing.assert_allclose(firms.value_pipeline, np.bincount(sites.owner, each, len(firms)))


def test_the_option_on_a_tenant_grows_with_the_rate_at_which_tenants_come(state):
    state.scratch["new_mine_value"][:] = 0.0
    before = valued(state).value_pipeline.sum()
    state.signing_rate *= 2.0
    assert valued(state).value_pipeline.sum() > before
    state.signing_rate = 0.0
    assert valued(state).value_pipeline.sum() == 0.0


def test_machines_sold_during_the_month_are_taken_off_in_proportion(state):
    state.firms.overhead[:] = 0.0
    state.scenario = state.scenario.with_values(**{"finance.site_price": 0.0})
    whole = valued(state).value_mining.copy()
    state.sites.hash[:] *= 0.5
    state.scratch["new_mine_value"][:] = 0.0
    halved = valued(state).value_mining
    firm = np.flatnonzero((whole > 1.0) & (halved > 0.0))
    fleet = np.bincount(state.sites.owner, state.scratch["fleet_value"], minlength=len(whole))
    assert (halved[firm] <= whole[firm] + 1e-9).all()
    assert (halved[firm] >= 0.5 * fleet[firm] - 1e-6).all()


def test_all_firms_at_once_equal_firms_one_by_one(state):
    state.scratch.clear()
    for phase in TICK[:10]:
        for step in phase.steps:
            step(state)
    value_firms(state)
    firms = np.flatnonzero(holders(state))
    alone = np.concatenate([appraise_targets(state, firms[[i]], firms[[i]]).alone for i in range(len(firms))])
    changed = np.isin(firms, state.sites.owner[state.sites.last_move == state.month])
    np.testing.assert_allclose(alone[~changed], state.firms.enterprise_value[firms][~changed], rtol=2e-3)


def test_a_contracted_megawatt_is_worth_at_least_twice_an_uncontracted_one(state):
    firms, sites = state.firms, state.sites
    listed = firms.kind == Kind.LISTED
    let = (sites.building_mw + sites.subleased_mw + sites.converted_mw) * listed[sites.owner]
    unlet = (sites.secured_mw - sites.building_mw - sites.subleased_mw - sites.converted_mw) * listed[
        sites.owner
    ]
    contracted = firms.value_leases[listed].sum() / let.sum()
    uncontracted = (firms.enterprise_value - firms.value_leases)[listed].sum() / unlet.sum()
    assert contracted > 2.0 * uncontracted > 0.0


def test_a_powered_shell_is_worth_what_analysts_say_at_their_rate_of_capitalisation(state):
    leases = state.scenario.leases
    income = np.array([1.44, 2.26]) * leases.colocation_margin
    cap_rate = 0.08
    equity = powered_shell_equity(income, cap_rate, leases.colocation_capex, leases.it_to_gross)
    mean = powered_shell_equity(
        leases.colocation_rent * leases.colocation_margin,
        cap_rate,
        leases.colocation_capex,
        leases.it_to_gross,
    )
    assert SHELL_FOR_HYPERSCALER < mean < SHELL_FOR_NEOCLOUD
    assert equity[0] < mean < equity[1]


def test_a_lease_at_the_market_rent_pays_its_landlord_well(state):
    """The model's own arithmetic, without renewals, stays below the analysts' perpetuity."""
    ready = np.tile(state.terms.lead, (1, 1))
    slope, level = lease_line(state.terms, ready, np.array([0.09]), np.zeros(1))
    value = (slope * state.expected_rent[None, 1:] + level)[0] * state.scenario.leases.it_to_gross
    assert 1.0 < value[Product.COLOCATION - 1] < SHELL_FOR_NEOCLOUD


def test_values_stay_defined_as_the_industry_changes():
    state = fresh()
    for _ in range(18):
        run_month(state)
    firms, dead = state.firms, state.firms.exit_month <= state.month
    assert np.isfinite(firms.enterprise_value).all()
    assert (firms.enterprise_value[dead] == 0.0).all()
    assert (state.sites.stage <= Stage.OPTION).all()


@pytest.mark.parametrize("age", [-7, 0, 1, 5, 11, 12, 13, 30, 40])
def test_a_running_lease_is_worth_the_months_of_rent_that_are_still_to_come(new_world, age):
    """Month by month, as rents are collected: raised on anniversaries, this month's already paid."""
    world = new_world(**{"leases.slip_probability": 0.0})
    world.add_firms(1)
    world.add_sites(np.array([0]), 200.0)
    world.month, term, escalator, rate = 50, 48, 0.05, 0.08
    delivery, years_passed = 50 - age, max(age, 0) // 12
    now = 1.7 * (1.0 + escalator) ** years_passed
    status = LeaseStatus.BUILDING if age < 0 else LeaseStatus.DELIVERING
    row = world.add_lease(
        0, delivery=delivery, promised=delivery, term=term, escalator=escalator, rent_now=now, status=status
    )
    world.terms = product_terms(world.scenario)
    world.terms = world.terms._replace(residual=np.zeros(3))
    months = np.arange(max(delivery, 51), delivery + term)
    # In its last year a rent is not raised any more, and the smooth one grows on.
    off = 4e-3 if len(months) > 12 else escalator / 4.0
    paid = 1.7 * (1.0 + escalator) ** ((months - delivery) // 12) / 12.0 * 68.0 * 0.85
    exact = float(paid @ np.exp(-rate * (months - 51 + 0.5) / 12.0))
    assert lease_worth(world, np.array([row]), np.array([rate]))[0] == pytest.approx(exact, rel=off)


def test_the_loop_over_leases_is_the_formulas_to_the_last_bit(new_world):
    world = new_world()
    world.add_firms(1)
    world.add_sites(np.array([0]), 400.0)
    world.month, rate, hazard, escalator = 30, np.array([0.09]), np.array([0.03]), 0.025
    given = {"default_hazard": 0.03, "escalator": escalator, "capex": 300.0, "capex_spent": 40.0}
    row = world.add_lease(
        0,
        delivery=40,
        promised=38,
        term=144,
        rent_now=1.5,
        prepaid=20.0,
        status=LeaseStatus.BUILDING,
        **given,
    )
    leases, growth = world.leases, np.log1p(np.array([escalator]))
    back = world.terms.residual[leases.product[[row]] - 1] * leases.it_mw[[row]]
    rent = 1.5 * yearly_step(growth) * np.exp(growth * 0.0)
    income = rent * leases.it_mw[[row]] * leases.operating_margin[[row]]
    value = risky_lease_value(income, growth, rate, hazard, np.array([9 / 12.0]), np.array([12.0]), back)
    owed, start, years = np.array([20.0]), np.array([33 / 12.0]), np.array([120 / 12.0])
    value += deferred_credit_gain(owed, rate + hazard, start, years)
    value -= spread_cost(np.array([260.0]), rate, np.array([7 / 12.0]))
    assert (lease_worth(world, np.array([row]), rate) == value).all()


def test_an_estate_values_leases_like_a_listed_landlord(new_world):
    world = new_world()
    world.add_firms(1)
    world.add_sites(np.array([0]), 200.0)
    world.month = 30
    row = world.add_lease(0, delivery=20, promised=20, term=144, escalator=0.025, default_hazard=0.03)
    rate = np.array([world.scenario.finance.discount_lease])
    bare = lease_worth(world, np.array([row]), rate)[0]
    power = world.scenario.finance.site_price * float(world.sites.idle_mw[0])
    assert site_worth(world, np.array([0])).after(0.0)[0] == pytest.approx(bare + power)


def test_no_firm_is_worth_less_than_its_pieces_fetch_pipeline_included():
    industry = Industry("reference", rng=75)
    industry.run_for(38)
    state = industry.state
    hands = Hands(state.firms.discount_rate, state.firms.lease_discount_rate, state.firms.overhead)
    parts = appraise(state, holdings_of_all(state), hands)
    kept = 1.0 - state.scenario.finance.distress_discount_single
    assert (parts.pipeline > 0.0).any()
    assert (parts.enterprise >= parts.break_up * kept - 1e-6).all()
