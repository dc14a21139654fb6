"""What the view costs: processor time, which other work on the machine does not change, and memory."""

import gc
import json
import os
import time
import weakref
from pathlib import Path

import pytest
import solara
from browsing import date, drawn, shown
from ipywidgets import Widget

from model.scenario_files import load_scenario
from viz.drawing import Looks
from viz.live import LiveView
from viz.player import LivePlayer
from viz.record import LiveRecord, Moment
from viz.story import story
from viz.tabs import TABS

STEP, FIRST_PAINT = 0.3, 3.0
"""Seconds that a step with all charts of a tab may take, and the first page."""
LATE = 70
"""Month from which steps are timed: the tables are long by then."""


@pytest.fixture(scope="module")
def late():
    """Return a live run shortly before its end."""
    record = LiveRecord(load_scenario("reference"), 0)
    while record.months < LATE:
        record.step()
    for tab in TABS:
        for chart in tab.charts:
            chart.build(Moment(record, LATE - 1), Looks())
    return record


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.key)
def test_a_step_with_story_and_charts_is_quick(tab, late):
    started = time.process_time()
    late.step()
    moment = Moment(late, late.months - 1)
    told = story(moment)
    figures = [json.dumps(chart.build(moment, Looks())) for chart in tab.charts]
    assert time.process_time() - started < STEP
    assert told
    assert all(figures)


def test_playing_again_and_again_leaves_nothing_behind_but_the_record():
    """No widget more on the page, no month but the last, and of the earlier runs at most the one before."""
    player = LivePlayer()
    player.settings.value = {"horizon.months": 9}
    player.reset()
    _, context = solara.render(LiveView(player, solara.reactive("uses"), dark=False), handle_error=False)
    counts, moments, records = [], [], []
    for _ in range(3):
        while player.step():
            moments.append(weakref.ref(player.moment))
        gc.collect()
        counts.append(sum(isinstance(each, Widget) for each in gc.get_objects()))
        records.append(weakref.ref(player.record))
        player.reset()
    gc.collect()
    assert counts[0] == counts[1] == counts[2]
    assert len(moments) == 3 * 8
    assert sum(moment() is not None for moment in moments) <= 1
    assert sum(record() is not None for record in records) <= 1
    context.close()


@pytest.mark.browser
def test_the_first_page_and_a_step_are_quick_in_the_browser_too(visit, server):
    before = processor_time(server.process)
    page = visit()
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable")

    def spent():
        return processor_time(server.process) - before + measured(meter)["ThreadTime"]

    drawn(page, 2)
    first = spent()
    assert 0 < first < FIRST_PAINT
    months = ("Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026")
    for month in months:
        page.keyboard.press("ArrowRight")
        date(page, month)
        drawn(page, 2)
    assert (spent() - first) / len(months) < STEP


@pytest.mark.browser
def test_playing_again_takes_no_more_memory_in_the_browser(visit):
    page = visit("?tab=shakeout")
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable")
    held = []
    for _ in range(2):
        drawn(page, 4)
        page.click(".gridrush-end")
        date(page, "Dec 2032")
        shown(page, "ends", "miners left", 86)
        drawn(page, 4)
        meter.send("HeapProfiler.collectGarbage")
        held.append(measured(meter))
        page.keyboard.press("r")
        date(page, "Nov 2025")
    assert held[1]["Nodes"] <= 1.02 * held[0]["Nodes"]
    assert held[1]["JSHeapUsedSize"] <= 1.05 * held[0]["JSHeapUsedSize"]


def processor_time(process):
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(meter):
    return {each["name"]: each["value"] for each in meter.send("Performance.getMetrics")["metrics"]}
