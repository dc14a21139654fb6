"""The comparison: two scenarios on the same seed side by side, and what differs."""

from __future__ import annotations

import re
from collections.abc import Callable

import solara

from model.errors import GridrushError
from model.run import Run
from model.scenario_files import load_scenario, scenario_names
from viz.charts.difference import difference, headlines
from viz.drawing import Looks
from viz.firm import Cell, Table
from viz.parts.chart_view import ChartView, TabBar, drawn_or_said
from viz.parts.controls import Controls
from viz.player import PAIR, Player
from viz.record import LiveRecord, Moment, Pair, StoredRecord
from viz.tabs import TAB_BY_KEY


class ComparePlayer(Player):
    """A player of two runs at once."""

    def __init__(self, first: str, second: str, seed: int) -> None:
        """Want two scenarios."""
        super().__init__()
        self.first, self.second = solara.reactive(first), solara.reactive(second)
        self.seed = solara.reactive(seed)

    def run(self, at: int = -1) -> None:
        """Run both to their ends and show a month, the last by default."""
        names, seed = (self.first.value, self.second.value), self.seed.value

        def compute() -> None:
            records = [StoredRecord(_whole(name, seed)) for name in names]
            pair = Pair(*records)
            self.show_now(pair, at if at >= 0 else pair.months - 1)

        self.run_in_thread(compute, "running both")


@solara.component
def CompareView(player: ComparePlayer, tab: solara.Reactive[str], dark: bool) -> None:
    """Show the choice of scenarios at the side, both runs and their difference beside it."""
    with solara.Div(classes=["gridrush-body"]):
        with solara.Div(classes=["gridrush-side"]):
            Choice(player)
        with solara.Div(classes=["gridrush-main"]):
            Controls(player, player.reset, "back to the first month")
            Date(player)
            TabBar(tab)
            Both(player, tab.value, dark)


@solara.component
def Choice(player: ComparePlayer) -> None:
    """Show the two scenarios and the seed, and what differs between them."""
    names = scenario_names()
    first, second = player.first.value, player.second.value
    differences = solara.use_memo(lambda: _differences(first, second), [first, second])
    with solara.Div(classes=["gridrush-form"]):
        for label, chosen in (("A", player.first), ("B", player.second)):
            options = names if chosen.value in names else [chosen.value, *names]
            solara.Select(f"Scenario {label}", options, value=chosen, dense=True)
        solara.InputText(
            "Seed of both",
            value=str(player.seed.value),
            dense=True,
            on_value=lambda text: player.seed.set(int(text)) if text.isdecimal() else None,
        )
        solara.Button(
            "Compare",
            color="primary",
            on_click=player.run,
            disabled=bool(player.busy.value),
            classes=["gridrush-run-both"],
        )
        solara.Div(classes=["gridrush-facts"], children=["What B sets otherwise than A:"])
        for line in differences or ["nothing"]:
            solara.Div(classes=["gridrush-facts"], children=[line])


@solara.component
def Date(player: Player) -> None:
    """Show the date, and which run is which."""
    record, moment = player.record, player.moment
    with solara.Div(classes=["gridrush-story"]):
        if isinstance(record, Pair) and moment:
            solara.Div(classes=["gridrush-date"], children=[f"{moment.month:%b %Y}"])
            names = (record.first.scenario.name, record.second.scenario.name)
            solara.Div(
                classes=["gridrush-text"],
                children=[f"A: {names[0]}, B: {names[1]}, both on seed {record.seed}"],
            )
        if player.busy.value:
            solara.Div(classes=["gridrush-busy"], children=[f"{player.busy.value} ..."])


@solara.component
def Both(player: ComparePlayer, key: str, dark: bool) -> None:
    """Show a chart of both runs, the difference, and the main numbers."""
    number, choose = solara.use_state(0)
    shown = player.shown.value
    record, charts = shown.record, TAB_BY_KEY[key].charts
    if not isinstance(record, Pair):
        text = "Choose two scenarios and press Compare." if not player.busy.value else "Running both ..."
        solara.Div(classes=["gridrush-empty"], children=[text])
        return
    chart = charts[min(number, len(charts) - 1)]
    pair, looks = record.moments(shown.at), Looks(dark)
    figures = [drawn_or_said(chart.build, moment, looks) for moment in pair]
    first, second = figures
    less = None if isinstance(first, str) or isinstance(second, str) else difference(first, second, looks)
    # What has no value a month has no difference, and takes its room; a tab with nothing else has no choice.
    alone = less is None and len(charts) == 1
    with solara.Div(classes=["gridrush-compare", *(["gridrush-alone"] if alone else [])]):
        for letter, figure in zip(PAIR, figures, strict=True):
            _drawn(player, f"{letter}-{chart.name}", _lettered(figure, letter), shown.frame, letter)
        if less:
            _drawn(player, f"difference-{chart.name}", less, shown.frame)
        if not alone:
            with solara.Div(classes=["gridrush-facts-table", *([] if less else ["gridrush-wide"])]):
                Chips([each.name for each in charts], chart.name, choose)
                solara.HTML(tag="table", unsafe_innerHTML=_table(*pair).html(), classes=["gridrush-table"])


@solara.component
def Chips(names: list[str], here: str, choose: Callable[[int], None]) -> None:
    """Show the charts of the tab to choose from."""
    with solara.Div(classes=["gridrush-chips"]):
        for at, name in enumerate(names):
            solara.Button(
                name.replace("-", " "),
                small=True,
                text=True,
                classes=["gridrush-here"] if name == here else [],
                on_click=lambda at=at: choose(at),
            )


def _drawn(player: Player, name: str, figure: dict | str, frame: int, letter: str = "") -> None:
    if isinstance(figure, str):
        solara.Error(figure)
    else:
        ChartView(
            name,
            figure,
            frame,
            on_click=lambda firm: player.open_card(firm, letter),
            on_drawn=lambda version: player.note_drawn(name, version),
            on_gone=lambda: player.forget(name),
        ).key(name)


def _lettered(figure: dict | str, letter: str) -> dict | str:
    if isinstance(figure, str):
        return figure
    title = figure["layout"]["title"]
    # Half as wide, a title has no room for what it says in brackets.
    text = re.sub(r" \(.*?\)", "", title["text"])
    return figure | {"layout": figure["layout"] | {"title": title | {"text": f"<b>{letter}</b>  {text}"}}}


def _table(first: Moment, second: Moment) -> Table:
    rows = tuple(
        (Cell(name), Cell(a, "number"), Cell(b, "number"), Cell(less, "number total"))
        for name, a, b, less in headlines(first, second)
    )
    return Table((f"{first.month:%b %Y}", "A", "B", "B less A"), rows)


def _differences(first: str, second: str) -> list[str]:
    try:
        found = load_scenario(first).differences(load_scenario(second))
    except GridrushError as error:
        return [str(error)]
    return [f"{name}: {b} instead of {a}" for name, (a, b) in found.items()]


def _whole(name: str, seed: int) -> Run:
    record = LiveRecord(load_scenario(name), seed)
    while record.step():
        pass
    return record.as_run()
