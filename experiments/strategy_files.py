"""Strategies from outside the project: a file named on the command line, or an installed entry point."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import agents.strategies.rules
from agents.strategies.base import Strategy, register_strategy
from model.errors import GridrushError

ENTRY_POINTS = "gridrush.strategies"
OURS = Path(__file__).resolve().parent
"""Where strategies lie that come with Gridrush."""
EXPECTED = "expected path.py:ClassName"
SHIPPED_STRATEGIES = agents.strategies.rules
"""Registered when imported, so that a file can build on them."""


class StrategyFileError(GridrushError):
    """A strategy file that cannot be used."""


def load_strategy(reference: str) -> str:
    """Load and register the strategy `path.py:Name` and return the name it is registered under.

    Only a file named by the user is ever executed.

    Raises:
        StrategyFileError: If the reference is malformed, the file is missing or fails, or the class is no
            strategy; one line that says which.
    """
    path, separator, class_name = reference.rpartition(":")
    if not separator or not path or not class_name:
        raise StrategyFileError(f"--strategy {reference}: {EXPECTED}")
    file = Path(path)
    if not file.is_file():
        raise StrategyFileError(f"--strategy {reference}: there is no file {file}; {EXPECTED}")
    module = _execute(file, reference)
    found = getattr(module, class_name, None)
    if found is None:
        classes = [
            name
            for name, item in vars(module).items()
            if isinstance(item, type) and issubclass(item, Strategy)
        ]
        known = ", ".join(name for name in classes if name != "Strategy") or "no strategy"
        raise StrategyFileError(f"--strategy {reference}: {file} has no class {class_name} (it has {known})")
    try:
        return register_strategy(found).name
    except ValueError as error:
        raise StrategyFileError(f"--strategy {reference}: {error}") from None


def load_strategies(wanted: Iterable[str], named: Iterable[str]) -> None:
    """Load the strategies of a study that comes to be run: those of Gridrush, and those named by the user.

    Raises:
        StrategyFileError: If the study asks for code that the user has not named, or the other way round.
    """
    asked = {_place(reference): reference for reference in wanted}
    given = {_place(reference): reference for reference in named}
    for place, reference in asked.items():
        if place not in given and not Path(place).is_relative_to(OURS):
            advice = f"name it to let it run: --strategy {shlex.quote(reference)}"
            raise StrategyFileError(f"the study asks for code of its own, {reference}; {advice}")
    for place, reference in given.items():
        if place not in asked:
            raise StrategyFileError(
                f"--strategy {reference}: the study does not ask for it; its file needs strategies = [...]"
            )
    for reference in asked.values():
        load_strategy(reference)


def register_entry_points() -> None:
    """Register every strategy that installed packages offer under `gridrush.strategies`.

    Raises:
        StrategyFileError: If one of them fails to load or is no strategy.
    """
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            register_strategy(point.load())
        except Exception as error:
            raise StrategyFileError(
                f"entry point {point.name} = {point.value}: {_one_line(error)}"
            ) from error


def _place(reference: str) -> str:
    """Return a reference with its file's one true path."""
    path, separator, name = reference.rpartition(":")
    return f"{Path(path).resolve()}{separator}{name}"


def _execute(file: Path, reference: str) -> ModuleType:
    # The path keeps two files of one name apart, and pickles of instances find their module again.
    name = f"gridrush_strategy_{file.resolve().as_posix().replace('/', '_').removesuffix('.py')}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise StrategyFileError(f"--strategy {reference}: {file} is not a Python file; {EXPECTED}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise StrategyFileError(
            f"--strategy {reference}: {file} fails when loaded: {_one_line(error)}"
        ) from error
    return module


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    where = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
    return f"{type(error).__name__}: {text}{where}"
