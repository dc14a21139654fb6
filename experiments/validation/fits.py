"""How well world mining forecasts hash, and whether what is fitted on one window holds on others."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from experiments.validation.checks import OURS, Check
from experiments.validation.history import FIT_WINDOWS, WHOLE, Window, forecasts, log_error, replay, rms
from model.scenario import Scenario

PART = "backtests"
FITTED = {
    "row.order_rate": (0.02, 0.20),
    "row.full_order_gain": (0.05, 1.0),
    "bitcoin.machine_price_share": (0.05, 0.9),
    "row.funding_memory": (0.03, 0.9),
    "row.shutdown_speed": (0.05, 0.9),
}
"""Parameters of the sector that the record can speak about, and where they are looked for."""


def rolling_errors(window: Window = WHOLE, months: tuple[int, ...] = (1, 3, 6, 12)) -> pd.DataFrame:
    """Return errors of forecasts from every month of a window, by months ahead and rule."""
    found = []
    for ahead in months:
        _, errors = forecasts(window, ahead)
        found += [
            {
                "months_ahead": ahead,
                "rule": rule,
                "log_rms": rms(error),
                "bias": float(error.mean()),
                "n": len(error),
            }
            for rule, error in errors.items()
        ]
    return pd.DataFrame(found)


def rolling_checks(errors: pd.DataFrame) -> list[Check]:
    """Hold rolling errors to their limits and to simple rules."""
    keys = zip(errors["months_ahead"], errors["rule"], strict=True)
    by = dict(zip(keys, errors["log_rms"].astype(float), strict=True))
    checks = []
    for ahead, limit in ((1, 0.06), (12, 0.20)):
        name = "rolling forecast of hash, " + ("one month" if ahead == 1 else f"{ahead} months") + " ahead"
        model, naive = by[ahead, "model"], by[ahead, "no change"]
        growth = by[ahead, "last year's growth"]
        checks += [
            Check(PART, f"{name}: error", model, high=limit, unit="log rms",
                  source=OURS, look="rolling_errors.csv"),
            Check(PART, f"{name}: error over that of the better simple rule",
                  model / min(naive, growth), high=1.0, unit="ratio", source=OURS, look="rolling_errors.csv",
                  cause="rules: no change, last year's growth; they are not told the price, the model is"),
        ]  # fmt: skip
    return checks


def cross_scores(evaluations: int = 250) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit the sector on each window and score it on all: parameters, and free-run errors of hash."""
    shipped = np.array([_default(name) for name in FITTED])
    fits = {"shipped": shipped} | {
        f"fitted on {window.name}": _fit(window, shipped, evaluations) for window in FIT_WINDOWS
    }
    scores = {
        name: {window.name: _error(values, window) for window in FIT_WINDOWS} for name, values in fits.items()
    }
    return (
        pd.DataFrame(fits, index=pd.Index(FITTED)).T.rename_axis("parameters"),
        pd.DataFrame(scores).T.rename_axis("parameters"),
    )


def _default(name: str) -> float:
    group, field = name.split(".")
    return float(getattr(getattr(Scenario(), group), field))


def _fit(window: Window, start: np.ndarray, evaluations: int) -> np.ndarray:
    low, high = np.array(list(FITTED.values())).T
    found = minimize(
        lambda x: _error(x, window),
        start,
        method="Nelder-Mead",
        bounds=list(zip(low, high, strict=True)),
        options={"maxfev": evaluations, "xatol": 1e-3, "fatol": 1e-4},
    )
    return np.asarray(found.x)


def _error(values: np.ndarray, window: Window) -> float:
    chosen = dict(zip(FITTED, map(float, values), strict=True))
    return rms(log_error(replay(window, Scenario().with_values(**chosen))))


def transfer_checks(scores: pd.DataFrame) -> list[Check]:
    """Hold what was fitted on one window to its errors on each of the others."""
    checks, shipped = [], scores.loc["shipped"]
    for window in FIT_WINDOWS:
        own = float(scores.at[f"fitted on {window.name}", window.name])
        note = f"{own:.3f} if fitted on itself, {float(shipped[window.name]):.3f} as shipped"
        for other in FIT_WINDOWS:
            if other is window:
                continue
            found = float(scores.at[f"fitted on {other.name}", window.name])
            checks.append(
                Check(PART, f"{window.name}: error with parameters fitted on {other.name}", found, high=0.25,
                      unit="log rms", source=OURS, look="cross_scores.csv",
                      cause=f"{note}; five numbers take up what is peculiar to the window they are fitted on")
            )  # fmt: skip
    return checks
