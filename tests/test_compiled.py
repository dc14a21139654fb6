"""Compiled loops answer what their text says: to the last bit, and within their arrays."""

import importlib
import os
import pkgutil
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import pytest

import agents
import model
from agents.compiled import compiled, compiled_anew, compiled_functions, digest_of_imports

TELL = """
import hashlib, gridrush, pandas
for scenario, months in (("reference", 86), ("ai_bust", 48)):
    run = gridrush.run(gridrush.load_scenario(scenario, **{"horizon.months": months}), seed=75)
    for name in ("series", "firms", "sites", "leases", "events"):
        told = getattr(run, name).to_csv(float_format=lambda value: float(value).hex())
        print(scenario, name, hashlib.sha256(told.encode()).hexdigest())
"""
YEAR = 12


def loops():
    for package in (agents, model):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(each.name)
    return [function for _, _, function in compiled_functions()]


def told(**environment: str) -> list[str]:
    """Hashes of every table of two runs in a process of their own."""
    answer = subprocess.run(
        [sys.executable, "-c", TELL], env=os.environ | environment, check=True, capture_output=True, text=True
    )
    return answer.stdout.splitlines()


@pytest.fixture(scope="module")
def usual():
    return told()


def test_uncompiled_the_model_gives_the_same_to_the_last_bit(usual):
    assert len(usual) == 10
    assert told(NUMBA_DISABLE_JIT="1") == usual


def test_no_loop_reads_or_writes_beyond_its_arrays(usual, tmp_path):
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert told(**checked) == usual
    assert list(tmp_path.rglob("*.nbi"))


class Stage(IntEnum):
    BUILT = 1


@compiled
def _built(stage: int) -> bool:
    return stage == Stage.BUILT


def _half(months: float) -> float:
    return months / YEAR if _built(months) else 0.0


@pytest.mark.parametrize(
    ("name", "other"), [("YEAR", 24), ("_built", compiled(lambda stage: stage > 1)), ("_built", len)]
)
def test_what_is_kept_of_a_loop_goes_by_the_constants_and_loops_it_reads(monkeypatch, name, other):
    before = digest_of_imports(_half)
    assert digest_of_imports(_half) == before
    monkeypatch.setattr(sys.modules[__name__], name, other)
    assert digest_of_imports(_half) != before


def test_what_is_kept_of_a_loop_goes_by_the_enumerations_that_loops_it_calls_read(monkeypatch):
    before = digest_of_imports(_half)
    monkeypatch.setattr(sys.modules[__name__], "Stage", IntEnum("Stage", {"BUILT": 2}))
    assert digest_of_imports(_half) != before


def test_loops_of_the_model_are_kept_apart_by_what_they_import():
    folders = {Path(loop.stats.cache_path).parent.name for loop in loops()}
    assert len(folders) > 1


@compiled
def _in_years(months: float) -> float:
    return months / YEAR


def test_a_loop_holds_the_constants_it_was_compiled_with(monkeypatch):
    assert _in_years(24.0) == 2.0
    monkeypatch.setattr(sys.modules[__name__], "YEAR", 24)
    assert _in_years(24.0) == 2.0
    assert compiled_anew(_in_years)(24.0) == 1.0


def test_division_by_zero_is_infinite_as_with_arrays():
    assert compiled(lambda over, under: over / under)(1.0, 0.0) == float("inf")


def test_the_first_command_after_an_installation_says_that_it_compiles_and_later_ones_need_not(tmp_path):
    def words(*command: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", *command],
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
        ).stderr

    assert words("model.compiling").startswith("compiling the model, once after an installation")
    assert words("model.compiling") == ""
