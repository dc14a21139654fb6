"""What the start must add up to."""

import math

import pytest

from model.baseline import build_baseline
from model.identities import Identity, identities
from model.scenario import Scenario
from model.streams import Streams


@pytest.fixture(scope="module")
def baseline():
    return build_baseline(Scenario(), Streams(0))


@pytest.mark.parametrize("seed", range(5))
def test_every_identity_holds_in_the_reference_world(seed: int):
    wrong = [each for each in identities(build_baseline(Scenario(), Streams(seed))) if not each.ok]
    assert wrong == []


def test_the_numbers_of_the_model_are_among_them(baseline):
    found = {each.name: each for each in identities(baseline)}
    for name, value in {
        "US data-center demand 2025-28": 65,
        "near-term grid access": 15,
        "data centers under construction": 6,
        "power gap (the article rounds it to 45)": 44,
        "network hashrate": 1076.8,
        "nameplate hashrate of listed miners": 437.5,
        "energised at US sites of 100 MW and more": 6300,
        "average US mining load": 7800,
        "US pipeline, options left out": 11100,
    }.items():
        assert found[name].value == pytest.approx(value)
        assert found[name].target == pytest.approx(value)


def test_every_ticker_has_its_megawatts_and_hash(baseline):
    names = {each.name for each in identities(baseline)}
    for row in baseline.tables.miners:
        assert {f"{row.ticker} megawatts", f"{row.ticker} hashrate"} <= names


def test_a_figure_that_is_off_is_not_ok():
    assert Identity("x", 10.0, 10.4, 0.5, "MW").ok
    assert not Identity("x", 10.0, 10.6, 0.5, "MW").ok
    assert not Identity("x", math.nan, 10.0, 0.5, "MW").ok
    assert Identity("x", 10.0, math.nan, math.nan, "MW").ok


def test_a_changed_state_is_noticed():
    changed = build_baseline(Scenario(), Streams(0))
    changed.sites.mining_mw[0] += 5.0
    changed.firms.cash[0] += 1.0
    changed.sites.hash[0, 5] *= 2.0
    wrong = {each.name for each in identities(changed) if not each.ok}
    assert {
        "megawatts by use less megawatts",
        "assets less claims on them",
        "nameplate hashrate of listed miners",
        "IREN hashrate",
        "network hashrate",
    } <= wrong


def test_a_world_without_private_miners_lacks_their_megawatts():
    empty = build_baseline(Scenario().with_values(**{"population.private_firms": 0}), Streams(0))
    wrong = {each.name for each in identities(empty) if not each.ok}
    assert "average US mining load" in wrong
    assert "network hashrate" not in wrong
