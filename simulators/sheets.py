"""The files a provider's coordinator and a council would bring: CSV for the imports, JSON for the contracts."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files

from simulators.roster import LONDON, PlannedVisit
from simulators.world import Client, Provider, World

_CONTRACTS = files("simulators") / "data" / "contracts"


def contracts(world: World) -> list[dict[str, object]]:
    """Contracts A (quarter-hour bands, tolerance, capped by visit) and B (by the minute, capped by week)."""
    documents = [json.loads((_CONTRACTS / name).read_bytes()) for name in ("a.json", "b.json")]
    return [document | {"council": world.council} for document in documents]


def uprns(world: World) -> bytes:
    """The places of the invented UPRNs, in the columns of OS Open UPRN."""
    rows = [
        (client.uprn, client.home.easting, client.home.northing, client.home.latitude, client.home.longitude)
        for provider in world.providers
        for client in provider.clients
    ]
    return _csv(("UPRN", "X_COORDINATE", "Y_COORDINATE", "LATITUDE", "LONGITUDE"), rows)


def carers(provider: Provider) -> bytes:
    """The provider's carers."""
    return _csv(("carer", "branch"), [(carer.code, provider.branch) for carer in provider.carers])


def clients(world: World, provider: Provider) -> bytes:
    """The provider's clients, each placed as `addressed` says and fenced by a polygon or a radius."""
    header = (
        "client",
        "branch",
        "council",
        "council_reference",
        "name",
        "address",
        "postcode",
        "uprn",
        "latitude",
        "longitude",
        "easting",
        "northing",
        "radius_m",
        "polygon",
        "lives_alone",
        "lacks_capacity",
    )
    return _csv(header, [_client_row(world, provider, client) for client in provider.clients])


def _client_row(world: World, provider: Provider, client: Client) -> Sequence[object]:
    wgs84, grid = client.addressed == "wgs84", client.addressed == "grid"
    return (
        client.code,
        provider.branch,
        world.council,
        client.council_reference,
        client.name,
        client.address,
        client.home.postcode,
        client.uprn if client.addressed == "uprn" else "",
        client.home.latitude if wgs84 else "",
        client.home.longitude if wgs84 else "",
        client.home.easting if grid else "",
        client.home.northing if grid else "",
        "" if client.radius_m is None or client.polygon else client.radius_m,
        _wkt(client.polygon) if client.polygon else "",
        "yes" if client.lives_alone else "no",
        "yes" if client.lacks_capacity else "no",
    )


def commissions(world: World, provider: Provider) -> bytes:
    """What the council bought from the provider."""
    header = (
        "commission",
        "client",
        "council",
        "contract",
        "service",
        "start_date",
        "days",
        "start_time",
        "minutes",
        "carers",
        "time_critical",
        "short_visit_agreed",
    )
    rows = [
        (
            bought.code,
            bought.client,
            world.council,
            bought.contract,
            "home care",
            bought.first_day.isoformat(),
            bought.days,
            bought.start_time,
            bought.minutes,
            bought.carers,
            "yes" if bought.time_critical else "no",
            "yes" if bought.short_visit_agreed else "no",
        )
        for bought in provider.commissions
    ]
    return _csv(header, rows)


def roster(visits: Iterable[PlannedVisit]) -> bytes:
    """What the provider planned, in local time."""
    header = ("visit", "client", "commission", "start", "minutes", "carers", "carers_needed", "cancelled")
    rows = [
        (
            visit.visit,
            visit.client,
            visit.commission,
            visit.start.astimezone(LONDON).strftime("%Y-%m-%dT%H:%M"),
            visit.minutes,
            ";".join(visit.carers),
            len(visit.carers),
            visit.cancelled or "",
        )
        for visit in visits
    ]
    return _csv(header, rows)


def _wkt(ring: Sequence[tuple[float, float]]) -> str:
    return f"POLYGON (({', '.join(f'{longitude} {latitude}' for longitude, latitude in ring)}))"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
