"""Aim schemathesis at a running service: `python -m tests.fuzz [--examples N]`.

It is run once for each role, each against the same service, with a provider, a council and some care to find.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.running import RunningService, client, running_service

PROVIDER = "0197a000-0000-7000-8000-000000000001"
COUNCIL = "E10000015"
ACCOUNTS = (
    ("coordinator", {"provider": PROVIDER}),
    ("registered_manager", {"provider": PROVIDER}),
    ("council_officer", {"council": COUNCIL}),
)


async def tokens(service: RunningService) -> dict[str, str]:
    """Make an account of each role and return its token."""
    made = {"operator": service.operator}
    async with client(service, service.operator) as session:
        await (await session.post("/v1/councils", json={"council": COUNCIL, "name": "Synthetic council"})).read()
        branch = {
            "branch": "L1",
            "name": "Synthetic branch",
            "cqc_provider": "1-000000001",
            "cqc_location": "1-000000002",
        }
        provider = {"provider": PROVIDER, "name": "Synthetic Care", "branches": [branch]}
        await (await session.post("/v1/providers", json=provider)).read()
        for role, scope in ACCOUNTS:
            answer = await session.post("/v1/accounts", json={"username": role, "role": role, **scope})
            made[role] = (await answer.json())["token"]
    return made


async def fuzz(service: RunningService, token: str, examples: int, seed: int) -> int:
    """Run schemathesis as the holder of `token`; return its exit code."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{service.url}/v1/openapi.json",
        "--header",
        f"Authorization: Bearer {token}",
        "--max-examples",
        str(examples),
        "--seed",
        str(seed),
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,"
        "response_headers_conformance,response_schema_conformance",
        "--exclude-path",
        "/v1/rehearsal/clock",
        "--no-color",
    )
    return await process.wait()


async def main(examples: int, seed: int) -> int:
    """Fuzz as every role; return how many runs found something."""
    with tempfile.TemporaryDirectory(prefix="ecm-fuzz-") as folder:
        Path(folder).chmod(0o755)
        async with running_service(Path(folder) / "state", "--rehearsal") as service:
            found = 0
            for role, token in (await tokens(service)).items():
                print(f"as {role}:", flush=True)
                found += await fuzz(service, token, examples, seed) != 0
            return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.examples, arguments.seed)))
