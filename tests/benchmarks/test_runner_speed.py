"""What the runner costs beside the runs themselves, how it scales, and whether its memory stays flat."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.executors import Crew, SerialExecutor, cores, pool_crew
from experiments.plans import make_plan
from experiments.runner import run_store
from experiments.store import make_store
from experiments.study_files import parse_study
from model.run import run

SCRIPT = Path(sys.executable).with_name("gridrush")
MONTHS = int(os.environ.get("GRIDRUSH_BENCH_MONTHS", "12"))
"""A year by default: short runs are the hard case, since the runner's cost is one a run."""
ROUNDS = 3


def plan_of(runs: int, months: int = MONTHS):
    tree = {
        "name": "bench",
        "set": {"horizon.months": months},
        "outcomes": {"gap": {"series": "gap_gw"}},
        "replications": runs // 2,
        "arms": {"reference": {}, "bear": {"scenario": "btc_bear"}},
        "design": {"kind": "paired"},
    }
    return make_plan(parse_study(tree))


def seconds_of(folder: Path, crew: Crew, runs: int, months: int = MONTHS) -> float:
    store = make_store(folder, plan_of(runs, months))
    started = time.perf_counter()
    run_store(store, crew)
    return time.perf_counter() - started


def alone() -> Crew:
    return Crew(SerialExecutor(), 1, 1, "here")


def in_turns(one: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Return the least seconds of either of two jobs, done in turns so that a machine's drift meets both."""
    pairs = [(one(), other()) for _ in range(ROUNDS)]
    return min(first for first, _ in pairs), min(second for _, second in pairs)


def test_overhead_is_below_a_tenth_of_the_runs(benchmark, tmp_path: Path):
    """A thousand runs through stores against the same thousand in a plain loop."""
    runs = int(os.environ.get("GRIDRUSH_BENCH_RUNS", "1000")) // ROUNDS
    plan = plan_of(runs)
    scenarios = [plan.scenario_of({"arm": arm}, {}) for arm in ("reference", "bear")]

    def bare() -> float:
        started = time.perf_counter()
        for scenario in scenarios:
            for seed in range(runs // 2):
                run(scenario, seed, keep="series")
        return time.perf_counter() - started

    def through_a_store() -> float:
        return seconds_of(tmp_path / secrets.token_hex(4), alone(), runs)

    run(scenarios[0], 0, keep="series")
    plain, stored = benchmark.pedantic(in_turns, (bare, through_a_store), rounds=1)
    benchmark.extra_info |= {"plain_seconds": plain, "overhead": stored / plain - 1}
    print(f"\nthe runner adds {stored / plain - 1:.1%}")
    assert stored < 1.1 * plain


@pytest.mark.skipif(cores() < 2, reason="needs two cores")
def test_two_workers_are_nearly_twice_as_fast_as_one(benchmark, tmp_path: Path):
    """At full length, and after the workers have loaded the model."""
    runs, months = 40, 86
    crews = {count: pool_crew(count) for count in (1, 2)}

    def with_workers(count: int, runs: int = runs) -> float:
        return seconds_of(tmp_path / secrets.token_hex(4), crews[count], runs, months)

    try:
        for count in crews:
            with_workers(count, runs=4)
        jobs = (lambda: with_workers(1), lambda: with_workers(2))
        one, two = benchmark.pedantic(in_turns, jobs, rounds=1)
    finally:
        for crew in crews.values():
            crew.leave()
    benchmark.extra_info |= {"one_worker": one, "speed_up": one / two}
    print(f"\ntwo workers are {one / two:.2f} times as fast as one")
    assert one / two >= 1.8


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_stays_flat_from_a_hundred_to_ten_thousand_runs(benchmark, tmp_path: Path):
    """In a process of its own, with runs that cost nothing but leave their full tables behind."""
    peaks = {runs: benchmark_peak(tmp_path, runs) for runs in (100, 10_000)}
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info |= {f"peak_mb_{runs}": peak for runs, peak in peaks.items()}
    assert peaks[10_000] < peaks[100] + 60


def benchmark_peak(folder: Path, runs: int) -> float:
    # Not ru_maxrss: a child starts with the peak of its parent.
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_runner_speed as bench
bench.hollow({runs}, Path({str(folder / str(runs))!r}))
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(answer.stdout.split()[-1])


def hollow(runs: int, folder: Path) -> None:
    """Run a study whose runs are all the same one, computed once."""
    from experiments import execution

    result = run(plan_of(2).scenario, 0, keep="series")
    record = SimpleNamespace(series=result.series, leases=result.leases, firms=result.firms)
    execution.simulate = lambda *_: (record, {})
    made = plan_of(runs)
    store = make_store(folder, make_plan(made.study.model_copy(update={"keep": "series"})))
    run_store(store, alone())
    assert store.runs(["status"])["status"].tolist() == ["SUCCEEDED"] * runs
    assert len(list((folder / "series").iterdir())) < 60


def test_smoke_from_nothing_to_report_within_a_minute(benchmark, tmp_path: Path):
    def smoke() -> None:
        for command in (("study", "smoke", "--out", "smoke"), ("analyse", "smoke")):
            subprocess.run([SCRIPT, *command], cwd=tmp_path, check=True, capture_output=True)

    benchmark.pedantic(smoke, rounds=1)
    assert (tmp_path / "smoke" / "analysis" / "report.html").is_file()
    assert benchmark.stats.stats.max < 60
