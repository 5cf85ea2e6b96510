"""Which scope an account has, and secrets: pure rules."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from typing import Final
from uuid import UUID

from ecm.words.roles import Role

# scrypt as OWASP's password storage cheat sheet advises it (N = 2^15, r = 8, p = 3; 32 MiB).
_SCRYPT_N: Final = 2**15
_SCRYPT_R: Final = 8
_SCRYPT_P: Final = 3

# Checked when a username is unknown, so that the answer takes as long as for a known one. No password is known that
# has this digest of zeros.
NOBODYS_PASSWORD_HASH: Final = f"scrypt${bytes(16).hex()}${bytes(32).hex()}"


def scope_fits(role: Role, provider: UUID | None, council: str | None) -> bool:
    """Say whether a role has just the provider or council that it works for."""
    if role == "operator":
        return provider is None and council is None
    if role == "council_officer":
        return provider is None and council is not None
    return provider is not None and council is None


def username_key(username: str) -> str:
    """Return what two usernames have in common that people cannot tell apart: capitals, blanks and widths are one."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())
    return " ".join(folded.split())


def new_secret() -> str:
    """Return a token of 256 random bits, safe in a header or cookie."""
    return secrets.token_urlsafe(32)


def new_password() -> str:
    """Return a password of 100 random bits that a person can type."""
    letters = base64.b32encode(secrets.token_bytes(13)).decode("ascii").rstrip("=").lower()[:20]
    return "-".join(letters[start : start + 5] for start in range(0, 20, 5))


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a token: it has 256 random bits, so a plain SHA-256 suffices."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def password_hash(password: str) -> str:
    """Return what is stored of a password: scrypt with its own salt. Takes about 0.1 s: call it off the event loop."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def password_matches(password: str, stored: str) -> bool:
    """Say whether `password` is the one stored. Takes about 0.1 s: call it off the event loop."""
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=_SCRYPT_N,
        r=_SCRYPT_R,
        p=_SCRYPT_P,
        maxmem=128 * 1024 * 1024,
        dklen=32,
    )
