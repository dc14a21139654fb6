import math
import pickle

import numpy as np
import pytest

from model.baseline_tables import load_tables
from model.bitcoin_price import PriceProcess
from model.scenario import Scenario
from model.streams import Streams

MONTHS = 86


def process(seed=1, **values):
    scenario = Scenario().with_values(**{f"bitcoin.{name}": value for name, value in values.items()})
    return PriceProcess(scenario, Streams(seed))


def path(seed=1, months=MONTHS, **values):
    one = process(seed, **values)
    return np.array([one.price(month) for month in range(months)])


def returns(seeds, months=MONTHS, **values):
    return np.array([np.diff(np.log(path(seed, months, **values))) for seed in range(seeds)])


RANDOM = ("gbm", "regime", "bootstrap", "jump")


@pytest.mark.parametrize("kind", ["constant", *RANDOM])
def test_the_first_month_has_the_starting_price(kind):
    assert process(price_process=kind, price_start=50_000.0).price(0) == 50_000.0


def test_a_constant_price_never_moves():
    assert (path(price_process="constant") == 93_000.0).all()


def test_gbm_without_volatility_grows_at_its_drift():
    prices = path(price_process="gbm", volatility=0.0, log_drift=0.12, months=25)
    np.testing.assert_allclose(prices[24], 93_000 * math.exp(0.24))


def test_the_logarithm_of_gbm_has_the_declared_mean_and_variance():
    drawn = returns(60, price_process="gbm", log_drift=0.3, volatility=0.5)
    assert drawn.mean() * 12 == pytest.approx(0.3, abs=0.06)
    assert drawn.std() * math.sqrt(12) == pytest.approx(0.5, rel=0.03)
    assert abs(np.corrcoef(drawn[:, 1:].ravel(), drawn[:, :-1].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("kind", RANDOM)
def test_a_path_depends_on_the_seed_and_on_nothing_else(kind):
    assert (path(3, price_process=kind) == path(3, price_process=kind)).all()
    assert (path(3, price_process=kind)[1:] != path(4, price_process=kind)[1:]).all()


@pytest.mark.parametrize("kind", RANDOM)
def test_months_may_be_asked_for_in_any_order(kind):
    late = process(5, price_process=kind)
    last = late.price(MONTHS - 1)
    assert late.price(7) == path(5, price_process=kind)[7]
    assert last == path(5, price_process=kind)[-1]


@pytest.mark.parametrize("kind", RANDOM)
def test_a_process_can_be_pickled_halfway(kind):
    one = process(5, price_process=kind)
    one.price(10)
    assert pickle.loads(pickle.dumps(one)).price(40) == one.price(40)


@pytest.mark.parametrize("kind", RANDOM)
def test_a_higher_starting_price_scales_the_whole_path(kind):
    base, double = path(price_process=kind), path(price_process=kind, price_start=186_000.0)
    np.testing.assert_allclose(double, 2.0 * base)


def test_other_drift_or_volatility_meets_the_same_shocks():
    base, drifted = path(volatility=0.5), path(volatility=0.5, log_drift=0.2)
    np.testing.assert_allclose(np.diff(np.log(drifted)) - np.diff(np.log(base)), 0.2 / 12)
    wild = path(volatility=1.0)
    np.testing.assert_allclose(np.diff(np.log(wild)), 2.0 * np.diff(np.log(base)), atol=1e-12)


def test_a_regime_without_differences_is_gbm():
    flat = path(price_process="regime", bull_drift=0.1, bear_drift=0.0999999, regime_volatility=0.5)
    np.testing.assert_allclose(flat, path(price_process="gbm", log_drift=0.1, volatility=0.5), rtol=1e-5)


def test_bull_months_have_the_share_and_length_declared():
    drawn = returns(80, price_process="regime", regime_volatility=0.0)
    bull = drawn > 0.0
    assert bull.mean() == pytest.approx(34 / 45, abs=0.06)
    assert bull[:, 0].mean() == pytest.approx(34 / 45, abs=0.15)
    leaves = (bull[:, :-1] & ~bull[:, 1:]).sum() / bull[:, :-1].sum()
    assert leaves == pytest.approx(1 / 34, rel=0.3)
    np.testing.assert_allclose(np.unique(drawn.round(9)), [-1.3 / 12, 0.8 / 12], atol=1e-8)


def test_a_bootstrap_is_made_of_blocks_of_history_without_its_trend():
    ends = [row.btc_price_end_usd for row in load_tables().network_history]
    history = np.diff(np.log(ends))
    history -= history.mean()
    drawn = np.diff(np.log(path(price_process="bootstrap", bootstrap_block=6, months=25)))
    twice = np.concatenate([history, history])
    for block in drawn.reshape(4, 6):
        assert any(np.allclose(block, twice[first : first + 6]) for first in range(len(history)))


def test_a_bootstrap_has_the_volatility_of_history_and_the_declared_drift():
    drawn = returns(80, price_process="bootstrap", log_drift=0.2)
    assert drawn.mean() * 12 == pytest.approx(0.2, abs=0.1)
    assert drawn.std() * math.sqrt(12) == pytest.approx(0.71, abs=0.06)


def test_a_jump_leaves_all_other_months_as_gbm_has_them():
    plain, jumped = path(), path(price_process="jump", jump_month=24, jump_factor=0.5)
    np.testing.assert_allclose(jumped[:24], plain[:24])
    np.testing.assert_allclose(jumped[24:], 0.5 * plain[24:])
    assert path(price_process="jump", jump_month=0, jump_factor=0.5)[0] == 46_500.0


def test_a_given_path_is_followed_and_its_end_kept(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("month,btc_price_usd\n2025-11,100\n2025-12,90\n2026-01,120\n")
    scenario = Scenario().with_values(
        **{"bitcoin.price_process": "path", "bitcoin.price_path": str(file), "horizon.months": 3}
    )
    one = PriceProcess(scenario, Streams(0))
    assert [one.price(month) for month in range(5)] == [100, 90, 120, 120, 120]
