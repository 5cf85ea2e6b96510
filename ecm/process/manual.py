"""The manual of the settings, made from them: docs/settings.md is what `ecm settings` prints."""

from typing import Final

from ecm.process.settings import SETTINGS, Setting

_HEAD: Final = """\
# Settings

Everything an operator can set, as `ecm settings` prints it from the settings themselves; a test holds this page to it.
Each is read once, at the start. A flag of `ecm serve` counts before the variable, and that before the default; an empty
variable counts as none. A variable that begins with `ECM_` and is not named here changes nothing, and is named in a
line of the log (`process.settings.ignored`).

| variable | flag | default | may be | meaning |
| --- | --- | --- | --- | --- |
"""


def manual() -> str:
    """Return the manual of all settings as Markdown."""
    return _HEAD + "".join(f"{_row(setting)}\n" for setting in SETTINGS)


def help_line(setting: Setting) -> str:
    """Return what `--help` says of a setting; its bounds are told by the option itself."""
    otherwise = f"{setting.variable}; {setting.default}" if setting.variable else setting.default
    return f"{setting.description} ({otherwise})"


def _row(setting: Setting) -> str:
    cells = (
        f"`{setting.variable}`" if setting.variable else "",
        f"`{setting.flag}`" if setting.flag else "",
        _with_unit(setting.default, setting),
        _may_be(setting),
        setting.description,
    )
    return "| " + " | ".join(cells) + " |"


def _may_be(setting: Setting) -> str:
    if setting.kind is int:
        return _with_unit(f"{setting.least} to {setting.most}", setting)
    return "" if setting.kind is bool else "a path" if setting.field == "state_dir" else "text"


def _with_unit(text: str, setting: Setting) -> str:
    return text if setting.unit is None else f"{text} {setting.unit}"
