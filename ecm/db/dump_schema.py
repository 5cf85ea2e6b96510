"""Write schema.sql, the sum of the migrations, for people to read: ``python -m ecm.db.dump_schema``."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from ecm.db.embedded.housing import packaged_binaries
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.errors import ServerFailed
from ecm.db.migrations import migrate
from ecm.words.clock import SystemClock

SCHEMA_FILE = Path(__file__).with_name("schema.sql")
_HEADING = "-- The sum of the migrations, written by `python -m ecm.db.dump_schema`; a test holds it to them.\n\n"
_NOISE = re.compile(r"--.*|SET \w+ = .*;|SELECT pg_catalog\.set_config\(.*|\\(?:un)?restrict .*")


async def dump_schema(url: str) -> str:
    """Describe the database at `url` as SQL: tables, constraints, indexes, policies, grants; no owners.

    What pg_dump says of itself and of its session is left out. Raises ServerFailed when pg_dump fails.
    """
    programs = await asyncio.to_thread(packaged_binaries)
    process = await asyncio.create_subprocess_exec(
        str(programs / "pg_dump"),
        "--schema-only",
        "--no-owner",
        f"--dbname={url}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    if process.returncode != 0:
        raise ServerFailed(f"pg_dump failed: {complaint.decode(errors='replace').strip()}")
    lines = (line for line in output.decode().splitlines() if _NOISE.fullmatch(line) is None)
    statements = re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()
    return f"{_HEADING}{statements}\n"


async def _write() -> None:
    with tempfile.TemporaryDirectory(prefix="ecm-schema-") as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o755)
        async with EmbeddedServer(Path(folder) / "server") as server:
            await server.ensure_database("ecm")
            await migrate(server.urls("ecm").migration, applied_at=SystemClock().now())
            schema = await dump_schema(server.urls("ecm").migration)
    await asyncio.to_thread(SCHEMA_FILE.write_text, schema, encoding="utf-8")
    sys.stdout.write(f"{SCHEMA_FILE}\n")


if __name__ == "__main__":
    asyncio.run(_write())
