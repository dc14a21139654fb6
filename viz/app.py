"""The page: what stands at its head, which view is on show, and the link that brings it back.

`python -m viz` serves it; so does `solara run viz.app`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara
import solara.lab

from model import palette
from model.manifest import PURPOSE
from viz import assets
from viz.compare import CompareView
from viz.desk import Desk
from viz.ensemble import EnsembleView
from viz.links import VIEWS, Link, read_link
from viz.live import LiveView
from viz.parts.controls import Messages, act
from viz.parts.firm_card import FirmCard
from viz.replay import ReplayView
from viz.widgets import Page as PageWidget

FOLDER, SCENARIO = "GRIDRUSH_FOLDER", "GRIDRUSH_SCENARIO"
"""Environment variables with what `gridrush view` was asked to show."""
STYLE = Path(__file__).parent / "style.css"

assets.install()


def first_link(query: str | None) -> Link:
    """Return what the page opens with: the address, and where that is silent the command line."""
    return read_link(
        query, scenario=os.environ.get(SCENARIO) or "reference", folder=os.environ.get(FOLDER, "")
    )


@solara.component
def Page() -> None:
    """Show the page."""
    router = solara.use_router()
    desk = solara.use_memo(lambda: Desk(first_link(router.search)), [])
    solara.use_effect(lambda: desk.close, [])
    dark = desk.dark.value

    def follow_theme() -> None:
        theme = solara.lab.theme
        theme.dark = dark
        theme.themes.light.primary, theme.themes.dark.primary = palette.BLUE, palette.SKY

    solara.use_effect(follow_theme, [dark])
    solara.Title("Gridrush")
    solara.Style(STYLE)
    with solara.Div(classes=["gridrush", *(["gridrush-dark"] if dark else [])]):
        Head(desk)
        View(desk, dark)
        with solara.Div(classes=["gridrush-aside"]):
            Keyboard(desk)
            FirmCard(desk.player, dark)
            Messages(desk.player)


@solara.component
def View(desk: Desk, dark: bool) -> None:
    """Show the view that was turned to."""
    view = desk.view.value
    if view == "replay":
        ReplayView(desk.replay, desk.tab, dark)
    elif view == "compare":
        CompareView(desk.compare, desk.tab, dark)
    elif view == "ensemble":
        EnsembleView(desk.ensemble, desk.take_over, dark)
    else:
        LiveView(desk.live, desk.tab, dark)


@solara.component
def Head(desk: Desk) -> None:
    """Show the name, the views and the tools."""
    with solara.Div(classes=["gridrush-head"]):
        solara.Div(classes=["gridrush-name"], children=["Gridrush"])
        with solara.Div(classes=["gridrush-views"]):
            for view in VIEWS:
                here = ["gridrush-here"] if view == desk.view.value else []
                solara.Button(
                    view.capitalize(),
                    text=True,
                    on_click=lambda view=view: desk.turn(view),
                    classes=[f"gridrush-view-{view}", *here],
                )
        solara.Div(classes=["gridrush-purpose"], children=[PURPOSE])
        with solara.Div(classes=["gridrush-tools"]):
            _tool("mdi-link-variant", "copy link", lambda: desk.copies.set(desk.copies.value + 1))
            _tool(
                "mdi-weather-sunny" if desk.dark.value else "mdi-weather-night",
                "light or dark",
                lambda: desk.dark.set(not desk.dark.value),
            )


@solara.component
def Keyboard(desk: Desk) -> None:
    """Hear keys and keep the address bar at what is on show."""

    def pressed(event: dict[str, Any]) -> None:
        if event:
            act(desk.player, desk.reset, event["what"])

    PageWidget.element(link=desk.link().query(), copies=desk.copies.value, on_pressed=pressed)  # pyright: ignore[reportAttributeAccessIssue]


def _tool(icon: str, name: str, act: Callable[[], None]) -> None:
    solara.Button(
        icon_name=icon, icon=True, small=True, on_click=act, attributes={"title": name, "aria-label": name}
    )


@solara.component
def Layout(children: list[Any]) -> None:
    """Leave the page to us: Solara's own frame is not needed."""
    with solara.Div(children=children):
        pass
