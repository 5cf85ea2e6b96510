"""Everything an operator can set, read once from the environment (`ECM_…`) and the command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecm.db.pool import DatabaseUrls


class SettingsError(Exception):
    """A setting is missing or unusable; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process runs.

    `database_url` None means the embedded PostgreSQL under `state_dir`. `public_url` is what links on tags and
    cards begin with; None means the address the service listens on. `location_days` is how long raw coordinates
    are kept before they are purged; `drain_seconds` how long a stopping worker says that it is not ready before it
    closes, for a load balancer to notice.
    """

    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8080
    database_url: str | None = None
    intake_database_url: str | None = None
    migration_database_url: str | None = None
    public_url: str | None = None
    rehearsal: bool = False
    location_days: int = 90
    intake_waiting_megabytes: int = 32
    drain_seconds: int = 0


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises SettingsError in a sentence an operator can act on."""
    source = os.environ if environment is None else environment
    database_url = source.get("ECM_DATABASE_URL") or None
    return Settings(
        state_dir=Path(source.get("ECM_STATE_DIR") or default_state_dir(source, os.geteuid())),
        host=source.get("ECM_HOST", "127.0.0.1"),
        port=_whole_number(source, "ECM_PORT", 8080, 0, 65_535),
        database_url=database_url,
        intake_database_url=source.get("ECM_INTAKE_DATABASE_URL") or database_url,
        migration_database_url=source.get("ECM_MIGRATION_DATABASE_URL") or database_url,
        public_url=source.get("ECM_PUBLIC_URL") or None,
        location_days=_whole_number(source, "ECM_LOCATION_DAYS", 90, 1, 3_650),
        intake_waiting_megabytes=_whole_number(source, "ECM_INTAKE_WAITING_MEGABYTES", 32, 1, 10_000),
        drain_seconds=_whole_number(source, "ECM_DRAIN_SECONDS", 0, 0, 600),
    )


def default_state_dir(environment: Mapping[str, str], user_id: int) -> Path:
    """Return the absolute folder in which a service of this user (a number; 0 is root) keeps its files.

    Root's is `/var/lib/ecm`; any other's lies where the XDG Base Directory Specification says, which overlooks a
    relative `XDG_STATE_HOME`. Raises SettingsError when the user has no `HOME`.
    """
    if user_id == 0:
        return Path("/var/lib/ecm")
    state_home = Path(environment.get("XDG_STATE_HOME", ""))
    if state_home.is_absolute():
        return state_home / "ecm"
    home = Path(environment.get("HOME", ""))
    if not home.is_absolute():
        raise SettingsError("ECM_STATE_DIR is not set, and neither is HOME, under which its default would lie.")
    return home / ".local/state/ecm"


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return where each role connects; raises SettingsError when no database is set."""
    if settings.database_url is None:
        raise SettingsError("ECM_DATABASE_URL is not set.")
    return DatabaseUrls(
        service=settings.database_url,
        intake=settings.intake_database_url or settings.database_url,
        migration=settings.migration_database_url or settings.database_url,
    )


def _whole_number(source: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = source.get(name)
    if text is None or text == "":
        return default
    try:
        number = int(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; it must be a whole number.") from None
    if not least <= number <= most:
        raise SettingsError(f"{name} is {number}; it must lie between {least} and {most}.")
    return number
