"""The rules of the verdicts, read from `rules.toml`, and the one way in which an interval meets a rule."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

RULES = Path(__file__).with_name("rules.toml")
SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "not identified"
ROUNDING = 1e-9
VERDICTS = (SUPPORTED, CONTRADICTED, OPEN)


class Estimate(NamedTuple):
    """A statistic with its interval, and the independent draws behind it."""

    value: float
    low: float
    high: float
    draws: int


@dataclass(frozen=True)
class Test:
    """A statistic, where it has to lie for the claim, and the words for either outcome."""

    name: str
    statistic: str
    unit: str
    scale: float
    threshold_from: str
    words: dict[str, str]
    above: float = -math.inf
    below: float = math.inf
    evidence: str = "runs"
    """Which study is judged: the paired runs, or the spread over shared uncertainties."""

    @property
    def rule(self) -> str:
        """Return the rule in words."""
        parts = [f"above {self.above:g}"] if math.isfinite(self.above) else []
        parts += [f"below {self.below:g}"] if math.isfinite(self.below) else []
        return f"{' and '.join(parts)} {self.unit}"

    @property
    def limits(self) -> tuple[float, float]:
        """Return the ends of the region that supports the claim, in the unit of the statistic itself."""
        return self.above / self.scale, self.below / self.scale


@dataclass(frozen=True)
class Claim:
    """A claim of the source article, how it could be refuted, and what the verdict cannot tell."""

    key: str
    claim: str
    experiment: str
    caveat: str
    tests: tuple[Test, ...]


@dataclass(frozen=True)
class Rules:
    """All claims, and what holds for every verdict."""

    confidence: float
    fewest_draws: int
    near_term_grid_gw: float
    under_construction_gw: float
    claims: tuple[Claim, ...]


@cache
def rules() -> Rules:
    """Return the rules as they were written down."""
    document = tomllib.loads(RULES.read_text(encoding="utf-8"))
    claims = tuple(_claim(key, entry) for key, entry in document["claims"].items())
    return Rules(document["confidence"], document["fewest_draws"], **document["article"], claims=claims)


def judge(test: Test, estimate: Estimate, fewest: int) -> str:
    """Return the verdict on a test: the whole interval inside, the whole interval outside, or neither."""
    low, high = estimate.low, estimate.high
    if estimate.draws < fewest or not (math.isfinite(low) and math.isfinite(high)):
        return OPEN
    least, most = test.limits
    # A difference of nothing is no difference, and rounding must not make it one.
    if low > least + ROUNDING and high < most - ROUNDING:
        return SUPPORTED
    return CONTRADICTED if high <= least + ROUNDING or low >= most - ROUNDING else OPEN


def joined(verdicts: Iterable[str]) -> str:
    """Return the verdict on a claim: contradicted when one test is, supported when all are."""
    found = set(verdicts)
    if CONTRADICTED in found:
        return CONTRADICTED
    return SUPPORTED if found == {SUPPORTED} else OPEN


def _claim(key: str, entry: dict[str, Any]) -> Claim:
    tests = tuple(_test(name, fields) for name, fields in entry["tests"].items())
    return Claim(key, entry["claim"], entry["experiment"], entry["caveat"], tests)


def _test(name: str, fields: dict[str, Any]) -> Test:
    words = {verdict: fields.pop(verdict.replace(" ", "_")) for verdict in VERDICTS}
    return Test(name=name, words=words, **fields)
