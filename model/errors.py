"""What Gridrush raises when it is asked for something it cannot do: one clear line for each thing wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class GridrushError(ValueError):
    """Anything the user can put right; the message says what is wrong, where, and what was expected."""


class Problem(NamedTuple):
    """One thing wrong with a scenario: the dotted keys it is about, and the line that says so."""

    keys: tuple[str, ...]
    line: str


class ScenarioError(GridrushError):
    """A scenario that is misspelt, out of bounds or contradicts itself."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        """Keep the problems behind the message, so that a loader can say which file each came from."""
        super().__init__(message)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> ScenarioError:
        """Return one error for several problems, a line each."""
        problems = tuple(problems)
        return cls("\n".join(problem.line for problem in problems), problems)


class ScenarioFileError(ScenarioError):
    """A scenario, or a file it names, that is missing, unreadable or not what it should be."""
