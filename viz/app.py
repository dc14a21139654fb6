"""The page: what stands at its head, which view is on show, and the link that brings it back.

`python -m viz` serves it; so does `solara run viz.app`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import solara
import solara.lab

from viz import assets
from viz.links import Link, read_link
from viz.live import LiveView, close
from viz.parts.controls import act
from viz.player import LivePlayer
from viz.tabs import TAB_BY_KEY, TABS
from viz.widgets import Page as PageWidget

FOLDER, SCENARIO = "GRIDRUSH_FOLDER", "GRIDRUSH_SCENARIO"
"""Environment variables with what `gridrush view` was asked to show."""
PURPOSE = "for explanation and the exploration of scenarios; never a forecast of a named company"
STYLE = Path(__file__).parent / "style.css"

assets.install()


class Desk:
    """Everything one browser has open; nobody else sees it."""

    def __init__(self, link: Link) -> None:
        """Open what a link asks for."""
        self.view = solara.reactive(link.view)
        self.tab = solara.reactive(link.tab if link.tab in TAB_BY_KEY else TABS[0].key)
        self.dark = solara.reactive(link.dark)
        self.copies = solara.reactive(0)
        self.live = LivePlayer(link.scenario, link.seed)
        self.live.settings.value = dict(link.settings)
        self._open_live(link)

    def link(self) -> Link:
        """Return the link to what is on show."""
        scenario, seed, settings = self.live.applied.value
        moment = self.live.moment
        month = f"{moment.month:%Y-%m}" if moment and self.live.at else ""
        return Link(
            view=self.view.value, tab="" if self.tab.value == TABS[0].key else self.tab.value,
            dark=self.dark.value, scenario=scenario, seed=max(seed, 0), settings=settings, month=month,
        )  # fmt: skip

    def close(self) -> None:
        """Stop everything when the browser leaves."""
        close(self.live)

    def _open_live(self, link: Link) -> None:
        if not self.live.reset():
            said = self.live.error.value
            self.live.scenario.value, self.live.settings.value = "reference", {}
            self.live.reset()
            self.live.error.value = said
        record = self.live.record
        if record and link.month:
            start = record.scenario.horizon.start
            months = (int(link.month[:4]) - int(start[:4])) * 12 + int(link.month[5:7]) - int(start[5:7])
            self.live.reset(at=max(0, min(months, record.horizon - 1)))


def first_link(query: str | None) -> Link:
    """Return what the page opens with: the address, and before it what the command line said."""
    folder = os.environ.get(FOLDER, "")
    return read_link(query, scenario=os.environ.get(SCENARIO, "reference"), folder=folder)


@solara.component
def Page() -> None:
    """Show the page."""
    router = solara.use_router()
    desk = solara.use_memo(lambda: Desk(first_link(router.search)), [])
    solara.use_effect(lambda: desk.close, [])
    dark = desk.dark.value

    def follow_theme() -> None:
        solara.lab.theme.dark = dark

    solara.use_effect(follow_theme, [dark])
    solara.Title("Gridrush")
    solara.Style(STYLE)
    with solara.Div(classes=["gridrush", *(["gridrush-dark"] if dark else [])]):
        Head(desk)
        LiveView(desk.live, desk.tab, dark)
        Keyboard(desk)


@solara.component
def Head(desk: Desk) -> None:
    """Show the name, the views and the tools."""
    with solara.Div(classes=["gridrush-head"]):
        solara.Div(classes=["gridrush-name"], children=["Gridrush"])
        solara.Div(classes=["gridrush-purpose"], children=[PURPOSE])
        with solara.Div(classes=["gridrush-tools"]):
            _tool("mdi-link-variant", "copy link", lambda: desk.copies.set(desk.copies.value + 1))
            _tool("mdi-weather-sunny" if desk.dark.value else "mdi-weather-night", "light or dark",
                  lambda: desk.dark.set(not desk.dark.value))  # fmt: skip


@solara.component
def Keyboard(desk: Desk) -> None:
    """Hear keys and keep the address bar at what is on show."""

    def pressed(event: dict[str, Any]) -> None:
        if event:
            act(desk.live, lambda: desk.live.reset(), event["what"])

    PageWidget.element(link=desk.link().query(), copies=desk.copies.value, on_pressed=pressed)


def _tool(icon: str, name: str, act: Any) -> None:  # noqa: ANN401
    solara.Button(icon_name=icon, icon=True, small=True, on_click=act,
                  attributes={"title": name, "aria-label": name})  # fmt: skip


@solara.component
def Layout(children: list[Any]) -> None:
    """Leave the page to us: Solara's own frame is not needed."""
    with solara.Div(children=children):
        pass
