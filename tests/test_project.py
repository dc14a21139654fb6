"""The house: what holds for every file, whatever the model says."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agents", "model", "experiments", "viz")
SOURCES = [ROOT / "gridrush.py", *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]
LOCKS = sorted(ROOT.glob("*.lock"))
SCRIPTS = [ROOT / "Makefile", ROOT / ".ci" / "run", *sorted((ROOT / "scripts").glob("*.sh"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

HEAVY = {"numpy", "scipy", "pandas", "mesa", "networkx", "matplotlib", "pyarrow", "plotly", "solara", "dask"}

ONE_SYSTEM = {"fcntl", "grp", "msvcrt", "pty", "pwd", "resource", "syslog", "termios", "tty", "winreg"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_modules_and_functions_stay_small(path: Path):
    assert len(path.read_text().splitlines()) < 400
    long = {
        node.name: length
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := node.end_lineno - node.lineno + 1) >= 40
    }
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_is_left_for_later(path: Path):
    assert not re.findall(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b", path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_module_needs_one_operating_system(path: Path):
    tree = parsed(path)
    assert not set(imported_names(tree)) & ONE_SYSTEM
    used = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert not used & {"os.fork", "os.geteuid", "os.getuid", "os.killpg", "os.uname", "signal.SIGKILL"}


@pytest.mark.parametrize("package", PACKAGES)
def test_package_init_holds_only_a_docstring(package: str):
    inits = list((ROOT / package).rglob("__init__.py"))
    assert ROOT / package / "__init__.py" in inits
    for path in inits:
        tree = parsed(path)
        assert ast.get_docstring(tree), f"{name(path)} has no docstring"
        assert len(tree.body) == 1, f"{name(path)} holds more than a docstring"


def test_every_folder_of_modules_is_a_package():
    assert not [name(p) for p in SOURCES if p.parent != ROOT and not (p.parent / "__init__.py").exists()]


def test_imports_point_one_way():
    result = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert result.returncode == 0, result.stdout + result.stderr


def test_agents_know_only_numpy_numba_scipy_and_mesa():
    allowed = {"agents", "numpy", "numba", "scipy", "mesa", *sys.stdlib_module_names}
    strangers = {
        name(path): names
        for path in (ROOT / "agents").rglob("*.py")
        if (names := set(imported_names(parsed(path))) - allowed)
    }
    assert not strangers


def test_command_line_answers_before_loading_the_model():
    code = (
        "import sys\nfrom experiments.cli import main\nsys.argv = ['gridrush', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('loaded:', *sorted({HEAVY!r} & set(sys.modules)))"
    )
    result = run(sys.executable, "-c", code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize("path", [*LOCKS, *SCRIPTS, ROOT / "pyproject.toml"], ids=name)
def test_no_address_where_packages_come_from(path: Path):
    assert not re.findall(r"\S*://\S*|\b[\w-]+\.(?:org|com|net|io|dev)\b", path.read_text())


@pytest.mark.parametrize("path", LOCKS, ids=name)
def test_everything_locked_has_a_hash(path: Path):
    entries = path.read_text().replace("\\\n", "").splitlines()
    assert entries
    assert not [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_locks_agree_with_what_is_asked_for_and_with_each_other():
    runtime, dev = locked(ROOT / "requirements.lock"), locked(ROOT / "requirements-dev.lock")
    groups = PROJECT["dependency-groups"]
    for lock, asked in ((runtime, PROJECT["project"]["dependencies"]), (dev, groups["dev"])):
        for requirement in map(Requirement, asked):
            assert requirement.specifier.contains(lock[canonicalize_name(requirement.name)]), requirement
    assert not {key: (runtime[key], dev[key]) for key in dev.keys() & runtime if runtime[key] != dev[key]}


def test_wheel_holds_every_package_with_its_data(tmp_path: Path):
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.*")]
    wanted = {name(path) for path in files if path.suffix in {".py", ".csv", ".toml"}} | {"gridrush.py"}
    assert not wanted - held
    assert not [path for path in held if path.startswith(("tests/", "runs/"))]


def test_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {PROJECT['project']['version']}\n" in citation


def test_changelog_tells_results_changes_apart():
    unreleased = (ROOT / "CHANGELOG.md").read_text().partition("## [Unreleased]")[2]
    assert "### Added" in unreleased
    assert "### Results change" in unreleased
