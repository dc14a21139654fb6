"""Dates as ticks."""

import datetime

from model.calendar import Calendar


def test_months_count_from_the_start():
    calendar = Calendar("2025-11")
    assert [calendar.month(text) for text in ("2025-11", "2025-12", "2026-01", "2025-10", "2024-11")] == [
        0, 1, 2, -1, -12,
    ]  # fmt: skip
    assert calendar.month("2025-11-18") == 0
    assert calendar.first_day() == datetime.date(2025, 11, 1)
