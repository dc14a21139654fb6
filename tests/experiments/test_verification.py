"""A saved run is confirmed by running it again; whatever was altered in it is found and named."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from agents.strategies import base
from experiments import verification
from experiments.verification import verify
from model.run import run
from model.scenario_files import load_scenario

STRATEGY = """import gridrush
class Stubborn(gridrush.Strategy):
    name = "stubborn"
    citation = "made up for a test"
    def probabilities(self, blocks):
        chosen = 0.0 * blocks.value
        chosen[:, 0] = 1.0
        return chosen
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    scenario = load_scenario("reference", **{"horizon.months": 9, "population.private_firms": 30})
    return run(scenario, 4).save(tmp_path_factory.mktemp("saved") / "run")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "run"))


def altered(folder: Path, **changes: object) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_a_run_is_confirmed_to_the_last_bit(saved, gridrush):
    status, out, err = gridrush("verify", saved)
    assert status == 0
    assert out.splitlines()[-1] == "confirmed, bit-identical"
    assert out.count("bit-identical") == 9
    assert "running reference, seed 4, 9 months again" in err


def test_a_run_stopped_early_is_confirmed_for_the_months_it_has(tmp_path):
    industry = verification.Industry("reference", rng=2, **{"population.private_firms": 10})
    industry.run_for(3)
    found = verify(verification.run_of(industry).save(tmp_path / "short"))
    assert found.confirmed
    assert found.outcomes[0].rows == 3


def test_a_light_run_is_confirmed_as_it_was_kept(tmp_path):
    scenario = load_scenario("no_ai", **{"horizon.months": 4})
    assert verify(run(scenario, 1, keep="series").save(tmp_path / "light")).confirmed


def test_a_tampered_table_is_found_and_named(folder, gridrush):
    path = folder / "series.parquet"
    table = pd.read_parquet(path)
    table.iloc[5, table.columns.get_loc("gap_gw")] += 1e-9
    table.to_parquet(path)
    status, out, _ = gridrush("verify", folder)
    assert status == 1
    assert "series.gap_gw: 1 of 9 values differs, first in 2026-04" in out
    assert out.splitlines()[-1] == "NOT confirmed: 1 of 8 tables and files differ"


def test_a_tampered_name_is_found(folder):
    path = folder / "firms.parquet"
    table = pd.read_parquet(path)
    table["firm"] = table["firm"].astype(object).where(table.index != 3, "Somebody else")
    table.to_parquet(path)
    found = {outcome.name: outcome.differences for outcome in verify(folder).outcomes}
    assert str(found["firms"][0]).startswith("firms.firm: 1 of")
    assert not found["series"]


@pytest.mark.parametrize(
    ("file", "source"), [("relations.graphml", "its tables give"), ("scenario.toml", "its manifest gives")]
)
def test_a_file_that_tells_another_story_is_found(folder, gridrush, file, source):
    (folder / file).write_text((folder / file).read_text() + "\n")
    status, out, _ = gridrush("verify", folder)
    assert status == 1
    assert f"{file}: not what {source}" in out


def test_on_another_machine_the_last_digits_may_differ_and_it_says_so(folder, gridrush):
    path = folder / "series.parquet"
    table = pd.read_parquet(path)
    table["btc_price_usd"] *= 1 + 1e-12
    table.to_parquet(path)
    status, out, _ = gridrush("verify", altered(folder, processor="abacus"))
    assert status == 0
    assert (
        "confirmed within a relative 1e-06, not to the last bit; other here than where it was made: the proc"
        in out
    )
    table["btc_price_usd"] *= 1 + 1e-4
    table.to_parquet(path)
    status, out, _ = gridrush("verify", folder)
    assert status == 1
    assert "series.btc_price_usd: 9 of 9 values differ" in out


def test_other_packages_are_named(folder, gridrush):
    versions = json.loads((folder / "manifest.json").read_text())["versions"]
    status, out, _ = gridrush("verify", altered(folder, versions=versions | {"numpy": "0.9"}))
    assert status == 0
    assert "confirmed, bit-identical, although other here than where it was made: numpy" in out
    assert "(made with 0.9)" in out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"results_version": 1}, "results version 1, and this Gridrush gives"),
        ({"parameter_hash": "0" * 64}, "not those of the run"),
        ({"seed": -3}, "damaged (seed or keep"),
        ({"seed": "7"}, "damaged (seed is not"),
        ({"months": 400}, "400 months, but the horizon is 9"),
        ({"parameters": {"ai.demnd_gw": 3}}, "did you mean"),
        ({"parameters": {"choice.strategy": "os.system"}}, "strategy 'os.system' is not known here"),
        ({"parameters": [1]}, "damaged (parameters"),
        ({"names": 3}, "damaged (says nothing of names)"),
        ({"tables": {"series": 3}}, "damaged"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_manifest_that_cannot_be_followed_is_refused_in_a_line(folder, gridrush, changes, message):
    status, out, err = gridrush("verify", altered(folder, **changes))
    (line,) = [line for line in err.splitlines() if not line.startswith("running")]
    assert (status, out) == (1, "")
    assert line.startswith("gridrush: ")
    assert str(folder) in line or "manifest.json" in line
    assert message in line


def test_a_missing_table_is_named(folder, gridrush):
    (folder / "leases.parquet").unlink()
    status, _, err = gridrush("verify", folder)
    assert status == 1
    assert err.splitlines()[-1] == f"gridrush: {folder / 'leases.parquet'}: missing"


def test_a_strategy_is_loaded_only_when_it_is_named(tmp_path, gridrush, monkeypatch):
    monkeypatch.setattr(base, "_registered", dict(base._registered))
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(STRATEGY)
    status, *_ = gridrush("run", "--months", 3, "--strategy", "own.py:Stubborn", "--out", "run")
    assert status == 0
    del base._registered["stubborn"]
    status, _, err = gridrush("verify", "run")
    assert status == 1
    assert (
        "strategy 'stubborn' is not known here (the run was made with own.py:Stubborn); name its file" in err
    )
    assert "stubborn" not in base._registered
    status, out, _ = gridrush("verify", "run", "--strategy", "own.py:Stubborn")
    assert status == 0
    assert "confirmed, bit-identical" in out
