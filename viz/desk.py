"""The desk: everything one browser has open, and the link to it."""

from __future__ import annotations

from pathlib import Path

import solara

from model.parameters.firms import Horizon
from model.run import Run
from viz.compare import ComparePlayer
from viz.ensemble import EnsembleDesk
from viz.folders import holding
from viz.links import Link
from viz.player import LivePlayer, Player
from viz.record import LiveRecord, StoredRecord
from viz.replay import ReplayPlayer
from viz.tabs import TAB_BY_KEY, TABS

OTHER_SCENARIO = "no_ai"
"""What the comparison sets beside the live scenario until told otherwise."""


class Desk:
    """The views of one browser; nobody else sees them."""

    def __init__(self, link: Link) -> None:
        """Open what a link asks for."""
        self.view = solara.reactive(_view(link))
        self.tab = solara.reactive(link.tab if link.tab in TAB_BY_KEY else TABS[0].key)
        self.dark = solara.reactive(link.dark)
        self.copies = solara.reactive(0)
        self.live = LivePlayer(link.scenario, link.seed)
        self.live.settings.value = dict(link.settings)
        self.replay = ReplayPlayer()
        self.compare = ComparePlayer(link.scenario, link.other or OTHER_SCENARIO, link.seed)
        self.ensemble = EnsembleDesk()
        self._open(link)

    @property
    def player(self) -> Player:
        """The player of the view that is on show."""
        views = {"live": self.live, "replay": self.replay, "compare": self.compare, "ensemble": self.ensemble}
        return views[self.view.value]

    def turn(self, view: str) -> None:
        """Turn to another view; what plays in this one stops."""
        self.player.pause()
        self.view.value = view
        if view == "live" and self.live.record is None:
            self.live.reset()
        if view == "compare" and self.compare.record is None and not self.compare.busy.value:
            self.compare.run()

    def take_over(self, run: Run, study: str, number: int) -> None:
        """Show a run of a study as a replay."""
        self.replay.folder.value, self.replay.number.value = study, number
        self.replay.show_now(StoredRecord(run), 0)
        self.view.value = "replay"

    def reset(self) -> None:
        """Start the view on show anew."""
        self.player.reset()

    def link(self) -> Link:
        """Return the link to what is on show."""
        view, player = self.view.value, self.player
        moment = player.moment
        month = f"{moment.month:%Y-%m}" if moment and player.at else ""
        common = {
            "view": view,
            "tab": "" if self.tab.value == TABS[0].key else self.tab.value,
            "dark": self.dark.value,
            "month": month,
        }
        if view == "replay":
            return Link(folder=self.replay.folder.value, run=self.replay.number.value, **common)
        if view == "ensemble":
            return Link(folder=self.ensemble.folder.value, **common)
        if view == "compare":
            compare = self.compare
            return Link(
                scenario=compare.first.value, other=compare.second.value, seed=compare.seed.value, **common
            )
        scenario, seed, settings = self.live.applied.value
        return Link(scenario=scenario or "reference", seed=max(seed, 0), settings=settings, **common)

    def close(self) -> None:
        """Stop everything when the browser leaves."""
        for player in (self.live, self.replay, self.compare, self.ensemble):
            player.pause()

    def _open(self, link: Link) -> None:
        view = self.view.value
        if view == "replay" and link.folder and link.run >= 0:
            self.replay.open_run_of(link.folder, link.run, self._number(link.month))
        elif view == "replay" and link.folder:
            self.replay.open(link.folder, self._number(link.month))
        elif view == "ensemble" and link.folder:
            self.ensemble.open(link.folder)
        elif view == "compare":
            self.compare.run(self._number(link.month) if link.month else -1)
        elif view == "live":
            self._open_live(link)

    def _open_live(self, link: Link) -> None:
        live = self.live
        if live.reset():
            if link.month:
                live.reset(at=self._number(link.month))
            return
        said = live.error.value
        live.scenario.value, live.settings.value = "reference", {}
        live.reset()
        live.error.value = said

    def _number(self, month: str) -> int:
        """Return the number of a month such as 2027-04, 0 for what is none."""
        record = self.live.record
        start = record.scenario.horizon.start if isinstance(record, LiveRecord) else Horizon().start
        try:
            return max((int(month[:4]) - int(start[:4])) * 12 + int(month[5:7]) - int(start[5:7]), 0)
        except ValueError:
            return 0


def _view(link: Link) -> str:
    """Return the view a link means: a folder says by itself how it wants to be seen."""
    if link.folder and link.view == "live":
        return {"run": "replay", "study": "ensemble"}.get(holding(Path(link.folder)), "replay")
    return link.view
