"""`gridrush study` and `gridrush analyse` as they are typed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.store import open_store

SCRIPT = Path(sys.executable).with_name("gridrush")
FILE = """
replications = 4
set = { horizon.months = 2 }
arms = { reference = {}, bear = { scenario = "btc_bear" } }
outcomes = { gap = { series = "gap_gw" } }
design = { kind = "paired" }
"""


@pytest.fixture(autouse=True)
def _mine(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(FILE)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without the trial run that tells how long the study will take."""
    monkeypatch.setattr("experiments.cli_study.trial_seconds", lambda plan: 0.5)


def test_a_study_says_what_it_will_take_and_where_it_went(gridrush, made_up):
    status, out, err = gridrush("study", "mine.toml", "--workers", "1")
    assert status == 0
    assert "mine: 8 runs (2 x arm, 4 replications; paired)" in err
    assert "8 to do, about 4 s with 1 at work" in err
    assert "runs/study-mine: 8 runs succeeded, 0 failed" in out
    again = gridrush("study", "mine.toml", "--resume")
    assert "all 8 runs are done already" in again.out


def test_status_counts_every_run_once(gridrush, made_up):
    gridrush("study", "mine.toml", "--workers", "1", "--out", "here")
    status, out, _ = gridrush("study", "here", "--status")
    assert status == 0
    assert out.splitlines() == [
        "mine in here: 8 runs",
        "PENDING\t0",
        "RUNNING\t0",
        "SUCCEEDED\t8",
        "FAILED\t0",
    ]


def test_failed_runs_fail_the_command_and_are_told(gridrush, monkeypatch: pytest.MonkeyPatch):
    from experiments import execution

    def broken(*_):
        raise ArithmeticError("no luck")

    monkeypatch.setattr(execution, "simulate", broken)
    status, out, err = gridrush("study", "mine.toml", "--workers", "1")
    assert status == 1
    assert "0 runs succeeded, 8 failed" in out
    assert "gridrush: 8 runs failed: ArithmeticError: no luck" in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["study", "smok"], 1, "no study is called 'smok'; did you mean 'smoke'?"),
        (["study", "none.toml"], 1, "none.toml: there is no such file"),
        (["study", "mine.toml", "--workers", "0"], 2, "--workers"),
        (["study", "mine.toml", "--out", "mine.toml"], 1, "it is a file, and a folder is needed"),
        (["study", "mine.toml", "--status"], 1, "runs/study-mine: there is no such folder"),
        (["analyse", "nowhere"], 1, "nowhere: there is no such folder"),
    ],
)
def test_a_mistake_is_one_line(gridrush, arguments: list[str], status: int, words: str):
    answer = gridrush(*arguments)
    assert answer.status == status
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert words in answer.err


def test_an_existing_study_is_neither_overwritten_nor_mixed(gridrush, made_up, tmp_path: Path):
    assert gridrush("study", "mine.toml", "--workers", "1", "--out", "here").status == 0
    assert "holds a study already" in gridrush("study", "mine.toml", "--out", "here").err
    (tmp_path / "mine.toml").write_text(FILE.replace("= 4", "= 5"))
    assert "(changed: replications)" in gridrush("study", "mine.toml", "--out", "here", "--resume").err


@pytest.mark.skipif(os.name == "nt", reason="sends a signal of Unix")
def test_ctrl_c_leaves_a_store_that_can_be_resumed(tmp_path: Path):
    """The real thing: SIGINT to the process in the middle of a study."""
    (tmp_path / "mine.toml").write_text(FILE.replace("= 4", "= 400"))
    command = [SCRIPT, "study", "mine.toml", "--out", "here", "--workers", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(tmp_path.glob("here/.chunks/*/*.runs.parquet")):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped; go on with: gridrush study here --resume" in err
    assert "Traceback" not in err
    store = open_store(tmp_path / "here")
    assert 0 < len(store.runs()) < 800
    assert not store.status().active
    assert not any((store.folder / ".chunks").iterdir())
