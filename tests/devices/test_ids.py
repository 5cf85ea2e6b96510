"""Ids that sort by time, against the example of RFC 9562."""

from datetime import UTC, datetime
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from devices.ids import RANDOM_BITS, uuid7

instants = st.datetimes(timezones=st.just(UTC))
chances = st.integers(0, 2**RANDOM_BITS - 1)


def test_the_example_of_rfc_9562_comes_out_as_printed():
    at = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert uuid7(at, 0xCC3 << 64 | 0x18C4DC0C0C07398F) == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


@given(instants, chances)
def test_whatever_the_instant_and_the_chance_it_is_of_version_7(at, chance):
    phone = uuid7(at, chance)
    assert (phone.version, phone.variant) == (7, RFC_4122)


@given(instants, chances, instants, chances)
def test_ids_of_different_milliseconds_sort_by_time(one, its_chance, other, other_chance):
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first, second = (max(epoch, at.replace(microsecond=at.microsecond // 1000 * 1000)) for at in (one, other))
    if first != second:
        assert (uuid7(one, its_chance) < uuid7(other, other_chance)) == (first < second)
