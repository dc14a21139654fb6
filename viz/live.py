"""The live view: choose a scenario, play it, change it, and start anew."""

from __future__ import annotations

from collections.abc import Callable

import solara

from viz.parts.chart_view import TabBar, TabPane
from viz.parts.controls import Controls, StoryLine
from viz.parts.saving import Saving
from viz.parts.settings import Settings
from viz.player import LivePlayer, Player
from viz.tabs import TAB_BY_KEY


@solara.component
def LiveView(player: LivePlayer, tab: solara.Reactive[str], dark: bool) -> None:
    """Show choices at the side, the run beside them."""
    with solara.Div(classes=["gridrush-body"]):
        with solara.Div(classes=["gridrush-side"]):
            Settings(player)
            Saving(player)
        Stage(player, player.reset, "start anew, same seed", tab, dark)


@solara.component
def Stage(
    player: Player,
    reset: Callable[[], object],
    reset_hint: str,
    tab: solara.Reactive[str],
    dark: bool,
    empty: str = "",
) -> None:
    """Show controls on top, the month's story, and the charts of a tab."""
    with solara.Div(classes=["gridrush-main"]):
        Controls(player, reset, reset_hint)
        StoryLine(player)
        TabBar(tab)
        if player.record is None:
            text = f"{player.busy.value} ..." if player.busy.value else empty
            solara.Div(classes=["gridrush-empty"], children=[text])
        else:
            TabPane(player, TAB_BY_KEY[tab.value], dark)
