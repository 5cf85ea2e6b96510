"""The links on NFC tags and QR cards: which tag it is, signed for one provider.

A link is `<base>/t/<payload>` on a tag and `<base>/c/<payload>` on a card. The payload is base64url of the 16
bytes of the tag's id and the first 16 bytes of HMAC-SHA-256 over the letter, the provider's id and the tag's
id. A link of one kind or provider so never passes for another. It can be copied: it says which tag was read,
not that somebody was there.
"""

import hmac
import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from devices.encoding import Unreadable, b64url_decode, b64url_encode

LinkKind = Literal["nfc", "qr"]

_LETTERS: dict[LinkKind, str] = {"nfc": "t", "qr": "c"}
_KINDS: dict[str, LinkKind] = {"t": "nfc", "c": "qr"}
# What readers, messengers and people put around a link: another case, a slash, a query, a fragment.
_LINK = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[!-~]+?/([tc])/([A-Za-z0-9_-]{43})/*(?:[?#].*)?", re.DOTALL)
# Beside what Python takes for blanks: what text files, tag readers and clipboards begin or end with.
_AROUND = " \t\r\n\v\f\x00\x85\xa0\u200b\u200e\u200f\u2028\u2029\u2060\ufeff\ufffd"
_KEY_BYTES = 32
_MAC_BYTES = 16


class NotOurLink(ValueError):
    """The text is not a link this service could have made."""


@dataclass(frozen=True, slots=True)
class TagLink:
    """A link taken apart and not yet verified: look the tag up by `tag_id`, then call `verify_link`."""

    kind: LinkKind
    tag_id: UUID
    mac: bytes


def make_link(base: str, kind: LinkKind, provider_id: UUID, tag_id: UUID, key: bytes) -> str:
    """The link to write on a tag or print on a card.

    `base` is the service's public address, http or https, without a final slash; `key` the provider's 32-byte
    tag key.
    """
    return f"{base}/{_LETTERS[kind]}/{b64url_encode(tag_id.bytes + _mac(kind, provider_id, tag_id, key))}"


def read_link(link: str) -> TagLink:
    """Take a link apart without a key; raises NotOurLink for any text of another shape.

    The address before the path may be any, so that tags outlive a change of the service's name. Blanks around
    the link, the case of scheme and host, a query, a fragment and a final slash say nothing and are passed over.
    """
    match = _LINK.fullmatch(link.strip(_AROUND))
    if match is None:
        raise NotOurLink("The text is not a tag or card link.")
    try:
        payload = b64url_decode(match[2].encode("ascii"), "link")
    except Unreadable as error:
        raise NotOurLink(error.detail) from error
    return TagLink(_KINDS[match[1]], UUID(bytes=payload[:16]), payload[16:])


def verify_link(link: TagLink, provider_id: UUID, key: bytes) -> bool:
    """Whether this provider's key made the link, compared in constant time."""
    return hmac.compare_digest(link.mac, _mac(link.kind, provider_id, link.tag_id, key))


def _mac(kind: LinkKind, provider_id: UUID, tag_id: UUID, key: bytes) -> bytes:
    if len(key) != _KEY_BYTES:
        raise ValueError(f"A tag key has {_KEY_BYTES} bytes.")
    text = _LETTERS[kind].encode("ascii") + provider_id.bytes + tag_id.bytes
    return hmac.digest(key, text, "sha256")[:_MAC_BYTES]
