"""The runner: the same tables wherever it runs, and whatever happens on the way is told and survived."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import execution, store_files
from experiments.compaction import compact
from experiments.executors import Crew, SerialExecutor, pool_crew
from experiments.runner import LOST, run_store
from experiments.store import Store, make_store, open_store, resume_store
from experiments.store_files import CHUNKS, StoreError
from experiments.store_layout import parts
from model.provenance import code_version

SCRIPT = Path(sys.executable).with_name("gridrush")
FULL = {"keep": "series", "fates": True, "replications": 6}
DEADLY = """
import os
from agents.strategies.base import find_strategy

class Deadly(type(find_strategy("mine_only"))):
    name = "deadly"
    citation = "folklore"

    def __getattribute__(self, name):
        if name not in ("name", "citation") and not name.startswith("__"):
            os._exit(9)
        return super().__getattribute__(name)
"""


def alone() -> Crew:
    return Crew(SerialExecutor(), 1, 1, "here")


def tables(store: Store) -> dict[str, pd.DataFrame]:
    """Return what must not depend on how the study was run: everything but the clock."""
    return {
        "runs": store.runs().drop(columns="seconds"),
        "series": store.table("series"),
        "fates": store.table("fates"),
    }


def assert_same(one: Store, other: Store) -> None:
    for name, table in tables(one).items():
        pd.testing.assert_frame_equal(table, tables(other)[name])


def test_processes_give_the_tables_that_one_process_gives(tmp_path: Path, plan):
    serial, pooled = (make_store(tmp_path / name, plan(**FULL)) for name in ("serial", "pooled"))
    run_store(serial, alone())
    crew = pool_crew(2)
    try:
        run_store(pooled, crew)
    finally:
        crew.leave()
    assert_same(serial, pooled)
    assert (serial.runs()["status"] == "SUCCEEDED").all()
    assert serial.table("fates").groupby("run").size().min() > 100


def test_a_run_alone_is_the_run_of_the_study(tmp_path: Path, plan):
    from model.run import run

    store = make_store(tmp_path / "store", plan(**FULL))
    run_store(store, alone())
    row = store.runs().iloc[7]
    scenario = store.plan.scenario_of({"arm": row["arm"]}, {})
    assert row["arm"] == "bear"
    assert run(scenario, int(row["seed"]), keep="series").series["gap_gw"].iloc[-1] == row["gap"]


def test_a_run_that_fails_is_a_row_and_stops_nobody(tmp_path: Path, plan, made_up, monkeypatch):
    sound = execution.simulate

    def shaky(scenario, seed, *rest):
        if seed == 2:
            raise ZeroDivisionError("two is unlucky")
        return sound(scenario, seed, *rest)

    monkeypatch.setattr(execution, "simulate", shaky)
    store = make_store(tmp_path / "store", plan(**FULL))
    tally = run_store(store, alone())
    runs = store.runs()
    failed = runs[runs["status"] == "FAILED"]
    assert (tally.done, tally.failed) == (12, 2)
    assert failed["seed"].tolist() == [2, 2]
    assert failed["error"].tolist() == ["ZeroDivisionError: two is unlucky"] * 2
    assert failed["traceback"].str.contains("in shaky").all()
    assert failed["gap"].isna().all()
    assert len(runs) == 12


def test_only_what_is_missing_is_done(tmp_path: Path, plan, made_up, monkeypatch):
    store = make_store(tmp_path / "store", plan(**FULL))

    def impatient(done: int, failed: int, rate: float) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_store(store, alone(), impatient)
    before = store.runs()
    assert 4 <= len(before) < 12
    assert not any((store.folder / CHUNKS).iterdir())
    seeds = []
    sound = execution.simulate
    monkeypatch.setattr(
        execution, "simulate", lambda s, seed, *rest: seeds.append(seed) or sound(s, seed, *rest)
    )
    run_store(resume_store(store.folder, plan(**FULL)), alone())
    assert len(seeds) == 12 - len(before)
    assert store.runs()["run"].tolist() == list(range(12))


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path, plan, made_up, monkeypatch):
    store = make_store(tmp_path / "store", plan(**FULL))
    sound, written = store_files.pq.write_table, []

    def full(table, where, **options):
        written.append(where)
        if len(written) > 7:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sound(table, where, **options)

    with monkeypatch.context() as patch:
        patch.setattr(store_files.pq, "write_table", full)
        with pytest.raises(StoreError, match="no room to write .*make room and go on with --resume"):
            run_store(store, alone())
    finished = len(store.runs())
    assert finished > 0
    run_store(open_store(store.folder), alone())
    assert store.runs()["run"].tolist() == list(range(12))
    assert not list(store.folder.rglob("*.aside"))


@pytest.mark.skipif(os.name == "nt", reason="sends a signal of Unix")
def test_a_worker_that_is_killed_costs_only_its_chunk(tmp_path: Path, plan):
    """The real thing: SIGKILL to a process of the pool in the middle of a study."""
    import multiprocessing

    store = make_store(tmp_path / "store", plan(**FULL | {"replications": 10}))
    crew, killed = pool_crew(2), []

    def kill_one(done: int, failed: int, rate: float) -> None:
        if done >= 5 and not killed:
            victim = multiprocessing.active_children()[0]
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

    try:
        tally = run_store(store, crew, kill_one)
    finally:
        crew.leave()
    assert killed
    assert tally.losses >= 1
    runs = store.runs()
    assert runs["run"].tolist() == list(range(20))
    assert (runs["status"] == "SUCCEEDED").all()
    assert store.table("series").groupby("run").size().tolist() == [2] * 20


class DiesAfterWriting(SerialExecutor):
    """A worker that does as it is told, and is gone before it can say so."""

    def submit(self, fn, /, *args):
        super().submit(fn, *args).result()
        future = Future()
        future.set_exception(BrokenProcessPool("gone"))
        return future


def test_what_a_worker_wrote_before_it_died_is_not_run_again(tmp_path: Path, plan):
    store = make_store(tmp_path / "store", plan(**FULL))
    crew = Crew(DiesAfterWriting(), 2, 4, "here", renew=SerialExecutor)
    tally = run_store(store, crew)
    assert tally.losses == 1
    assert tally.done == tally.runs == 12
    assert not tally.failed
    whole = make_store(tmp_path / "whole", plan(**FULL))
    run_store(whole, alone())
    assert_same(store, whole)
    assert sum(len(pd.read_parquet(path)) for path in parts(store.folder, "runs")) == 12


def test_a_chunk_that_is_written_twice_counts_once(tmp_path: Path, plan):
    """A Dask cluster runs a task again when a worker is lost, also one that had written all there was."""
    made = plan(**FULL)
    store = make_store(tmp_path / "store", made)
    with store.session() as session:
        for name, runs in (("a", (0, 1)), ("a", (0, 1)), ("b", (1, 2)), ("c", (2, 3))):
            job = execution.Job(str(store.folder), session, made.digest, code_version(), name, runs)
            execution.execute(job)
            compact(store.folder, session, at_least=2 if name == "b" else 1)
    for table in ("runs", "series", "fates"):
        stored = pd.concat([pd.read_parquet(path) for path in parts(store.folder, table)])
        assert not stored.duplicated().any()
        assert sorted(stored["run"].unique()) == [0, 1, 2, 3]
    assert store.runs()["run"].tolist() == [0, 1, 2, 3]


def test_a_run_that_kills_its_worker_is_found_among_its_neighbours(tmp_path: Path, plan):
    (tmp_path / "deadly.py").write_text(DEADLY)
    # Every site is reviewed, so that the strategy is asked in the first month.
    arms = {"sound": {}, "deadly": {"choice.strategy": "deadly", "choice.review": 1.0}}
    strategies = [f"{tmp_path}/deadly.py:Deadly"]
    made = plan(arms=arms, strategies=strategies, replications=3)
    store = make_store(tmp_path / "store", made)
    crew = pool_crew(2)
    try:
        run_store(store, crew)
    finally:
        crew.leave()
    runs = store.runs()
    assert runs["run"].tolist() == list(range(6))
    assert runs.loc[runs["arm"] == "sound", "status"].tolist() == ["SUCCEEDED"] * 3
    assert runs.loc[runs["arm"] == "deadly", "error"].tolist() == [LOST] * 3


def test_a_study_that_is_killed_resumes_to_the_same_tables(tmp_path: Path, plan, study_document):
    """The real thing: SIGKILL to `gridrush study` with two workers, then --resume."""
    from experiments.study_files import parse_study, to_toml

    wanted = FULL | {"replications": 15}
    (tmp_path / "study.toml").write_text(to_toml(parse_study(study_document(**wanted))))
    folder = tmp_path / "killed"
    command = [SCRIPT, "study", tmp_path / "study.toml", "--out", folder, "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(folder.glob(f"{CHUNKS}/*/*.runs.parquet"))) < 3:
        time.sleep(0.02)
    process.kill()
    process.wait()
    store = open_store(folder)
    time.sleep(0.5)
    finished = len(store.runs())
    assert 0 < finished < 30
    answer = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=120, check=True)
    assert f"{30 - finished} to do" in answer.stderr
    whole = make_store(tmp_path / "whole", plan(**wanted))
    run_store(whole, alone())
    assert_same(store, whole)
    assert len(parts(folder, "runs")) <= 2


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")
def test_workers_do_not_outlive_a_killed_study(tmp_path: Path):
    code = (
        "import time\nfrom experiments.executors import pool_crew\n"
        "import os, multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    crew = pool_crew(1)\n    print(crew.executor.submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    (tmp_path / "parent.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, text=True
    ) as parent:
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_chunks_shrink_towards_the_end(tmp_path: Path, plan, made_up):
    store = make_store(tmp_path / "store", plan(replications=300))
    sizes: list[int] = []
    run_store(store, alone(), lambda done, *_: sizes.append(done))
    steps = np.diff(sizes)
    assert steps[steps > 0].max() > 50
    assert steps[steps > 0][-1] <= 3
    assert threading.active_count() < 10
