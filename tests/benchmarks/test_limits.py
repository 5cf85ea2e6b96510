"""The limits are only honest while they store what the service stores."""

import asyncpg

from devices.keys import PrivateKey
from ecm.db.pool import DatabaseUrls
from simulators.load.fleet import Fleet, grow
from simulators.load.signing import chains, sign_chains
from tests.benchmarks.limits import Sample, insert_bare, insert_plain, sample, verify_signatures


def signed_sample() -> Sample:
    fleet = Fleet(1, "synthetic")
    grow(fleet, 2)
    parcels = [parcel for chain in sign_chains(chains(fleet, range(2), 4, 5)) for parcel in chain]
    return sample(fleet, lambda number: PrivateKey.from_seed(fleet.key(number)).public_jwk(), parcels)


async def test_the_bare_insert_stores_the_rows_of_a_check_in_and_its_location_and_fold_request(
    database_urls: DatabaseUrls, superuser: asyncpg.Connection
) -> None:
    inserted = await insert_bare(database_urls.intake, signed_sample(), 10, 45)
    assert inserted.check_ins == 45
    assert len(inserted.milliseconds) == 5
    for table in ("check_ins", "check_in_locations", "fold_requests"):
        assert await superuser.fetchval(f"SELECT count(*) FROM {table}") == 45


async def test_the_plain_insert_stores_the_same_check_ins_alone(
    database_urls: DatabaseUrls, superuser: asyncpg.Connection
) -> None:
    await insert_bare(database_urls.intake, signed_sample(), 10, 45)
    inserted = await insert_plain(database_urls.migration, 10, 45)
    assert inserted.check_ins == 45
    difference = "SELECT count(*) FROM (SELECT * FROM plain_check_ins EXCEPT SELECT * FROM check_ins) AS other"
    assert await superuser.fetchval(difference) == 0
    assert await superuser.fetchval("SELECT count(*) FROM plain_check_ins") == 45


def test_signatures_are_verified_for_as_long_as_asked() -> None:
    assert verify_signatures(signed_sample(), 0.05) > 100
