"""What a firm's card says: its books, sites, machines and leases, and why it did what it did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from model import palette
from model.panels import ACCOUNTS
from model.series import USD_KW_MONTH
from viz.record import LiveRecord, Moment

ASSETS = ("cash", "restricted_cash", "bitcoin", "machines", "property")
WORDS = {
    "cash": "free cash",
    "restricted_cash": "cash reserved for builds",
    "bitcoin": "bitcoin treasury",
    "machines": "machines and orders",
    "property": "sites, plant and halls",
    "corporate_debt": "corporate debt",
    "project_debt": "project loans",
    "prepayment": "prepayments received",
    "capital": "capital paid in",
    "earnings": "retained earnings",
}
OPTIONS = {
    "mine": "go on mining",
    "shell": "sublease as powered shell",
    "colocation": "convert to colocation",
    "cloud": "convert to GPU cloud",
}
STOPPED = {
    "prefers_mining": "mining was worth more",
    "hurdle": "the gain stayed below the hurdle of waiting",
    "not_eligible": "the site is not fit for AI (size, fibre, land or time to power)",
    "no_finance": "no money for the build",
    "no_construction_slot": "no builder was free",
    "no_tenant": "no tenant took the block",
}
ROUND_OFF = 1e-6


class Cell(NamedTuple):
    """A cell of a table: its text and how it is set."""

    text: str
    style: str = ""


class Table(NamedTuple):
    """A table for people."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def html(self) -> str:
        """Return the table as HTML; everything in it is escaped."""
        heads = "".join(
            f'<th class="{"number" if _is_number(self.rows, at) else ""}">{escape(head)}</th>'
            for at, head in enumerate(self.heads)
        )
        rows = "".join(
            "<tr>" + "".join(f'<td class="{cell.style}">{escape(cell.text)}</td>' for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"


def facts(moment: Moment, firm: str) -> str:
    """Return the firm in a line."""
    row = _row(moment, firm)
    parts = [f"{row['kind'].replace('_', ' ')}, {row['status']}"]
    if row["acquired_by"]:
        parts.append(f"taken over by {row['acquired_by']} in {row['exit_month']:%b %Y}")
    parts += [
        f"{row['secured_mw']:,.0f} MW secured, {row['energised_mw']:,.0f} energised",
        f"{row['hash_eh_s']:,.2f} EH/s",
        f"worth {row['enterprise_value']:,.0f} million USD",
        f"strategy {row['strategy']}",
    ]
    return " · ".join(parts)


def books(moment: Moment, firm: str) -> Table:
    """Return the balance sheet of the month and of a year before."""
    row, before = _row(moment, firm), _row_before(moment, firm, months=12)
    then = "a year before" if before is not None else ""
    rows = []
    for title, accounts in (
        ("assets", ASSETS),
        ("debts and equity", [a for a in ACCOUNTS if a not in ASSETS]),
    ):
        rows += [_account(WORDS[account], row, before, (account,)) for account in accounts]
        rows.append(_account(f"all {title}", row, before, tuple(accounts), "total"))
    rows.append(
        (
            Cell("BTC held"),
            _number(row["btc"], 0),
            _number(before["btc"], 0) if before is not None else Cell(""),
        )
    )
    return Table(("million USD", f"{moment.month:%b %Y}", then), tuple(rows))


def sites(moment: Moment, firm: str) -> Table:
    """Return the firm's sites, the largest first."""
    held = moment.sites.loc[(moment.sites["owner"] == firm).to_numpy()].sort_values(
        "secured_mw", ascending=False
    )
    rows = tuple(
        (
            Cell(row["site"]),
            Cell(row["region"]),
            Cell(_holding(row)),
            _number(row["power_cost"], 1),
            *(_number(row[f"{use}_mw"], 0) for use in palette.USES),
            Cell("yes" if row["convertible"] else "no"),
            _date(row["energisation"] if row["pipeline_mw"] > 0 else pd.NaT),
        )
        for row in held.to_dict("records")
    )
    uses = [f"{palette.LABELS[use]}, MW" for use in palette.USES]
    return Table(("site", "region", "held, power", "USD/MWh", *uses, "fit for AI", "next power"), rows)


def machines(moment: Moment, firm: str) -> Table:
    """Return the machines by generation where they are known, and by site otherwise."""
    record = moment.record
    if isinstance(record, LiveRecord) and moment.at == record.months - 1:
        return _by_generation(moment, record, firm)
    held = moment.sites.loc[
        (moment.sites["owner"] == firm).to_numpy() & (moment.sites["hash_eh_s"] > 0).to_numpy()
    ]
    rows = tuple(
        (
            Cell(row["site"]),
            _number(row["hash_eh_s"], 2),
            _number(row["mining_mw"], 0),
            _number(100 * row["uptime"], 0),
            _number(row["margin"], 2),
        )
        for row in held.sort_values("hash_eh_s", ascending=False).to_dict("records")
    )
    return Table(("machines at", "EH/s", "MW", "uptime, %", "margin, million USD/month"), rows)


def leases(moment: Moment, firm: str) -> Table:
    """Return the leases the firm has signed or taken over, the newest first."""
    sites_held = set(moment.sites.loc[(moment.sites["owner"] == firm).to_numpy(), "site"])
    all_leases = moment.leases
    own = all_leases.loc[
        (all_leases["lessor"] == firm).to_numpy() | all_leases["site"].isin(list(sites_held)).to_numpy()
    ]
    rows = tuple(
        (
            Cell(f"{row['signed']:%b %Y}"),
            Cell(row["tenant"]),
            Cell(row["site"]),
            Cell(row["product"]),
            _number(row["gross_mw"], 0),
            _number(row["it_mw"], 0),
            _number(row["rent"] * USD_KW_MONTH, 0),
            _number(row["term"] / 12, 0),
            Cell(_stands(row, moment.month)),
        )
        for row in own.sort_values("signed", ascending=False, kind="stable").to_dict("records")
    )
    heads = (
        "signed",
        "tenant",
        "site",
        "product",
        "MW",
        "IT MW",
        "$/kW-month of IT, first year",
        "years",
        "stands",
    )
    return Table(heads, rows)


def decisions(moment: Moment, firm: str, last: int = 40) -> Table:
    """Return the last reviews of the firm's blocks, with the values compared and what came of it."""
    rows = []
    for row in reviews(moment, firm).tail(last).iloc[::-1].to_dict("records"):
        best = max(OPTIONS, key=lambda option: _or_least(row[f"value_{option}"]))
        values = (_number(row[f"value_{option}"], 2, "best" if option == best else "") for option in OPTIONS)
        rows.append(
            (
                Cell(f"{row['month']:%b %Y}"),
                Cell(row["site"]),
                _number(row["mw"], 0),
                *values,
                _number(row["hurdle"], 2),
                Cell(outcome(row)),
            )
        )
    heads = ("month", "block at", "MW", "mine", "shell", "colocation", "cloud", "hurdle", "what came of it")
    return Table(heads, tuple(rows))


def reviews(moment: Moment, firm: str) -> pd.DataFrame:
    """Return the reviews of the firm's blocks so far."""
    events = moment.events
    return events.loc[(events["kind"] == "decision").to_numpy() & (events["firm"] == firm).to_numpy()]


def why(moment: Moment, firm: str) -> str:
    """Return in a sentence why the firm is what it is: what it signed, and what stopped it most often."""
    found = reviews(moment, firm)
    if found.empty:
        return "No block of this firm has been reviewed yet."
    signed = found.loc[(found["outcome"] == "signed").to_numpy()]
    text = f"{len(found)} reviews of blocks so far, {len(signed)} of them signed"
    if len(signed):
        text += f" ({signed['mw'].sum():,.0f} MW)"
    stopped = found.loc[(found["outcome"] != "signed").to_numpy(), "outcome"].value_counts()
    if len(stopped):
        first, times = str(stopped.index[0]), int(stopped.iloc[0])
        text += f". What stopped the others most often ({times} times): {STOPPED[first]}"
    return text + ". Values in million USD per MW; the largest stands out."


def outcome(row: dict[str, Any]) -> str:
    """Return what came of a review, and what stopped the alternative."""
    if row["outcome"] == "signed":
        return (
            f"{row['use']} for {row['counterparty']} at {row['price'] * USD_KW_MONTH:,.0f} $/kW-month of IT"
        )
    return f"mines on: {STOPPED.get(row['outcome'], row['outcome'])}"


def history(moment: Moment, firm: str) -> pd.DataFrame:
    """Return the firm's rows up to now, by month."""
    firms = moment.record.firms
    rows = firms.loc[(firms["firm"] == firm).to_numpy() & (firms["month"] <= moment.month).to_numpy()]
    return rows.set_index("month")


def _row(moment: Moment, firm: str) -> dict[str, Any]:
    return moment.firms.loc[(moment.firms["firm"] == firm).to_numpy()].iloc[0].to_dict()


def _row_before(moment: Moment, firm: str, months: int) -> dict[str, Any] | None:
    past = history(moment, firm)
    then = moment.month - pd.DateOffset(months=months)
    return past.loc[then].to_dict() if then in past.index else None


def _account(
    label: str, row: dict[str, Any], before: dict[str, Any] | None, accounts: Sequence[str], style: str = ""
) -> tuple[Cell, ...]:
    now = _number(sum(row[account] for account in accounts), 1, style)
    then = _number(sum(before[account] for account in accounts), 1, style) if before is not None else Cell("")
    return (Cell(label, style), now, then)


def _by_generation(moment: Moment, record: LiveRecord, firm: str) -> Table:
    state = record.industry.state
    rows_held = np.flatnonzero(state.sites.owner == state.firm_names.index(firm))
    held = state.sites.hash[rows_held].sum(axis=0)
    hashprice = float(moment.now["hashprice_usd_ph_day"])
    rows = tuple(
        (
            Cell(f"{efficiency:.1f} J/TH"),
            _number(held[at], 2),
            _number(held[at] * efficiency, 0),
            _number(hashprice / (0.024 * efficiency), 0),
        )
        for at, efficiency in enumerate(state.generations)
        if held[at] > ROUND_OFF
    )
    return Table(("generation", "EH/s", "IT MW at full load", "pays up to, USD/MWh"), rows)


def _holding(row: dict[str, Any]) -> str:
    power = {
        "fixed": "fixed price",
        "fixed_resale": "fixed, can resell",
        "grid": "grid price",
        "own": "own power",
    }
    host = f" by {row['host_site']}" if row["host_site"] else ""
    return f"{row['tenure']}{host}, {power[row['contract']]}"


def _stands(row: dict[str, Any], month: pd.Timestamp) -> str:
    if row["ended"] <= month:
        return f"ended {row['ended']:%b %Y}"
    return "delivering" if row["delivery"] <= month else f"due {row['delivery']:%b %Y}"


def _number(value: float, digits: int, style: str = "") -> Cell:
    text = f"{value:,.{digits}f}" if math.isfinite(value) else ""
    # Zeros fill a table and say nothing; minus zero says less.
    blank = {f"{0:.{digits}f}": "0", f"-{0:.{digits}f}": "0"}
    return Cell(blank.get(text, text), f"number {style}".strip())


def _date(when: Any) -> Cell:  # noqa: ANN401
    return Cell("" if pd.isna(when) else f"{when:%b %Y}")


def _or_least(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _is_number(rows: Sequence[Sequence[Cell]], at: int) -> bool:
    return bool(rows) and rows[0][at].style.startswith("number")
