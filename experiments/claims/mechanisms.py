"""What is behind each verdict, in a sentence whose every number is computed from the same runs.

Words are in `mechanisms.toml`; functions here return the numbers that go into them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agents.economics.discounting import annuity_factor
from agents.economics.leases import powered_shell_equity
from experiments.analysis.material import Material
from experiments.claims.evidence import FROM_GRID, Evidence, evidence_of, firms_of
from experiments.claims.rules import rules
from experiments.claims.statistics import (
    GROUPS,
    HELD,
    LATE,
    MONTHS_TO_2028,
    MOSTLY,
    NAN,
    WAITING,
    alive_2028,
    months_stayed,
    offered_sites,
)
from experiments.claims.verdicts import Finding
from experiments.claims.words import figure, joined_by_and
from experiments.fates import AI_USES, NEVER
from experiments.outcomes import ARTICLE_END
from model.baseline_tables import load_tables
from model.parameters.demand import Leases

NEARLY_ALL = 0.9
ACQUIRED, LIQUIDATED, CLOSED = "acquired", "liquidated", "closed"
TENANTS = ("hyperscaler", "neocloud")
HELD_THEN = [f"{name}_2028" for name in HELD]
WORDS = Path(__file__).with_suffix(".toml")

Numbers = dict[str, Any]
"""By their names in the sentence; a text goes in as it is."""


class Scene(NamedTuple):
    """What the numbers are read off.

    Attributes:
        runs: The paired runs.
        spread: The runs over shared uncertainties.
        end_of_2028: The last month of 2028 of each paired run, with its `arm`.
        terms: The terms of leases in the reference.
    """

    runs: Evidence
    spread: Evidence
    end_of_2028: pd.DataFrame
    terms: Leases


def scene_of(runs: Material, spread: Material) -> Scene:
    """Return the scene of two stores that were run to their end."""
    evidence = evidence_of(runs)
    series = runs.store.table("series")
    then = series.loc[pd.to_datetime(series["month"]) == pd.Timestamp(ARTICLE_END)]
    marked = then.merge(evidence.runs[["run", "arm"]], on="run")
    return Scene(evidence, evidence_of(spread), marked, runs.plan.scenario.leases)


def mechanism(finding: Finding, scene: Scene) -> str:
    """Return the sentence about what is behind the verdict on a claim."""
    numbers = MECHANISMS[finding.claim.key](finding, scene)
    said = {
        name: value if isinstance(value, str) else figure(float(value)) for name, value in numbers.items()
    }
    return words()[finding.claim.key].format(**said)


@cache
def words() -> dict[str, str]:
    """Return the sentences, by the key of the claim."""
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def _gap(finding: Finding, scene: Scene) -> Numbers:
    arm, known = str(_means(_rows(finding)).idxmin()), rules()
    least, none = _arm(scene, arm), _arm(scene, "no_outside_supply")
    stated = known.near_term_grid_gw + known.under_construction_gw
    still_open = max(none["demand_2028"] - none["grid_2028"], 0.0) / (none["demand_2028"] - stated)
    edge, found = finding.tests[0].test.limits[0], finding.tests[0].estimate.value
    return {
        "arm": arm.replace("_", " "),
        "demand": least["demand_2028"],
        "grid": least["grid_2028"],
        "outside": least["outside_2028"],
        "stated": stated,
        "open_without": 100 * still_open,
        "turns": "turns" if (still_open > edge) != (found > edge) else "does not turn",
    }


def _value(finding: Finding, scene: Scene) -> Numbers:
    ranks = _means(_rows(finding))
    leases = _then(scene, "reference", "value_leases_share")
    return {
        "leases": 100 * leases,
        "megawatts": 100 * ranks["with megawatts"],
        "hash": 100 * ranks["with hash"],
    }


def _first_out(_: Finding, scene: Scene) -> Numbers:
    stayed = dict(zip(("small_grid", "small_other", "large_grid", "large_other"), GROUPS, strict=True))
    months = _means(months_stayed(scene.runs))
    firms = firms_of(scene.runs, "reference")
    small = firms.loc[firms["energised_mw"] <= firms.groupby("run")["energised_mw"].transform("median")]
    on_grid = small["grid_share"] >= FROM_GRID
    numbers: Numbers = {name: months[group] for name, group in stayed.items()}
    for power, own in (("grid", small.loc[on_grid]), ("other", small.loc[~on_grid])):
        numbers[f"cost_{power}"] = own["all_in_cost"].mean()
        numbers[f"failed_{power}"] = 100 * (own["reason"] == LIQUIDATED).mean()
        numbers[f"closed_{power}"] = 100 * (own["reason"] == CLOSED).mean()
    return numbers


def _who_is_let(finding: Finding, scene: Scene) -> Numbers:
    lost = _means(_rows(finding))
    let = float(offered_sites(scene.spread)["let"].to_numpy().mean())
    return {
        "let": 100 * let,
        "blind": f"{let * (1.0 - let):.3f}",
        "attributes": f"{lost['attributes']:.3f}",
        "willingness": f"{lost['willingness']:.3f}",
    }


def _shell(_: Finding, scene: Scene) -> Numbers:
    tables, terms = load_tables(), scene.terms
    rate, years = tables.target("exit_cap_rate").value, float(terms.shell_term)
    incomes = np.array([tables.target(f"inversion_noi_{name}_it").value for name in TENANTS])
    up_to_the_term = rate * float(annuity_factor(rate, years))

    def equity(income: np.ndarray) -> np.ndarray:
        return np.asarray(powered_shell_equity(income, rate, terms.colocation_capex, terms.it_to_gross))

    return {
        "incomes": _both(incomes),
        "rate": 100 * rate,
        "for_ever": _both(equity(incomes)),
        "for_the_term": _both(equity(incomes * up_to_the_term)),
        "years": f"{years:g}",
        "signed": _arm(scene, "reference")["rent_signed"],
    }


def _first_mover(_: Finding, scene: Scene) -> Numbers:
    firms = firms_of(scene.runs, *WAITING)
    firms = firms.loc[firms["fit_mw"] > 0]
    late, numbers = firms["follows"].isin(LATE), Numbers()
    for side, own in (("early", firms.loc[~late]), ("late", firms.loc[late])):
        first = own["first_lease_month"]
        numbers[f"leases_{side}"] = own["leases_signed"].mean()
        numbers[f"first_{side}"] = f"{first[first != NEVER].median():.0f}"
        numbers[f"gone_{side}"] = 100 * own["gone"].mean()
    return numbers


def _grid_only(_: Finding, scene: Scene) -> Numbers:
    firms = firms_of(scene.runs, "reference")
    firms = firms.loc[firms["grid_share"] >= FROM_GRID]
    left = (firms["exit_month"] >= 0) & (firms["exit_month"] <= MONTHS_TO_2028)
    uses = firms.loc[~left, HELD_THEN].sum()
    return {
        "bought": 100 * (left & (firms["reason"] == ACQUIRED)).mean(),
        "failed": 100 * (left & (firms["reason"] == LIQUIDATED)).mean(),
        "closed": 100 * (left & (firms["reason"] == CLOSED)).mean(),
        "idle": 100 * uses["idle_mw_2028"] / uses.sum(),
        "months": f"{scene.runs.horizon}",
        "gone_in_the_end": 100 * firms["gone"].mean(),
    }


def _sandwich(_: Finding, scene: Scene) -> Numbers:
    pairs = {"under": ("reference", "no_ai"), "without": ("no_halving", "neither")}
    firms = firms_of(scene.runs, *(arm for pair in pairs.values() for arm in pair))
    firms = firms.loc[~(firms["contracted_share"] > 0)]
    prices = [_then(scene, arm, "hashprice_usd_ph_day") for arm in ("no_ai", "reference")]
    numbers: Numbers = {"price_without_ai": prices[0], "price_with_ai": prices[1]}
    for halving, (with_ai, without_ai) in pairs.items():
        for name, reason in (("failed", LIQUIDATED), ("closed", CLOSED), ("bought", ACQUIRED)):
            share = (firms["reason"] == reason).groupby(firms["arm"]).mean()
            numbers[f"{name}_{halving}"] = 100 * (share.get(with_ai, NAN) - share.get(without_ai, NAN))
    return numbers


def _strata(finding: Finding, scene: Scene) -> Numbers:
    found: Any = _rows(finding)["clusters"].value_counts().sort_index()
    firms = alive_2028(scene.runs)
    shares: Any = firms[HELD_THEN].div(firms["held_mw"], axis=0)
    for_ai = [f"{name}_2028" for name in AI_USES]
    ai = shares[for_ai].sum(axis=1)
    largest = np.maximum(ai, shares.drop(columns=for_ai).max(axis=1))
    return {
        "counts": joined_by_and([f"{count:.0f} (in {runs} runs)" for count, runs in found.items()]),
        "one_use": 100 * (largest >= NEARLY_ALL).mean(),
        "any_ai": 100 * (ai > 0).mean(),
        "most_ai": 100 * (ai > MOSTLY).mean(),
        "small": firms["held_mw"].quantile(0.05),
        "large": firms["held_mw"].quantile(0.95),
    }


def _substitutes(_: Finding, scene: Scene) -> Numbers:
    columns = {"modelled": "modelled", "others": "rest_of_world", "network": "network"}
    return {
        name: 100 * (_then(scene, "reference", column) / _then(scene, "mine_only", column) - 1.0)
        for name, column in ((name, f"{of}_hashrate_eh_s") for name, of in columns.items())
    }


def _cap(_: Finding, scene: Scene) -> Numbers:
    arms = {"none": "no_outside_supply", "middle": "reference", "high": "onsite_power"}
    outcomes = {"gap": "gap_2028", "rent": "rent", "outside": "outside_2028"}
    return {
        f"{name}_{level}": _arm(scene, arm)[outcome]
        for level, arm in arms.items()
        for name, outcome in outcomes.items()
    }


def _rows(finding: Finding) -> pd.DataFrame:
    return finding.tests[0].rows.dropna()


def _means(table: pd.DataFrame) -> Any:  # noqa: ANN401
    return table.mean(numeric_only=True)


def _arm(scene: Scene, arm: str) -> Any:  # noqa: ANN401
    """Return the means of the outcomes in an arm."""
    return _means(scene.runs.runs.loc[scene.runs.runs["arm"] == arm])


def _then(scene: Scene, arm: str, column: str) -> float:
    """Return the mean of a series at the end of 2028 in an arm."""
    table = scene.end_of_2028
    return float(table.loc[table["arm"] == arm, column].to_numpy(dtype=float).mean())


def _both(values: np.ndarray) -> str:
    return " and ".join(figure(float(value)) for value in values)


MECHANISMS: dict[str, Callable[[Finding, Scene], Numbers]] = {
    "C1": _gap,
    "C2": _value,
    "C3": _first_out,
    "C4": _who_is_let,
    "C5": _shell,
    "C6": _first_mover,
    "C7": _grid_only,
    "C8": _sandwich,
    "C9": _strata,
    "X1": _substitutes,
    "X2": _cap,
}
"""By the key of the claim."""
