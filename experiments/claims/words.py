"""The defence of a verdict in two sentences, put together from templates, numbers and what they came to."""

from __future__ import annotations

import math

import pandas as pd

from experiments.claims.rules import CONTRADICTED, SUPPORTED, Estimate, Test, rules
from experiments.claims.verdicts import ENDS, Finding, Found

NOTHING = "no number"


def defence(finding: Finding) -> str:
    """Return the two sentences: what the experiment found, and what would turn the verdict."""
    found = _upper(joined_by_and([_clause(item) for item in speaking(finding)], "; "))
    return f"{found}. {_upper(_robustness(finding))}; {finding.claim.caveat}."


def speaking(finding: Finding) -> list[Found]:
    """Return the tests that make the verdict: all of a supported claim, else those of its verdict."""
    return [item for item in finding.tests if item.verdict == finding.verdict]


def shown(test: Test, estimate: Estimate) -> str:
    """Return an estimate with its interval and unit, as it stands in a sentence."""
    value, low, high = (figure(part * test.scale) for part in estimate[:3])
    if math.isnan(estimate.value):
        return f"{NOTHING} ({estimate.draws} draws)"
    unit = test.unit if test.unit == "%" else f" {test.unit}"
    return f"{value}{unit} (from {low} to {high})"


def figure(value: float) -> str:
    """Return a number to three digits, without an exponent and without a minus before nothing."""
    if not math.isfinite(value):
        return NOTHING
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not float(text.replace(",", "")) else text


def plain(name: str) -> str:
    """Return a parameter by its dotted name."""
    return f"`{name}`"


def flipped(finding: Finding) -> pd.DataFrame:
    """Return where the verdict differs from the one given: parameter, end, limit and the other verdict."""
    rows = []
    for row in finding.flips.to_dict("records"):
        for end, limit in zip(ENDS, ("below", "above"), strict=True):
            if row[end] != finding.verdict:
                place = {"parameter": row["parameter"], "end": end, "limit": row[limit]}
                rows.append(place | {"verdict": row[end]})
    return pd.DataFrame(rows, columns=pd.Index(["parameter", "end", "limit", "verdict"]))


def _clause(found: Found) -> str:
    draws = found.estimate.draws
    if draws < rules().fewest_draws:
        figure_so_far = shown(found.test, found.estimate)
        return f"{draws} draws are too few to judge by: the {found.test.statistic} is {figure_so_far} so far"
    return found.test.words[found.verdict].replace("{value}", shown(found.test, found.estimate))


def _robustness(finding: Finding) -> str:
    ends = finding.deciding.thirds
    if finding.flips.empty or ends[["low_draws", "high_draws"]].to_numpy().max() < rules().fewest_draws:
        return "what the verdict rests on could not be asked, for want of draws"
    overall = f"over all shared uncertainties at once the claim is {finding.over_spread}"
    if not ends["strength"].max() > 0:
        return f"no shared uncertainty moves the statistic between its thirds, and {overall}"
    names = joined_by_and([plain(name) for name in finding.parameters])
    turned = flipped(finding)
    if turned.empty:
        return (
            f"the verdict is the same in the low and the high third of {names}, which move it most, and "
            f"{overall}"
        )
    places = [f"{verdict} with {_places(rows)}" for verdict, rows in turned.groupby("verdict", sort=False)]
    opposite = {SUPPORTED: CONTRADICTED, CONTRADICTED: SUPPORTED}.get(finding.verdict)
    strength = (
        "the verdict turns within the plausible"
        if (turned["verdict"] == opposite).any()
        else "the verdict is less sure in places"
    )
    return f"of {names}, which move it most, {strength} (the claim is {joined_by_and(places)}), and {overall}"


def _places(rows: pd.DataFrame) -> str:
    sides = {"low": "below", "high": "above"}
    return joined_by_and(
        [
            f"{plain(row['parameter'])} {sides[row['end']]} {figure(row['limit'])}"
            for row in rows.to_dict("records")
        ],
        last="or",
    )


def rule_in_words() -> str:
    """Return the rule of all verdicts."""
    known = rules()
    return (
        f"A test is supported when its whole {100 * known.confidence:g}% interval lies where the claim says, "
        "contradicted when the whole interval lies elsewhere, and not identified otherwise or with fewer "
        f"than {known.fewest_draws} independent draws. A claim is contradicted when one of its tests is, and "
        "supported when all of them are."
    )


def joined_by_and(parts: list[str], comma: str = ", ", last: str = "and") -> str:
    """Return parts as a list in a sentence."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{comma.join(parts[:-1])}{comma.rstrip() if comma == '; ' else ''} {last} {parts[-1]}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
