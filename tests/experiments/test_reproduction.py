"""Every figure and table of the documentation can be made again, and a change of one is found."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import matplotlib.image as mpl_image
import numpy as np
import pandas as pd
import pytest

from experiments import cli_reproduce
from experiments.claims.rules import rules
from experiments.reproduction import checking
from experiments.reproduction.exhibits import EXHIBITS, RESULTS, Exhibit, Made
from model.provenance import RESULTS_VERSION

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md")]
SCREENSHOTS = {"view.png"}
"""Pictures of the live view, which a browser draws."""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Exhibit]:
    """Return an exhibit with one number, stored in a checkout of its own."""
    checkout = tmp_path / "checkout"
    (checkout / "docs" / "images").mkdir(parents=True)
    (checkout / "pyproject.toml").touch()
    monkeypatch.setattr(checking, "ROOT", checkout)
    monkeypatch.setattr(checking, "IMAGES", checkout / "docs" / "images")
    monkeypatch.setattr(checking, "STORED", checkout / "stored")

    def offer(value: float, shade: float = 0.0) -> Exhibit:
        def draw(path: Path) -> None:
            mpl_image.imsave(path, np.full((4, 4, 3), shade))

        table = pd.DataFrame({"month": ["2025-11", "2025-12"], "gap_gw": [1.0, value]})
        exhibit = Exhibit("gap", "the gap", ("README.md",), lambda *_: Made({"gap": table}, {"gap": draw}))
        monkeypatch.setattr(cli_reproduce, "EXHIBITS", (exhibit,))
        return exhibit

    return offer


def test_the_quick_ones_are_as_stored(gridrush):
    status, out, err = gridrush("reproduce", "--quick", "--out", "again")
    assert status == 0, out
    assert "results (in README.md, README.zh.md, docs/index.md): as stored" in out
    assert "[1/2] results: table of results" in err
    assert sorted(str(path) for path in Path("again").rglob("*.*") if path.suffix) == [
        "again/results/results.csv",
        "again/summary/summary.csv",
        "again/summary/summary.png",
    ]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_are_as_stored(gridrush):
    status, out, _ = gridrush("reproduce")
    assert status == 0, out
    assert out.count("as stored") == len(EXHIBITS)


def test_every_picture_and_page_belongs_to_an_exhibit():
    drawn = {path.stem for path in checking.STORED.glob("*/*.csv")} | {claim.key for claim in rules().claims}
    shown = {
        Path(picture)
        for page in PAGES
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert len(shown) > 2
    unknown = {path for path in shown if path.name not in SCREENSHOTS and path.stem not in drawn}
    assert not unknown, "no exhibit draws them"
    for exhibit in EXHIBITS:
        assert all((ROOT / page).is_file() for page in exhibit.pages)


def test_the_stored_claims_are_those_that_the_documentation_shows():
    shown = checking.read(ROOT / "docs" / "claims" / "claims_table.csv")
    stored = checking.read(checking.STORED / "claims" / "claims.csv")
    pd.testing.assert_frame_equal(stored, shown, check_exact=True)


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_something_is_stored_for_each_and_not_altered(exhibit):
    noted = checking.about()[exhibit.name]
    assert noted["results_version"] == RESULTS_VERSION
    assert noted["sha256"].keys() == {path.name for path in (checking.STORED / exhibit.name).glob("*.csv")}
    for name in noted["sha256"]:
        assert checking.stored_hash(exhibit, name) == noted["sha256"][name]


def test_limitations_quotes_the_stored_ablations():
    """Numbers in running text go stale unnoticed; these are the ones that answer the article."""
    page = (ROOT / "docs" / "limitations.md").read_text(encoding="utf-8")
    table = checking.read(checking.STORED / "validation" / "ablations.csv").set_index(["arm", "outcome"])
    gap = table.xs("gap_2028_gw", level="outcome")
    assert f"the reference case is short by {gap['mean']['reference']:.0f} GW" in page
    assert f"(adds {gap['difference']['no outside supply']:.0f} GW to the gap)" in page
    imitation = table.loc["imitation (J = 0.7)"]
    moved = imitation["difference_low"] * imitation["difference_high"] > 0
    assert f"it adds {imitation['difference']['gap_2028_gw']:.1f} GW to the gap" in page
    assert f"miners deliver {-imitation['difference']['miners_2028_gw']:.1f} GW less" in page
    assert f"takes {-imitation['difference']['hashprice_mean']:.2f} USD off hashprice" in page
    assert not moved[["rent_2028_usd_kw_month", "exits", "hhi_hash_end", "ai_mw_end"]].any()
    fell = [f"{-imitation['difference'][name]:.3f}" for name in ("hhi_ai_end", "hhi_value_end")]
    assert f"the HHI of AI megawatts and of value fall by {fell[0]} and {fell[1]}" in page


def test_the_table_of_results_has_the_columns_that_the_pages_show():
    script = (ROOT / "scripts" / "readme_results.py").read_text(encoding="utf-8")
    rows = script.partition("\nROWS = ")[2].partition("\n)\n")[0]
    assert tuple(re.findall(r'\(\s*"(\w+)", *\s*\d+,', rows)) == RESULTS


def test_a_number_that_moved_is_named(elsewhere, gridrush):
    elsewhere(2.0)
    assert gridrush("reproduce", "--update")[0] == 0
    assert gridrush("reproduce")[0] == 0
    elsewhere(2.0 + 1e-9)
    status, out, _ = gridrush("reproduce")
    assert status == 0
    assert "as stored, within a relative 1e-06" in out
    elsewhere(2.1)
    status, out, _ = gridrush("reproduce")
    assert status == 1
    assert "gap (in README.md): DIFFERS" in out
    assert "gap.gap_gw: 1 of 2 values differs, first in 2025-12; most in 2025-12: 2.1 instead of 2" in out
    assert gridrush("reproduce", "--update")[0] == 0
    assert gridrush("reproduce")[0] == 0


def test_a_picture_that_looks_otherwise_is_found(elsewhere, gridrush):
    elsewhere(2.0)
    gridrush("reproduce", "--update")
    elsewhere(2.0, shade=0.5)
    status, out, _ = gridrush("reproduce")
    assert status == 1
    assert "gap.png: 100.0% of the dots differ" in out


def test_stored_values_that_somebody_edited_are_found(elsewhere, gridrush):
    elsewhere(2.0)
    gridrush("reproduce", "--update")
    path = checking.STORED / "gap" / "gap.csv"
    path.write_text(path.read_text().replace("2.0", "2.5"))
    status, out, _ = gridrush("reproduce")
    assert status == 1
    assert "altered since it was stored" in out


def test_values_of_another_results_version_are_not_compared(elsewhere, gridrush, monkeypatch):
    elsewhere(2.0)
    gridrush("reproduce", "--update")
    monkeypatch.setattr(checking, "RESULTS_VERSION", RESULTS_VERSION + 1)
    status, out, _ = gridrush("reproduce")
    assert status == 1
    assert f"stored for results version {RESULTS_VERSION}, and this Gridrush gives" in out


def test_what_is_installed_is_not_changed(elsewhere, gridrush):
    elsewhere(2.0)
    (checking.ROOT / "pyproject.toml").unlink()
    status, _, err = gridrush("reproduce", "--update")
    assert status == 1
    assert "changes the stored values of a checkout, and this is none" in err
    assert not checking.STORED.exists()


def test_folders_of_others_are_left_alone_and_names_are_checked(gridrush):
    Path("mine").mkdir()
    Path("mine/letter.txt").touch()
    for arguments, message in (
        (["--quick", "--out", "mine"], "it holds other things"),
        (["sumary"], "no figure or table is called 'sumary'; did you mean 'summary'?"),
    ):
        status, _, err = gridrush("reproduce", *arguments)
        assert status == 1
        assert message in err
    shutil.rmtree("mine")
    assert not list(Path().iterdir())
