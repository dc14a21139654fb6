"""The verdicts on claims that the documentation shows are those of the model and the rules of now."""

import json
import re
import sys
from pathlib import Path

import pandas as pd

from model.provenance import RESULTS_VERSION

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "claims"
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")


def about() -> dict:
    return json.loads((STORED / "about.json").read_text(encoding="utf-8"))


def test_the_verdicts_were_reached_with_the_results_and_the_rules_of_now() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from claims_page import digest
    finally:
        sys.path.pop(0)
    advice = "run `make claims`"
    assert about()["results_version"] == RESULTS_VERSION, advice
    assert about()["rules"] == digest(), advice
    assert about()["runs"] == 400
    assert about()["first_seed"] == 0
    assert about()["replications"] == 40


def test_the_page_says_what_the_table_says() -> None:
    table = pd.read_csv(STORED / "claims_table.csv")
    assert table["claim"].nunique() == 11
    for claim, rows in table.groupby("claim"):
        section = PAGE.partition(f"\n## {claim}. ")[2].partition("\n## ")[0]
        (verdict,) = rows["verdict"].unique()
        assert f"**Verdict.** {verdict}. " in section
        assert "**What is behind it.** " in section
        assert re.search(rf"^\| {claim} \| .* \| {verdict} \| ", PAGE, flags=re.MULTILINE)
        assert f"(images/claims/{claim}.png)" in section
        assert (ROOT / "docs" / "images" / "claims" / f"{claim}.png").stat().st_size > 10_000
        for number in rows.loc[rows["test_verdict"] == verdict, "estimate"]:
            # The text shows three digits of what decides, two decimals below one, and signs a lead in words.
            shown = f"{abs(number):.2f}" if abs(number) < 1.0 else f"{abs(number):.3g}"
            assert shown in section.replace(",", ""), (claim, number)


def test_a_verdict_is_defended_in_two_sentences_with_numbers() -> None:
    for defence in re.findall(r"\*\*Verdict\.\*\* \w[\w ]*\. (.*)", PAGE):
        sentences = re.split(r"\. (?=[A-Z])", defence)
        assert len(sentences) == 2, defence
        assert re.search(r"\d", sentences[0])
