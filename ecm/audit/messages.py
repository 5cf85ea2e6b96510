"""The messages in which evidence and its proof are shown."""

from datetime import datetime
from uuid import UUID

import msgspec

from ecm.audit.domain import Proof, StoredCheckIn


class CheckInShown(msgspec.Struct):
    """A check-in as evidence: what the phone said, and what the service made of it when it came; no coordinates.

    Metres and seconds; digests in lower-case hexadecimal. `link_digest` is the SHA-256 of the signed part.
    """

    device: UUID
    check_in: UUID
    sequence: int
    direction: str
    carer: str
    client: str | None
    visit_hint: str | None
    device_at: datetime
    received_at: datetime
    skew_seconds: int
    occurred_at: datetime
    evidence: tuple[str, ...]
    tag: UUID | None
    verdict: str | None
    distance_m: float | None
    a95_m: float | None
    chance_inside: float | None
    grade: str
    doubts: tuple[str, ...]
    message_digest: str
    link_digest: str
    previous_digest: str | None


class ProofShown(msgspec.Struct):
    """Where a check-in stands in its provider's log (RFC 6962): anyone can follow `path` from the leaf to `root`.

    `leaf_hash` is SHA-256 of a zero byte and the link digest, which is the SHA-256 of `signed_part`. `public_key` is
    the JWK that the phone enrolled with; the signature of `signed_part`, a compact JWS, is by it.
    """

    check_in: UUID
    signed_part: str
    public_key: dict[str, str]
    link_digest: str
    leaf_hash: str
    leaf_index: int
    tree_size: int
    path: list[str]
    root: str


def check_in_shown(stored: StoredCheckIn) -> CheckInShown:
    """Shape a stored check-in for an answer."""
    return CheckInShown(
        device=stored.device_id,
        check_in=stored.check_in_id,
        sequence=stored.sequence,
        direction=stored.direction,
        carer=stored.carer,
        client=stored.client,
        visit_hint=stored.visit_hint,
        device_at=stored.device_at,
        received_at=stored.received_at,
        skew_seconds=stored.skew_seconds,
        occurred_at=stored.occurred_at,
        evidence=stored.evidence,
        tag=stored.tag_id,
        verdict=stored.verdict,
        distance_m=stored.distance_m,
        a95_m=stored.a95_m,
        chance_inside=stored.chance_inside,
        grade=stored.grade,
        doubts=stored.doubts,
        message_digest=stored.message_digest.hex(),
        link_digest=stored.link_digest.hex(),
        previous_digest=None if stored.previous_digest is None else stored.previous_digest.hex(),
    )


def proof_shown(proof: Proof) -> ProofShown:
    """Shape a proof for an answer."""
    return ProofShown(
        check_in=proof.check_in.check_in_id,
        signed_part=proof.check_in.signed_part,
        public_key=proof.public_key.jwk(),
        link_digest=proof.check_in.link_digest.hex(),
        leaf_hash=proof.leaf_hash.hex(),
        leaf_index=proof.leaf_index,
        tree_size=proof.tree_size,
        path=[node.hex() for node in proof.path],
        root=proof.root.hex(),
    )
