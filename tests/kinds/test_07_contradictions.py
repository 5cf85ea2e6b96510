"""Kind 7: of any two facts that cannot both be true an exception names both, on both visits, and nothing wins."""

import asyncio
import dataclasses
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, permutations, product
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.db.pool import Database, DatabaseUrls, open_database
from ecm.payments import store as payments_store
from ecm.process.wiring import visits_and_what_follows
from ecm.visits import second_look
from ecm.visits.domain import CheckIn, Direction, Limits, PlannedVisit, fold_all
from ecm.visits.second_look import Claim, ClaimKind, Contradiction, Stretch
from ecm.visits.service import VISITS
from reports.periods import Period
from tests.arranging import COUNCIL, DAY, OTHER_COUNCIL, Arranged, HandClock, at, fold_what_waits
from tests.serving import Client, bearer, serving

OFFICE = bearer("coordinator")
Act = Callable[[], Awaitable[None]]


@pytest.fixture
async def service(arranged: Arranged):
    async with serving(arranged, HandClock(at("22:00"))) as served:
        yield served


async def fold(service: Client, limit: int = 100) -> None:
    await fold_what_waits(service.app[VISITS], limit)


async def shown(service: Client, day: Any = DAY, who: dict[str, str] = OFFICE) -> dict[str, list[dict[str, Any]]]:
    """The exceptions of each visit of the day that name two things, as the service tells them over HTTP."""
    answer = await service.get("/v1/visits", params={"day": day.isoformat()}, headers=who)
    assert answer.status == 200
    return {
        visit["visit"]: [one for one in visit["exceptions"] if one["between"]]
        for visit in (await answer.json())["visits"]
    }


async def kinds(service: Client, **asked: Any) -> dict[str, list[str]]:
    return {visit: [one["kind"] for one in found] for visit, found in (await shown(service, **asked)).items() if found}


_SECONDS = count()  # of two amendments the one made later is in force


async def amend(service: Client, visit: str, carer: str, in_at: datetime | None, out_at: datetime | None) -> str:
    """Type in times for a carer at a visit, as the office does; return what names the amendment."""
    body = {
        "amendment": str(uuid4()),
        "carer": carer,
        "made_at": (at("21:00") + timedelta(seconds=next(_SECONDS))).isoformat(),
        "reason": "NO_CALLS",
        "in_at": in_at and in_at.isoformat(),
        "out_at": out_at and out_at.isoformat(),
    }
    answer = await service.post(f"/v1/visits/{visit}/amendments", json=body, headers=OFFICE)
    assert answer.status == 201, await answer.text()
    return f"amendment {body['amendment']}"


# What can be known of a carer's stay, and what names it. At the first home 08:00 to 08:40, at the second 08:20 to
# 08:50; where there is one tap, it lies inside the other's stay.
STAYS: Final = ("taps", "arrival", "departure", "amendment", "tap and amendment")


@dataclass
class Told:
    """Facts on their way in, and what they were called once they had come."""

    service: Client
    arranged: Arranged
    refs: dict[str, set[str]] = field(default_factory=dict)

    def stay(self, kind: str, home: int, run: int, *, same_client: bool = False, carer: str = "") -> list[Act]:
        visit, client = f"V-{run}-{home}", f"C-{run}-{1 if same_client else home}"
        began, ended, inside = at("08:00"), at("08:40"), at("08:35")
        if home == 2:
            began, ended, inside = at("08:20"), at("08:50"), at("08:25")
        by = carer or f"W-{run}"

        def tap(direction: str, when: datetime) -> Act:
            async def act() -> None:
                # Each home's own phone, so that nothing is said of phones.
                device = UUID(int=run * 10 + home)
                device, check_in = await self.arranged.check_in(
                    client, direction, when, carer=by, device=device, hint=visit, sequence=when.hour * 60 + when.minute
                )
                self.refs.setdefault(visit, set()).add(f"check-in {device}/{check_in}")

            return act

        def typed(in_at: datetime | None, out_at: datetime | None) -> Act:
            async def act() -> None:
                self.refs.setdefault(visit, set()).add(await amend(self.service, visit, by, in_at, out_at))

            return act

        return {
            "taps": [tap("in", began), tap("out", ended)],
            "arrival": [tap("in", inside)],
            "departure": [tap("out", inside)],
            "amendment": [typed(began, ended)],
            "tap and amendment": [tap("in", began), typed(None, ended)],
        }[kind]


async def a_round(arranged: Arranged, run: int, *, clients: int = 2) -> None:
    """A carer with two visits, one after the other, in two homes or in one."""
    carer = await arranged.carer(f"W-{run}")
    for client in range(1, clients + 1):
        await arranged.client(f"C-{run}-{client}")
    await arranged.visit(f"V-{run}-1", f"C-{run}-1", at("08:00"), minutes=40, carers=(carer,))
    await arranged.visit(f"V-{run}-2", f"C-{run}-{clients}", at("08:40"), minutes=30, carers=(carer,))


def orders(acts: list[Act], run: int) -> Iterator[list[Act]]:
    """Forwards, backwards, and some order more."""
    yield acts
    yield acts[::-1]
    yield random.Random(run).sample(acts, len(acts))


@pytest.mark.parametrize(("one", "other"), list(product(STAYS, STAYS)))
async def test_two_stays_of_one_carer_in_two_homes_are_named_in_whatever_order_they_come(
    service, arranged, one, other
) -> None:
    told = Told(service, arranged)
    both_points = one in ("arrival", "departure") and other in ("arrival", "departure")
    for run, number in enumerate(range(3), start=1):
        await a_round(arranged, run)
        await fold(service)
        acts = [*told.stay(one, 1, run), *told.stay(other, 2, run)]
        for act in list(orders(acts, run))[number]:
            await act()
            await fold(service)
    for visit, found in (await shown(service)).items():
        run, home = (int(part) for part in visit.split("-")[1:])
        two_homes = [one for one in found if one["kind"] == "two_homes_at_once"]
        if both_points:
            assert two_homes == []
            continue
        (named,) = two_homes
        own, others = named["between"]
        assert own in told.refs[visit]
        assert others in told.refs[f"V-{run}-{3 - home}"]
        assert (named["carer"], named["handling"], named["acknowledged"]) == (f"W-{run}", "acknowledge", False)


@pytest.mark.parametrize("one", STAYS)
async def test_a_contradiction_goes_when_one_of_its_sides_is_changed_and_comes_back_with_it(
    service, arranged, one
) -> None:
    told = Told(service, arranged)
    await a_round(arranged, 1)
    await fold(service)
    for act in (*told.stay(one, 1, 1), *told.stay("taps", 2, 1)):
        await act()
    await fold(service)
    assert await kinds(service) == {"V-1-1": ["two_homes_at_once"], "V-1-2": ["two_homes_at_once"]}

    await amend(service, "V-1-2", "W-1", at("08:45"), at("09:10"))
    await fold(service)
    assert all("two_homes_at_once" not in found for found in (await kinds(service)).values())

    await amend(service, "V-1-2", "W-1", at("08:30"), at("09:00"))
    await fold(service)
    assert [set(found) & {"two_homes_at_once"} for found in (await kinds(service)).values()] == [
        {"two_homes_at_once"},
        {"two_homes_at_once"},
    ]
    events = await arranged.superuser.fetch("SELECT subject FROM audit_events WHERE tag = 'visits:visit:contradicted'")
    assert [row["subject"] for row in events] == ["V-1-1", "V-1-2"] * 2


async def test_two_stays_of_one_carer_at_one_client_that_overlap_across_visits_are_named(service, arranged) -> None:
    await a_round(arranged, 1, clients=1)
    await fold(service)
    first = await amend(service, "V-1-1", "W-1", at("08:00"), at("08:50"))
    second = await amend(service, "V-1-2", "W-1", at("08:40"), at("09:10"))
    await fold(service)
    found = await shown(service)
    assert {visit: [(one["kind"], one["between"]) for one in named] for visit, named in found.items()} == {
        "V-1-1": [("overlapping_stays", [first, second])],
        "V-1-2": [("overlapping_stays", [second, first])],
    }
    await amend(service, "V-1-1", "W-1", None, at("08:40"))
    await fold(service)
    assert await kinds(service) == {}


@pytest.mark.parametrize("taps", [["in"], ["out"], ["in", "out"]])
@pytest.mark.parametrize("same_carer", [False, True])
async def test_a_phone_in_another_home_during_a_stay_is_named_in_whatever_order_it_comes(
    service, arranged, taps, same_carer
) -> None:
    minutes = {"in": 20, "out": 30}
    facts = [(1, "in", 0), (1, "out", 40), *((2, direction, minutes[direction]) for direction in taps)]
    for run, order in enumerate(permutations(facts), start=1):
        if run % 5 not in (1, 2):
            continue
        for home in (1, 2):
            client, carer = await arranged.client(f"C-{run}-{home}"), f"W-{run}-{home}"
            await arranged.carer(carer)
            by = f"W-{run}-1" if same_carer else carer
            await arranged.visit(f"V-{run}-{home}", client, at("08:30") + timedelta(minutes=20 * home), carers=(by,))
        for home, direction, minute in order:
            when = at("08:50") + timedelta(minutes=minute)
            by = f"W-{run}-{1 if same_carer else home}"
            client, device = f"C-{run}-{home}", UUID(int=run)
            await arranged.check_in(client, direction, when, carer=by, device=device, sequence=minute)
            await fold(service)
        found = await shown(service)
        rows = [one for home in (1, 2) for one in found[f"V-{run}-{home}"] if one["kind"] == "phone_in_two_homes"]
        (own, others), (again_others, again_own) = (row["between"] for row in rows)
        assert (own, others) == (again_own, again_others)
        assert own.startswith(f"check-in {UUID(int=run)}/")
        assert [row["carer"] for row in rows] == [f"W-{run}-1", f"W-{run}-{1 if same_carer else 2}"]


async def test_planned_twice_at_one_time_is_named_and_goes_with_the_plan(service, arranged) -> None:
    """In two homes, twice in one home, and never of a visit that is cancelled or was planned in error."""
    await arranged.carer("W-1")
    for client, starts in {"C-1": ["08:00", "08:20"], "C-2": ["08:25"], "C-3": ["08:30", "08:50"]}.items():
        await arranged.client(client)
        for start in starts:
            await arranged.visit(f"{client}@{start}", client, at(start), carers=("W-1", f"W-of-{client}@{start}"))
    await fold(service)
    found = {
        visit: {one["between"][1] for one in named if one["carer"] == "W-1"}
        for visit, named in (await shown(service)).items()
    }
    assert found == {
        "C-1@08:00": {"visit C-1@08:20", "visit C-2@08:25"},
        "C-1@08:20": {"visit C-1@08:00", "visit C-2@08:25", "visit C-3@08:30"},
        "C-2@08:25": {"visit C-1@08:00", "visit C-1@08:20", "visit C-3@08:30", "visit C-3@08:50"},
        "C-3@08:30": {"visit C-1@08:20", "visit C-2@08:25", "visit C-3@08:50"},
        "C-3@08:50": {"visit C-2@08:25", "visit C-3@08:30"},
    }
    for visit, outcome in {"C-2@08:25": "cancelled_in_notice", "C-1@08:20": "planned_in_error"}.items():
        await arranged.superuser.execute("UPDATE planned_visits SET cancelled = $1 WHERE visit = $2", outcome, visit)
        await arranged.ask(visit.partition("@")[0], at("08:00"))
    await fold(service)
    assert await kinds(service) == {"C-3@08:30": ["double_planned"], "C-3@08:50": ["double_planned"]}
    await arranged.superuser.execute("UPDATE planned_visits SET carers = '{W-2}' WHERE visit = 'C-3@08:50'")
    await arranged.ask("C-3", at("08:00"))
    await fold(service)
    assert await kinds(service) == {}


@pytest.mark.parametrize(("one", "other"), list(product(("in", "out"), repeat=2)))
@pytest.mark.parametrize("minutes", [2, 3, 24 * 60, 24 * 60 + 1])
async def test_check_ins_whose_counter_and_clock_disagree_are_named_from_three_minutes_to_a_day(
    service, arranged, one, other, minutes
) -> None:
    await arranged.phone("W-1", UUID(int=7))
    named = {}
    for number, direction, when in ((1, other, at("09:00") + timedelta(minutes=minutes)), (2, one, at("09:00"))):
        client = await arranged.client(f"C-{number}")
        device, check_in = await arranged.check_in(
            client, direction, when, carer="W-1", device=UUID(int=7), sequence=number
        )
        named[f"unplanned:{check_in}"] = f"check-in {device}/{check_in}"
        await fold(service)
    first, second = named
    found = {**await shown(service, day=DAY), **await shown(service, day=DAY + timedelta(days=minutes // 1440))}
    disagree = [] if minutes in (2, 24 * 60 + 1) else ["sequence_reversed"]
    assert {visit: [row["kind"] for row in rows] for visit, rows in found.items()} == {
        first: disagree,
        second: disagree,
    }
    if disagree:
        assert found[first][0]["between"] == [named[first], named[second]]
        assert found[second][0]["between"] == [named[second], named[first]]


@pytest.mark.parametrize("bond", ["uprn", "fence", "neighbours"])
async def test_a_couple_visited_together_contradicts_nothing_until_they_live_apart(service, arranged, bond) -> None:
    latitude = {"C-1-1": 51.5, "C-1-2": 51.5 + (0.0002 if bond == "fence" else 0.0004)}
    await a_round(arranged, 1)
    for client in ("C-1-1", "C-1-2"):
        uprn = "100000001" if bond == "uprn" else f"10000000{client[-1]}"
        await arranged._own("client_identities", client=client, uprn=uprn)
        shape = {"type": "circle", "latitude": latitude[client], "longitude": -0.1, "radius_m": 200.0}
        await arranged._own("fences", client=client, shape=msgspec.json.encode(shape).decode())
    await arranged.visit("V-1-3", "C-1-2", at("08:00"), carers=("W-1",))
    told = Told(service, arranged)
    for act in (*told.stay("taps", 1, 1), *told.stay("taps", 2, 1)):
        await act()
    await fold(service)
    together = bond in ("uprn", "fence")
    assert bool(await kinds(service)) is not together

    await arranged.superuser.execute("UPDATE client_identities SET uprn = client")
    moved = '{"type": "circle", "latitude": 51.6, "longitude": -0.1, "radius_m": 200.0}'
    await arranged.superuser.execute("UPDATE fences SET shape = $1 WHERE client = 'C-1-2'", moved)
    await arranged.ask("C-1-2", at("08:00"))
    await fold(service)
    found = await kinds(service)
    assert {"two_homes_at_once", "double_planned"} <= {
        kind for kinds_of_visit in found.values() for kind in kinds_of_visit
    }


async def test_two_folds_of_different_clients_at_once_never_overlook_each_other(
    service, arranged, database_urls: DatabaseUrls, superuser
) -> None:
    """Both are held where they take their turn: one that judged before its turn would not have seen the other's."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    told = Told(service, arranged)
    await a_round(arranged, 1)
    await arranged.check_in("C-1-1", "in", at("05:00"), carer="W-1", device=UUID(int=9))  # the log has a head
    async with open_database(database_urls) as one, open_database(database_urls) as other:
        # Before anything is late, so that no alert's row makes the two wait for each other.
        folders = [visits_and_what_follows(each, HandClock(at("07:00")))[0] for each in (one, other)]
        await folders[0].fold_pending(10)
        async with superuser.transaction():
            await superuser.execute("SELECT FROM log_heads FOR UPDATE")
            folding = []
            for home, folder in enumerate(folders, start=1):
                for act in told.stay("taps", home, 1):
                    await act()
                folding.append(asyncio.ensure_future(folder.fold_pending(10)))
                while await superuser.fetchval(waiting) < home:
                    assert not folding[-1].done()
        await asyncio.gather(*folding)
    found = await kinds(service)
    assert [found[visit] for visit in ("V-1-1", "V-1-2")] == [["two_homes_at_once"], ["two_homes_at_once"]]


async def test_each_council_sees_what_contradicts_its_own_visits_and_no_other(service, arranged) -> None:
    await arranged.carer("W-1")
    for number, council in ((1, COUNCIL), (2, OTHER_COUNCIL)):
        await arranged.client(f"C-1-{number}", council=council)
        await arranged.visit(f"V-1-{number}", f"C-1-{number}", at("08:00") + timedelta(minutes=40 * (number - 1)))
    told = Told(service, arranged)
    for act in (*told.stay("taps", 1, 1, carer="W-001"), *told.stay("taps", 2, 1, carer="W-001")):
        await act()
    await fold(service)
    assert await kinds(service) == {"V-1-1": ["two_homes_at_once"], "V-1-2": ["two_homes_at_once"]}
    assert await kinds(service, who=bearer("council_officer")) == {"V-1-1": ["two_homes_at_once"]}


async def test_a_line_of_the_hours_carries_the_contradiction(service, arranged, database: Database) -> None:
    await a_round(arranged, 1)
    told = Told(service, arranged)
    for act in (*told.stay("taps", 1, 1), *told.stay("taps", 2, 1)):
        await act()
    await fold(service)
    async with database.transaction("read", provider=arranged.provider) as connection:
        read = await payments_store.visits(connection, arranged.provider, COUNCIL, Period(DAY, DAY))
    assert [[one.kind for one in each.visit().exceptions if one.between] for each in read] == [
        ["two_homes_at_once"],
        ["two_homes_at_once"],
    ]


async def test_a_contradiction_can_be_acknowledged_on_the_visit_it_stands_on(service, arranged) -> None:
    await a_round(arranged, 1)
    told = Told(service, arranged)
    for act in (*told.stay("taps", 1, 1), *told.stay("taps", 2, 1)):
        await act()
    await fold(service)
    body = {"exception": "two_homes_at_once", "carer": "W-1"}
    answer = await service.post("/v1/visits/V-1-1/acknowledgements", json=body, headers=OFFICE)
    assert answer.status == 201
    found = await shown(service)
    assert [(one["acknowledged"]) for visit in ("V-1-1", "V-1-2") for one in found[visit]] == [True, False]


# The pure part: what is judged about a change is what is judged at once.


def claim(number: int, kind: ClaimKind, who: str, minute: int, length: int, sequence: int) -> Claim:
    began = at("00:00") + timedelta(minutes=minute)
    ended, ref = began + timedelta(minutes=length), f"check-in {who}/{number}"
    sequences = (sequence, sequence + 1) if kind == "phone" else (None, None)
    return Claim(
        f"V-{number}", kind, who, "W-1", f"C-{number % 7}", COUNCIL, began, ended, f"{ref}i", f"{ref}o", *sequences
    )


CLAIMS = st.lists(
    st.builds(
        claim,
        st.integers(0, 30),
        st.sampled_from(["stay", "phone", "plan"]),
        st.sampled_from(["W-1", "W-2"]),
        st.integers(0, 6 * 24 * 60),
        st.one_of(st.integers(0, 60), st.integers(0, 26 * 60)),
        st.integers(0, 60),
    ),
    max_size=14,
    unique_by=lambda claim: claim.key,
)


def judged(claims: list[Claim], stretches: list[Stretch]) -> set[Contradiction]:
    read = [
        each
        for each in claims
        if any(part.who == each.who and part.read[0] <= each.from_at <= part.read[1] for part in stretches)
    ]
    return set(second_look.contradictions(second_look.pairs(read), set(), stretches).values())


@given(CLAIMS, st.randoms(use_true_random=False))
def test_judging_only_about_what_changes_gives_what_judging_all_at_once_gives(claims, chance) -> None:
    at_once = judged(claims, second_look.stretches(claims))
    chance.shuffle(claims)
    gone = claims[: len(claims) // 3]
    standing: set[Contradiction] = set()
    there: list[Claim] = []
    for change in [*claims, *gone]:
        there = [each for each in there if each != change] if change in there else [*there, change]
        stretches = second_look.stretches([change])
        about = {
            one
            for one in standing
            if any(part.who == one.who and part.judged[0] <= one.at <= part.judged[1] for part in stretches)
        }
        standing = standing - about | judged(there, stretches)
        if len(there) == len(claims):
            assert standing == at_once
    assert standing == judged(there, second_look.stretches(there))


MINUTES: Final = st.one_of(st.integers(0, 12), st.integers(0, 3_000))


@given(st.lists(st.tuples(MINUTES, st.integers(1, 40)), max_size=30, unique_by=lambda tap: tap[1]))
def test_some_neighbours_are_named_wherever_two_check_ins_disagree_and_only_there(taps) -> None:
    claims = [
        dataclasses.replace(one, until_ref=one.from_ref, until_sequence=one.from_sequence)
        for one in (claim(number, "phone", "P", minute, 0, sequence) for number, (minute, sequence) in enumerate(taps))
    ]
    order = {one.from_ref: (one.from_sequence or 0, one.from_at) for one in claims}
    found = [
        (order[pair.one_ref], order[pair.other_ref])
        for pair in second_look.pairs(claims)
        if pair.kind == "sequence_reversed"
    ]

    def disagree(one: tuple[int, datetime], other: tuple[int, datetime]) -> bool:
        return one[0] < other[0] and timedelta(minutes=2) < one[1] - other[1] <= timedelta(days=1)

    wrong = [pair for pair in product(order.values(), repeat=2) if disagree(*pair)]
    assert all(pair in wrong for pair in found)
    for one, other in wrong:
        assert any(one[0] <= first[0] and second[0] <= other[0] for first, second in found)
    for first, second in found:
        between = [tap for tap in order.values() if first[0] < tap[0] < second[0]]
        assert not any(disagree(first, tap) or disagree(tap, second) for tap in between)


HOMES: Final = ("C-0", "C-1", "C-2", "C-3")


@st.composite
def clean_rounds(draw: st.DrawFn) -> tuple[list[PlannedVisit], list[CheckIn]]:
    """Carers who go from home to home with phones of their own; where one comes once only, a tap may be missing."""
    planned: list[PlannedVisit] = []
    taps: list[CheckIn] = []
    for carer in range(draw(st.integers(1, 3))):
        now, sequence = at("00:00") + timedelta(minutes=draw(st.integers(0, 600))), 0
        homes = draw(st.lists(st.sampled_from(HOMES), max_size=12))
        for number, home in enumerate(homes):
            now += timedelta(minutes=draw(st.one_of(st.integers(0, 40), st.integers(0, 400))))
            minutes = draw(st.integers(5, 90))
            if draw(st.booleans()):
                planned.append(PlannedVisit(f"V-{carer}-{number}", home, None, now, minutes, (f"W-{carer}",)))
            stayed = draw(st.integers(2, minutes))
            ends: tuple[tuple[Direction, int], ...] = (("in", 0), ("out", stayed))
            for direction, minute in ends:
                if homes.count(home) > 1 or draw(st.integers(0, 3)):
                    sequence += 1
                    when = now + timedelta(minutes=minute)
                    device, check_in = UUID(int=carer), UUID(int=len(taps) + 1)
                    taps.append(
                        CheckIn(device, check_in, f"W-{carer}", home, direction, when, "located", sequence=sequence)
                    )
            now += timedelta(minutes=minutes)
    return planned, taps


@given(clean_rounds())
def test_clean_rounds_contradict_nothing(rounds) -> None:
    planned, taps = rounds
    visits = [
        visit
        for home in HOMES
        for visit in fold_all(
            [plan for plan in planned if plan.client == home], [tap for tap in taps if tap.client == home], (), Limits()
        )
    ]
    by_ref = {tap.ref: tap for tap in taps}
    claims = [claim for visit in visits for claim in second_look.claims_of(visit, COUNCIL, by_ref, {})]
    assert second_look.pairs(claims) == []
