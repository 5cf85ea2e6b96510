"""An invented council, its providers, carers and clients, and what was commissioned and planned for one morning.

Everything here is synthetic and follows from the seed. Only the postcode units are real.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from simulators.ids import Id, refuse_shared
from simulators.places import (
    Home,
    ImpossibleWorld,
    Postcode,
    authority_name,
    house_in,
    neighbourhood,
    postcodes_of,
    square_around,
)
from simulators.roster import CarePlan, Commission, PlannedVisit, plan_morning
from simulators.seeds import chance, random_id, secret, timed_id

Addressed = Literal["uprn", "grid", "wgs84"]
Algorithm = Literal["EdDSA", "ES256"]

_PROVIDERS = ("Rowan Home Care", "Kingfisher Care at Home", "Lantern Homecare")
_FIRST_NAMES = ("Ada", "Bert", "Clara", "Dilip", "Edna", "Fazal", "Gwen", "Harold", "Ivy", "Joan", "Kofi", "Lil")
_LAST_NAMES = ("Ashdown", "Birchall", "Coppice", "Dunmow", "Elmsett", "Fenwick", "Garston", "Hollin", "Ickleton")
_STREETS = ("Synthetic Row", "Invented Lane", "Madeup Close", "Nowhere Street", "Pretend Way")

CLIENTS_PER_PROVIDER = (32, 26, 36)


@dataclass(frozen=True, slots=True)
class Client:
    """A person cared for. `addressed` says how the provider's file gives the place; the fence is the polygon or,
    without one, a circle of `radius_m` metres (None leaves the service's default)."""

    code: str
    name: str
    address: str
    home: Home
    addressed: Addressed
    uprn: str
    council_reference: str
    radius_m: int | None
    polygon: tuple[tuple[float, float], ...] | None
    lives_alone: bool
    lacks_capacity: bool
    nfc_tag: uuid.UUID | None
    qr_card: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Carer:
    """A care worker and the phone that is theirs for the day."""

    code: str
    device_id: uuid.UUID
    key: bytes
    algorithm: Algorithm


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with one registered branch, its people, and its commissions and roster for the morning.

    Two carers have no round: `relief` makes good what was missed, `floating` is there at night, takes over, looks on.
    """

    provider_id: uuid.UUID
    name: str
    branch: str
    branch_name: str
    cqc_provider: str
    cqc_location: str
    clients: tuple[Client, ...]
    carers: tuple[Carer, ...]
    relief: Carer
    floating: Carer
    commissions: tuple[Commission, ...]
    visits: tuple[PlannedVisit, ...]

    def client(self, code: str) -> Client:
        """The client with a code; KeyError when there is none."""
        return {client.code: client for client in self.clients}[code]

    def commission(self, code: str) -> Commission:
        """The commission with a code; KeyError when there is none."""
        return {commission.code: commission for commission in self.commissions}[code]

    def ids(self) -> Iterator[Id]:
        """Every id of the provider, its people and its morning as planned."""
        yield Id("provider", self.provider_id, self.name)
        yield Id("branch", self.branch, self.name)
        yield Id("pair of CQC ids", f"{self.cqc_provider} {self.cqc_location}", self.name)
        for client in self.clients:
            yield from self._ids_of(client)
        for carer in self.carers:
            whose = f"carer {carer.code} of {self.name}"
            yield Id("carer", carer.code, whose)
            yield Id("phone", carer.device_id, whose)
            yield Id("phone's key", carer.key.hex(), whose)
        for bought in self.commissions:
            yield Id("commission", bought.code, f"a commission for client {bought.client} of {self.name}")
        for visit in self.visits:
            yield Id("visit", visit.visit, f"a visit to client {visit.client} of {self.name}")

    def _ids_of(self, client: Client) -> Iterator[Id]:
        whose = f"client {client.code} of {self.name}"
        yield Id("client", client.code, whose)
        yield Id("council reference", client.council_reference, whose)
        yield Id("UPRN", client.uprn, whose)
        for tag in (client.nfc_tag, client.qr_card):
            if tag is not None:
                yield Id("tag or card", tag, whose)


@dataclass(frozen=True, slots=True)
class World:
    """The whole invented council for one morning; ImpossibleWorld when two things in it share an id."""

    seed: int
    day: date
    council: str
    council_name: str
    providers: tuple[Provider, ...]

    def __post_init__(self) -> None:
        refuse_shared(each for provider in self.providers for each in provider.ids())

    @property
    def days(self) -> tuple[date, date]:
        """The day before, whose night the morning ends, and the day."""
        return self.day - timedelta(days=1), self.day

    def visits(self) -> tuple[PlannedVisit, ...]:
        """Every planned visit of every provider."""
        return tuple(visit for provider in self.providers for visit in provider.visits)


def build_world(seed: int, day: date, scale: float, council: str = "E10000015") -> World:
    """The world of a seed and a day; `scale` multiplies the number of clients and carers.

    ImpossibleWorld when no postcodes are shipped for the council or the scale leaves nobody to care for.
    """
    if not 0.1 <= scale <= 20:
        raise ImpossibleWorld("the scale must lie between 0.1 and 20")
    units = postcodes_of(council)
    providers = tuple(
        _provider(seed, index, day, max(6, round(clients * scale)), units)
        for index, clients in enumerate(CLIENTS_PER_PROVIDER)
    )
    return World(seed, day, council, f"{authority_name(council)} (synthetic)", providers)


def _provider(seed: int, index: int, day: date, clients: int, units: tuple[Postcode, ...]) -> Provider:
    homes = neighbourhood(chance(seed, "neighbourhood", index), units, clients)
    people = tuple(_client(seed, index, number, unit) for number, unit in enumerate(homes))
    rostered = max(6, round(len(people) * 0.36))
    carers = tuple(_carer(seed, index, number, day) for number in range(rostered + 2))
    plan = plan_morning(
        chance(seed, "roster", index),
        [client.code for client in people],
        [carer.code for carer in carers[:-2]],
        day,
    )
    return _named_provider(seed, index, people, carers, plan)


def _named_provider(
    seed: int, index: int, people: tuple[Client, ...], carers: tuple[Carer, ...], plan: CarePlan
) -> Provider:
    name = _PROVIDERS[index]
    return Provider(
        provider_id=random_id(seed, "provider", index),
        name=f"{name} (synthetic)",
        branch=f"L{index + 1}",
        branch_name=f"{name}, main branch (synthetic)",
        cqc_provider=f"1-{index + 1:09d}",
        cqc_location=f"1-{index + 101:09d}",
        clients=people,
        carers=carers,
        relief=carers[-2],
        floating=carers[-1],
        commissions=plan.commissions,
        visits=plan.visits,
    )


def _client(seed: int, index: int, number: int, unit: Postcode) -> Client:
    code = f"C-{index + 1}{number + 1:03d}"
    rng = chance(seed, "client", code)
    home = house_in(rng, unit)
    fence = rng.random()
    tagged = rng.random()
    return Client(
        code=code,
        name=f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)} (synthetic)",
        address=f"{rng.randint(1, 180)} {rng.choice(_STREETS)}",
        home=home,
        addressed=("uprn", "grid", "wgs84")[number % 3],
        uprn=f"9000{index + 1:02d}{number + 1:06d}",
        council_reference=f"SYN{(index + 1) * 10_000 + number + 1}",
        radius_m=100 if fence < 0.1 else 150 if fence < 0.2 else None,
        polygon=square_around(home, 60) if number % 6 == 2 else None,
        lives_alone=rng.random() < 0.35,
        lacks_capacity=rng.random() < 0.15,
        nfc_tag=random_id(seed, "nfc", code) if tagged < 0.4 else None,
        qr_card=random_id(seed, "qr", code) if 0.3 < tagged < 0.6 else None,
    )


def _carer(seed: int, index: int, number: int, day: date) -> Carer:
    code = f"W-{index + 1}{number + 1:02d}"
    bought_at = datetime.fromisoformat(f"{day.isoformat()}T05:00:00+00:00")
    return Carer(
        code=code,
        device_id=timed_id(bought_at, seed, "device", code),
        key=secret(seed, "key", code),
        algorithm="ES256" if number % 4 == 3 else "EdDSA",
    )
