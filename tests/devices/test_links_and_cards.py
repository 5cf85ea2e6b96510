import re
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.cards import card_svg
from devices.links import NotOurLink, TagLink, make_link, read_link, verify_link

BASE = "https://ecm.example.org"
PROVIDER = UUID("3f2a8a52-6a51-4d0e-8f5b-111111111111")
TAG = UUID("7d9f1f0e-2a77-4a08-9d3a-222222222222")
KEY = bytes(range(32))
SVG = "{http://www.w3.org/2000/svg}"


@given(st.sampled_from(["nfc", "qr"]), st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_link_is_read_without_a_key_and_verified_with_it(kind, provider, tag, key):
    link = read_link(make_link(BASE, kind, provider, tag, key))
    assert (link.kind, link.tag_id) == (kind, tag)
    assert verify_link(link, provider, key)


def test_a_link_of_one_provider_kind_tag_or_key_does_not_pass_for_another():
    link = read_link(make_link(BASE, "nfc", PROVIDER, TAG, KEY))
    assert not verify_link(link, uuid4(), KEY)
    assert not verify_link(link, PROVIDER, KEY[::-1])
    assert not verify_link(TagLink("qr", TAG, link.mac), PROVIDER, KEY)
    assert not verify_link(TagLink("nfc", uuid4(), link.mac), PROVIDER, KEY)


def test_every_bit_of_the_code_counts():
    link = read_link(make_link(BASE, "qr", PROVIDER, TAG, KEY))
    for bit in range(128):
        spoilt = (int.from_bytes(link.mac, "big") ^ 1 << bit).to_bytes(16, "big")
        assert not verify_link(TagLink("qr", TAG, spoilt), PROVIDER, KEY)


def test_a_link_keeps_its_format_so_that_printed_cards_stay_good():
    assert make_link(BASE, "nfc", PROVIDER, TAG, KEY).startswith(f"{BASE}/t/fZ8fDip3SgidOiIiIiIiI")
    assert len(make_link(BASE, "qr", PROVIDER, TAG, KEY)) == len(BASE) + 3 + 43


GOOD = make_link(BASE, "nfc", PROVIDER, TAG, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD[:-1],
        GOOD + "A",
        GOOD + "=",
        GOOD[:-1] + "_",
        GOOD.replace("/t/", "/x/"),
        GOOD.replace("https", "ftp"),
        GOOD.replace("ecm", "ecm\x00"),
        GOOD.replace("https://", ""),
        "https://ntag.nxp.com/424?e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086",
    ],
)
def test_another_link_is_not_ours(text):
    with pytest.raises(NotOurLink):
        read_link(text)


@given(st.text() | st.text("https:/.tc-_A\x00\n"))
def test_any_text_is_a_link_or_is_not_ours(text):
    with pytest.raises(NotOurLink):
        read_link(text)


def test_a_key_of_another_length_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="32 bytes"):
        make_link(BASE, "nfc", PROVIDER, TAG, b"short")


def part(card: ET.Element, tag: str) -> ET.Element:
    found = card.find(f"{SVG}{tag}")
    assert found is not None
    return found


def size_of(card: ET.Element) -> tuple[float, float]:
    """The width and height of a card, in its own units."""
    _, _, width, height = card.attrib["viewBox"].split()
    return float(width), float(height)


def rasterised(svg: bytes, pixels_a_module: int = 4) -> np.ndarray:
    """The card's squares drawn on a white page, from the SVG alone."""
    card = ET.fromstring(svg)  # noqa: S314 - our own card
    width, height = size_of(card)
    path = part(card, "path").attrib["d"]
    page = np.full((round(height * pixels_a_module), round(width * pixels_a_module)), 255, np.uint8)
    drawn = 0
    for x, y, right, bottom in re.findall(r"M(\d+),(\d+)H(\d+)V(\d+)H\d+z", path):
        left, top = int(x) * pixels_a_module, int(y) * pixels_a_module
        page[top : int(bottom) * pixels_a_module, left : int(right) * pixels_a_module] = 0
        drawn += 1
    assert drawn == path.count("M")
    return page


@settings(max_examples=25, deadline=None)
@given(st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32), st.sampled_from([BASE, "http://127.0.0.1:8080"]))
def test_each_signed_qr_card_that_qrcode_draws_is_read_back_by_zxing(provider, tag, key, base):
    link = make_link(base, "qr", provider, tag, key)
    (found,) = zxingcpp.read_barcodes(rasterised(card_svg(link, "C-0001")))
    assert found.text == link
    assert verify_link(read_link(found.text), provider, key)


def test_a_worn_card_is_still_read():
    link = make_link(BASE, "qr", PROVIDER, TAG, KEY)
    page = rasterised(card_svg(link, "C-0001"))
    middle = page.shape[1] // 2
    page[middle - 16 : middle + 16, middle - 16 : middle + 16] = 255
    (found,) = zxingcpp.read_barcodes(page)
    assert found.text == link


def test_the_caption_is_printed_as_text_whatever_characters_it_has():
    card = ET.fromstring(card_svg(GOOD, "C-1 <&> é"))  # noqa: S314 - our own card
    assert part(card, "text").text == "C-1 <&> é"
    assert part(card, "title").text == "C-1 <&> é"


@pytest.mark.parametrize("caption", ["C-1", "C" * 40])
def test_the_caption_stays_on_the_card_and_out_of_the_quiet_zone(caption):
    card = ET.fromstring(card_svg(GOOD, caption))  # noqa: S314 - our own card
    width, height = size_of(card)
    text = part(card, "text").attrib
    size, baseline = float(text["font-size"]), float(text["y"])
    assert width <= baseline - 0.75 * size
    assert baseline + 0.25 * size <= height
    assert 0.6 * size * len(caption) <= width
