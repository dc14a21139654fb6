"""What is depended on may be used by everybody, and a known weakness in it stops a change."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location(
        "check_dependencies", ROOT / "scripts" / "check_dependencies.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def audited(script, monkeypatch):
    """Let pip-audit say something, and return the exit status and what is printed."""
    monkeypatch.setattr(script, "installed", list)
    monkeypatch.setattr(script, "EXCEPTIONS", {})

    def answer(capsys, stdout="", stderr="", error=None):
        def run(command, **_):
            if error:
                raise error
            return subprocess.CompletedProcess(command, 1, stdout, stderr)

        monkeypatch.setattr(script.subprocess, "run", run)
        return script.main(), capsys.readouterr()

    return answer


def package(name="widget", expression="UNKNOWN", classifier="UNKNOWN", metadata="UNKNOWN"):
    return {
        "Name": name,
        "License-Expression": expression,
        "License-Classifier": classifier,
        "License-Metadata": metadata,
    }


@pytest.mark.parametrize(
    ("given", "fine"),
    [
        (package(expression="MIT"), True),
        (package(expression="GPL-3.0-only OR MIT"), True),
        (package(expression="GPL-3.0-only AND MIT"), False),
        (package(expression="BSD-3-Clause AND (MIT AND Zlib)"), True),
        (package(classifier="BSD License"), True),
        (package(classifier="Mozilla Public License 2.0 (MPL 2.0)"), True),
        (package(classifier="DFSG approved; MIT License"), False),
        (package(metadata="GNU GENERAL PUBLIC LICENSE\n   Version 3"), False),
        (package(metadata="Apache 2.0"), True),
        (package(), False),
    ],
)
def test_a_licence_is_allowed_or_refused(script, given, fine):
    lines = script.refused([given], {"widget", "platypus-opt"})
    assert bool(lines) is not fine
    assert all(line.startswith("widget: licence ") for line in lines)


def test_an_exception_has_a_reason_and_goes_with_its_package(script):
    assert all(len(reason) > 20 for reason in script.EXCEPTIONS.values())
    assert script.EXCEPTIONS.keys() <= script.locked(script.RUN)
    assert script.refused([], set()) == [
        f"{name}: in EXCEPTIONS, but not locked" for name in script.EXCEPTIONS
    ]


def test_everything_that_users_install_may_be_used(script):
    assert script.refused(script.installed(), script.locked(script.RUN)) == []


def test_what_is_excepted_is_not_called():
    code = "import experiments.analysis.analyse, sys; print('platypus' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr


def test_a_known_vulnerability_fails_the_check(audited, capsys):
    weakness = {"id": "PYSEC-0", "fix_versions": ["1.1"]}
    found = [
        {"name": "widget", "version": "1.0", "vulns": [weakness]},
        {"name": "gadget", "version": "2", "vulns": []},
    ]
    status, said = audited(capsys, json.dumps({"dependencies": found}))
    assert status == 1
    assert said.err == "widget 1.0: PYSEC-0, mended in 1.1\n"
    assert "1 known in 2 of 2 locked packages" in said.out


def test_no_known_vulnerability_passes(audited, capsys):
    found = [{"name": "gadget", "version": "2", "vulns": []}, {"name": "x", "skip_reason": "not found"}]
    status, said = audited(capsys, json.dumps({"dependencies": found}))
    assert status == 0
    assert "0 known in 1 of 2 locked packages" in said.out


@pytest.mark.parametrize(
    "silence",
    [
        {"stdout": json.dumps({"dependencies": [{"name": "x", "skip_reason": "not found"}]})},
        {"stderr": "requests.exceptions.ProxyError: unable to connect"},
        {"stderr": "ERROR: Tip: your network may be blocking this service."},
        {"error": subprocess.TimeoutExpired("pip-audit", 90)},
    ],
)
def test_without_a_service_it_says_so_and_passes(audited, capsys, silence):
    status, said = audited(capsys, **silence)
    assert status == 0
    assert "not checked, since no vulnerability service can be reached" in said.out


@pytest.mark.slow
def test_every_lock_can_be_audited(script):
    """Whatever service there is: pip-audit takes each of the files."""
    assert len(script.LOCKS) == 4
    for lock in script.LOCKS:
        assert isinstance(script.audit(lock), dict)


def test_a_broken_audit_is_no_clean_one(audited, capsys):
    with pytest.raises(SystemExit, match="invalid requirements input"):
        audited(capsys, stderr="ERROR:pip_audit._cli:invalid requirements input: x.lock")
