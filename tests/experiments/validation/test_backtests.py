"""World mining through the record, and the rules it is held to."""

import math

import numpy as np
import pytest

from experiments.validation.backtests import EVENTS, backtests, replay_epochs
from experiments.validation.checks import MISS, OPEN, PASS, Check, table
from experiments.validation.history import RECENT, WHOLE, forecasts, log_error, record, replay, rms
from experiments.validation.stated import stated


@pytest.fixture(scope="module")
def quick():
    """Return the backtests with few evaluations of each fit."""
    return backtests(quick=True)


def test_a_figure_passes_inside_its_bounds_and_misses_outside():
    assert Check("part", "name", 1.0, 1.0, 2.0).verdict == PASS
    assert Check("part", "name", 2.1, 1.0, 2.0).verdict == MISS
    assert Check("part", "name", math.nan, 1.0, 2.0).verdict == OPEN


@pytest.mark.parametrize("window", EVENTS, ids=lambda window: window.name)
def test_a_tracked_sector_has_the_hash_of_the_record_and_leaves_it_when_it_goes_on_alone(window):
    off = log_error(replay(window))
    tracked = int((record(window.start, window.end).index.astype(str) <= window.tracked).sum())
    assert off[:tracked] == pytest.approx(0.0, abs=1e-12)
    # What happens in the first month alone is the sector's, not a jump back to a path of its own.
    assert 1e-4 < abs(off[tracked]) < 0.15


def test_where_the_record_itself_is_outside_a_target_the_miss_says_so(quick):
    found = {check.name: check for check in quick.checks}
    check = found["ban of 2021: trough over the level before"]
    assert not check.low <= check.observed <= check.high
    assert check.cause.startswith("on monthly means the record is outside too")
    assert "outside too" not in found["bear of 2021-22: rise of hash while the price fell"].cause


def test_figures_of_the_specification_that_the_tables_do_not_give_are_named():
    wrong = {check.name: check.value for check in stated() if check.verdict == MISS}
    assert wrong == {
        "bear of 2021-22: capitulation at its end, epochs": pytest.approx(-0.077, abs=5e-4),
        "halving of 2020: deepest fall, means of 30 days": pytest.approx(-0.087, abs=5e-4),
    }
    assert len(stated()) > 10


def test_hash_follows_the_record_of_three_years_from_the_price_alone():
    assert rms(log_error(replay(RECENT))) < 0.15


def test_forecasts_a_month_and_a_year_ahead_beat_the_better_of_two_simple_rules():
    for ahead in (1, 12):
        _, errors = forecasts(WHOLE, ahead)
        found = {rule: rms(error) for rule, error in errors.items()}
        assert found.pop("model") < min(found.values())


def test_difficulties_replay_every_retarget_since_2017():
    epochs = replay_epochs()
    assert epochs["replayed_difficulty"].to_numpy() == pytest.approx(
        epochs["difficulty"].to_numpy(), rel=1e-6
    )
    assert epochs["days_off"].abs().max() < 1.5


def test_the_record_is_complete():
    assert len(record()) == 107
    assert record().notna().all(axis=None)


def test_every_backtest_has_a_number_a_rule_and_a_place_to_look(quick):
    listed = table(quick.checks)
    assert listed["value"].notna().all()
    assert np.isfinite(listed[["target_low", "target_high"]]).any(axis=1).all()
    assert (listed["look_at"] != "").all()
    missed = listed.loc[listed["verdict"] == MISS]
    assert (missed["cause_or_note"] != "").all() or missed.empty
    own = quick.scores.to_numpy()[1:].diagonal()
    assert (own <= quick.scores.loc["shipped"].to_numpy() + 1e-9).all()
