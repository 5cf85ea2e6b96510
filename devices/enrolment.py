"""The proof a new phone sends with its public key: that it holds the private one and was given a code."""

from uuid import UUID

import msgspec

from devices.encoding import as_ascii, decode_json
from devices.jws import read_jws, sign_jws, verify
from devices.keys import BadSignature, PrivateKey, PublicKey


class _Proof(msgspec.Struct, frozen=True):
    code: str
    device: UUID


_PROOF = msgspec.json.Decoder(_Proof)


def prove_key(key: PrivateKey, device_id: UUID, code: str) -> str:
    """The proof a phone sends at enrolment: a compact JWS of typ `enrolment+jwt` over its code and its id."""
    return sign_jws(key, device_id, "enrolment+jwt", msgspec.json.encode(_Proof(code, device_id)))


def check_proof(proof: bytes | str, public_key: PublicKey, device_id: UUID, code: str) -> None:
    """Raise BadSignature unless the holder of the private key signed this code for this device.

    A proof that cannot be read raises Unreadable.
    """
    jws = read_jws(as_ascii(proof), "enrolment+jwt")
    said = decode_json(_PROOF, jws.payload, "proof")
    verify(jws, public_key)
    if jws.device_id != device_id or said.device != device_id:
        raise BadSignature("The proof was made for another device.")
    if said.code != code:
        raise BadSignature("The proof was made for another code.")
