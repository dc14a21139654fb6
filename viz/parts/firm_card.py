"""The card of a firm: opened by a click on it, it answers why."""

from __future__ import annotations

from collections.abc import Callable

import solara

from viz import firm as card
from viz.charts import one_firm
from viz.drawing import Looks
from viz.parts.chart_view import ChartView, drawn_or_said
from viz.player import Player
from viz.record import Moment

WIDTH = 1140
PAGES: dict[str, Callable[[Moment, str], card.Table]] = {
    "decisions": card.decisions,
    "books": card.books,
    "sites": card.sites,
    "machines": card.machines,
    "leases": card.leases,
}
TITLES = {"decisions": "Why: the last decisions", "value": "Value and megawatts over time"}


@solara.component
def FirmCard(player: Player, dark: bool) -> None:
    """Show the card of the chosen firm, if there is one."""
    firm, letter = player.firm.value, player.letter.value
    shown = player.shown.value
    moment = solara.use_memo(lambda: shown.moment_of(letter), [shown.frame, letter])
    known = bool(firm) and moment is not None and firm in set(moment.firms["firm"])
    with solara.v.Dialog(
        v_model=known, on_v_model=lambda open_: None if open_ else player.firm.set(""), max_width=WIDTH
    ):
        if known and moment is not None:
            Card(player, moment, firm, letter, dark)


@solara.component
def Card(player: Player, moment: Moment, firm: str, letter: str, dark: bool) -> None:
    """Show head, pages and the page that is open."""
    run = f"{letter}, {moment.record.scenario.name}, " if letter else ""
    page, turn = solara.use_state("decisions")
    with solara.Div(classes=["gridrush-card", *(["gridrush-dark"] if dark else [])]):
        with solara.Div(classes=["gridrush-card-head"]):
            solara.Div(classes=["gridrush-card-name"], children=[firm])
            solara.Div(
                classes=["gridrush-card-facts"],
                children=[f"{run}{moment.month:%b %Y}: {card.facts(moment, firm)}"],
            )
            solara.Button(
                icon_name="mdi-close",
                icon=True,
                small=True,
                on_click=lambda: player.firm.set(""),
                attributes={"aria-label": "close"},
            )
        with solara.Div(classes=["gridrush-card-tabs"]):
            for each in ("decisions", "value", *(name for name in PAGES if name != "decisions")):
                solara.Button(
                    TITLES.get(each, each.capitalize()),
                    text=True,
                    small=True,
                    on_click=lambda each=each: turn(each),
                    classes=[f"gridrush-page-{each}", *(["gridrush-here"] if each == page else [])],
                )
        with solara.Div(classes=["gridrush-card-body"]):
            if page == "value":
                Over(moment, firm, dark)
            else:
                Listed(moment, firm, page)


@solara.component
def Listed(moment: Moment, firm: str, page: str) -> None:
    """Show a page that is a table."""
    table = PAGES[page](moment, firm)
    if page == "decisions":
        solara.Div(classes=["gridrush-explain"], children=[card.why(moment, firm)])
    if table.rows:
        solara.HTML(tag="table", unsafe_innerHTML=table.html(), classes=["gridrush-table"])
    elif page != "decisions":
        solara.Div(classes=["gridrush-none"], children=[f"No {page}."])


@solara.component
def Over(moment: Moment, firm: str, dark: bool) -> None:
    """Show the firm over time."""
    with solara.Div(classes=["gridrush-card-charts"]):
        for name, build in (("firm-value", one_firm.value), ("firm-megawatts", one_firm.megawatts)):
            figure = drawn_or_said(lambda at, looks, build=build: build(at, looks, firm), moment, Looks(dark))
            if isinstance(figure, str):
                solara.Error(figure)
            else:
                ChartView(name, figure, moment.at).key(name)
