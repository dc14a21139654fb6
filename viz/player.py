"""Moves through a run: step, play, pause, run to the end, go back, start anew. One per browser and view."""

from __future__ import annotations

import logging
import operator
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import solara

from model.errors import GridrushError
from model.scenario import Scenario
from model.scenario_files import load_scenario
from viz.record import LiveRecord, Moment, Pair, Record

SPEEDS = {"1 month/s": 1.0, "2 months/s": 2.0, "5 months/s": 5.0, "as fast as it draws": 1000.0}
DEFAULT_SPEED = "5 months/s"
PAIR = "AB"
"""Letters of the two runs of a pair."""
PATIENCE = 2.0
"""Seconds that playing waits for the browser to draw a month before it goes on regardless."""

_log = logging.getLogger(__name__)


class Shown(NamedTuple):
    """What is on show: always told as a whole, so that no chart mixes two months."""

    record: Record | Pair | None
    at: int
    frame: int
    """Counts what was put on show; a chart says which of these it has drawn."""

    @property
    def moment(self) -> Moment | None:
        """The month on show; of a pair, that of the first run."""
        record = self.record.first if isinstance(self.record, Pair) else self.record
        return None if record is None else Moment(record, self.at)

    def moment_of(self, letter: str) -> Moment | None:
        """The month on show of one run of a pair; without a letter, or of a single run, that of the first."""
        pair = self.record if letter and isinstance(self.record, Pair) else None
        return pair.moments(self.at)[PAIR.index(letter)] if pair else self.moment


class Player:
    """A record and the month of it that is on show.

    Everything that the page reads is a reactive value; what takes long runs in a thread that can be stopped.
    """

    def __init__(self) -> None:
        """Start without a record."""
        self.shown = solara.reactive(Shown(None, 0, 0), equals=operator.is_)
        self.playing = solara.reactive(False)
        self.busy = solara.reactive("")
        self.error = solara.reactive("")
        self.speed = solara.reactive(DEFAULT_SPEED)
        self.firm = solara.reactive("")
        """Firm whose card is open."""
        self.letter = solara.reactive("")
        """Run of a pair that the card is about: A or B."""
        self.drawn: dict[str, int] = {}
        """Frame that each chart on the screen has drawn."""
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()

    @property
    def record(self) -> Record | Pair | None:
        """The record on show."""
        return self.shown.value.record

    @property
    def at(self) -> int:
        """Number of the month on show."""
        return self.shown.value.at

    @property
    def moment(self) -> Moment | None:
        """The month on show."""
        return self.shown.value.moment

    def show(self, record: Record | Pair, at: int = 0) -> None:
        """Stop, and put another record on show."""
        self.pause()
        self.show_now(record, at)

    def show_now(self, record: Record | Pair, at: int = 0) -> None:
        """Put another record on show from the thread that made it."""
        with self._lock:
            self.firm.value = ""
            self._show(record, max(0, min(at, record.months - 1)))

    def go(self, at: int) -> None:
        """Show a month that has been computed."""
        record = self.record
        if record is not None:
            self._show(record, max(0, min(at, record.months - 1)))

    def step(self) -> bool:
        """Show the next month, computed if need be; return whether there was one."""
        with self._lock:
            record, at = self.record, self.at + 1
            if record is None:
                return False
            if at >= record.months and not (isinstance(record, LiveRecord) and record.step()):
                return False
            self._show(record, at)
            return True

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing.value:
            self.pause()
        else:
            self._start(self._play, "")

    def run_to_end(self) -> None:
        """Compute what is left and show the last month."""
        self.pause()
        self._start(self._finish, "running to the end")

    def reset(self) -> object:
        """Go back to the first month."""
        self.pause()
        self.go(0)

    def pause(self) -> None:
        """Stop whatever runs, and wait until it has."""
        self._halt.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5.0)
        self.playing.value = False

    def run_in_thread(self, work: Callable[[], Any], busy: str) -> None:
        """Do something slow beside the page, which says so meanwhile."""
        self.pause()
        self._start(lambda halt: work(), busy, playing=False)

    def open_card(self, firm: str, letter: str = "") -> None:
        """Open the card of a firm, if the run on show knows it."""
        moment = self.shown.peek().moment_of(letter)
        if moment is not None and firm in set(moment.firms["firm"]):
            self.letter.value = letter
            self.firm.value = firm

    def note_drawn(self, chart: str, frame: int) -> None:
        """Note that the browser has drawn a chart."""
        self.drawn[chart] = frame

    def forget(self, chart: str) -> None:
        """Wait no longer for a chart that has left the screen."""
        self.drawn.pop(chart, None)

    def _show(self, record: Record | Pair, at: int) -> None:
        self.shown.value = Shown(record, at, self.shown.peek().frame + 1)

    def _start(self, work: Callable[[threading.Event], Any], busy: str, *, playing: bool = True) -> None:
        self._halt = threading.Event()
        self.error.value = ""
        self.playing.value = playing and not busy
        self.busy.value = busy
        self._thread = threading.Thread(target=self._guarded, args=(work, self._halt), daemon=True)
        self._thread.start()

    def _guarded(self, work: Callable[[threading.Event], Any], halt: threading.Event) -> None:
        try:
            work(halt)
        except Exception as error:
            if not isinstance(error, GridrushError):
                _log.exception("the view could not go on")
            self.error.value = str(error) or type(error).__name__
        finally:
            self.busy.value = ""
            if not halt.is_set():
                self.playing.value = False

    def _play(self, halt: threading.Event) -> None:
        while not halt.is_set():
            started = time.perf_counter()
            if not self.step():
                return
            self._await_drawing(halt, started)
            halt.wait(max(0.0, 1.0 / SPEEDS[self.speed.value] - (time.perf_counter() - started)))

    def _await_drawing(self, halt: threading.Event, started: float) -> None:
        """Hold until the charts on the screen have caught up, so that frames never pile up in the browser."""
        frame = self.shown.peek().frame
        while not halt.is_set() and time.perf_counter() - started < PATIENCE:
            if all(drawn >= frame for drawn in list(self.drawn.values())):
                return
            time.sleep(0.005)

    def _finish(self, halt: threading.Event) -> None:
        record = self.record
        if record is None:
            return
        with self._lock:
            while isinstance(record, LiveRecord) and not halt.is_set() and record.step():
                pass
            self._show(record, record.months - 1)


class LivePlayer(Player):
    """A player of a run under way, with the scenario that runs and the one that is wanted."""

    def __init__(self, scenario: str = "reference", seed: int = 0) -> None:
        """Want a scenario; it starts with the first reset."""
        super().__init__()
        self.scenario = solara.reactive(scenario)
        self.seed = solara.reactive(seed)
        self.settings: solara.Reactive[dict[str, Any]] = solara.reactive({})
        self.applied: solara.Reactive[tuple[str, int, dict[str, Any]]] = solara.reactive(("", -1, {}))

    @property
    def wanted(self) -> tuple[str, int, dict[str, Any]]:
        """Scenario, seed and settings as chosen."""
        return self.scenario.value, self.seed.value, self.settings.value

    @property
    def pending(self) -> bool:
        """Whether a choice waits for the reset."""
        return self.wanted != self.applied.value

    def base(self) -> Scenario:
        """Return the scenario as it is shipped or stored, without the settings."""
        return load_scenario(self.scenario.value)

    def wanted_scenario(self) -> Scenario:
        """Return the scenario with the settings."""
        return load_scenario(self.scenario.value, **self.settings.value)

    def reset(self, at: int = 0) -> bool:
        """Start anew with what is wanted, under the same seed; return whether it could be built."""
        self.pause()
        wanted = self.wanted
        try:
            record = LiveRecord(self.wanted_scenario(), self.seed.value)
            while record.months <= at and record.step():
                pass
        except GridrushError as error:
            self.error.value = str(error)
            return False
        self.error.value = ""
        self.applied.value = wanted
        self.show(record, record.months - 1)
        return True

    def choose(self, *, scenario: str | None = None, seed: int | None = None) -> None:
        """Want another scenario or seed; at once if nothing has been played yet."""
        if scenario is not None and scenario != self.scenario.value:
            self.scenario.value, self.settings.value = scenario, {}
        if seed is not None:
            self.seed.value = seed
        self._apply_early()

    def set(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Want another value of a parameter; the scenario's own value is no setting."""
        settings = dict(self.settings.value)
        settings.pop(name, None)
        if value != self.base().values()[name]:
            settings[name] = value
        if settings == self.settings.value:
            return
        self.settings.value = settings
        self._apply_early()

    def _apply_early(self) -> None:
        record = self.record
        if self.pending and not self.playing.value and (record is None or record.months == 1):
            self.reset()
