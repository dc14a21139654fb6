"""What the columns of saved tables mean, and in which unit they are: the one place that says so."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
from generated_parts import table

from agents.columns import Column
from experiments.fates import OPENING
from model.recorded_tables import ENUMERATIONS

MEANINGS = {
    "month": "first day of the month",
    "firm": "name of the firm",
    "site": "name of the site",
    "owner": "firm that owns the site",
    "listed": "whether its shares trade",
    "strategy": "rule it decides by",
    "mining_mw": "megawatts that mine",
    "idle_mw": "megawatts without a use",
    "building_mw": "megawatts being built for AI",
    "subleased_mw": "megawatts let as powered shell",
    "converted_mw": "megawatts of AI halls and GPU clouds",
    "pipeline_mw": "megawatts not yet energised",
    "secured_mw": "all megawatts, whatever they do",
    "energised_mw": "megawatts that are not pipeline",
    "hash_eh_s": "hash of all machines",
    "running_eh_s": "hash of the machines that ran",
    "exit_reason": "how it ended; empty while it has not",
    "acquired_by": "firm it was merged into",
    "machines": "book value of machines",
    "ev_per_mw": "enterprise value over energised megawatts",
    "ev_per_secured_mw": "enterprise value over all megawatts",
    "ev_per_contracted_mw": "enterprise value over megawatts let or promised",
    "ev_per_eh": "enterprise value over hash",
    "host_site": "site where hosted machines stand",
    "lease": "number of the lease",
    "tenant": "who rents",
    "landlord": "firm that owns the site now",
    "lessor": "firm that signed",
    "region": "grid region",
    "us": "whether it is in the United States",
    "rent_usd_kw_month": "mean rent over the term",
    "ended": "month in which it ended",
    "counterparty": "the other side of it: a tenant, an acquirer, a target",
    "use": "product that was chosen",
    "outcome": "what came of a decision",
    "mw": "gross megawatts",
    "price": "what was paid or bid: a rent, or musd",
    "reserve": "the least the owner would take",
    "value": "what it was worth to who decided, musd or musd/MW",
    "value_mine": "value of mining on",
    "value_shell": "value of letting a powered shell",
    "value_colocation": "value of a colocation hall",
    "value_cloud": "value of a GPU cloud",
    "hurdle": "what a move must be worth beyond mining",
    "probability": "chance with which the choice was made",
    "reason": "in words, where there is more to say",
    "run": "number of the run",
    "point": "number of the scenario, a row of `points.parquet`",
    "sample": "number of the draw of the uncertainties",
    "replication": "number of the seed among those of the draw",
    "seed": "seed of the run",
    "key": "hash of scenario, seed and code",
    "error": "what went wrong, in a line",
    "traceback": "where it went wrong",
    "seconds": "how long the run took",
    "gone": "whether it left",
    "follows": "rule it decides by",
    "duration": "months it was there",
    "first_lease_month": "month it first signed a lease in the run, -1 if never",
    "leases_signed": "leases it signed in the run",
    "equity_end": "value of its equity at the end",
    "contracted_share": "share of the megawatts let or promised",
    "grid_share": "share of the megawatts that pays the hourly price",
    "own_share": "share of the megawatts with generation of its own",
    "us_share": "share of the megawatts in the United States",
    "fit_mw": "megawatts of US sites fit for AI",
    "months_to_power": "months until it is energised",
    "let_mw_2028": "gross megawatts let in the run by the end of 2028",
}
"""What columns mean that are not declared with the entities, or more shortly than there."""
OF_A_TABLE = {
    "firms": {"kind": "listed, private, AI customer or generator"},
    "events": {"kind": "what happened"},
    "leases": {"status": "building, delivering, ended or broken"},
    "runs": {"status": "SUCCEEDED or FAILED"},
    "fates": {
        "kind": "listed or private",
        "reason": "how it left",
        "entry_month": "month it entered, 0 if it was there",
        "exit_month": "month it left, -1 if it did not",
        "enterprise_value": "enterprise value",
        "equity_value": "value of the equity",
    },
}
"""What means something else in one table."""
ARTICLE_END = "_2028"
FIRST_MONTH = {"fates": OPENING, "places": ("secured_mw", "energised_mw")}
"""Columns of tables about whole runs that are of the first month."""
UNITS = {"rent_usd_kw_month": "USD/kW-month of IT", "mw": "MW", "hurdle": "musd/MW"} | {
    f"value_{use}": "musd/MW" for use in ("mine", "shell", "colocation", "cloud")
}
UNITS |= {"equity_end": "musd", "let_mw_2028": "MW", "seconds": "s"} | dict.fromkeys(
    ("duration", "first_lease_month", "months_to_power"), "months"
)
ENDINGS = {"_mw": "MW", "_eh_s": "EH/s", "_per_mw": "musd/MW", "_per_eh": "musd/(EH/s)", "_share": "share"}


def columns(name: str, frame: pd.DataFrame, declared: Iterable[Column]) -> str:
    """Return a table on the columns of a saved table, given those that are declared with its entities."""
    known = {column.name: column for column in declared}
    own, first = OF_A_TABLE.get(name, {}), FIRST_MONTH.get(name, ())
    rows = []
    for column in frame.columns:
        base = column if column in MEANINGS else column.removesuffix(ARTICLE_END)
        meaning = own.get(base) or _meaning(name, base, known.get(base))
        meaning += ", at the end of 2028" * (base != column) + ", in the first month" * (column in first)
        names = [each.name.lower() for each in ENUMERATIONS[base]] if base in ENUMERATIONS else []
        if base not in own and not all(each in meaning.replace(" ", "") for each in names):
            meaning += f" ({', '.join(names)})"
        kind = _type(frame[column])
        unit = _unit(base, known.get(base)) if kind in ("integer", "number") else ""
        rows.append((f"`{column}`", kind, unit, meaning))
    return table(("column", "type", "unit", "meaning"), rows)


def _meaning(table: str, name: str, declared: Column | None) -> str:
    meaning = MEANINGS.get(name) or (declared.doc if declared else "")
    if not meaning:
        raise SystemExit(f"scripts/column_tables.py: the column '{name}' of {table} has no meaning yet")
    return meaning


def _unit(name: str, declared: Column | None) -> str:
    ending = next((unit for end, unit in ENDINGS.items() if name.endswith(end)), "")
    return UNITS.get(name) or (declared.unit if declared else ending)


def _type(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    if pd.api.types.is_bool_dtype(column):
        return "true or false"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    return "number" if pd.api.types.is_float_dtype(column) else "text"
