"""Everything an operator can set: each setting stands here once, and `--help`, the reading and the manual follow.

A flag of the command line counts before the variable of the environment, and that before the default. An empty
variable counts as none.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_type_hints

import msgspec
from msgspec import Meta

from ecm.db.pool import DatabaseUrls
from ecm.http.public_address import is_web_address

_PREFIX: Final = "ECM_"
_STATE_OF_ROOT: Final = "/var/lib/ecm"
_STATE_AT_HOME: Final = ".local/state/ecm"


class SettingsError(Exception):
    """A setting is missing or unusable; the message says which and what to do."""


def _said(
    description: str,
    *,
    variable: str | None = None,
    flag: str | None = None,
    default: str | None = None,
    least: int | None = None,
    most: int | None = None,
    unit: str | None = None,
) -> Meta:
    """Say what people and programs need to know of a setting; `default` in words where its value does not tell."""
    extra = {"variable": variable, "flag": flag, "default": default, "unit": unit}
    return Meta(ge=least, le=most, description=description, extra=extra)


class Settings(msgspec.Struct, frozen=True):
    """How this process runs. What is None is found out or left out, as its `default` says."""

    state_dir: Annotated[
        Path,
        _said(
            "Folder of the embedded database, its logs and the operator's token.",
            variable="ECM_STATE_DIR",
            flag="--state",
            default=f"{_STATE_OF_ROOT} for root, else $XDG_STATE_HOME/ecm or ~/{_STATE_AT_HOME}",
        ),
    ]
    host: Annotated[str, _said("Address to listen on.", variable="ECM_HOST", flag="--host")] = "127.0.0.1"
    port: Annotated[
        int,
        _said("Port to listen on; 0 takes a free one.", variable="ECM_PORT", flag="--port", least=0, most=65_535),
    ] = 8080
    workers: Annotated[
        int | None,
        _said("Processes that serve.", flag="--workers", default="one a processor", least=1, most=64),
    ] = None
    database_url: Annotated[
        str | None,
        _said(
            "PostgreSQL to use in place of the embedded one, as the role ecm_service.",
            variable="ECM_DATABASE_URL",
            default="the embedded one",
        ),
    ] = None
    intake_database_url: Annotated[
        str | None,
        _said(
            "The same database as the role ecm_intake.",
            variable="ECM_INTAKE_DATABASE_URL",
            default="as ECM_DATABASE_URL",
        ),
    ] = None
    migration_database_url: Annotated[
        str | None,
        _said(
            "The same database as a role that may migrate.",
            variable="ECM_MIGRATION_DATABASE_URL",
            default="as ECM_DATABASE_URL",
        ),
    ] = None
    public_url: Annotated[
        str | None,
        _said(
            "Where people reach this service: what links on tags and cards begin with, and the only origin whose "
            "forms are taken. If it is https, cookies are sent over TLS only.",
            variable="ECM_PUBLIC_URL",
            default="the address of the request",
        ),
    ] = None
    rehearsal: Annotated[
        bool,
        _said("Let an operator drive the clock, to rehearse an invented day.", flag="--rehearsal"),
    ] = False
    location_days: Annotated[
        int,
        _said(
            "How long raw coordinates are kept before they are deleted; distances and verdicts stay.",
            variable="ECM_LOCATION_DAYS",
            least=1,
            most=3_650,
            unit="days",
        ),
    ] = 90
    intake_waiting_megabytes: Annotated[
        int,
        _said(
            "How much of check-ins may wait in one process before phones are asked to come back.",
            variable="ECM_INTAKE_WAITING_MEGABYTES",
            least=1,
            most=10_000,
            unit="megabytes",
        ),
    ] = 32
    drain_seconds: Annotated[
        int,
        _said(
            "How long a stopping process says that it is not ready before it closes, for a load balancer to notice.",
            variable="ECM_DRAIN_SECONDS",
            least=0,
            most=600,
            unit="seconds",
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as `Settings` declares it: what it is called, what it may be (`least` to `most`), what it is for."""

    field: str
    kind: type
    variable: str | None
    flag: str | None
    description: str
    default: str
    unit: str | None
    least: int | None
    most: int | None

    @property
    def name(self) -> str:
        """What an operator calls it: its variable, or its flag where it has no variable."""
        return self.variable or self.flag or self.field

    def read(self, text: str) -> Any:
        """Return the value that `text` gives; raises SettingsError when it is none or out of bounds."""
        if self.kind is not int:
            return self.kind(text)
        try:
            number = int(text)
        except ValueError:
            raise SettingsError(f"{self.name} is {text!r}; it must be a whole number.") from None
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise SettingsError(f"{self.name} is {number}; it must lie between {self.least} and {self.most}.")
        return number


def _declared() -> tuple[Setting, ...]:
    hints = get_type_hints(Settings, include_extras=True)
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    return tuple(_setting(field, *get_args(hints[field]), default=defaults[field]) for field in defaults)


def _setting(field: str, kind: Any, said: Meta, *, default: Any) -> Setting:
    extra = said.extra or {}
    (kind,) = [one for one in get_args(kind) if one is not NoneType] or [kind]
    return Setting(
        field=field,
        kind=kind,
        variable=extra["variable"],
        flag=extra["flag"],
        description=said.description or "",
        default=extra["default"] or ("off" if default is False else str(default)),
        unit=extra["unit"],
        least=None if said.ge is None else int(said.ge),
        most=None if said.le is None else int(said.le),
    )


SETTINGS: Final = _declared()


def read_settings(environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings; `flags` are what the command line gave, by field, None where it gave nothing.

    Raises SettingsError in a sentence an operator can act on.
    """
    source = os.environ if environment is None else environment
    values = {field: value for field, value in (flags or {}).items() if value is not None}
    for setting in SETTINGS:
        text = source.get(setting.variable, "") if setting.variable else ""
        if setting.field not in values and text:
            values[setting.field] = setting.read(text)
    if "public_url" in values and not is_web_address(values["public_url"]):
        raise SettingsError(
            f"ECM_PUBLIC_URL is {values['public_url']!r}; it must be an address such as https://ecm.example.org."
        )
    if "state_dir" not in values:
        values["state_dir"] = default_state_dir(source, os.geteuid())
    return Settings(**values)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the names that look like settings and are none, in order: most likely they are misspelt."""
    known = {setting.variable for setting in SETTINGS}
    return sorted(name for name in environment if name.startswith(_PREFIX) and name not in known)


def default_state_dir(environment: Mapping[str, str], user_id: int) -> Path:
    """Return the absolute folder in which a service of this user (a number; 0 is root) keeps its files.

    Root's is where services have theirs; any other's lies where the XDG Base Directory Specification says, which
    overlooks a relative `XDG_STATE_HOME`. Raises SettingsError when the user has no `HOME`.
    """
    if user_id == 0:
        return Path(_STATE_OF_ROOT)
    state_home = Path(environment.get("XDG_STATE_HOME", ""))
    if state_home.is_absolute():
        return state_home / "ecm"
    home = Path(environment.get("HOME", ""))
    if not home.is_absolute():
        raise SettingsError("ECM_STATE_DIR is not set, and neither is HOME, under which its default would lie.")
    return home / _STATE_AT_HOME


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return where each role connects; raises SettingsError when no database is set."""
    if settings.database_url is None:
        raise SettingsError("ECM_DATABASE_URL is not set.")
    return DatabaseUrls(
        service=settings.database_url,
        intake=settings.intake_database_url or settings.database_url,
        migration=settings.migration_database_url or settings.database_url,
    )
