"""What a phone has to show at a home: a fix with its error, the tag or card of the client, or a reason."""

import random
from dataclasses import dataclass
from typing import Literal

from simulators.happenings import Fix, Grade, Mischief
from simulators.places import away_from
from simulators.world import Client

Basis = Literal["w3c", "android", "apple"]
_REASONS = ("DEVICE_FAULT", "TAG_MISSING_OR_DAMAGED", "CLIENT_REFUSED_TAG_OR_LOCATION", "NO_SIGNAL_OFFLINE")


@dataclass(frozen=True, slots=True)
class Shown:
    """The evidence of one check-in and the grade it deserves."""

    fix: Fix | None
    tag: Literal["nfc", "qr"] | None
    manual: str | None
    grade: Grade


def evidence_for(rng: random.Random, client: Client, mischief: Mischief, basis: Basis) -> Shown:
    """The evidence of a tap at a client's home, as the mischief of the visit lets it be."""
    if mischief is Mischief.MANUAL:
        return Shown(None, None, rng.choice(_REASONS), "declared")
    if mischief is Mischief.OUTSIDE:
        return Shown(_fix(rng, client, basis, rng.uniform(600, 2500), 15), None, None, "contradicted")
    if mischief is Mischief.COARSE:
        return Shown(_fix(rng, client, basis, rng.uniform(5, 30), 180), None, None, "uncertain")
    if mischief is Mischief.WITHHELD:
        return Shown(_fix(rng, client, basis, 3, 8, withheld=True), None, None, "uncertain")
    return _ordinary(rng, client, basis)


def _ordinary(rng: random.Random, client: Client, basis: Basis) -> Shown:
    tag: Literal["nfc", "qr"] | None = "nfc" if client.nfc_tag else "qr" if client.qr_card else None
    use = rng.random()
    near = _fix(rng, client, basis, rng.uniform(0, 12), rng.uniform(4, 12))
    if tag is None or use < 0.15:
        return Shown(near, None, None, "located")
    if use < 0.3:
        return Shown(None, tag, None, "tagged")
    return Shown(near, tag, None, "corroborated")


def _fix(
    rng: random.Random,
    client: Client,
    basis: Basis,
    metres: float,
    accuracy: float,
    *,
    withheld: bool = False,
) -> Fix:
    latitude, longitude = away_from(client.home.latitude, client.home.longitude, rng.uniform(0, 360), metres)
    return Fix(latitude, longitude, round(accuracy, 1), basis, rng.randint(0, 20), withheld)
