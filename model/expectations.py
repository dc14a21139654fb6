"""Phase 6: what miners reckon with, by a declared rule that never sees the process behind the price.

Every rule holds a level and a rate of decay of hashprice. `naive` takes this month's hashprice for the level,
`adaptive` moves part of the way towards it (Nerlove 1958), and `trend` does so too and lets the rate follow
the fall of that level. The next halving is public, but no rule dates it: the rate of decay, fitted to years
with two halvings, holds its average effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.baseline_tables import load_tables

if TYPE_CHECKING:
    from model.parameters.bitcoin import Bitcoin
    from model.scenario import Scenario
    from model.state import State

MONTHS = 12.0


def expect(bitcoin: Bitcoin, hashprice: float, expected: Any, decay: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the expected hashprice and its decay after a month.

    Args:
        bitcoin: Names the rule and its speeds.
        hashprice: Paid this month, USD/PH/day.
        expected: Level expected before, USD/PH/day, a number or one per firm.
        decay: Rate of decay expected before, 1/year, likewise.
    """
    if bitcoin.expectation == "naive":
        return expected * 0.0 + hashprice, decay
    level = expected + bitcoin.expectation_speed * (hashprice - expected)
    if bitcoin.expectation == "adaptive":
        return level, decay
    fell = MONTHS * np.log(np.maximum(expected, 1e-12) / np.maximum(level, 1e-12))
    return level, decay + bitcoin.decay_speed * (fell - decay)


def update_expectations(state: State) -> None:
    """Let every firm, and the rest of the world, learn from this month's hashprice."""
    firms, bitcoin = state.firms, state.scenario.bitcoin
    level, decay = expect(bitcoin, state.hashprice, firms.expected_hashprice, firms.expected_decay)
    firms.expected_hashprice = level
    firms.expected_decay = decay
    state.rest_of_world.learn(state.hashprice)


def remembered_hashprice(scenario: Scenario, hashprice: float, speed: float) -> float:
    """Return the hashprice remembered on the first day by who moves towards it at a monthly speed.

    The record gives the ratio of the remembered hashprice of the month before to that of the first month, so
    that another starting price moves both alike. A run that starts after the record remembers its end.

    Args:
        scenario: Names the tables and the first month.
        hashprice: On the first day, USD/PH/day.
        speed: Weight of the newest month.
    """
    rows = load_tables(scenario.population.data_folder).network_history
    paid = {row.month: row.hashprice_avg_usd_per_ph_day / (1.0 - row.fee_share) for row in rows}
    before = [price for month, price in paid.items() if month < scenario.horizon.start]
    if not before or speed == 0.0:
        return hashprice
    remembered = before[0]
    for price in before[1:]:
        remembered += speed * (price - remembered)
    return hashprice * remembered / paid.get(scenario.horizon.start, before[-1])


def expected_at_start(scenario: Scenario, hashprice: float) -> float:
    """Return the hashprice expected on the first day under the scenario's rule, USD/PH/day."""
    bitcoin = scenario.bitcoin
    speed = 1.0 if bitcoin.expectation == "naive" else bitcoin.expectation_speed
    return remembered_hashprice(scenario, hashprice, speed)
