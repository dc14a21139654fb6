"""The documentation works as shown, is as fresh as the code, and asks for nothing from elsewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import gridrush
from model.run import Run
from model.scenario_files import load_scenario
from model.tick import TICK

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent
SHORT = {"run": ["--months", "24"], "study": ["--workers", "1"]}


def fenced(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    folder = tmp_path_factory.mktemp("site") / "site"
    command = [TOOLS / "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder]
    settings = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=settings)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip(), done.stderr
    return folder


class Page(HTMLParser):
    """What a page says, without its marks."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_data(self, data: str) -> None:
        self.text += data


class Requests(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "img", "iframe", "source"}:
            self.found.append(given.get("src") or "")
            self.images += tag == "img"
        if tag == "link":
            self.found.append(given.get("href") or "")


def test_every_page_asks_for_nothing_but_what_stands_beside_it(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {"index.html", "tutorial.html", "model.html", "odd.html"} <= {page.name for page in pages}
    for page in pages:
        reader = Requests()
        reader.feed(page.read_text(encoding="utf-8"))
        elsewhere = [address for address in reader.found if re.match(r"(https?:)?//", address)]
        assert not elsewhere, (page, elsewhere)
        if page.name != "404.html":
            for address in reader.found:
                local = address.partition("?")[0].partition("#")[0]
                assert not local or (page.parent / local).exists(), (page, address)
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"""(url\(|@import)\s*['"]?(https?:)?//""", text), sheet


def test_the_landing_page_has_pictures_and_the_reference_every_public_name(site: Path) -> None:
    landing = Requests()
    landing.feed((site / "index.html").read_text(encoding="utf-8"))
    assert landing.images >= 2
    text = (site / "reference" / "api.html").read_text(encoding="utf-8")
    for name in set(gridrush.__all__) - {"__version__"}:
        assert re.search(rf'id="[\w.]+\.{name}"', text), name


def test_formulas_are_drawn_and_lead_to_the_functions_that_compute_them(site: Path) -> None:
    text = (site / "model.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<svg class="formula" role="img" aria-label="([^"]+)"', text)
    assert any("86400" in formula for formula in drawn)
    assert len(set(drawn)) > 60
    assert "$<code>" not in text
    rows = re.findall(r"<tr>(?:(?!</tr>).)*?<svg class=\"formula\".*?</tr>", text, re.DOTALL)
    linked = [row for row in rows if 'href="reference/formulas.html#agents.economics.' in row]
    assert len(linked) > 40
    assert "def hashprice" in Page(site / "reference" / "formulas.html").text


def test_every_step_of_the_month_has_a_place_in_the_explanation() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    steps = [f"{step.__module__}.{step.__name__}" for phase in TICK for step in phase.steps]
    assert len(steps) > 20
    assert not [step for step in steps if f"`{step}`" not in text]


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("formulas", "agents.economics.tenants.highest_rent"),
        ("tick", "model.machine_market.deliver_machines"),
    ],
)
def test_names_of_code_in_the_odd_lead_to_the_code(site: Path, page: str, name: str) -> None:
    text = (site / "odd.html").read_text(encoding="utf-8")
    assert re.search(rf'href="reference/{page}\.html#{re.escape(name)}"[^>]*><code>{re.escape(name)}<', text)


@pytest.mark.browser
def test_a_reader_without_a_server_can_search(site: Path, browser) -> None:
    """Opened as a file, where browsers forbid most of what scripts do; nothing comes from anywhere else."""
    faults: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.on("request", lambda request: request.url.startswith("http") and faults.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.click(".md-search__input")
    page.keyboard.type("hashprice")
    page.wait_for_selector(".md-search-result__item")
    assert "matching documents" in page.inner_text(".md-search-result__meta")
    page.close()
    assert not faults


def test_reference_pages_are_those_of_the_code() -> None:
    command = [sys.executable, ROOT / "scripts" / "reference_pages.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do what the tutorial says, line by line; runs are cut to two years, Python is one session."""
    folder = tmp_path_factory.mktemp("workshop")
    tutorial = ROOT / "docs" / "tutorial.md"
    (folder / "patient.py").write_text(fenced(ROOT / "docs" / "strategies.md", "python")[0])
    (folder / "fast_grid.toml").write_text(fenced(tutorial, "toml")[0])
    session = ""
    for language, text in re.findall(
        r"^```(console|python)\n(.*?)^```", tutorial.read_text(), re.DOTALL | re.MULTILINE
    ):
        if language == "console":
            for line in text.splitlines():
                words = shlex.split(line, comments=True)
                assert words[0] == "gridrush"
                _done([TOOLS / "gridrush", *words[1:], *SHORT.get(words[1], [])], folder)
        else:
            text = text.replace("2028-12", "2027-06")
            text = text.replace('("reference")', '("reference", **{"horizon.months": 24})')
            session += text
            _done([sys.executable, "-c", session], folder)
    return folder


def _done(command: list, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, (command, done.stderr)
    assert done.stdout.strip() or done.stderr.strip(), command


def test_the_tutorial_leaves_the_runs_and_the_report_it_promises(workshop: Path) -> None:
    first, again = (Run.load(workshop / "runs" / name) for name in ("fast_grid", "fast_grid_again"))
    pd.testing.assert_frame_equal(first.series, again.series)
    assert not first.series.equals(Run.load(workshop / "runs" / "first").series)
    assert Run.load(workshop / "runs" / "patient").scenario.choice.strategy == "patient"
    assert (workshop / "runs" / "smoke" / "analysis" / "report.html").is_file()


def test_what_the_guide_says_of_other_languages_works_on_a_run(
    workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    guide = ROOT / "docs" / "howto" / "export.md"
    for text in fenced(guide, "python"):
        exec(compile(text.replace("runs/", f"{workshop}/runs/"), str(guide), "exec"), {"__name__": "guide"})
    (query,) = fenced(guide, "sql")
    found = duckdb.sql(query.replace("runs/", f"{workshop}/runs/", 1)).fetchall()
    assert {arm for arm, _ in found} == {"reference", "queue_reform"}
    (r,) = fenced(guide, "r")
    columns = set(pd.read_parquet(workshop / "runs" / "smoke" / "runs").columns)
    assert set(re.findall(r"runs\$(\w+)", r)) <= columns
    assert {"month", "gap_gw"} <= set(pd.read_stata(tmp_path / "series.dta").columns)
    assert not pd.read_csv(tmp_path / "leases.csv").empty


def test_scenarios_of_the_guides_are_scenarios(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "model" / "data", tmp_path / "my_data")
    for page in ("scenario", "data"):
        for at, text in enumerate(fenced(ROOT / "docs" / "howto" / f"{page}.md", "toml")):
            file = tmp_path / f"{page}{at}.toml"
            file.write_text(text)
            assert load_scenario(file).differences(load_scenario("reference"))
