"""What Gridrush raises when it is asked for something it cannot do: one clear line each."""

from __future__ import annotations


class GridrushError(ValueError):
    """Anything the user can put right; the message is one line that says what, where and what was expected."""


class ScenarioError(GridrushError):
    """A scenario that is misspelt, out of bounds or contradicts itself."""


class ScenarioFileError(ScenarioError):
    """A scenario file that is missing, unreadable or not TOML."""
