"""The examples run as they are shipped, only shorter, and print what they promise."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from agents.strategies import base

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_three():
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == [
        "one_run",
        "own_strategy",
        "policy_comparison",
    ]


def test_one_run(capsys):
    load("one_run").main(seed=1, months=6)
    out = capsys.readouterr().out
    assert "April 2026, seed 1, 80 GW of demand by 2028" in out
    assert "miners left" in out


def test_own_strategy(capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(base, "_registered", dict(base._registered))
    load("own_strategy").main(months=3)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "strategy",
        "logit",
        "patient",
    ]


def test_policy_comparison(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    module = load("policy_comparison")
    from experiments.executors import Crew, SerialExecutor

    monkeypatch.setattr(module, "crew_of", lambda **_: Crew(SerialExecutor(), 1, 1, "here"))
    module.main(str(tmp_path / "store"), months=3, replications=3)
    out = capsys.readouterr().out
    assert "over 3 pairs" in out
    assert "gap_gw: " in out
