"""The two sides of what cannot both be true, as people read them on a visit's page."""

from dataclasses import dataclass
from uuid import UUID

from ecm.audit.domain import StoredCheckIn
from ecm.visits.model import Amendment
from ecm.visits.service import Detail
from ecm.words.roles import Account


@dataclass(frozen=True, slots=True)
class Side:
    """One side: what names it, what is known of it, and the other visit at which it stands, if the account may look."""

    kind: str
    code: str
    check_in: StoredCheckIn | None
    path: str | None
    amendment: Amendment | None
    visit: str | None


def sides_of(found: Detail, account: Account) -> dict[str, Side]:
    """Return everything that an exception of the visit names, by its name."""
    stored = found.stored
    check_ins = {f"{one.device_id}/{one.check_in_id}": one for one in (*found.check_ins, *found.named)}
    amendments = {str(one.amendment.amendment_id): one.amendment for one in found.amendments}
    sides = {}
    for ref in {ref for exception in stored.visit.exceptions for ref in exception.between}:
        kind, _, code = ref.partition(" ")
        check_in = check_ins.get(code) if kind == "check-in" else None
        elsewhere = code if kind == "visit" else stored.elsewhere.get(ref)
        may_look = account.provider is not None or check_in is not None
        sides[ref] = Side(
            kind,
            code,
            check_in,
            None if check_in is None else _path(stored.provider, check_in),
            amendments.get(code) if kind == "amendment" else None,
            elsewhere if may_look and elsewhere != stored.visit.visit else None,
        )
    return sides


def _path(provider: UUID, check_in: StoredCheckIn) -> str:
    return f"/v1/check-ins/{provider}/{check_in.device_id}/{check_in.check_in_id}"
