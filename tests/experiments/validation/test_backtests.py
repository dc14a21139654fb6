"""World mining through the record, and the rules it is held to."""

import math

import numpy as np
import pytest

from experiments.validation.backtests import backtests, replay_epochs
from experiments.validation.checks import MISS, OPEN, PASS, Check, table
from experiments.validation.history import BAN, RECENT, WHOLE, forecasts, log_error, record, replay, rms


def test_a_figure_passes_inside_its_bounds_and_misses_outside():
    assert Check("part", "name", 1.0, 1.0, 2.0).verdict == PASS
    assert Check("part", "name", 2.1, 1.0, 2.0).verdict == MISS
    assert Check("part", "name", math.nan, 1.0, 2.0).verdict == OPEN


def test_a_tracked_sector_leaves_the_record_only_when_it_goes_on_alone():
    path = replay(BAN)
    tracked = log_error(path.loc[: BAN.tracked])[1:]
    assert np.abs(tracked).max() < 0.15
    assert (path["model_hash_eh_s"] > 0.0).all()


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


def test_every_backtest_has_a_number_a_rule_and_a_place_to_look():
    found = backtests(quick=True)
    listed = table(found.checks)
    assert listed["value"].notna().all()
    assert np.isfinite(listed[["target_low", "target_high"]]).any(axis=1).all()
    assert (listed["look_at"] != "").all()
    missed = listed.loc[listed["verdict"] == MISS]
    assert (missed["cause_or_note"] != "").all() or missed.empty
    own = found.scores.to_numpy()[1:].diagonal()
    assert (own <= found.scores.loc["shipped"].to_numpy() + 1e-9).all()
