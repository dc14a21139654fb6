"""What differs between two runs: the second less the first, chart by chart and in the main numbers."""

from __future__ import annotations

from typing import NamedTuple

from viz.drawing import Figure, Looks, Trace, merged
from viz.record import Moment


class Headline(NamedTuple):
    """A number of the series that a comparison puts first."""

    column: str
    label: str
    unit: str
    digits: int = 1
    scale: float = 1.0


HEADLINES = (
    Headline("gap_gw", "gap", "GW"),
    Headline("delivered_miners_gw", "delivered by miners", "GW"),
    Headline("us_mining_mw", "mining in the US", "GW", scale=1e-3),
    Headline("ai_mw", "let or converted for AI", "GW", scale=1e-3),
    Headline("firms_alive", "miners left", "", 0),
    Headline("exits_total", "miners gone", "", 0),
    Headline("hashprice_usd_ph_day", "hashprice", "USD/PH/day"),
    Headline("network_hashrate_eh_s", "network hash", "EH/s", 0),
    Headline("lease_rent_usd_kw_month", "expected rent, colocation", "$/kW-month"),
    Headline("queue_wait_years", "wait for the grid", "years"),
    Headline("hhi_value", "HHI of value", "", 3),
    Headline("enterprise_value_musd", "value of all miners", "billion USD", scale=1e-3),
)


def difference(first: Figure, second: Figure, looks: Looks) -> Figure | None:
    """Return a chart of the second less the first, for what has a value a month in both; else nothing."""
    before = {trace.get("name"): trace for trace in first["data"] if _comparable(trace)}
    traces = [
        _less(trace, before[trace["name"]])
        for trace in second["data"]
        if _comparable(trace) and trace["name"] in before
    ]
    if not traces:
        return None
    title = f"<b>Difference: B less A</b>  {first['layout']['title']['text']}"
    changes = {
        "title": {"text": title},
        "yaxis": {"rangemode": "normal", "zerolinecolor": looks.quiet},
        "showlegend": True,
    }
    base = {key: value for key, value in second["layout"].items() if key not in ("shapes", "annotations")}
    base["yaxis"] = {key: value for key, value in base["yaxis"].items() if key != "range"}
    return {"data": traces, "layout": merged(base, changes)}


def headlines(first: Moment, second: Moment) -> list[tuple[str, str, str, str]]:
    """Return the main numbers of both and their difference, as text."""
    rows = []
    for column, label, unit, digits, scale in HEADLINES:
        a, b = float(first.now[column]) * scale, float(second.now[column]) * scale
        # Adding zero makes a zero of a minus zero.
        less = round(b - a, digits) + 0.0
        name = f"{label}, {unit}" if unit else label
        rows.append((name, f"{a:,.{digits}f}", f"{b:,.{digits}f}", f"{less:+,.{digits}f}"))
    return rows


def _comparable(trace: Trace) -> bool:
    months = trace.get("x") or []
    return (
        str(trace.get("mode")).startswith("lines")
        and "fill" not in trace
        and bool(months)
        and isinstance(months[0], str)
    )


def _less(second: Trace, first: Trace) -> Trace:
    before = dict(zip(first["x"], first["y"], strict=True))
    ys = [
        None if value is None or before.get(month) is None else value - before[month]
        for month, value in zip(second["x"], second["y"], strict=True)
    ]
    kept = {key: value for key, value in second.items() if key not in ("stackgroup", "fillcolor")}
    return kept | {"y": ys, "line": {**second["line"], "width": 2.5}}
