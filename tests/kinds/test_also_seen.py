"""Also seen: what an operator deletes, how a start that cannot be is told of, and words for all that a visit can be."""

import asyncio
import errno
import os
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ecm.db.embedded.server import EmbeddedServer
from ecm.process.cli import main
from ecm.process.parent import web_address
from ecm.visits.exceptions import HANDLING
from ecm.web.plain_words import ADVICE, EXCEPTIONS, STATUSES
from ecm.web.today import _GROUP_OF, GROUPS
from ecm.words.system_errors import in_plain_words, refusal_in

VISITS = (Path(__file__).parent.parent.parent / "docs" / "visits.md").read_text(encoding="utf-8")


# `ecm forget` deletes what the service made, and nothing else.


def everything_in(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if not path.is_socket()
    }


def forget(folder: Path, *options: str, answer: str = "") -> tuple[int, str]:
    found = CliRunner().invoke(main, ["forget", "--state", str(folder), *options], input=answer)
    return found.exit_code, found.output


@given(names=st.sets(st.sampled_from(["letters.txt", "data", "lock", "elsewhere", "server.log", "operator-token"])))
def test_a_folder_that_the_service_did_not_make_is_never_deleted_whatever_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    folder, other = tmp_path_factory.mktemp("letters"), tmp_path_factory.mktemp("other")
    (other / "diary.txt").write_text("dear diary")
    for name in names:
        (folder / name).write_text(f"{other}\n")
    before = everything_in(folder), everything_in(other)
    code, said = forget(folder, "--yes")
    assert code == 1
    assert "is no state folder of this service, so nothing in it was deleted" in said
    assert (everything_in(folder), everything_in(other)) == before


async def test_forgetting_says_what_it_deletes_asks_first_and_leaves_what_others_put_there(server_folder: Path) -> None:
    folder = server_folder / "forgotten"
    async with EmbeddedServer(folder):
        pass
    (folder / "letters.txt").write_text("dear Jo")
    for answer in ("", "n\n"):
        code, said = await asyncio.to_thread(forget, folder, answer=answer)
        assert code == 1
        assert f"  {folder / 'data'}\n" in said
        assert "letters.txt" not in said
        assert (folder / "data" / "PG_VERSION").exists()
    assert (await asyncio.to_thread(forget, folder, answer="y\n"))[0] == 0
    assert everything_in(folder) == {"letters.txt": b"dear Jo"}


async def test_forgetting_deletes_the_folder_with_the_last_of_it_and_then_finds_nothing(server_folder: Path) -> None:
    folder = server_folder / "forgotten-whole"
    async with EmbeddedServer(folder):
        pass
    assert (await asyncio.to_thread(forget, folder, "--yes"))[0] == 0
    assert not folder.exists()
    assert await asyncio.to_thread(forget, folder, "--yes") == (0, f"Nothing is kept in {folder}.\n")


# A start that cannot be says why in one plain sentence, before it has made anything.


async def started(state: Path, *options: str, before: Sequence[str] = ()) -> tuple[int | None, str]:
    """What `ecm serve` ends with, and the last line it says."""
    command = [*before, sys.executable, "-m", "ecm", "serve", "--state", str(state), *options]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    return process.returncode, said.decode().strip().splitlines()[-1]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_port_in_use_is_noticed_before_the_database_is_made(tmp_path: Path, taken: int) -> None:
    code, said = await started(tmp_path / "state", "--port", str(taken))
    assert code == 1
    assert said == (
        f"Error: Port {taken} is in use already. Stop what listens there, or give another port with --port."
    )
    assert not (tmp_path / "state").exists()


async def test_a_host_that_is_not_of_this_machine_is_told_of_in_words(tmp_path: Path) -> None:
    code, said = await started(tmp_path / "state", "--port", "0", "--host", "192.0.2.1")
    assert (code, "192.0.2.1 is no address of this machine" in said) == (1, True)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080"), ("ecm.example", "http://ecm.example:8080")],
)
def test_the_address_that_a_start_prints_can_be_opened(host: str, address: str) -> None:
    assert web_address(host, 8080) == address
    assert (urlsplit(address).hostname, urlsplit(address).port) == (host, 8080)


def refusing(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    """Folders that no service can use, with what is to be said of each."""
    file = tmp_path / "file"
    file.write_text("")
    found = {
        "under a file": (file / "state", "a file stands in its way"),
        "a file": (file, "a file stands in its way"),
        "too long": (tmp_path / ("long" * 100), "is too long"),
    }
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        found["not ours"] = (closed / "state", "This user may not use")
    return found


async def test_a_folder_that_cannot_be_used_is_told_of_in_a_plain_sentence(tmp_path: Path) -> None:
    for name, (state, sentence) in refusing(tmp_path).items():
        code, said = await started(state, "--port", "0")
        assert (name, code, sentence in said) == (name, 1, True), said
        assert "Errno" not in said


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_refusal_of_the_system_is_told_as_a_number(number: int) -> None:
    for error in (OSError(number, os.strerror(number)), OSError(number, os.strerror(number), "/srv/ecm/lock")):
        said = in_plain_words(error, "/srv/ecm")
        assert "Errno" not in said
        assert said.endswith((".", ")."))
        assert str(number) not in said.replace("1023", "")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "There is no room left on the disk of /srv/ecm."),
        (errno.EROFS, "The disk of /srv/ecm can be read only."),
        (errno.EACCES, "This user may not use /srv/ecm."),
    ],
)
def test_what_postgresql_says_of_a_full_or_read_only_disk_is_said_in_the_same_words(number: int, sentence: str) -> None:
    log = f"LOG:  starting\nFATAL:  could not write lock file: {os.strerror(number)}\nHINT:  more"
    said = refusal_in(log, "/srv/ecm")
    assert said is not None
    assert said.startswith(sentence)
    assert said == in_plain_words(OSError(number, os.strerror(number)), "/srv/ecm")
    assert refusal_in("FATAL:  invalid value", "/srv/ecm") is None


# Whatever a visit can be has words of home care, a place on the page of the day, and what to do about it.


def told(heading: str) -> set[str]:
    """The codes in the first column of the tables under a heading of docs/visits.md."""
    part = VISITS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|(.+?)\|", part, re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_every_status_has_words_and_a_place_on_the_page_of_the_day() -> None:
    statuses = told("Status")
    assert "end_unknown" in statuses
    assert statuses == set(STATUSES) == set(_GROUP_OF)
    assert set(_GROUP_OF.values()) <= {group for group, _ in GROUPS}
    assert STATUSES["end_unknown"] == "Came; end not known"


def test_every_exception_has_words_and_every_new_one_says_what_to_do() -> None:
    exceptions = told("Exceptions")
    assert {"paused", "sequence_reversed"} <= exceptions
    assert exceptions <= set(HANDLING)
    assert set(HANDLING) <= set(EXCEPTIONS)
    contradictions = set(re.findall(r"^\| `(\w+)` \|", VISITS.partition("\nContradictions, ")[2], re.MULTILINE))
    contradictions &= exceptions
    assert len(contradictions) == 7
    assert contradictions <= set(ADVICE)
    for kind, advice in ADVICE.items():
        assert kind in HANDLING
        assert advice.endswith(".")
        assert not set(re.findall(r"[a-z]+_[a-z_]+", advice))
