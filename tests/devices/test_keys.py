import base64
import json

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, import_key

from devices.encoding import b64url_decode, b64url_encode
from devices.keys import BadKey, BadSignature, PrivateKey, PublicKey

# RFC 8037, appendix A; RFC 7515, appendix A.3.
ED25519_SEED = b64url_decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "d")
ED25519_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
ED25519_INPUT = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
ED25519_SIGNATURE = b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
P256_INPUT = (
    b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    b"cnVlfQ"
)
P256_SIGNATURE = b"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
ALGORITHMS = ["EdDSA", "ES256"]


def test_the_example_of_rfc_8037_is_signed_and_verified_to_the_byte():
    key = PrivateKey.from_seed(ED25519_SEED)
    assert key.public_jwk() == {"crv": "Ed25519", "kty": "OKP", "x": ED25519_X}
    assert b64url_encode(key.sign(ED25519_INPUT)).encode() == ED25519_SIGNATURE


def test_the_es256_example_of_rfc_7515_verifies():
    PublicKey.from_jwk(P256).verify("ES256", P256_INPUT, b64url_decode(P256_SIGNATURE, "signature"))


# RFC 9864 would rather have "Ed25519" in the header; RFC 9901 peers and browsers still write "EdDSA".
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_joserfc_accepts_what_we_sign_and_we_what_it_signs(algorithm):
    ours = PrivateKey.generate(algorithm)
    head = b64url_encode(json.dumps({"alg": algorithm}).encode()) + ".aGVsbG8"
    compact = f"{head}.{b64url_encode(ours.sign(head.encode()))}"
    same = import_key({**ours.public_jwk()})
    assert jws.deserialize_compact(compact, same, [algorithm]).payload == b"hello"

    theirs = OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else ECKey.generate_key("P-256")
    signing_input, _, signature = jws.serialize_compact({"alg": algorithm}, b"hi", theirs, [algorithm]).rpartition(".")
    PublicKey.from_jwk(theirs.as_dict(private=False)).verify(
        algorithm, signing_input.encode(), b64url_decode(signature.encode(), "signature")
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_verifies_its_own_algorithm_and_no_other(algorithm):
    key = PrivateKey.generate(algorithm)
    signature = key.sign(b"text")
    key.public.verify(algorithm, b"text", signature)
    for claimed in {"EdDSA", "ES256", "none", "HS256", ""} - {algorithm}:
        with pytest.raises(BadSignature):
            key.public.verify(claimed, b"text", signature)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("spoilt", [bytes(64), b"\xff" * 64, b"", bytes(63), bytes(65)])
def test_a_spoilt_signature_is_a_bad_signature(algorithm, spoilt):
    with pytest.raises(BadSignature):
        PrivateKey.generate(algorithm).public.verify(algorithm, b"text", spoilt)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_byte_that_was_signed_counts(algorithm):
    key = PrivateKey.generate(algorithm)
    signature = key.sign(b"text")
    for place in range(64):
        changed = bytearray(signature)
        changed[place] ^= 1
        with pytest.raises(BadSignature):
            key.public.verify(algorithm, b"text", bytes(changed))
    with pytest.raises(BadSignature):
        key.public.verify(algorithm, b"texts", signature)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_same_seed_gives_the_same_key_and_the_same_signature(algorithm):
    one, other = (PrivateKey.from_seed(b"s" * 32, algorithm) for _ in range(2))
    assert one.public_jwk() == other.public_jwk()
    assert one.sign(b"text") == other.sign(b"text")
    assert one.public_jwk() != PrivateKey.from_seed(b"t" * 32, algorithm).public_jwk()


def test_a_seed_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        PrivateKey.from_seed(b"short")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_reads_the_same_from_a_mapping_bytes_and_text_and_ignores_other_members(algorithm):
    jwk = PrivateKey.generate(algorithm).public_jwk()
    texts = json.dumps({**jwk, "use": "sig", "kid": "mine"})
    keys = [PublicKey.from_jwk(form) for form in (jwk, texts, texts.encode())]
    assert all(key == keys[0] for key in keys)
    assert all(key.jwk() == jwk for key in keys)


OKP = {"kty": "OKP", "crv": "Ed25519", "x": ED25519_X}


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {**OKP, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
        {**P256, "d": None},
        {**OKP, "x": ED25519_X + "="},
        {**OKP, "x": ED25519_X[:-1]},
        {**OKP, "x": ED25519_X[:-1] + "p"},
        {**OKP, "x": b64url_encode(bytes(31))},
        {**OKP, "x": b64url_encode(bytes(33))},
        {**P256, "x": b64url_encode(b"\0" + b64url_decode(P256["x"].encode(), "x"))},
        {**OKP, "x": "é" * 43},
        {**OKP, "x": "\ud800"},
        {**OKP, "x": 1},
        {**OKP, "y": ED25519_X},
        {**OKP, "crv": "Ed448"},
        {**OKP, "kty": "EC"},
        {**P256, "y": None},
        {**P256, "y": P256["x"]},
        {**P256, "x": base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("=")},
        {**P256, "crv": "secp256k1"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": object()},
        b"not json",
        b"\xff",
        "\ud800",
        "[]",
        "[" * 10_000,
    ],
)
def test_what_is_no_public_key_of_ours_is_refused_with_a_sentence(jwk):
    with pytest.raises(BadKey) as refused:
        PublicKey.from_jwk(jwk)
    assert str(refused.value).endswith(".")
