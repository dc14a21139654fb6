"""A strategy from the user's own file."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.strategies.base import find_strategy
from experiments.strategy_files import StrategyFileError, load_strategy

GOOD = '''
import numpy as np
from agents.strategies.base import Strategy


class Coin(Strategy):
    """Toss a coin between mining and a shell."""

    name = "coin_{tag}"
    citation = "tossed for this test"

    def probabilities(self, blocks):
        chance = np.zeros(blocks.value.shape)
        chance[:, 0] = chance[:, 1] = 0.5
        return np.where(blocks.feasible[:, 1:2], chance, [1.0, 0.0, 0.0, 0.0])
'''


def written(folder: Path, text: str) -> Path:
    path = folder / "own.py"
    path.write_text(text)
    return path


def test_a_class_in_a_file_becomes_a_strategy(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("{tag}", "file"))
    assert load_strategy(f"{path}:Coin") == "coin_file"
    assert type(find_strategy("coin_file")).__name__ == "Coin"


def test_loading_the_same_file_twice_is_no_conflict(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("{tag}", "twice"))
    assert load_strategy(f"{path}:Coin") == load_strategy(f"{path}:Coin")


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("own.py", "expected path.py:ClassName"),
        (":Coin", "expected path.py:ClassName"),
        ("missing.py:Coin", "there is no file missing.py"),
    ],
)
def test_a_reference_that_names_no_class_in_a_file_is_explained(reference: str, says: str) -> None:
    with pytest.raises(StrategyFileError, match=says):
        load_strategy(reference)


def test_a_misspelt_class_is_answered_with_what_the_file_has(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("{tag}", "named"))
    with pytest.raises(StrategyFileError, match=r"has no class Coins \(it has Coin\)"):
        load_strategy(f"{path}:Coins")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def broken(:\n", r"SyntaxError.*line 1"),
        ("raise RuntimeError('no\\nway')\n", "RuntimeError: no way"),
        ("class Coin:\n    pass\n", "not a subclass of gridrush.Strategy"),
    ],
)
def test_a_file_that_fails_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(StrategyFileError, match=says) as caught:
        load_strategy(f"{path}:Coin")
    assert "\n" not in str(caught.value)


def test_a_file_can_build_on_a_shipped_strategy(tmp_path: Path) -> None:
    """Before anything else has loaded the shipped ones, as on the command line."""
    (tmp_path / "own.py").write_text(
        "from agents.strategies.base import find_strategy\n"
        "class Own(type(find_strategy('npv'))):\n    name = 'own_npv'\n    citation = 'ours'\n"
    )
    code = (
        "import sys; from experiments.strategy_files import load_strategy; print(load_strategy(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"{tmp_path / 'own.py'}:Own"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "own_npv", done.stderr
