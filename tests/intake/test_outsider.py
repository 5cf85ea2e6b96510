"""What an outsider can check of a check-in with nothing but the proof that the service hands out."""

from hashlib import sha256

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from ecm.audit.messages import proof_shown
from ecm.audit.service import Audit
from ecm.db.pool import Database
from ecm.intake.service import Intake
from ecm.process.wiring import visits_and_what_follows
from tests.arranging import officer
from tests.intake.conftest import Phone, SetClock, post


# RFC 9864 would rather have "Ed25519" in the header; RFC 9901 peers and browsers still write "EdDSA".
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
async def test_promise_4_the_proof_holds_what_the_phone_signed_and_the_key_to_check_it_with(
    intake: Intake, phone: Phone, database: Database, clock: SetClock
) -> None:
    posted = phone.sign()
    (answer,) = await post(intake, posted)
    await visits_and_what_follows(database, clock)[0].fold_pending(10)

    council = officer("E08000035")
    proof = proof_shown(await Audit(database, clock).proof(council, phone.provider, phone.device_id, answer.check_in))

    assert posted.startswith(f"{proof.signed_part}~")
    assert proof.leaf_hash == sha256(b"\x00" + sha256(proof.signed_part.encode()).digest()).hexdigest()
    key = OKPKey.import_key(proof.public_key)
    signed = jws.deserialize_compact(proof.signed_part, key, ["EdDSA"])
    assert msgspec.json.decode(signed.payload)["check_in"] == str(answer.check_in)
