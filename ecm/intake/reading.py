"""From verified message to accepted check-in: whose it is, where it was and how far it can be believed."""

from datetime import datetime
from uuid import UUID

import msgspec

from devices.grades import Fix, TagOutcome, grade
from devices.links import NotOurLink, TagLink, read_link, verify_link
from devices.messages import CheckInMessage
from ecm.intake import domain
from ecm.intake.directory import Named, ProviderDirectory
from ecm.intake.domain import AcceptedCheckIn, Place, Tag
from ecm.intake.signatures import Signer
from geofences.accuracy import a95
from geofences.verdict import judge


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
    return Named(authentic.signer.phone.provider, body.carer, body.client, tags)


def _link(text: str) -> TagLink | None:
    try:
        return read_link(text)
    except NotOurLink:
        return None


def accept(authentic: Authentic, known: ProviderDirectory, sent_at: datetime, received_at: datetime) -> AcceptedCheckIn:
    """Judge an authentic check-in by the provider's directory, which must know everything it names."""
    message, body = authentic.message, authentic.message.body
    provider = authentic.signer.phone.provider
    skew = domain.skew_seconds(sent_at, received_at)
    occurred, clock_in_doubt = domain.occurred_at(message.at, skew)
    doubts = set(domain.arrival_doubts(message.at, sent_at, occurred, received_at))
    if clock_in_doubt:
        doubts.add("clock_skew")
    resolved = [_resolve(link, provider, known) for link in authentic.links]
    tags = [tag for tag in resolved if isinstance(tag, Tag)]
    client = body.client or (tags[0].client if tags else None)
    client_known = client is not None and known.clients[client] is not None
    if not client_known:
        doubts.add("unknown_client")
    if not known.carers[body.carer]:
        doubts.add("unknown_carer")
    if body.carer != authentic.signer.phone.carer:
        doubts.add("carer_not_device_owner")
    radius = None if message.gps is None else a95(message.gps.accuracy, message.gps.accuracy_basis)
    place = _place(message, radius, known, client)
    grading = grade(
        None
        if message.gps is None
        else Fix(place.verdict if place else None, radius, message.gps.fix_age, message.gps.mock),
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
        client=client,
        fold_client=client if client_known and domain.can_be_folded(occurred) else None,
        tag_id=tags[0].tag_id if tags else None,
        place=place,
        grade=grading.grade,
        doubts=tuple(sorted(doubts.union(grading.doubts))),
        signature_checked=authentic.signer.signature_checked,
    )


def _resolve(link: TagLink | None, provider: UUID, known: ProviderDirectory) -> Tag | TagOutcome:
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


def _place(message: CheckInMessage, radius: float | None, known: ProviderDirectory, client: str | None) -> Place | None:
    found = None if client is None else known.clients[client]
    if message.gps is None or found is None or found.fence is None:
        return None
    judgement = judge(found.fence, message.gps.latitude, message.gps.longitude, radius)
    return Place(judgement.verdict, judgement.distance_m, judgement.a95_m, judgement.chance_inside)
