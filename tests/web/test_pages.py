"""What the pages show and do: the day, a visit, candidates, imports, hours and phones."""

import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from aiohttp import FormData

from ecm.alerts.service import ALERTS
from ecm.care.domain import IMPORT_KINDS
from reports.contracts import contract_to_json, example_contract
from tests.arranging import DAY, HandClock, at
from tests.web.browsing import Browser, fold

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
async def morning(office: Browser) -> Browser:
    """Two clients; V-1 was delivered at eight, V-2 was to be at nine, V-3 is to be at two, all of one commission."""
    arranged = office.arranged
    await arranged.phone("W-001")
    await arranged.carer("W-002")
    await arranged.client("C-1")
    await arranged.client("C-2")
    await arranged._put(
        "contracts",
        council_id="E10000015",
        contract="A",
        version=1,
        document=contract_to_json(example_contract("a")).decode(),
        stored_at=at("00:00"),
    )
    await arranged.commission("K-1", "C-1")
    await arranged.visit("V-1", "C-1", at("08:00"), commission="K-1")
    await arranged.visit("V-2", "C-2", at("09:00"), carers=("W-002",))
    await arranged.visit("V-3", "C-1", at("14:00"))
    await arranged.check_in("C-1", "in", at("08:02"))
    await arranged.check_in("C-1", "out", at("08:27:30"))
    await fold(office)
    return office


async def test_an_empty_day_says_what_to_do(office: Browser, officer: Browser):
    page = await office.see("/")
    assert "No visits are planned for Friday 20 November 2026. Import a roster" in page.words
    assert 'href="/imports"' in page.source
    assert "commissions no provider here yet" in (await officer.see("/")).words


async def test_the_day_counts_and_lists_visits(morning: Browser):
    page = await morning.see("/")
    assert "3 All 1 Due 0 In progress 1 Done 0 Late 1 Missed 0 Cancelled" in page.words
    assert "W-001 08:02 located – 08:27 located 25 min 30 s" in page.words
    assert "W-002 expected" in page.words
    missed = await morning.see("/?status=missed")
    assert "V-2" in missed.words
    assert "V-1" not in missed.words
    assert "None of the 3 visits is in this group" in (await morning.see("/?status=late")).words


async def test_the_day_shows_times_as_clocks_in_england_do(office: Browser, clock: HandClock):
    summer = DAY.replace(month=7)
    await office.arranged.client("C-1")
    await office.arranged.visit("V-7", "C-1", at("08:00", summer))
    await fold(office)
    page = await office.see(f"/?day={summer}")
    assert '<time datetime="2026-07-20T07:00:00+00:00">08:00</time>' in page.source


async def report(browser: Browser, kind: str, clock: str, memo: str) -> None:
    answer = await browser.client.post(
        "/v1/alerts",
        json={
            "alert": str(uuid4()),
            "kind": kind,
            "client": "C-1",
            "visit": "V-1",
            "occurred_at": at(clock).isoformat(),
            "memo": memo,
        },
        headers={"Origin": browser.origin},
        cookies=browser.cookie,
    )
    assert answer.status == 201


async def test_the_gravest_alert_stands_first_however_old_it_is(morning: Browser):
    await report(morning, "fall_with_injury", "08:10", "the fall")
    for number in range(6):
        await report(morning, "no_reply", f"09:1{number}", f"no reply {number}")
    words = (await morning.see("/")).words
    told = ["the fall", *(f"no reply {number}" for number in reversed(range(6)))]
    assert sorted(told, key=words.index) == told


async def test_open_alerts_stand_on_top_and_are_not_run(morning: Browser):
    await report(morning, "fall_with_injury", "08:10", HOSTILE)
    for path in ("/", "/visits/V-1"):
        page = await morning.see(path)
        assert "Fall with injury" in page.words
        assert HOSTILE not in page.source
        assert "&lt;img src=x onerror=alert(1)&gt;" in page.source


async def test_a_visit_shows_its_taps_and_their_proof(morning: Browser):
    page = await morning.see("/visits/V-1")
    assert "25 min 30 s delivered" in page.words
    assert "Located: the phone was at the address." in page.words
    for leaf in (1, 2):
        assert f"Sealed as leaf {leaf} of 2 in the provider’s log" in page.words
    proof = re.search(r'href="(/v1/check-ins/[^"]+/proof)"', page.source)
    assert proof is not None
    assert (await morning.see(proof[1], Accept="application/json")).status == 200


async def test_a_visit_with_any_code_has_a_page(office: Browser):
    await office.arranged.client("C-1")
    await office.arranged.visit("A/b.1", "C-1", at("10:00"))
    await office.arranged.check_in("C-1", "in", at("06:00"))
    await fold(office)
    found = re.findall(r'href="(/visits/[^"#]+)"', (await office.see("/")).source)
    assert len(set(found)) == 2
    for path in found:
        assert (await office.see(path)).status == 200


async def test_promise_11_other_providers_visits_have_no_page(morning: Browser, client, database, superuser):
    rival = await type(morning.arranged)(database, superuser).begin()
    stranger = await Browser(client, rival).signed_in_as("coordinator", "a.rival")
    for path in ("/visits/V-1", f"/visits/V-1?provider={morning.arranged.provider}"):
        assert (await stranger.see(path)).status == 404
    assert "No visits are planned" in (await stranger.see("/")).words


async def test_a_council_officer_reads_and_may_not_act(morning: Browser, officer: Browser):
    page = await officer.see("/")
    assert "V-1" in page.words
    assert "<form method=" not in page.source.split("<main", 1)[1]
    path = f"/visits/V-1?provider={morning.arranged.provider}"
    assert path in page.source
    visit = await officer.see(path)
    assert visit.status == 200
    assert "Amend a carer" not in visit.words
    assert (await officer.send("/visits/V-1/amendments", {})).status == 403


async def test_an_amendment_is_stored_beside_the_check_ins_and_shown_at_once(morning: Browser):
    source = (await morning.see("/visits/V-2")).source
    amendment = re.search(r'name="amendment" value="([^"]+)"', source)
    assert amendment is not None
    form = {
        "amendment": amendment[1],
        "carer": "W-002",
        "in_at": "2026-11-20T09:01",
        "out_at": "2026-11-20T09:31:30",
        "reason": "NO_CALLS",
        "memo": HOSTILE,
    }
    amended = "/visits/V-2"
    for _ in range(2):
        assert (await morning.send("/visits/V-2/amendments", form)).location == amended
    visit = await morning.see(amended)
    assert "In 09:01:00 entered by hand , out 09:31:30 entered by hand : 30 min 30 s delivered" in visit.words
    assert "The carer checked neither in nor out" in visit.words
    assert HOSTILE not in visit.source
    assert len(await morning.arranged.rows("amendments")) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"in_at": "", "out_at": ""}, "changes in_at, out_at or both"),
        ({"in_at": "yesterday"}, "The arrival is not a date and time"),
        ({"in_at": "2026-03-29T01:30"}, "the clocks go forward"),
        ({"reason": "BECAUSE"}, "A field of the form cannot be used"),
        ({"reason": "OTHER_WITH_MEMO"}, "needs a memo"),
        ({"carer": "W-999"}, "There is no carer W-999"),
        ({"memo": "a\x00b"}, "A field of the form cannot be used"),
    ],
)
async def test_an_unusable_amendment_says_what_is_wrong(morning: Browser, changes: dict[str, str], told: str):
    form = {"amendment": str(uuid4()), "carer": "W-002", "in_at": "2026-11-20T09:01", "reason": "NO_IN"} | changes
    page = await morning.send("/visits/V-2/amendments", form)
    assert page.status in {400, 422}
    assert told in page.words
    assert await morning.arranged.rows("amendments") == []


async def test_an_exception_is_acknowledged_from_the_day(morning: Browser):
    await morning.arranged.check_in("C-2", "in", at("10:30"), carer="W-001")
    await fold(morning)
    page = await morning.see("/?status=attention")
    assert "Look at: A carer not on the roster came (W-001)" in page.words
    form = {"exception": "carer_replaced", "carer": "W-001", "back": "/?status=attention"}
    answer = await morning.send("/visits/V-2/acknowledgements", form)
    assert answer.location == form["back"]
    assert "A carer not on the roster came (W-001): acknowledged" in (await morning.see(answer.location)).words


async def test_a_registered_manager_dismisses_a_candidate_with_a_reason(morning: Browser, client, clock: HandClock):
    await morning.arranged.client("C-3", lives_alone=True)
    await morning.arranged.visit("V-4", "C-3", at("09:00"))
    await fold(morning)
    await client.app[ALERTS].watch_once(clock.now())
    page = await morning.see("/candidates")
    assert "Abuse, or an allegation of abuse" in page.words
    assert "SI 2009/3112 reg 18(2)(e)" in page.words
    assert "Not known: harm, a safeguarding concern, or a second adult affected" in page.words
    assert "deadline" not in page.words.lower()
    action = re.search(r'action="(/candidates/[^"]+)"', page.source)
    assert action is not None
    colleague = await Browser(client, morning.arranged).signed_in_as("coordinator")
    assert "A registered manager may dismiss it" in (await colleague.see("/candidates")).words
    assert (await colleague.send(action[1], {"reason": "no"})).status == 403
    assert (await morning.send(action[1], {"reason": "  "})).status == 400
    assert (await morning.send(action[1], {"reason": HOSTILE})).location == "/candidates?show=all"
    assert "There is nothing to decide on" in (await morning.see("/candidates")).words
    decided = await morning.see("/candidates?show=all")
    assert "Dismissed by a.registered_manager" in decided.words
    assert HOSTILE not in decided.source


def upload(kind: str, content: bytes) -> FormData:
    form = FormData()
    form.add_field("kind", kind)
    form.add_field("file", io.BytesIO(content), filename="file.csv", content_type="text/csv")
    return form


async def test_checking_a_file_stores_nothing_and_storing_it_does(office: Browser):
    checked = await office.send("/imports", upload("carers", b"carer,branch\nW-1,L1\nW-2,L1\n"))
    assert "What this file would do 2 read 2 new 0 changed 0 unchanged 0 rejected" in checked.words
    assert await office.arranged.rows("carers") == []
    content = re.search(r'name="content" value="([^"]+)"', checked.source)
    assert content is not None
    form = FormData()
    for name, value in (("kind", "carers"), ("action", "store"), ("content", content[1])):
        form.add_field(name, value, content_type="text/plain")
    stored = await office.send("/imports", form)
    assert "The file is stored (carers): 2 new, 0 changed." in stored.words
    assert len(await office.arranged.rows("carers")) == 2


async def test_rejected_rows_are_listed_with_line_column_and_reason(office: Browser):
    page = await office.send("/imports", upload("carers", f"carer,branch\n{HOSTILE},L1\nW-2,L9\n".encode()))
    assert page.status == 422
    assert "Nothing was stored 2 read 0 new 0 changed 0 unchanged 2 rejected" in page.words
    assert "2 carer" in page.words
    assert "3 branch" in page.words
    assert HOSTILE not in page.source
    assert 'name="content"' not in page.source


async def test_a_file_that_cannot_be_read_says_why(office: Browser):
    page = await office.send("/imports", upload("carers", b"\xff\xfe\x00"))
    assert page.status == 422
    assert "The file cannot be read." in page.words


async def test_forms_that_are_not_ours_are_a_problem_and_no_fault(office: Browser):
    strange = FormData()
    strange.add_field("surprise", "x", content_type="text/plain")
    assert (await office.send("/imports", strange)).status == 400
    assert (await office.send("/imports", {"kind": "carers"})).status == 400
    assert (await office.send("/imports", upload("ferrets", b"x"))).status == 400
    assert (await office.send("/imports", upload("uprns", b"x"))).status == 403
    large = upload("carers", b"x" * (12 * 1024 * 1024))
    assert (await office.send("/imports", large)).status == 413


async def test_each_kind_of_file_is_shown_with_a_header_that_imports(office: Browser, browser: Browser):
    page = await office.see("/imports")
    assert all(f'value="{kind}"' in page.source for kind in set(IMPORT_KINDS) - {"uprns"})
    for kind, example in zip(("carers", "clients"), re.findall(r"<pre[^>]*>([^<]+)</pre>", page.source), strict=False):
        checked = await office.send("/imports", upload(kind, example.encode()))
        assert "1 read 1 new 0 changed 0 unchanged 0 rejected" in checked.words, kind


async def test_hours_show_each_line_with_why_and_link_to_its_visit(morning: Browser):
    page = await morning.see("/reconciliation")
    assert "Lines (1)" in page.words
    assert "30 min 25 min 30 min" in page.words
    assert "25 minutes and 30 seconds were delivered; the seconds are dropped" in page.words
    assert 'href="/visits/V-1"' in page.source
    files = re.findall(r'href="(/v1/reconciliation[^"]+)"', page.source)
    assert len(files) == 2
    for path in files:
        answer = await morning.client.get(path.replace("&amp;", "&"), cookies=morning.cookie)
        assert answer.status == 200
        assert 'filename="hours_E10000015_Invented-Care_2026-11-20_2026-11-20_own-contracts.' in str(
            answer.headers["Content-Disposition"]
        )


async def test_a_council_officer_sees_the_same_hours(morning: Browser, officer: Browser):
    page = await officer.see("/reconciliation")
    assert "Invented Care for E10000015" in page.words
    assert "30 min 25 min 30 min" in page.words
    assert f"/visits/V-1?provider={morning.arranged.provider}" in page.source


async def test_hours_say_what_cannot_be_shown(morning: Browser, officer: Browser):
    page = await morning.see("/reconciliation?from=2026-11-20&to=2026-11-19")
    assert page.status == 422
    assert "The period ends on 2026-11-19, before it begins" in page.words
    assert 'value="2026-11-19"' in page.source
    assert "no contract Z" in (await morning.see("/reconciliation?contract=Z@1")).words
    assert (await morning.see("/reconciliation?contract=Z")).status == 400
    assert (await officer.see(f"/reconciliation?provider={uuid4()}")).status == 404


async def test_without_commissions_the_hours_page_says_so(office: Browser, officer: Browser):
    assert "Nothing is commissioned from you by any council here yet" in (await office.see("/reconciliation")).words
    assert "Nothing is commissioned from any provider here" in (await officer.see("/reconciliation")).words


async def test_a_one_time_code_is_shown_once(office: Browser):
    await office.arranged.carer("W-001")
    made = await office.send("/enrol", {"carer": "W-001"})
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", made.words)
    assert code is not None
    assert code[0] not in (await office.see("/enrol")).words
    assert (await office.send("/enrol", {"carer": "W-999"})).status == 422
    assert (await office.send("/enrol", {})).status == 400


async def test_a_phone_is_revoked(office: Browser, clock: HandClock):
    await office.arranged.carer("W-001")
    device = uuid4()
    await office.arranged._own(
        "devices",
        device_id=device,
        carer="W-001",
        public_key='{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}',
        enrolled_at=clock.now() - timedelta(days=1),
    )
    assert str(device) in (await office.see("/enrol")).words
    page = await office.send(f"/enrol/{device}/revocation")
    assert page.location == "/enrol"
    (row,) = await office.arranged.rows("devices")
    assert row["revoked_at"] == clock.now()
    assert (await office.send(f"/enrol/{uuid4()}/revocation")).status == 404


async def test_an_operator_is_led_to_the_imports_of_addresses(browser: Browser):
    await browser.signed_in_as("operator")
    assert (await browser.see("/")).location == "/imports"
    assert "UPRNs" in (await browser.see("/imports")).words
