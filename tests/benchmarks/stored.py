"""Millions of check-ins stored beforehand, shaped like those that phones send."""

from collections.abc import Callable

import asyncpg

from simulators.load.fleet import Fleet

_AT_ONCE = 500_000
_INSERT = """
    WITH made AS (
        SELECT
            number,
            phone.provider_id,
            phone.device_id,
            phone.carer,
            phone.clients[1 + (number / 2 / cardinality($1::uuid[])) % 2] AS client,
            now() - phone.ago AS at,
            uuidv7(-phone.ago) AS check_in_id
        FROM generate_series($5::bigint, $5 + $7 - 1) AS number
        JOIN unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
            WITH ORDINALITY AS given (provider_id, device_id, carer, client, place)
            ON given.place = 1 + number % cardinality($1::uuid[])
        CROSS JOIN LATERAL (
            SELECT
                given.provider_id,
                given.device_id,
                given.carer,
                string_to_array(given.client, ',') AS clients,
                make_interval(secs => 2 * 365 * 86400.0 * ($6 - number) / $6) AS ago
        ) AS phone
    ),
    located AS (
        INSERT INTO check_in_locations (provider_id, device_id, check_in_id, received_at, disclosure)
        SELECT provider_id, device_id, check_in_id, at, repeat(md5(number::text), 6) FROM made
    )
    INSERT INTO check_ins (
        provider_id, device_id, check_in_id, sequence, direction, carer, client, device_at, received_at, skew_seconds,
        occurred_at, evidence, verdict, distance_m, a95_m, chance_inside, grade, doubts, message_digest, link_digest,
        previous_digest, signed_part
    )
    SELECT
        provider_id, device_id, check_in_id, -number - 1, CASE number % 2 WHEN 0 THEN 'in' ELSE 'out' END, carer,
        client, at, at, 0, at, '{gps}', 'inside', 12.5, 9.5, 0.999, 'located', '{}', sha256(check_in_id::text::bytea),
        sha256(number::text::bytea), sha256((number - 1)::text::bytea), repeat(md5(number::text), 22)
    FROM made
"""


async def store_beforehand(
    connection: asyncpg.Connection, fleet: Fleet, devices: int, rows: int, told: Callable[[int], None]
) -> None:
    """Store check-ins of the fleet's phones over the past two years, their ids as old as they; none is to be folded."""
    phones = fleet.phones[:devices]
    await connection.execute("SET synchronous_commit = off")
    for start in range(0, rows, _AT_ONCE):
        await connection.execute(
            _INSERT,
            [fleet.provider(phone.provider) for phone in phones],
            [phone.device for phone in phones],
            [phone.carer for phone in phones],
            [",".join(place.client for place in phone.places) for phone in phones],
            start,
            rows,
            min(_AT_ONCE, rows - start),
            timeout=3600,
        )
        told(min(start + _AT_ONCE, rows))
    await connection.execute("SET synchronous_commit = on")
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.execute("CHECKPOINT", timeout=3600)
