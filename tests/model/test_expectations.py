from types import SimpleNamespace

import numpy as np
import pytest

from agents.columns import Table
from agents.tables import FIRM
from model.expectations import (
    expect,
    expect_first_day,
    expected_at_start,
    hashprice_record,
    remembered,
    update_expectations,
)
from model.scenario import Scenario


def bitcoin(rule, **values):
    return Scenario().with_values(**{"bitcoin.expectation": rule}, **values).bitcoin


def after(rule, months, hashprice=50.0, expected=40.0, decay=0.2):
    for _ in range(months):
        expected, decay = expect(bitcoin(rule), hashprice, expected, decay)
    return expected, decay


def test_the_naive_expect_what_they_see():
    assert after("naive", 1) == (50.0, 0.2)


def test_the_adaptive_go_part_of_the_way_and_arrive():
    assert after("adaptive", 1) == (42.5, 0.2)
    assert after("adaptive", 60)[0] == pytest.approx(50.0, rel=1e-6)


def test_followers_of_the_trend_learn_the_rate_of_decay():
    level, decay, hashprice = 40.0, 0.0, 40.0
    for _ in range(600):
        hashprice *= np.exp(-0.3 / 12)
        level, decay = expect(bitcoin("trend"), hashprice, level, decay)
    assert decay == pytest.approx(0.3, rel=1e-3)
    assert level > hashprice


@pytest.mark.parametrize("rule", ["naive", "adaptive", "trend"])
def test_rules_are_homogeneous_in_money(rule):
    level, decay = after(rule, 5)
    doubled, same = after(rule, 5, hashprice=100.0, expected=80.0)
    assert (doubled, same) == pytest.approx((2.0 * level, decay))


@pytest.mark.parametrize("rule", ["naive", "adaptive", "trend"])
def test_hashprice_may_fall_to_nothing(rule):
    level, decay = after(rule, 3, hashprice=0.0)
    assert np.isfinite([level, decay]).all()


@pytest.mark.parametrize("rule", ["naive", "adaptive", "trend"])
def test_all_firms_learn_as_one_would(rule):
    firms = Table(FIRM)
    firms.add(3, {"expected_hashprice": [30.0, 40.0, 50.0], "expected_decay": [0.1, 0.2, 0.3]})
    heard = []
    state = SimpleNamespace(
        scenario=Scenario().with_values(**{"bitcoin.expectation": rule}),
        firms=firms,
        hashprice=45.0,
        rest_of_world=SimpleNamespace(learn=heard.append),
    )
    one = expect(bitcoin(rule), 45.0, 40.0, 0.2)
    update_expectations(state)
    assert (firms.expected_hashprice[1], firms.expected_decay[1]) == one
    assert heard == [45.0]


def test_the_record_ends_in_the_month_before_the_start_and_scales_with_the_first_day():
    record = hashprice_record(Scenario(), 39.4 / (1 - 0.0065))
    assert record[-1] == pytest.approx(48.0 / (1 - 0.0065), rel=1e-3)
    np.testing.assert_allclose(
        hashprice_record(Scenario(), 100.0), 2.0 * np.array(hashprice_record(Scenario(), 50.0))
    )


def test_memory_of_a_steady_past_is_that_past():
    assert remembered([40.0] * 10, 0.25) == 40.0


def test_at_the_start_the_slow_remember_more_of_the_good_months_before():
    record = hashprice_record(Scenario(), 38.0)
    assert expected_at_start(bitcoin("naive"), record) == record[-1]
    assert expected_at_start(bitcoin("adaptive"), record) > record[-1]


def test_on_the_first_day_all_firms_expect_what_the_record_says():
    firms = Table(FIRM)
    firms.add(3)
    expect_first_day(SimpleNamespace(scenario=Scenario(), firms=firms, hashprice=38.0))
    assert firms.expected_hashprice == pytest.approx([50.7] * 3, abs=0.1)
    assert firms.expected_decay == pytest.approx([0.236] * 3)
