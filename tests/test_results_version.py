"""Results are versioned: the stored reference run is what this code computes, or it is said why not."""

import importlib.util
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from model.provenance import RESULTS_VERSION

ROOT = Path(__file__).resolve().parents[1]
CODE = 'RESULTS_VERSION = 1\n"""Raised."""\n'
CHANGELOG = "# Changelog\n\n### Results change\n\n- **Results version 1**: the first.\n\n## [0.0.1]\n"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("reference_run", ROOT / "scripts" / "reference_run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Let the script work in a project of its own, whose results are a table of one number."""
    for name in ("STORED", "CODE", "CHANGELOG"):
        monkeypatch.setattr(script, name, tmp_path / name.lower())
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "RESULTS_VERSION", 1)
    (tmp_path / "code").write_text(CODE)
    (tmp_path / "changelog").write_text(CHANGELOG)

    def results(value: float, **more: float) -> None:
        row = {"value": value} | more
        tables = {name: pd.DataFrame([row]).rename_axis(script.KEYS[name]) for name in script.TABLES}
        monkeypatch.setattr(script, "reference_results", lambda: tables)

    results(1.0)
    assert script.main("") == 0
    return results


def test_the_reference_results_are_those_stored_under_this_results_version(script):
    found = script.results_differ(script.reference_results())
    assert not found, script.advice(found)
    assert script.stored_version() == RESULTS_VERSION


def test_the_changelog_tells_of_this_results_version(script):
    assert script.changelog_names(RESULTS_VERSION)
    assert not script.changelog_names(RESULTS_VERSION + 1)


def test_what_is_stored_is_the_shown_run_and_small(script):
    shown = int(re.search(r"^SEED \?= (\d+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)[1])
    assert shown == script.SEED
    assert json.loads((script.STORED / "about.json").read_text())["seed"] == shown
    assert sum(path.stat().st_size for path in script.STORED.iterdir()) < 300_000


def test_other_results_are_refused_with_what_to_do(script, elsewhere, capsys):
    elsewhere(1.001)
    assert script.main("") == 1
    told = capsys.readouterr().err
    assert "series.value: 1 of 1 values differs" in told
    assert "1.001 instead of 1" in told
    for step in ("bump RESULTS_VERSION", "CHANGELOG.md", "Results change", "make reference"):
        assert step in told
    assert script.stored_results()["series"].value[0] == 1.0


def test_other_results_with_a_reason_are_a_new_version(script, elsewhere):
    elsewhere(1.001)
    assert script.main("firms count their slips") == 0
    assert script.CODE.read_text() == CODE.replace("1", "2", 1)
    assert "- **Results version 2**: firms count their slips\n- **Results version 1**" in (
        script.CHANGELOG.read_text()
    )
    assert script.changelog_names(2)
    assert script.stored_version() == 2
    assert script.stored_results()["series"].value[0] == 1.001


def test_a_version_raised_by_hand_is_taken_once_the_changelog_tells_of_it(script, elsewhere, monkeypatch):
    elsewhere(1.001)
    monkeypatch.setattr(script, "RESULTS_VERSION", 2)
    assert script.main("") == 1
    script.CHANGELOG.write_text(CHANGELOG.replace("- **", "- **Results version 2**: slips count\n- **"))
    assert script.main("") == 0
    assert script.stored_version() == 2


def test_the_last_digits_of_another_platform_are_no_change(script, elsewhere):
    elsewhere(1.0 + 1e-8)
    assert script.main("") == 0
    assert script.stored_results()["series"].value[0] == 1.0


def test_a_new_column_needs_no_new_version(script, elsewhere):
    elsewhere(1.0, more=2.0)
    assert script.results_differ(script.reference_results())
    assert script.main("") == 0
    assert not script.results_differ(script.reference_results())
    assert script.stored_version() == 1
