"""The public face: the promised names, loaded only when used, and a clear word on strangers in the way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gridrush

PROMISED = [
    *("Industry", "Scenario", "load_scenario", "run", "Run"),
    *("hashprice", "implied_hashrate", "breakeven_power_price", "cash_margin", "optimal_dispatch"),
    *("machine_life", "machine_value", "retarget", "BitcoinNetwork", "Mined"),
    *("switching_threshold", "entry_exit_thresholds", "lease_value", "time_to_power_value"),
    *("clear_leases", "Clearing", "queue_wait", "queue_backlog"),
    *("hhi", "concentration_ratio", "gini", "entropy", "instability", "Strategy", "register_strategy"),
]


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_name_is_there(name: str):
    assert name in gridrush.__all__
    assert name in dir(gridrush)
    assert getattr(gridrush, name).__name__ == name


def test_what_a_type_checker_sees_is_what_is_loaded():
    tree = ast.parse(Path(gridrush.__file__).read_text())
    seen = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen - {"annotations", "Path", "TYPE_CHECKING", "Any"} == set(gridrush.__all__) - {"__version__"}


def test_reference_values_hold_from_outside():
    hashprice = gridrush.hashprice(90087.4933, 3.125, 0.0, 152.2714e12)
    assert hashprice == pytest.approx(37.1920, abs=5e-5)
    assert gridrush.breakeven_power_price(37.2, 20) == pytest.approx(77.5)


def test_import_is_light(tmp_path: Path):
    done = python("import gridrush, sys; print({'numpy', 'mesa', 'pandas'} & set(sys.modules))", tmp_path)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'bitcoin'"):
        _ = gridrush.bitcoin


@pytest.mark.parametrize("name", ["model.py", "agents.py", "viz/__init__.py"])
def test_a_stranger_in_the_way_is_named_in_one_line(name: str, tmp_path: Path):
    stranger = tmp_path / name
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("answer = 42\n")
    done = python("import gridrush", tmp_path)
    last = done.stderr.strip().splitlines()[-1]
    package = name.partition(".")[0].partition("/")[0]
    assert done.returncode == 1
    assert last.startswith(
        f"ImportError: Gridrush needs its own package '{package}' but Python finds {stranger}"
    )


def test_python_m_gridrush_is_the_command_line(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "gridrush", "scenarios"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "reference" in done.stdout
