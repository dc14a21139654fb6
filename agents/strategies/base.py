"""What a strategy is, what it sees, and the register that finds one by name."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np


class Blocks(NamedTuple):
    """The frozen snapshot a strategy decides on: n blocks under review, four uses each.

    Uses are in the order of `agents.tables.Product`: mine, shell, colocation, cloud. Values are musd per
    gross MW at the deciding firm's own cost of capital; row i of every array is the same block.

    Attributes:
        value: Value of each use at the rent expected for it, shape (n, 4).
        feasible: Whether the use is eligible and some tenant bids for it, shape (n, 4); mining always is.
        option_ratio: Real-option ratio H* of the switch, shape (n,).
        neighbours: Share of watched firms whose last move was this use, shape (n, 4).
        option_weight: omega of the scenario.
        intensity: lambda of the scenario.
        imitation: J of the scenario.
        value_scale: V_scale of the scenario, musd/MW.
    """

    value: np.ndarray
    feasible: np.ndarray
    option_ratio: np.ndarray
    neighbours: np.ndarray
    option_weight: float
    intensity: float
    imitation: float
    value_scale: float


class Strategy(ABC):
    """A rule that turns the options of a block into probabilities of offering it for each use.

    A subclass has a `name` to be found by, a `citation` for where the rule comes from, and `probabilities`.
    Strategies are stateless: one instance serves every firm that follows the rule.
    """

    name: ClassVar[str]
    citation: ClassVar[str]

    def hurdle(self, blocks: Blocks) -> np.ndarray:
        """Return what a move must be worth beyond mining, musd per gross MW, shape (n,); zero unless said.

        It enters the reserve rent too: a lease is not signed for less.
        """
        return np.zeros(len(blocks.value))

    @abstractmethod
    def probabilities(self, blocks: Blocks) -> np.ndarray:
        """Return the probability of each use, shape (n, 4); rows sum to one, infeasible uses get zero."""


_registered: dict[str, type[Strategy]] = {}


def register_strategy(strategy: type[Strategy]) -> type[Strategy]:
    """Make a strategy available under its name; usable as a class decorator.

    Raises:
        ValueError: If it is not a concrete strategy with a name and a citation, or the name is taken by
            another class.
    """
    if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        raise ValueError(f"{strategy!r} is not a subclass of gridrush.Strategy")
    for needed in ("name", "citation"):
        if not isinstance(getattr(strategy, needed, None), str) or not getattr(strategy, needed).strip():
            raise ValueError(f"strategy {strategy.__name__} needs a non-empty '{needed}'")
    if getattr(strategy, "__abstractmethods__", None):
        missing = ", ".join(sorted(strategy.__abstractmethods__))
        raise ValueError(f"strategy {strategy.__name__} does not define {missing}")
    taken = _registered.get(strategy.name)
    if taken is not None and taken.__qualname__ != strategy.__qualname__:
        raise ValueError(f"the name '{strategy.name}' is taken by {taken.__module__}.{taken.__qualname__}")
    _registered[strategy.name] = strategy
    return strategy


def strategy_names() -> list[str]:
    """Return the names of all registered strategies, sorted."""
    return sorted(_registered)


def find_strategy(name: str) -> Strategy:
    """Return an instance of the strategy registered under a name.

    Raises:
        ValueError: If there is none; the message names the nearest.
    """
    if name not in _registered:
        near = difflib.get_close_matches(name, _registered, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"no strategy '{name}'{hint} (registered: {', '.join(strategy_names())})")
    return _registered[name]()
