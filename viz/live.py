"""The live view: choose a scenario, play it, change it, and start anew."""

from __future__ import annotations

import solara

from viz.parts.chart_view import TabPane
from viz.parts.controls import Controls, Messages, StoryLine, resetter
from viz.parts.settings import Settings
from viz.player import LivePlayer, Player
from viz.tabs import TAB_BY_KEY, TABS


@solara.component
def LiveView(player: LivePlayer, tab: solara.Reactive[str], dark: bool) -> None:
    """Show choices at the side, controls on top, and the charts of a tab."""
    with solara.Div(classes=["gridrush-body"]):
        with solara.Div(classes=["gridrush-side"]):
            Settings(player)
        with solara.Div(classes=["gridrush-main"]):
            Controls(player, resetter(player), "start anew, same seed")
            StoryLine(player)
            TabBar(tab)
            TabPane(player, TAB_BY_KEY[tab.value], dark)
        Messages(player)


@solara.component
def TabBar(tab: solara.Reactive[str]) -> None:
    """Show the tabs."""
    with solara.Div(classes=["gridrush-tabs"], attributes={"role": "tablist"}):
        for each in TABS:
            here = each.key == tab.value
            solara.Button(
                each.title, text=True, small=True, on_click=lambda key=each.key: tab.set(key),
                classes=[f"gridrush-tab-{each.key}", *(["gridrush-here"] if here else [])],
                attributes={"role": "tab", "aria-selected": str(here).lower()},
            )  # fmt: skip


def close(player: Player) -> None:
    """Stop whatever a player still does."""
    player.pause()
