"""A saved run comes back as it was, is never half there, and says what is wrong with it."""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from model import provenance
from model.provenance import RESULTS_VERSION, code_version
from model.run import TABLES, Run
from model.run_folder import RunFolderError, check_writable

ROOT = Path(__file__).resolve().parents[2]
FILES = [*(f"{name}.parquet" for name in TABLES), "manifest.json", "relations.graphml", "scenario.toml"]


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_comes_back_as_it_was(made_up_run: Run, tmp_path: Path):
    folder = made_up_run.save(tmp_path / "deep" / "run")
    again = Run.load(folder)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(made_up_run, name))
    assert again.manifest == json.loads(json.dumps(made_up_run.manifest))
    assert again.scenario == made_up_run.scenario
    assert nx.utils.graphs_equal(again.relations, made_up_run.relations)
    assert nx.utils.graphs_equal(again.relations_in("2027-04"), made_up_run.relations_in("2027-04"))
    assert left_behind(folder) == sorted(FILES)


def test_the_manifest_says_how_the_numbers_came_about(made_up_run: Run):
    manifest = made_up_run.manifest
    assert "never a forecast of a named company" in manifest["purpose"]
    assert manifest["seed"] == 7
    assert (manifest["first_month"], manifest["last_month"], manifest["months"]) == ("2025-11", "2032-12", 86)
    assert manifest["parameters"] == made_up_run.scenario.values()
    assert manifest["parameter_hash"] == made_up_run.scenario.parameter_hash()
    assert {"python", "numpy", "mesa", "pandas"} <= manifest["versions"].keys()
    assert manifest["results_version"] == RESULTS_VERSION
    assert manifest["code_version"] == code_version()
    assert manifest["platform"] == platform.platform()
    assert datetime.fromisoformat(manifest["started"]).utcoffset() == timedelta(0)
    lock = (ROOT / "requirements.lock").read_bytes()
    assert manifest["lock"]["sha256"] == hashlib.sha256(lock).hexdigest()
    assert manifest["wall_seconds"] >= 0
    for name in TABLES:
        table = getattr(made_up_run, name)
        assert manifest["tables"][name]["rows"] == len(table)
        assert set(table.columns) <= manifest["tables"][name]["columns"].keys()


def test_the_manifest_names_the_revision_and_whether_the_tree_was_changed(monkeypatch: pytest.MonkeyPatch):
    for changes, clean in (("", True), (" M model/run.py", False)):
        answers = {"rev-parse": "abc123", "status": changes}
        monkeypatch.setattr(provenance, "_git", lambda verb, *_, answers=answers: answers[verb])
        monkeypatch.setattr(provenance, "ROOT", ROOT)
        assert provenance.git_state.__wrapped__() == {"revision": "abc123", "clean": clean}


def test_without_a_checkout_there_is_no_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.git_state.__wrapped__() is None


def test_the_manifest_tells_of_packages_that_are_not_as_locked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provenance, "versions", lambda: {"python": "3.12.0", "numpy": "0.1"})
    (other,) = provenance.lock_state.__wrapped__()["not_as_locked"]
    assert re.fullmatch(r"numpy 0\.1 \(locked \d.*\)", other)


def test_the_time_is_taken_when_a_run_is_made_and_not_when_gridrush_is_imported(made_up_run: Run):
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert datetime.fromisoformat(provenance.begun()) >= before
    hour_ago = datetime.fromisoformat(provenance.begun(3600))
    assert timedelta(seconds=3590) < datetime.now(UTC) - hour_ago < timedelta(seconds=3610)


def test_tables_can_be_read_without_gridrush(made_up_run: Run, tmp_path: Path):
    folder = made_up_run.save(tmp_path / "run")
    code = (
        "import pandas, sys; t = pandas.read_parquet(sys.argv[1] + '/series.parquet');"
        "assert t.index.name == 'month' and len(t) == 86 and t.gap_gw.notna().all();"
        "assert not {'model', 'agents', 'gridrush'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_saved_scenario_is_a_scenario_file(made_up_run: Run, tmp_path: Path):
    from model.scenario_files import load_scenario

    folder = made_up_run.save(tmp_path / "run")
    assert load_scenario(folder / "scenario.toml").parameter_hash() == made_up_run.manifest["parameter_hash"]


def test_an_earlier_run_is_replaced_whole(made_up_run: Run, tmp_path: Path):
    made_up_run.save(tmp_path / "run", also=lambda folder: (folder / "summary.png").write_text("old"))
    made_up_run.save(tmp_path / "run")
    assert left_behind(tmp_path) == ["run"]
    assert left_behind(tmp_path / "run") == sorted(FILES)


def test_what_is_not_a_run_is_never_overwritten(made_up_run: Run, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match="holds other things than a Gridrush run"):
        made_up_run.save(tmp_path)
    with pytest.raises(RunFolderError, match="it is a file"):
        made_up_run.save(tmp_path / "thesis.txt")
    with pytest.raises(RunFolderError, match="cannot write"):
        made_up_run.save(tmp_path / "thesis.txt" / "run")
    assert left_behind(tmp_path) == ["thesis.txt"]


def test_an_empty_folder_is_taken(made_up_run: Run, tmp_path: Path):
    made_up_run.save(tmp_path)
    assert left_behind(tmp_path) == sorted(FILES)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_half_written_is_left_behind(made_up_run: Run, tmp_path: Path, failure: BaseException):
    def fail(folder: Path) -> None:
        (folder / "summary.png").write_text("half")
        raise failure

    before = made_up_run.save(tmp_path / "run")
    with pytest.raises((RunFolderError, KeyboardInterrupt)):
        made_up_run.save(tmp_path / "run", also=fail)
    with pytest.raises((RunFolderError, KeyboardInterrupt)):
        made_up_run.save(tmp_path / "new" / "run", also=fail)
    assert left_behind(tmp_path) == ["run"]
    assert left_behind(before) == sorted(FILES)


def test_a_folder_whose_parent_cannot_be_written_is_filled_file_by_file(
    made_up_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    volume = tmp_path / "volume"
    volume.mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == volume)
    for _ in range(2):
        made_up_run.save(volume)
        assert left_behind(volume) == sorted(FILES)
    assert len(Run.load(volume).series) == 86


def test_a_folder_can_be_checked_before_the_run_without_a_trace(tmp_path: Path):
    check_writable(tmp_path / "deep" / "run")
    assert left_behind(tmp_path) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write"):
        check_writable(tmp_path / "file" / "run")


@pytest.mark.parametrize("name", FILES[:7])
def test_a_missing_or_damaged_file_is_named(made_up_run: Run, tmp_path: Path, name: str):
    folder = made_up_run.save(tmp_path / "run")
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunFolderError, match=f"{name}: damaged"):
        Run.load(folder)
    path.unlink()
    with pytest.raises(RunFolderError, match=rf"{name}.*missing"):
        Run.load(folder)


def test_what_is_no_run_says_so(tmp_path: Path):
    with pytest.raises(RunFolderError, match="there is no such folder"):
        Run.load(tmp_path / "nowhere")
    with pytest.raises(RunFolderError, match="holds no Gridrush run"):
        Run.load(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "something else"}')
    with pytest.raises(RunFolderError, match="not the manifest of a Gridrush run"):
        Run.load(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "gridrush run", "format_version": 99}')
    with pytest.raises(RunFolderError, match="format 99"):
        Run.load(tmp_path)
