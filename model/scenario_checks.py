"""Combinations of parameters that contradict each other, checked before the first month of a run.

Only what cannot hold at once is refused. Odd but possible worlds (free power, no buyers, a bust after the
end of a short run) are left alone: limit cases and sweeps need them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from model.errors import Problem

if TYPE_CHECKING:
    from model.scenario import Scenario

BASELINE_MONTH = "2025-11"
"""The month the shipped tables describe."""

PREPAYMENT_CREDITED_FROM = 3
"""First year of a lease in which a prepayment is credited back."""

NOT_ABOVE = (
    ("ai.discount_investment_grade", "ai.discount_high_yield", "the better credit borrows no dearer"),
    ("ai.default_investment_grade", "ai.default_high_yield", "the better credit defaults no more often"),
    (
        "finance.loan_to_cost_high_yield",
        "finance.loan_to_cost_investment_grade",
        "better credit borrows no less",
    ),
    ("finance.distress_discount_single", "finance.distress_discount", "the second is the deepest discount"),
    ("leases.shell_capex", "leases.colocation_capex", "a hall contains its shell"),
    ("ai.minimum_block_mw", "leases.block_mw", "no buyer would take any block on offer"),
    ("population.tail_site_median", "population.tail_site_max", "the median site is not the largest"),
)
"""Pairs (first, second, why the first must not exceed the second)."""


def contradictions(scenario: Scenario) -> list[Problem]:
    """Return every contradiction in the scenario, none when it is sound."""
    return [problem for check in CHECKS for problem in check(scenario)]


def _value(scenario: Scenario, key: str) -> float:
    group, field = key.split(".")
    return getattr(getattr(scenario, group), field)


def _ordered_pairs(scenario: Scenario) -> Iterator[Problem]:
    for first, second, why in NOT_ABOVE:
        low, high = _value(scenario, first), _value(scenario, second)
        if low > high:
            line = f"{first} = {low:g} must not exceed {second} = {high:g}: {why}"
            yield Problem((first, second), line)


def _price(scenario: Scenario) -> Iterator[Problem]:
    bitcoin = scenario.bitcoin
    if bitcoin.bear_drift >= bitcoin.bull_drift:
        line = (
            f"bitcoin.bear_drift = {bitcoin.bear_drift:g} must be below "
            f"bitcoin.bull_drift = {bitcoin.bull_drift:g}"
        )
        yield Problem(("bitcoin.bear_drift", "bitcoin.bull_drift"), line)
    keys = ("bitcoin.price_process", "bitcoin.price_path")
    if bitcoin.price_process == "path" and bitcoin.price_path is None:
        line = "bitcoin.price_process = 'path' needs bitcoin.price_path, a CSV file with month,btc_price_usd"
        yield Problem(keys, line)
    if bitcoin.price_process != "path" and bitcoin.price_path is not None:
        line = (
            "bitcoin.price_path is only read when bitcoin.price_process is 'path', "
            f"not '{bitcoin.price_process}'"
        )
        yield Problem(keys, line)


def _megawatts(scenario: Scenario) -> Iterator[Problem]:
    load = scenario.leases.it_to_gross * scenario.ai.pue
    if load > 1:
        line = (
            f"leases.it_to_gross = {scenario.leases.it_to_gross:g} times ai.pue = {scenario.ai.pue:g} "
            f"is {load:.3g}: an AI hall would draw more than its gross megawatts"
        )
        yield Problem(("leases.it_to_gross", "ai.pue"), line)


def _prepayment(scenario: Scenario) -> Iterator[Problem]:
    leases = scenario.leases
    for product, share, years in (
        ("cloud", leases.prepaid_cloud, leases.cloud_term),
        ("colocation", leases.prepaid_colocation, leases.colocation_term),
    ):
        if share > 0 and years < PREPAYMENT_CREDITED_FROM:
            line = (
                f"leases.prepaid_{product} = {share:g} is credited back from year "
                f"{PREPAYMENT_CREDITED_FROM}, but leases.{product}_term = {years} years"
            )
            yield Problem((f"leases.prepaid_{product}", f"leases.{product}_term"), line)


def _slips(scenario: Scenario) -> Iterator[Problem]:
    leases = scenario.leases
    if leases.slip_probability * leases.slip_months >= 1:
        line = (
            f"leases.slip_probability = {leases.slip_probability:g} times leases.slip_months = "
            f"{leases.slip_months} must be below 1: a build would slip faster than it advances"
        )
        yield Problem(("leases.slip_probability", "leases.slip_months"), line)


def _labels(scenario: Scenario) -> Iterator[Problem]:
    for key in ("name", "description"):
        if len(getattr(scenario, key).splitlines()) > 1:
            yield Problem((key,), f"{key}: expected a single line")


def _choice(scenario: Scenario) -> Iterator[Problem]:
    choice = scenario.choice
    wrong = {name: share for name, share in choice.mix.items() if not 0 <= share <= 1}
    for name, share in wrong.items():
        line = f"choice.mix.{name}: expected a share from 0 to 1, got {share:g}"
        yield Problem(("choice.mix",), line)
    total = sum(choice.mix.values())
    if choice.mix and not wrong and abs(total - 1) > 1e-6:
        yield Problem(("choice.mix",), f"choice.mix: the shares must add up to 1, not to {total:g}")
    if choice.network == "watts_strogatz" and choice.network_degree % 2:
        line = (
            "choice.network = 'watts_strogatz' needs an even choice.network_degree, "
            f"not {choice.network_degree}"
        )
        yield Problem(("choice.network_degree", "choice.network"), line)


def _start(scenario: Scenario) -> Iterator[Problem]:
    start = scenario.horizon.start
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", start):
        line = f"horizon.start: expected a month such as {BASELINE_MONTH}, got '{start}'"
        yield Problem(("horizon.start",), line)
    elif start != BASELINE_MONTH and scenario.population.data_folder is None:
        line = (
            f"horizon.start = '{start}', but the shipped tables describe {BASELINE_MONTH}; "
            "another start needs population.data_folder with tables of that date"
        )
        yield Problem(("horizon.start", "population.data_folder"), line)


CHECKS: tuple[Callable[[Scenario], Iterator[Problem]], ...] = (
    _ordered_pairs,
    _slips,
    _price,
    _megawatts,
    _prepayment,
    _labels,
    _choice,
    _start,
)
