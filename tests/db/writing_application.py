"""An application that starts the server of the folder given, writes without end and prints what is committed."""

import asyncio
import sys
from itertools import count
from pathlib import Path

import asyncpg

from ecm.db.embedded.server import EmbeddedServer


async def _write(state_dir: Path) -> None:
    async with EmbeddedServer(state_dir) as server:
        connection = await asyncpg.connect(server.dsn())
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (id bigint PRIMARY KEY)")
        for number in count():
            await connection.execute("INSERT INTO kept VALUES ($1)", number)
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


asyncio.run(_write(Path(sys.argv[1])))
