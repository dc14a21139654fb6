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
LOOPBACK = ("127.0.0.1", "::1")
ICON = Path(__file__).parent / "icon.svg"
ICON_PATH = "/static/assets/favicon.svg"


def install() -> None:
    """Let Solara's server answer for these files too; once, however often it is called."""
    from solara.server import settings
    from solara.server.starlette import app

    settings.telemetry.mixpanel_enable = False
    routes = app.router.routes
    if not any(getattr(route, "path", "") == PLOTLY_PATH for route in routes):
        ours = {"/": _page, PLOTLY_PATH: _plotly, ICON_PATH: _icon}
        routes[:0] = [Route(path, endpoint=answer) for path, answer in ours.items()]


@cache
def plotly_module() -> bytes:
    """Return Plotly as a module: the page's module loader would take the plain script for one of its own."""
    source = PLOTLY.read_bytes()
    return b"const module = {exports: {}};\n" + source + b"\nexport default module.exports;\n"


async def _page(request: Request) -> Response:
    """Return Solara's page, and have the browser fetch Plotly beside it rather than after it."""
    from solara.server.starlette import root

    answer = await root(request)
    answer.headers["Link"] = f"<{PLOTLY_PATH}>; rel=modulepreload"
    return answer


def _plotly(request: Request) -> Response:
    headers = {"Cache-Control": "public, max-age=3600"}
    if request.client and request.client.host in LOOPBACK:
        # Packing five megabytes takes longer than sending them within the machine.
        headers["Content-Encoding"] = "identity"
    return Response(plotly_module(), media_type="text/javascript", headers=headers)


def _icon(request: Request) -> Response:
    return FileResponse(ICON, media_type="image/svg+xml")
