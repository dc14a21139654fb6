import numpy as np
import pytest

from agents.economics.tenants import highest_rent
from agents.tables import NEVER, Stage, Status, Tenure
from model import tenants
from model.mining import dispatch
from model.options import average_over_first, product_terms, value_options
from model.scenario import Scenario
from model.setup import build_state


def start(**values):
    return build_state(Scenario().with_values(**values), seed=0)


def blocks(state):
    value_options(state)
    return state.scratch["blocks"]


def energised_only(table):
    return np.flatnonzero(~table.from_pipeline)


def test_without_a_lease_market_nothing_is_offered():
    assert len(start(**{"leases.market_enabled": False}).scratch["blocks"].site) == 0


def test_only_us_sites_fit_for_ai_that_firms_hold_themselves_are_offered():
    state = start()
    table, sites = state.scratch["blocks"], state.sites
    assert len(table.site) > 10
    assert sites.us[table.site].all()
    assert sites.convertible[table.site].all()
    assert (sites.tenure[table.site] != Tenure.HOSTED).all()
    assert (table.firm == sites.owner[table.site]).all()


@pytest.mark.parametrize(
    ("column", "value"), [("us", False), ("convertible", False), ("tenure", Tenure.HOSTED), ("owner", -1)]
)
def test_a_site_that_loses_one_condition_is_offered_no_more(column, value):
    state = start()
    site = int(state.scratch["blocks"].site[0])
    getattr(state.sites, column)[site] = value
    after = blocks(state)
    assert site not in after.site
    assert len(after.site)


@pytest.mark.parametrize("status", list(Status))
def test_only_firms_outside_court_offer(status):
    state = start()
    firm = int(state.scratch["blocks"].firm[0])
    state.firms.status[firm] = status
    assert (firm in blocks(state).firm) == (status <= Status.DISTRESSED)


def test_no_block_is_smaller_than_buyers_consider_or_larger_than_owners_offer_at_once():
    state = start(**{"ai.minimum_block_mw": 50.0, "leases.block_mw": 120.0})
    table, sites = state.scratch["blocks"], state.sites
    assert table.mw.min() >= 50.0
    assert table.mw.max() == 120.0
    there = np.where(
        table.from_pipeline, sites.pipeline_mw[table.site], (sites.mining_mw + sites.idle_mw)[table.site]
    )
    assert (table.mw <= there).all()


def test_a_site_offers_its_energised_megawatts_once_and_its_pipeline_once():
    table = start().scratch["blocks"]
    seen = set(zip(table.site.tolist(), table.from_pipeline.tolist(), strict=True))
    assert len(seen) == len(table.site)


def test_pipelines_are_offered_only_within_the_horizon_buyers_plan_for():
    for horizon in (1, 12, 120):
        state = start(**{"ai.planning_months": horizon})
        table = state.scratch["blocks"]
        energisation = state.sites.energisation[table.site[table.from_pipeline]]
        assert (energisation <= horizon).all()
    assert len(energisation) > 0


def test_power_that_is_only_an_option_is_never_offered():
    state = start(**{"ai.planning_months": 120})
    assert state.scratch["blocks"].from_pipeline.any()
    state.sites.stage = Stage.OPTION
    assert not blocks(state).from_pipeline.any()


def test_idle_megawatts_are_offered_before_those_of_running_machines():
    state = start()
    sites, table = state.sites, state.scratch["blocks"]
    row = energised_only(table)[0]
    site, total = int(table.site[row]), float(table.mw[row])
    for idle_share, displaced in ((0.0, 1.0), (0.25, 0.75), (1.0, 0.0)):
        unlet = sites.mining_mw[site] + sites.idle_mw[site]
        sites.idle_mw[site] = idle_share * total
        sites.mining_mw[site] = unlet - sites.idle_mw[site]
        after = blocks(state)
        assert after.mining_share[list(after.site).index(site)] == pytest.approx(displaced)


def test_a_pipeline_block_displaces_no_machines():
    table = start().scratch["blocks"]
    assert table.from_pipeline.any()
    assert table.mining_share[table.from_pipeline].max() == 0.0
    assert table.resale[table.from_pipeline].max() == 0.0


def test_delivery_takes_the_build_or_as_long_as_the_power():
    state = start()
    table = state.scratch["blocks"]
    lead = state.terms.lead
    now = energised_only(table)
    assert table.ready[now] == pytest.approx(np.broadcast_to(lead, (len(now), 3)))
    later = np.flatnonzero(table.from_pipeline)
    wait = state.sites.energisation[table.site[later]] / 12.0
    assert table.ready[later] == pytest.approx(np.maximum(lead, wait[:, None]))
    assert (wait > lead.min()).any()


def with_hall(share):
    state = start()
    table = state.scratch["blocks"]
    row = energised_only(table)[0]
    state.sites.fitted_it_mw[table.site[row]] = share * table.mw[row] * state.scenario.leases.it_to_gross
    return state, blocks(state), row


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0, 3.0])
def test_an_empty_hall_shortens_the_build_by_the_part_it_covers(share):
    state, table, row = with_hall(share)
    assert table.fitted_share[row] == pytest.approx(min(share, 1.0))
    assert table.ready[row] == pytest.approx(state.terms.lead * (1.0 - min(share, 1.0)))


def test_an_empty_hall_lowers_the_rent_an_owner_needs():
    none, half, whole = (with_hall(share) for share in (0.0, 0.5, 1.0))
    row = none[2]
    assert (half[1].level[row] > none[1].level[row]).all()
    assert (whole[1].level[row] > half[1].level[row]).all()
    assert whole[1].break_even[row, 1] < half[1].break_even[row, 1] < none[1].break_even[row, 1]


def test_at_the_break_even_rent_a_lease_is_worth_mining_on():
    state = start()
    table = state.scratch["blocks"]
    let = (table.slope * table.break_even + table.level) * state.scenario.leases.it_to_gross
    worth = let + table.resale[:, None]
    asked = table.break_even > 0.0
    mine = np.broadcast_to(table.mine[:, None], worth.shape)
    assert worth[asked] == pytest.approx(mine[asked])
    assert (worth[~asked] >= mine[~asked] - 1e-9).all()


def test_mining_on_is_worth_what_the_machines_fetch_when_hashprice_is_nothing():
    state = start()
    state.firms.expected_hashprice = 0.0
    table = blocks(state)
    assert table.mine == pytest.approx(table.resale)
    assert table.resale.max() > 0.0


def test_machines_that_fetch_more_than_they_earn_make_way_for_new_ones():
    state = start()
    state.machine_price[:-1] *= 10.0
    table, scratch = blocks(state), state.scratch
    whole = ~table.from_pipeline & (table.mining_share == 1.0)
    assert whole.any()
    site = table.site[whole]
    replaced = table.resale[whole] + scratch["new_mine_value"][site]
    assert table.mine[whole] == pytest.approx(replaced)


def test_mining_on_is_worth_more_to_who_expects_more():
    state = start()
    before = state.scratch["blocks"].mine
    state.firms.expected_hashprice *= 1.5
    after = blocks(state).mine
    assert (after >= before).all()
    running = state.scratch["blocks"].mining_share > 0.0
    assert (after[running] > before[running]).all()


def test_a_megawatt_without_machines_is_worth_what_filling_it_is():
    state = start()
    state.firms.expected_hashprice = 150.0
    state.sites.hash = 0.0
    dispatch(state)
    table = blocks(state)
    now = energised_only(table)
    new = state.scratch["new_mine_value"][table.site[now]]
    assert new.min() > 0.0
    assert table.mine[now] == pytest.approx(new)
    assert table.resale[now].max() == 0.0


def test_a_coming_megawatt_is_worth_less_by_its_infrastructure_and_its_wait():
    state = start(**{"ai.planning_months": 60})
    state.firms.expected_hashprice = 150.0
    table = blocks(state)
    later = np.flatnonzero(table.from_pipeline)
    site = table.site[later]
    new = state.scratch["new_mine_value"][site]
    wait = np.maximum(state.sites.energisation[site] - state.month, 0) / 12.0
    built = np.maximum(new - state.scenario.finance.mine_capex, 0.0)
    assert built.max() > 0.0
    rate = state.firms.discount_rate[table.firm[later]]
    assert table.mine[later] == pytest.approx(built * np.exp(-rate * wait))


def test_nobody_bids_when_nobody_needs_power():
    state = start()
    assert np.isfinite(state.scratch["blocks"].bid).all()
    state.hyperscalers.need_mw = 0.0
    assert (blocks(state).bid == -np.inf).all()


def test_pipelines_without_a_date_are_never_offered():
    state = start()
    state.sites.energisation = NEVER
    assert not blocks(state).from_pipeline.any()


def test_owners_count_on_the_slips_the_scenario_expects():
    sure = product_terms(Scenario().with_values(**{"leases.slip_probability": 0.0}))
    assert sure.lead * 12.0 == pytest.approx([9.0, 14.0, 16.0])
    doubtful = product_terms(
        Scenario().with_values(**{"leases.slip_probability": 0.2, "leases.slip_months": 2})
    )
    assert doubtful.lead == pytest.approx(sure.lead / (1.0 - 0.2 * 2))


def test_the_products_differ_by_what_the_landlord_builds():
    values = {"shell_capex": 2.0, "colocation_capex": 11.0, "gpu_capex": 30.0, "hall_residual": 0.5}
    values |= {"gpu_residual": 0.1, "tenant_capex_share": 0.8, "prepaid_cloud": 0.3, "shell_term": 20}
    terms = product_terms(Scenario().with_values(**{f"leases.{name}": v for name, v in values.items()}))
    assert terms.capex == pytest.approx([2.0, 11.0, 41.0])
    assert terms.hall == pytest.approx([2.0, 11.0, 11.0])
    assert terms.residual == pytest.approx([1.0, 5.5, 5.5 + 3.0])
    assert terms.tenant_share == pytest.approx([0.0, 0.8, 0.0])
    assert terms.prepaid == pytest.approx([0.0, 0.0, 0.3])
    assert terms.years[0] == 20.0


def test_without_an_escalator_the_mean_rent_is_the_first():
    terms = product_terms(Scenario().with_values(**{"leases.escalator": 0.0}))
    assert average_over_first(terms) == pytest.approx(np.ones(3))


def test_the_mean_of_a_rent_raised_once_a_year_is_that_of_its_years():
    terms = product_terms(Scenario().with_values(**{"leases.escalator": 0.03}))
    expected = [np.mean(1.03 ** np.arange(years)) for years in terms.years]
    assert average_over_first(terms) == pytest.approx(expected)
    assert np.all(average_over_first(terms) > 1.0)


def test_a_shell_is_in_use_when_a_hall_would_be_because_the_same_fit_out_slips_whoever_does_it(monkeypatch):
    seen = []

    def spy(margin, rate, offer, *others):
        seen.append(offer)
        return highest_rent(margin, rate, offer, *others)

    monkeypatch.setattr(tenants, "highest_rent", spy)
    for slip in (0.0, 0.2):
        state = start(**{"leases.slip_probability": slip})
        table = blocks(state)
        now = energised_only(table)[table.fitted_share[energised_only(table)] == 0.0]
        offer = seen.pop()
        assert len(now)
        assert offer.ready[now, 0] + offer.fit_out[0] == pytest.approx(offer.ready[now, 1])
