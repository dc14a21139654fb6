"""Calibration of six behavioural parameters: what the signed leases can say about them, and what they cannot.

Latin hypercube samples of the prior (SALib) are run for a year and a half and summed up in the statistics
that the signed leases have too. Statistics no sample comes near are reported and left out (history matching);
of the rest the nearest samples are kept and moved to what was observed by local regression (Beaumont, Zhang
and Balding 2002). A recovery test does the same with samples for data, so
that what comes back is known. The window of the record (2024-06 to 2025-11) and that of the model (its first
eighteen months) are not the same months: the pace of signing is taken to last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.validation.checks import OURS, Check
from experiments.validation.ensembles import Job, Told, quiet, run_jobs
from model.baseline_tables import load_tables
from model.lease_market import RENT_TO_DOLLARS
from model.run import Run

PART = "calibration"
MONTHS = 18
KEPT = 0.25
"""Share of the samples that is kept."""
PRIOR: Mapping[str, tuple[float, float]] = {
    "choice.intensity": (0.5, 10.0),
    "choice.imitation": (0.0, 1.0),
    "choice.option_weight": (0.0, 1.0),
    "choice.review": (0.03, 0.5),
    "leases.theta": (0.0, 1.0),
    "choice.eligibility_scale": (0.83, 1.17),
}
"""The last within 0.5 to 0.7 of the large sites, the range of p_convertible_100mw_owned in costs.csv."""
STATISTICS = (
    "deals",
    "signed_it_mw",
    "hall_rent_usd_kw_month",
    "lessors",
    "largest_lessor",
    "cloud_share",
    "tenant_built_share",
    "mean_deal_it_mw",
)
"""Of leases of the listed miners alone: deals of small private ones are in no table."""
OUT_OF_REACH = 3.0
"""A statistic this many robust deviations from what the prior gives is a matter of structure."""
POSTERIOR, IDENTIFIED, REACH = "posterior.csv", "identification.csv", "reach.csv"


class Calibration(NamedTuple):
    """What a calibration found.

    Attributes:
        runs: Parameters and statistics of every sample.
        posterior: The sample of parameters, nearest first.
        identification: By parameter: prior and posterior, and how well it comes back from synthetic data.
        correlation: Between parameters in the posterior; a ridge is a strong one.
        reach: How far the observed statistics lie from what the prior can give.
    """

    runs: pd.DataFrame
    posterior: pd.DataFrame
    identification: pd.DataFrame
    correlation: pd.DataFrame
    reach: pd.DataFrame


def statistics(leases: pd.DataFrame, hall_rent: float) -> dict[str, float]:
    """Return the statistics of leases with the columns lessor, it_mw, product and tenant_built.

    Space is tenant-built where the tenant pays most of the hall: a shell in the model; on record those
    colocation contracts that say so.

    Args:
        leases: The leases.
        hall_rent: Mean rent of halls that landlords build, USD/kW-month of IT.
    """
    it_mw = leases["it_mw"].to_numpy(dtype=float)
    total = float(it_mw.sum())
    if total <= 0.0:
        return dict.fromkeys(STATISTICS, 0.0) | {"hall_rent_usd_kw_month": hall_rent}
    by_lessor = leases.groupby("lessor")["it_mw"].sum()
    cloud = it_mw * (leases["product"] == "cloud").to_numpy()
    tenant_built = it_mw * leases["tenant_built"].to_numpy(dtype=bool)
    return {
        "deals": float(len(leases)),
        "signed_it_mw": total,
        "hall_rent_usd_kw_month": hall_rent,
        "lessors": float(len(by_lessor)),
        "largest_lessor": float(by_lessor.max()) / total,
        "cloud_share": float(cloud.sum()) / total,
        "tenant_built_share": float(tenant_built.sum()) / total,
        "mean_deal_it_mw": total / len(leases),
    }


def observed() -> dict[str, float]:
    """Return the statistics of the leases signed by 2025-11-20 by miners of the model."""
    tables = load_tables()
    known = {row.ticker for row in tables.miners}
    rows = [row for row in tables.ai_contracts if row.critical_it_mw and row.miner in known]
    frame = pd.DataFrame(
        {
            "lessor": [row.miner for row in rows],
            "it_mw": [float(row.critical_it_mw) for row in rows],
            "rent": [row.revenue_musd_per_it_mw_year for row in rows],
            "product": ["cloud" if "cloud" in str(row.product) else str(row.product) for row in rows],
            "tenant_built": [(row.tenant_capex_share or 0.0) > 0.5 for row in rows],
        }
    )
    halls = frame[(frame["product"] == "colocation") & ~frame["tenant_built"]]
    rent = float(np.average(halls["rent"], weights=halls["it_mw"]))
    return statistics(frame, rent * RENT_TO_DOLLARS)


def signed_in_run(run: Run) -> dict[str, float]:
    """Return the statistics of the leases a run signs, and of its going rent for halls."""
    listed = run.firms.loc[run.firms["listed"], "firm"]
    leases = run.leases.assign(tenant_built=run.leases["product"] == "shell")
    signed = ~leases["at_start"] & np.isin(leases["lessor"].astype(str), listed.astype(str))
    return statistics(leases.loc[signed], float(run.series["lease_rent_usd_kw_month"].mean()))


def sample(count: int, seed: int = 1) -> pd.DataFrame:
    """Return a Latin hypercube of the prior."""
    from SALib.sample import latin

    problem: Any = {
        "num_vars": len(PRIOR),
        "names": list(PRIOR),
        "bounds": [list(ends) for ends in PRIOR.values()],
    }
    return pd.DataFrame(dict(zip(PRIOR, latin.sample(problem, count, seed=seed).T, strict=True)))


def simulate(values: pd.DataFrame, workers: int = 2, told: Told = quiet) -> pd.DataFrame:
    """Run every row of parameters under a seed of its own and return both with the statistics."""
    fixed = {"horizon.months": MONTHS, "horizon.audit": False}
    rows = [dict(zip(values.columns, row, strict=True)) for row in values.to_numpy().tolist()]
    jobs = [Job(str(n), n, "reference", row | fixed, signed_in_run) for n, row in enumerate(rows)]
    found = run_jobs(jobs, workers=workers, told=told, what="calibration").sort_values(
        "seed", ignore_index=True
    )
    return pd.concat([values.reset_index(drop=True), found], axis=1)


def reach(runs: pd.DataFrame, target: Mapping[str, float]) -> pd.DataFrame:
    """Return how far each observed statistic lies from what the prior gives (history matching)."""
    sound = runs.loc[runs["error"] == "", list(STATISTICS)].dropna()
    stats = sound.to_numpy(dtype=float)
    centre, spread = np.median(stats, axis=0), _spread(stats)
    seen = np.array([target[name] for name in STATISTICS])
    return pd.DataFrame(
        {
            "statistic": STATISTICS,
            "observed": seen,
            "median": centre,
            "low": np.quantile(stats, 0.025, axis=0),
            "high": np.quantile(stats, 0.975, axis=0),
            "implausibility": np.abs(seen - centre) / spread,
        }
    )


def _spread(stats: np.ndarray) -> np.ndarray:
    """Return robust standard deviations, or plain ones where most runs agree."""
    robust = np.median(np.abs(stats - np.median(stats, axis=0)), axis=0) * 1.4826
    return np.maximum(np.where(robust > 0.0, robust, stats.std(axis=0)), 1e-9)


def posterior_of(
    runs: pd.DataFrame, target: Mapping[str, float], names: Sequence[str] = STATISTICS, kept: float = KEPT
) -> pd.DataFrame:
    """Return the nearest samples, moved to the target by local linear regression within the prior."""
    sound = runs.loc[runs["error"] == ""]
    sound = sound.dropna(subset=list(STATISTICS))
    stats = sound[list(names)].to_numpy(dtype=float)
    off = (stats - np.array([target[name] for name in names])) / _spread(stats)
    distance = np.sqrt((off**2).mean(axis=1))
    near = np.argsort(distance, kind="stable")[: max(round(kept * len(sound)), len(names) + 4)]
    low, high = np.array(list(PRIOR.values())).T
    share = (sound[list(PRIOR)].to_numpy(dtype=float)[near] - low) / (high - low)
    logit = np.log(np.clip(share, 1e-4, 1 - 1e-4) / np.clip(1 - share, 1e-4, 1 - 1e-4))
    weight = 1.0 - (distance[near] / max(distance[near].max(), 1e-12)) ** 2 + 1e-6
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([np.ones(len(near)), off[near]])
    ridge = np.sqrt(1e-2) * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    left, right = (
        np.vstack([design * root, ridge]),
        np.vstack([logit * root, np.zeros((len(ridge), logit.shape[1]))]),
    )
    slope = np.linalg.lstsq(left, right, rcond=None)[0][1:]
    moved = 1.0 / (1.0 + np.exp(-(logit - off[near] @ slope)))
    return pd.DataFrame(low + moved * (high - low), columns=pd.Index(PRIOR)).assign(distance=distance[near])


def recovery(runs: pd.DataFrame, trials: int = 40, kept: float = KEPT) -> pd.DataFrame:
    """Take samples for data one by one, and see how well their parameters come back from the others."""
    sound = runs.loc[runs["error"] == ""].dropna(subset=list(STATISTICS)).reset_index(drop=True)
    truth, back, width = [], [], []
    for trial in range(min(trials, len(sound))):
        target = {name: float(sound[name].iloc[trial]) for name in STATISTICS}
        found: Any = posterior_of(sound.drop(index=trial), target, kept=kept)[list(PRIOR)]
        truth.append(sound[list(PRIOR)].iloc[trial].to_numpy(dtype=float))
        back.append(found.median().to_numpy())
        width.append(found.std().to_numpy())
    low, high = np.array(list(PRIOR.values())).T
    uniform = (high - low) / np.sqrt(12.0)
    one, other = np.array(truth), np.array(back)
    return pd.DataFrame(
        {
            "parameter": list(PRIOR),
            "recovered_correlation": [
                float(np.corrcoef(one[:, n], other[:, n])[0, 1]) for n in range(len(PRIOR))
            ],
            "posterior_over_prior_sd": np.mean(width, axis=0) / uniform,
        }
    )


def calibrate(count: int, workers: int = 2, told: Told = quiet) -> Calibration:
    """Sample the prior, run it, and return posterior and recovery."""
    runs = simulate(sample(count), workers, told)
    target = observed()
    matched = reach(runs, target)
    names = matched.loc[matched["implausibility"] <= OUT_OF_REACH, "statistic"].to_list()
    posterior: Any = posterior_of(runs, target, names)
    table = recovery(runs)
    low, high = np.array(list(PRIOR.values())).T
    table["prior_low"], table["prior_high"] = low, high
    for name, share in (("posterior_05", 0.05), ("posterior_median", 0.5), ("posterior_95", 0.95)):
        table[name] = posterior[list(PRIOR)].quantile(share).to_numpy()
    table["identified"] = (table["recovered_correlation"] > 0.5) & (table["posterior_over_prior_sd"] < 0.8)
    return Calibration(runs, posterior, table, posterior[list(PRIOR)].corr(), matched)


def stored(name: str) -> pd.DataFrame:
    """Return a table of the stored calibration."""
    with (files("experiments.validation") / name).open(encoding="utf-8") as file:
        return pd.read_csv(file)


def posterior_draw(number: int) -> dict[str, float]:
    """Return one draw of the stored posterior by number; beyond the last it begins anew."""
    rows = stored(POSTERIOR)
    row = rows[list(PRIOR)].iloc[number % len(rows)]
    return {name: float(row[name]) for name in PRIOR}


def save(found: Calibration, folder: Path) -> None:
    """Write posterior, identification, reach and samples as tables."""
    found.posterior.round(4).to_csv(folder / POSTERIOR, index=False)
    found.identification.round(4).to_csv(folder / IDENTIFIED, index=False)
    found.reach.round(4).to_csv(folder / REACH, index=False)
    found.correlation.round(3).to_csv(folder / "posterior_correlation.csv")


def reach_checks(table: pd.DataFrame) -> list[Check]:
    """Say of every observed statistic whether the prior comes near it."""
    rows = table.to_dict("records")
    return [
        Check(
            PART,
            f"{row['statistic']} of the signed leases: robust deviations from what the prior gives",
            float(row["implausibility"]),
            high=OUT_OF_REACH,
            source="history matching, three deviations",
            observed=float(row["observed"]),
            interval=(float(row["low"]), float(row["high"])),
            look=REACH,
            cause="the interval is what 95% of the samples give of it, the record what was signed; left "
            "out of the posterior when it misses: no setting of the six parameters makes up for it",
        )
        for row in rows
    ]


def calibration_checks(table: pd.DataFrame, seen: Sequence[str] = tuple(PRIOR)) -> list[Check]:
    """Say of every parameter whether synthetic data give it back."""
    rows = table.set_index("parameter")
    checks = []
    for name in seen:
        row = rows.loc[name]
        spread = float(row["posterior_over_prior_sd"])
        checks.append(
            Check(
                PART,
                f"{name}: correlation of what synthetic data give back with what they were made with",
                float(row["recovered_correlation"]),
                low=0.5,
                unit="correlation",
                source=OURS,
                interval=(float(row["posterior_05"]), float(row["posterior_95"])),
                look=IDENTIFIED,
                cause=f"posterior median {float(row['posterior_median']):.3g} (interval: 5 to 95%), spread "
                f"{spread:.2f} of the prior's; the leases say little of a parameter that misses: sweep it",
            )
        )
    return checks
