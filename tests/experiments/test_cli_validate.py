"""`gridrush validate`: one report, or one line why not."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.validation.calibration import PRIOR, posterior_draw

SCRIPT = Path(sys.executable).with_name("gridrush")


def gridrush(*arguments):
    return subprocess.run(
        [SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=1500, check=False
    )


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear referee")
    done = gridrush("validate", "--quick", "--out", tmp_path)
    assert done.returncode == 1
    assert "other things" in done.stderr
    assert (tmp_path / "letter.txt").exists()


def test_a_draw_of_the_posterior_sets_the_six_parameters():
    draw = posterior_draw(3)
    assert list(draw) == list(PRIOR)
    assert all(low <= draw[name] <= high for name, (low, high) in PRIOR.items())
    assert posterior_draw(3) == draw != posterior_draw(4)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_report_has_every_part_figure_and_table(tmp_path):
    done = gridrush("validate", "--quick", "--replications", 2, "--out", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"report.html", "report.md", "checks.csv", "ablations.csv", "backtest_events.png"} <= written
    checks = pd.read_csv(tmp_path / "report" / "checks.csv")
    parts = {"reference values", "stated figures", "backtests", "patterns", "refinement", "calibration"}
    assert set(checks["part"]) == parts
    text = (tmp_path / "report" / "report.md").read_text()
    assert all(name in text for name in checks.loc[checks["verdict"] == "MISS", "check"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_can_take_a_draw_of_the_posterior(tmp_path):
    done = gridrush("run", "--posterior", 2, "--months", 6, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert f"{posterior_draw(2)['choice.review']:.4g}"[:4] in (tmp_path / "run" / "manifest.json").read_text()
