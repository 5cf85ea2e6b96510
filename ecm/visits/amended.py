"""What the office typed in, laid over the stays that check-ins tell: the last word on a time is in force."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ecm.visits.model import Amendment, CheckIn, seconds_between
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
        known = self.in_at or self.out_at
        if known is None:
            raise ValueError("a stay has an arrival or a departure")
        return known

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
    stays = stays or [Attended(carer, None, None)]
    dropped: list[Attended] = []
    if force.in_at is not None and force.out_at is not None:
        stays, dropped = [_joined(stays)], stays[1:-1]
    elif force.in_at is not None:
        while len(stays) > 1 and (stays[0].out_at or stays[0].at) <= force.in_at:
            dropped.append(stays.pop(0))
    elif force.out_at is not None:
        while len(stays) > 1 and stays[-1].at >= force.out_at:
            dropped.append(stays.pop())
    if force.in_at is not None:
        first = min(ins, key=lambda tap: tap.order, default=None)
        stays[0] = msgspec.structs.replace(
            stays[0], in_at=force.in_at, amended_in=force.amended_in, instead_of_in=first
        )
    if force.out_at is not None:
        last = max(outs, key=lambda tap: tap.order, default=None)
        stays[-1] = msgspec.structs.replace(
            stays[-1], out_at=force.out_at, amended_out=force.amended_out, instead_of_out=last
        )
    if dropped:
        left_out = tuple(tap for stay in dropped for tap in (stay.arrival, stay.departure, *stay.repeats) if tap)
        stays[0] = msgspec.structs.replace(stays[0], repeats=stays[0].repeats + left_out)
    return stays


def _joined(stays: list[Attended]) -> Attended:
    """Make one stay of the first and the last: the arrival of one, the departure of the other."""
    first, last = stays[0], stays[-1]
    if first is last:
        return first
    inner = tuple(tap for tap in (first.departure, last.arrival) if tap is not None)
    return msgspec.structs.replace(
        first,
        departure=last.departure,
        repeats=first.repeats + inner + last.repeats,
        turned=first.turned or last.turned,
        shared_with=tuple(dict.fromkeys(first.shared_with + last.shared_with)),
    )
