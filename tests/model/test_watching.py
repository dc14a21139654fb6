"""Who watches whom, and what imitation does to a crowd."""

import pickle

import numpy as np
import pytest

from agents.strategies.base import Blocks, find_strategy
from agents.tables import Kind, Product, Status
from model.scenario import Scenario
from model.setup import build_state
from model.tick import run_month
from model.watching import Watching, last_moves

NETWORKS = ("region", "lender", "complete", "watts_strogatz", "barabasi_albert")


def watched_industry(network, seed=0, moves=40):
    """Return an industry in which some sites have signed at random dates."""
    state = build_state(Scenario().with_values(**{"choice.network": network}), seed)
    random = np.random.default_rng(1)
    rows = random.choice(len(state.sites), moves, replace=False)
    state.sites.last_choice[rows] = random.integers(1, 4, moves)
    state.sites.last_move[rows] = random.integers(0, 12, moves)
    return state


def miners(state):
    held = np.bincount(state.sites.owner + 1, state.sites.secured_mw, minlength=len(state.firms) + 1)[1:]
    return (state.firms.kind <= Kind.PRIVATE) & (state.firms.status < Status.ACQUIRED) & (held > 0.0)


@pytest.mark.parametrize("network", NETWORKS)
def test_shares_are_those_of_each_firms_neighbours(network):
    state = watched_industry(network)
    watching = Watching.build(state)
    weights = np.zeros((len(state.firms), len(state.firms)))
    for watcher, watched in watching.edges(state):
        weights[watcher, watched] = 1.0
    if network == "region":
        regions = [
            set(state.sites.region[(state.sites.owner == firm) & state.sites.us].tolist())
            for firm in range(len(state.firms))
        ]
        for one, other in np.argwhere(weights > 0.0):
            weights[one, other] = len(regions[one] & regions[other])
    done = weights @ last_moves(state)
    seen = weights.sum(axis=1, keepdims=True)
    expected = np.divide(done, seen, out=np.zeros_like(done), where=seen > 0.0)
    np.testing.assert_allclose(watching.shares(state), expected, atol=1e-12)


@pytest.mark.parametrize("network", NETWORKS)
def test_shares_add_up_to_one_for_who_watches_somebody(network):
    state = watched_industry(network)
    total = Watching.build(state).shares(state).sum(axis=1)
    assert np.logical_or(np.isclose(total, 1.0), total == 0.0).all()
    assert (total[~miners(state)] == 0.0).all()
    assert total.sum() > 0.0


@pytest.mark.parametrize("network", NETWORKS)
def test_watching_goes_both_ways_and_nobody_watches_itself_or_the_dead(network):
    state = watched_industry(network)
    state.firms.status[3] = Status.LIQUIDATED
    pairs = Watching.build(state).edges(state)
    assert pairs.dtype.kind == "i"
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert {tuple(pair) for pair in pairs} == {tuple(pair) for pair in pairs[:, ::-1]}
    assert not (pairs == 3).any()


def test_in_the_complete_network_everybody_watches_everybody_else():
    state = watched_industry("complete")
    count = int(miners(state).sum())
    assert len(Watching.build(state).edges(state)) == count * (count - 1)


@pytest.mark.parametrize("network", ["watts_strogatz", "barabasi_albert"])
def test_generated_networks_have_about_the_degree_asked_for(network):
    state = watched_industry(network)
    mean = len(Watching.build(state).edges(state)) / miners(state).sum()
    assert mean == pytest.approx(state.scenario.choice.network_degree, rel=0.05)


@pytest.mark.parametrize("network", ["watts_strogatz", "barabasi_albert"])
def test_generated_networks_belong_to_the_seed(network):
    def drawn(seed):
        state = watched_industry(network, seed)
        return Watching.build(state).edges(state).tolist()

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


@pytest.mark.parametrize("network", NETWORKS)
def test_newcomers_watch_and_are_watched(network):
    state = watched_industry(network)
    watching = Watching.build(state)
    old = len(state.firms)
    row = state.firms.add(1, {"slot": 77, "kind": Kind.PRIVATE, "corporate_debt": 1.0, "coupon": 0.12})
    owed = state.firms.corporate_debt > 0.0
    state.firms.maturity[owed] = 60
    state.sites.add(1, {"slot": 78, "owner": row, "secured_mw": 5.0, "us": True, "region": 0})
    shares = watching.shares(state)
    assert shares.shape == (old + 1, 4)
    assert shares[old].sum() == pytest.approx(1.0)
    pairs = watching.edges(state)
    assert (pairs[:, 0] == old).sum() == (pairs[:, 1] == old).sum() > 0


@pytest.mark.parametrize("network", ["region", "complete"])
def test_a_firm_without_megawatts_changes_nothing(network):
    state = watched_industry(network)
    before = Watching.build(state).shares(state)
    state.firms.add(1, {"slot": 99, "kind": Kind.PRIVATE})
    after = Watching.build(state).shares(state)
    np.testing.assert_array_equal(after[:-1], before)
    assert not after[-1].any()


def test_the_last_move_counts_and_who_never_moved_mines():
    state = build_state(Scenario(), 0)
    state.sites.last_choice[:] = Product.MINE
    first, second = np.flatnonzero(state.sites.owner == 0)[:2]
    state.sites.last_choice[first], state.sites.last_move[first] = Product.SHELL, 5
    np.testing.assert_array_equal(last_moves(state)[0], [0, 1, 0, 0])
    np.testing.assert_array_equal(last_moves(state)[1], [1, 0, 0, 0])
    state.sites.last_choice[second], state.sites.last_move[second] = Product.CLOUD, 6
    np.testing.assert_array_equal(last_moves(state)[0], [0, 0, 0, 1])
    state.sites.last_move[first] = 6
    np.testing.assert_array_equal(last_moves(state)[0], [0, 0.5, 0, 0.5])


def test_networks_survive_pickling():
    state = watched_industry("watts_strogatz")
    watching = Watching.build(state)
    again = pickle.loads(pickle.dumps(watching))
    np.testing.assert_array_equal(again.shares(state), watching.shares(state))


@pytest.mark.parametrize("network", NETWORKS)
def test_an_imitating_industry_runs(network):
    values = {"choice.network": network, "choice.imitation": 1.0, "consolidation.entry_rate": 5.0}
    state = build_state(Scenario().with_values(**values), 0, keep="series")
    for _ in range(8):
        run_month(state)
    assert np.isfinite(state.firms.equity_value).all()


def crowd_after(strength, uses, start, rounds=4000):
    """Return the shares of equal uses in an endless crowd that watches all of itself every month."""
    strategy = find_strategy("logit")
    feasible = np.arange(4)[None, :] < uses
    shares = np.zeros((1, 4))
    shares[0, :uses] = start
    for _ in range(rounds):
        blocks = Blocks(np.zeros((1, 4)), feasible, np.ones(1), shares, 0.0, 1.0, strength, 1.0)
        shares = strategy.probabilities(blocks)
    return shares[0, :uses]


def test_a_crowd_with_two_equal_uses_tips_when_imitation_passes_two():
    nearly_even = [0.51, 0.49]
    np.testing.assert_allclose(crowd_after(1.9, 2, nearly_even), 0.5, atol=1e-3)
    assert crowd_after(2.1, 2, nearly_even).max() > 0.65


def test_a_crowd_with_three_equal_uses_tips_at_four_times_the_log_of_two():
    """At 2.77 order and disorder are as likely (mean-field Potts model); order can last from 2.75 on."""
    led = [0.9, 0.05, 0.05]
    np.testing.assert_allclose(crowd_after(2.70, 3, led), 1.0 / 3.0, atol=1e-3)
    assert crowd_after(4.0 * np.log(2.0), 3, led)[0] == pytest.approx(2.0 / 3.0, abs=1e-3)
    np.testing.assert_allclose(crowd_after(4.0 * np.log(2.0), 3, [0.35, 0.33, 0.32]), 1.0 / 3.0, atol=1e-3)
    assert crowd_after(3.1, 3, [0.35, 0.33, 0.32]).max() > 0.7
