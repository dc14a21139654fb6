"""Intervals over independent draws: means, paired differences under common random numbers, convergence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from experiments.analysis.material import COMBINATION, Material, draws

FEWEST = 2


def interval(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Return mean, spread and Student's interval of the mean."""
    n = len(values)
    mean = float(np.mean(values)) if n else math.nan
    sd = float(np.std(values, ddof=1)) if n >= FEWEST else math.nan
    half = half_width(sd, n, confidence)
    return {"n": n, "mean": mean, "sd": sd, "low": mean - half, "high": mean + half}


def half_width(sd: float, n: int, confidence: float) -> float:
    """Return half the width of Student's interval of a mean; not a number below two draws."""
    if n < FEWEST:
        return math.nan
    return float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * sd / math.sqrt(n)


def needed(mean: float, sd: float, precision: float, confidence: float) -> float:
    """Return the draws at which the half-width falls to a share of the mean."""
    if not mean or not math.isfinite(sd):
        return math.nan
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    return float(max(FEWEST, math.ceil((z * sd / (precision * abs(mean))) ** 2)))


def outcome_intervals(material: Material) -> pd.DataFrame:
    """Return mean, interval, quantiles over runs, and the draws needed, per combination and outcome."""
    analysis = material.plan.study.analysis
    rows: list[dict[str, Any]] = []
    for combination in material.combinations:
        runs = material.of(combination)
        for outcome in material.outcomes:
            values = runs[outcome].dropna()
            found = interval(draws(runs, material.unit, outcome), analysis.confidence)
            quantiles = values.quantile([0.05, 0.5, 0.95]).tolist() if len(values) else [math.nan] * 3
            rows.append(
                {COMBINATION: combination, "outcome": outcome, "runs": len(values), "unit": material.unit}
                | found
                | dict(zip(("q05", "median", "q95"), quantiles, strict=True))
                | {"skewness": float(stats.skew(values)) if len(values) > 2 and values.std() > 0 else 0.0}
                | {"needed": needed(found["mean"], found["sd"], analysis.precision, analysis.confidence)}
            )
    return pd.DataFrame(rows)


def paired_differences(material: Material) -> pd.DataFrame:
    """Return what each combination changes against the baseline, pair by pair of equal sample and seed."""
    rows = []
    keys = material.pair
    first = material.of(material.baseline).set_index(keys)
    for combination in material.combinations[1:]:
        other = material.of(combination).set_index(keys)
        for outcome in material.outcomes:
            pairs = (other[outcome] - first[outcome]).dropna().rename(outcome).reset_index()
            unpaired = np.sqrt(other[outcome].var() + first[outcome].var())
            row = {COMBINATION: combination, "baseline": material.baseline, "outcome": outcome}
            rows.append(row | _difference(material, pairs, outcome, unpaired))
    return pd.DataFrame(rows)


def lever_effects(material: Material) -> pd.DataFrame:
    """Return what each option of a lever changes against its first, all else equal, over all other levers."""
    levers = list(material.plan.study.levers)
    if len(levers) < FEWEST:
        return pd.DataFrame()
    rows = []
    for number, lever in enumerate(levers):
        keys = [other for other in levers if other != lever] + material.pair
        groups = {option: runs.set_index(keys) for option, runs in material.runs.groupby(lever)}
        first = material.plan.combinations[0][number]
        for option in (option for option in groups if option != first and first in groups):
            for outcome in material.outcomes:
                pairs = (groups[option][outcome] - groups[first][outcome]).dropna()
                frame = pairs.rename(outcome).reset_index()
                unpaired = np.sqrt(groups[option][outcome].var() + groups[first][outcome].var())
                row = {"lever": lever, "option": option, "against": first, "outcome": outcome}
                rows.append(row | _difference(material, frame, outcome, unpaired))
    return pd.DataFrame(rows)


def convergence(material: Material, combination: str | None = None) -> pd.DataFrame:
    """Return mean and interval of each outcome as the draws come in."""
    confidence = material.plan.study.analysis.confidence
    runs = material.of(combination or material.baseline)
    rows = []
    for outcome in material.outcomes:
        values = draws(runs, material.unit, outcome)
        steps = np.unique(np.geomspace(FEWEST, max(len(values), FEWEST), 60).astype(int))
        rows += [
            {"outcome": outcome, "draws": int(n)} | interval(values[:n], confidence)
            for n in steps
            if n <= len(values)
        ]
    return pd.DataFrame(rows)


def _difference(
    material: Material, pairs: pd.DataFrame, outcome: str, unpaired_sd: float
) -> dict[str, float | str]:
    found = interval(draws(pairs, material.unit, outcome), material.plan.study.analysis.confidence)
    # Over single pairs, so that it can be held against the spread of two runs that share nothing.
    spread = float(pairs[outcome].std()) if len(pairs) >= FEWEST else math.nan
    gain = 1 - (spread / unpaired_sd) ** 2 if unpaired_sd > 0 else math.nan
    positive = float((pairs[outcome] > 0).mean()) if len(pairs) else math.nan
    return {
        "pairs": len(pairs),
        "unit": material.unit,
        **found,
        "share_positive": positive,
        "variance_saved": gain,
    }
