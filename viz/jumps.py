"""The events of a run worth jumping to, in a line each."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from viz.record import Record

KINDS: tuple[str, ...] = ("deals", "mergers", "failures", "new power")
LARGE_MW = 200.0
AT_MOST = 60


class Jump(NamedTuple):
    """A month, and what happened in it."""

    at: int
    month: pd.Timestamp
    text: str
    firm: str


def jumps(record: Record, kind: str) -> list[Jump]:
    """Return the events of a kind in order of time; of many the weightiest."""
    events, start = record.events, pd.Timestamp(str(record.series.index[0]))
    found = events.loc[_mask(events, kind)]
    found = (
        found.loc[found["mw"].fillna(0.0).nlargest(AT_MOST).index.sort_values()]
        if len(found) > AT_MOST
        else found
    )
    return [
        Jump(
            (row["month"].year - start.year) * 12 + row["month"].month - start.month,
            row["month"],
            _line(row),
            row["firm"],
        )
        for row in found.to_dict("records")
    ]


def _mask(events: pd.DataFrame, kind: str) -> Any:  # noqa: ANN401
    what, mw = events["kind"], events["mw"]
    if kind == "deals":
        return (what == "decision") & (events["outcome"] == "signed")
    if kind == "mergers":
        return what == "merger"
    if kind == "failures":
        return what.isin(["chapter11", "liquidation", "tenant default", "auction"])
    return what.isin(["energised", "delivered"]) & (mw >= LARGE_MW)


def _line(row: dict) -> str:
    mw = f"{row['mw']:,.0f} MW" if row["mw"] == row["mw"] else ""
    lines = {
        "decision": f"{row['firm']} signs {mw} with {row['counterparty']}",
        "merger": f"{row['firm']} buys {row['counterparty']}",
        "chapter11": f"{row['firm']} files for chapter 11",
        "liquidation": f"{row['firm']} is liquidated",
        "closure": f"{row['firm']} closes",
        "tenant default": f"{row['counterparty']} defaults on {mw} of {row['firm']}",
        "auction": f"{row['site']} is auctioned",
        "energised": f"{mw} get power at {row['site']}",
        "delivered": f"{mw} are handed over at {row['site']}",
    }
    return lines[row["kind"]]
