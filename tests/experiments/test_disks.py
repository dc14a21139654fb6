"""Disks that are full, or may not be written: a real file system in a namespace of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

NAMESPACE = ("unshare", "--map-root-user", "--mount")
DISK = """
import gc, subprocess, sys
from pathlib import Path

from experiments.executors import Crew, SerialExecutor
from experiments.plans import make_plan
from experiments.runner import run_store
from experiments.store import make_store, open_store
from experiments.store_files import StoreError
from experiments.study_files import parse_study

disk = Path(sys.argv[1])


def mounted(options):
    gc.collect()  # a file that could not be written whole stays open until then
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", disk], check=True)


def work(folder):
    try:
        run_store(open_store(folder), Crew(SerialExecutor(), 1, 1, "here"))
    except StoreError as error:
        print("error", error)
    store = open_store(folder)
    print("runs", *store.runs()["run"], "series", *store.table("series")["run"].unique())


study = {
    "name": "small",
    "set": {"horizon.months": 2},
    "outcomes": {"gap": {"series": "gap_gw"}},
    "arms": {"reference": {}, "bear": {"scenario": "btc_bear"}},
    "replications": 5,
    "keep": "everything",
    "design": {"kind": "paired"},
}
mounted("size=1m")
store = make_store(disk / "store", make_plan(parse_study(study)))
(disk / "ballast").write_bytes(bytes(int(sys.argv[2])))
work(store.folder)
mounted("remount,ro")
work(store.folder)
mounted("remount,rw,size=64m")
work(store.folder)
print("left", *disk.rglob("*.aside"))
"""


@pytest.mark.skipif(
    subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0,
    reason="this machine gives no namespaces for mounts",
)
def test_a_full_disk_and_a_read_only_one_cost_nothing_that_was_finished(tmp_path: Path):
    ballast = 500_000
    command = [*NAMESPACE, sys.executable, "-c", DISK, tmp_path, str(ballast)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    full, after_full, read_only, after_read_only, whole, left = answer.stdout.splitlines()
    assert full.endswith(
        "store: no room to write (No space left on device); what was finished is safe: "
        "make room and go on with --resume"
    )
    runs, series = after_full.removeprefix("runs").split("series")
    assert runs.split() == series.split()
    assert 0 < len(runs.split()) < 10
    assert read_only.endswith("store: Read-only file system")
    assert after_read_only == after_full
    numbers = " ".join(map(str, range(10)))
    assert whole == f"runs {numbers} series {numbers}"
    assert left == "left"
