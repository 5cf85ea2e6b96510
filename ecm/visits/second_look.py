"""The second look, over all visits of a provider: what cannot be true of one carer, or of one phone. Pure.

A visit makes claims: where a carer was, and until when; where a phone was; where a carer was planned to be. Two claims
of one carer or phone that cannot both be true are a contradiction, which stands on the visits of both and names what
either rests on. Nothing wins: both stay.

What contradicts depends on the set of claims about an instant only, never on the order in which they came (promise 5).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from ecm.visits.model import Amendment, CheckIn, Direction, Stay, Visit, VisitException

ClaimKind = Literal["stay", "phone", "plan"]

# What a minute's difference of two clocks explains is no contradiction.
OVERLAP: Final = timedelta(minutes=1)
# Two check-ins of one phone may have been put right differently by so much (docs/decisions/0009).
CORRECTION: Final = timedelta(minutes=2)
# A phone's order is looked at over a day: what lies farther apart says nothing of its order.
DAY: Final = timedelta(days=1)
# No stay lasts longer (docs/visits.md) but by an odd amendment; the ends of one that does are claimed each by itself.
LONGEST: Final = timedelta(hours=26)
# A phone in the hands of a vandal shall not write a row for each pair of its check-ins.
MOST_OTHERS: Final = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """What a visit claims of a carer (`stay`, `plan`) or a phone (`phone`): from when and until when it was there.

    `who` is the carer's code or the phone's id. Where one end only is known both are that one. `from_ref` and
    `until_ref` name what the ends rest on, the sequences are those of the phone's check-ins.
    """

    visit: str
    kind: ClaimKind
    who: str
    carer: str
    client: str
    council: str
    from_at: datetime
    until_at: datetime
    from_ref: str
    until_ref: str
    from_sequence: int | None = None
    until_sequence: int | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What is unique in a provider's claims."""
        return (self.visit, self.kind, self.who, self.from_ref)

    @property
    def order(self) -> tuple[datetime, datetime, str, str]:
        """The order of claims of one carer or phone."""
        return (self.from_at, self.until_at, self.visit, self.from_ref)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two things that cannot both be true, as it stands on one of their visits.

    `between` names what is said by this visit, then what is said by the other. `who` is the carer or the phone, `at`
    an instant in both claims.
    """

    visit: str
    council: str
    kind: str
    carer: str
    other_visit: str
    between: tuple[str, str]
    who: str
    at: datetime

    @property
    def key(self) -> "ContradictionKey":
        """What is unique in a provider's contradictions."""
        return (self.visit, self.kind, self.carer, self.between)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time of one carer or phone in which something changed; both ends belong to it."""

    who: str
    first: datetime
    last: datetime

    @property
    def judged(self) -> tuple[datetime, datetime]:
        """Where the contradictions lie that the change may have made or ended."""
        return self.first - DAY, self.last + DAY

    @property
    def read(self) -> tuple[datetime, datetime]:
        """Where all claims begin that judging those needs."""
        return self.first - 2 * DAY - LONGEST, self.last + 2 * DAY


class Standing(VisitException, frozen=True, gc=False):
    """A contradiction as an exception of the visit on which it stands; the other side stands at `other_visit`."""

    other_visit: str = ""


_STANDING: Final = msgspec.json.Decoder(tuple[Standing, ...])


def read_standing(document: str | None) -> tuple[Standing, ...]:
    """Read the contradictions of a visit from their JSON; there are none where there is none."""
    return () if document is None else _STANDING.decode(document)


def with_contradictions(visit: Visit, standing: Sequence[Standing]) -> Visit:
    """Return a visit whose exceptions are the fold's own and these, in their order."""
    if not standing:
        return visit
    more = [VisitException(one.kind, one.handling, one.carer, one.between) for one in standing]
    ordered = sorted((*visit.exceptions, *more), key=lambda one: (one.kind, one.carer or "", one.between))
    return replace(visit, exceptions=tuple(ordered))


_Source = TypeVar("_Source")
ContradictionKey: TypeAlias = tuple[str, str, str, tuple[str, str]]
_ONLY_APART: Final = frozenset({"two_homes_at_once", "phone_in_two_homes", "double_planned"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two claims that contradict each other at an instant, and what is named of each."""

    kind: str
    one: Claim
    other: Claim
    one_ref: str
    other_ref: str
    at: datetime

    @property
    def only_apart(self) -> bool:
        """Say whether it is no contradiction where both clients live at one address."""
        return self.kind in _ONLY_APART

    def sides(self) -> Iterator[Contradiction]:
        """Yield how it stands on the visit of each; once where that is one visit."""
        yield self._on(self.one, self.other, (self.one_ref, self.other_ref))
        if self.one.visit != self.other.visit:
            yield self._on(self.other, self.one, (self.other_ref, self.one_ref))

    def _on(self, own: Claim, other: Claim, between: tuple[str, str]) -> Contradiction:
        return Contradiction(own.visit, own.council, self.kind, own.carer, other.visit, between, own.who, self.at)


def claims_of(
    visit: Visit, council: str, check_ins: Mapping[str, CheckIn], amendments: Mapping[UUID, Amendment]
) -> tuple[Claim, ...]:
    """Return what a visit claims, from the check-ins by their `ref` and the amendments by their id."""
    claims = [
        *_planned(visit, council),
        *(claim for stay in visit.stays for claim in _of_stay(visit, council, stay, check_ins, amendments)),
        *(claim for stay in visit.stays for claim in _of_phones(visit, council, stay, check_ins)),
    ]
    return tuple({claim.key: claim for claim in sorted(claims, key=lambda claim: claim.order)}.values())


def stretches(changed: Iterable[Claim]) -> list[Stretch]:
    """Return where claims have changed, joined where the same must be read for both."""
    joined: dict[str, list[Stretch]] = defaultdict(list)
    for claim in sorted(changed, key=lambda claim: claim.order):
        known = joined[claim.who]
        if known and claim.from_at - known[-1].last <= 2 * DAY:
            known[-1] = Stretch(claim.who, known[-1].first, max(known[-1].last, claim.until_at))
        else:
            known.append(Stretch(claim.who, claim.from_at, claim.until_at))
    return [stretch for who in sorted(joined) for stretch in joined[who]]


def pairs(claims: Iterable[Claim]) -> list[Pair]:
    """Return every two things said that cannot both be true, the clients at one address not left out yet."""
    by_who: dict[tuple[str, ClaimKind], list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.order):
        by_who[claim.who, claim.kind].append(claim)
    found: list[Pair] = []
    for (_, kind), own in by_who.items():
        for earlier, later in _overlapping(own):
            name = _name(kind, earlier.client == later.client)
            if name is not None:
                found.append(Pair(name, earlier, later, earlier.until_ref, later.from_ref, later.from_at))
        if kind == "phone":
            found += _reversed(own)
    return found


def apart(found: Iterable[Pair]) -> set[tuple[str, str]]:
    """Return the pairs of clients of whom it must be known whether they live at one address."""
    return {
        (min(pair.one.client, pair.other.client), max(pair.one.client, pair.other.client))
        for pair in found
        if pair.only_apart and pair.one.client != pair.other.client
    }


def contradictions(
    found: Iterable[Pair], one_home: Set[tuple[str, str]], judged: Iterable[Stretch]
) -> dict[ContradictionKey, Contradiction]:
    """Return what stands on the visits in the stretches judged, by its key.

    `one_home` are those pairs of clients, as `apart` names them, who live at one address: who is with the one is with
    the other. Of several visits that say the same (a stay shared by two) the first is named.
    """
    bounds: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for stretch in judged:
        bounds[stretch.who].append(stretch.judged)
    standing: dict[ContradictionKey, Contradiction] = {}
    for pair in sorted(found, key=lambda pair: (pair.one.order, pair.other.order)):
        asked = apart([pair])
        together = bool(asked) and asked <= one_home
        inside = any(first <= pair.at <= last for first, last in bounds[pair.one.who])
        if inside and not together:
            for each in pair.sides():
                standing.setdefault(each.key, each)
    return standing


def depth(one: Claim, other: Claim) -> timedelta:
    """Return how far one of two claims would have to be moved for both to be true; nothing or less if both may be.

    For two stretches that overlap it is the time in both, for an instant how far inside the other it lies.
    """
    return min(one.until_at - other.from_at, other.until_at - one.from_at)


def _overlapping(ordered: Sequence[Claim]) -> Iterator[tuple[Claim, Claim]]:
    for number, earlier in enumerate(ordered):
        others = 0
        for later in ordered[number + 1 :]:
            if later.from_at >= earlier.until_at or others == MOST_OTHERS:
                break
            # One visit plans each carer once, and a phone's two ends of one stay are no other stay's.
            apart_or_stays = later.visit != earlier.visit or later.kind == "stay"
            if apart_or_stays and depth(earlier, later) > OVERLAP:
                others += 1
                yield earlier, later


def _name(kind: ClaimKind, same_client: bool) -> str | None:
    match kind:
        case "stay":
            return "overlapping_stays" if same_client else "two_homes_at_once"
        case "plan":
            return "double_planned"
        case "phone":
            return None if same_client else "phone_in_two_homes"


@dataclass(frozen=True, slots=True)
class _Tap:
    ref: str
    at: datetime
    sequence: int
    claims: tuple[Claim, ...]


def _taps(claims: Iterable[Claim]) -> list[_Tap]:
    """Return a phone's check-ins in the order of its own counter, each with the claims that rest on it."""
    found: dict[str, _Tap] = {}
    for claim in claims:
        ends = (
            (claim.from_ref, claim.from_at, claim.from_sequence),
            (claim.until_ref, claim.until_at, claim.until_sequence),
        )
        for ref, at, sequence in ends:
            if sequence:
                known = found[ref].claims if ref in found else ()
                found[ref] = _Tap(ref, at, sequence, known if claim in known else (*known, claim))
    return sorted(found.values(), key=lambda tap: (tap.sequence, tap.at, tap.ref))


def _reversed(claims: Iterable[Claim]) -> Iterator[Pair]:
    """Yield the neighbours whose counter and clock disagree: no check-in counted between them disagrees with either.

    So a clock that was once ahead is named once, beside the next check-in, and not beside all of the day; and wherever
    two disagree, some neighbours between them are named.
    """
    taps = _taps(claims)
    earliest = [tap.at for tap in taps]
    for number in range(len(taps) - 2, -1, -1):
        earliest[number] = min(earliest[number], earliest[number + 1])
    for number, one in enumerate(taps[:-1]):
        if one.at - earliest[number + 1] <= CORRECTION:
            continue
        following = taps[number + 1 :]
        turned = next((turn for turn, other in enumerate(following) if _disagree(one, other)), None)
        if turned is None or any(_disagree(between, following[turned]) for between in following[:turned]):
            continue
        yield from _between(one, following[turned])


def _disagree(one: _Tap, other: _Tap) -> bool:
    return one.sequence < other.sequence and CORRECTION < one.at - other.at <= DAY


def _between(one: _Tap, other: _Tap) -> Iterator[Pair]:
    """Yield two check-ins once for each visit that rests on one of them."""
    for claim in one.claims:
        yield Pair("sequence_reversed", claim, other.claims[0], one.ref, other.ref, other.at)
    for claim in other.claims[1:]:
        yield Pair("sequence_reversed", one.claims[0], claim, one.ref, other.ref, other.at)


def _planned(visit: Visit, council: str) -> Iterator[Claim]:
    if visit.planned_start is None or not visit.planned_minutes or visit.cancelled is not None:
        return
    end = visit.planned_start + timedelta(minutes=visit.planned_minutes)
    ref = f"visit {visit.visit}"
    for carer in sorted(set(visit.rostered)):
        yield Claim(visit.visit, "plan", carer, carer, visit.client, council, visit.planned_start, end, ref, ref)


def _of_stay(
    visit: Visit, council: str, stay: Stay, check_ins: Mapping[str, CheckIn], amendments: Mapping[UUID, Amendment]
) -> Iterator[Claim]:
    """Claim the stretch of a stay; of one whose length is not known, or cannot be, each end by itself."""
    in_force = [amendments[amendment] for amendment in stay.amendments if amendment in amendments]
    began = None if stay.in_at is None else (stay.in_at, _ref(visit, stay, "in", check_ins, in_force))
    ended = None if stay.out_at is None else (stay.out_at, _ref(visit, stay, "out", check_ins, in_force))
    for (from_at, from_ref), (until_at, until_ref) in _ends(began, ended):
        yield Claim(
            visit.visit, "stay", stay.carer, stay.carer, visit.client, council, from_at, until_at, from_ref, until_ref
        )


def _of_phones(visit: Visit, council: str, stay: Stay, check_ins: Mapping[str, CheckIn]) -> Iterator[Claim]:
    """Claim where the phones of a stay were, as they say themselves, whatever was amended."""
    arrival, departure = check_ins.get(stay.in_check_in or ""), check_ins.get(stay.out_check_in or "")
    repeats = [check_ins[ref] for ref in stay.repeat_check_ins if ref in check_ins]
    if arrival is not None and departure is not None and arrival.device_id == departure.device_id:
        held = _ends((arrival.occurred_at, arrival), (departure.occurred_at, departure))
    else:
        held = [((tap.occurred_at, tap), (tap.occurred_at, tap)) for tap in (arrival, departure) if tap is not None]
    for (from_at, first), (until_at, last) in (*held, *(((one.occurred_at, one),) * 2 for one in repeats)):
        yield Claim(
            visit.visit,
            "phone",
            str(first.device_id),
            stay.carer,
            visit.client,
            council,
            from_at,
            until_at,
            f"check-in {first.ref}",
            f"check-in {last.ref}",
            first.sequence,
            last.sequence,
        )


def _ends(
    began: tuple[datetime, _Source] | None, ended: tuple[datetime, _Source] | None
) -> list[tuple[tuple[datetime, _Source], tuple[datetime, _Source]]]:
    known = [end for end in (began, ended) if end is not None]
    if began is not None and ended is not None and timedelta() <= ended[0] - began[0] <= LONGEST:
        return [(began, ended)]
    return [(end, end) for end in known]


def _ref(
    visit: Visit, stay: Stay, end: Direction, check_ins: Mapping[str, CheckIn], in_force: Sequence[Amendment]
) -> str:
    """Name what one end of a stay rests on: its check-in if that has this time, else the amendment that has."""
    at, named = (stay.in_at, stay.in_check_in) if end == "in" else (stay.out_at, stay.out_check_in)
    tapped = check_ins.get(named or "")
    if tapped is not None and tapped.occurred_at == at:
        return f"check-in {tapped.ref}"
    for amendment in reversed(in_force):
        if (amendment.in_at if end == "in" else amendment.out_at) == at:
            return f"amendment {amendment.amendment_id}"
    # A stay that two visits share is cut where no check-in is: what is named is the stay's other end, or what there is.
    known = named or stay.in_check_in or stay.out_check_in
    if known is not None:
        return f"check-in {known}"
    return f"amendment {stay.amendments[-1]}" if stay.amendments else f"visit {visit.visit}"
