"""A server in trouble: what it says of its disk and memory means that it is away for now, not that we have a bug."""

import pytest

from ecm.db.errors import DatabaseUnavailable


@pytest.mark.parametrize("trouble", ["disk_full", "out_of_memory", "insufficient_resources", "io_error"])
async def test_promise_1_a_server_without_resources_is_unavailable_and_the_gate_works_afterwards(database, trouble):
    with pytest.raises(DatabaseUnavailable):
        async with database.transaction("store") as connection:
            await connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no more' USING ERRCODE = '{trouble}'; END $$")
    async with database.transaction("look") as connection:
        assert await connection.fetchval("SELECT 1") == 1
