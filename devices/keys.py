"""Keys of devices: Ed25519 (PyNaCl) and P-256 (cryptography), each verifying only its own algorithm."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from devices.encoding import Unreadable, b64url_decode, b64url_encode, decode_json

Algorithm = Literal["EdDSA", "ES256"]

SIGNATURE_BYTES = 64
_ECDSA = ec.ECDSA(hashes.SHA256())
_ECDSA_DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class BadSignature(Exception):
    """The signature was not made by this key over these bytes with this key's algorithm."""


class BadKey(ValueError):
    """The text is not a public key this service takes."""


class _Jwk(msgspec.Struct, frozen=True):
    kty: str
    crv: str
    x: str
    y: str | None = None
    d: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_JWK = msgspec.json.Decoder(_Jwk)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A device's public key. Build it with `from_jwk`; compare it with `==`."""

    algorithm: Algorithm
    x: bytes
    y: bytes | None
    _key: VerifyKey | ec.EllipticCurvePublicKey

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object] | bytes | str) -> "PublicKey":
        """Read a JWK (RFC 7517): OKP/Ed25519 (RFC 8037) or EC/P-256 (RFC 7518, section 6.2).

        Raises BadKey for anything else, a private key among them: a device's secret must never leave it.
        """
        try:
            text = msgspec.json.encode(jwk) if isinstance(jwk, Mapping) else jwk
            data = text.encode("utf-8") if isinstance(text, str) else text
            return _read_public_key(decode_json(_JWK, data, "key"))
        except Unreadable as error:
            raise BadKey(error.detail) from error
        except (TypeError, UnicodeEncodeError) as error:
            raise BadKey("The key is not a JSON object of text members.") from error

    def jwk(self) -> dict[str, str]:
        """The key as a JWK with only the members that define it, in the order of RFC 7638."""
        if self.y is None:
            return {"crv": "Ed25519", "kty": "OKP", "x": b64url_encode(self.x)}
        return {"crv": "P-256", "kty": "EC", "x": b64url_encode(self.x), "y": b64url_encode(self.y)}

    def verify(self, algorithm: str, signing_input: bytes, signature: bytes) -> None:
        """Raise BadSignature unless `signature` (64 bytes, JWS form) is this key's over `signing_input`.

        `algorithm` is what the message's header claims; it must be the key's own, so that `none` or another
        key type's algorithm can never be smuggled in.
        """
        if algorithm != self.algorithm:
            raise BadSignature(f"The device's key signs with {self.algorithm}, the message claims another algorithm.")
        if len(signature) != SIGNATURE_BYTES:
            raise BadSignature(f"A signature has {SIGNATURE_BYTES} bytes.")
        try:
            if isinstance(self._key, VerifyKey):
                self._key.verify(signing_input, signature)
            else:
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                self._key.verify(encode_dss_signature(r, s), signing_input, _ECDSA)
        except (BadSignatureError, InvalidSignature) as error:
            raise BadSignature("The signature does not match the message and the device's key.") from error


def _read_public_key(jwk: _Jwk) -> PublicKey:
    if jwk.d is not msgspec.UNSET:
        raise BadKey("The key is a private key; send only its public part.")
    x = _coordinate(jwk.x, "x")
    if (jwk.kty, jwk.crv) == ("OKP", "Ed25519"):
        if jwk.y is not None:
            raise BadKey("An Ed25519 key has no y.")
        return PublicKey("EdDSA", x, None, VerifyKey(x))
    if (jwk.kty, jwk.crv) != ("EC", "P-256"):
        raise BadKey("The key must be OKP with Ed25519 or EC with P-256.")
    y = _coordinate(jwk.y or "", "y")
    point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    try:
        return PublicKey("ES256", x, y, point.public_key())
    except ValueError as error:
        raise BadKey("The point x, y is not on the curve P-256.") from error


def _coordinate(text: str, name: str) -> bytes:
    if not text.isascii():
        raise BadKey(f"{name} is not unpadded base64url.")
    data = b64url_decode(text.encode("ascii"), name)
    if len(data) != 32:
        raise BadKey(f"{name} must be 32 bytes.")
    return data


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs, as a phone holds it; the simulator and the desk tools use it, the service never."""

    algorithm: Algorithm
    _key: SigningKey | ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls, algorithm: Algorithm = "EdDSA") -> "PrivateKey":
        """A new key from the system's randomness."""
        return cls.from_seed(secrets.token_bytes(32), algorithm)

    @classmethod
    def from_seed(cls, seed: bytes, algorithm: Algorithm = "EdDSA") -> "PrivateKey":
        """The same key for the same 32-byte seed; its signatures repeat too (RFC 8032, RFC 6979)."""
        if len(seed) != 32:
            raise ValueError("A seed has 32 bytes.")
        if algorithm == "EdDSA":
            return cls(algorithm, SigningKey(seed))
        wide = int.from_bytes(hashlib.sha512(b"P-256 from seed" + seed).digest(), "big")
        return cls(algorithm, ec.derive_private_key(1 + wide % (_P256_ORDER - 1), ec.SECP256R1()))

    @property
    def public(self) -> PublicKey:
        """The public key that verifies what this one signs."""
        if isinstance(self._key, SigningKey):
            return PublicKey("EdDSA", bytes(self._key.verify_key), None, self._key.verify_key)
        key = self._key.public_key()
        numbers = key.public_numbers()
        return PublicKey("ES256", numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"), key)

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK, as it is sent at enrolment."""
        return self.public.jwk()

    def sign(self, signing_input: bytes) -> bytes:
        """The 64-byte JWS signature: Ed25519, or P-256 as r and s side by side (RFC 7518, section 3.4)."""
        if isinstance(self._key, SigningKey):
            return self._key.sign(signing_input).signature
        r, s = decode_dss_signature(self._key.sign(signing_input, _ECDSA_DETERMINISTIC))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
