"""Play, pause, step, run to the end, reset, speed, and the line of time."""

from __future__ import annotations

from collections.abc import Callable

import solara

from viz.player import SPEEDS, Player
from viz.story import story


@solara.component
def Controls(player: Player, reset: Callable[[], object], reset_hint: str) -> None:
    """Show the buttons and the line of time."""
    record, at = player.record, player.at
    playing, busy = player.playing.value, player.busy.value
    last = record.months - 1 if record else 0
    over = record is None or (at >= last and record.months >= record.horizon)
    with solara.Div(classes=["gridrush-controls"]):
        with solara.Div(classes=["gridrush-buttons"]):
            _button("mdi-restore", "reset", f"{reset_hint} (R)", reset)
            _button("mdi-skip-backward", "first", "first month", lambda: player.go(0), disabled=at == 0)
            icon, name = ("mdi-pause", "pause") if playing else ("mdi-play", "play")
            _button(icon, name, f"{name} (space)", player.toggle, disabled=over or bool(busy), strong=True)
            _button(
                "mdi-step-forward",
                "step",
                "next month (right arrow)",
                player.step,
                disabled=over or playing or bool(busy),
            )
            _button(
                "mdi-fast-forward", "end", "run to the end", player.run_to_end, disabled=over or bool(busy)
            )
        solara.Select(
            "",
            list(SPEEDS),
            value=player.speed.value,
            on_value=player.speed.set,
            dense=True,
            classes=["gridrush-speed"],
        )
        TimeLine(player)


@solara.component
def TimeLine(player: Player) -> None:
    """Show the date and a slider over the months computed so far."""
    record, moment = player.record, player.moment
    if record is None or moment is None:
        return
    with solara.Div(classes=["gridrush-time"]):
        solara.v.Slider(
            v_model=player.at,
            on_v_model=player.go,
            min=0,
            max=max(record.months - 1, 1),
            step=1,
            hide_details=True,
            dense=True,
            disabled=record.months < 2,
            attributes={"aria-label": "month"},
        )
        solara.Div(
            classes=["gridrush-ends"], children=[f"{moment.span[0]:%b %Y}", " to ", f"{moment.span[1]:%b %Y}"]
        )


@solara.component
def StoryLine(player: Player) -> None:
    """Show the date and the month's story, or what is being done."""
    shown = player.shown.value
    moment = solara.use_memo(lambda: shown.moment, [shown.frame])
    text = solara.use_memo(lambda: story(moment) if moment else "", [shown.frame])
    with solara.Div(classes=["gridrush-story"]):
        if moment is None:
            return
        solara.Div(classes=["gridrush-date"], children=[f"{moment.month:%b %Y}"])
        solara.Div(
            classes=["gridrush-text"],
            children=[text[:1].upper() + text[1:] + "."],
            attributes={"title": text},
        )
        if player.busy.value:
            solara.Div(classes=["gridrush-busy"], children=[f"{player.busy.value} ..."])


@solara.component
def Messages(player: Player) -> None:
    """Show what went wrong."""
    if player.error.value:
        with solara.Div(classes=["gridrush-error"]):
            solara.v.Alert(
                type="error",
                dense=True,
                dismissible=True,
                outlined=True,
                children=[player.error.value],
                v_model=True,
                on_v_model=lambda open_: player.error.set("") if not open_ else None,
            )


def act(player: Player, reset: Callable[[], object], what: str) -> None:
    """Do what a key stands for."""
    if what == "close":
        player.firm.value = ""
    if player.busy.value:
        return
    if what == "play":
        player.toggle()
    elif what == "step" and not player.playing.value:
        player.step()
    elif what == "reset":
        reset()


def _button(
    icon: str,
    name: str,
    hint: str,
    act: Callable[[], object],
    *,
    disabled: bool = False,
    strong: bool = False,
) -> None:
    solara.Button(
        icon_name=icon,
        on_click=lambda: _done(act),
        disabled=disabled,
        icon=not strong,
        small=True,
        color="primary" if strong else None,
        classes=["gridrush-button", f"gridrush-{name}"],
        attributes={"title": hint, "aria-label": name},
    )


def _done(act: Callable[[], object]) -> None:
    """Do it; what it says of itself is nobody's business here."""
    act()
