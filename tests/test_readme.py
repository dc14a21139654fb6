"""Both READMEs say the same: one structure, the numbers of one run, links and commands that exist."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGLISH, CHINESE = "README.md", "README.zh.md"
PAGES = {page: (ROOT / page).read_text(encoding="utf-8") for page in (ENGLISH, CHINESE)}
GRIDRUSH = Path(sys.executable).with_name("gridrush")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def code(text):
    """Return blocks of code with their language, comments aside."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [(language, re.sub(r"\s*#.*", "", block)) for language, block in blocks]


def links(text):
    return [target for target in re.findall(r"\]\(([^)]+)\)", text) if target not in PAGES]


def levels(text):
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [len(marks) for marks in re.findall(r"^(#+) ", outside, flags=re.MULTILINE)]


def paragraphs(text):
    return len(re.findall(r"\n\n+", text))


def numbers(text):
    """Return the cells of the table of results that are numbers."""
    part = (
        text.partition("<!-- results:begin -->")[2]
        .partition("\n|---")[2]
        .partition("<!-- results:end -->")[0]
    )
    return re.findall(r" (-?[\d,.]+) (?=\|)", part)


def test_the_numbers_are_those_of_the_run_that_is_shown():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "readme_results.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("what", [code, links, levels, paragraphs, numbers])
def test_both_languages_have(what):
    assert what(PAGES[ENGLISH])
    assert what(PAGES[ENGLISH]) == what(PAGES[CHINESE])


@pytest.mark.parametrize("page", PAGES)
def test_each_names_the_other_and_this_version(page):
    (other,) = set(PAGES) - {page}
    assert f"]({other})" in PAGES[page]
    assert f"Version {VERSION}." in PAGES[page]


def test_the_chinese_page_is_in_chinese():
    prose = re.sub(r"```.*?```|`[^`]*`|\([^)]*\)|^> .*$", "", PAGES[CHINESE], flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"[\u4e00-\u9fff]", prose)) > 500
    assert not re.findall(r"[\u4e00-\u9fff][,;:]", prose), "Chinese prose takes full-width punctuation"


@pytest.mark.parametrize("target", links(PAGES[ENGLISH]))
def test_what_is_linked_exists(target):
    assert (ROOT / target.partition("#")[0]).exists()


def commands():
    return [
        line for language, block in code(PAGES[ENGLISH]) if language == "sh" for line in block.splitlines()
    ]


@pytest.mark.parametrize("line", commands())
def test_a_longer_command_and_its_options_exist(line):
    name, command, *rest = shlex.split(line)
    assert name == "gridrush"
    shown = subprocess.run([GRIDRUSH, command, "--help"], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert not [word for word in rest if word.startswith("--") and word not in shown.stdout]
