"""The command line: a run from start to files, lists, and one clear line for every mistake."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.strategies import base
from experiments import cli
from model.identities import Identity
from model.run import TABLES, Run
from model.tick import TICK

SCRIPT = Path(sys.executable).with_name("gridrush")
FILES = sorted(
    [
        *(f"{name}.parquet" for name in TABLES),
        "manifest.json",
        "relations.graphml",
        "scenario.toml",
        "summary.png",
    ]
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figure blank: drawing takes longer than these runs."""
    monkeypatch.setattr("experiments.cli_run.save_summary", lambda run, path: path.touch())


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_saved_and_summed_up(gridrush, tmp_path: Path):
    status, out, err = gridrush("run", "--months", "3", "--seed", "5")
    folder = tmp_path / "runs" / "reference-seed5"
    assert status == 0
    assert left_behind(folder) == FILES
    assert err == "running reference, seed 5, 3 months\n"
    for words in (
        "IREN",
        "gap",
        "HHI",
        "never a forecast of a named company",
        "runs/reference-seed5",
        "summary.png",
    ):
        assert words in out
    run = Run.load(folder)
    assert (len(run.series), run.manifest["seed"], run.scenario.horizon.months) == (3, 5, 3)


@pytest.mark.usefixtures("quick")
def test_json_is_one_object_and_nothing_else(gridrush, tmp_path: Path):
    status, out, err = gridrush("run", "no_ai", "--months", "1", "--json", "--check", "--out", "here")
    facts = json.loads(out)
    assert (status, err) == (0, "")
    assert (facts["scenario"], facts["months"], facts["folder"]) == ("no_ai", 1, "here")
    assert facts["files"] == left_behind(tmp_path / "here") == FILES
    assert all(identity["ok"] for identity in facts["identities"])


@pytest.mark.usefixtures("quick")
def test_what_is_set_is_what_is_run(gridrush, tmp_path: Path):
    settings = ("--set", "ai.demand_gw=80", "--set", "bitcoin.price_process=constant")
    assert gridrush("run", "--months", "1", *settings, "--out", "here").status == 0
    scenario = Run.load(tmp_path / "here").scenario
    assert (scenario.ai.demand_gw, scenario.bitcoin.price_process) == (80, "constant")


@pytest.mark.usefixtures("quick")
def test_a_strategy_of_the_users_own_is_followed(gridrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(base, "_registered", dict(base._registered))
    (tmp_path / "mine.py").write_text(
        "from gridrush import Strategy\n"
        "from agents.strategies.base import find_strategy\n"
        "class Stubborn(type(find_strategy('mine_only'))):\n"
        "    name = 'stubborn'\n    citation = 'folklore'\n"
    )
    assert gridrush("run", "--months", "1", "--strategy", "mine.py:Stubborn", "--out", "here").status == 0
    run = Run.load(tmp_path / "here")
    assert run.manifest["parameters"]["choice.strategy"] == "stubborn"
    assert run.manifest["strategy_file"] == "mine.py:Stubborn"


@pytest.mark.usefixtures("quick")
def test_the_same_seed_gives_the_same_tables(gridrush, tmp_path: Path):
    for folder in ("one", "other"):
        assert gridrush("run", "--months", "2", "--seed", "3", "--out", folder).status == 0
    one, other = Run.load(tmp_path / "one"), Run.load(tmp_path / "other")
    for name in TABLES:
        assert getattr(one, name).equals(getattr(other, name))


@pytest.mark.usefixtures("quick")
def test_identities_that_fail_fail_the_command(gridrush, monkeypatch: pytest.MonkeyPatch):
    from experiments import cli_run

    monkeypatch.setattr(cli_run, "identities", lambda _: [Identity("gap", 9.0, 44.0, 0.1, "GW")])
    status, out, _ = gridrush("run", "--months", "1", "--check")
    assert status == 1
    assert "1 of 1 identities do NOT hold." in out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["run", "--months", "0"], 2, "--months"),
        (["run", "--months", "-3"], 2, "--months"),
        (["run", "--seed", "-1"], 2, "--seed"),
        (["run", "--seed", "lucky"], 2, "--seed"),
        (["run", "--colour", "red"], 2, "No such option: --colour"),
        (["run", "reference", "again"], 2, "again"),
        (["dance"], 2, "dance"),
        (["run", "--months", "99999"], 1, "horizon.months: expected a whole number from 1 to 1200"),
        (["run", "refrence"], 1, "did you mean 'reference'?"),
        (["run", "nowhere.toml"], 1, "nowhere.toml: there is no such file"),
        (["run", "--set", "ai.demand=80"], 1, "did you mean 'ai.demand_gw'?"),
        (["run", "--set", "ai.demand_gw"], 1, "expected KEY=VALUE"),
        (["run", "--set", "ai.demand_gw=lots"], 1, "ai.demand_gw: expected a number"),
        (["run", "--strategy", "nothing.py:Thing"], 1, "there is no file nothing.py"),
        (["run", "--out", "taken"], 1, "cannot write to taken: it holds other things"),
        (["run", "--out", "taken/file"], 1, "cannot write to taken/file: it is a file"),
        (["run", "--out", "taken/file/run"], 1, "cannot write to taken/file/run"),
        (["parameters", "bitcon"], 1, "no group of parameters is called 'bitcon'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    gridrush, tmp_path: Path, arguments: list[str], status: int, words: str
):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    answer = gridrush(*arguments)
    assert answer.status == status
    assert answer.out == ""
    assert answer.err.startswith("gridrush: ")
    assert answer.err.count("\n") == 1
    assert words in answer.err
    assert (left_behind(tmp_path), left_behind(tmp_path / "taken")) == (["taken"], ["file"])


def test_several_wrong_settings_are_a_line_each(gridrush):
    answer = gridrush("run", "--set", "one=1", "--set", "two=2")
    lines = answer.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("gridrush: unknown key") for line in lines)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_says_so(gridrush, tmp_path: Path):
    tmp_path.chmod(0o500)
    answer = gridrush("run", "--months", "1", "--out", "runs/here")
    tmp_path.chmod(0o700)
    assert answer.status == 1
    assert answer.err == "gridrush: cannot write to runs/here: Permission denied\n"


def test_an_interrupted_run_says_so_and_leaves_nothing(
    gridrush, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from experiments import cli_run

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_run, "run_scenario", interrupted)
    answer = gridrush("run", "--out", "deep/here")
    assert (answer.status, answer.err.splitlines()[-1]) == (130, "gridrush: stopped; nothing was written")
    assert left_behind(tmp_path) == []


def test_a_bug_is_not_passed_off_as_the_users_mistake(gridrush, monkeypatch: pytest.MonkeyPatch):
    from experiments import cli_run

    def broken(*_, **__):
        raise ValueError("ours")

    monkeypatch.setattr(cli_run, "run_scenario", broken)
    monkeypatch.setattr(sys, "argv", ["gridrush", "run"])
    with pytest.raises(ValueError, match="ours"):
        cli.main()


def test_the_tick_is_printed_in_its_order(gridrush):
    lines = gridrush("tick").out.splitlines()[1:]
    assert [line.split("\t")[:2] for line in lines] == [[str(phase.number), phase.name] for phase in TICK]
    assert len(lines) == 16


def test_every_shipped_scenario_and_parameter_is_listed(gridrush):
    from model.parameter_table import parameters
    from model.scenario_files import scenario_names

    listed = [line.split("\t")[0] for line in gridrush("scenarios").out.splitlines()[1:]]
    assert listed == scenario_names()
    table = [line.split("\t") for line in gridrush("parameters").out.splitlines()[1:]]
    assert [row[0] for row in table] == list(parameters())
    assert all(len(row) == 6 for row in table)
    assert all(line.startswith("power.") for line in gridrush("parameters", "power").out.splitlines()[1:])


def test_without_a_command_there_is_help(gridrush):
    assert "Usage: gridrush" in gridrush().out
    assert gridrush("--version").out.strip()


def test_help_costs_no_more_than_the_libraries_it_is_printed_with_and_a_closed_pipe_is_no_error():
    output = {"capture_output": True, "text": True, "timeout": 60, "check": True}

    def seconds(*command: str | Path) -> float:
        start = time.perf_counter()
        subprocess.run(command, **output)
        return time.perf_counter() - start

    libraries = (sys.executable, "-c", "import typer, rich.console, rich.table, rich.panel, pydantic")
    helped = (SCRIPT, "run", "--help")
    # A ratio, because machines are busy; by the clock of an idle one it is about 0.25 s.
    assert min(seconds(*helped) / seconds(*libraries) for _ in range(3)) < 3.0
    piped = subprocess.run(f"{SCRIPT} parameters | head -1", shell=True, **output)
    assert (piped.stdout.count("\n"), piped.stderr) == (1, "")
