"""The runner: hands chunks of a study to a crew, keeps the store in order, loses at most what is in flight.

Chunks are sized to take a few seconds, so that little travels and little is lost. When workers die, what they
had in hand is tried again alone, so that a run that kills its worker is found and told from its neighbours.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from experiments.compaction import compact
from experiments.execution import FAILED, Done, Job, Traces, blank_row, execute, write
from experiments.executors import Crew
from experiments.progress import Silent
from experiments.store import Store
from experiments.store_files import CHUNKS, STOP, StoreError, told
from experiments.store_layout import read_points
from model.errors import GridrushError
from model.provenance import begun, code_version

CHUNK_SECONDS = 5.0
LARGEST_CHUNK = 200
FIRST_GUESS = 0.5
"""Seconds a run takes, as long as nothing is known."""
SECONDS_BETWEEN_NOTES = 2.0
RATE_SECONDS, FEWEST_MARKS = 60.0, 4
"""The rate is taken over the last minute, and over no fewer chunks than this."""
LAST_WORDS = 30.0
"""Seconds that workers get to finish the run at hand when the study is stopped."""
LOST = "the worker died or was killed while it computed this run"

Report = Callable[[int, int, float], None]


@dataclass
class Tally:
    """What has been done, and how long it took."""

    done: int
    failed: int
    started: float = field(default_factory=time.perf_counter)
    runs: int = 0
    model_seconds: float = 0.0
    chunk_seconds: float = 0.0
    losses: int = 0
    marks: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Start the clock of the rate."""
        self.marks.append((self.started, 0))

    def add(self, report: Done) -> None:
        """Count a chunk."""
        self.done += report.runs
        self.runs += report.runs
        self.failed += report.failed
        self.model_seconds += report.model_seconds
        self.chunk_seconds += report.seconds
        now = time.perf_counter()
        self.marks.append((now, self.runs))
        while len(self.marks) > FEWEST_MARKS and self.marks[0][0] < now - RATE_SECONDS:
            self.marks.popleft()

    @property
    def rate(self) -> float:
        """Return runs a second of late; the start, when workers load the model, is soon forgotten."""
        begun, before = self.marks[0]
        return (self.runs - before) / max(time.perf_counter() - begun, 1e-9)

    def facts(self, crew: Crew) -> dict[str, float | int | str]:
        """Return what the manifest says of the session."""
        return {
            "workers": crew.workers,
            "where": crew.where,
            "runs": self.runs,
            "started": begun(time.perf_counter() - self.started),
            "wall_seconds": round(time.perf_counter() - self.started, 3),
            "model_seconds": round(self.model_seconds, 3),
            "chunk_seconds": round(self.chunk_seconds, 3),
            "workers_lost": self.losses,
        }


def run_store(store: Store, crew: Crew, report: Report | None = None, seconds: float = FIRST_GUESS) -> Tally:
    """Do what is missing in a store; whatever ends this early leaves a store that can be resumed.

    Args:
        store: Where the study lives.
        crew: Who computes.
        report: Told about progress.
        seconds: How long a run is thought to take, to size the first chunks.
    """
    with store.session() as session:
        states = store.runs(["status"])
        failed = int((states["status"] == "FAILED").sum()) if "status" in states else 0
        tally = Tally(len(states), failed)
        work = _Work(store, session, crew, tally, report or Silent(), seconds)
        try:
            work.all_of(store.pending())
        except BaseException as error:
            work.stop(error)
            raise
        finally:
            with suppress(GridrushError):
                store.note_session(tally.facts(crew))
    return tally


class _Work:
    """One session of work: what is pending, what is in flight, who is suspected of killing workers."""

    def __init__(
        self, store: Store, session: str, crew: Crew, tally: Tally, report: Report, seconds: float
    ) -> None:
        self.store, self.session, self.crew = store, session, crew
        self.tally, self.report, self.seconds = tally, report, max(seconds, 1e-4)
        self.flight: dict[Future[Done], Job] = {}
        self.suspects: deque[tuple[int, ...]] = deque()
        self.pending: Sequence[int] = ()
        self.next = 0
        self.chunks = 0
        self.noted = 0.0
        self.digest, self.code = store.plan.digest, code_version()

    def all_of(self, pending: np.ndarray) -> None:
        """Do the pending runs."""
        self.pending = pending  # type: ignore[assignment]
        self.report(self.tally.done, self.tally.failed, 0.0)
        while self.next < len(self.pending) or self.suspects or self.flight:
            self._hand_out()
            self._take_in()

    def stop(self, error: BaseException) -> None:
        """Let workers finish the run at hand, unless they are past that."""
        place = self.store.folder / CHUNKS / self.session
        with suppress(OSError, KeyboardInterrupt):
            (place / STOP).touch()
            for future in self.flight:
                future.cancel()
            if not isinstance(error, BrokenExecutor):
                wait(self.flight, timeout=LAST_WORDS)
            self._count_finished()
        for process in multiprocessing.active_children():
            process.terminate()

    def _count_finished(self) -> None:
        for future in self.flight:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.tally.add(future.result())

    def _hand_out(self) -> None:
        """Keep the crew supplied; suspects run alone, so that whoever kills a worker is known."""
        while self.suspects and not self.flight:
            self._submit(self.suspects.popleft())
            return
        while not self.suspects and len(self.flight) < self.crew.window and self.next < len(self.pending):
            size = self._chunk_size()
            runs = tuple(int(run) for run in self.pending[self.next : self.next + size])
            self.next += len(runs)
            self._submit(runs)

    def _chunk_size(self) -> int:
        """Return the runs of the next chunk: a few seconds' worth, fewer towards the end."""
        if self.tally.runs:
            self.seconds = max(self.tally.chunk_seconds / self.tally.runs, 1e-4)
        left = len(self.pending) - self.next
        fair = -(-left // (3 * self.crew.workers))
        return int(max(1, min(CHUNK_SECONDS / self.seconds, fair, LARGEST_CHUNK)))

    def _submit(self, runs: tuple[int, ...]) -> None:
        name = f"{self.session}-{self.chunks:07d}"
        self.chunks += 1
        folder = str(self.store.folder.resolve())
        job = Job(folder, self.session, self.digest, self.code, name, runs)
        try:
            self.flight[self.crew.executor.submit(execute, job)] = job
        except (BrokenExecutor, RuntimeError):
            self.suspects.append(runs)
            self._renew()

    def _take_in(self) -> None:
        if not self.flight:
            return
        finished, _ = wait(self.flight, timeout=SECONDS_BETWEEN_NOTES, return_when=FIRST_COMPLETED)
        lost: list[Job] = []
        alone = len(self.flight) == 1
        for future in finished:
            job = self.flight.pop(future)
            try:
                self.tally.add(future.result())
            except GridrushError:
                raise
            except Exception as error:
                if not _is_loss(error):
                    raise
                lost.append(job)
        if lost:
            self._lose(lost, alone)
        elif finished:
            self.report(self.tally.done, self.tally.failed, self.tally.rate)
            with told(self.store.folder):
                compact(self.store.folder, self.session)
        self._note()

    def _lose(self, lost: list[Job], alone: bool) -> None:
        """Try again what was in the hands of dead workers; give up on a run that was alone with one."""
        self.tally.losses += 1
        if self.crew.renew:
            lost += self.flight.values()
            self.flight.clear()
            self._renew()
        for job, runs in self._unwritten(lost):
            if alone and len(runs) == 1 and self.tally.losses > 1:
                self._give_up(job, *runs)
            elif alone:
                self.suspects.extend((run,) for run in runs)
            else:
                self.suspects.append(runs)

    def _unwritten(self, lost: list[Job]) -> Iterator[tuple[Job, tuple[int, ...]]]:
        """Yield the runs of each lost job that are not in the store, and count those that are.

        A worker may die, or be ended with its neighbour, between writing a chunk and saying so.
        """
        rows = self.store.runs(["status"])
        failed = set(rows.loc[rows["status"] == FAILED, "run"]) if len(rows) else set()
        stored = set(rows["run"])
        for job in lost:
            written = stored.intersection(job.runs)
            if written:
                self.tally.add(Done(job.name, len(written), len(written & failed), 0.0, 0.0, False))
            runs = tuple(run for run in job.runs if run not in written)
            if runs:
                yield job, runs

    def _renew(self) -> None:
        if self.crew.renew is None:
            raise StoreError(f"{self.store.folder}: the workers are gone; go on with --resume")
        self.crew.replace()

    def _give_up(self, job: Job, run: int) -> None:
        """Write the row of a run that kills its worker."""
        plan = self.store.plan
        point = run // plan.study.replications
        row = blank_row(plan, read_points(self.store.folder, [point])[point], run)
        row |= {"error": LOST, "traceback": LOST}
        write(self.store.folder, job, plan, [Traces(row, {})])
        self.tally.add(Done(job.name, 1, 1, 0.0, 0.0, False))

    def _note(self) -> None:
        now = time.monotonic()
        if now - self.noted < SECONDS_BETWEEN_NOTES:
            return
        self.noted = now
        left = len(self.pending) - self.tally.runs
        rate = self.tally.rate
        in_hand = sorted((len(job.runs) for job in self.flight.values()), reverse=True)[: self.crew.workers]
        facts = {
            "running": int(sum(in_hand)),
            "rate": rate,
            "seconds_left": left / rate if self.tally.runs else None,
            "process": os.getpid(),
            "where": self.crew.where,
        }
        with told(self.store.folder):
            self.store.note_progress(facts)


def _is_loss(error: Exception) -> bool:
    """Return whether an error means that a worker was lost, and not that our code is wrong."""
    killed = type(error).__name__ in ("KilledWorker", "CommClosedError", "FutureCancelledError")
    return killed or isinstance(error, BrokenExecutor | CancelledError)
