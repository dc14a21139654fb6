"""The choices of a live run: scenario, seed, the parameters that matter most, and all the others."""

from __future__ import annotations

from typing import Any, NamedTuple

import solara

from agents.strategies.base import strategy_names
from model.errors import GridrushError
from model.parameter_table import Parameter, parameters
from model.scenario_files import scenario_names
from model.units import spelled
from viz.player import LivePlayer


class Featured(NamedTuple):
    """A parameter that is always at hand, under a short name, with the range worth exploring."""

    name: str
    label: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.05


RANKED = (
    Featured("ai.demand_gw", "AI demand to 2028", 0, 150, 5),
    Featured("choice.review", "Pace of owners' reviews", 0, 0.5, 0.01),
    Featured("bitcoin.log_drift", "Drift of the bitcoin price", -1, 1, 0.05),
    Featured("power.energy_scale", "Power prices", 0.5, 2, 0.05),
    Featured("ai.region_taste", "Buyers' taste for regions", 0, 0.5, 0.05),
    Featured("leases.prepaid_cloud", "Cloud prepaid", 0, 0.5, 0.05),
    Featured("ai.margin_scale", "AI margin", 0.2, 3, 0.1),
    Featured("finance.sector_debt_cap_busd", "Debt lenders give", 0, 100, 5),
    Featured("leases.colocation_capex", "Cost of a hall", 5, 20, 0.5),
    Featured("bitcoin.expected_decay", "Hashprice decay", 0, 0.5, 0.01),
    Featured("row.order_rate", "Orders elsewhere", 0, 0.2, 0.005),
    Featured("power.onsite_position", "Power behind the meter", 0, 1, 0.05),
)
"""The dozen that the screening ranks first (`experiments/studies/screening_ranking.csv`), in its order."""
CHOICES = (
    Featured("power.queue_mode", "Queue rule"),
    Featured("bitcoin.price_process", "Bitcoin price"),
    Featured("choice.strategy", "Strategy of the miners"),
)
"""What a screening of numbers cannot rank."""
FEATURED = (*RANKED, *CHOICES)
FOUND_AT_MOST = 12


def slider_stops(featured: Featured, *values: float) -> list[float]:
    """Return the values a slider stops at: a grid, and the values that must be among them as they are.

    The slider in the browser counts stops. Were it given the value, it would round it to its step, and so
    change a parameter that nobody has touched.
    """
    steps = round((featured.high - featured.low) / featured.step)
    grid = (round(float(featured.low + step * featured.step), 6) for step in range(steps + 1))
    return sorted({*grid, *(float(value) for value in values)})


@solara.component
def Settings(player: LivePlayer) -> None:
    """Show all choices."""
    names = scenario_names()
    chosen = player.scenario.value
    everything, show_everything = solara.use_state(False)
    with solara.Div(classes=["gridrush-settings"]):
        with solara.Div(classes=["gridrush-pair"]):
            solara.Select(
                "Scenario",
                names if chosen in names else [chosen, *names],
                value=chosen,
                dense=True,
                on_value=lambda name: player.choose(scenario=name),
            )
            solara.InputText(
                "Seed",
                value=str(player.seed.value),
                on_value=lambda text: _seed(player, text),
                dense=True,
                classes=["gridrush-seed"],
            )
        Pending(player)
        values = solara.use_memo(lambda: _values(player), [chosen, player.settings.value])
        for each in FEATURED:
            Setting(player, parameters()[each.name], values[each.name], each).key(each.name)
        label = "fewer parameters" if everything else f"all {len(parameters())} parameters"
        solara.Button(
            label,
            text=True,
            small=True,
            classes=["gridrush-all"],
            icon_name="mdi-chevron-up" if everything else "mdi-chevron-down",
            on_click=lambda: show_everything(not everything),
        )
        if everything:
            AllParameters(player, values)


@solara.component
def Pending(player: LivePlayer) -> None:
    """Say which choices wait for a reset."""
    changes = len(player.settings.value)
    if player.pending and player.applied.value[1] >= 0:
        with solara.Div(classes=["gridrush-pending"]):
            solara.Div(children=["Changes are pending until reset"])
            solara.Button(
                "reset",
                small=True,
                color="warning",
                on_click=lambda: apply(player),
                classes=["gridrush-apply"],
            )
    elif changes:
        with solara.Div(classes=["gridrush-changed"]):
            solara.Div(children=[f"{changes} {'value' if changes == 1 else 'values'} changed"])
            solara.Button("undo", small=True, text=True, on_click=lambda: _undo(player))


@solara.component
def AllParameters(player: LivePlayer, values: dict[str, Any]) -> None:
    """Show a search over every parameter."""
    text, search = solara.use_state("")
    solara.InputText("Search name or meaning", value=text, on_value=search, continuous_update=True)
    words = text.lower().split()
    found = [
        row
        for row in parameters().values()
        if all(word in f"{row.name} {row.meaning}".lower() for word in words)
    ]
    for row in found[:FOUND_AT_MOST]:
        Setting(player, row, values[row.name]).key(f"all {row.name}")
    if len(found) > FOUND_AT_MOST:
        solara.Div(
            classes=["gridrush-note"], children=[f"and {len(found) - FOUND_AT_MOST} more: search for them"]
        )


@solara.component
def Setting(player: LivePlayer, row: Parameter, value: Any, featured: Featured | None = None) -> None:  # noqa: ANN401
    """Show a parameter: its name, its value with unit, its meaning on hover, and a way to change it."""
    changed = row.name in player.settings.value
    with solara.Div(classes=["gridrush-setting", *(["gridrush-set"] if changed else [])]):
        shown = "" if _options(row) or row.type == "true or false" else f"{_short(value)}{_unit(row)}"
        with solara.Div(classes=["gridrush-label"], attributes={"title": _help(row)}):
            solara.Div(children=[featured.label if featured else row.name])
            solara.Div(children=[shown], classes=["gridrush-value"])
        _control(player, row, value, featured)


def _control(player: LivePlayer, row: Parameter, value: Any, featured: Featured | None) -> None:  # noqa: ANN401
    options = _options(row)

    def change(new: Any) -> None:  # noqa: ANN401
        player.set(row.name, new)

    if options:
        solara.Select(
            "", options if value in options else [value, *options], value=value, on_value=change, dense=True
        )
    elif row.type == "true or false":
        solara.Switch(value=value, on_value=change)
    elif featured:
        stops = slider_stops(featured, value, player.base().values()[row.name], row.default)
        solara.v.Slider(
            v_model=stops.index(value),
            on_v_model=lambda stop: change(stops[int(stop)]),
            min=0,
            max=len(stops) - 1,
            step=1,
            hide_details=True,
            dense=True,
            attributes={"aria-label": row.name},
        )
    else:
        Typed(player, row, value)


@solara.component
def Typed(player: LivePlayer, row: Parameter, value: Any) -> None:  # noqa: ANN401
    """Show a field to type a value into; a wrong one is said to be wrong below it."""
    complaint, complain = solara.use_state("")

    def change(text: str) -> None:
        try:
            new = _parsed(row, text)
            player.base().with_values(**player.settings.value, **{row.name: new})
        except (GridrushError, TypeError, ValueError) as error:
            complain(str(error))
            return
        complain("")
        player.set(row.name, new)

    solara.InputText("", value=_text(value), on_value=change, dense=True, error=complaint or False)


def apply(player: LivePlayer) -> None:
    """Start anew with what is pending."""
    player.reset()


def _values(player: LivePlayer) -> dict[str, Any]:
    try:
        return player.base().values() | player.settings.value
    except GridrushError as error:
        player.error.value = str(error)
        return {name: row.default for name, row in parameters().items()}


def _seed(player: LivePlayer, text: str) -> None:
    if text.strip().isdecimal():
        player.choose(seed=int(text))
    else:
        player.error.value = f"the seed must be a non-negative whole number, got {text!r}"


def _undo(player: LivePlayer) -> None:
    player.settings.value = {}
    player.choose()


def _options(row: Parameter) -> list[str]:
    if row.name == "choice.strategy":
        return strategy_names()
    return list(row.options)


def _unit(row: Parameter) -> str:
    """Return the unit as it reads best behind a number."""
    short = {
        "-": "",
        "": "",
        "share": "",
        "utility": "",
        "ratio": "x",
        "1/year": " a year",
        "1/sqrt(year)": " /√year",
    }
    return short.get(row.unit, f" {spelled(row.unit)}")


def _help(row: Parameter) -> str:
    lines = [f"{row.name}: {row.meaning}", f"default {_text(row.default)}"]
    if row.bounds:
        lines.append(f"allowed: {row.bounds}")
    return "\n".join([*lines, f"source: {row.source}"])


def _parsed(row: Parameter, text: str) -> Any:  # noqa: ANN401
    if row.optional and text.strip().lower() in ("", "none"):
        return None
    if row.type == "number":
        return float(text)
    return int(text) if row.type == "whole number" else text


def _short(value: Any) -> str:  # noqa: ANN401
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else _text(value)


def _text(value: Any) -> str:  # noqa: ANN401
    return "none" if value is None else str(value)
