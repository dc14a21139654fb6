"""What the page needs besides Solara's own assets, served from this machine: Plotly as one module."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PLOTLY_PATH = "/gridrush/plotly.mjs"
ICON = Path(__file__).parent / "icon.svg"
ICON_PATH = "/gridrush/icon.svg"


def install() -> None:
    """Let Solara's server answer for these files too; once, however often it is called."""
    from solara.server import settings
    from solara.server.starlette import app

    settings.telemetry.mixpanel_enable = False
    routes = app.router.routes
    if not any(getattr(route, "path", "") == PLOTLY_PATH for route in routes):
        routes.insert(0, Route(PLOTLY_PATH, endpoint=_plotly))
        routes.insert(0, Route(ICON_PATH, endpoint=_icon))


@cache
def plotly_module() -> bytes:
    """Return Plotly as a module: the page's module loader would take the plain script for one of its own."""
    source = PLOTLY.read_bytes()
    return b"const module = {exports: {}};\n" + source + b"\nexport default module.exports;\n"


def _plotly(request: Request) -> Response:
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(plotly_module(), media_type="text/javascript", headers=headers)


def _icon(request: Request) -> Response:
    return FileResponse(ICON, media_type="image/svg+xml")
