"""What the service concluded, fetched over HTTP as its users would fetch it."""

import asyncio
import csv
import io
import uuid
from pathlib import Path

import msgspec

from devices.sd_jwt import read_check_in
from simulators.client import Refusal, ServiceClient
from simulators.outbox import Outbox
from simulators.registration import AT_ONCE, OFFICER, coordinator_of, manager_of
from simulators.replies import Alert, Alerts, Candidate, Candidates, Visit, Visits
from simulators.state import DayState
from simulators.world import Provider, World

_NOT_FOUND = 404


class Line(msgspec.Struct, frozen=True):
    """One line of the reconciliation, as far as it is scored."""

    provider: str
    visit: str | None
    client: str
    carer: str | None
    outcome: str
    delivered_minutes: int | None
    paid_minutes: int


class ProviderConclusions(msgspec.Struct, frozen=True):
    """What the service says about one provider."""

    provider: uuid.UUID
    visits: list[Visit]
    alerts: list[Alert]
    candidates: list[Candidate]
    lines: list[Line]


class Conclusions(msgspec.Struct, frozen=True):
    """What the service says about the whole morning; `lost` names answered check-ins it no longer has."""

    providers: list[ProviderConclusions]
    lost: list[str]


async def fetch(
    service: ServiceClient, state: DayState, world: World, outbox: Outbox, folder: Path
) -> tuple[Conclusions, Path]:
    """Fetch everything, and keep the council's hours as CSV and XLSX in the folder.

    Returns the conclusions and the path of the CSV file. Visits and alerts are read as coordinators see them,
    candidates as registered managers, hours as the council officer.
    """
    hours = await _hours(service, state, world, folder)
    lines = _lines(hours)
    providers = [await _provider(service, state, world, provider, lines) for provider in world.providers]
    return Conclusions(providers, await _lost(service, state, world, outbox)), hours


async def _provider(
    service: ServiceClient, state: DayState, world: World, provider: Provider, lines: list[Line]
) -> ProviderConclusions:
    coordinator = state.token(coordinator_of(provider))
    manager = state.token(manager_of(provider))
    days = [await service.get("/v1/visits", coordinator, Visits, day=day.isoformat()) for day in world.days]
    alerts = service.pages("/v1/alerts", coordinator, Alerts, state="all")
    candidates = service.pages("/v1/candidates", manager, Candidates)
    return ProviderConclusions(
        provider=provider.provider_id,
        visits=[visit for day in days for visit in day.visits],
        alerts=[alert async for page in alerts for alert in page.alerts],
        candidates=[candidate async for page in candidates for candidate in page.candidates],
        lines=[line for line in lines if line.provider == str(provider.provider_id)],
    )


async def _hours(service: ServiceClient, state: DayState, world: World, folder: Path) -> Path:
    """Each provider's hours as CSV and XLSX, and one CSV of them all."""
    first, last = (day.isoformat() for day in world.days)
    together: list[bytes] = []
    for provider in world.providers:
        query = {"provider": str(provider.provider_id), "from": first, "to": last}
        for kind in ("xlsx", "csv"):
            asked = query | {"format": kind}
            content = await service.send("GET", "/v1/reconciliation", state.token(OFFICER), query=asked)
            (folder / f"hours_{provider.branch}_{last}.{kind}").write_bytes(content)
            if kind == "csv":
                together.append(content.partition(b"\r\n")[2] if together else content)
    path = folder / f"hours_{world.council}_{last}.csv"
    path.write_bytes(b"".join(together))
    return path


def _lines(hours: Path) -> list[Line]:
    rows = csv.DictReader(io.StringIO(hours.read_bytes().decode("utf-8-sig"), newline=""))
    return [
        Line(
            provider=row["provider"],
            visit=row["visit"] or None,
            client=row["client"],
            carer=row["carer"] or None,
            outcome=row["outcome"],
            delivered_minutes=int(row["delivered_minutes"]) if row["delivered_minutes"] else None,
            paid_minutes=int(row["paid_minutes"] or 0),
        )
        for row in rows
    ]


async def _lost(service: ServiceClient, state: DayState, world: World, outbox: Outbox) -> list[str]:
    """Check-ins that were answered as recorded and that the service cannot show again."""
    stored = {entry.key for entry in outbox.answers if entry.status in {"recorded", "duplicate"}}
    owners = {carer.code: provider for provider in world.providers for carer in provider.carers}
    seats = asyncio.Semaphore(AT_ONCE)
    lost: list[str] = []

    async def look(key: str, carer: str, message: str) -> None:
        provider = owners[carer]
        said = read_check_in(message)
        path = f"/v1/check-ins/{provider.provider_id}/{said.device_id}/{said.body.check_in}"
        async with seats:
            try:
                await service.send("GET", path, state.token(coordinator_of(provider)))
            except Refusal as refusal:
                if refusal.status != _NOT_FOUND:
                    raise
                lost.append(key)

    async with asyncio.TaskGroup() as group:
        for signed in outbox.check_ins():
            if signed.key in stored:
                group.create_task(look(signed.key, signed.carer, signed.message))
    return sorted(lost)
