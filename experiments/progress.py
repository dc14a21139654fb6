"""How a study is told while it runs: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

SECONDS_BETWEEN_LINES = 10.0


class Report(Protocol):
    """Told how many runs are done, how many of them failed, and how many there are a second."""

    def __call__(self, done: int, failed: int, rate: float) -> None:
        """Take the news."""


class Silent:
    """Says nothing."""

    def __call__(self, done: int, failed: int, rate: float) -> None:
        """Take the news."""

    def close(self) -> None:
        """End."""


class Bar:
    """A bar on a terminal."""

    def __init__(self, name: str, total: int, done: int) -> None:
        """Show the bar as far as the study is."""
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
        )  # fmt: skip
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._bar.start()
        self._task = self._bar.add_task(name, total=total, completed=done, rate="")

    def __call__(self, done: int, failed: int, rate: float) -> None:
        """Move the bar."""
        text = f"{rate:.1f} runs/s" + (f", {failed} failed" if failed else "")
        self._bar.update(self._task, completed=done, rate=text)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


class Lines:
    """Plain lines for files and pipes."""

    def __init__(self, name: str, total: int, done: int) -> None:
        """Start counting."""
        self._name, self._total, self._last, self._start = name, total, time.monotonic(), done

    def __call__(self, done: int, failed: int, rate: float) -> None:
        """Say something if nothing was said for a while."""
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES or done >= self._total:
            self._last = time.monotonic()
            left = (
                f", {duration((self._total - done) / rate)} left" if rate > 0 and done < self._total else ""
            )
            failures = f", {failed} failed" if failed else ""
            line = f"{self._name}: {done} of {self._total} runs{failures}, {rate:.1f} runs/s{left}"
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End."""


def reporter(name: str, total: int, done: int) -> Bar | Lines:
    """Return a bar on a terminal and lines elsewhere."""
    return Bar(name, total, done) if sys.stderr.isatty() else Lines(name, total, done)


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
