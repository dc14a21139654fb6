"""A real Dask cluster: the same tables as at home, and a worker killed in the middle costs nothing."""

import os
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from experiments.executors import Crew, SerialExecutor, client_crew, crew_of
from experiments.runner import run_store
from experiments.store import make_store
from experiments.study_files import StudyError

pytestmark = pytest.mark.filterwarnings("default")  # distributed leaves sockets to the collector


@pytest.fixture
def client():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.skipif(os.name == "nt", reason="sends a signal of Unix")
def test_a_dask_worker_killed_in_the_middle_costs_nothing(tmp_path: Path, plan, client):
    wanted = {"keep": "series", "replications": 10}
    store, whole = (make_store(tmp_path / name, plan(**wanted)) for name in ("cluster", "whole"))
    pids = list(client.run(os.getpid).values())
    begun, killed = threading.Event(), []

    def kill() -> None:
        begun.wait(60)
        os.kill(pids[0], signal.SIGKILL)
        killed.append(time.monotonic())

    threading.Thread(target=kill, daemon=True).start()
    crew = client_crew(client)
    assert crew.workers == 2
    run_store(store, crew, lambda done, *_: begun.set() if done else None)
    assert killed
    run_store(whole, Crew(SerialExecutor(), 1, 1, "here"))
    for name in ("runs", "series"):
        one, other = store.table(name), whole.table(name)
        columns = [column for column in one if column != "seconds"]
        pd.testing.assert_frame_equal(one[columns], other[columns])


def test_a_cluster_that_is_not_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("experiments.executors.CLUSTER_PATIENCE", "1s")
    with pytest.raises(StudyError, match="--cluster tcp://127.0.0.1:9: no Dask scheduler answers there"):
        crew_of(None, "tcp://127.0.0.1:9", 10)
