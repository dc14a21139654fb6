"""The scripts of installation on machines as they are: bare, shared, interrupted, with spaces in paths.

A made-up Python stands for the real one, so that nothing is installed: it notes what it was asked.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for shells of Unix")

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci" / "run"]
TOOLS = (
    *(
        "bash",
        "sh",
        "env",
        "cat",
        "cksum",
        "sed",
        "grep",
        "cut",
        "mkdir",
        "rm",
        "rmdir",
        "sleep",
        "dirname",
        "id",
    ),
    *("chmod", "cp", "touch"),
)
PYTHON = """#!/bin/sh
# A Python that makes environments and installs nothing.
case "$1 $2" in
    "-c import sys; print"*) echo "$0" ;;
    "-c "*) exit 0 ;;
    "--version "*) echo "Python 3.13.0" ;;
    "-m venv")
        echo venv >>"$LOG"
        mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && echo "#!$PWD/$4/bin/python" >"$4/bin/pip" ;;
    "-m pip")
        for last; do :; done
        echo "pip $last" >>"$LOG"
        sleep "${SLOW:-0}"
        exit "${FAIL:-0}" ;;
esac
"""


class Machine:
    """A machine with a few tools, a checkout in a folder with spaces, and whatever Python it is given."""

    def __init__(self, folder: Path) -> None:
        self.tools, self.checkout, self.log = folder / "bin", folder / "a check out", folder / "log"
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))
        (self.checkout / "scripts").mkdir(parents=True)
        for script in (ROOT / "scripts").glob("*.sh"):
            shutil.copy(script, self.checkout / "scripts")
        for name in ("", "-dev", "-build", "-cff"):
            (self.checkout / f"requirements{name}.lock").write_text(f"widget{name}==1\n")
        (self.checkout / "pyproject.toml").write_text('[project]\nname = "widget"\n')
        self.settings = {"PATH": str(self.tools), "HOME": str(folder), "LOG": str(self.log)}

    def python(self, text: str = PYTHON, name: str = "python3") -> None:
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self, script: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.checkout / "scripts" / script, *arguments],
            cwd=self.checkout,
            env=self.settings | settings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str, **settings: str) -> tuple[int, str, str]:
        process = self.start(script, *arguments, **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def lock(self) -> Path:
        return self.checkout / ".venv.lock"


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


INSTALLED = ["venv", "pip requirements-build.lock", "pip requirements.lock", "pip ."]


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=30)
    return process.returncode


def wait_for(condition) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def test_without_python_it_says_what_is_needed_in_one_line(machine):
    for script, arguments in (("find-python.sh", []), ("install.sh", ["run"])):
        status, _, err = machine.run(script, *arguments)
        assert status == 1
        (line,) = err.splitlines()
        assert line.startswith("Gridrush needs Python 3.12 or newer with the venv module, and none was found")
    assert not machine.lock.exists()
    assert not (machine.checkout / ".venv").exists()


def test_an_old_python_does_not_count_and_a_newer_one_is_found(machine):
    machine.python("#!/bin/sh\nexit 1\n")
    assert machine.run("find-python.sh")[0] == 1
    machine.python(name="python3.14")
    status, out, _ = machine.run("find-python.sh")
    assert (status, out) == (0, f"{machine.tools}/python3.14\n")


def test_a_python_that_is_named_must_do(machine):
    machine.python()
    status, _, err = machine.run("find-python.sh", PYTHON="/nowhere/python3")
    assert status == 1
    assert err == "PYTHON=/nowhere/python3 is not a Python 3.12 or newer with the venv module.\n"


def test_it_installs_into_a_folder_with_spaces_and_only_once(machine):
    machine.python()
    status, out, err = machine.run("install.sh", "run")
    assert status == 0, err
    assert out.splitlines()[-1] == ".venv is ready."
    assert machine.asked() == INSTALLED
    assert machine.run("install.sh", "run") == (0, "", "")
    assert machine.asked() == INSTALLED
    (machine.checkout / "requirements.lock").write_text("widget==2\n")
    assert machine.run("install.sh", "run")[0] == 0
    assert machine.asked() == [*INSTALLED, *INSTALLED[1:]]


def test_of_two_makes_at_once_the_second_waits_and_finds_the_work_done(machine):
    machine.python()
    first = machine.start("install.sh", "run", SLOW="0.5")
    wait_for(machine.lock.exists)
    status, out, err = machine.run("install.sh", "run")
    assert status == 0, err
    assert out.startswith("Waiting for another installation into .venv")
    assert ended(first) == 0
    assert machine.asked() == INSTALLED


def test_an_interrupted_installation_is_taken_up_again(machine):
    machine.python()
    first = machine.start("install.sh", "run", SLOW="30")
    wait_for(lambda: len(machine.asked()) == 2)
    time.sleep(0.3)  # It has said what it does a moment before it does it.
    os.killpg(first.pid, signal.SIGINT)
    assert ended(first) == 130
    assert not machine.lock.exists()
    assert machine.run("install.sh", "run")[0] == 0
    assert machine.asked() == [*INSTALLED[:2], *INSTALLED[1:]]


def test_a_lock_of_a_process_that_was_killed_falls(machine):
    machine.python()
    first = machine.start("install.sh", "run", SLOW="30")
    wait_for(lambda: len(machine.asked()) == 2)
    os.killpg(first.pid, signal.SIGKILL)
    ended(first)
    assert machine.lock.exists()
    status, out, _ = machine.run("install.sh", "run")
    assert status == 0
    assert "Waiting" not in out
    assert not machine.lock.exists()


def test_when_pip_fails_it_says_so_and_the_next_make_tries_again(machine):
    machine.python()
    status, _, err = machine.run("install.sh", "run", FAIL="1")
    assert status == 1
    assert err.splitlines()[-1].startswith("Installing into .venv failed; what pip says is above.")
    assert machine.run("install.sh", "run")[0] == 0


def test_a_moved_checkout_gets_an_environment_of_its_own(machine):
    machine.python()
    machine.run("install.sh", "run")
    moved = machine.checkout.with_name("moved")
    machine.checkout.rename(moved)
    machine.checkout = moved
    assert machine.run("install.sh", "run")[0] == 0
    assert machine.asked() == [*INSTALLED, *INSTALLED]


@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(machine):
    machine.python()
    machine.checkout.chmod(0o555)
    try:
        status, _, err = machine.run("install.sh", "run")
    finally:
        machine.checkout.chmod(0o755)
    assert status == 1
    assert "may not write to that folder" in err


def user(machine: Machine, number: int) -> None:
    (machine.tools / "id").unlink()
    (machine.tools / "id").write_text(f"#!/bin/sh\necho {number}\n")
    (machine.tools / "id").chmod(0o755)


def test_a_user_who_is_not_root_is_told_what_to_install(machine):
    user(machine, 1000)
    (machine.tools / "apt-get").write_text("#!/bin/sh\nexit 9\n")
    (machine.tools / "apt-get").chmod(0o755)
    status, out, err = machine.run("system-packages.sh")
    assert (status, out) == (0, "")
    assert err.splitlines() == [
        "The browser tests need Chromium and are skipped without it: install the package 'chromium'."
    ]


@pytest.mark.parametrize(("settings", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_when_the_browser_cannot_be_installed_only_unattended_tests_stop(machine, settings, status):
    user(machine, 0)
    (machine.tools / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    (machine.tools / "apt-get").chmod(0o755)
    found, _, err = machine.run("system-packages.sh", **settings)
    assert found == status
    assert err == "Chromium could not be installed: the browser tests need it.\n"


def test_a_word_the_script_does_not_know_is_answered_with_its_usage(machine):
    status, _, err = machine.run("install.sh", "everything")
    assert status == 2
    assert "run|dev|cff" in err


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing():
    done = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_each_script_can_be_parsed_and_started(script):
    shell = script.read_text().split("\n")[0].split("/")[-1].split()[-1]
    assert subprocess.run([shell, "-n", script], check=False).returncode == 0
    assert os.access(script, os.X_OK)
