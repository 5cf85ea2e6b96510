"""HTTP/1.1 as lean as it gets: requests put together from prepared bytes, and just enough of a reply read."""

from collections import Counter
from datetime import UTC, datetime
from typing import Final, NamedTuple, get_args
from urllib.parse import urlsplit

import msgspec

from simulators.replies import Answers, AnswerStatus

ANSWERS: Final = get_args(AnswerStatus)
_WORDS: Final[dict[AnswerStatus, bytes]] = {status: f'"status":"{status}"'.encode() for status in ANSWERS}
_OPENING: Final = b'{"sent_at":"'
_STAMP_BYTES: Final = 27
_HEAD_LIMIT: Final = 64 * 1024


class BrokenReply(Exception):
    """What came back is no reply that this client reads."""


class Parcel(msgspec.Struct, frozen=True, gc=False):
    """One request's check-ins, all of one device, signed and encoded; only `sent_at` is missing.

    `device` is the device's number in the fleet, `sequence` that of the last check-in and `link` its digest, which
    the device's next check-in names. `body` is everything that follows the time of sending.
    """

    device: int
    sequence: int
    link: str
    check_ins: tuple[str, ...]
    body: bytes


def parcel_body(messages: list[str]) -> bytes:
    """Encode what follows the time of sending in the body of POST /v1/check-ins."""
    return b'","check_ins":' + msgspec.json.encode(messages) + b"}"


class Target:
    """Where requests go: the service's address, and the request line and headers made ready for it."""

    __slots__ = ("_head", "host", "port", "url")

    def __init__(self, url: str, path: str = "/v1/check-ins") -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError(f"{url} is not an http address")
        self.url = url
        self.host = parts.hostname
        self.port = parts.port or 80
        head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nContent-Length: "
        self._head = head.encode("ascii")

    def request(self, parcel: Parcel, sent_at: datetime) -> tuple[bytes, bytes]:
        """Return a parcel's request in two pieces: everything up to the time of sending, and the rest as it was."""
        length = len(_OPENING) + _STAMP_BYTES + len(parcel.body)
        return b"%b%d\r\n\r\n%b%b" % (self._head, length, _OPENING, stamp(sent_at)), parcel.body


def stamp(instant: datetime) -> bytes:
    """Return an instant in UTC, always as long: 2026-11-20T08:01:12.345678Z."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z".encode("ascii")


class Reply(NamedTuple):
    """A whole reply. `retry_after` is in seconds; `keeps` says whether the connection stays open."""

    status: int
    retry_after: float | None
    keeps: bool
    body: bytes


def count_answers(body: bytes, check_ins: int) -> dict[AnswerStatus, int] | None:
    """Return how often each answer stands in a receipt; None when it does not account for each check-in."""
    counts = {status: body.count(word) for status, word in _WORDS.items()}
    if sum(counts.values()) == check_ins:
        return counts
    try:
        answers = msgspec.json.decode(body, type=Answers).answers
    except msgspec.DecodeError:
        return None
    return None if len(answers) != check_ins else dict(Counter(answer.status for answer in answers))


class ReplyReader:
    """Takes replies out of a stream, however it was cut up."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are now whole; raises BrokenReply for what is none, or has no length."""
        data = self._waiting + data if self._waiting else data
        replies = []
        while data:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                if len(data) > _HEAD_LIMIT:
                    raise BrokenReply("The head of the reply does not end.")
                break
            status, length, retry_after, keeps = _read_head(data[:end])
            if len(data) < end + 4 + length:
                break
            replies.append(Reply(status, retry_after, keeps, data[end + 4 : end + 4 + length]))
            data = data[end + 4 + length :]
        self._waiting = data
        return replies


def _read_head(head: bytes) -> tuple[int, int, float | None, bool]:
    if not head.startswith(b"HTTP/1.1 ") or not head[9:12].isdigit():
        raise BrokenReply("The reply does not begin as HTTP/1.1.")
    lower = head.lower()
    length = _field(lower, b"\r\ncontent-length:")
    if length is None or not length.isdigit():
        raise BrokenReply("The reply does not say how long it is.")
    retry_after = _field(lower, b"\r\nretry-after:")
    waits = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    return int(head[9:12]), int(length), waits, _field(lower, b"\r\nconnection:") != b"close"


def _field(lower: bytes, name: bytes) -> bytes | None:
    start = lower.find(name)
    if start < 0:
        return None
    end = lower.find(b"\r\n", start + 2)
    return lower[start + len(name) : end if end >= 0 else len(lower)].strip()
