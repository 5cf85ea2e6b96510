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
    """The evidence of one check-in, the grade it deserves, and what is to be said of it."""

    fix: Fix | None
    tag: Literal["nfc", "qr"] | None
    manual: str | None
    grade: Grade
    doubts: frozenset[str] = frozenset()


def evidence_for(rng: random.Random, client: Client, mischief: Mischief, basis: Basis) -> Shown:
    """The evidence of a tap at a client's home, as the mischief of the visit lets it be."""
    if mischief is Mischief.MANUAL:
        return Shown(None, None, rng.choice(_REASONS), "declared", frozenset({"manual"}))
    if mischief is Mischief.OUTSIDE:
        return far_away(rng, client, basis)
    if mischief is Mischief.COARSE:
        coarse = _fix(rng, client, basis, rng.uniform(5, 30), 260)
        return Shown(coarse, None, None, "uncertain", frozenset({"location_indeterminate"}))
    if mischief is Mischief.WITHHELD:
        withheld = _fix(rng, client, basis, 3, 8, withheld=True)
        return Shown(withheld, None, None, "uncertain", frozenset({"location_withheld"}))
    if mischief is Mischief.WRONG_CLIENT:
        tag: Literal["nfc", "qr"] = "nfc" if client.nfc_tag else "qr"
        near = _fix(rng, client, basis, rng.uniform(0, 12), rng.uniform(4, 12))
        return Shown(near, tag, None, "corroborated", frozenset({"client_from_tag"}))
    return _ordinary(rng, client, basis)


def far_away(rng: random.Random, client: Client, basis: Basis) -> Shown:
    """The evidence of a tap made far from the client's home."""
    fix = _fix(rng, client, basis, rng.uniform(600, 2500), 15)
    return Shown(fix, None, None, "contradicted", frozenset({"outside_fence"}))


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
