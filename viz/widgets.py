"""The two widgets of the view: a chart drawn by Plotly in the browser, and what only a browser can do."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Chart(anywidget.AnyWidget):
    """A figure as plain data and layout, drawn anew in place when it changes.

    Plotly itself comes once for the whole page from the server (see `viz.assets`); a FigureWidget would carry
    its five megabytes through the session for every chart.
    """

    _esm = HERE / "chart.js"
    name = traitlets.Unicode("chart").tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    drawn = traitlets.Int(-1).tag(sync=True)
    """Version of the figure that is on the screen."""
    clicked = traitlets.Dict().tag(sync=True)
    """Number of the click, and the label of the point it hit."""


class Page(anywidget.AnyWidget):
    """Keys, the address bar and the clipboard."""

    _esm = HERE / "page.js"
    link = traitlets.Unicode("").tag(sync=True)
    copies = traitlets.Int(0).tag(sync=True)
    pressed = traitlets.Dict().tag(sync=True)
