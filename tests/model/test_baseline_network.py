"""The Bitcoin network on the first day."""

from itertools import pairwise

import pytest

from model.baseline_network import hashprice_at, network_start
from model.baseline_tables import BaselineError, load_tables
from model.calendar import Calendar


def start(month: str):
    return network_start(load_tables(), Calendar(month))


def test_november_2025_begins_three_days_into_epoch_457():
    network = start("2025-11")
    assert network.difficulty == 155973032196072
    assert network.epoch_seconds == 3 * 86400
    assert network.height == 921312 + 2016 * 3 // 14


def test_height_grows_from_month_to_month_through_the_whole_table():
    months = [f"{year}-{month:02d}" for year in range(2017, 2026) for month in range(1, 13)][1:]
    heights = [start(month).height for month in months]
    assert all(later > earlier for earlier, later in pairwise(heights))


def test_the_last_epoch_counts_as_on_schedule():
    network = start("2025-12")
    assert network.height == 925344 + 5 * 144
    assert network.difficulty == 149301205959700


@pytest.mark.parametrize("month", ["2017-01", "2026-01", "1999-01"])
def test_a_start_outside_the_record_is_refused_with_its_range(month: str):
    with pytest.raises(
        BaselineError, match=rf"no epoch of {month}-01.*2017-01-10 to two weeks after 2025-11-26"
    ):
        start(month)


def test_hashprice_knows_the_subsidy_of_its_height_and_the_fees():
    now, before = start("2025-11"), start("2024-02")
    assert hashprice_at(now, 90000.0, 0.5) == pytest.approx(2 * hashprice_at(now, 90000.0, 0.0))
    scaled = hashprice_at(before, 90000.0, 0.0) * before.difficulty
    assert scaled == pytest.approx(2 * hashprice_at(now, 90000.0, 0.0) * now.difficulty)
