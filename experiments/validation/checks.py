"""What every part of the validation returns: a number, what it was held to, and why it misses if it does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

PASS, MISS, OPEN = "pass", "MISS", "n/a"
INFINITY = math.inf
OURS = "ours, written before the first run"


class Check(NamedTuple):
    """One figure held to a rule that was written before the figure was known.

    Attributes:
        part: Which part of the validation it belongs to.
        name: What is claimed.
        value: What the model gives.
        low: Least value that passes.
        high: Greatest value that passes.
        unit: Of the three.
        observed: The same measure in the record, where there is one.
        interval: Of the value, over replications.
        source: Where the rule comes from.
        look: The run or month to look at.
        cause: Likely cause of a miss, or what else a reader should know.
        forced: A verdict found otherwise than by the value, such as by its interval.
    """

    part: str
    name: str
    value: float
    low: float = -INFINITY
    high: float = INFINITY
    unit: str = "-"
    observed: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    source: str = "MODEL 8"
    look: str = ""
    cause: str = ""
    forced: str = ""

    @property
    def verdict(self) -> str:
        """Return pass or miss; a value that does not exist is neither."""
        if self.forced:
            return self.forced
        if math.isnan(self.value):
            return OPEN
        return PASS if self.low <= self.value <= self.high else MISS


def table(checks: Iterable[Check]) -> pd.DataFrame:
    """Return checks as a table, one row each, in the order given."""
    rows = [
        {
            "part": check.part,
            "check": check.name,
            "value": check.value,
            "interval_low": check.interval[0],
            "interval_high": check.interval[1],
            "target_low": check.low,
            "target_high": check.high,
            "unit": check.unit,
            "record": check.observed,
            "verdict": check.verdict,
            "source": check.source,
            "look_at": check.look,
            "cause_or_note": check.cause,
        }
        for check in checks
    ]
    return pd.DataFrame(rows)
