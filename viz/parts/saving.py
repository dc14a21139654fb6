"""Saves the run on show as a folder, as `gridrush run` would have."""

from __future__ import annotations

from pathlib import Path

import solara

from model.run_folder import slug
from viz.folders import HOME
from viz.player import Player
from viz.record import Pair


@solara.component
def Saving(player: Player) -> None:
    """Show where the run would go, and a button to send it there."""
    path, set_path = solara.use_state("")
    said, say = solara.use_state("")
    record = player.record
    if record is None or isinstance(record, Pair):
        return
    proposed = str(HOME / f"view-{slug(record.scenario.name)}-seed{record.seed}")

    def save() -> None:
        def write() -> None:
            folder = record.as_run().save(Path(path or proposed))
            say(f"{record.months} months saved in {folder}")

        say("")
        player.run_in_thread(write, "saving the run")

    with solara.Div(classes=["gridrush-form"], style="margin-top: 18px"):
        solara.InputText("Folder for this run", value=path or proposed, on_value=set_path, dense=True)
        solara.Button(
            "Save the run",
            icon_name="mdi-content-save",
            small=True,
            outlined=True,
            on_click=save,
            disabled=bool(player.busy.value),
            classes=["gridrush-save"],
        )
        if said:
            solara.Div(classes=["gridrush-facts"], children=[said])
