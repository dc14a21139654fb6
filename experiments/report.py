"""The summary of a run as people read it in a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from model.palette import BASES, LABELS, SOURCES, USES

if TYPE_CHECKING:
    from model.identities import Identity

NOTHING = "-"
OUTCOMES = {
    "prefers_mining": "mining was worth more",
    "hurdle": "below the option hurdle",
    "not_eligible": "sites not fit for AI",
    "no_finance": "no finance",
    "no_construction_slot": "no construction slot",
    "no_tenant": "no tenant",
}


def print_report(console: Console, facts: dict[str, Any], files: Sequence[str] = ()) -> None:
    """Print the facts of a run."""
    title = f"{facts['scenario']}: {facts['description']}"
    span = f"{facts['first_month']} to {facts['last_month']}, seed {facts['seed']}"
    console.print(Text(title, style="bold"), Text(f"({span})", style="dim"))
    for table in (_gap(facts), _megawatts(facts), _firms(facts), _fates(facts), _concentration(facts)):
        console.print(table)
    for line in _lines(facts):
        console.print(line, highlight=False)
    console.print()
    console.print(Text(facts["purpose"], style="italic"))
    for line in files:
        console.print(line, soft_wrap=True, highlight=False)


def print_identities(console: Console, found: Sequence[Identity]) -> None:
    """Print what the start must add up to, and whether it does."""
    table = _table("What the start must add up to", "", "built", "should be", "within", "unit", "holds")
    for identity in found:
        told = math.isnan(identity.target)
        numbers = (identity.value, None if told else identity.target, None if told else identity.tolerance)
        holds = NOTHING if told else "yes" if identity.ok else "NO"
        table.add_row(identity.name, *(_significant(value) for value in numbers), identity.unit, holds)
    console.print()
    console.print(table)
    failed = sum(not identity.ok for identity in found)
    console.print(
        "All identities hold." if not failed else f"{failed} of {len(found)} identities do NOT hold."
    )


def _significant(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.5g}"


def _gap(facts: dict[str, Any]) -> Table:
    table = _table("US power for AI, GW", "month", "demand", *(LABELS[source] for source in SOURCES), "gap")
    for row in facts["gap"]:
        numbers = (
            row[name] for name in ("demand_gw", *(f"delivered_{source}_gw" for source in SOURCES), "gap_gw")
        )
        table.add_row(row["month"], *(number(value, 1) for value in numbers))
    return table


def _megawatts(facts: dict[str, Any]) -> Table:
    table = _table("The miners' megawatts by use", "", "US start", "US end", "all start", "all end")
    for use in USES:
        row = [
            facts["megawatts"][pool][f"{use}_mw"][when] for pool in ("us", "all") for when in ("start", "end")
        ]
        table.add_row(LABELS[use], *(number(value) for value in row))
    return table


def _firms(facts: dict[str, Any]) -> Table:
    columns = ("firm", "status", *USES, "EV musd", "EV/MW")
    table = _table(f"The firms of the article, MW at the end ({facts['last_month']})", *columns, left=2)
    for firm in facts["firms"]:
        megawatts = [number(firm[f"{use}_mw"]) for use in USES]
        value = number(firm["enterprise_value_musd"])
        table.add_row(firm["firm"], firm["status"], *megawatts, value, number(firm["ev_per_mw"], 2))
    return table


def _fates(facts: dict[str, Any]) -> Table:
    table = _table("When and why", "firm", "first AI lease", "leases since", "end or why not", left=4)
    for firm in facts["firms"]:
        deals = f"{firm['leases_signed']} signed" if firm["leases_signed"] else "none"
        table.add_row(firm["firm"], _lease(firm["first_lease"]), deals, _end(firm))
    return table


def _lease(lease: dict[str, Any] | None) -> str:
    if lease is None:
        return NOTHING
    text = (
        f"{lease['month']}: {lease['gross_mw']:.0f} MW {lease['product']} for {lease['tenant']} "
        f"at {lease['rent_usd_kw_month']:.0f} USD/kW-month"
    )
    if lease["before_the_run"]:
        return f"{text}, before the run"
    if worth := lease["worth"]:
        lease_value, mining_value = number(worth["lease_musd_mw"], 2), number(worth["mining_musd_mw"], 2)
        text += f"; worth {lease_value} against {mining_value} musd/MW mining"
    return text


def _end(firm: dict[str, Any]) -> str:
    if gone := firm["exit"]:
        return f"{gone['reason']} {gone['month']}" + (f" by {gone['by']}" if gone["by"] else "")
    if not firm["leases_signed"] and (why := firm["why_not"]):
        return (
            f"{OUTCOMES.get(why['outcome'], why['outcome'])} ({why['share']:.0%} of {why['reviews']} reviews)"
        )
    return NOTHING


def _concentration(facts: dict[str, Any]) -> Table:
    table = _table(
        "Concentration", "", "HHI start", "HHI end", "CR4 start", "CR4 end", "equal firms", "at the end"
    )
    for basis in BASES:
        row = facts["concentration"][basis]
        shares = [row[f"{name}_{basis}"][when] for name in ("hhi", "cr4") for when in ("start", "end")]
        equal = [row[f"numbers_{basis}"][when] for when in ("start", "end")]
        table.add_row(
            LABELS[basis], *(number(value, 3) for value in shares), *(number(value, 1) for value in equal)
        )
    return table


def _lines(facts: dict[str, Any]) -> list[str]:
    out, rent, mining = facts["shakeout"], facts["rent"], facts["mining"]
    rents, hashprice = rent["lease_rent_usd_kw_month"], mining["hashprice_usd_ph_day"]
    network, price = mining["network_hashrate_eh_s"], mining["btc_price_usd"]
    counts = {
        name: _count(out[name], name) for name in ("exits", "mergers", "liquidations", "closures", "entries")
    }
    filings = _count(out["chapter11_filings"], "chapter 11 filings")
    width = number(rent["mean_core_width_usd_kw_month"])
    return [
        f"Firms: {out['firms_at_start']} at the start, {out['firms_at_end']} at the end; {counts['exits']} "
        f"({counts['mergers']}, {counts['liquidations']}, {counts['closures']}), {filings}, "
        f"{counts['entries']}; fewest {out['fewest_firms']} in {out['fewest_firms_month']}.",
        f"New leases: {_signed(rent['signed'])}. Rents are means over the term, USD/kW-month of IT; the going"
        f" colocation rent went from {number(rents['start'])} to {number(rents['end'])}, the core was {width}"
        " wide on average.",
        f"Mining: BTC {number(price['start'])} to {number(price['end'])} USD, hashprice "
        f"{number(hashprice['start'], 1)} to {number(hashprice['end'], 1)} USD/PH/day, "
        f"network {number(network['start'])} to {number(network['end'])} EH/s.",
    ]


def _signed(signed: dict[str, dict[str, float]]) -> str:
    """Return what was signed, product by product."""
    parts = []
    for product, row in signed.items():
        size, rent = number(row["gross_mw"]), number(row["mean_rent_usd_kw_month"])
        parts.append(f"{int(row['leases'])} {product} ({size} MW at {rent})")
    return ", ".join(parts) or "none"


def _count(count: int, things: str) -> str:
    """Return "1 merger" or "2 mergers"."""
    one = things.removesuffix("ies") + "y" if things.endswith("ies") else things.removesuffix("s")
    return f"{count} {one if count == 1 else things}"


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with thousands apart, and a dash for one that is not known."""
    if value is None:
        return NOTHING
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def _table(title: str, *columns: str, left: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < left else "right", overflow="fold")
    return table
