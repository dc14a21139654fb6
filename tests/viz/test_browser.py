"""The view in a real browser: what is drawn, what is asked of the network, whether the numbers are right."""

import re
import shutil

import numpy as np
import pytest
from browsing import LARGE, SHOTS, SMALL, click_point, date, dots_of, drawn, pixels, shown

from model import palette
from model.industry import Industry
from viz.tabs import TABS

pytestmark = pytest.mark.browser


def test_a_run_is_played_by_hand_and_by_key_and_its_numbers_are_those_of_the_model(visit):
    page = visit()
    drawn(page, 2)
    date(page, "Nov 2025")
    page.keyboard.press("ArrowRight")
    date(page, "Dec 2025")
    page.click(".gridrush-step")
    date(page, "Jan 2026")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.gridrush-date').textContent > 'Jan 2026'")
    page.wait_for_selector(".gridrush-pause")
    page.keyboard.press(" ")
    page.wait_for_selector(".gridrush-play")
    page.click(".gridrush-end")
    date(page, "Dec 2032")
    gap = shown(page, "power-gap", "gap", 86)
    industry = Industry("reference", rng=0)
    industry.run_for(86)
    np.testing.assert_allclose(gap, industry.series["gap_gw"].to_numpy())
    demand = shown(page, "power-pool", "demand due", 86)
    np.testing.assert_allclose(demand, industry.series["demand_gw"].to_numpy())
    picture = pixels(drawn(page, 2))["power-pool"]
    assert all(dots_of(picture, colour) > 1000 for colour in palette.SOURCES.values())
    page.keyboard.press("r")
    date(page, "Nov 2025")
    assert page.input_value(".gridrush-seed input") == "0"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_tab_is_drawn_in_every_size(visit, theme):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page = visit(f"?month=2030-03&theme={theme}")
    for tab in TABS:
        page.click(f".gridrush-tab-{tab.key}")
        page.wait_for_selector(f".gridrush-charts-{tab.key}")
        drawn(page, len(tab.charts))
        for size in (LARGE, SMALL):
            page.set_viewport_size(size)
            drawn(page, len(tab.charts)).screenshot(path=SHOTS / f"{tab.key}-{size['width']}-{theme}.png")
        pictures = pixels(page)
        assert set(pictures) == {chart.name for chart in tab.charts}
        for name, picture in pictures.items():
            background = picture[4, 4]
            assert (background.mean() < 100) == (theme == "dark")
            inked = (np.abs(picture - background).max(axis=2) > 40).mean()
            assert inked > 0.01, f"{name} is empty"


def test_a_click_on_a_firm_tells_why_it_did_what_it_did(visit):
    page = visit("?tab=map&month=2029-06")
    drawn(page)
    click_point(page, "relations", "IREN")
    page.wait_for_selector(".gridrush-card-name:has-text('IREN')")
    assert "reviews of blocks" in page.text_content(".gridrush-explain")
    assert "$/kW-month" in page.text_content(".gridrush-table")
    page.click(".gridrush-page-books")
    page.wait_for_selector(".gridrush-table:has-text('all assets')")
    page.click(".gridrush-page-value")
    page.wait_for_selector('[data-chart="firm-value"][data-version]')
    page.screenshot(path=SHOTS / "firm.png")


def test_a_change_is_pending_until_reset_and_the_link_brings_it_back(visit):
    page = visit("?seed=4&set=ai.demand_gw%3D90.0")
    drawn(page, 2)
    page.keyboard.press("ArrowRight")
    date(page, "Dec 2025")
    page.locator("[role=slider][aria-label='ai.demand_gw']").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".gridrush-pending")
    assert "ai.demand_gw%3D90.0" in page.url
    page.click(".gridrush-apply")
    date(page, "Nov 2025")
    page.wait_for_selector(".gridrush-pending", state="detached")
    page.wait_for_function("() => location.search.includes('ai.demand_gw%3D95.0')")
    assert "seed=4" in page.url


def test_two_browsers_do_not_see_each_others_run(visit):
    one, other = visit("?tab=bitcoin"), visit("?tab=bitcoin")
    drawn(one, 4)
    drawn(other, 4)
    one.keyboard.press("ArrowRight")
    date(one, "Dec 2025")
    one.keyboard.press("ArrowRight")
    date(one, "Jan 2026")
    date(other, "Nov 2025")
    other.keyboard.press("ArrowRight")
    date(other, "Dec 2025")
    date(one, "Jan 2026")
    assert [page.inner_text(".gridrush-date") for page in (one, other)] == ["Jan 2026", "Dec 2025"]


def test_two_scenarios_are_compared(visit):
    page = visit("?view=compare&other=no_ai")
    drawn(page, 3)
    date(page, "Dec 2032")
    less = shown(page, "difference-power-pool", "demand due", 86)
    industry = Industry("reference", rng=0)
    industry.run_for(86)
    np.testing.assert_allclose(less, -industry.series["demand_gw"].to_numpy())
    page.screenshot(path=SHOTS / "compare.png")


def test_a_click_in_a_comparison_opens_the_card_of_the_run_that_was_clicked(visit):
    page = visit("?view=compare&other=no_ai&tab=map&month=2029-06")
    drawn(page, 2)
    for letter, scenario in (("A", "reference"), ("B", "no_ai")):
        click_point(page, f"{letter}-relations", "IREN")
        page.wait_for_selector(".gridrush-card-name:has-text('IREN')")
        card = page.wait_for_selector(f".gridrush-card-facts:has-text('{letter}, {scenario}, Jun 2029')")
        assert card.is_visible()
        page.screenshot(path=SHOTS / f"compare-card-{letter}.png")
        page.keyboard.press("Escape")
        page.wait_for_selector(".gridrush-card-name", state="hidden")


def test_a_stored_run_is_replayed(visit, stored_run):
    folder, result = stored_run
    page = visit(f"?folder={folder}&tab=bitcoin")
    drawn(page, 4)
    date(page, "Nov 2025")
    page.locator(".gridrush-list button").nth(12).click()
    page.wait_for_function("() => document.querySelector('.gridrush-date').textContent !== 'Nov 2025'")
    page.click(".gridrush-end")
    date(page, f"{result.series.index[-1]:%b %Y}")
    price = shown(page, "btc-price", "price", len(result.series))
    np.testing.assert_allclose(price, result.series["btc_price_usd"] / 1e3)
    page.screenshot(path=SHOTS / "replay.png")


def test_a_study_is_opened_and_one_of_its_runs_replayed(visit, study_folder):
    page = visit(f"?folder={study_folder}")
    drawn(page, 2)
    assert dots_of(pixels(page)["scatter"], palette.BLUE) > 30
    page.screenshot(path=SHOTS / "ensemble.png")
    click_point(page, "scatter", "0")
    page.wait_for_selector(".gridrush-replay:not([disabled])")
    page.click(".gridrush-replay")
    page.wait_for_selector(".gridrush-view-replay.gridrush-here")
    date(page, "Nov 2025")
    # Dots can lie on one another: whichever was hit, the link names it.
    page.wait_for_function("() => /^\\d+$/.test(new URLSearchParams(location.search).get('run'))")


def test_a_chart_is_exported_as_picture_and_as_data(visit, tmp_path):
    page = visit("?month=2026-06")
    drawn(page, 2)
    page.hover('[data-chart="power-gap"]')
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg"), ("csv", b"series,label,x,y")):
        with page.expect_download() as download:
            page.click(f"[aria-label='power-gap as {kind}']")
        path = tmp_path / f"chart.{kind}"
        download.value.save_as(path)
        assert path.read_bytes().startswith(start)
    lines = [line.split(",") for line in (tmp_path / "chart.csv").read_text().splitlines()]
    gap = [float(line[3]) for line in lines if line[0] == "gap"]
    assert len(gap) == 8


def test_a_live_run_is_saved_as_a_folder(visit, tmp_path):
    page = visit("?month=2026-02")
    drawn(page, 2)
    field = page.locator("label:has-text('Folder for this run') + input")
    field.fill(str(tmp_path / "saved"))
    field.press("Enter")
    page.click(".gridrush-save")
    page.wait_for_selector(".gridrush-facts:has-text('4 months saved')")
    assert (tmp_path / "saved" / "series.parquet").is_file()
    shutil.rmtree(tmp_path / "saved")


def test_what_goes_wrong_is_said_on_the_page(visit):
    page = visit("?scenario=nonsense")
    page.wait_for_selector(".gridrush-error:has-text('nonsense')")
    drawn(page, 2)
    other = visit("?view=replay&folder=/nowhere")
    other.wait_for_selector(".gridrush-error:has-text('/nowhere')")
    assert re.search("Open a stored run", other.text_content(".gridrush-main"))
