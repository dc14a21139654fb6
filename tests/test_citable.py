"""What others cite, package or join in by: metadata that agree, a short paper, a workflow that parses."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CODEMETA = json.loads((ROOT / "codemeta.json").read_text())
PAPER = (ROOT / "paper.md").read_text(encoding="utf-8")
BIBLIOGRAPHY = (ROOT / "paper.bib").read_text(encoding="utf-8")
DEVELOPERS = "The Gridrush developers"
PACKAGES = ("agents", "model", "experiments", "viz")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_citation_file_has_what_the_format_asks_for():
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    assert {"message", "title", "authors", "abstract", "keywords"} <= CITATION.keys()
    assert CITATION["authors"] == [{"name": DEVELOPERS}]


def test_all_metadata_agree():
    assert CITATION["title"] == CODEMETA["name"] == "Gridrush"
    assert CITATION["version"] == CODEMETA["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"] == CODEMETA["license"].rpartition("/")[2]
    assert PROJECT["authors"] == [{"name": DEVELOPERS}]
    assert CODEMETA["author"] == [{"@type": "Organization", "name": DEVELOPERS}]
    assert " ".join(CITATION["abstract"].split()) == CODEMETA["description"]
    assert CITATION["keywords"] == CODEMETA["keywords"]
    assert CODEMETA["runtimePlatform"] == f"Python {PROJECT['requires-python'].replace('>=', '>= ')}"


def test_codemeta_is_linked_data():
    assert CODEMETA["@context"] == "https://doi.org/10.5063/schema/codemeta-2.0"
    assert CODEMETA["@type"] == "SoftwareSourceCode"
    for named in ("readme", "softwareRequirements"):
        assert (ROOT / CODEMETA[named]).is_file()
    article = CODEMETA["referencePublication"]
    assert (ROOT / article["url"]).is_file()
    assert article["name"] == front_matter()["title"]


def front_matter():
    return yaml.safe_load(PAPER.split("---\n")[1])


def body():
    return PAPER.split("---\n", 2)[2]


def test_the_paper_has_the_sections_and_the_length_of_a_short_paper():
    sections = re.findall(r"^# (.+)$", body(), flags=re.MULTILINE)
    assert sections[:3] == ["Summary", "Statement of need", "State of the field"]
    assert sections[-1] == "References"
    assert 250 <= len(re.sub(r"\[?@\w+[;\]]?", "", body()).split()) <= 1000
    assert front_matter()["bibliography"] == "paper.bib"
    assert [author["name"] for author in front_matter()["authors"]] == [DEVELOPERS]


def test_every_reference_is_cited_and_every_citation_is_a_reference():
    entries = re.findall(r"^@\w+\{(\w+),$", BIBLIOGRAPHY, flags=re.MULTILINE)
    assert len(entries) == len(set(entries))
    assert set(re.findall(r"@(\w+)", body())) == set(entries)


@pytest.mark.parametrize("entry", re.split(r"\n(?=@)", BIBLIOGRAPHY), ids=lambda text: text[:30])
def test_a_reference_is_complete(entry):
    assert {"author", "title", "year"} <= set(re.findall(r"^  (\w+) = \{", entry, flags=re.MULTILINE))
    assert re.search(r"^  (?:journal|booktitle|publisher) = \{", entry, flags=re.MULTILINE)
    assert entry.count("{") == entry.count("}")
    doi = re.search(r"doi = \{(.*)\}", entry)
    assert doi is None or re.fullmatch(r"10\.\d{4,5}/\S+", doi[1])


def test_the_paper_names_the_models_it_stands_beside():
    for name in ("cocco2016", "schimeczek2023", "harder2025", "terhoeven2025"):
        assert f"@{name}" in body()


def test_whoever_wants_to_join_in_finds_how():
    text = read("CONTRIBUTING.md")
    for word in ("Correct a number", "Propose a rule", "Report", "deprecated", "Results change"):
        assert word.lower() in text.lower()
    assert "make check" in text
    assert "issue tracker" in " ".join(read("SECURITY.md").split())
    assert "issue tracker" in " ".join(read("CODE_OF_CONDUCT.md").split())


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "paper.md"])
def test_links_lead_somewhere_and_nobody_is_named(name):
    text = read(name)
    assert not [target for target in re.findall(r"\]\(([^)]+)\)", text) if not (ROOT / target).exists()]
    assert not re.findall(r"\S+@\S+\.\w+", text), "no e-mail address"


def test_make_targets_that_contributors_are_told_of_exist():
    told = re.findall(r"(?:^|`|then `)make ([a-z][a-z ]*)", read("CONTRIBUTING.md"), flags=re.MULTILINE)
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    assert told
    assert {word for words in told for word in words.split()} <= targets


WORKFLOW = yaml.safe_load(read(".github/workflows/ci.yml"))


def test_the_workflow_runs_what_the_house_runs_on_three_systems_and_all_pythons():
    jobs = WORKFLOW["jobs"]
    systems = {*jobs["unix"]["strategy"]["matrix"]["os"], jobs["windows"]["runs-on"]}
    assert {name.partition("-")[0] for name in systems} == {"ubuntu", "macos", "windows"}
    supported = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    for job in jobs.values():
        assert job["strategy"]["matrix"]["python"] == supported
    assert [step for step in jobs["unix"]["steps"] if step.get("run") == ".ci/run"]


def test_windows_is_checked_by_the_commands_of_the_makefile():
    run = "\n".join(step.get("run", "") for step in WORKFLOW["jobs"]["windows"]["steps"])
    run = run.replace('"$BIN/', "$(BIN)/").replace('"', "")
    recipes = dict(re.findall(r"^(check|test): .*\n((?:\t.*\n)+)", read("Makefile"), flags=re.MULTILINE))
    tools = re.findall(
        r"\$\(BIN\)/((?:ruff|pyright|lint-imports|python -m pytest)[^$\n]*)", "".join(recipes.values())
    )
    assert len(tools) >= 5
    assert not [command for command in tools if f"$(BIN)/{command.strip()}" not in run]
