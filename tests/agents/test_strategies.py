"""One contract for every strategy, and what sets each apart."""

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.strategies import rules  # noqa: F401
from agents.strategies.base import (
    Blocks,
    Strategy,
    find_strategy,
    register_strategy,
    strategy_names,
)

ALL = ["imitator", "logit", "mine_only", "npv", "real_option"]


def blocks(
    value: np.ndarray,
    feasible: np.ndarray | None = None,
    ratio: float = 1.87,
    neighbours: np.ndarray | None = None,
    **rest: float,
) -> Blocks:
    value = np.atleast_2d(np.asarray(value, dtype=float))
    settings = {"option_weight": 0.5, "intensity": 4.0, "imitation": 0.0, "value_scale": 2.0} | rest
    return Blocks(
        value,
        np.ones(value.shape, dtype=bool) if feasible is None else np.atleast_2d(feasible),
        np.full(len(value), ratio),
        np.zeros(value.shape) if neighbours is None else np.atleast_2d(neighbours),
        **settings,
    )


@st.composite
def any_blocks(draw: st.DrawFn) -> Blocks:
    rows = draw(st.integers(1, 5))
    value = draw(arrays(float, (rows, 4), elements=st.floats(-50, 50)))
    feasible = draw(arrays(bool, (rows, 4)))
    feasible[:, 0] = True
    shares = draw(arrays(float, (rows, 4), elements=st.floats(0, 0.25)))
    return blocks(value, feasible, neighbours=shares, imitation=draw(st.floats(0, 3)))


@pytest.mark.parametrize("name", ALL)
class TestEveryStrategy:
    @given(seen=any_blocks())
    def test_gives_probabilities_over_feasible_uses_only(self, name: str, seen: Blocks) -> None:
        chance = find_strategy(name).probabilities(seen)
        assert chance.shape == seen.value.shape
        assert (chance >= 0.0).all()
        assert np.allclose(chance.sum(axis=1), 1.0)
        assert (chance[~seen.feasible] == 0.0).all()

    @given(seen=any_blocks())
    def test_never_asks_less_than_mining_is_worth(self, name: str, seen: Blocks) -> None:
        hurdle = find_strategy(name).hurdle(seen)
        assert hurdle.shape == (len(seen.value),)
        assert (hurdle >= 0.0).all()

    @given(seen=any_blocks())
    def test_decides_each_block_by_itself(self, name: str, seen: Blocks) -> None:
        strategy = find_strategy(name)
        last = Blocks(*(field[-1:] if isinstance(field, np.ndarray) else field for field in seen))
        assert np.allclose(strategy.probabilities(seen)[-1:], strategy.probabilities(last))

    @given(seen=any_blocks())
    def test_leaves_what_it_sees_as_it_was(self, name: str, seen: Blocks) -> None:
        before = [np.array(field, copy=True) for field in seen]
        find_strategy(name).probabilities(seen)
        assert all(np.array_equal(then, now) for then, now in zip(before, seen, strict=True))

    def test_says_who_had_the_idea(self, name: str) -> None:
        assert len(find_strategy(name).citation) > 10


def test_the_register_holds_the_shipped_strategies() -> None:
    assert set(ALL) <= set(strategy_names())


def test_net_present_value_takes_the_myopic_maximum() -> None:
    assert find_strategy("npv").probabilities(blocks([1.0, 0.5, 1.1, 0.9])).tolist() == [[0, 0, 1, 0]]


def test_a_tie_leaves_the_machines_running() -> None:
    assert find_strategy("npv").probabilities(blocks([1.0, 1.0, 1.0, 1.0])).tolist() == [[1, 0, 0, 0]]


def test_the_real_option_waits_where_net_present_value_moves() -> None:
    seen = blocks([1.0, 0.0, 1.8, 0.0], ratio=1.87)
    assert find_strategy("npv").probabilities(seen)[0, 2] == 1.0
    assert find_strategy("real_option").probabilities(seen)[0, 0] == 1.0
    assert find_strategy("real_option").probabilities(blocks([1.0, 0.0, 1.88, 0.0]))[0, 2] == 1.0


def test_the_logit_gives_the_shares_of_its_odds() -> None:
    seen = blocks([0.0, 2.0, 0.0, -1.0], option_weight=0.0, intensity=1.5, value_scale=2.0)
    odds = np.exp(1.5 * np.array([0.0, 1.0, 0.0, -0.5]))
    assert np.allclose(find_strategy("logit").probabilities(seen)[0], odds / odds.sum())


@given(seen=any_blocks())
def test_a_logit_of_endless_intensity_without_option_or_imitation_is_net_present_value(seen: Blocks) -> None:
    ordered = np.sort(np.where(seen.feasible, seen.value, -np.inf), axis=1)
    gap = ordered[:, -1] - np.where(np.isfinite(ordered[:, -2]), ordered[:, -2], -100.0)
    sharp = seen._replace(option_weight=0.0, imitation=0.0, intensity=1e6)
    clear = gap > 1e-3
    logit, npv = find_strategy("logit"), find_strategy("npv")
    assert np.allclose(logit.probabilities(sharp)[clear], npv.probabilities(sharp)[clear])


def test_a_logit_with_the_whole_hurdle_and_endless_intensity_is_the_real_option() -> None:
    seen = blocks([[1.0, 0.0, 1.8, 0.0], [1.0, 0.0, 1.9, 0.0]], option_weight=1.0, intensity=1e6)
    both = [find_strategy(name).probabilities(seen) for name in ("logit", "real_option")]
    assert np.allclose(*both)


def test_the_imitator_mines_until_somebody_moves_and_then_follows_in_proportion() -> None:
    assert find_strategy("imitator").probabilities(blocks([0.0, 9.0, 9.0, 9.0])).tolist() == [[1, 0, 0, 0]]
    seen = blocks([0.0, 9.0, 9.0, 9.0], neighbours=np.array([0.0, 0.2, 0.3, 0.0]))
    assert np.allclose(find_strategy("imitator").probabilities(seen), [[0.5, 0.2, 0.3, 0.0]])


def test_a_strategy_without_a_name_a_citation_or_a_rule_is_refused() -> None:
    class Nameless(Strategy):
        citation: ClassVar[str] = "nobody (2025)"

        def probabilities(self, blocks: Blocks) -> np.ndarray:
            return blocks.value

    class Ruleless(Strategy):
        name: ClassVar[str] = "ruleless"
        citation: ClassVar[str] = "nobody (2025)"

    class Thief(Nameless):
        name: ClassVar[str] = "npv"

    with pytest.raises(ValueError, match="'name'"):
        register_strategy(Nameless)
    with pytest.raises(ValueError, match="does not define probabilities"):
        register_strategy(Ruleless)
    with pytest.raises(ValueError, match="is taken by"):
        register_strategy(Thief)
    with pytest.raises(ValueError, match="not a subclass"):
        register_strategy(int)  # type: ignore[arg-type]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'real_option'"):
        find_strategy("real_options")
