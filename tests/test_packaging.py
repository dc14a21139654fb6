"""What is built works where it is installed: outside the checkout, with all its data, from any folder."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agents", "model", "experiments", "viz")
DATA = {".csv", ".toml", ".json", ".md", ".js", ".svg", ".css", ".typed"}


def done(*command: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed, without the paths of the one that tests."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=250,
        env=clean,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished


def environment(folder: Path) -> Path:
    """Return the Python of a fresh environment that sees the locked packages, and no checkout."""
    done(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    places = done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    (Path(places) / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done(sys.executable, "-m", "hatchling", "build", "-d", folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (archive,) = built.glob("*.tar.gz")
    folder = tmp_path_factory.mktemp("a folder with spaces")
    with tarfile.open(archive) as held:
        held.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Install the wheel into an environment of its own and return a way to ask its command line."""
    folder = tmp_path_factory.mktemp("elsewhere")
    python = environment(folder / "environment")
    (wheel,) = built.glob("*.whl")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--disable-pip-version-check",
    )
    done(*pip, "--no-deps", "--no-index", wheel)
    script = python.with_name("gridrush")

    def gridrush(*arguments: object) -> str:
        return done(script, *arguments, cwd=folder).stdout

    gridrush.folder, gridrush.python = folder, python
    return gridrush


def test_the_wheel_runs_from_another_folder(installed):
    where = done(installed.python, "-c", "import model; print(model.__file__)", cwd=installed.folder).stdout
    assert str(installed.folder) in where
    out = installed("run", "reference", "--seed", 3, "--months", 4, "--out", "run")
    assert "Written to run:" in out
    manifest = json.loads((installed.folder / "run" / "manifest.json").read_text())
    assert manifest["git"] is None
    assert re.fullmatch("[0-9a-f]{64}", manifest["lock"]["sha256"])
    assert (installed.folder / "run" / "summary.png").stat().st_size > 10_000
    assert installed("verify", "run").splitlines()[-1] == "confirmed, bit-identical"


def test_what_the_wheel_lists_is_what_the_checkout_has(installed):
    scenarios = [line.split("\t")[0] for line in installed("scenarios").splitlines()[1:]]
    assert set(scenarios) == {path.stem for path in (ROOT / "model" / "scenarios").glob("*.toml")}
    shown = installed("--help")
    for command in ("run", "study", "verify", "reproduce", "view"):
        assert re.search(rf"\b{command}\b", shown)
    assert len(installed("parameters").splitlines()) > 100
    # To the last bit only where the processor is the kind on which they were stored.
    assert ": as stored, " in installed("reproduce", "results", "--out", "again")
    code = "from experiments.study_files import *; print(*[load_study(name).name for name in study_names()])"
    studies = done(installed.python, "-c", code, cwd=installed.folder).stdout.split()
    assert set(studies) == {path.stem for path in (ROOT / "experiments" / "studies").glob("*.toml")}


def test_the_wheel_holds_every_table_scenario_study_and_asset(built):
    (wheel,) = built.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.suffix in DATA]
    assert len(files) > 30
    assert not {path.relative_to(ROOT).as_posix() for path in files} - held


def test_the_source_distribution_holds_the_whole_project(unpacked):
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout to compare with")
    tracked = {name for name in listed.stdout.split("\n") if name and (ROOT / name).exists()}
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    assert tracked - held == {".gitattributes"}
    for script in [*unpacked.glob("scripts/*.sh"), unpacked / ".ci" / "run"]:
        assert os.access(script, os.X_OK), script.name


def test_a_wheel_from_the_source_distribution_is_the_same(built, unpacked, tmp_path):
    done(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=unpacked)
    (one,), (other,) = built.glob("*.whl"), tmp_path.glob("*.whl")
    contents = [
        {name: archive.read(name) for name in archive.namelist() if not name.endswith("RECORD")}
        for archive in (zipfile.ZipFile(one), zipfile.ZipFile(other))
    ]
    assert contents[0] == contents[1]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_make_run_works_in_the_unpacked_source_distribution(unpacked):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    finished = subprocess.run(
        ["make", "run", "SEED=3"], cwd=unpacked, capture_output=True, text=True, timeout=1700, env=clean
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert (unpacked / "runs" / "reference" / "manifest.json").is_file()
