"""What people add to a visit: amendments, their withdrawal, and acknowledgements.

Each is written once, in a transaction of the service. The same again is answered the same, whatever has become of the
visit since.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from ecm.audit import service as audit
from ecm.audit.domain import EventTag, StoredCheckIn
from ecm.care.domain import FoldPoint
from ecm.db.once import store_once
from ecm.db.pool import Connection
from ecm.intake import fold_requests
from ecm.visits import store
from ecm.visits.amending import Held, Refusal, has_words, refusal, standing, unreadable
from ecm.visits.domain import HANDLING, UNPLANNED
from ecm.visits.model import Amendment, Visit, Withdrawal
from ecm.visits.store import Acknowledgement, StoredVisit
from ecm.words.problems import CONFLICT, INVALID, NOT_FOUND, Problem


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """What a person asks to let stand. `occurrence` is the planned start that they saw; None: as it is planned now."""

    exception: str
    carer: str | None
    memo: str | None
    occurrence: datetime | None


async def amend(connection: Connection, provider: UUID, amendment: Amendment, now: datetime) -> tuple[Amendment, bool]:
    """Store an amendment, and ask for the fold that shows it; return it and whether it is new.

    `made_at` is a remark: a form sent twice differs in it, and the first stays. Raises `invalid` for what the visit's
    limits do not let stand, with the member that is wrong, and `conflict` for other content under a known id.
    """
    amendment = replace(amendment, memo=_stripped(amendment.memo))
    _raise(unreadable(amendment))
    stored = await store.visit(connection, provider, amendment.visit)
    opening = None if stored is None else await _opening(connection, stored)
    device = None if opening is None else opening.device_id
    kept, is_new = await store_once(
        amendment,
        store.insert_amendment(connection, provider, amendment, device, now),
        partial(store.amendment, connection, provider, amendment.amendment_id),
        lambda one: replace(one, made_by="", made_at=now),
        CONFLICT.because("There is another amendment under this id."),
    )
    if is_new:
        await _amended(connection, provider, amendment, now)
    return kept, is_new


async def _amended(connection: Connection, provider: UUID, amendment: Amendment, now: datetime) -> None:
    """Follow from a new amendment; raises, which takes it back, where it cannot stand.

    Looked at only now, so that the same again is answered the same whatever has become of the visit. The client is
    locked, so that of two amendments at once the second is held against the first.
    """
    stored = await store.visit(connection, provider, amendment.visit)
    if stored is None:
        raise no_visit()
    if not await store.carer_known(connection, provider, amendment.carer):
        raise invalid("carer", f"There is no carer {amendment.carer}.")
    await store.lock_clients(connection, provider, [stored.visit.client])
    stored = await store.visit(connection, provider, amendment.visit) or stored
    visit = stored.visit
    opening = await _opening(connection, stored)
    begins_at = visit.planned_start or (opening.occurred_at if opening else visit.arrived_at) or now
    in_force = await store.amendments(connection, provider, names_of(visit))
    # One of before it was planned may count for the other visit of a shared stay: then no stay here follows it.
    followed = {followed for stay in visit.stays for followed in stay.amendments}
    others = [
        one
        for one in in_force
        if one.amendment_id != amendment.amendment_id and (one.visit == visit.visit or one.amendment_id in followed)
    ]
    in_at, out_at = standing(visit.stays, others, amendment)
    _raise(refusal(amendment, Held(begins_at, visit.planned_minutes or 0, in_at, out_at), now))
    await fold_requests.request_folds(connection, provider, [FoldPoint(visit.client, begins_at)])
    detail = {"amendment": str(amendment.amendment_id), "carer": amendment.carer, "reason": amendment.reason}
    by, subject = amendment.made_by, amendment.visit
    await audit.record(connection, provider, EventTag.VISIT_AMENDED, by, subject, detail, now)


async def withdraw(
    connection: Connection, provider: UUID, code: str, withdrawal: Withdrawal
) -> tuple[Withdrawal, bool]:
    """Note that an amendment does not count, and ask for the fold that leaves it out; return it and whether it is new.

    Nothing is deleted. Raises `invalid` for a reason without words, `not-found` without such an amendment of this
    visit, and `conflict` where it was withdrawn for another reason.
    """
    withdrawal = Withdrawal(
        withdrawal.amendment, withdrawal.withdrawn_by, withdrawal.withdrawn_at, withdrawal.reason.strip()
    )
    if not has_words(withdrawal.reason):
        raise invalid("reason", "Say in words why the amendment is withdrawn.")
    amendment = await store.amendment(connection, provider, withdrawal.amendment)
    stored = await store.visit(connection, provider, code)
    names = [code] if stored is None else names_of(stored.visit)
    if amendment is None or amendment.visit not in names:
        raise NOT_FOUND.because("There is no such amendment of this visit.")
    kept, is_new = await store_once(
        withdrawal,
        store.insert_withdrawal(connection, provider, withdrawal),
        partial(store.withdrawal, connection, provider, withdrawal.amendment),
        lambda one: one.reason,
        CONFLICT.because("The amendment was withdrawn already, for another reason."),
    )
    if is_new:
        if stored is None:
            raise no_visit()
        await _withdrawn(connection, provider, stored.visit, amendment, withdrawal)
    return kept, is_new


async def _withdrawn(
    connection: Connection, provider: UUID, visit: Visit, amendment: Amendment, withdrawal: Withdrawal
) -> None:
    begins_at = visit.planned_start or visit.arrived_at or withdrawal.withdrawn_at
    await fold_requests.request_folds(connection, provider, [FoldPoint(visit.client, begins_at)])
    detail = {"amendment": str(amendment.amendment_id), "carer": amendment.carer}
    by, at = withdrawal.withdrawn_by, withdrawal.withdrawn_at
    await audit.record(connection, provider, EventTag.AMENDMENT_WITHDRAWN, by, visit.visit, detail, at)


async def acknowledge(
    connection: Connection, provider: UUID, code: str, asked: Acknowledging, by: str, now: datetime
) -> Acknowledgement:
    """Note that a person lets an exception of one occurrence stand; the first to do so stays named.

    Raises `not-found` without such a visit, `conflict` when it has been planned for another start since the person saw
    it, and `invalid` when it has no such exception to acknowledge.
    """

    async def first() -> Acknowledgement | None:
        known = await store.acknowledgements(connection, provider, code)
        wanted = (asked.exception, asked.carer, occurrence)
        return next((one for one in known if (one.exception, one.carer, one.occurrence) == wanted), None)

    stored = await store.visit(connection, provider, code)
    planned_start = None if stored is None else stored.visit.planned_start
    occurrence = asked.occurrence or planned_start
    known = await first()
    if known is not None:
        return known
    if stored is None:
        raise no_visit()
    if occurrence != planned_start:
        raise CONFLICT.because("The visit is planned for another time by now: look at it again.")
    _check(stored.visit, asked)
    acknowledgement = Acknowledgement(asked.exception, asked.carer, by, now, _stripped(asked.memo), occurrence)
    kept, is_new = await store_once(
        acknowledgement,
        store.insert_acknowledgement(connection, provider, code, acknowledgement),
        first,
        lambda one: (one.exception, one.carer, one.occurrence),
        no_visit(),
    )
    if is_new:
        detail = {"exception": asked.exception, "carer": asked.carer}
        await audit.record(connection, provider, EventTag.EXCEPTION_ACKNOWLEDGED, by, code, detail, now)
    return kept


def refs_of(visit: Visit) -> list[tuple[UUID, UUID]]:
    """Return (device, check-in) of every check-in that a visit rests on."""
    named = {
        ref
        for stay in visit.stays
        for ref in (stay.in_check_in, stay.out_check_in, *stay.repeat_check_ins)
        if ref is not None
    }
    return _split(named)


def named_by(visit: Visit) -> list[tuple[UUID, UUID]]:
    """Return (device, check-in) of every check-in that an exception of a visit names."""
    refs = {ref for exception in visit.exceptions for ref in exception.between}
    return _split({ref.removeprefix("check-in ") for ref in refs if ref.startswith("check-in ")})


def _split(refs: Iterable[str]) -> list[tuple[UUID, UUID]]:
    return [(UUID(device), UUID(check_in)) for device, _, check_in in (ref.partition("/") for ref in sorted(refs))]


def names_of(visit: Visit) -> list[str]:
    """Return every code under which somebody may have amended a visit: its own, and those of before it was planned."""
    unplanned = {f"{UNPLANNED}{check_in}" for _, check_in in refs_of(visit)}
    return [visit.visit, *sorted(unplanned - {visit.visit})]


def no_visit() -> Problem:
    """Return the problem of a visit that is not there, or that the account may not see."""
    return NOT_FOUND.because("There is no such visit among those you may see.")


def invalid(member: str, why: str) -> Problem:
    """Return the `invalid` problem of one member of a message."""
    return INVALID.because(why, members={"member": member})


async def _opening(connection: Connection, stored: StoredVisit) -> StoredCheckIn | None:
    """Return the check-in that an unplanned visit is named after, None for a planned one."""
    visit = stored.visit
    refs = [ref for ref in refs_of(visit) if visit.visit == f"{UNPLANNED}{ref[1]}"]
    found = await audit.check_ins(connection, stored.provider, refs) if refs else []
    return found[0] if found else None


def _raise(found: Refusal | None) -> None:
    if found is not None:
        raise invalid(found.member, found.why)


def _check(visit: Visit, asked: Acknowledging) -> None:
    if (asked.exception, asked.carer) not in {(one.kind, one.carer) for one in visit.exceptions}:
        raise INVALID.because(f"The visit has no exception {asked.exception} of this carer.")
    if HANDLING[asked.exception] == "fix":
        raise INVALID.because(f"{asked.exception} must be fixed by an amendment; it cannot be acknowledged.")


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None
