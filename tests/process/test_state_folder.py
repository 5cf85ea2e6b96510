"""The folder of a service that was told none: the same one from wherever it is started."""

from pathlib import Path

import pytest

from ecm.process.settings import SettingsError, default_state_dir, read_settings


def test_root_keeps_its_files_where_services_do() -> None:
    assert default_state_dir({"HOME": "/root", "XDG_STATE_HOME": "/root/state"}, 0) == Path("/var/lib/ecm")


@pytest.mark.parametrize(
    ("state_home", "folder"),
    [
        ({}, "/home/jo/.local/state/ecm"),
        ({"XDG_STATE_HOME": ""}, "/home/jo/.local/state/ecm"),
        ({"XDG_STATE_HOME": "beside/me"}, "/home/jo/.local/state/ecm"),
        ({"XDG_STATE_HOME": "/elsewhere"}, "/elsewhere/ecm"),
    ],
)
def test_anybody_else_has_them_at_home_or_where_the_desktop_says(state_home: dict[str, str], folder: str) -> None:
    assert default_state_dir({"HOME": "/home/jo", **state_home}, 1000) == Path(folder)


def test_a_user_without_a_home_is_asked_for_a_folder() -> None:
    with pytest.raises(SettingsError, match="ECM_STATE_DIR is not set"):
        default_state_dir({}, 1000)


def test_the_folder_does_not_depend_on_where_the_service_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_settings({"HOME": "/home/jo"}).state_dir
    monkeypatch.chdir(tmp_path)
    assert read_settings({"HOME": "/home/jo"}).state_dir == before
    assert before.is_absolute()
