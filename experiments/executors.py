"""Where runs are computed: here, in processes of this machine, or on a Dask cluster.

All three are `concurrent.futures` executors; a crew is one of them with its size, and knows how to get a new
one when the old one broke.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from experiments.study_files import StudyError

PRELOADED = ["experiments.execution", "experiments.outcome_functions", "model.industry"]
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CLUSTER_PATIENCE = "10s"
MOST_ON_WINDOWS = 61
"""A pool of more processes cannot be waited for there."""


class SerialExecutor(Executor):
    """Runs everything here and now."""

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call the function and return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class Crew:
    """An executor, how many work in it, and how to replace it."""

    executor: Executor
    workers: int
    window: int
    """Chunks handed out at a time."""
    where: str
    renew: Callable[[], Executor] | None = None
    close: Callable[[], object] | None = None

    def replace(self) -> None:
        """Put a new executor in the place of one that broke, once its last worker has stopped writing."""
        if self.renew is not None:
            self.executor.shutdown(wait=True, cancel_futures=True)
            self.executor = self.renew()

    def leave(self) -> None:
        """Let everybody go."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        if self.close is not None:
            self.close()


def crew_of(workers: int | None, cluster: str | None, runs: int) -> Crew:
    """Return the crew that was asked for; by default a process per core, and none for a run or two."""
    if cluster:
        return cluster_crew(cluster)
    count = max(min(workers or cores(), runs), 1)
    return Crew(SerialExecutor(), 1, 1, "here") if count == 1 else pool_crew(count)


def cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pool_crew(workers: int) -> Crew:
    """Return a crew of processes on this machine."""
    if sys.platform == "win32":
        workers = min(workers, MOST_ON_WINDOWS)
    where = f"in {workers} processes"
    return Crew(_pool(workers), workers, 2 * workers, where, renew=lambda: _pool(workers))


def cluster_crew(address: str) -> Crew:
    """Return a crew on a Dask cluster; its workers must see the folder of the store."""
    from distributed import Client

    try:
        client = Client(address, timeout=CLUSTER_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = " ".join(str(error).split())[:150]
        raise StudyError(f"--cluster {address}: no Dask scheduler answers there ({reason})") from None
    return client_crew(client, close=client.close)


def client_crew(client: Any, close: Callable[[], object] | None = None) -> Crew:  # noqa: ANN401
    """Return the crew of a Dask client."""
    client.wait_for_workers(1, timeout=CLUSTER_PATIENCE)
    threads = max(sum(client.nthreads().values()), 1)
    executor = client.get_executor(pure=False)
    return Crew(executor, threads, 2 * threads, f"in {threads} threads of a Dask cluster", close=close)


def _pool(workers: int) -> ProcessPoolExecutor:
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOADED)
    # One core each: more threads than cores make everybody slower. Set before the server of forks starts.
    for name in THREAD_SETTINGS:
        os.environ.setdefault(name, "1")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
