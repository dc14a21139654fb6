"""Where names stand so that none lies on another, in dots of the smallest page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

CAPITAL, LETTER, LINE = 7.4, 5.7, 15.0
"""Dots a capital and another letter take across, and a line down."""


class Box(NamedTuple):
    """What a name or a disc covers: its middle, and how far it reaches across and up."""

    x: float
    y: float
    across: float
    up: float

    def covers(self, other: Box) -> bool:
        """Return whether two boxes overlap."""
        return (
            abs(self.x - other.x) < self.across + other.across and abs(self.y - other.y) < self.up + other.up
        )


def width(name: str) -> float:
    """Return how many dots a name takes across."""
    return sum(CAPITAL if letter.isupper() else LETTER for letter in name)


def name_box(x: float, y: float, name: str) -> Box:
    """Return what a name with its middle at a spot covers."""
    return Box(x, y, width(name) / 2, LINE / 2)


def beside(spot: Box, name: str, taken: Iterable[Box]) -> Box | None:
    """Return where beside a disc a name stands clear of what is taken; nothing if nowhere."""
    taken = list(taken)
    up, across = spot.up + LINE / 2 + 1, spot.across + width(name) / 2 + 3
    for right, above in ((0, up), (0, -up), (across, 0), (-across, 0)):
        box = name_box(spot.x + right, spot.y + above, name)
        if not any(box.covers(other) for other in taken):
            return box
    return None
