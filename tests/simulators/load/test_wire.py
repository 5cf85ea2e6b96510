import itertools
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.load.wire import BrokenReply, Parcel, Reply, ReplyReader, Target, count_answers, parcel_body, stamp

ACCEPTED = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\nDate: today\r\n\r\n{"a":"b"}'
DECLINED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length:2\r\nRETRY-AFTER: 2\r\nConnection: close\r\n\r\n{}"


@given(st.lists(st.integers(0, len(ACCEPTED + DECLINED)), max_size=8))
def test_replies_are_read_alike_however_the_stream_is_cut(cuts) -> None:
    stream = ACCEPTED + DECLINED
    edges = [0, *sorted(cuts), len(stream)]
    reader = ReplyReader()
    replies = [reply for start, end in itertools.pairwise(edges) for reply in reader.feed(stream[start:end])]
    assert replies == [Reply(200, None, True, b'{"a":"b"}'), Reply(503, 2.0, False, b"{}")]


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-somebody-else\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_reply_of_known_length_is_refused(stream) -> None:
    with pytest.raises(BrokenReply):
        ReplyReader().feed(stream)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9990, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 – bounds
def test_every_time_of_sending_takes_the_same_room_and_reads_back(instant) -> None:
    stamped = stamp(instant)
    assert len(stamped) == 27
    assert datetime.fromisoformat(stamped.decode()) == instant


def test_the_time_of_sending_is_set_into_a_body_that_was_made_before() -> None:
    parcel = Parcel(0, 2, "link", ("a", "b"), parcel_body(["one~", "two~"]))
    head, rest = Target("http://127.0.0.1:8080").request(
        parcel, datetime(2026, 11, 20, 9, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    )
    fields, _, opening = head.partition(b"\r\n\r\n")
    body = opening + rest
    assert fields.startswith(b"POST /v1/check-ins HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert fields.endswith(b"Content-Length: %d" % len(body))
    assert msgspec.json.decode(body) == {"sent_at": "2026-11-20T08:01:12.000000Z", "check_ins": ["one~", "two~"]}


def receipt(*statuses: str) -> bytes:
    answers = [{"status": status, "check_in": None} for status in statuses]
    return msgspec.json.encode({"received_at": datetime(2026, 11, 20, tzinfo=UTC), "answers": answers})


def test_answers_are_counted_with_or_without_spaces_in_the_receipt() -> None:
    compact = receipt("recorded", "duplicate", "recorded")
    expected = {"recorded": 2, "duplicate": 1}
    for body in (compact, msgspec.json.format(compact)):
        counts = count_answers(body, 3)
        assert counts is not None
        assert {status: count for status, count in counts.items() if count} == expected


@pytest.mark.parametrize("body", [receipt("recorded"), receipt(), b"{}", b"<html>", b""])
def test_a_receipt_that_does_not_account_for_each_check_in_is_no_answer(body) -> None:
    assert count_answers(body, 2) is None
