"""What cannot both be true, as the page of a visit shows it: both sides, each with a way to it."""

import re
from datetime import timedelta

from ecm.visits.service import VISITS
from tests.arranging import COUNCIL, OTHER_COUNCIL, at, fold_what_waits


async def two_homes(client, arranged) -> None:
    """A carer who was in one home until 08:14, and since 08:05 in another."""
    await arranged.phone("W-1")
    for number, council in ((1, COUNCIL), (2, OTHER_COUNCIL)):
        await arranged.client(f"C-{number}", council=council)
        await arranged.visit(
            f"V-{number}", f"C-{number}", at("07:45") + timedelta(minutes=30 * number), carers=("W-1",)
        )
    for home, direction, clock in ((2, "in", "07:50"), (2, "out", "08:14"), (1, "in", "08:05"), (1, "out", "08:40")):
        await arranged.check_in(f"C-{home}", direction, at(clock), carer="W-1", sequence=int(clock.replace(":", "")))
    await fold_what_waits(client.app[VISITS])


async def test_the_page_of_a_visit_shows_both_sides_and_leads_to_them(client, arranged, office) -> None:
    await two_homes(client, arranged)
    page = await office.see("/visits/V-1")
    assert "In two homes at one time (W-1)" in page.words
    assert "These cannot both be true: tapped in at client C-1, 08:05:00 , by the phone ending in 000001" in page.words
    assert "tapped out at client C-2, 08:14:00 , by the phone ending in 000001" in page.words
    assert 'href="/visits/V-2"' in page.source
    (path,) = set(re.findall(r'href="(/v1/check-ins/[^"]*-000000000002)"', page.source))
    assert (await office.see(path)).status == 200

    await office.send("/visits/V-1/acknowledgements", {"exception": "two_homes_at_once", "carer": "W-1"})
    page = await office.see("/visits/V-1")
    assert "In two homes at one time (W-1): acknowledged" in page.words


async def test_a_council_learns_that_its_visit_is_contradicted_and_nothing_of_anothers_client(
    client, arranged, officer
) -> None:
    await two_homes(client, arranged)
    page = await officer.see(f"/visits/V-1?provider={arranged.provider}")
    assert "tapped in at client C-1" in page.words
    assert "a check-in that you may not see" in page.words
    assert "C-2" not in page.words
    assert "V-2" not in page.source
