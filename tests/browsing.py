"""What tests do with the view in a browser: wait until it has drawn, look at its pixels, point at a mark."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

SHOTS = Path(__file__).resolve().parents[1] / "build" / "screenshots"
SMALL, LARGE = {"width": 1280, "height": 800}, {"width": 1920, "height": 1080}
PLOTS = "[...document.querySelectorAll('.gridrush-plot')]"


def drawn(page, count=1):
    """Wait until there are charts and all of them are drawn, at the size they have on the page."""
    page.wait_for_function(
        f"""() => {PLOTS}.length >= {count} && {PLOTS}.every(plot => {{
            const box = plot.getBoundingClientRect(), at = plot._fullLayout;
            return plot.dataset.version && !plot.dataset.drawing
                && Math.abs(at.width - box.width) < 1 && Math.abs(at.height - box.height) < 1;
        }})"""
    )
    return page


def date(page, wanted):
    """Wait until the month on show is the one that is wanted."""
    page.wait_for_function(f"() => document.querySelector('.gridrush-date')?.textContent === '{wanted}'")


def shown(page, chart, trace, length):
    """Return the values of a trace once it has so many."""
    find = f"""document.querySelector('[data-chart="{chart}"]')?.data?.find(t => t.name === '{trace}')"""
    page.wait_for_function(f"() => {find}?.y?.length === {length}")
    return np.array(page.evaluate(f"() => Array.from({find}.y)"), float)


def pixels(page):
    """Return what is on the screen where each chart is, by the name of the chart."""
    screen = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB")).astype(int)
    boxes = page.evaluate(
        f"() => {PLOTS}.map(plot => [plot.dataset.chart, plot.getBoundingClientRect().toJSON()])"
    )
    edges = {name: [round(box[side]) for side in ("top", "bottom", "left", "right")] for name, box in boxes}
    return {name: screen[top:bottom, left:right] for name, (top, bottom, left, right) in edges.items()}


def dots_of(picture, colour):
    """Return how many dots of a picture have a colour, or nearly."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((np.abs(picture - wanted).max(axis=2) <= 24).sum())


def click_point(page, chart, label):
    """Click the point of a chart that stands for something, as a hand does: go there, then click."""
    plot = f"""document.querySelector('[data-chart="{chart}"]')"""
    spot = page.evaluate(
        f"""() => {{
            const plot = {plot}, at = plot._fullLayout, box = plot.getBoundingClientRect();
            for (const trace of plot.data) {{
                const i = (trace.customdata ?? []).indexOf('{label}');
                if (i >= 0) return [box.left + at.xaxis._offset + at.xaxis.d2p(trace.x[i]),
                                    box.top + at.yaxis._offset + at.yaxis.d2p(trace.y[i])];
            }}
        }}"""
    )
    page.mouse.move(*spot)
    page.wait_for_function(f"() => {plot}._hoverdata?.some(point => point.customdata != null)")
    page.mouse.click(*spot)
