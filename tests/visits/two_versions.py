"""The fold of the service set against the second version: what differs, in how small a world, and told how."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import msgspec

from ecm.visits import domain
from ecm.visits.limits import Limits
from ecm.visits.model import PlannedVisit
from ecm.visits.slots import slot_times
from ecm.words.civil_time import LONDON
from tests.visits import second_version as second
from tests.visits.second_slots import PlainSlot
from tests.visits.worlds import World, build

LIMITS = Limits()
MINUTE = timedelta(minutes=1)


def plain(visit: domain.Visit) -> second.Visit:
    """The service's visit in the form of the second version."""
    return second.Visit(
        code=visit.visit,
        day=visit.day,
        planned_start=visit.planned_start,
        planned_minutes=visit.planned_minutes,
        cancelled=visit.cancelled,
        stays=tuple(
            sorted(
                (
                    second.PlainStay(
                        stay.carer,
                        stay.in_at,
                        stay.out_at,
                        stay.delivered_seconds,
                        stay.slot,
                        tuple(sorted(stay.shared_with)),
                    )
                    for stay in visit.stays
                ),
                key=repr,
            )
        ),
        slots=tuple(PlainSlot(one.slot, one.seconds, one.overlap_seconds) for one in slot_times(visit.stays)),
        exceptions=said(visit.exceptions),
    )


def said(exceptions: tuple[domain.VisitException, ...]) -> frozenset[second.Said]:
    return frozenset(second.Said(one.kind, one.carer, frozenset(one.between)) for one in exceptions)


def fold_first(world: World) -> list[domain.Visit]:
    """What the service makes of a world."""
    return list(domain.fold_all(world.planned, world.check_ins, world.amendments, LIMITS))


def differences(world: World) -> list[str]:
    """What the two versions say differently of a world, a line each; nothing where they agree."""
    service = {visit.visit: visit for visit in fold_first(world)}
    slow = {visit.code: visit for visit in second.fold_everything(world.planned, world.check_ins, world.amendments)}
    told: list[str] = []
    for code in sorted({*service, *slow}):
        if code not in service or code not in slow:
            told.append(f"{code}: only {'the second version' if code in slow else 'the service'} has this visit")
            continue
        told += [f"{code} {line}" for line in unlike(plain(service[code]), slow[code])]
        told += [f"{code} {line}" for line in unlike_in_time(world, service[code], slow[code])]
    return told


def unlike(service: second.Visit, slow: second.Visit) -> Iterator[str]:
    for name in ("day", "planned_start", "planned_minutes", "cancelled"):
        if getattr(service, name) != getattr(slow, name):
            yield f"{name}: {getattr(service, name)}, second version {getattr(slow, name)}"
    pairs: tuple[tuple[str, set[object], set[object]], ...] = (
        ("stays", set(service.stays), set(slow.stays)),
        ("slots", set(service.slots), set(slow.slots)),
        ("exceptions", set(service.exceptions), set(slow.exceptions)),
    )
    for name, one, other in pairs:
        yield from sorted(f"{name}: only the service says {in_words(found)}" for found in one - other)
        yield from sorted(f"{name}: only the second version says {in_words(found)}" for found in other - one)
    if len(service.stays) != len(slow.stays):
        yield f"stays: {len(service.stays)}, second version {len(slow.stays)}"


def unlike_in_time(world: World, service: domain.Visit, slow: second.Visit) -> Iterator[str]:
    next_start = next_planned(world, slow)
    if plain(service) != slow:
        return
    for now in instants(slow, next_start):
        one = str(domain.status(service, now, LIMITS, next_start))
        other = second.status(slow, now, next_start)
        if one != other:
            yield f"status at {clock(now)}: {one}, second version {other}"
        if said(domain.exceptions_at(service, now, LIMITS)) != second.exceptions_at(slow, now):
            yield f"exceptions at {clock(now)} differ"


def next_planned(world: World, visit: second.Visit) -> datetime | None:
    begin = visit.planned_start
    later = [plan.start for plan in world.planned if begin is not None and plan.start > begin and not plan.cancelled]
    return min(later, default=None)


def instants(visit: second.Visit, next_start: datetime | None) -> list[datetime]:
    """The edges of what a visit can be, a second to each side of them too."""
    edges = [at for stay in visit.stays for at in (stay.in_at, stay.out_at) if at is not None]
    if visit.planned_start is not None:
        edges.append(visit.planned_start)
    edges = [edge + minutes * MINUTE for edge in edges for minutes in (0, 30, 60, 60 + (visit.planned_minutes or 0))]
    edges.append(datetime.combine(visit.day, time(23), LONDON).astimezone(UTC))
    edges.append(datetime.combine(visit.day, time(23), LONDON).astimezone(UTC) + timedelta(days=2))
    edges += [next_start] if next_start is not None else []
    return sorted({edge + timedelta(seconds=off) for edge in edges for off in (-1, 0, 1)})


# ------------------------------------------------------------------ telling a difference


def smallest(world: World) -> World:
    """The world without everything that the difference does not need."""
    while True:
        for less in lesser(world):
            if differences(less):
                world = less
                break
        else:
            return world


def lesser(world: World) -> Iterator[World]:
    """The world without one of its parts, or with one of them plainer."""
    for place in range(len(world.planned)):
        yield World(world.planned[:place] + world.planned[place + 1 :], world.check_ins, world.amendments)
    for place in range(len(world.check_ins)):
        yield World(world.planned, world.check_ins[:place] + world.check_ins[place + 1 :], world.amendments)
    for place in range(len(world.amendments)):
        yield World(world.planned, world.check_ins, world.amendments[:place] + world.amendments[place + 1 :])
    for place, tap in enumerate(world.check_ins):
        for change in ({"visit_hint": None}, {"doubts": ()}, {"grade": "located"}):
            plainer = msgspec.structs.replace(tap, **change)
            if plainer != tap:
                yield World(
                    world.planned,
                    (*world.check_ins[:place], plainer, *world.check_ins[place + 1 :]),
                    world.amendments,
                )


def clock(when: datetime | None) -> str:
    return "–" if when is None else when.astimezone(LONDON).strftime("%a %d %H:%M:%S")


def in_words(found: object) -> str:
    if isinstance(found, second.PlainStay):
        return (
            f"{found.carer} {clock(found.in_at)} to {clock(found.out_at)}, {found.seconds} s, "
            f"slot {found.slot}, shared with {', '.join(found.shared_with) or 'none'}"
        )
    if isinstance(found, second.Said):
        return f"{found.kind} {found.carer or ''} {' / '.join(sorted(found.between))}".rstrip()
    return str(found)


def described(world: World) -> str:
    """A world for people to read, in London's time."""
    lines = [described_plan(plan) for plan in sorted(world.planned, key=lambda plan: plan.start)]
    lines += [
        f"  {tap.direction:3} {tap.carer} {clock(tap.occurred_at)} names {tap.visit_hint or '–'}, sequence "
        f"{tap.sequence}, {tap.grade} {','.join(tap.doubts)} ({tap.ref})"
        for tap in sorted(world.check_ins, key=lambda tap: tap.occurred_at)
    ]
    lines += [
        f"  amendment {one.amendment_id} of {one.visit} for {one.carer}: {clock(one.in_at)} to {clock(one.out_at)}, "
        f"made {clock(one.made_at)}"
        for one in sorted(world.amendments, key=lambda one: one.made_at)
    ]
    return "\n".join(lines)


def described_plan(plan: PlannedVisit) -> str:
    return (
        f"  plan {plan.visit} {clock(plan.start)} {plan.minutes} min for {', '.join(plan.carers) or 'nobody'}; "
        f"needs {plan.carers_needed}{f'; {plan.cancelled}' if plan.cancelled else ''}"
    )


def report(seed: int) -> str:
    """The smallest world in which this seed's difference shows, and the difference."""
    small = smallest(build(seed))
    return f"seed {seed}\n{described(small)}\n" + "\n".join(f"  * {line}" for line in differences(small))


def compare_many() -> None:
    """Compare as many worlds as asked for; stop at the first difference and tell it."""
    parser = argparse.ArgumentParser(description="Set the two versions of the fold against each other.")
    parser.add_argument("--worlds", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first world")
    parser.add_argument("--go-on", action="store_true", help="tell every difference, and do not stop at the first")
    asked = parser.parse_args()
    found = 0
    for number in range(asked.worlds):
        if number % 100 == 0:
            print(f"\r{number} of {asked.worlds} worlds compared", end="", file=sys.stderr, flush=True)
        if differences(build(asked.first + number)):
            found += 1
            print(f"\n{report(asked.first + number)}", flush=True)
            if not asked.go_on:
                sys.exit(1)
    print(f"\n{asked.worlds} worlds compared, {found} of them differ")
    sys.exit(1 if found else 0)
