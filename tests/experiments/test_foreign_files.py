"""Runs and studies of strangers: opening one executes nothing, and names in it are only names."""

import ast
import json
import os
import shutil
from pathlib import Path

import pytest

from agents.strategies import base
from experiments.analysis.analyse import analyse
from experiments.cli_run import Request, run_and_report
from experiments.plans import make_plan
from experiments.store import make_store, open_store
from experiments.store_files import StoreError
from experiments.store_layout import read_manifest as read_study_manifest
from experiments.strategy_files import StrategyFileError, load_strategies
from experiments.study_files import load_study
from model import foreign_files
from model.run import Run, run
from model.run_folder import RunFolderError, read_manifest, slug
from model.scenario_files import load_scenario
from viz.firm import Cell, Table
from viz.folders import holding
from viz.study import StoredStudy

ROOT = Path(__file__).resolve().parents[2]
MODULES = [path for name in ("agents", "model", "experiments", "viz") for path in (ROOT / name).rglob("*.py")]
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml", "xml", "lxml"}
TRAP = """from pathlib import Path
Path({sprung!r}).touch()
import gridrush
class Trap(gridrush.Strategy):
    name = "trap"
    citation = "made up for a test"
    def probabilities(self, blocks):
        chosen = 0.0 * blocks.value
        chosen[:, 0] = 1.0
        return chosen
"""
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def trap(tmp_path, monkeypatch) -> Path:
    """Return a strategy file that leaves a trace when it is executed."""
    monkeypatch.setattr(base, "_registered", dict(base._registered))
    path = tmp_path / "theirs" / "trap.py"
    path.parent.mkdir()
    path.write_text(TRAP.format(sprung=str(tmp_path / "sprung")))
    return path


def test_no_module_reads_a_format_that_can_hold_code_or_entities():
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {(path.name, name.name) for name in node.names if name.name.split(".")[0] in UNSAFE}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE:
                found.add((path.name, node.module))
            elif isinstance(node, ast.Call):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                unsafe = {"read_pickle", "read_graphml", "read_xml", "read_gml", "exec_module"}
                builtin = isinstance(node.func, ast.Name) and called in {
                    "eval",
                    "exec",
                    "compile",
                    "__import__",
                }
                if called in unsafe or builtin:
                    found.add((path.name, called))
    assert found == {("strategy_files.py", "exec_module")}


def test_opening_a_run_with_a_strategy_of_its_own_executes_nothing(trap, tmp_path, gridrush):
    scenario = load_scenario("reference", **{"horizon.months": 2, "population.private_firms": 10})
    folder = run(scenario, 1).save(tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["parameters"]["choice.strategy"] = "trap"
    manifest["strategy_file"] = f"{trap}:Trap"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    shutil.copy(trap, folder / "trap.py")
    opened = Run.load(folder)
    assert opened.scenario.choice.strategy == "trap"
    assert opened.relations.number_of_nodes() > 10
    assert holding(folder) == "run"
    assert gridrush("verify", folder)[0] == 1
    assert not (tmp_path / "sprung").exists()


@pytest.fixture
def theirs(trap, study_document) -> Path:
    """Return a study file that asks for the trap."""
    document = study_document()
    lines = [
        f'name = "{document["name"]}"',
        'strategies = ["trap.py:Trap"]',
        'outcomes = { gap = { series = "gap_gw" } }',
        'design = { kind = "paired" }',
        "set = { horizon.months = 2, population.private_firms = 10 }",
        'arms = { reference = {}, trap = { choice.strategy = "trap" } }',
    ]
    path = trap.with_name("theirs.toml")
    path.write_text("\n".join(lines))
    return path


def test_a_study_that_asks_for_code_runs_only_if_the_code_is_named(theirs, tmp_path, gridrush, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = gridrush("study", theirs, "--workers", 1, "--out", "store")
    assert status == 1
    assert "the study asks for code of its own" in err
    assert f"--strategy {theirs.parent}/trap.py:Trap" in err
    assert not Path("sprung").exists()
    assert not Path("store").exists()
    status, out, err = gridrush(
        "study", theirs, "--workers", 1, "--out", "store", "--strategy", "theirs/trap.py:Trap"
    )
    assert status == 0, err
    assert "2 runs succeeded, 0 failed" in out
    assert Path("sprung").exists()


def test_opening_a_study_with_a_strategy_of_its_own_executes_nothing(theirs, tmp_path, gridrush, made_up):
    store = make_store(tmp_path / "store", make_plan(load_study(theirs)))
    assert open_store(store.folder).plan.runs == 2
    assert holding(store.folder) == "study"
    assert StoredStudy(store.folder).study["strategies"]
    assert gridrush("study", store.folder, "--status")[0] == 0
    assert gridrush("analyse", store.folder)[0] == 1
    status, _, err = gridrush("study", store.folder, "--resume")
    assert status == 1
    assert "name it to let it run" in err
    assert not (tmp_path / "sprung").exists()


def test_strategies_that_come_with_gridrush_need_no_naming_but_paths_through_it_do(trap):
    load_strategies([f"{ROOT}/experiments/claims/hesitant.py:Hesitant"], [])
    detour = os.path.relpath(trap, ROOT / "experiments")
    with pytest.raises(StrategyFileError, match="code of its own"):
        load_strategies([f"{ROOT}/experiments/{detour}:Trap"], [])
    with pytest.raises(StrategyFileError, match="the study does not ask for it"):
        load_strategies([], [f"{trap}:Trap"])


@pytest.mark.parametrize("reader", [read_manifest, read_study_manifest])
@pytest.mark.parametrize(
    ("content", "message"),
    [("[" * 100_000, "nested too deeply"), (" " * (foreign_files.LARGEST + 1), "larger than 10 MB")],
    ids=["nested", "large"],
)
def test_a_manifest_made_to_exhaust_memory_is_refused_in_a_line(tmp_path, reader, content, message):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises((RunFolderError, StoreError), match=message) as refused:
        reader(tmp_path)
    assert "\n" not in str(refused.value)
    assert holding(tmp_path) == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_manifest_that_never_ends_is_refused(tmp_path):
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(RunFolderError, match="not a regular file"):
        read_manifest(tmp_path)
    assert holding(tmp_path) == ""


@pytest.mark.parametrize("content", ["a = " + "[" * 100_000, "a = 1" + "0" * 10_000, "#" + " " * 1_000_001])
def test_a_study_file_made_to_exhaust_memory_is_refused(tmp_path, content):
    path = tmp_path / "large.toml"
    path.write_text(content)
    with pytest.raises(ValueError, match=str(path)) as refused:
        load_study(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside", "..", "a/../../b", "C:\\outside", "~"])
def test_a_name_never_leads_out_of_a_folder(name):
    made = slug(name)
    assert Path("runs", made).resolve().parent == Path("runs").resolve()
    assert made


def test_a_run_and_a_study_called_like_a_path_land_in_runs(tmp_path, gridrush, monkeypatch, made_up):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("experiments.cli_run.save_summary", lambda run, path: path.touch())
    text = 'extends = "reference"\nname = "../../outside"\n[horizon]\nmonths = 1\n'
    Path("scenario.toml").write_text(text)
    request = Request("scenario.toml", 1, None, [], None, None, True, False)
    assert run_and_report(request)
    assert [path.name for path in Path("runs").iterdir()] == ["outside-seed1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "scenario.toml"]


def test_names_in_reports_are_text_and_no_markup(done):
    arms = {SCRIPT: {}, "bear": {"scenario": "btc_bear"}}
    outcomes = {"gap": {"series": "gap_gw", "label": SCRIPT}}
    store = done(name=SCRIPT, description=SCRIPT, arms=arms, outcomes=outcomes)
    analyse(store.folder)
    report = next(store.folder.rglob("*.html")).read_text(encoding="utf-8")
    assert "<script" not in report
    assert "&lt;script&gt;" in report


def test_names_on_the_page_are_text_and_no_markup():
    table = Table((SCRIPT,), ((Cell(SCRIPT),),)).html()
    assert "<script" not in table
    assert table.count("&lt;script&gt;") == 2
