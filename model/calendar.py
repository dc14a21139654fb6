"""Dates as ticks: months counted from the start of a run."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Calendar:
    """Months since the start of a run; a tick is a mean month of 365.25/12 days."""

    start: str
    """First month of the run, such as 2025-11."""

    def month(self, text: str) -> int:
        """Return the tick of a month such as 2026-04; negative before the start."""
        return _count(text) - _count(self.start)

    def first_day(self) -> datetime.date:
        """Return the day the run starts."""
        return datetime.date.fromisoformat(f"{self.start}-01")


def _count(text: str) -> int:
    year, month = text.split("-")[:2]
    return 12 * int(year) + int(month) - 1
