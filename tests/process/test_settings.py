"""Each setting stands once, and reading, help and manual follow from it."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ecm.process.cli import main
from ecm.process.manual import manual
from ecm.process.settings import SETTINGS, Setting, Settings, SettingsError, read_settings, unknown_variables

ROOT = Path(__file__).parent.parent.parent
NUMBERS = [setting for setting in SETTINGS if setting.kind is int]
VARIABLES = [setting for setting in SETTINGS if setting.variable]
FLAGS = [setting for setting in SETTINGS if setting.flag]
_HOME = {"HOME": "/home/jo"}


def named(setting: Setting) -> str:
    return setting.field


def bounds(setting: Setting) -> tuple[int, int]:
    assert setting.least is not None
    assert setting.most is not None
    return setting.least, setting.most


def variable(setting: Setting) -> str:
    assert setting.variable is not None
    return setting.variable


def given_by_variable(setting: Setting, text: str) -> Any:
    """What comes of a setting whose variable holds a text; one without a variable is read by itself."""
    if setting.variable is None:
        return setting.read(text)
    return getattr(read_settings({**_HOME, setting.variable: text}), setting.field)


def other_than_the_default(setting: Setting) -> str:
    if setting.kind is int:
        return str(setting.most)
    return "https://elsewhere.example" if setting.field == "public_url" else "/somewhere/else"


@pytest.mark.parametrize("setting", NUMBERS, ids=named)
def test_every_number_has_both_bounds_and_its_default_between_them(setting: Setting) -> None:
    least, most = bounds(setting)
    default = getattr(Settings(Path()), setting.field)
    assert default is None or least <= default <= most


@pytest.mark.parametrize("setting", NUMBERS, ids=named)
def test_every_bound_may_be_reached(setting: Setting) -> None:
    for bound in bounds(setting):
        assert given_by_variable(setting, str(bound)) == bound


@pytest.mark.parametrize("setting", NUMBERS, ids=named)
def test_one_beyond_a_bound_is_refused_in_a_sentence_that_names_variable_and_bounds(setting: Setting) -> None:
    least, most = bounds(setting)
    for beyond in (least - 1, most + 1):
        with pytest.raises(SettingsError) as refused:
            given_by_variable(setting, str(beyond))
        assert str(refused.value) == f"{setting.name} is {beyond}; it must lie between {least} and {most}."


@given(st.sampled_from(NUMBERS), st.integers())
def test_a_number_is_taken_if_and_only_if_it_lies_between_the_bounds(setting: Setting, number: int) -> None:
    least, most = bounds(setting)
    if least <= number <= most:
        assert given_by_variable(setting, str(number)) == number
    else:
        with pytest.raises(SettingsError):
            given_by_variable(setting, str(number))


@pytest.mark.parametrize("setting", NUMBERS, ids=named)
def test_what_is_no_number_is_refused_by_its_name(setting: Setting) -> None:
    with pytest.raises(SettingsError) as refused:
        given_by_variable(setting, "many")
    assert str(refused.value) == f"{setting.name} is 'many'; it must be a whole number."


def test_without_any_variable_every_setting_has_its_default() -> None:
    settings = read_settings(_HOME)
    assert settings == Settings(settings.state_dir)


@pytest.mark.parametrize("setting", VARIABLES, ids=named)
def test_an_empty_variable_counts_as_none(setting: Setting) -> None:
    assert read_settings({**_HOME, variable(setting): ""}) == read_settings(_HOME)


@pytest.mark.parametrize("setting", VARIABLES, ids=named)
def test_a_variable_sets_its_own_setting_and_no_other(setting: Setting) -> None:
    before = read_settings(_HOME)
    after = read_settings({**_HOME, variable(setting): other_than_the_default(setting)})
    changed = [one.field for one in SETTINGS if getattr(before, one.field) != getattr(after, one.field)]
    assert changed == [setting.field]


@pytest.mark.parametrize("setting", [one for one in FLAGS if one.variable], ids=named)
def test_a_flag_counts_before_the_variable(setting: Setting) -> None:
    flag = setting.read(other_than_the_default(setting))
    text = "/by/variable" if setting.kind is not int else str(setting.least)
    assert getattr(read_settings({**_HOME, variable(setting): text}, {setting.field: flag}), setting.field) == flag


def test_help_tells_each_flag_with_what_it_is_for_its_variable_and_its_default() -> None:
    said = " ".join(CliRunner().invoke(main, ["serve", "--help"]).output.split())
    for setting in FLAGS:
        assert str(setting.flag) in said
        assert setting.description in said
        assert f"{setting.variable}; {setting.default}" in said or setting.variable is None


@pytest.mark.parametrize("setting", [one for one in NUMBERS if one.flag], ids=named)
def test_the_command_line_refuses_what_lies_beyond_a_bound(setting: Setting) -> None:
    least, most = bounds(setting)
    for beyond in (least - 1, most + 1):
        said = CliRunner().invoke(main, ["serve", f"{setting.flag}={beyond}"])
        assert said.exit_code == 2
        assert f"{least}<=x<={most}" in said.output


def test_the_manual_in_docs_is_the_one_that_the_command_prints() -> None:
    printed = CliRunner().invoke(main, ["settings"]).output
    assert printed == manual() == (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", SETTINGS, ids=named)
def test_every_setting_is_in_the_manual_by_every_name_it_has(setting: Setting) -> None:
    (row,) = [line for line in manual().splitlines() if setting.description in line]
    assert all(f"`{name}`" in row for name in (setting.variable, setting.flag) if name)


def test_every_variable_that_the_papers_and_the_service_name_exists() -> None:
    papers = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("ecm/**/*.py")]
    found = {name for paper in papers for name in re.findall(r"\bECM_[A-Z_]*[A-Z]\b", paper.read_text("utf-8"))}
    assert found == {setting.variable for setting in VARIABLES}


@given(st.sets(st.from_regex(r"(ECM_)?[A-Z_]{1,12}", fullmatch=True)))
def test_of_variables_exactly_those_are_unknown_that_look_like_ours_and_are_none(names: set[str]) -> None:
    known = {variable(setting): "" for setting in VARIABLES}
    ours = {name for name in names if name.startswith("ECM_")}
    assert unknown_variables({**known, **dict.fromkeys(names, "")}) == sorted(ours - known.keys())


@pytest.mark.heavy  # starts a process
async def test_a_misspelt_variable_is_named_in_one_line_of_the_log_and_its_value_is_not(tmp_path: Path) -> None:
    misspelt = {"ECM_DATABSE_URL": "postgresql://jo:secret@db/ecm", "ECM_PROT": "1", "ECM_PORT": "many"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ecm", "serve", "--state", str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **misspelt},
    )
    _, said = await process.communicate()
    line, error = said.decode().splitlines()
    told = json.loads(line)
    assert (told["event"], told["variables"]) == ("process.settings.ignored", ["ECM_DATABSE_URL", "ECM_PROT"])
    assert b"secret" not in said
    assert error == "Error: ECM_PORT is 'many'; it must be a whole number."


@pytest.mark.parametrize(
    "text", ["care.example", "ftp://care.example", "https://", "https://jo@care.example", "/", "x"]
)
def test_a_public_address_that_is_none_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match=r"ECM_PUBLIC_URL is .* must be an address such as https://"):
        read_settings({**_HOME, "ECM_PUBLIC_URL": text})
