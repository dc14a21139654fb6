"""What the documentation shows works, and the numbers it quotes are those of the code."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from model.run import Run
from model.scenario_files import load_scenario

ROOT = Path(__file__).resolve().parents[1]
GRIDRUSH = Path(sys.executable).with_name("gridrush")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GRIDRUSH, *words], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_the_documented_strategy_runs_from_its_file_and_decides(tmp_path: Path) -> None:
    (code,) = blocks("docs/strategies.md", "python")
    assert len(code.splitlines()) <= 25
    (tmp_path / "patient.py").write_text(code)
    done = command(
        "run", "reference", "--strategy", "patient.py:Patient", "--months", "18", "--out", "out", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    saved = Run.load(tmp_path / "out")
    assert saved.scenario.choice.strategy == "patient"
    decisions = saved.events.query("kind == 'decision'")
    assert (decisions.outcome == "signed").any()
    moved = decisions[decisions.use != "mine"]
    assert (moved.hurdle >= 1.99 * moved.value_mine.clip(lower=0)).all()


def test_the_scenario_in_the_readme_is_one_and_says_only_what_differs(tmp_path: Path) -> None:
    (text,) = blocks("README.md", "toml")
    (tmp_path / "slow_grid.toml").write_text(text)
    scenario = load_scenario(tmp_path / "slow_grid.toml")
    assert set(scenario.differences(load_scenario("reference"))) - {"name", "description"} == {
        "power.connection_scale"
    }


@pytest.mark.parametrize(
    "line", [line for block in blocks("README.md", "console") for line in block.splitlines()]
)
def test_every_command_in_the_readme_works(line: str, tmp_path: Path) -> None:
    words = shlex.split(line, comments=True)
    assert words[0] == "gridrush"
    done = command(*words[1:], *(["--months", "2"] if words[1] == "run" else []), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
