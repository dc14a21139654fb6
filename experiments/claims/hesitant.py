"""Firms that move late by the toss of a coin: the randomised arm of the claim about first movers.

A hesitant firm decides as the default rule does, but at four reviews out of five it puts the matter off. With
reviews twice a year it looks for a tenant years later than it otherwise would, for no reason of its own.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.strategies.base import Blocks
from agents.strategies.rules import Logit

TAKEN_UP = 0.2
"""Share of the reviews at which a hesitant firm makes up its mind."""


class Hesitant(Logit):
    """Decide as the default rule does, at one review in five."""

    name: ClassVar[str] = "hesitant"
    citation: ClassVar[str] = "Treatment of a randomised trial of moving first; otherwise as logit"

    def probabilities(self, blocks: Blocks) -> np.ndarray:
        """Return logit shares, most of which are put off."""
        shares = TAKEN_UP * super().probabilities(blocks)
        shares[:, 0] += 1.0 - TAKEN_UP
        return shares


class Tardy(Hesitant):
    """The same under a name after the default's: in a mix it falls to the other half of the firms."""

    name: ClassVar[str] = "tardy"
