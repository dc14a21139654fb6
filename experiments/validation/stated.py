"""The figures MODEL 8 states about the record, measured in the tables that are shipped.

A miss is a figure the tables do not bear out; its value is the right one. Hash of an epoch is what the next
difficulty implies; means of 30 days are taken of the days of epochs.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

import numpy as np

from agents.economics.mining import hashprice, implied_hashrate
from experiments.validation.checks import Check
from experiments.validation.history import TABLES, record

PART = "stated figures"
LOOK = "difficulty_epochs.csv"
DAYS = 30
MONTH = 365.25 / 12
HALF_DIGIT = 0.005
"""Half a percentage point, the digit that shares are stated with."""


class Daily(NamedTuple):
    """Hash day by day, EH/s: the mean of the epoch a day belongs to, and of the 30 days from a day on."""

    first: datetime.date
    epoch: np.ndarray
    thirty: np.ndarray

    def day(self, date: str) -> int:
        """Return the place of a date."""
        return (datetime.date.fromisoformat(date) - self.first).days


def daily() -> Daily:
    """Return the record of hash by day."""
    rows = TABLES.difficulty_epochs
    first = rows[0].start_date
    starts = [(row.start_date - first).days for row in rows]
    hash_eh_s = np.repeat([implied_hashrate(row.difficulty) for row in rows[1:]], np.diff(starts))
    return Daily(first, hash_eh_s, np.convolve(hash_eh_s, np.ones(DAYS) / DAYS, "valid"))


def stated() -> list[Check]:
    """Return every figure of MODEL 8 about the record, beside what the tables give."""
    seen = daily()
    return [*_ban(seen), *_bear(seen), *_halvings(seen), *_hashprice()]


def _ban(seen: Daily) -> list[Check]:
    spring = seen.epoch[seen.day("2021-04-01") : seen.day("2021-06-01")]
    summer, at = seen.day("2021-06-01"), seen.day("2021-06-01")
    low = seen.epoch[summer : seen.day("2021-09-01")].min()
    trough = np.flatnonzero(seen.epoch[summer:] == low) + summer
    back = np.flatnonzero(seen.epoch[at:] >= spring.max()) + at
    again = back[seen.epoch[back] == seen.epoch[back[0]]]
    days = again.mean() - trough.mean()
    return [
        Check(PART, "ban of 2021: highest epoch before", float(spring.max()), 178.5, 179.5, "EH/s",
              look=LOOK),
        Check(PART, "ban of 2021: lowest epoch after", float(low), 97.5, 98.5, "EH/s", look=LOOK),
        Check(PART, "ban of 2021: hash removed, epochs", 1.0 - low / spring.max(), 0.45 - HALF_DIGIT, 0.53,
              "share", 1.0 - _month("2021-07") / _month("2021-05"), look=LOOK),
        Check(PART, "ban of 2021: middle of the lowest epoch to that of the first at the old level", days,
              160.0, 188.5, "days", look=LOOK),
    ]  # fmt: skip


def _bear(seen: Daily) -> list[Check]:
    start = seen.epoch[seen.day("2021-11-15")]
    autumn = seen.epoch[seen.day("2022-09-01") : seen.day("2022-12-01")]
    winter = seen.epoch[seen.day("2022-12-01") : seen.day("2023-02-01")]
    fall = winter.min() / autumn.max() - 1.0
    return [
        Check(PART, "bear of 2021-22: rise of hash from mid-November 2021, epochs",
              autumn.max() / start - 1.0, 0.62, 0.71, "share", look=LOOK),
        Check(PART, "bear of 2021-22: capitulation at its end, epochs", float(fall), -0.19 - HALF_DIGIT,
              -0.19 + HALF_DIGIT, "share", _month("2022-12") / _month("2022-10") - 1.0, look=LOOK,
              cause="19% is in no mean of the tables: it needs hash by the day, and a winter storm is in it"),
    ]  # fmt: skip


def _halvings(seen: Daily) -> list[Check]:
    new, old = "2024-04-20", "2020-05-11"
    at = seen.day(new)
    back = np.flatnonzero(seen.epoch[at + DAYS :] >= seen.epoch[at - DAYS : at].max())[0] + DAYS
    return [
        Check(PART, "halving of 2024: deepest fall, epochs", _fall(seen.epoch, at), -0.16, -0.08, "share",
              _month("2024-06") / _month("2024-04") - 1.0, look=LOOK,
              cause=f"on means of 30 days {_fall(seen.thirty, at, DAYS):.1%}"),
        Check(PART, "halving of 2024: months until the first epoch at the old level ends",
              (back + 13.0) / MONTH, 3.0, 4.0, "months", look=LOOK),
        Check(PART, "halving of 2020: deepest fall, means of 30 days",
              _fall(seen.thirty, seen.day(old), DAYS), -0.13 - HALF_DIGIT, -0.13 + HALF_DIGIT, "share",
              _month("2020-05") / _month("2020-04") - 1.0, look=LOOK,
              cause=f"on epochs {_fall(seen.epoch, seen.day(old)):.1%}"),
    ]  # fmt: skip


def _fall(hash_eh_s: np.ndarray, at: int, width: int = 0) -> float:
    """Return the deepest fall within three months after a day from the highest of the month before it."""
    before, after = hash_eh_s[at - width - DAYS : at - width + 1], hash_eh_s[at : at + 3 * DAYS]
    return float(after.min() / before.max() - 1.0)


def _hashprice() -> list[Check]:
    at = {row.start_height: row.difficulty for row in TABLES.difficulty_epochs}
    april = next(row for row in TABLES.network_history if row.month == "2024-04")
    before = hashprice(april.btc_price_avg_usd, 6.25, 0.0, at[838656])
    after = hashprice(april.btc_price_end_usd, 3.125, 0.0, at[840672])
    return [
        Check(PART, "halving of 2024: hashprice just before, fees aside", before, 94 * 0.95, 94 * 1.05,
              "USD/PH/day", look=f"{LOOK}, height 838656", cause="at the month's mean price; within 5%"),
        Check(PART, "halving of 2024: hashprice ten days after, fees aside", after, 44 * 0.95, 44 * 1.05,
              "USD/PH/day", look=f"{LOOK}, height 840672", cause="at the month-end price; within 5%"),
    ]  # fmt: skip


def _month(month: str) -> float:
    """Return the mean hash of a month of the record, EH/s."""
    return float(record(month, month)["hash_eh_s"].iloc[0])
