"""What a typed time is held to: the visit's own window and longest stay, the clock, and the time that stands. Pure.

Every limit includes its boundary; `docs/visits.md` says why each is what it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ecm.visits.limits import WINDOW, longest_stay
from ecm.visits.model import Amendment, Stay
from ecm.words.civil_time import LONDON

# How far ahead of this clock the office's may be.
AHEAD: Final = timedelta(minutes=5)
REMARK_AHEAD: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Held:
    """What an amendment is held against.

    `begins_at` is the planned start, or the check-in that an unplanned visit is named after; `planned_minutes` is 0 for
    one that was not planned. `in_at` and `out_at` are the times that stand for this carer, None where none is known.
    """

    begins_at: datetime
    planned_minutes: int
    in_at: datetime | None
    out_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an amendment is not taken: the member of the message that is wrong, and one sentence for a person."""

    member: str
    why: str


def window(begins_at: datetime, planned_minutes: int) -> tuple[datetime, datetime]:
    """Return the first and the last instant at which somebody may arrive."""
    return begins_at - WINDOW, begins_at + max(WINDOW, timedelta(minutes=planned_minutes))


def standing(
    stays: Iterable[Stay], in_force: Iterable[Amendment], amendment: Amendment
) -> tuple[datetime | None, datetime | None]:
    """Return the arrival and the departure that an amendment of one time leaves as they stand, None where unknown.

    They are those of amendments in force, oldest first; where there is none, those of the stay that the amended time
    becomes part of: the first of the carer's stays for an arrival, the last for a departure, without the stays that
    would lie wholly outside.
    """
    own = sorted((stay for stay in stays if stay.carer == amendment.carer), key=lambda stay: stay.at)
    if amendment.in_at is not None:
        while len(own) > 1 and (own[0].out_at or own[0].at) <= amendment.in_at:
            own.pop(0)
    elif amendment.out_at is not None:
        while len(own) > 1 and own[-1].at >= amendment.out_at:
            own.pop()
    in_at, out_at = (own[-1].in_at, own[0].out_at) if own else (None, None)
    for one in in_force:
        if one.carer == amendment.carer:
            in_at, out_at = one.in_at or in_at, one.out_at or out_at
    return in_at, out_at


def unreadable(amendment: Amendment) -> Refusal | None:
    """Return what is wrong with an amendment whatever it is about, or None."""
    if amendment.in_at is None and amendment.out_at is None:
        return Refusal("in_at", "An amendment changes in_at, out_at or both.")
    if amendment.in_at is not None and amendment.out_at is not None and amendment.in_at >= amendment.out_at:
        return Refusal("out_at", "The departure must be later than the arrival: in_at must come before out_at.")
    if amendment.reason == "OTHER_WITH_MEMO" and not has_words(amendment.memo):
        return Refusal("memo", "The reason OTHER_WITH_MEMO needs a memo in words.")
    return None


def refusal(amendment: Amendment, held: Held, now: datetime) -> Refusal | None:
    """Return why an amendment is not taken at this instant, or None where it is."""
    return (
        unreadable(amendment) or _ahead(amendment, now) or _out_of_window(amendment, held) or _length(amendment, held)
    )


def has_words(text: str | None) -> bool:
    """Say whether a text holds anything to read: at least one letter or digit."""
    return text is not None and any(character.isalnum() for character in text)


def _ahead(amendment: Amendment, now: datetime) -> Refusal | None:
    if amendment.made_at > now + REMARK_AHEAD:
        return Refusal("made_at", "The amendment says that it was made later than now.")
    for member, what, instant in _times(amendment):
        if instant > now + AHEAD:
            return Refusal(member, f"The {what} would be later than now: amend it when it has happened.")
    return None


def _out_of_window(amendment: Amendment, held: Held) -> Refusal | None:
    first, last_arrival = window(held.begins_at, held.planned_minutes)
    last = {"in_at": last_arrival, "out_at": held.begins_at + longest_stay(held.planned_minutes)}
    for member, what, instant in _times(amendment):
        if not first <= instant <= last[member]:
            return Refusal(
                member, f"The {what} at this visit must lie between {_said(first)} and {_said(last[member])}."
            )
    return None


def _length(amendment: Amendment, held: Held) -> Refusal | None:
    """Set both ends against each other, the one that is not amended as it stands."""
    in_at, out_at = amendment.in_at or held.in_at, amendment.out_at or held.out_at
    if in_at is None or out_at is None:
        return None
    if in_at >= out_at and amendment.out_at is None:
        return Refusal("in_at", f"The arrival must be earlier than the departure that stands, {_said(out_at)}.")
    if in_at >= out_at:
        return Refusal("out_at", f"The departure must be later than the arrival that stands, {_said(in_at)}.")
    longest = longest_stay(held.planned_minutes)
    if out_at - in_at > longest:
        member = "in_at" if amendment.out_at is None else "out_at"
        return Refusal(
            member, f"The stay would last {_length_said(out_at - in_at)}; here it may last {_length_said(longest)}."
        )
    return None


def _times(amendment: Amendment) -> list[tuple[str, str, datetime]]:
    given = (("in_at", "arrival", amendment.in_at), ("out_at", "departure", amendment.out_at))
    return [(member, what, instant) for member, what, instant in given if instant is not None]


def _said(instant: datetime) -> str:
    local = instant.astimezone(LONDON)
    return f"{local:%H:%M} on {local.day} {local:%B %Y}"


def _length_said(length: timedelta) -> str:
    minutes = -(-length // timedelta(minutes=1))
    return f"{minutes // 60} h {minutes % 60:02d} min"
