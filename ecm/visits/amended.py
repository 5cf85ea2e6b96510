"""What the office typed in, laid over the stays that check-ins tell: the last word on a time is in force."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ecm.visits.model import Amendment, CheckIn, first_sign, seconds_between
from ecm.visits.pairing import Order
from ecm.visits.sharing import Part


class Attended(msgspec.Struct, frozen=True, gc=False):
    """One stay at a visit with the check-ins and amendments that its times come from, not yet in a slot."""

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    arrival: CheckIn | None = None
    departure: CheckIn | None = None
    repeats: tuple[CheckIn, ...] = ()
    turned: bool = False
    shared_with: tuple[str, ...] = ()
    amended_in: UUID | None = None
    amended_out: UUID | None = None
    # The check-ins that the amended times stand in for, whatever stay they were of.
    instead_of_in: CheckIn | None = None
    instead_of_out: CheckIn | None = None

    @property
    def at(self) -> datetime:
        """The first sign of the stay."""
        return first_sign(self.in_at, self.out_at)

    @property
    def seconds(self) -> int | None:
        """Elapsed whole seconds; None while a time is unknown, or where the departure lies before the arrival."""
        if self.in_at is None or self.out_at is None or self.out_at < self.in_at:
            return None
        return seconds_between(self.in_at, self.out_at)

    @property
    def order(self) -> tuple[datetime, str]:
        return (self.at, self.carer)


def attended(parts: Iterable[Part], amendments: Sequence[Amendment]) -> list[Attended]:
    """Return the stays of a visit as check-ins and amendments, oldest first, tell them together."""
    if not amendments:
        return sorted(map(_of_part, parts), key=_by_time)
    by_carer: dict[str, list[Attended]] = {}
    for part in parts:
        by_carer.setdefault(part.carer, []).append(_of_part(part))
    for carer in {amendment.carer for amendment in amendments}:
        by_carer[carer] = _amended(
            carer, sorted(by_carer.get(carer, []), key=lambda stay: stay.order), _in_force(amendments, carer)
        )
    return sorted((stay for stays in by_carer.values() for stay in stays), key=_by_time)


def _by_time(stay: Attended) -> tuple[datetime, str, list[Order]]:
    return (*stay.order, [tap.order for tap in (stay.arrival or stay.departure,) if tap is not None])


def _of_part(part: Part) -> Attended:
    raw = part.raw
    return Attended(
        carer=part.carer,
        in_at=part.in_at,
        out_at=part.out_at,
        arrival=raw.arrival,
        departure=raw.departure,
        repeats=raw.repeats,
        turned=raw.turned_in or raw.turned_out,
        shared_with=part.shared_with,
    )


class _InForce(msgspec.Struct):
    in_at: datetime | None = None
    amended_in: UUID | None = None
    out_at: datetime | None = None
    amended_out: UUID | None = None


def _in_force(amendments: Iterable[Amendment], carer: str) -> _InForce:
    force = _InForce()
    for amendment in amendments:
        if amendment.carer == carer and amendment.in_at is not None:
            force.in_at, force.amended_in = amendment.in_at, amendment.amendment_id
        if amendment.carer == carer and amendment.out_at is not None:
            force.out_at, force.amended_out = amendment.out_at, amendment.amendment_id
    return force


def _amended(carer: str, stays: list[Attended], force: _InForce) -> list[Attended]:
    """Lay the amended times over a carer's stays, in order of time."""
    if force.in_at is None and force.out_at is None:
        return stays
    ins = [stay.arrival for stay in stays if stay.arrival is not None]
    outs = [stay.departure for stay in stays if stay.departure is not None]
    first = min(ins, key=lambda tap: tap.order, default=None)
    last = max(outs, key=lambda tap: tap.order, default=None)
    if force.in_at is not None and force.out_at is not None:
        kept = [_joined(stays, first, last) if stays else Attended(carer, None, None)]
    else:
        kept = _kept(stays, force) or [Attended(carer, None, None)]
        kept[0] = _with_those_that_went(kept[0], [stay for stay in stays if stay not in kept])
    if force.in_at is not None:
        came = {"in_at": force.in_at, "amended_in": force.amended_in, "instead_of_in": first}
        kept = [
            msgspec.structs.replace(stay, **came) if not number or _before(stay.in_at, force.in_at) else stay
            for number, stay in enumerate(kept)
        ]
    if force.out_at is not None:
        left = {"out_at": force.out_at, "amended_out": force.amended_out, "instead_of_out": last}
        kept = [
            msgspec.structs.replace(stay, **left) if stay is kept[-1] or _before(force.out_at, stay.out_at) else stay
            for stay in kept
        ]
    return kept


def _kept(stays: list[Attended], force: _InForce) -> list[Attended]:
    """Leave out what lies wholly before an amended arrival or after an amended departure, but never all of it."""
    if force.in_at is not None:
        return [stay for stay in stays if stay.out_at is None or stay.out_at > force.in_at] or stays[-1:]
    left_at = force.out_at
    return [stay for stay in stays if left_at is None or stay.in_at is None or stay.in_at < left_at] or stays[:1]


def _before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _with_those_that_went(stay: Attended, gone: list[Attended]) -> Attended:
    taps = tuple(tap for one in gone for tap in _taps(one))
    turned = stay.turned or any(one.turned for one in gone)
    return msgspec.structs.replace(stay, repeats=stay.repeats + taps, turned=turned)


def _joined(stays: list[Attended], first: CheckIn | None, last: CheckIn | None) -> Attended:
    """Make one stay of all: from the first arrival to the last departure."""
    others = tuple(tap for stay in stays for tap in _taps(stay) if tap not in {first, last})
    return msgspec.structs.replace(
        stays[0],
        arrival=first,
        departure=last,
        repeats=others,
        turned=any(stay.turned for stay in stays),
        shared_with=tuple(dict.fromkeys(other for stay in stays for other in stay.shared_with)),
    )


def _taps(stay: Attended) -> tuple[CheckIn, ...]:
    return tuple(tap for tap in (stay.arrival, stay.departure, *stay.repeats) if tap is not None)
