"""QR cards to print and hang in a client's home."""

from typing import cast
from xml.etree import ElementTree as ET

import qrcode
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.svg import SvgPathImage

_SVG = "http://www.w3.org/2000/svg"
_PRINTED_MM = 70
_CAPTION_SHARE = 0.12
_LETTER_WIDTH = 0.65  # of its height, about, in a sans-serif type


def card_svg(link: str, caption: str) -> bytes:
    """A card as SVG: the link as a QR code with its quiet zone on white, and below it the caption as text.

    `caption` should be a code and no name: the card hangs where visitors read it. A quarter of the code may
    be lost to dirt or wear (error level Q). The card prints 70 mm wide.
    """
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, box_size=10, image_factory=SvgPathImage)
    code.add_data(link)
    drawing = code.make_image()
    side = len(code.get_matrix())
    text_height = side * _CAPTION_SHARE
    height = side + text_height
    font_size = min(text_height * 0.7, side * 0.9 / (_LETTER_WIDTH * max(len(caption), 1)))
    card = ET.Element(
        "svg",
        xmlns=_SVG,
        viewBox=f"0 0 {side} {height:g}",
        width=f"{_PRINTED_MM}mm",
        height=f"{_PRINTED_MM * height / side:g}mm",
    )
    ET.SubElement(card, "title").text = caption
    ET.SubElement(card, "rect", width="100%", height="100%", fill="#ffffff")
    card.append(cast("ET.Element", drawing.path))  # make_image has set it
    ET.SubElement(
        card,
        "text",
        {
            "x": f"{side / 2:g}",
            "y": f"{side + text_height * 0.65:g}",
            "text-anchor": "middle",
            "font-family": "sans-serif",
            "font-size": f"{font_size:g}",
        },
    ).text = caption
    svg: bytes = ET.tostring(card, encoding="utf-8", xml_declaration=True)
    return svg
