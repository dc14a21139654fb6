"""The month in a line: who signed, who was bought, who failed, what came on."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from model.series import USD_KW_MONTH
from viz.record import Moment

LARGE_MW = 50.0
"""Smaller energisations and deliveries are no story of a month."""
PARTS = 3
"""What fits a line."""


def story(moment: Moment) -> str:
    """Return the month's story in a sentence or two, most telling first."""
    events = moment.events
    now = events.loc[(events["month"] == moment.month).to_numpy()]
    parts = [
        *_halving(moment),
        *_signed(now),
        *_failures(now),
        *_mergers(now),
        *_came_on(now),
        *_entries(now),
    ]
    return "; ".join(parts[:PARTS]) if parts else _quiet(moment)


def _halving(moment: Moment) -> list[str]:
    subsidy = moment.series["subsidy_btc"].to_numpy()
    if len(subsidy) > 1 and subsidy[-1] < subsidy[-2]:
        return [f"the subsidy has halved to {subsidy[-1]:g} BTC a block"]
    return []


def _signed(now: pd.DataFrame) -> list[str]:
    deals = now.loc[(now["kind"] == "decision") & (now["outcome"] == "signed")]
    if deals.empty:
        return []
    deals = deals.sort_values("mw", ascending=False)
    first = deals.iloc[0]
    use = {"shell": "powered shell", "colocation": "colocation", "cloud": "GPU cloud"}.get(first["use"], "")
    rent = first["price"] * USD_KW_MONTH
    text = f"{first['firm']} signs {first['mw']:,.0f} MW of {use} with {first['counterparty']}"
    if first["firm"] == first["counterparty"]:
        text = f"{first['firm']} takes {first['mw']:,.0f} MW of its own as {use}"
    text += f" at {rent:,.0f} $/kW-month"
    others = len(deals) - 1
    if others:
        text += f", and {_count(others, 'more deal')} over {deals['mw'].iloc[1:].sum():,.0f} MW"
    return [text]


def _failures(now: pd.DataFrame) -> list[str]:
    parts = []
    gone, closed, filed = (
        now.loc[now["kind"] == kind, "firm"].to_list() for kind in ("liquidation", "closure", "chapter11")
    )
    if gone:
        parts.append(f"{_named(gone)} {'is' if len(gone) == 1 else 'are'} liquidated")
    if closed:
        parts.append(f"{_named(closed)} {'closes' if len(closed) == 1 else 'close'}")
    if filed:
        parts.append(f"{_named(filed)} {'files' if len(filed) == 1 else 'file'} for chapter 11")
    broken = now.loc[now["kind"] == "tenant default"]
    if len(broken):
        parts.append(f"{_named(broken['counterparty'].to_list())} defaults on {broken['mw'].sum():,.0f} MW")
    return parts


def _mergers(now: pd.DataFrame) -> list[str]:
    merged = now.loc[now["kind"] == "merger"].sort_values("mw", ascending=False)
    if len(merged) == 1:
        return [f"{merged['firm'].iloc[0]} buys {merged['counterparty'].iloc[0]}"]
    if len(merged):
        return [
            f"{_count(len(merged), 'merger')}, the largest {merged['firm'].iloc[0]} buying "
            f"{merged['counterparty'].iloc[0]}"
        ]
    failed = now.loc[(now["kind"] == "bid") & (now["reason"] == "voted down")]
    return (
        [f"the holders of {_named(failed['counterparty'].to_list())} vote a bid down"] if len(failed) else []
    )


def _came_on(now: pd.DataFrame) -> list[str]:
    parts = []
    for kind, verb in (("delivered", "is handed over at"), ("energised", "gets power at")):
        found = now.loc[(now["kind"] == kind) & (now["mw"] >= LARGE_MW)].sort_values("mw", ascending=False)
        if len(found):
            first = found.iloc[0]
            whom = f" to {first['counterparty']}" if kind == "delivered" else ""
            parts.append(f"{first['mw']:,.0f} MW {verb} {first['site']}{whom}")
    return parts


def _entries(now: pd.DataFrame) -> list[str]:
    entered = now.loc[now["kind"] == "entry"]
    return [f"{_count(len(entered), 'new miner')} of {entered['mw'].sum():,.0f} MW"] if len(entered) else []


def _quiet(moment: Moment) -> str:
    row = moment.now
    return (
        f"a quiet month: hashprice {row['hashprice_usd_ph_day']:.1f} USD/PH/day, "
        f"{row['firms_alive']:.0f} miners, a gap of {row['gap_gw']:.1f} GW"
    )


def _named(names: Sequence[str]) -> str:
    if len(names) > 2:
        return f"{len(names)} miners"
    return " and ".join(names)


def _count(number: int, what: str) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return f"{words[number] if number < len(words) else number} {what}{'' if number == 1 else 's'}"
