"""The programs that the cluster is made of, as Debian packages them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are; `postgres` is the folder of PostgreSQL's."""

    patroni: Path
    etcd: Path
    postgres: Path


def missing_packages() -> list[str]:
    """The Debian packages that `find_programs` would look for in vain."""
    wanted = {
        "patroni": shutil.which("patroni"),
        "etcd-server": shutil.which("etcd"),
        "postgresql": _newest_postgres(),
    }
    return [package for package, found in wanted.items() if found is None]


def find_programs() -> Programs:
    """Find the programs; raises FileNotFoundError, naming the missing packages."""
    patroni, etcd, postgres = shutil.which("patroni"), shutil.which("etcd"), _newest_postgres()
    if patroni is None or etcd is None or postgres is None:
        raise FileNotFoundError(f"not installed: {', '.join(missing_packages())}")
    return Programs(Path(patroni), Path(etcd), postgres)


def _newest_postgres() -> Path | None:
    found = [folder for folder in _DEBIAN_POSTGRES.glob("*/bin") if (folder / "postgres").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)
