"""Refinement of the time step: world mining and the protocol in months, half-months and weeks.

The step is a month throughout the model. Here every speed of the sector and its price path are restated for a
shorter step, and the record of 2023-25 is run through again: what a month leaves out is the difference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from experiments.validation.checks import OURS, Check
from experiments.validation.history import RECENT, Sector, months_of, record, start_of
from model.bitcoin_sector import drive_month
from model.mining import SECONDS_PER_MONTH
from model.scenario import Scenario

PART = "refinement"
ROUNDING = 1e-9
STEPS = {"month": 1.0, "half-month": 0.5, "week": 12.0 / 52.0}
SPEEDS = (
    "row.shutdown_speed",
    "row.funding_memory",
    "bitcoin.expectation_speed",
    "bitcoin.machine_price_speed",
)
RATES = ("row.order_rate", "row.retirement", "bitcoin.machine_failure")


def refined(step: float) -> pd.DataFrame:
    """Return hash and hashprice at the end of each month of 2023-25, run in steps of part of a month."""
    at, whole = start_of(RECENT), Scenario()
    scenario = whole.with_values(**_restated(whole, step))
    sector, lead = at.sector, scenario.bitcoin.order_lead_months
    booked = float(sector.orders.sum())
    sector.parameters, sector.bitcoin = scenario.row, scenario.bitcoin
    sector.order_generation = np.full(lead, sector.order_generation[0])
    sector.orders = np.full(lead, booked / lead)
    at.generation_month = np.ceil(at.generation_month / step).astype(np.int64)
    rows, taken = [], 0
    for number, month in enumerate(months_of(record(RECENT.start, RECENT.end)), 1):
        ends = math.ceil(number / step - ROUNDING)
        rows += [_step(at, month.btc_price, month.fee_btc, step)[:2] for _ in range(ends - taken)]
        taken = ends
    # Weeks do not end with months: between steps, logs are interpolated.
    ended, logs = step * np.arange(1, taken + 1), np.log(np.array(rows))
    columns = {
        name: np.exp(np.interp(np.arange(1, number + 1), ended, logs[:, place]))
        for place, name in enumerate(("hash_eh_s", "hashprice"))
    }
    return pd.DataFrame(columns, index=record(RECENT.start, RECENT.end).index.astype(str))


def _step(at: Sector, price: float, fee: float, step: float) -> tuple[float, ...]:
    released = at.generation_month - at.month
    at.machine_price, row = drive_month(
        at.sector, at.network, at.machine_price, released, price, fee, seconds=SECONDS_PER_MONTH * step
    )
    at.month += 1
    return row


def _restated(scenario: Scenario, step: float) -> dict[str, Any]:
    """Return the sector's parameters per step instead of per month."""

    def value(name: str) -> float:
        group, field = name.split(".")
        return float(getattr(getattr(scenario, group), field))

    return {
        **{name: 1.0 - (1.0 - value(name)) ** step for name in SPEEDS},
        **{name: value(name) * step for name in RATES},
        "bitcoin.order_lead_months": min(round(value("bitcoin.order_lead_months") / step), 24),
        "bitcoin.machine_sale_years": min(value("bitcoin.machine_sale_years") / step, 20.0),
    }


def time_refinement() -> tuple[pd.DataFrame, list[Check]]:
    """Return the paths by step, and how far each step is from the next finer one."""
    paths = {name: refined(step) for name, step in STEPS.items()}
    table = pd.concat({name: path["hash_eh_s"] for name, path in paths.items()}, axis=1)
    checks, names = [], list(paths)
    for coarse, fine in ((names[0], names[1]), (names[1], names[2])):
        off = np.abs(np.log(table[coarse] / table[fine])).to_numpy()
        checks.append(
            Check(
                PART,
                f"hash 2023-25 in steps of a {coarse} against a {fine}: greatest difference",
                float(off.max()),
                high=0.05 if coarse == "month" else 0.025,
                unit="log",
                source=OURS,
                look="time_refinement.csv",
                cause="deliveries and decisions at the end of a step instead of within it",
            )
        )
    return table, checks
