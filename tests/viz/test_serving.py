"""`gridrush view` says in one line what it cannot show, and serves nothing then."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = "from experiments.cli import main; main()"


def refused(*arguments):
    """Return what the command says when it will not serve."""
    command = [sys.executable, "-c", CODE, "view", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line.removeprefix("gridrush: ")


@pytest.fixture
def folder(tmp_path):
    """Return a folder whose manifest is that of something else."""
    (tmp_path / "manifest.json").write_text('{"format": "something else"}')
    return tmp_path


def test_a_folder_that_is_not_there(tmp_path):
    assert refused(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: there is no such folder"


def test_a_folder_that_holds_neither_a_run_nor_a_study(folder):
    assert refused(folder) == f"{folder}: holds neither a run nor a study"


def test_a_scenario_that_is_misspelt():
    assert "did you mean 'reference'?" in refused("--scenario", "refrence")


def test_a_port_that_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert refused("--port", port) == f"port {port} is taken; choose another with --port"


def test_a_port_that_is_none():
    assert "--port" in refused("--port", "99999")
