"""Phase 6: what miners reckon with, by a declared rule that never sees the process behind the price.

Every rule holds a level and a rate of decay of hashprice. `naive` takes this month's hashprice for the level,
`adaptive` moves part of the way towards it (Nerlove 1958), and `trend` does so too and lets the rate follow
the fall of that level. The next halving is public, but no rule dates it: the rate of decay, fitted to years
with two halvings, holds its average effect.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def expect_first_day(state: State) -> None:
    """Set what firms expect before the first month, from the record under the declared rule."""
    bitcoin = state.scenario.bitcoin
    record = hashprice_record(state.scenario, state.hashprice)
    state.firms.expected_hashprice = expected_at_start(bitcoin, record)
    state.firms.expected_decay = bitcoin.expected_decay


def hashprice_record(scenario: Scenario, hashprice: float) -> list[float]:
    """Return the hashprices of the months before the start, oldest first, USD/PH/day, fees included.

    The record is scaled to the hashprice of the first day by that of the first month, so that another
    starting price moves past and present alike.

    Args:
        scenario: Names the tables and the first month.
        hashprice: On the first day, USD/PH/day.
    """
    rows = load_tables(scenario.population.data_folder).network_history
    paid = {row.month: row.hashprice_avg_usd_per_ph_day / (1.0 - row.fee_share) for row in rows}
    before = [price for month, price in paid.items() if month < scenario.horizon.start]
    scale = hashprice / paid.get(scenario.horizon.start, before[-1] if before else hashprice)
    return [price * scale for price in before]


def hash_record(scenario: Scenario) -> list[float]:
    """Return the hash of the months before the start, oldest first, over that of the first day."""
    rows = load_tables(scenario.population.data_folder).network_history
    ran = {row.month: row.hashrate_avg_eh_s for row in rows}
    before = [hash_eh_s for month, hash_eh_s in ran.items() if month < scenario.horizon.start]
    now = ran.get(scenario.horizon.start, before[-1] if before else 1.0)
    return [hash_eh_s / now for hash_eh_s in before]


def remembered(record: Sequence[float], speed: float) -> float:
    """Return the hashprice at the end of a record for who moves towards each month's at a speed."""
    level = record[0]
    for price in record[1:]:
        level += speed * (price - level)
    return level


def expected_at_start(bitcoin: Bitcoin, record: Sequence[float]) -> float:
    """Return the hashprice expected after a record under the declared rule, USD/PH/day."""
    return remembered(record, 1.0 if bitcoin.expectation == "naive" else bitcoin.expectation_speed)
