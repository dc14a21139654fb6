"""From evidence to verdicts: estimates with intervals, the rule applied, and what would turn it.

Intervals come from resampling independent draws (whole draws, so that pairs stay pairs). Sensitivity is read
off the spread study: how a statistic differs between the draws in the low and the high third of a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from experiments.claims.evidence import Evidence
from experiments.claims.rules import Claim, Estimate, Test, joined, judge, rules
from experiments.claims.statistics import STATISTICS, Statistic

RESAMPLES = 1000
RESAMPLES_A_THIRD = 300
SEED = 0
SHOWN = 3
"""Parameters whose thirds are reported."""
ENDS = ("low", "high")


@dataclass(frozen=True)
class Found:
    """What one test came to."""

    test: Test
    statistic: Statistic
    estimate: Estimate
    verdict: str
    rows: pd.DataFrame
    """A row a draw: what the statistic sums up."""
    over_spread: Estimate
    thirds: pd.DataFrame
    """Estimates in the low and the high third of every shared parameter, with the swing between them."""


@dataclass(frozen=True)
class Finding:
    """What one claim came to."""

    claim: Claim
    tests: tuple[Found, ...]
    verdict: str
    over_spread: str
    """The verdict over all shared uncertainties."""
    parameters: tuple[str, ...]
    """The most influential ones, by the swing of the deciding test."""
    flips: pd.DataFrame
    """The verdict at either end of those parameters."""

    @property
    def deciding(self) -> Found:
        """Return the test that decides the verdict."""
        return deciding(self.tests, self.verdict)


def findings(runs: Evidence, spread: Evidence) -> list[Finding]:
    """Return the verdict on every claim."""
    return [finding_of(claim, runs, spread) for claim in rules().claims]


def estimate(statistic: Statistic, rows: pd.DataFrame, resamples: int = RESAMPLES) -> Estimate:
    """Return a statistic with its interval; draws that lack a number are left out."""
    values = rows.dropna().to_numpy(dtype=float)
    count = len(values)
    if count < 2:
        return Estimate(math.nan, math.nan, math.nan, count)
    value, tail = statistic.combined(values), (1.0 - rules().confidence) / 2.0
    if statistic.counts:
        found = stats.binomtest(round(value * count), count).proportion_ci(rules().confidence, "wilson")
        return Estimate(value, float(found.low), float(found.high), count)
    generator = np.random.Generator(np.random.Philox(SEED))
    drawn = [statistic.combined(values[order]) for order in generator.integers(0, count, (resamples, count))]
    low, high = np.nanquantile(drawn, (tail, 1.0 - tail)) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), count)


def thirds(statistic: Statistic, rows: pd.DataFrame, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the estimates in the low and the high third of each parameter, the largest swing first.

    A swing counts by its size over its standard error, which is read off the two intervals.
    """
    inputs = inputs.reindex(rows.dropna().index)
    table = []
    for name in inputs:
        cuts = inputs[name].quantile([1 / 3, 2 / 3])
        ends = {"low": inputs[name] <= cuts.iloc[0], "high": inputs[name] >= cuts.iloc[1]}
        found = {
            end: estimate(statistic, rows.loc[ends[end][ends[end]].index], RESAMPLES_A_THIRD) for end in ENDS
        }
        row = {"parameter": name, "below": cuts.iloc[0], "above": cuts.iloc[1]}
        for end, figure in found.items():
            row |= {end: figure.value, f"{end}_from": figure.low, f"{end}_to": figure.high}
            row |= {f"{end}_draws": figure.draws}
        table.append(row | {"swing": found["high"].value - found["low"].value, "strength": _strength(found)})
    frame = pd.DataFrame(table)
    return frame.sort_values("strength", ascending=False, ignore_index=True) if len(frame) else frame


def deciding(tests: tuple[Found, ...], verdict: str) -> Found:
    """Return the test that decides: one of that verdict, the one nearest to the edge of its rule."""
    return min((found for found in tests if found.verdict == verdict), key=_margin)


def end_of(row: Mapping[str, Any], end: str) -> Estimate:
    """Return the estimate at one end of a parameter."""
    return Estimate(row[end], row[f"{end}_from"], row[f"{end}_to"], int(row[f"{end}_draws"]))


def finding_of(claim: Claim, runs: Evidence, spread: Evidence) -> Finding:
    """Return the verdict on one claim."""
    fewest = rules().fewest_draws
    tests = tuple(_found(test, runs, spread, fewest) for test in claim.tests)
    verdict = joined(found.verdict for found in tests)
    over = joined(judge(found.test, found.over_spread, fewest) for found in tests)
    decides = deciding(tests, verdict)
    leading = tuple(decides.thirds["parameter"].head(SHOWN)) if len(decides.thirds) else ()
    return Finding(claim, tests, verdict, over, leading, _flips(tests, leading, fewest))


def _found(test: Test, runs: Evidence, spread: Evidence, fewest: int) -> Found:
    statistic = STATISTICS[test.name]
    spread_rows = statistic.rows(spread)
    over = estimate(statistic, spread_rows)
    rows = spread_rows if test.evidence == "spread" else statistic.rows(runs)
    value = over if test.evidence == "spread" else estimate(statistic, rows)
    ends = thirds(statistic, spread_rows, spread.inputs)
    return Found(test, statistic, value, judge(test, value, fewest), rows, over, ends)


def _flips(tests: tuple[Found, ...], parameters: tuple[str, ...], fewest: int) -> pd.DataFrame:
    """Return the verdict of the whole claim in the low and the high third of each parameter."""
    rows = []
    for name in parameters:
        at = [_line(found.thirds, name) for found in tests]
        row: dict[str, object] = {"parameter": name, "below": at[0]["below"], "above": at[0]["above"]}
        for end in ENDS:
            row[end] = joined(
                judge(found.test, end_of(line, end), fewest) for found, line in zip(tests, at, strict=True)
            )
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(["parameter", "below", "above", *ENDS]))


def _line(table: pd.DataFrame, parameter: str) -> dict[Any, Any]:
    return next(row for row in table.to_dict("records") if row["parameter"] == parameter)


def _strength(found: dict[str, Estimate]) -> float:
    swing = abs(found["high"].value - found["low"].value)
    error = math.hypot(*(figure.high - figure.low for figure in found.values()))
    if math.isnan(swing) or math.isnan(error):
        return 0.0
    # Where neither end varies at all, any swing is beyond doubt and none is nothing.
    z = float(stats.norm.ppf(0.5 + rules().confidence / 2.0))
    return swing * 2.0 * z / error if error > 0 else (math.inf if swing > 0 else 0.0)


def _margin(found: Found) -> float:
    """Return how far an estimate is from the nearest edge of its rule, in half-widths of its interval."""
    edges = [edge for edge in found.test.limits if math.isfinite(edge)]
    half = (found.estimate.high - found.estimate.low) / 2.0
    distance = min(abs(found.estimate.value - edge) for edge in edges)
    return distance / half if half > 0 and math.isfinite(distance) else math.inf
