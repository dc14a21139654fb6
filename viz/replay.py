"""The replay: open a stored run, move along its time, jump to what happened."""

from __future__ import annotations

import solara

from model.run import Run
from viz.ensemble import again
from viz.jumps import KINDS, jumps
from viz.live import Stage
from viz.parts.folder_choice import FolderChoice
from viz.player import Player
from viz.record import StoredRecord
from viz.study import open_study


class ReplayPlayer(Player):
    """A player of a stored run."""

    def __init__(self) -> None:
        """Start with no folder."""
        super().__init__()
        self.folder = solara.reactive("")
        self.number = solara.reactive(-1)
        """Number of the run if the folder is that of a study."""

    def open(self, folder: str, at: int = 0) -> None:
        """Read a run and show one of its months."""
        self.folder.value, self.number.value = folder, -1

        def read() -> None:
            self.show_now(StoredRecord(Run.load(folder)), at)

        self.run_in_thread(read, "reading the run")

    def open_run_of(self, study: str, number: int, at: int = 0) -> None:
        """Run a run of a study once more and show one of its months."""
        self.folder.value, self.number.value = study, number

        def compute() -> None:
            self.show_now(StoredRecord(again(open_study(study), number)), at)

        self.run_in_thread(compute, f"replaying run {number}")


@solara.component
def ReplayView(player: ReplayPlayer, tab: solara.Reactive[str], dark: bool) -> None:
    """Show folder and events at the side, the run beside them."""
    with solara.Div(classes=["gridrush-body"]):
        with solara.Div(classes=["gridrush-side"]):
            Source(player)
            Jumps(player)
        Stage(
            player,
            player.reset,
            "back to the first month",
            tab,
            dark,
            empty="Open a stored run: choose it at the left, or start with `gridrush view FOLDER`.",
        )


@solara.component
def Source(player: ReplayPlayer) -> None:
    """Show which run is open, and let another be chosen."""
    record = player.record
    with solara.Div(classes=["gridrush-form"]):
        FolderChoice("run", player.folder.value, player.open, player.error.set)
        if isinstance(record, StoredRecord):
            manifest = record.run.manifest
            text = f"{manifest['scenario']}: {manifest['description']}. "
            text += f"Seed {manifest['seed']}, {record.months} months."
            solara.Div(classes=["gridrush-facts"], children=[text])


@solara.component
def Jumps(player: Player) -> None:
    """Show the events of a kind, each a way to its month."""
    record = player.record if isinstance(player.record, StoredRecord) else None
    kind, choose = solara.use_state(KINDS[0])
    found = solara.use_memo(lambda: jumps(record, kind) if record else [], [record, kind])
    if record is None:
        return
    with solara.Div(classes=["gridrush-form"], style="margin-top: 14px"):
        solara.Select("Jump to", list(KINDS), value=kind, on_value=choose, dense=True)
        with solara.Div(classes=["gridrush-list"]):
            for number, jump in enumerate(found):
                solara.Button(
                    f"{jump.month:%b %Y}  {jump.text}",
                    text=True,
                    small=True,
                    on_click=lambda at=jump.at: player.go(at),
                ).key(f"{kind} {number}")
            if not found:
                solara.Div(classes=["gridrush-facts"], children=["none in this run"])
