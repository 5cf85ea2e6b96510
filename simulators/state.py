"""How far the rehearsal has come, kept so that a second run goes on where the first left off."""

import os
from datetime import date
from pathlib import Path
from typing import Self

import msgspec

from simulators.replies import Account


class OtherMorning(Exception):
    """The state on disc belongs to a morning other than the one asked for."""


class DayState(msgspec.Struct):
    """The rehearsal so far.

    `done` names the steps of the setting up that were answered, `staff` the accounts made (by username),
    `links` the link of each tag and card by its id, `step` how many steps of the morning are complete, `undone`
    what the office could not do, `scored` whether the end was set against the truth.
    """

    seed: int
    day: date
    scale: float
    council: str
    done: list[str] = []
    staff: dict[str, Account] = {}
    links: dict[str, str] = {}
    step: int = 0
    undone: list[str] = []
    scored: bool = False

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The state kept at a path, or None when no rehearsal began here."""
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else None

    def save(self, path: Path) -> None:
        """Keep the state, readable by its owner only: it holds passwords of invented staff."""
        draft = path.with_suffix(".part")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self), indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def write_tokens(self, folder: Path) -> None:
        """Write each account's API token to a file of its own, for use with curl; readable by the owner only."""
        folder.mkdir(exist_ok=True)
        for username, account in self.staff.items():
            path = folder / username
            path.touch(0o600)
            path.write_text(f"{account.token}\n", encoding="utf-8")

    def token(self, username: str) -> str:
        """The token of an account; KeyError when it was not made."""
        return self.staff[username].token


def open_state(path: Path, seed: int, day: date, scale: float, council: str) -> DayState:
    """The state to go on from, or a new one; OtherMorning when the one kept is of another morning."""
    kept = DayState.load(path)
    if kept is None:
        return DayState(seed=seed, day=day, scale=scale, council=council)
    if (kept.seed, kept.day, kept.scale, kept.council) != (seed, day, scale, council):
        raise OtherMorning(
            f"{path} holds the morning of {kept.day} (seed {kept.seed}, scale {kept.scale:g}, council {kept.council}); "
            "ask for that one, use another --state, or remove this one (make clean)"
        )
    return kept
