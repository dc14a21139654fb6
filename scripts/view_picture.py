"""Take the picture of the live view that both READMEs show, with Chromium, in the middle of the shown run."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from generated_parts import ROOT
from readme_results import shown_seed

PICTURE = ROOT / "docs" / "images" / "view.png"
SHOWN = "?tab=map&month=2029-06&seed={seed}"
SIZE = (1280, 800)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRAWN = """() => {
    const plots = [...document.querySelectorAll(".gridrush-plot")];
    return plots.length > 0 && plots.every(plot => plot.dataset.version && !plot.dataset.drawing);
}"""


def main() -> int:
    """Serve the view, look at it, and put the picture in place."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print("view_picture.py: no Chromium on this machine: install the package 'chromium'", file=sys.stderr)
        return 1
    aside = PICTURE.with_suffix(".partial.png")
    with served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(address + SHOWN.format(seed=shown_seed()))
        page.wait_for_function(DRAWN)
        page.screenshot(path=aside)
        chromium.close()
    aside.replace(PICTURE)
    print(f"took {PICTURE.relative_to(ROOT)}")
    return 0


@contextmanager
def served() -> Iterator[str]:
    """Serve the view at a free port, and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "viz", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None or "Gridrush is at" not in process.stdout.readline():
            raise SystemExit("view_picture.py: the view did not start; try `gridrush view`")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
