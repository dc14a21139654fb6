"""Small studies, and runs that cost nothing: what surrounds the model can be tested without it."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from experiments import cli, execution
from experiments.executors import Crew, SerialExecutor
from experiments.plans import Plan, make_plan
from experiments.runner import run_store
from experiments.store import Store, make_store
from experiments.study_files import parse_study
from model.series_columns import SERIES

TEXT = {
    "uncertainties": {"ai.demand_gw": {"low": 40.0, "high": 90.0}, "leases.theta": {"low": 0.0, "high": 1.0}}
}
OUTCOMES = {"gap": {"series": "gap_gw"}, "rent": {"series": "lease_rent_usd_kw_month", "reduce": "mean"}}
SHORT = {"horizon.months": 2}


def document(**changes: Any) -> dict[str, Any]:
    """Return the document of a small study, with changes."""
    tree = {"name": "small", "set": SHORT, "outcomes": OUTCOMES, "design": {"kind": "paired"}}
    return tree | {"arms": {"reference": {}, "bear": {"scenario": "btc_bear"}}} | changes


@pytest.fixture
def study_document() -> Callable[..., dict[str, Any]]:
    return document


class Answer(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def gridrush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Callable[..., Answer]:
    """Run the command line in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)

    def answer(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["gridrush", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Answer(ended.value.code, *capsys.readouterr())

    return answer


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """Return the plan of a small study, with changes."""
    return lambda **changes: make_plan(parse_study(document(**changes)))


def alone() -> Crew:
    return Crew(SerialExecutor(), 1, 1, "here")


@pytest.fixture
def done(tmp_path: Path, plan: Callable[..., Plan], made_up: None) -> Callable[..., Store]:
    """Return a finished study of made-up runs."""

    def finish(folder: str = "store", **changes: Any) -> Store:
        store = make_store(tmp_path / folder, plan(**changes))
        run_store(store, alone())
        return store

    return finish


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs be made up: quick, random by seed, and with effects that are known.

    The gap grows by one a GW of demand, falls by ten with theta, and has unit noise from the seed; without
    AI it is zero. Small firms leave early.
    """
    monkeypatch.setattr(execution, "simulate", _made_up)


def _made_up(scenario: Any, seed: int, keep: str, with_fates: bool) -> tuple[Any, dict[str, pd.DataFrame]]:
    draw = np.random.default_rng(seed)
    months = scenario.horizon.months
    index = pd.DatetimeIndex(pd.date_range("2025-11-01", periods=months, freq="MS"), name="month")
    series = pd.DataFrame({column.name: np.zeros(months) for column in SERIES}, index=index)
    effect = scenario.ai.demand_gw - 10.0 * scenario.leases.theta + 100.0 * scenario.bitcoin.log_drift
    series["gap_gw"] = effect + draw.normal()
    series["lease_rent_usd_kw_month"] = 144.0 + draw.normal(size=months)
    leases = pd.DataFrame({"at_start": [True], "product": ["shell"], "gross_mw": [1.0], "it_mw": [0.7]})
    found = {"fates": _fates(draw, months)} if with_fates else {}
    return SimpleNamespace(series=series, leases=leases, firms=pd.DataFrame()), found


def _fates(draw: np.random.Generator, months: int) -> pd.DataFrame:
    mw = draw.lognormal(3.0, 1.5, 40)
    cost = draw.normal(50.0, 10.0, 40)
    grid = (draw.random(40) < 0.5).astype(float)
    life = draw.exponential(40.0 * np.exp(-(cost - 50.0) / 20.0 + 0.3 * (np.log(mw) - 3.0))).astype(int) + 1
    gone = life < months
    return pd.DataFrame(
        {
            "firm": [f"firm {number}" for number in range(40)],
            "kind": np.where(mw > 60, "listed", "private"),
            "entry_month": 0,
            "exit_month": np.where(gone, life, -1),
            "gone": gone,
            "reason": np.where(gone, np.where(draw.random(40) < 0.7, "liquidated", "acquired"), ""),
            "duration": np.minimum(life, months),
            "all_in_cost": cost,
            "secured_mw": mw,
            "energised_mw": mw,
            "hash_eh_s": mw / 20,
            "contracted_share": np.where(mw > 80, 0.3, 0.0),
            "grid_share": grid,
            "own_share": 0.0,
            "us_share": 1.0,
            "first_lease_month": -1,
            "leases_signed": 0,
        }
    )
