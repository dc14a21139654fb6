"""The reference values of MODEL 8, recomputed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from agents.economics.assignment import clear_leases
from agents.economics.concentration import hhi
from agents.economics.credit import default_probability
from agents.economics.leases import lease_value, time_to_power_value
from agents.economics.mining import (
    breakeven_power_price,
    cash_margin,
    free_entry_barrier,
    hashprice,
    implied_hashrate,
    machine_life,
    machine_value,
)
from agents.economics.options import entry_exit_thresholds, switching_threshold
from agents.economics.queues import queue_backlog, queue_wait
from experiments.validation.checks import Check

PART = "reference values"
EXACT = 1e-6


def references() -> list[Check]:
    """Return every reference value, held to the digits it is stated with or one in a million."""
    return [*_mining(), *_decisions(), *_market(), *_barrier()]


def _held(name: str, value: object, stated: float, unit: str, digits: int, note: str = "") -> Check:
    """Hold a value to what is stated: half of its last digit, or one in a million if that is more."""
    slack = max(0.5000001 * 10.0**-digits, EXACT * abs(stated))
    found = float(np.asarray(value))
    return Check(
        PART,
        name,
        found,
        stated - slack,
        stated + slack,
        unit,
        look="experiments/validation/references.py",
        cause=note,
    )


def _mining() -> Iterator[Check]:
    yield _held(
        "hashprice at D 152.2714e12, P 90,087.4933, S 3.125",
        hashprice(90087.4933, 3.125, 0.0, 152.2714e12),
        37.1920,
        "USD/PH/day",
        4,
    )
    yield _held("implied hash of D 155.973e12", implied_hashrate(155.973e12), 1116.498, "EH/s", 3)
    for efficiency, stated in ((15.0, 103.33), (20.0, 77.50), (28.2, 54.96)):
        yield _held(
            f"breakeven at hashprice 37.2, {efficiency:g} J/TH",
            breakeven_power_price(37.2, efficiency),
            stated,
            "USD/MWh",
            2,
        )
    yield _held(
        "margin at hashprice 37.2, 20 J/TH, 45 USD/MWh",
        cash_margin(37.2, 20.0, 45.0),
        284_700.0,
        "USD/MW-year",
        -1,
    )
    yield _held(
        "machine life at 55, 17.5, 45, a .30", machine_life(55.0, 17.5, 45.0, 0.30), 3.561, "years", 3
    )
    yield _held("machine value, r .12", machine_value(55.0, 17.5, 45.0, 0.30, 0.12), 17.095, "USD/TH", 3)


def _decisions() -> Iterator[Check]:
    yield _held(
        "conversion threshold, payout .30, vol .58, r .12",
        switching_threshold(0.30, 0.58, 0.12),
        0.2313,
        "share",
        4,
    )
    yield _held(
        "the same with window rate .5", switching_threshold(0.30, 0.58, 0.12, 0.5), 0.5340, "share", 4
    )
    enter, leave = entry_exit_thresholds(1.0, 4.0, 0.0, 0.025, 0.0, 0.1)
    yield _held("Dixit entry, w 1, k 4, l 0, r .025, mu 0, sigma .1", enter, 1.466679, "price", 6)
    yield _held("Dixit exit", leave, 0.765732, "price", 6)
    yield _held(
        "time to power, m 2, r .10, 1.5 and 5 years",
        time_to_power_value(2.0, 0.10, 1.5, 5.0),
        5.0835,
        "musd/MW",
        4,
    )
    yield _held(
        "lease annuity, g .03, r .09, 15 years", lease_value(1.0, 0.03, 0.09, 15.0), 9.890506, "years", 6
    )
    yield _held(
        "survival at a chance of .02 a month, 36 months",
        1.0 - float(default_probability(-12.0 * math.log(0.98), 36)),
        0.483213,
        "share",
        6,
        "the hazard a year is -12 ln .98; .02 a month as the hazard itself gives exp(-.72) = .486752",
    )


def _market() -> Iterator[Check]:
    value = np.array([[10.0, 8.0, 3.0], [9.0, 7.0, 6.0], [4.0, 6.0, 5.0]])
    clear = partial(clear_leases, value, np.zeros(3))
    yield _held("assignment: surplus", clear(0.0).surplus, 22.0, "musd", 6)
    for theta, stated in ((0.0, (3.0, 1.0, 0.0)), (1.0, (8.0, 6.0, 5.0))):
        for seller, price in enumerate(clear(theta).prices):
            yield _held(
                f"assignment: price of seller {seller + 1} at theta {theta:g}",
                price,
                stated[seller],
                "musd",
                6,
            )
    yield _held("queue of 60 in, 15 out, w .33: wait", queue_wait(60.0, 15.0, 0.33), 4.2009, "years", 4)
    yield _held("the same: backlog", queue_backlog(60.0, 15.0, 0.33), 136.36, "GW", 2)
    merged = hhi(np.array([0.5, 0.5])) - hhi(np.array([0.2, 0.3, 0.5]))
    yield _held("two firms of 20 and 30% merge: rise of HHI", merged, 2 * 0.2 * 0.3, "-", 9)


def _barrier() -> Iterator[Check]:
    yield _held(
        "free entry: reflecting barrier over I, r .12, drift .05, a .40, s .58",
        free_entry_barrier(1.0, 0.12, 0.05, 0.40, 0.58),
        0.706692,
        "1/year",
        6,
    )
    yield _held(
        "free entry: its limit without risk, I (r + a)",
        free_entry_barrier(1.0, 0.12, 0.05, 0.40, 0.0),
        0.52,
        "1/year",
        9,
    )
