"""What a tick of the reference case costs: against the one-by-one twin, with size, in memory, for the audit.

Milliseconds are told, not tested: they are the machine's as much as the model's. What is tested are ratios
taken in one process, and memory.
"""

import subprocess
import sys
import time

import pytest
from one_by_one import one_by_one

import model.tick
from model.audit import audit
from model.industry import Industry
from model.scenario import Scenario

TARGET_MILLISECONDS = 2.0
"""What a tick of the reference run is meant to cost on a current desktop machine."""
MONTHS = Scenario().horizon.months


def seconds_of(industry: Industry, months: int) -> float:
    started = time.perf_counter()
    industry.run_for(months)
    return time.perf_counter() - started


def test_a_tick_of_the_reference_run(benchmark):
    """All phases, the audit, and full recording; 86 months a round."""
    benchmark.pedantic(
        lambda industry: industry.run_for(MONTHS),
        setup=lambda: ((Industry(rng=75),), {}),
        rounds=5,
        warmup_rounds=1,
    )
    least = 1e3 * benchmark.stats.stats.min / MONTHS
    benchmark.extra_info |= {"milliseconds_a_tick": round(least, 2), "target": TARGET_MILLISECONDS}
    print(f"\n{least:.2f} ms a tick (meant: {TARGET_MILLISECONDS:g})")
    state = Industry(rng=75).state
    assert len(state.firms) >= 150
    assert len(state.sites) == pytest.approx(300, rel=0.05)


def test_columns_are_twenty_times_as_fast_as_one_by_one(benchmark):
    """The same months of the same run, before anything differs, in turns in one process."""
    months, columns, singles = 6, [], []
    Industry(rng=75).run_for(months)
    for _ in range(3):
        columns.append(seconds_of(Industry(rng=75), months))
        twin = Industry(rng=75)
        with one_by_one():
            singles.append(seconds_of(twin, months))
    benchmark.pedantic(lambda: Industry(rng=75).run_for(months), rounds=1)
    ratio = min(singles) / min(columns)
    benchmark.extra_info |= {"times_as_fast": round(ratio, 1)}
    print(f"\n{ratio:.1f} times as fast as one by one")
    assert ratio >= 20.0


def test_a_site_costs_no_more_among_many(benchmark):
    """From about 300 sites to 30,000.

    Draws of takeover targets belong to pairs of firms, so that no firm changes what another one draws, and
    still grow with the square of their number, but do not yet tell among the largest.
    """
    sites, cost = [], []
    for firms in (140, 2_000, 20_000):
        scenario = Scenario().with_values(**{"population.private_firms": firms})
        months = 24 if firms == 140 else 4
        industry = Industry(scenario, rng=75)
        seconds = seconds_of(industry, months)
        sites.append(len(industry.state.sites))
        cost.append(seconds / months / sites[-1])
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info |= {"sites": sites, "microseconds_a_site": [round(1e6 * each, 2) for each in cost]}
    print("\n" + ", ".join(f"{n:,} sites: {1e6 * each:.2f} us" for n, each in zip(sites, cost, strict=True)))
    assert sites[0] < 400
    assert sites[-1] > 28_000
    assert max(cost[1:]) <= cost[0]


def test_the_audit_costs_less_than_a_tenth_of_a_tick(benchmark, monkeypatch):
    """Timed inside the tick itself, over a whole run."""
    spent = [0.0]

    def timed(state):
        started = time.perf_counter()
        audit(state)
        spent[0] += time.perf_counter() - started

    phases = [
        phase._replace(steps=tuple(timed if step is audit else step for step in phase.steps))
        for phase in model.tick.TICK
    ]
    industry = Industry(rng=75)
    monkeypatch.setattr(model.tick, "TICK", tuple(phases))
    monkeypatch.setattr(model.tick, "audit", timed)
    whole = benchmark.pedantic(seconds_of, (industry, MONTHS), rounds=1)
    benchmark.extra_info |= {"share": round(spent[0] / whole, 4)}
    print(f"\nthe audit takes {spent[0] / whole:.1%} of a tick")
    assert 0.0 < spent[0] < 0.1 * whole


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory as Linux tells it")
def test_the_reference_run_needs_less_than_400_megabytes(benchmark):
    """Of a process that does nothing else: Python, libraries, the run and its tables."""
    code = (
        "import gridrush, pathlib; run = gridrush.run('reference', seed=75); assert len(run.firms)\n"
        "print(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    command, options = [sys.executable, "-c", code], {"check": True, "capture_output": True, "text": True}
    answer = benchmark.pedantic(subprocess.run, (command,), options, rounds=1)
    peak = int(answer.stdout) / 1024.0
    benchmark.extra_info |= {"peak_megabytes": round(peak)}
    print(f"\n{peak:.0f} MB at the peak")
    assert peak < 400.0
