"""`gridrush claims` as it is typed: mistakes, an interruption, going on, and the report."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from experiments import cli
from experiments.claims.rules import OPEN, rules
from experiments.store import open_store

RUN = [sys.executable, "-c", "from experiments.cli import main; main()", "claims"]
FEW = ["--out", "here", "--replications", "2"]


def said_by(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gridrush", "claims", *arguments])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code
    return capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--replications", "1"], "'--replications': Input should be greater than or equal to 2"),
        (["--replications", "many"], "'--replications': Input should be a valid integer"),
        (["--workers", "0"], "'--workers': Input should be greater than or equal to 1"),
        (["--out", "a_file"], "cannot write to a_file: it is a file, and a folder is needed"),
        (["--out", "others"], "cannot write to others: it holds other things than claims"),
        (["--out", "others", "--resume"], "cannot write to others: it holds other things than claims"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_text("mine")
    Path("others").mkdir()
    Path("others", "letter.txt").write_text("mine")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    answer = said_by(arguments, monkeypatch, capsys)
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert words in answer.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="sends a signal of Unix")
@pytest.mark.slow
def test_an_interrupted_command_goes_on_and_writes_a_report_that_judges_nothing_by_two_draws(
    tmp_path, monkeypatch, capsys
):
    """The real thing: SIGINT in the middle, the rest with two workers, and judging again."""
    with subprocess.Popen(
        [*RUN, *FEW, "--workers", "1"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not list(tmp_path.glob("here/runs/.chunks/*/*.runs.parquet")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "stopped; go on with: gridrush claims --out here --resume --replications 2" in err
    assert "Traceback" not in err
    done = len(open_store(tmp_path / "here" / "runs").runs())
    assert 0 < done < 20
    monkeypatch.chdir(tmp_path)
    assert "holds claims already; go on with --resume" in said_by(FEW, monkeypatch, capsys).err
    again = subprocess.run(
        [*RUN, *FEW, "--workers", "2", "--resume"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"{20 - done} to do" in again.stderr
    table = pd.read_csv(tmp_path / "here" / "claims_table.csv")
    assert table["claim"].unique().tolist() == [claim.key for claim in rules().claims]
    assert set(table["verdict"]) == {OPEN}
    text = (tmp_path / "here" / "claims.md").read_text(encoding="utf-8")
    assert "2 draws are too few to judge by" in text
    assert text.count("**What is behind it.**") == len(rules().claims)
    for claim in rules().claims:
        assert (tmp_path / "here" / f"{claim.key}.png").stat().st_size > 10_000
        assert f'id="{claim.key}"' in (tmp_path / "here" / "claims.html").read_text(encoding="utf-8")
    changed = said_by(["--out", "here", "--resume", "--replications", "3"], monkeypatch, capsys)
    assert "changed: replications" in changed.err
