"""Designs: where the points of a study lie.

Samplers come from SALib and work on the unit cube; each coordinate then goes through the inverse of its
uncertainty's distribution, so that ranges, whole numbers and options are treated alike.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from experiments.plans import Plan
from experiments.study import Design, Uncertainty
from model.parameter_table import parameters

ARROW_TYPES = {"number": "float64", "whole number": "int64", "true or false": "bool"}
LARGEST_BELOW_ONE = np.nextafter(1.0, 0.0)


def problem(plan: Plan) -> dict[str, Any]:
    """Return the uncertainties as SALib wants them: on the unit cube."""
    names = plan.uncertain
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def unit_sample(plan: Plan) -> pd.DataFrame:
    """Return the sample on the unit cube, a column per uncertainty; one row without columns if none."""
    design, names = plan.study.design, plan.uncertain
    if not names:
        return pd.DataFrame(index=range(1))
    if design.kind == "factorial":
        return _grid(plan)
    return pd.DataFrame(_sampled(problem(plan), design), columns=pd.Index(names))


def points(plan: Plan, sample: pd.DataFrame) -> pd.DataFrame:
    """Return a row per point: its numbers, an option of each lever, and a value of each uncertainty."""
    width, height = len(plan.combinations), len(sample)
    columns: dict[str, Any] = {
        "point": np.arange(width * height),
        "sample": np.repeat(np.arange(height), width),
    }
    for number, lever in enumerate(plan.study.levers):
        options = [combination[number] for combination in plan.combinations]
        columns[lever] = np.tile(np.array(options, dtype=object), height)
    for name, uncertainty in plan.study.uncertainties.items():
        columns[name] = np.repeat(values(name, uncertainty, sample[name].to_numpy()), width)
        for lever, options in plan.study.levers.items():
            for option, fixed in options.items():
                if name in fixed:
                    columns[name] = np.where(columns[lever] == option, fixed[name], columns[name])
    return pd.DataFrame(columns)


def values(name: str, uncertainty: Uncertainty, unit: np.ndarray) -> np.ndarray:
    """Return the values of an uncertainty at places between 0 and 1."""
    if uncertainty.options:
        place = np.minimum(unit, LARGEST_BELOW_ONE) * len(uncertainty.options)
        return np.array(uncertainty.options, dtype=_dtype(name))[place.astype(int)]
    low, high = float(uncertainty.low or 0.0), float(uncertainty.high or 0.0)
    if parameters()[name].type == "whole number":
        # Every whole number of the range gets its equal share of the unit interval.
        if uncertainty.distribution == "uniform":
            return np.minimum(np.floor(low + unit * (high - low + 1)), high).astype(np.int64)
        return np.rint(np.clip(_quantile(uncertainty, unit), low, high)).astype(np.int64)
    return np.clip(_quantile(uncertainty, unit), low, high)


def _quantile(uncertainty: Uncertainty, unit: np.ndarray) -> np.ndarray:
    low, high = float(uncertainty.low or 0.0), float(uncertainty.high or 0.0)
    if uncertainty.distribution == "loguniform":
        return np.exp(np.log(low) + unit * (np.log(high) - np.log(low)))
    if uncertainty.distribution == "triangular":
        peak = (float(uncertainty.mode or 0.0) - low) / (high - low)
        return stats.triang.ppf(unit, peak, low, high - low)
    if uncertainty.distribution == "normal":
        mean, sd = float(uncertainty.mean or 0.0), float(uncertainty.sd or 1.0)
        return stats.truncnorm.ppf(unit, (low - mean) / sd, (high - mean) / sd, mean, sd)
    return low + unit * (high - low)


def _dtype(name: str) -> Any:  # noqa: ANN401
    return ARROW_TYPES.get(parameters()[name].type, object)


def _grid(plan: Plan) -> pd.DataFrame:
    levels = plan.study.design.levels
    axes = []
    for uncertainty in plan.study.uncertainties.values():
        options = len(uncertainty.options)
        axes.append((np.arange(options) + 0.5) / options if options else np.linspace(0.0, 1.0, levels))
    return pd.DataFrame(itertools.product(*axes), columns=pd.Index(plan.uncertain))


def _sampled(asked: dict[str, Any], design: Design) -> np.ndarray:
    from SALib.sample import latin, morris, sobol

    with warnings.catch_warnings():
        # SALib's own deprecations are no news to whoever runs a study.
        warnings.simplefilter("ignore")
        if design.kind == "sobol":
            second = design.second_order
            return sobol.sample(asked, design.samples, calc_second_order=second, seed=design.seed)
        if design.kind == "morris":
            return morris.sample(asked, design.samples, num_levels=design.levels, seed=design.seed)
        return latin.sample(asked, design.samples, seed=design.seed)
