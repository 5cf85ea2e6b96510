"""Secure Unique NFC messages of NTAG 424 DNA tags (NXP AN12196), verified by a pure function.

Each tap mirrors another, authenticated link. Whether the counter was seen before is for the caller to know: a counter
may arrive late, a repeat is a replay.
"""

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

_BLOCK = 16
_UID_BYTES = 7
_COUNTER_BYTES = 3
_MAC_BYTES = 8
_UID_AND_COUNTER_MIRRORED = 0b1100_0000
_SV1_ENCRYPTION = bytes.fromhex("C33C00010080")
_SV2_MAC = bytes.fromhex("3CC300010080")


class BadTap(ValueError):
    """The message was not made by a tag that holds these keys, or is no such message at all."""


@dataclass(frozen=True, slots=True)
class Tap:
    """Which tag was tapped (`uid`, 7 bytes) and how many times it had been by then (`counter`)."""

    uid: bytes
    counter: int


def read_tap(meta_key: bytes, picc_data: bytes) -> Tap:
    """Decrypt the mirrored PICC data (16 bytes) with the AES-128 key that a provider's tags share.

    The result is only a claim until `verify_tap` has seen the tag's own key. Raises BadTap when the data is
    not 16 bytes or does not decrypt to a UID of 7 bytes with a counter, as another key's would not.
    """
    if len(picc_data) != _BLOCK:
        raise BadTap("The tag's data must be 16 bytes.")
    plain = _run(Cipher(AES(meta_key), CBC(bytes(_BLOCK))).decryptor(), picc_data)
    if plain[0] & _UID_AND_COUNTER_MIRRORED != _UID_AND_COUNTER_MIRRORED or plain[0] & 0x0F != _UID_BYTES:
        raise BadTap("The tag's data does not hold a UID and a counter.")
    counter = plain[1 + _UID_BYTES : 1 + _UID_BYTES + _COUNTER_BYTES]
    return Tap(plain[1 : 1 + _UID_BYTES], int.from_bytes(counter, "little"))


def verify_tap(tap: Tap, file_key: bytes, mac: bytes, mac_input: bytes = b"") -> None:
    """Raise BadTap unless the tag that holds `file_key` (AES-128) made this truncated CMAC (8 bytes) for this
    tap.

    `mac_input` is the ASCII text the tag was set up to authenticate, such as `<ENC HEX>&cmac=`; empty when
    only UID and counter are. The comparison takes constant time.
    """
    full = _cmac(_session_key(file_key, _SV2_MAC, tap), mac_input)
    if not hmac.compare_digest(full[1::2], mac):
        raise BadTap("The tag's code does not match its UID and counter.")


def decrypt_file(tap: Tap, file_key: bytes, encrypted: bytes) -> bytes:
    """The mirrored part of the tag's file, decrypted; verify the tap first. BadTap unless whole blocks."""
    if not encrypted or len(encrypted) % _BLOCK:
        raise BadTap("The tag's encrypted file data must be whole blocks of 16 bytes.")
    key = _session_key(file_key, _SV1_ENCRYPTION, tap)
    start = tap.counter.to_bytes(_COUNTER_BYTES, "little").ljust(_BLOCK, b"\0")
    # AN12196 prescribes one ECB block to make the IV of the CBC that follows.
    iv = _run(Cipher(AES(key), ECB()).encryptor(), start)  # noqa: S305
    return _run(Cipher(AES(key), CBC(iv)).decryptor(), encrypted)


def _session_key(file_key: bytes, prefix: bytes, tap: Tap) -> bytes:
    return _cmac(file_key, prefix + tap.uid + tap.counter.to_bytes(_COUNTER_BYTES, "little"))


def _cmac(key: bytes, data: bytes) -> bytes:
    cmac = CMAC(AES(key))
    cmac.update(data)
    return cmac.finalize()


def _run(cipher: CipherContext, data: bytes) -> bytes:
    return cipher.update(data) + cipher.finalize()
