"""Pages for reviewers point to evidence that is there: files, commands, sections."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from experiments.study_files import study_names
from model.parameter_table import parameters

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.stem in {"trace", "checklists"})
GRIDRUSH = Path(sys.executable).with_name("gridrush")


def name(path):
    return path.name


def quoted(path):
    return set(re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8")))


def anchors(path):
    """Return what headings of a page can be linked by."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@cache
def commands():
    shown = subprocess.run([GRIDRUSH, "--help"], capture_output=True, text=True, timeout=60, check=True)
    return set(re.findall(r"^│ ([a-z]+) ", shown.stdout, flags=re.MULTILINE))


def test_both_pages_are_there():
    assert [path.stem for path in PAGES] == ["checklists", "trace"]


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_files_pointed_to_exist(path):
    files = {
        word
        for word in quoted(path)
        if re.fullmatch(r"\.?[\w.-]+(?:/[\w.*-]+)+|[\w.-]+\.(?:md|cff|json|bib|toml|lock)", word)
    }
    files = {word for word in files if word.partition("/")[0] not in {"runs", "."}}
    assert files
    assert [word for word in sorted(files) if not list(ROOT.glob(word))] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_to_sections(path):
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        page = path.parent / file
        if not page.exists() or (anchor and anchor not in anchors(page)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_commands_pointed_to_exist(path):
    words = [word.split() for word in quoted(path)]
    told = {line[1] for line in words if line[0] == "gridrush" and len(line) > 1}
    assert told
    assert told <= commands()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {line[1] for line in words if line[0] == "make" and len(line) > 1} <= targets


def test_all_eight_elements_are_there():
    (trace,) = (path for path in PAGES if path.stem == "trace")
    found = re.findall(r"^## (\d) (.+)$", trace.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [heading for _, heading in found] == [
        "Problem formulation",
        "Model description",
        "Data evaluation",
        "Conceptual model evaluation",
        "Implementation verification",
        "Model output verification",
        "Model analysis",
        "Model output corroboration",
    ]


def test_studies_named_are_shipped():
    (trace,) = (path for path in PAGES if path.stem == "trace")
    analysis = trace.read_text(encoding="utf-8").partition("## 7 ")[2].partition("## 8 ")[0]
    named = set(re.findall(r"`([a-z]+)`", analysis))
    assert named
    assert named <= set(study_names())


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_parameters_named_exist(path):
    groups = {key.partition(".")[0] for key in parameters()}
    named = {word for word in quoted(path) if re.fullmatch(r"[a-z]+\.[a-z_]+", word)}
    assert {word for word in named if word.partition(".")[0] in groups} <= set(parameters())
