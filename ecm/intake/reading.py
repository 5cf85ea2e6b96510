"""From verified message to accepted check-in: whose it is, where it was and how far it can be believed."""

from datetime import datetime
from uuid import UUID

import msgspec

from devices.grades import Fix, TagOutcome, grade
from devices.links import NotOurLink, TagLink, read_link, verify_link
from devices.messages import CheckInMessage
from ecm.intake import domain
from ecm.intake.domain import AcceptedCheckIn, Tag
from ecm.intake.reference import Named, ProviderReference
from ecm.intake.signatures import Signer
from geofences.accuracy import a95
from geofences.verdict import Judgement, judge


class Authentic(msgspec.Struct, frozen=True, gc=False):
    """A message with the phone that wrote it, and the links it carries (None: not ours)."""

    message: CheckInMessage
    signer: Signer
    links: tuple[TagLink | None, ...]


def take_links(message: CheckInMessage) -> tuple[TagLink | None, ...]:
    """Take the tag and card links of a message apart; one that is none of ours becomes None."""
    evidence = message.body.evidence
    return tuple(_link(read.link) for read in (evidence.nfc, evidence.qr) if read is not None)


def named(authentic: Authentic) -> Named:
    """Return what a check-in names that must be looked up."""
    body = authentic.message.body
    tags = tuple(link.tag_id for link in authentic.links if link is not None)
    return Named(authentic.signer.phone.provider, _carer(authentic), body.client, tags)


def _carer(authentic: Authentic) -> str:
    """Return the carer of a check-in: where the message's cannot be read, the one whose phone it is."""
    return authentic.message.body.carer or authentic.signer.phone.carer


def _link(text: str) -> TagLink | None:
    try:
        return read_link(text)
    except NotOurLink:
        return None


def accept(authentic: Authentic, known: ProviderReference, sent_at: datetime, received_at: datetime) -> AcceptedCheckIn:
    """Judge an authentic check-in by the provider's directory, which must know everything it names."""
    message, body = authentic.message, authentic.message.body
    provider = authentic.signer.phone.provider
    skew = domain.skew_seconds(sent_at, received_at)
    occurred, doubts = _when(message, skew, sent_at, received_at)
    doubts.update(message.doubts)
    resolved = [_resolve(link, provider, known) for link in authentic.links]
    tags = [tag for tag in resolved if isinstance(tag, Tag)]

    def is_known(client: str) -> bool:
        return known.clients[client] is not None

    told_is_known = body.client is not None and is_known(body.client)
    client, by_tag = domain.client_of(body.client, told_is_known, tags, is_known)
    client_known = client is not None and is_known(client)
    if by_tag:
        doubts.add("client_from_tag")
    if by_tag or not client_known:
        doubts.add("unknown_client")
    carer = _carer(authentic)
    if not known.carers[carer]:
        doubts.add("unknown_carer")
    if carer != authentic.signer.phone.carer:
        doubts.add("carer_not_device_owner")
    radius = None if message.gps is None else a95(message.gps.accuracy, message.gps.accuracy_basis)
    judgement = _judged(message, radius, known, client)
    grading = grade(
        None
        if message.gps is None
        else Fix(judgement.verdict if judgement else None, radius, message.gps.fix_age, message.gps.mock),
        location_withheld=message.location_withheld,
        tags=[_outcome(tag, client) for tag in resolved],
        manual=body.evidence.manual is not None,
    )
    return AcceptedCheckIn(
        provider=provider,
        message=message,
        received_at=received_at,
        skew_seconds=skew,
        occurred_at=occurred,
        carer=carer,
        client=client,
        fold_client=client if client_known and body.direction and domain.can_be_folded(occurred) else None,
        tag_id=tags[0].tag_id if tags else None,
        judgement=judgement,
        grade=grading.grade,
        doubts=tuple(sorted(doubts.union(grading.doubts))),
        signature_checked=authentic.signer.signature_checked,
    )


def _when(message: CheckInMessage, skew: int, sent_at: datetime, received_at: datetime) -> tuple[datetime, set[str]]:
    """Return when a check-in happened, and the doubts about that; of a time that could not be read there are none."""
    if "unreadable_time" in message.doubts:
        return message.at, set()
    occurred, clock_in_doubt = domain.occurred_at(message.at, skew)
    doubts = set(domain.arrival_doubts(message.at, sent_at, occurred, received_at))
    if clock_in_doubt:
        doubts.add("clock_skew")
    return occurred, doubts


def _resolve(link: TagLink | None, provider: UUID, known: ProviderReference) -> Tag | TagOutcome:
    """Return the registered tag that a link names if this provider's key signed it, or why there is none."""
    if link is None:
        return "unknown"
    if known.tag_key is None or not verify_link(link, provider, known.tag_key):
        return "bad_signature"
    return known.tags[link.tag_id] or "unknown"


def _outcome(tag: Tag | TagOutcome, client: str | None) -> TagOutcome:
    if isinstance(tag, Tag):
        return "this_client" if tag.client == client else "other_client"
    return tag


def _judged(
    message: CheckInMessage, radius: float | None, known: ProviderReference, client: str | None
) -> Judgement | None:
    found = None if client is None else known.clients[client]
    if message.gps is None or found is None or found.fence is None:
        return None
    return judge(found.fence, message.gps.latitude, message.gps.longitude, radius)
