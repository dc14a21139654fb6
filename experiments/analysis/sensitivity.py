"""Which uncertainties matter: Morris, Sobol and PAWN indices by SALib, and the swings of a tornado.

Indices are computed on the unit cube, of outcomes averaged over replications, for the baseline of the levers.
Where runs failed, the trajectories or blocks they belong to are left out whole; an outcome without an index
is told with the reason.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.material import Material, plural
from experiments.designs import problem
from experiments.plans import BLOCKS

RESAMPLES = 200
SEED = 0
FEWEST_BLOCKS = 4
SLICES = (4, 5, 8, 10)
"""Slices of PAWN: numbers for which SALib's quantiles do not run over one by round-off."""
TAIL = 0.2
"""Share of the runs at either end of an uncertainty that a tornado compares."""


def point_means(material: Material, outcome: str) -> np.ndarray:
    """Return an outcome for each sample, averaged over replications; not a number where none succeeded."""
    runs = material.of(material.baseline)
    means = runs.groupby("sample")[outcome].mean()
    return means.reindex(range(material.plan.samples)).to_numpy(dtype=float)


def indices(material: Material) -> pd.DataFrame:
    """Return the indices of the study's design, a row per outcome and uncertainty, with intervals."""
    compute = {"morris": _morris, "sobol": _sobol}.get(material.plan.study.design.kind)
    if compute is None:
        return pd.DataFrame()
    cube = material.store.sample().to_numpy()
    frames = []
    for outcome in material.outcomes:
        if not why_no_index(material, outcome):
            values, places = _whole_blocks(material, point_means(material, outcome), cube)
            frames.append(compute(material, places, values).assign(outcome=outcome))
    return _joined(frames)


def why_no_index(material: Material, outcome: str) -> str:
    """Return why an outcome of a Morris or Sobol design has no index; nothing when it has one."""
    kind = material.plan.study.design.kind
    values = point_means(material, outcome).reshape(-1, material.plan.block)
    whole = values[~np.isnan(values).any(axis=1)]
    if len(whole) < FEWEST_BLOCKS:
        found = f"{len(whole)} of {len(values)} {plural(BLOCKS[kind])} are whole"
        return f"{found}, and at least {FEWEST_BLOCKS} are needed"
    return "" if np.ptp(whole) > 0 else "it is the same in all runs"


def pawn(material: Material) -> pd.DataFrame:
    """Return PAWN indices: how much an uncertainty moves the whole distribution, fit for skewed outcomes."""
    from SALib.analyze import pawn as method

    if material.plan.study.design.kind not in ("lhs", "sobol"):
        return pd.DataFrame()
    cube, asked = material.store.sample().to_numpy(), problem(material.plan)
    slices = max(count for count in SLICES if count == SLICES[0] or len(cube) >= 25 * count)
    frames = []
    for outcome in material.outcomes:
        values = point_means(material, outcome)
        known = ~np.isnan(values)
        if known.sum() < 10 * slices or np.ptp(values[known]) == 0:
            continue
        # A column of noise says how large the index of something that does not matter comes out.
        noise = np.random.Generator(np.random.Philox(SEED)).random((known.sum(), 1))
        wider = {"num_vars": asked["num_vars"] + 1, "names": [*asked["names"], "(noise)"]}
        wider["bounds"] = [[0.0, 1.0]] * wider["num_vars"]
        with _quiet():
            found = method.analyze(wider, np.hstack([cube[known], noise]), values[known], S=slices, seed=SEED)
        columns = {name: found[name] for name in ("minimum", "median", "maximum", "CV")}
        frames.append(pd.DataFrame({"outcome": outcome, "uncertainty": wider["names"], **columns}))
    return _joined(frames)


def tornado(material: Material) -> pd.DataFrame:
    """Return the mean outcome at the low and the high end of each uncertainty, with bootstrap intervals."""
    design = material.plan.study.design.kind
    if design not in ("lhs", "sobol", "paired") or not material.plan.uncertain:
        return pd.DataFrame()
    cube = material.store.sample()
    generator = np.random.Generator(np.random.Philox(SEED))
    rows = []
    for outcome in material.outcomes:
        values = point_means(material, outcome)
        known = ~np.isnan(values)
        if known.sum() * TAIL < FEWEST_BLOCKS:
            continue
        for name in material.plan.uncertain:
            places = cube[name].to_numpy()[known]
            ends = [values[known][places <= TAIL], values[known][places >= 1 - TAIL]]
            if min(map(len, ends)) < FEWEST_BLOCKS:
                continue
            low, high = (float(end.mean()) for end in ends)
            spread = [_resampled(end, generator) for end in ends]
            bounds = np.quantile(spread[1] - spread[0], [0.025, 0.975])
            rows.append(
                {"outcome": outcome, "uncertainty": name, "low": low, "high": high, "swing": high - low}
                | {"swing_low": float(bounds[0]), "swing_high": float(bounds[1])}
                | {"mean": float(values[known].mean())}
            )
    return pd.DataFrame(rows)


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the uncertainties of a Morris screening, those that matter most first.

    The effect on each outcome is divided by the largest that any uncertainty has on it, so that outcomes in
    different units count alike; the score is the mean over outcomes.
    """
    effects = table.pivot(index="uncertainty", columns="outcome", values="mu_star")
    shares = effects[list(dict.fromkeys(table["outcome"]))] / effects.max()
    shares.insert(0, "score", shares.mean(axis=1))
    shares = shares.sort_values("score", ascending=False, kind="stable").reset_index()
    shares.insert(0, "rank", np.arange(1, len(shares) + 1))
    return shares


def _morris(material: Material, places: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    from SALib.analyze import morris as method

    levels = material.plan.study.design.levels
    with _quiet():
        found = method.analyze(
            problem(material.plan), places, values, num_resamples=RESAMPLES, num_levels=levels, seed=SEED
        )
    columns = {"mu": found["mu"], "mu_star": found["mu_star"], "mu_star_half": found["mu_star_conf"]}
    return pd.DataFrame({"uncertainty": found["names"], **columns, "sigma": found["sigma"]})


def _sobol(material: Material, places: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    from SALib.analyze import sobol as method

    second = material.plan.study.design.second_order
    # Centred and scaled values make the estimators of the variances stable; the indices stay the same.
    scaled = (values - values.mean()) / values.std()
    with _quiet():
        found = method.analyze(
            problem(material.plan), scaled, calc_second_order=second, num_resamples=RESAMPLES, seed=SEED
        )
    columns = {"S1": found["S1"], "S1_half": found["S1_conf"], "ST": found["ST"], "ST_half": found["ST_conf"]}
    return pd.DataFrame({"uncertainty": material.plan.uncertain, **columns})


def _whole_blocks(material: Material, values: np.ndarray, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values and places without the trajectories or blocks in which a run failed."""
    size, factors = material.plan.block, cube.shape[1]
    blocks = values.reshape(-1, size)
    whole = ~np.isnan(blocks).any(axis=1)
    return blocks[whole].ravel(), cube.reshape(-1, size, factors)[whole].reshape(-1, factors)


def _resampled(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return values[generator.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame()
    joined = pd.concat(frames, ignore_index=True)
    return joined.loc[:, ["outcome", *(name for name in joined if name != "outcome")]]


def _quiet() -> Any:  # noqa: ANN401
    return warnings.catch_warnings(action="ignore")
