import numpy as np
import pytest

from agents.tables import NEVER, USES, Kind, LeaseStatus, Product
from model.baseline_tables import load_tables
from model.errors import ScenarioError
from model.options import average_over_first
from model.scenario import Scenario
from model.setup import build_state, draw_strategies


def start(seed=0, **values):
    return build_state(Scenario().with_values(**values), seed)


def network_of_the_table(state):
    folder = state.scenario.population.data_folder
    return load_tables(folder).tail_value("network_hashrate_2025_11")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_hash_of_the_first_day_is_the_networks(seed):
    state = start(seed)
    total = state.scratch["running_hash"].sum() + state.rest_of_world.realised_hash
    assert total == pytest.approx(network_of_the_table(state))


def test_more_hash_here_leaves_less_elsewhere():
    usual, busy = start(), start(**{"power.energy_scale": 0.0})
    more = busy.scratch["running_hash"].sum() - usual.scratch["running_hash"].sum()
    less = usual.rest_of_world.realised_hash - busy.rest_of_world.realised_hash
    assert more > 1.0
    assert less == pytest.approx(more)


def test_the_same_seed_is_the_same_industry_and_another_one_is_not():
    first, again, other = start(3), start(3), start(4)
    for name in ("power_cost", "hash", "convertible"):
        assert (getattr(first.sites, name) == getattr(again.sites, name)).all()
    assert first.sites.hash.shape != other.sites.hash.shape or (first.sites.hash != other.sites.hash).any()


def test_every_megawatt_of_the_first_day_has_one_use():
    state = start()
    total = sum(getattr(state.sites, use) for use in USES)
    assert total == pytest.approx(state.sites.secured_mw)


def test_nothing_has_happened_on_the_first_day():
    state = start()
    assert state.month == 0
    assert state.orders.sum() == 0.0
    assert not state.ledger.flows
    assert (state.firms.exit_month == NEVER).all()


def test_who_has_no_mix_follows_the_one_strategy():
    state = start(**{"choice.strategy": "npv"})
    assert [strategy.name for strategy in state.strategies] == ["npv"]
    assert (state.firms.strategy == 0).all()


def test_a_mix_is_spread_over_firms_by_its_shares():
    mix = {"npv": 1.0, "mine_only": 3.0}
    total = sum(mix.values())
    mix = {name: share / total for name, share in mix.items()}
    state = start(**{"choice.mix": mix})
    names = [strategy.name for strategy in state.strategies]
    assert names == sorted(mix)
    share = np.bincount(state.firms.strategy, minlength=2) / len(state.firms)
    assert dict(zip(names, share, strict=True)) == pytest.approx(mix, abs=0.1)


def test_a_firms_strategy_belongs_to_it_and_not_to_its_row():
    state = start(**{"choice.mix": {"npv": 0.5, "mine_only": 0.5}})
    slots = state.firms.slot
    backwards = draw_strategies(state, slots[::-1])
    assert (backwards[::-1] == state.firms.strategy).all()
    assert len(set(backwards)) == 2


def test_a_strategy_without_a_share_has_no_followers():
    state = start(**{"choice.mix": {"npv": 0.0, "mine_only": 1.0}})
    names = np.array([strategy.name for strategy in state.strategies])
    assert set(names[state.firms.strategy]) == {"mine_only"}


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"choice.strategy": "real_optoin"}, "choice.strategy"),
        ({"choice.mix": {"real_optoin": 1.0}}, "choice.mix"),
    ],
)
def test_an_unknown_strategy_is_an_error_that_names_the_nearest(values, where):
    with pytest.raises(ScenarioError, match=rf"{where}.*real_optoin.*did you mean 'real_option'"):
        start(**values)


def test_a_strategy_unlike_any_is_an_error_that_lists_those_there_are():
    with pytest.raises(ScenarioError, match=r"no strategy 'xyzzy' \(registered: .*logit.*npv"):
        start(**{"choice.strategy": "xyzzy"})


def test_the_going_rents_of_the_first_day_have_the_published_means():
    state = start()
    leases = state.scenario.leases
    mean = state.expected_rent[1:] * average_over_first(state.terms)
    assert mean == pytest.approx([leases.shell_rent, leases.colocation_rent, leases.cloud_rent])
    assert state.expected_rent[Product.MINE] == 0.0


def test_nobody_watches_unless_somebody_imitates():
    assert start().watching is None
    assert start(**{"choice.imitation": 1.0}).watching is not None
    assert start(**{"choice.mix": {"imitator": 0.5, "npv": 0.5}}).watching is not None


def test_the_rate_of_signing_is_that_of_the_year_before():
    state = start()
    recent = state.leases.signed >= -12
    signed = state.leases.gross_mw[recent].sum()
    offered = state.scratch["blocks"].mw.sum()
    assert 0.0 < state.signing_rate < 1.0
    assert state.signing_rate == pytest.approx(signed / (signed + offered))


def test_firms_are_valued_before_the_first_month():
    firms = start().firms
    miners = firms.kind <= Kind.PRIVATE
    assert (firms.enterprise_value[miners] > 0.0).mean() > 0.9


def test_an_order_book_has_a_row_a_month_and_at_least_one():
    assert len(start(**{"bitcoin.order_lead_months": 7}).orders) == 7
    assert len(start(**{"bitcoin.order_lead_months": 0}).orders) == 1


def test_leases_of_the_first_day_are_alive_and_their_landlords_hold_the_sites():
    state = start()
    leases = state.leases
    assert (leases.status <= LeaseStatus.DELIVERING).all()
    assert (leases.landlord == state.sites.owner[leases.site]).all()
