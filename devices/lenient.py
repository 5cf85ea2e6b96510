"""What can still be read of a check-in that is not as it should be: each part by itself, with a doubt for each loss.

Whoever signs a check-in has nothing else to show for a visit. So nothing in here refuses: what cannot be read is left
out and named, and all else stands. The signed bytes are kept as they were sent, whatever is made of them here.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from devices.encoding import Unreadable, b64url_decode
from devices.messages import (
    AccuracyBasis,
    CheckInBody,
    Code,
    Direction,
    Evidence,
    Gps,
    LinkRead,
    LinkText,
    Manual,
    ManualReason,
    ReadingDoubt,
    VisitHint,
)

T = TypeVar("T")
Json = dict[str, Any]

MAX_ACCURACY_M: Final = 100_000_000
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for a time that could not be read; no visit is that old."""

_VAGUEST: Final[AccuracyBasis] = "apple"
_OTHER: Final[ManualReason] = "OTHER_WITH_MEMO"
_MEMO_CHARACTERS: Final = 500
_MOST_SEQUENCE: Final = 2**53
_MOST_SECONDS: Final = 2**31 - 1
_MOST_DIGITS: Final = 1_000
_DIGEST_BYTES: Final = 32
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_LEAP_SECOND: Final = re.compile(r"(T\d\d:?\d\d:?)60(?=[.,Z+-])")
_LINK: Final = re.compile(r"\S.{0,2047}", re.DOTALL)


class Doubts(set[ReadingDoubt]):
    """The doubts found while reading one check-in."""

    def read(self, doubt: ReadingDoubt, reading: Callable[[], T | None]) -> T | None:
        """Return what `reading` gives; None, and the doubt, where it gives none or fails on what was sent."""
        try:
            found = reading()
        except (msgspec.ValidationError, Unreadable, ValueError, TypeError, OverflowError):
            found = None
        if found is None:
            self.add(doubt)
        return found


def read_json(data: bytes) -> object:
    """Read JSON that a stricter reader has declined; None for what is none.

    Bytes that are no UTF-8 become U+FFFD; lone surrogates, endless numbers and the last of two like names are taken.
    """
    try:
        return json.loads(data.decode("utf-8-sig", "replace"), parse_int=_whole)
    except (ValueError, RecursionError):
        return None


def _whole(digits: str) -> float:
    """A whole number; one longer than Python reads is beyond every bound of ours."""
    return int(digits) if len(digits) < _MOST_DIGITS else math.inf


def read_body(payload: bytes, id_if_unreadable: UUID, doubts: Doubts) -> CheckInBody:
    """Read what can be read of a payload; `id_if_unreadable` stands in for the check-in's id."""
    told = read_json(payload)
    if not isinstance(told, dict):
        doubts.add("unreadable_body")
        told = {}
    if told.get("version") != 1 or isinstance(told["version"], bool):
        doubts.add("unreadable_version")
    check_in = doubts.read("unreadable_id", lambda: msgspec.convert(told.get("check_in"), UUID))
    return CheckInBody(
        version=1,
        check_in=check_in or id_if_unreadable,
        sequence=doubts.read("unreadable_sequence", lambda: _sequence(told.get("sequence"))) or 0,
        previous=_previous(told, doubts),
        direction=doubts.read("unreadable_direction", lambda: _direction(told.get("direction"))),
        at=doubts.read("unreadable_time", lambda: read_instant(told.get("at"))) or EARLIEST,
        carer=doubts.read("unreadable_carer", lambda: _code(told.get("carer"), Code)),
        client=_optional(told, "client", Code, "unreadable_client", doubts),
        visit=_optional(told, "visit", VisitHint, "unreadable_visit", doubts),
        evidence=_evidence(told, doubts),
    )


def read_instant(told: object) -> datetime:
    """Read an instant with its offset, in UTC: seconds may be left out, and a leap second is the one after it.

    Raises ValueError for what is none, or lies outside the years 1970 to 9999.
    """
    text, leaps = _LEAP_SECOND.subn(r"\g<1>59", str(told).strip().upper().replace(" ", "T", 1))
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("An instant has an offset.")
    try:
        found = instant.astimezone(UTC) + timedelta(seconds=leaps)
    except OverflowError:
        raise ValueError("The instant lies outside the calendar.") from None
    if found < EARLIEST:
        raise ValueError("The instant lies before 1970.")
    return found


def read_gps(told: object, doubts: Doubts) -> Gps | None:
    """Read a location fix; None, with a doubt, for no position on Earth, or an accuracy that none can have.

    What says how good the fix is stands by itself. An unknown basis counts as the vaguest one, an age that is not
    known as the oldest.
    """
    if not isinstance(told, dict):
        doubts.add("unreadable_fix")
        return None
    latitude, longitude = _number(told.get("latitude"), -90, 90), _number(told.get("longitude"), -180, 180)
    accuracy = _number(told.get("accuracy"), 0, MAX_ACCURACY_M)
    if latitude is None or longitude is None or (accuracy is None and told.get("accuracy") is not None):
        doubts.add("unreadable_fix")
        return None
    mock = told.get("mock")
    basis: AccuracyBasis | None = doubts.read("unreadable_accuracy_basis", lambda: _basis(told.get("accuracy_basis")))
    if not isinstance(mock, bool):
        doubts.add("unreadable_mock")
    return Gps(latitude, longitude, accuracy, basis or _VAGUEST, _fix_age(told.get("fix_age"), doubts), mock is True)


def _basis(told: object) -> AccuracyBasis:
    basis: AccuracyBasis = msgspec.convert(told, AccuracyBasis)
    return basis


def _sequence(told: object) -> int | None:
    whole = isinstance(told, int) and not isinstance(told, bool)
    if isinstance(told, float) and told.is_integer():
        told, whole = int(told), True
    return told if whole and isinstance(told, int) and 1 <= told <= _MOST_SEQUENCE else None


def _direction(told: object) -> Direction | None:
    text = told.strip().lower() if isinstance(told, str) else ""
    return "in" if text == "in" else "out" if text == "out" else None


def _previous(told: Json, doubts: Doubts) -> str | None:
    previous = told.get("previous", ...)
    if previous is None:
        return None

    def reading() -> str | None:
        return previous if isinstance(previous, str) and read_digest(previous) else None

    return doubts.read("unreadable_previous", reading)


def read_digest(text: str) -> bytes:
    """Read the digest by which a check-in names the one before; raises Unreadable."""
    if not text.isascii():
        raise Unreadable("unreadable", "The link to the previous check-in is not unpadded base64url.")
    digest = b64url_decode(text.encode("ascii"), "link to the previous check-in")
    if len(digest) != _DIGEST_BYTES:
        raise Unreadable("unreadable", "The link to the previous check-in must be 32 bytes.")
    return digest


def _code(told: object, shape: Any) -> str | None:
    """Read a code as `shape`; blanks around it are no part of it."""
    text: str = msgspec.convert(told.strip() if isinstance(told, str) else told, shape)
    return text


def _optional(told: Json, member: str, shape: Any, doubt: ReadingDoubt, doubts: Doubts) -> str | None:
    value = told.get(member)
    return None if value is None else doubts.read(doubt, lambda: _code(value, shape))


def _evidence(told: Json, doubts: Doubts) -> Evidence:
    given = told.get("evidence")
    if not isinstance(given, dict):
        doubts.update({"unreadable_evidence"} if given is not None else ())
        given = {}
    if "gps" in given:
        doubts.add("location_in_clear")
    evidence = Evidence(
        sd=_digests(given.get("_sd"), told.get("_sd_alg"), doubts),
        nfc=_link(given.get("nfc"), doubts),
        qr=_link(given.get("qr"), doubts),
        manual=_manual(given.get("manual"), doubts),
    )
    if not (evidence.sd or evidence.nfc or evidence.qr or evidence.manual):
        doubts.add("no_evidence")
    return evidence


def _digests(told: object, algorithm: object, doubts: Doubts) -> list[str] | None:
    if told is None:
        return None
    if not isinstance(told, list) or (algorithm is not None and algorithm != "sha-256"):
        doubts.add("unreadable_evidence")
        return None
    digests = list(dict.fromkeys(digest for digest in told if isinstance(digest, str)))
    if len(digests) != len(told):
        doubts.add("unreadable_evidence")
    return digests or None


def _link(told: object, doubts: Doubts) -> LinkRead | None:
    if told is None:
        return None

    def reading() -> LinkRead | None:
        link = told.get("link") if isinstance(told, dict) else told
        if not isinstance(link, str):
            return None
        match = _LINK.match(_storable(link).strip())
        return LinkRead(msgspec.convert(match[0], LinkText)) if match else None

    return doubts.read("unreadable_evidence", reading)


def _manual(told: object, doubts: Doubts) -> Manual | None:
    if told is None:
        return None
    if not isinstance(told, dict):
        doubts.add("unreadable_reason")
        return Manual(_OTHER)

    def reading() -> ManualReason | None:
        reason: ManualReason = msgspec.convert(told.get("reason"), ManualReason)
        return reason

    reason: ManualReason | None = doubts.read("unreadable_reason", reading)
    memo = _memo(told.get("memo"), doubts)
    if reason == _OTHER and not (memo or "").strip():
        doubts.add("unreadable_memo")
    return Manual(reason or _OTHER, memo)


def _memo(told: object, doubts: Doubts) -> str | None:
    if told is None:
        return None
    if not isinstance(told, str):
        doubts.add("unreadable_memo")
        return None
    memo = _storable(told)
    if memo != told:
        doubts.add("unreadable_memo")
    if len(memo) > _MEMO_CHARACTERS:
        doubts.add("memo_cut")
        memo = f"{memo[: _MEMO_CHARACTERS - 1]}…"
    return memo


def _fix_age(told: object, doubts: Doubts) -> int:
    """Whole seconds, rounded away from the check-in so that no fix gets fresher by it."""
    unclear = isinstance(told, bool) or (isinstance(told, float) and math.isnan(told))
    if unclear or not isinstance(told, int | float):
        doubts.add("unreadable_fix_age")
        return _MOST_SECONDS
    bounded = max(-_MOST_SECONDS, min(_MOST_SECONDS, told))
    return math.ceil(bounded) if bounded > 0 else math.floor(bounded)


def _number(told: object, least: float, most: float) -> float | None:
    """A number within its bounds; None for what is none, NaN included."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not least <= told <= most:
        return None
    return float(told)


def _storable(text: str) -> str:
    """The text with U+FFFD for what no database and no file can hold: NUL, and halves of characters."""
    return _UNSTORABLE.sub("\ufffd", text)
