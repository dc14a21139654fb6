"""A chart on the page, and a tab full of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import solara

from model.errors import GridrushError
from viz.drawing import Figure, Looks
from viz.player import Player
from viz.record import Moment
from viz.tabs import TABS, Tab
from viz.widgets import Chart

_log = logging.getLogger(__name__)


@solara.component
def ChartView(
    name: str,
    figure: Figure,
    frame: int = 0,
    on_click: Callable[[str], None] | None = None,
    on_drawn: Callable[[int], None] | None = None,
    on_gone: Callable[[], None] | None = None,
) -> None:
    """Show a figure; tell which point was clicked, when the browser has drawn it, and when it has gone."""
    solara.use_effect(lambda: on_gone, [])

    def clicked(event: dict[str, Any]) -> None:
        if on_click and event:
            on_click(event["what"])

    def drawn(version: int) -> None:
        if on_drawn and version >= 0:
            on_drawn(version)

    Chart.element(name=name, figure=figure | {"version": frame}, on_clicked=clicked, on_drawn=drawn)  # pyright: ignore[reportAttributeAccessIssue]


@solara.component
def MomentChart(
    player: Player,
    name: str,
    build: Callable[[Moment, Looks], Figure],
    moment: Moment,
    frame: int,
    dark: bool,
) -> None:
    """Show a chart of the month on show."""
    figure = solara.use_memo(lambda: drawn_or_said(build, moment, Looks(dark)), [frame, dark, build])
    if isinstance(figure, str):
        solara.Error(figure)
        return
    ChartView(
        name,
        figure,
        frame,
        on_click=player.open_card,
        on_drawn=lambda version: player.note_drawn(name, version),
        on_gone=lambda: player.forget(name),
    )


@solara.component
def TabPane(player: Player, tab: Tab, dark: bool) -> None:
    """Show the charts of a tab as of the month on show."""
    shown = player.shown.value
    moment = solara.use_memo(lambda: shown.moment, [shown.frame])
    if moment is None:
        return
    style = f"grid-template-columns: {tab.columns}; grid-template-rows: {tab.rows};"
    with solara.Div(classes=["gridrush-charts", f"gridrush-charts-{tab.key}"], style=style).key(tab.key):
        for chart in tab.charts:
            MomentChart(player, chart.name, chart.build, moment, shown.frame, dark).key(chart.name)


@solara.component
def TabBar(tab: solara.Reactive[str]) -> None:
    """Show the tabs."""
    with solara.Div(classes=["gridrush-tabs"], attributes={"role": "tablist"}):
        for each in TABS:
            here = each.key == tab.value
            solara.Button(
                each.title,
                text=True,
                small=True,
                on_click=lambda key=each.key: tab.set(key),
                classes=[f"gridrush-tab-{each.key}", *(["gridrush-here"] if here else [])],
                attributes={"role": "tab", "aria-selected": str(here).lower()},
            )


def drawn_or_said(build: Callable[[Moment, Looks], Figure], moment: Moment, looks: Looks) -> Figure | str:
    """Return the figure, or what stands in its way: one chart that fails must not take the page along."""
    try:
        return build(moment, looks)
    except GridrushError as error:
        return str(error)
    except Exception as error:
        _log.exception("a chart could not be drawn")
        return f"This chart could not be drawn: {error or type(error).__name__}"
