"""The second look in a fold's transaction: what visits claim now, and what of that cannot both be true."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event, EventTag
from ecm.care.homes import at_one_address
from ecm.db.pool import Connection
from ecm.intake.fold_requests import FoldRequest
from ecm.visits import second_look, store
from ecm.visits.refolding import Change, Folded
from ecm.visits.second_look import Contradiction, Stretch

# So many are looked through in less time than a thread takes to be asked.
_FEW: Final = 200


async def look_again(
    connection: Connection,
    provider: UUID,
    folded: Sequence[Folded],
    change: Change,
    gone: Collection[str],
    requests: Iterable[FoldRequest],
    now: datetime,
) -> None:
    """Write down what the visits that changed claim, and judge again what that touches.

    `gone` are the codes of visits that are no more. A request that names no check-in comes from the office: of its
    client everything that was folded is judged again, changed or not, for an address may have changed. The clients
    must be locked. Locks the head of the provider's log before it judges, so that the second looks of one provider
    follow each other and none overlooks another's claims; nothing that waits for a client may come after it.
    """
    by_office = {request.client for request in requests if request.check_in_id is None}
    asked = {one.visit.visit: one for one in reversed(folded) if one.visit.client in by_office}
    claimed = {**asked, **{one.visit.visit: one for one in change.changed}}
    if not claimed and not gone:
        return
    known = set(await store.claims_of_visits(connection, provider, [*claimed, *gone]))
    claims = {claim for one in claimed.values() for claim in one.claims}
    touched = (known ^ claims) | {claim for one in asked.values() for claim in one.claims}
    if not touched:
        return
    await audit.wait_for_turn(connection, provider)
    await store.change_claims(connection, provider, known - claims, claims - known)
    await _judge(connection, provider, second_look.stretches(touched), now)


async def _judge(connection: Connection, provider: UUID, stretches: list[Stretch], now: datetime) -> None:
    claims = await store.claims_in(connection, provider, stretches)
    found = second_look.pairs(claims) if len(claims) < _FEW else await asyncio.to_thread(second_look.pairs, claims)
    one_home = await at_one_address(connection, provider, second_look.apart(found))
    standing = set(second_look.contradictions(found, one_home, stretches).values())
    known = set(await store.contradictions_in(connection, provider, stretches))
    new = sorted(standing - known, key=lambda one: one.key)
    await store.change_contradictions(connection, provider, known - standing, new, now)
    told = {one.key for one in known}
    await audit.record_all(connection, provider, [_event(one, now) for one in new if one.key not in told])


def _event(one: Contradiction, now: datetime) -> Event:
    detail = {"kind": one.kind, "carer": one.carer, "between": one.between, "other_visit": one.other_visit}
    return Event(EventTag.VISIT_CONTRADICTED, SERVICE, one.visit, now, detail)
