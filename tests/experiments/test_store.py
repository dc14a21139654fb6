"""The store: few files that anybody reads, one writer, and nothing lost or counted twice whatever happens."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars
import pytest

from experiments import store as stores
from experiments.compaction import compact, take_over, waiting
from experiments.execution import Job, execute
from experiments.executors import Crew, SerialExecutor
from experiments.runner import run_store
from experiments.store import Store, make_store, open_store, resume_store
from experiments.store_files import CHUNKS, StoreError, locked
from experiments.store_layout import chunk_files, parts
from model import provenance
from model.provenance import code_version

ROOT = Path(__file__).resolve().parents[2]
FULL = {"keep": "series", "fates": True, "replications": 6}


def do_chunk(store: Store, session: str, number: int, *runs: int) -> None:
    name = f"{session}-{number}"
    execute(Job(str(store.folder), session, store.plan.digest, code_version(), name, runs))


def test_a_finished_store_is_a_few_files_that_anybody_reads(done):
    store = done(**FULL)
    assert sorted(path.name for path in store.folder.iterdir() if not path.name.startswith(".")) == [
        *("fates", "manifest.json", "points.parquet", "runs", "sample.parquet"),
        *("scenario.toml", "series", "study.toml"),
    ]
    assert not any((store.folder / CHUNKS).iterdir())
    assert [len(parts(store.folder, table)) for table in ("runs", "series", "fates")] == [1, 1, 1]
    by_pandas = pd.read_parquet(store.folder / "runs")
    question = f"select status, count(*), avg(gap) from '{store.folder}/runs/*.parquet' group by status"
    ((status, count, mean),) = duckdb.sql(question).fetchall()
    assert (status, count) == ("SUCCEEDED", 12)
    assert mean == pytest.approx(by_pandas["gap"].mean())
    joined = f"""select count(*) from '{store.folder}/series/*.parquet' s
        join '{store.folder}/runs/*.parquet' r using (run) where r.arm = 'bear'"""
    assert duckdb.sql(joined).fetchall() == [(12,)]
    by_polars = polars.read_parquet(store.folder / "runs" / "*.parquet")
    assert by_polars["gap"].to_list() == by_pandas["gap"].to_list()
    months = polars.scan_parquet(store.folder / "series" / "*.parquet").group_by("run").len().collect()
    assert months["len"].to_list() == [2] * 12


@pytest.mark.parametrize(
    ("keep", "tables"),
    [
        ("outcomes", ["runs"]),
        ("series", ["runs", "series"]),
        ("everything", ["events", "firms", "leases", "runs", "series", "sites"]),
    ],
)
def test_a_study_keeps_what_it_was_told_to(tmp_path: Path, plan, keep: str, tables: list[str]):
    store = make_store(tmp_path / "store", plan(keep=keep, replications=1))
    run_store(store, Crew(SerialExecutor(), 1, 1, "here"))
    folders = [path.name for path in store.folder.iterdir() if path.is_dir() and path.name != CHUNKS]
    assert sorted(folders) == tables
    for table in tables:
        assert set(store.table(table)["run"]) == {0, 1}


READER = """
import sys
from pathlib import Path
import duckdb, pandas, polars
folder = Path(sys.argv[1])
frames = (
    pandas.read_parquet(folder / "runs"),
    polars.read_parquet(folder / "runs" / "*.parquet"),
    duckdb.sql(f"select * from '{folder}/runs/*.parquet'").df(),
)
ours = {"gridrush", "experiments", "model", "agents"} & set(sys.modules)
print(*(len(frame) for frame in frames), len(ours))
"""


def test_a_store_is_read_where_gridrush_is_not_loaded(done):
    store = done(**FULL)
    command = [sys.executable, "-c", READER, store.folder]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=store.folder)
    assert answer.stdout.split() == ["12", "12", "12", "0"]


def test_every_run_has_its_seed_its_key_and_its_place(done):
    runs = done(**FULL).runs()
    assert runs["run"].tolist() == list(range(12))
    assert runs["key"].nunique() == 12
    assert runs["seed"].tolist() == [*range(6), *range(6)]
    assert (runs["status"] == "SUCCEEDED").all()
    assert (runs["error"] == "").all()


def test_a_store_read_back_has_the_plan_it_was_made_for(done, plan):
    store = done(**FULL)
    assert open_store(store.folder).plan.digest == plan(**FULL).digest == store.manifest["digest"]
    assert store.manifest["runs"] == 12
    assert store.manifest["sessions"][0]["runs"] == 12


def test_chunks_count_before_they_are_compacted(tmp_path: Path, plan, made_up):
    store = make_store(tmp_path / "store", plan(**FULL))
    with store.session() as session:
        do_chunk(store, session, 0, 3, 4)
        do_chunk(store, session, 1, 0)
        assert store.runs()["run"].tolist() == [0, 3, 4]
        assert store.table("series")["run"].nunique() == 3
        assert store.pending().tolist() == [1, 2, 5, 6, 7, 8, 9, 10, 11]
        status = store.status()
        assert (status.succeeded, status.pending, status.active) == (3, 9, True)
        compact(store.folder, session, at_least=2)
        assert chunk_files(store.folder, "runs") == []
        assert store.runs()["run"].tolist() == [0, 3, 4]
    assert not store.status().active


def test_what_a_kill_leaves_is_put_right(tmp_path: Path, plan, made_up):
    store = make_store(tmp_path / "store", plan(**FULL))
    place = store.folder / CHUNKS / "killed"
    place.mkdir(parents=True)
    do_chunk(store, "killed", 0, 0, 1)
    do_chunk(store, "killed", 1, 2, 3)
    # Killed while the third chunk was written: its series lie there, its runs do not.
    do_chunk(store, "killed", 2, 4, 5)
    (place / "killed-2.runs.parquet").unlink()
    (place / ".killed-3.series.parquet.0a0b.aside").touch()
    # Killed in a compaction: the part of the series is there, that of the runs is not.
    (store.folder / "series").mkdir()
    shutil.copy(place / "killed-0.series.parquet", store.folder / "series" / "part-000000.parquet")
    with store.session() as session:
        assert waiting(store.folder, session) == ["killed-0", "killed-1"]
    assert store.runs()["run"].tolist() == [0, 1, 2, 3]
    assert store.table("series").groupby("run").size().tolist() == [2, 2, 2, 2]
    assert not list(store.folder.rglob("*.aside"))


def test_a_chunk_that_is_in_a_part_already_counts_once(tmp_path: Path, plan, made_up):
    store = make_store(tmp_path / "store", plan(**FULL))
    with store.session() as session:
        do_chunk(store, session, 0, 0, 1)
        held = {path.name: path.read_bytes() for path in (store.folder / CHUNKS / session).iterdir()}
        compact(store.folder, session, at_least=1)
        # Killed after the part was put in place, before the chunk was deleted.
        for name, content in held.items():
            (store.folder / CHUNKS / session / name).write_bytes(content)
        assert store.runs()["run"].tolist() == [0, 1]
        take_over(store.folder, "next")
        assert waiting(store.folder, "next") == []
    assert store.runs()["run"].tolist() == [0, 1]
    assert len(parts(store.folder, "runs")) == 1


def test_a_straggler_of_an_earlier_session_can_do_no_harm(tmp_path: Path, plan, made_up):
    store = make_store(tmp_path / "store", plan())
    with store.session() as earlier:
        do_chunk(store, earlier, 0, 0)
    with store.session():
        with pytest.raises(StoreError, match="session that asked for these runs is over"):
            (store.folder / CHUNKS / earlier).mkdir()
            (store.folder / CHUNKS / earlier).rmdir()
            do_write_late(store, earlier)
        assert store.runs()["run"].tolist() == [0]


def do_write_late(store: Store, session: str) -> None:
    from experiments.execution import one_run, write
    from experiments.store_layout import read_points

    point = read_points(store.folder, [1])[1]
    job = Job(str(store.folder), session, store.plan.digest, code_version(), "late", (1,))
    write(store.folder, job, store.plan, [one_run(store.plan, point, 1)])


def test_a_second_writer_is_told_who_is_at_work(tmp_path: Path, plan):
    store = make_store(tmp_path / "store", plan())
    with locked(store.folder), pytest.raises(StoreError, match="in use by process"), store.session():
        pass
    with store.session():
        pass


def test_the_lock_of_another_process_names_it_and_falls_when_it_is_killed(tmp_path: Path, plan):
    store = make_store(tmp_path / "store", plan())
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom experiments.store_files import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, store.folder]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        assert store.status().active
        with (
            pytest.raises(StoreError, match=rf"store: in use by process {other.pid} on \S+$"),
            store.session(),
        ):
            pass
        other.kill()
    assert not store.status().active
    with store.session():
        assert store.status().active


def test_whoever_may_only_read_a_store_sees_whether_it_is_in_use(tmp_path: Path, plan):
    folder = make_store(tmp_path / "store", plan()).folder
    (folder / ".lock").chmod(0o400)
    assert not open_store(folder).status().active
    (folder / ".lock").chmod(0o600)
    with locked(folder):
        (folder / ".lock").chmod(0o400)
        assert open_store(folder).status().active


def test_another_study_is_refused_with_what_changed(done, plan):
    folder = done(**FULL).folder
    assert resume_store(folder, plan(**FULL)).folder == folder
    with pytest.raises(StoreError, match=r"another study \(changed: replications\); choose another --out"):
        resume_store(folder, plan(**FULL | {"replications": 7}))
    with pytest.raises(StoreError, match=r"another scenario \(horizon.months was 2, and is 3 now\)"):
        resume_store(folder, plan(**FULL, set={"horizon.months": 3}))
    changed = {"gap": {"series": "gap_gw", "reduce": "first"}}
    with pytest.raises(StoreError, match="changed: outcomes"):
        resume_store(folder, plan(**FULL, outcomes=changed))


def test_another_version_of_the_model_is_refused(done, plan, monkeypatch: pytest.MonkeyPatch):
    folder = done(**FULL).folder
    monkeypatch.setitem(provenance._code, "version", "another")
    with pytest.raises(StoreError, match="another version of the model"):
        resume_store(folder, plan(**FULL))


def test_what_to_analyse_may_change(done, plan):
    folder = done(**FULL).folder
    store = resume_store(folder, plan(**FULL, analysis={"confidence": 0.9}))
    assert open_store(store.folder).plan.study.analysis.confidence == 0.9


def test_folders_that_hold_anything_else_are_left_alone(tmp_path: Path, plan, done):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other things than a study"):
        make_store(tmp_path / "mine", plan())
    with pytest.raises(StoreError, match="it is a file, and a folder is needed"):
        make_store(tmp_path / "mine" / "thesis.txt", plan())
    with pytest.raises(StoreError, match="holds a study already; go on with --resume"):
        make_store(done().folder, plan())
    with pytest.raises(StoreError, match=r"holds no study \(manifest.json is missing\)"):
        open_store(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_damage_is_said_in_one_line(done):
    store = done()
    (store.folder / "runs" / "part-000000.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="part-000000.parquet: damaged"):
        store.runs()
    (store.folder / "manifest.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(StoreError, match="not the manifest of a study"):
        stores.open_store(store.folder)


def test_the_manifest_says_how_the_numbers_came_about(done):
    store = done(**FULL)
    manifest = store.manifest
    assert manifest["parameters"] == store.plan.scenario.values()
    assert manifest["parameter_hash"] == store.plan.scenario.parameter_hash()
    assert (manifest["first_seed"], manifest["replications"]) == (store.plan.study.first_seed, 6)
    assert manifest["common_random_numbers"] is True
    for key, value in provenance.provenance().items():
        assert manifest[key] == value
    (session,) = open_store(store.folder).manifest["sessions"]
    assert manifest["made"] <= session["started"]
    assert session["wall_seconds"] > 0
