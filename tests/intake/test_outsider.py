"""What an outsider can check of a check-in with nothing but the proof that the service hands out."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from devices.keys import Algorithm, PrivateKey
from ecm.audit.domain import Proof
from ecm.audit.service import Audit
from ecm.db.pool import Database
from ecm.intake.service import Intake
from ecm.process.wiring import visits_and_what_follows
from tests.arranging import officer
from tests.intake.conftest import Phone, SetClock, enrol, post

_ROOT = Path(__file__).parent.parent.parent
_SATISFIED = "signature good; in the log: True\n"


async def proof_of(posted: str, intake: Intake, phone: Phone, database: Database, clock: SetClock) -> Proof:
    """Post what a phone signed, seal it, and fetch its proof as the council's officer does."""
    (answer,) = await post(intake, posted)
    await visits_and_what_follows(database, clock)[0].fold_pending(10)
    council = officer("E08000035")
    assert answer.check_in is not None
    return await Audit(database, clock).proof(council, phone.provider, phone.device_id, answer.check_in)


# RFC 9864 would rather have "Ed25519" in the header; RFC 9901 peers and browsers still write "EdDSA".
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
async def test_promise_4_the_proof_holds_what_the_phone_signed_and_the_key_to_check_it_with(
    intake: Intake, phone: Phone, database: Database, clock: SetClock
) -> None:
    posted = phone.sign()

    proof = await proof_of(posted, intake, phone, database, clock)

    assert posted.startswith(f"{proof.signed_part}~")
    assert proof.leaf_hash == sha256(b"\x00" + sha256(proof.signed_part.encode()).digest()).hexdigest()
    key = OKPKey.import_key(dict(proof.public_key))
    signed = jws.deserialize_compact(proof.signed_part, key, ["EdDSA"])
    assert msgspec.json.decode(signed.payload)["check_in"] == str(proof.check_in)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_the_script_of_the_tour_is_content_with_the_proof_of_either_kind_of_phone_and_with_no_altered_one(
    algorithm: Algorithm,
    intake: Intake,
    provider: UUID,
    superuser: asyncpg.Connection,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
) -> None:
    phone = Phone(provider, key=PrivateKey.generate(algorithm))
    await enrol(superuser, phone)
    proof = await proof_of(phone.sign(), intake, phone, database, clock)
    stranger = PrivateKey.generate(algorithm).public_jwk()

    assert await checked_by_the_tour(proof, tmp_path) == (0, _SATISFIED)
    for altered in (
        msgspec.structs.replace(proof, public_key=stranger),
        msgspec.structs.replace(proof, signed_part=proof.signed_part.replace(".", ".A", 1)),
        msgspec.structs.replace(proof, root=sha256(b"another log").hexdigest()),
    ):
        assert (await checked_by_the_tour(altered, tmp_path))[1] != _SATISFIED


async def checked_by_the_tour(proof: Proof, folder: Path) -> tuple[int | None, str]:
    """What the script under "Prove it" in docs/tour.md makes of a proof: its exit status, and what it prints."""
    (script,) = re.findall(
        r"<<'END'\n(.*?)^END$", (_ROOT / "docs/tour.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    file = folder / "proof.json"
    file.write_bytes(msgspec.json.encode(proof))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-", str(file), cwd=_ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    printed, _ = await process.communicate(script.encode())
    return process.returncode, printed.decode()
