"""The recorder's blocks as tables for people: names instead of rows, dates instead of month numbers.

Months are dates of their first day, so that they plot and compare as they should; a month that never came is
NaT, an enumeration is its name in small letters, nobody is an empty string.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agents.economics.discounting import mean_over_term
from agents.tables import (
    LEASE,
    Contract,
    Kind,
    LeaseStatus,
    Outcome,
    Product,
    Stage,
    Status,
    Tenure,
)
from model.measures import BASES, concentration
from model.panels import FIRM_STATIC, HOLDINGS, SITE_STATIC, Panel
from model.series import USD_KW_MONTH
from model.series_columns import SERIES

if TYPE_CHECKING:
    from model.recording import Recorder
    from model.state import State

FAR = 2400
"""Months further away than two centuries are no dates (nanosecond dates end in 2262)."""

ENUMERATIONS: dict[str, type[IntEnum]] = {
    "kind": Kind,
    "status": Status,
    "exit_reason": Status,
    "tenure": Tenure,
    "contract": Contract,
    "stage": Stage,
    "last_choice": Product,
    "product": Product,
    "use": Product,
    "outcome": Outcome,
}
MONTHS = (
    "entry_month",
    "exit_month",
    "distress_month",
    "chapter11_month",
    "maturity",
    "energisation",
    "last_move",
    "signed",
    "promised",
    "delivery",
    "ended",
)
EVENT_COLUMNS = {
    "firm": "int64",
    "site": "int64",
    "counterparty": "int64",
    "use": "int64",
    "outcome": "int64",
    "mw": "float64",
    "price": "float64",
    "reserve": "float64",
    "value": "float64",
    "value_mine": "float64",
    "value_shell": "float64",
    "value_colocation": "float64",
    "value_cloud": "float64",
    "hurdle": "float64",
    "probability": "float64",
    "reason": "object",
}
"""Columns of every events table; `firm` and `site` are rows, `use` is a product, money is musd or musd/MW."""
TENANT_KINDS = ("decision", "delivered", "lease ended", "tenant default", "lease broken")
"""Kinds of events whose counterparty is the row of an AI customer; of all others it is the row of a firm."""
_MISSING: dict[str, Any] = {"i": -1, "f": np.nan, "O": ""}


LEAST_HELD = 1e-3
"""MW or EH/s below which a value per unit says nothing."""


def series(recorder: Recorder) -> pd.DataFrame:
    """Return the series, concentration included."""
    months = recorder.month
    columns = {name: recorder.values[:months, at].copy() for name, at in recorder.names.items()}
    present = recorder.shares.matrix("present")
    for basis in BASES:
        columns |= concentration(recorder.shares.matrix(basis), present, basis)
    declared = {column.name: columns.pop(column.name, np.zeros(months)) for column in SERIES}
    index = pd.DatetimeIndex(dates(recorder.start, np.arange(months)), name="month")
    return pd.DataFrame(declared | columns, index=index)


def firms(recorder: Recorder, state: State) -> pd.DataFrame:
    """Return the firm panel."""
    panel = recorder.firm_panel
    when, who = panel.index()
    static = {name: getattr(state.firms, name)[who] for name in FIRM_STATIC}
    recorded = _recorded(panel, (when, who))
    holdings = {name: recorded.pop(name) for name in HOLDINGS}
    strategies = [strategy.name for strategy in state.strategies]
    static["strategy"] = named(strategies, static["strategy"])
    recorded["acquired_by"] = named(state.firm_names, recorded.pop("owner"))
    # What is known of a firm that has not gone by then is that it has no reason.
    gone = recorded["exit_month"] <= when + panel.first
    recorded |= _values_per_unit(recorded, holdings)
    table = {"month": when + panel.first, "firm": named(state.firm_names, who)}
    frame = decoded(recorder.start, table | static | {"status": recorded.pop("status")} | holdings | recorded)
    frame.loc[~gone, "exit_reason"] = ""
    return frame


def sites(recorder: Recorder, state: State) -> pd.DataFrame:
    """Return the site panel."""
    panel = recorder.site_panel
    when, where = panel.index()
    static = {name: getattr(state.sites, name)[where] for name in SITE_STATIC}
    static["region"] = named(state.region_names, static["region"])
    recorded = _recorded(panel, (when, where))
    recorded["host_site"] = named(state.site_names, recorded["host_site"])
    table = {
        "month": when + panel.first,
        "site": named(state.site_names, where),
        "owner": named(state.firm_names, recorded.pop("owner")),
    }
    return decoded(recorder.start, table | static | recorded)


def leases(recorder: Recorder, state: State) -> pd.DataFrame:
    """Return the leases as they stand, with the firm that signed and the month each ended."""
    table = state.leases
    columns: dict[str, Any] = {"lease": np.arange(len(table))}
    columns |= {column.name: getattr(table, column.name).copy() for column in LEASE}
    columns["status"] = _enumerated(LeaseStatus, columns["status"])
    columns["tenant"] = named(state.hyperscaler_names, columns["tenant"])
    columns["landlord"] = named(state.firm_names, columns["landlord"])
    columns["lessor"] = named(state.firm_names, recorder.lease_lessor)
    columns["region"] = named(state.region_names, state.sites.region[columns["site"]])
    columns["us"] = state.sites.us[columns["site"]]
    columns["site"] = named(state.site_names, columns["site"])
    columns["ended"] = recorder.lease_ended
    years = np.maximum(columns["term"], 1) / 12.0
    mean = mean_over_term(np.log1p(columns["escalator"]), years)
    columns["rent_usd_kw_month"] = columns["rent"] * mean * USD_KW_MONTH
    return decoded(recorder.start, columns)


def events(recorder: Recorder, state: State) -> pd.DataFrame:
    """Return all events in the order in which they were noted."""
    lengths = [_length(columns) for _, _, columns in recorder.chunks]
    total = sum(lengths)
    columns = {name: np.full(total, _MISSING[np.dtype(d).kind], d) for name, d in EVENT_COLUMNS.items()}
    months, kinds = np.zeros(total, dtype=np.int64), np.full(total, "", dtype=object)
    first = 0
    for (month, kind, noted), length in zip(recorder.chunks, lengths, strict=True):
        last = first + length
        months[first:last], kinds[first:last] = month, kind
        for name, value in noted.items():
            if name not in columns:
                columns[name] = _blank(value, total)
            columns[name][first:last] = value
        first = last
    tenants = np.isin(kinds, TENANT_KINDS) & (columns["counterparty"] >= 0)
    columns["counterparty"] = columns["counterparty"] + len(state.firm_names) * tenants
    columns["counterparty"] = named(state.firm_names + state.hyperscaler_names, columns["counterparty"])
    columns["firm"], columns["site"] = (
        named(state.firm_names, columns["firm"]),
        named(state.site_names, columns["site"]),
    )
    frame = decoded(recorder.start, {"month": months} | columns)
    frame.insert(1, "kind", kinds)
    return frame


def dates(start: str, months: np.ndarray) -> np.ndarray:
    """Return the first days of months counted from the start of the run; NaT for those that never come."""
    months = np.asarray(months, dtype=np.int64)
    near = np.abs(months) < FAR
    when = (np.datetime64(start, "M") + np.where(near, months, 0)).astype("datetime64[ns]")
    return np.where(near, when, np.datetime64("NaT", "ns"))


def named(names: list[str], rows: np.ndarray) -> np.ndarray:
    """Return the names of rows; an empty string for -1."""
    return np.array([*names, ""], dtype=object)[np.asarray(rows, dtype=np.int64)]


def decoded(start: str, columns: dict[str, Any]) -> pd.DataFrame:
    """Return a table with names for enumerations and dates for months, as far as they are numbers."""
    for name, values in columns.items():
        if values.dtype == object:
            continue
        if name in ENUMERATIONS:
            columns[name] = _enumerated(ENUMERATIONS[name], values)
        elif name in MONTHS or name == "month":
            columns[name] = dates(start, values)
    return pd.DataFrame(columns)


def _values_per_unit(recorded: dict[str, np.ndarray], held: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return value per megawatt and per EH/s; not a number for a firm that has none to speak of."""
    contracted = held["building_mw"] + held["subleased_mw"] + held["converted_mw"]
    ratios = {
        "ev_per_mw": (recorded["enterprise_value"], held["energised_mw"]),
        "ev_per_secured_mw": (recorded["enterprise_value"], held["secured_mw"]),
        "ev_per_contracted_mw": (recorded["value_leases"], contracted),
        "ev_per_eh": (recorded["enterprise_value"], held["hash_eh_s"]),
    }
    return {
        name: np.divide(above, below, out=np.full(len(below), np.nan), where=below > LEAST_HELD)
        for name, (above, below) in ratios.items()
    }


def _recorded(panel: Panel, index: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: panel.column(name, index) for name in panel.dtypes}


def _enumerated(names: Iterable[IntEnum], codes: np.ndarray) -> np.ndarray:
    return named([member.name.lower() for member in names], codes)


def _length(columns: dict[str, Any]) -> int:
    arrays = [len(value) for value in columns.values() if np.ndim(value)]
    return max(arrays, default=1) if 0 not in arrays else 0


def _blank(value: Any, length: int) -> np.ndarray:  # noqa: ANN401
    kind = np.asarray(value).dtype.kind
    return np.full(length, "", dtype=object) if kind in "OUS" else np.full(length, np.nan)
