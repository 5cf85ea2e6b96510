"""The programs that the cluster is made of, as Debian packages them."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import click

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


def install_missing() -> None:
    """Install the missing packages as root; raises ClickException with a sentence for anybody else, or on failure."""
    missing = missing_packages()
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise click.ClickException(f"This needs Debian packages that only root can install: {' '.join(command)}")
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "--quiet"], command):
        if subprocess.run(step, check=False, env=quietly, stdout=subprocess.DEVNULL).returncode:
            raise click.ClickException(f"This needs Debian packages, and to install them failed: {' '.join(step)}")
    if still := missing_packages():
        raise click.ClickException(
            f"These Debian packages are installed, yet without their programs: {', '.join(still)}"
        )


def find_programs() -> Programs:
    """Find the programs; raises FileNotFoundError, naming the missing packages."""
    patroni, etcd, postgres = shutil.which("patroni"), shutil.which("etcd"), _newest_postgres()
    if patroni is None or etcd is None or postgres is None:
        raise FileNotFoundError(f"not installed: {', '.join(missing_packages())}")
    return Programs(Path(patroni), Path(etcd), postgres)


def _newest_postgres() -> Path | None:
    found = [folder for folder in _DEBIAN_POSTGRES.glob("*/bin") if (folder / "postgres").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)
