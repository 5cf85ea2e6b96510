"""Promise 10: coordinates go on their clock, and all else stays."""

from datetime import timedelta
from uuid import UUID

from ecm.intake.purge import Purge
from tests.arranging import Arranged, HandClock, at

NOW = at("12:00")


async def located(house: Arranged, check_in: int, received_at) -> None:
    await house.superuser.execute(
        "INSERT INTO check_in_locations (provider_id, device_id, check_in_id, received_at, disclosure)"
        " VALUES ($1, $2, $3, $4, 'disclosure')",
        house.provider,
        UUID(int=1),
        UUID(int=check_in),
        received_at,
    )


async def test_promise_10_coordinates_go_on_their_clock_and_all_else_stays(arranged, database):
    purge = Purge(database, HandClock(NOW))
    other = await Arranged(arranged.database, arranged.superuser).begin()
    for house in (arranged, other):
        await house.check_in(None, "in", at("08:00"))
        await located(house, 1, NOW - timedelta(days=90, seconds=1))
        await located(house, 2, NOW - timedelta(days=90))

    assert await purge.once(timedelta(days=90)) == 2
    assert await purge.once(timedelta(days=90)) == 0

    for house in (arranged, other):
        assert [row["check_in_id"] for row in await house.rows("check_in_locations")] == [UUID(int=2)]
        assert len(await house.rows("check_ins")) == 1
        (told,) = await house.rows("audit_events")
        assert (told["tag"], told["actor"]) == ("intake:locations:purged", "service")
        assert '"count": 1' in told["detail"]
