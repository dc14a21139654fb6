"""Serves the view: `python -m viz [FOLDER] [--port N] [--scenario NAME]`."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from model.compiling import compile_model
from model.errors import GridrushError
from model.scenario_files import load_scenario
from viz.folders import holding

HOST, PORT = "127.0.0.1", 8765
ENVIRONMENT = {
    "SOLARA_APP": "viz.app",
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_THEME_TITLE": "Gridrush",
    "SOLARA_THEME_SHOW_BANNER": "false",
    # A browser that has left keeps its model for a while, in case it only lost the connection.
    "SOLARA_KERNEL_CULL_TIMEOUT": "10m",
}


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted."""
    wanted = _parser().parse_args(arguments)
    try:
        _check(wanted)
    except GridrushError as error:
        print(f"gridrush: {error}", file=sys.stderr)
        return 1
    compile_model()
    os.environ.update(ENVIRONMENT)
    os.environ["GRIDRUSH_FOLDER"] = str(Path(wanted.folder).resolve()) if wanted.folder else ""
    os.environ["GRIDRUSH_SCENARIO"] = wanted.scenario
    with suppress(KeyboardInterrupt):
        _serve(wanted.host, wanted.port)
    return 0


def _serve(host: str, port: int) -> None:
    import uvicorn

    # On a machine's own address the cookie's fallback is what is wanted.
    warnings.filterwarnings("ignore", message="Cookies with samesite=none")
    from solara.server.starlette import app

    class Server(uvicorn.Server):
        """Says where it is once it can be reached."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"Gridrush is at http://{host}:{port} (Ctrl+C stops it)", flush=True)

    Server(uvicorn.Config(app, host=host, port=port, log_level="error")).run()


def _check(wanted: argparse.Namespace) -> None:
    """Say what cannot be shown before anything is served."""
    if wanted.folder and not Path(wanted.folder).is_dir():
        raise GridrushError(f"{wanted.folder}: there is no such folder")
    if wanted.folder and not holding(wanted.folder):
        raise GridrushError(f"{wanted.folder}: holds neither a run nor a study")
    load_scenario(wanted.scenario)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((wanted.host, wanted.port))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            raise GridrushError(f"port {wanted.port} {reason}; choose another with --port") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m viz", description=__doc__)
    parser.add_argument("folder", nargs="?", default="", help="a stored run or study to open")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--scenario", default="reference", help="scenario of the live view")
    return parser


if __name__ == "__main__":
    sys.exit(main())
