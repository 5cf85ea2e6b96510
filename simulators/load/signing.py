"""Check-ins signed and encoded before the clock starts, on every core, as phones would have signed them."""

import multiprocessing
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final
from uuid import UUID

from devices.encoding import b64url_encode
from devices.ids import RANDOM_BITS, uuid7
from devices.keys import PrivateKey
from devices.messages import CheckInBody, Evidence, Gps, LinkRead
from devices.sd_jwt import link_to, sign_check_in
from simulators.load.fleet import Fleet, Place
from simulators.load.wire import Parcel, parcel_body
from simulators.places import away_from

# A phone long offline has its check-ins minutes apart; one that is online posts each as it is made.
OFFLINE_STEP: Final = timedelta(minutes=12)
_CHAINS_PER_TASK: Final = 8


@dataclass(frozen=True, slots=True)
class Chain:
    """What one phone is to sign: `parcels` requests of `batch` check-ins each, after what it signed before.

    `spoilt` phones write broken items: another signature than their own.
    """

    number: int
    key: bytes
    device: UUID
    carer: str
    places: tuple[Place, ...]
    links: tuple[str | None, ...]
    sequence: int
    link: str | None
    parcels: int
    batch: int
    spoilt: bool


def chains(fleet: Fleet, numbers: Sequence[int], parcels: int, batch: int, *, spoilt: bool = False) -> list[Chain]:
    """Deal requests out to phones of a fleet, each as many as the next or one more."""
    share, rest = divmod(parcels, len(numbers))
    dealt = []
    for turn, number in enumerate(numbers):
        phone = fleet.phones[number]
        links = tuple(fleet.links.get(str(place.card)) for place in phone.places)
        dealt.append(
            Chain(
                number=number,
                key=fleet.key(number),
                device=phone.device,
                carer=phone.carer,
                places=tuple(phone.places),
                links=links,
                sequence=phone.sequence,
                link=phone.link,
                parcels=share + (turn < rest),
                batch=batch,
                spoilt=spoilt,
            )
        )
    return [chain for chain in dealt if chain.parcels]


def sign_all(dealt: Sequence[Chain], seed: int, told: Callable[[int], None]) -> list[Parcel]:
    """Sign every chain and return the requests as they should go: phone by phone in a seeded order, then again.

    `told` is called with the number of check-ins signed so far.
    """
    tasks = [dealt[start : start + _CHAINS_PER_TASK] for start in range(0, len(dealt), _CHAINS_PER_TASK)]
    signed: list[list[Parcel]] = []
    count = 0
    processes = min(os.cpu_count() or 1, len(tasks))
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(sign_chains, task) for task in tasks]):
            for parcels in done.result():
                signed.append(parcels)
                count += sum(len(parcel.check_ins) for parcel in parcels)
            told(count)
    signed.sort(key=lambda parcels: parcels[0].device)
    random.Random(f"{seed}/order").shuffle(signed)
    return [parcel for turn in zip_longest(*signed) for parcel in turn if parcel is not None]


def sign_chains(task: Sequence[Chain]) -> list[list[Parcel]]:
    """Sign some chains; runs in a process of its own."""
    return [_sign_chain(chain) for chain in task]


def _sign_chain(chain: Chain) -> list[Parcel]:
    rng = random.Random(os.urandom(16))
    key = PrivateKey.from_seed(chain.key)
    now = datetime.now(UTC).replace(microsecond=0)
    step = OFFLINE_STEP if chain.batch > 1 else timedelta(0)
    at = now - step * (chain.parcels * chain.batch)
    sequence, link = chain.sequence, chain.link
    parcels = []
    for _ in range(chain.parcels):
        messages, ids = [], []
        for _ in range(chain.batch):
            at += step
            sequence += 1
            body, gps = _check_in(chain, rng, sequence, link, at)
            message = sign_check_in(key, chain.device, body, gps, salt=b64url_encode(rng.randbytes(16)))
            link = link_to(message)
            messages.append(_spoil(message) if chain.spoilt else message)
            ids.append(str(body.check_in))
        parcels.append(Parcel(chain.number, sequence, link or "", tuple(ids), parcel_body(messages)))
    return parcels


def _check_in(
    chain: Chain, rng: random.Random, sequence: int, link: str | None, at: datetime
) -> tuple[CheckInBody, Gps]:
    """Return the next of a phone's day: in and out at one client after the other, in whose home it is."""
    turn = (sequence - 1) // 2 % len(chain.places)
    place, card = chain.places[turn], chain.links[turn]
    latitude, longitude = away_from(place.latitude, place.longitude, rng.uniform(0, 360), rng.uniform(0, 40))
    body = CheckInBody(
        version=1,
        check_in=uuid7(at, rng.getrandbits(RANDOM_BITS)),
        sequence=sequence,
        previous=link,
        direction="in" if sequence % 2 else "out",
        at=at,
        carer=chain.carer,
        client=place.client,
        evidence=Evidence(qr=LinkRead(card) if card is not None else None),
    )
    gps = Gps(latitude, longitude, round(rng.uniform(4, 25), 1), "w3c", rng.randint(0, 20), mock=False)
    return body, gps


def _spoil(message: str) -> str:
    """Return a check-in whose signature is another's."""
    signed_part, tilde, rest = message.partition("~")
    head, dot, signature = signed_part.rpartition(".")
    return f"{head}{dot}{'B' if signature[0] == 'A' else 'A'}{signature[1:]}{tilde}{rest}"
