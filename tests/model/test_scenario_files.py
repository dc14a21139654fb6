"""Scenario files hold what differs; whatever is wrong with them is said in a line that names file and key."""

import os
import tomllib
from pathlib import Path

import pytest

from model.errors import ScenarioError, ScenarioFileError
from model.scenario import Scenario
from model.scenario_files import (
    SHIPPED,
    describe_scenarios,
    load_scenario,
    locate,
    parse_overrides,
    scenario_names,
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def complaint(name_or_path, **dotted) -> str:
    with pytest.raises(ScenarioError) as error:
        load_scenario(name_or_path, **dotted)
    return str(error.value)


def test_a_file_holds_what_differs_from_the_reference():
    scenario = load_scenario(write("hot.toml", "[ai]\ndemand_gw = 80\n"))
    assert scenario.differences(Scenario()) == {"ai.demand_gw": (80.0, 65.0)}
    assert (scenario.name, scenario.description) == ("hot", "reference with other values")


def test_a_file_extends_another_beside_it_and_the_last_word_counts():
    write("shared/base.toml", 'extends = "btc_bull"\n[ai]\ndemand_gw = 80\nbust_month = 3\n')
    write("mine/child.toml", 'extends = "../shared/base.toml"\nname = "hot"\nai.bust_month = "none"\n')
    scenario = load_scenario("mine/child.toml", **{"ai.demand_gw": 90})
    assert (scenario.name, scenario.description) == ("hot", "../shared/base.toml with other values")
    assert scenario.differences(load_scenario("btc_bull")) == {"ai.demand_gw": (90.0, 65.0)}


def test_paths_in_a_file_start_from_the_file():
    write("far/prices.csv", "month,btc_price_usd\n2025-11,5\n")
    text = 'horizon.months = 1\nbitcoin.price_process = "path"\nbitcoin.price_path = "prices.csv"\n'
    scenario = load_scenario(write("far/path.toml", text))
    assert scenario.bitcoin.price_path == str(Path("far/prices.csv").absolute())


def test_files_from_windows_are_read():
    text = b'\xef\xbb\xbfextends = "no_ai"\r\n[horizon]\r\nmonths = 12\r\n'
    assert load_scenario(write("w.toml", text)).horizon.months == 12


@pytest.mark.parametrize("name", scenario_names())
def test_the_resolved_text_of_a_scenario_is_the_scenario(name):
    scenario = load_scenario(name)
    assert load_scenario(write("copy.toml", scenario.to_toml())) == scenario


def test_any_text_survives_the_way_through_a_file():
    values = {
        "description": 'quotes " and \\ and \x7f and é and 😀',
        "choice.mix": {"my rule": 0.5, 'a"b': 0.5},
    }
    scenario = load_scenario("reference", **values)
    assert load_scenario(write("copy.toml", scenario.to_toml())) == scenario


BROKEN = {
    "empty": (b"", "a.toml: empty; expected a line such as extends = 'reference'"),
    "only a comment": (b"# nothing yet\n", "a.toml: empty; expected a line"),
    "not toml": (b"ai.demand_gw = = 3", "a.toml: not valid TOML: Invalid value (at line 1, column 16)"),
    "key twice": (b"[ai]\ndemand_gw=1\ndemand_gw=2", "not valid TOML: Cannot overwrite a value (at "),
    "not utf-8": (b'name = "\xe9"', "a.toml: not UTF-8 text (byte 8 cannot be read)"),
    "utf-16": ('name = "x"'.encode("utf-16"), "a.toml: not UTF-8 text (byte 0 cannot be read)"),
    "binary": (b"\x00\x01\x02", "a.toml: not valid TOML"),
    "too deep": (b"a = " + b"[" * 20_000, "a.toml: not a scenario: nested too deeply"),
    "too long": (b"ai.demand_gw = " + b"9" * 5000, "or a number with thousands of digits"),
    "too large": (b"#" * 1_000_001, "a.toml: larger than 1 MB, not a scenario"),
    "long chain": (b"a" + b".a" * 3000 + b" = 1", "a.toml: unknown key 'a.a.a.a.a'"),
    "huge number": (
        b"ai.demand_gw = " + b"9" * 400,
        "a.toml: ai.demand_gw: expected a number from 0 to 1000",
    ),
    "unknown key": (b"[ai]\ndemnd_gw = 1", "a.toml: unknown key 'ai.demnd_gw'; did you mean 'ai.demand_gw'?"),
    "unknown table": (b"[bitcon]\n", "a.toml: unknown key 'bitcon'; did you mean 'bitcoin'?"),
    "misspelt extends": (b'extend = "no_ai"', "a.toml: unknown key 'extend'; did you mean 'extends'?"),
    "text for a number": (
        b'[ai]\ndemand_gw = "80"',
        "a.toml: ai.demand_gw: expected a number from 0 to 1000",
    ),
    "a date": (
        b"horizon.start = 2025-11-01",
        "a.toml: horizon.start: expected text (month), got the date 2025",
    ),
    "no table": (b"ai = 80", "a.toml: ai: expected a table of parameters, got 80"),
    "a table": (
        b"[ai.demand_gw]\nx = 1",
        "a.toml: ai.demand_gw: expected a number from 0 to 1000 (GW), got a table",
    ),
    "contradiction": (b"[bitcoin]\nbear_drift = 2", "a.toml: bitcoin.bear_drift = 2 must be below"),
    "extends itself": (b'extends = "a.toml"', "extends goes round in a circle: a.toml -> a.toml"),
    "extends a number": (b"extends = 4", "a.toml: extends: expected the name or path of a scenario, got 4"),
    "extends nothing": (b'extends = ""', "a.toml: extends: expected the name or path of a scenario, got ''"),
    "extends a typo": (
        b'extends = "refrence"',
        "a.toml: extends: no scenario is called 'refrence'; did you mean",
    ),
    "extends a lost file": (b'extends = "b.toml"', "a.toml: extends: b.toml: there is no such file"),
}


@pytest.mark.parametrize(("text", "line"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_clear_line(text, line):
    message = complaint(write("a.toml", text))
    assert line in message
    assert len(message.splitlines()) == 1


def test_a_circle_is_shown_from_end_to_end():
    for one, other in ("ab", "bc", "ca"):
        write(f"{one}.toml", f'extends = "./{other}.toml"')
    assert complaint("a.toml") == "extends goes round in a circle: a.toml -> b.toml -> c.toml -> a.toml"


def test_the_file_that_is_wrong_is_named_and_not_the_one_that_extends_it():
    write("base.toml", "[ai]\ndemand_gw = -1\n")
    write("child.toml", 'extends = "base.toml"\n')
    assert complaint("child.toml").startswith("base.toml: ai.demand_gw: expected")
    assert complaint("child.toml", **{"ai.demand_gw": -2}).startswith("ai.demand_gw: expected")


@pytest.mark.parametrize(
    ("name_or_path", "line"),
    [
        ("refrence", "no scenario is called 'refrence'; did you mean 'reference'?"),
        ("No_AI", "no scenario is called 'No_AI'; did you mean 'no_ai'?"),
        ("qqqq", f"no scenario is called 'qqqq'; there are {', '.join(scenario_names())}"),
        ("", "expected the name or path of a scenario, got ''"),
        (None, "expected the name or path of a scenario, got nothing"),
        (7, "expected the name or path of a scenario, got 7"),
        ("lost.toml", "lost.toml: there is no such file"),
        ("no_ai.toml", "no_ai.toml: there is no such file; the shipped scenario is called 'no_ai'"),
        ("hott.toml", "hott.toml: there is no such file; did you mean 'hot.toml'?"),
        ("folder", "folder: is a folder, not a scenario file"),
        ("folder/", "folder: is a folder, not a scenario file"),
        pytest.param(
            "/dev/zero",
            "/dev/zero: is not a regular file",
            marks=pytest.mark.skipif(os.name == "nt", reason="a device of Unix"),
        ),
        ("a\0b.toml", "there is no such file"),
        ("x" * 5000, "no scenario is called 'xxx"),
        ("x" * 5000 + ".toml", "no path that can be read (File name too long)"),
        ("~nobody_here/a.toml", "no path that can be read (Could not determine home directory.)"),
    ],
    ids=lambda value: str(value)[:30].replace("\0", "0"),
)
def test_what_cannot_be_found_is_said_with_what_comes_nearest(name_or_path, line):
    Path("folder").mkdir()
    write("hot.toml", "[ai]\n")
    assert line in complaint(name_or_path)


def test_a_file_that_may_not_be_read_is_said_to_be_so(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    write("secret.toml", "[ai]\n")
    monkeypatch.setattr(Path, "read_text", refuse)
    assert complaint("secret.toml") == "secret.toml: cannot be read (Permission denied)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ai.demand_gw=80", 80),
        (" ai.demand_gw = 8e1 ", 80.0),
        ("bitcoin.halving=false", False),
        ("choice.strategy=npv", "npv"),
        ('choice.strategy="npv"', "npv"),
        ("horizon.start=2025-11", "2025-11"),
        ("horizon.start=2025-11-01", "2025-11-01"),
        ("ai.bust_month=none", "none"),
        ("choice.mix={npv = 0.5, logit = 0.5}", {"npv": 0.5, "logit": 0.5}),
        ("name=a=b", "a=b"),
        ("name=1\nb=2", "1\nb=2"),
    ],
)
def test_overrides_are_read_as_toml_and_plain_words_as_text(text, value):
    assert list(parse_overrides([text]).values()) == [value]


@pytest.mark.parametrize("text", ["ai.demand_gw", "=80", "ai.demand_gw=", "", "="])
def test_overrides_need_a_key_and_a_value(text):
    with pytest.raises(ScenarioError, match=r"expected KEY=VALUE, such as ai\.demand_gw=80"):
        parse_overrides([text])


def test_overrides_reach_the_scenario():
    overrides = [
        "ai.demand_gw=80",
        "ai.bust_month=none",
        "choice.mix.npv=0.5",
        "choice.mix.logit=0.5",
        "name=hot",
    ]
    scenario = load_scenario("ai_bust", **parse_overrides(overrides))
    assert (scenario.ai.demand_gw, scenario.ai.bust_month, scenario.name) == (80, None, "hot")
    assert scenario.choice.mix == {"logit": 0.5, "npv": 0.5}


def test_a_mix_replaces_the_mix_it_extends():
    write("base.toml", "choice.mix = {npv = 0.5, logit = 0.5}")
    scenario = load_scenario(write("child.toml", 'extends = "base.toml"\nchoice.mix.real_option = 1.0'))
    assert scenario.choice.mix == {"real_option": 1.0}


def test_shipped_scenarios_are_named_after_their_files_and_described_in_a_line():
    described = describe_scenarios()
    assert list(described) == scenario_names()
    assert scenario_names()[0] == "reference"
    assert all(0 < len(line) < 90 for line in described.values())
    assert [load_scenario(name).name for name in described] == list(described)


@pytest.mark.parametrize("name", [name for name in scenario_names() if name != "reference"])
def test_shipped_scenarios_differ_from_the_reference_and_say_why(name):
    differences = load_scenario(name).differences(Scenario())
    assert differences
    text = (SHIPPED / f"{name}.toml").read_text()
    groups = [key for key, value in tomllib.loads(text).items() if isinstance(value, dict)]
    assert text.count("\n#") >= len(groups)


def test_every_value_a_shipped_scenario_sets_differs_from_the_reference_or_pins_a_device():
    for name in scenario_names():
        document = tomllib.loads(locate(name, Path()).read_text())
        values = {
            f"{group}.{key}" for group, table in document.items() if isinstance(table, dict) for key in table
        }
        idle = values - set(load_scenario(name).differences(Scenario()))
        assert idle <= {"ai.bust_share", "ai.bust_default_factor"}, name


def test_the_bust_comes_in_january_2028():
    scenario = load_scenario("ai_bust")
    year, month = map(int, scenario.horizon.start.split("-"))
    months = 12 * year + month - 1 + (scenario.ai.bust_month or 0)
    assert (months // 12, months % 12 + 1) == (2028, 1)


def test_an_error_about_a_file_is_an_error_about_a_scenario():
    assert issubclass(ScenarioFileError, ScenarioError)
    assert issubclass(ScenarioError, ValueError)
