"""Who leaves, and when: Kaplan-Meier curves by exposure in the first month, and Cox regression (lifelines).

Firms of one run share their Bitcoin price and their market, so that they are no independent draws: bands come
from resampling whole draws, and the errors of the regression are clustered by draw.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from experiments.analysis.material import COMBINATION, Material

RESAMPLES = 200
SEED = 0
PENALTY = 0.001
SIZES = ((0.0, 20.0, "below 20 MW"), (20.0, 100.0, "20 to 100 MW"), (100.0, np.inf, "100 MW and more"))
EXPOSURES = {
    "contract": "AI contract in the first month",
    "power": "power in the first month",
    "size": "energised in the first month",
}
COVARIATES = {
    "log_mw": "energised MW (per e-fold)",
    "all_in_cost_10": "all-in cost (per 10 USD/MWh)",
    "grid_share": "power from the grid (all against none)",
    "contracted": "AI contract (yes against no)",
    "listed": "listed (yes against no)",
}
EVENTS = {
    "gone": "acquired, liquidated or closed",
    "liquidated": "liquidated (acquisitions and closures censored)",
}


def first_firms(material: Material, combination: str | None = None) -> pd.DataFrame:
    """Return the firms of the first month with their fates, exposures, draw and combination."""
    fates = material.store.table("fates")
    if "firm" not in fates:
        return pd.DataFrame()
    fates = fates[(fates["entry_month"] == 0) & fates["energised_mw"].notna()]
    columns = ["run", material.unit, COMBINATION]
    firms = fates.merge(material.runs.loc[:, columns].rename(columns={material.unit: "draw"}), on="run")
    if combination is not None:
        firms = firms.loc[firms[COMBINATION] == combination]
    return _exposed(firms.reset_index(drop=True))


def curves(firms: pd.DataFrame, exposure: str, confidence: float) -> pd.DataFrame:
    """Return Kaplan-Meier curves of each group of an exposure, with bands from resampled draws."""
    from lifelines import KaplanMeierFitter

    horizon = int(firms["duration"].max())
    timeline = np.arange(horizon + 1)
    frames = []
    ordered = isinstance(firms[exposure].dtype, pd.CategoricalDtype)
    for group, members in firms.groupby(exposure, sort=ordered, observed=True):
        with warnings.catch_warnings(action="ignore"):
            fitted = KaplanMeierFitter().fit(members["duration"], members["gone"], timeline=timeline)
        low, high = _band(members, horizon, confidence)
        curve = fitted.survival_function_.iloc[:, 0].to_numpy()
        frames.append(
            pd.DataFrame(
                {"exposure": exposure, "group": str(group), "month": timeline, "survival": curve}
                | {"low": low, "high": high}
                | {"firms_a_run": len(members) / firms["run"].nunique(), "at_start": len(members)}
            )
        )
    return pd.concat(frames, ignore_index=True)


def cox(firms: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return hazard ratios of what firms were in the first month, per sort of exit."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    table = pd.DataFrame(
        {
            "duration": firms["duration"].astype(float),
            "draw": firms["draw"],
            "log_mw": np.log(firms["energised_mw"].clip(lower=0.1)),
            "all_in_cost_10": firms["all_in_cost"] / 10.0,
            "grid_share": firms["grid_share"].fillna(0.0),
            "contracted": (firms["contracted_share"] > 0).astype(float),
            "listed": (firms["kind"] == "listed").astype(float),
        }
    )
    varying = [name for name in COVARIATES if table[name].std() > 1e-9]
    frames = []
    for event in EVENTS:
        happened = firms["gone"] if event == "gone" else firms["reason"] == "liquidated"
        if happened.sum() < 10 * len(varying):
            continue
        data = table[["duration", "draw", *varying]].assign(event=happened.astype(float))
        fitter = CoxPHFitter(penalizer=PENALTY, alpha=1 - confidence)
        try:
            with warnings.catch_warnings(action="ignore"):
                fitter.fit(data, "duration", "event", cluster_col="draw", robust=True)
        except ConvergenceError:
            continue
        frames.append(_ratios(fitter.summary, event, int(happened.sum()), fitter.concordance_index_))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _ratios(summary: pd.DataFrame, event: str, events: int, concordance: float) -> pd.DataFrame:
    bounds = [name for name in summary if str(name).startswith("exp(coef) ")]
    return pd.DataFrame(
        {
            "event": EVENTS[event],
            "covariate": [COVARIATES[name] for name in summary.index],
            "hazard_ratio": summary["exp(coef)"].to_numpy(),
            "low": summary[bounds[0]].to_numpy(),
            "high": summary[bounds[1]].to_numpy(),
            "coefficient": summary["coef"].to_numpy(),
            "p": summary["p"].to_numpy(),
            "events": events,
            "concordance": concordance,
        }
    )


def _exposed(firms: pd.DataFrame) -> pd.DataFrame:
    mw = firms["energised_mw"].to_numpy()
    size = np.select([(mw >= low) & (mw < high) for low, high, _ in SIZES], [name for *_, name in SIZES], "")
    grid = firms["grid_share"].fillna(0.0) >= 1 - 1e-9
    return firms.assign(
        contract=np.where(firms["contracted_share"] > 0, "with a contract", "without"),
        power=np.where(grid, "all from the grid", "some at fixed prices or its own"),
        size=pd.Categorical(size, [name for *_, name in SIZES]),
    )


def _band(members: pd.DataFrame, horizon: int, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the quantiles of Kaplan-Meier curves over resampled draws.

    Everybody enters in the first month, so that deaths and numbers at risk of each draw add up: a resampled
    curve needs no new fit.
    """
    rows, draws = pd.factorize(members["draw"])
    deaths, leaving = np.zeros((len(draws), horizon + 1)), np.zeros((len(draws), horizon + 1))
    np.add.at(leaving, (rows, members["duration"].to_numpy()), 1.0)
    gone = members["gone"].to_numpy(dtype=bool)
    np.add.at(deaths, (rows[gone], members["duration"].to_numpy()[gone]), 1.0)
    at_risk = leaving[:, ::-1].cumsum(axis=1)[:, ::-1]
    generator = np.random.Generator(np.random.Philox(SEED))
    weights = generator.multinomial(len(draws), np.full(len(draws), 1 / len(draws)), RESAMPLES)
    risk, died = weights @ at_risk, weights @ deaths
    survival = np.cumprod(1 - np.divide(died, risk, out=np.zeros_like(died), where=risk > 0), axis=1)
    low, high = np.quantile(survival, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    return low, high
