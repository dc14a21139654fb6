"""The strategies that come with Gridrush.

Each is the whole rule; what differs between them is which of the option hurdle, the logit, imitation and
plain maximisation they use.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.compiled import compiled
from agents.strategies.base import Blocks, Strategy, register_strategy


def _best(utility: np.ndarray) -> np.ndarray:
    """Return one-hot rows at the greatest utility; ties go to the earlier use, mining first."""
    chosen = np.zeros(utility.shape)
    chosen[np.arange(len(utility)), utility.argmax(axis=1)] = 1.0
    return chosen


def _net(blocks: Blocks, hurdle: np.ndarray) -> np.ndarray:
    """Return values less the hurdle on every move away from mining, minus infinity where infeasible."""
    net = blocks.value.copy()
    net[:, 1:] -= hurdle[:, None]
    return np.where(blocks.feasible, net, -np.inf)


@compiled
def _logit_exponents(
    value: np.ndarray,
    feasible: np.ndarray,
    hurdle: np.ndarray,
    neighbours: np.ndarray,
    intensity: float,
    imitation: float,
    value_scale: float,
) -> np.ndarray:
    """Return lambda times utility less that of the row's best use, minus infinity where infeasible."""
    exponent = np.full(value.shape, -np.inf)
    for block in range(value.shape[0]):
        for use in range(value.shape[1]):
            if feasible[block, use]:
                net = value[block, use] - hurdle[block] if use > 0 else value[block, use]
                utility = net / value_scale + imitation * neighbours[block, use]
                exponent[block, use] = intensity * utility
        exponent[block] -= exponent[block].max()
    return exponent


@register_strategy
class MineOnly(Strategy):
    """Keep mining, whatever is offered."""

    name: ClassVar[str] = "mine_only"
    citation: ClassVar[str] = "Baseline of no adaptation; Cocco and Marchesi (2016), miners only mine"

    def probabilities(self, blocks: Blocks) -> np.ndarray:
        """Return certainty of mining."""
        chosen = np.zeros(blocks.value.shape)
        chosen[:, 0] = 1.0
        return chosen


@register_strategy
class NetPresentValue(Strategy):
    """Take the use of the greatest net present value."""

    name: ClassVar[str] = "npv"
    citation: ClassVar[str] = "Marshallian investment rule; Dixit and Pindyck (1994), ch. 2"

    def probabilities(self, blocks: Blocks) -> np.ndarray:
        """Return certainty of the most valuable feasible use."""
        return _best(_net(blocks, self.hurdle(blocks)))


@register_strategy
class RealOption(NetPresentValue):
    """Move only when the gain also pays for the option to wait that is given up."""

    name: ClassVar[str] = "real_option"
    citation: ClassVar[str] = "McDonald and Siegel (1986); Dixit and Pindyck (1994), chs. 5-7"

    def hurdle(self, blocks: Blocks) -> np.ndarray:
        """Return the value of waiting, (H* - 1) times the value of mining."""
        return (blocks.option_ratio - 1.0) * np.maximum(blocks.value[:, 0], 0.0)


@register_strategy
class Logit(Strategy):
    """Choose at random with odds that grow with value, less part of the option hurdle, plus imitation."""

    name: ClassVar[str] = "logit"
    citation: ClassVar[str] = "McFadden (1974); Brock and Durlauf (2001) for imitation; hurdle as real_option"

    def hurdle(self, blocks: Blocks) -> np.ndarray:
        """Return the share omega of the real-option hurdle."""
        waiting = (blocks.option_ratio - 1.0) * np.maximum(blocks.value[:, 0], 0.0)
        return blocks.option_weight * waiting

    def probabilities(self, blocks: Blocks) -> np.ndarray:
        """Return logit shares of lambda (value / V_scale + J neighbours)."""
        seen = (blocks.value, blocks.feasible, self.hurdle(blocks), blocks.neighbours)
        # At an intensity of zero all feasible uses are alike, and what is infeasible stays so.
        scales = (float(blocks.intensity), float(blocks.imitation), float(blocks.value_scale))
        weights = np.exp(_logit_exponents(*seen, *scales))
        return weights / np.add.reduce(weights, axis=1, keepdims=True)


@register_strategy
class Imitator(Strategy):
    """Do what watched firms last did, in proportion; keep mining when nobody watched has moved."""

    name: ClassVar[str] = "imitator"
    citation: ClassVar[str] = "Voter rule of social learning; Ellison and Fudenberg (1993)"

    def probabilities(self, blocks: Blocks) -> np.ndarray:
        """Return neighbours' shares among the feasible uses."""
        shares = np.where(blocks.feasible, blocks.neighbours, 0.0)
        shares[:, 0] += 1.0 - shares.sum(axis=1)
        return shares
