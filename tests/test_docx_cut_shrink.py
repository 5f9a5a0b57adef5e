"""Pictures of a piece made smaller."""

from __future__ import annotations

import io
import random

import docx_samples as samples
import pytest
from docx_pieces import entry, names_in, opens, options, problems
from PIL import Image, ImageDraw

from extractors.base import Change, ShrinkStep
from extractors.docx.cutting.cutter import docx_cutter

EMU = 914_400


def photo(width: int, height: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    pixels = random.Random(1).randbytes(width // 8 * (height // 8) * 3)
    image = Image.frombytes("RGB", (width // 8, height // 8), pixels).resize((width, height)).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 92} if kind == "JPEG" else {}))
    return out.getvalue()


def document(picture: bytes, *, name: str = "image1.jpg", inches: float = 2.0, header: bool = False) -> bytes:
    drawn = samples.picture("rId1", int(inches * EMU), int(inches * EMU))
    parts: dict[str, str | bytes] = {f"word/media/{name}": picture}
    links = {"rId1": ("image", f"media/{name}", False)}
    if not header:
        return samples.make(samples.p("Words") + samples.p(drawn) + samples.SECTION, parts, links=links)
    parts["word/header1.xml"] = f"<w:hdr {samples.NAMES}>{samples.p(drawn)}</w:hdr>"
    section = '<w:sectPr><w:headerReference w:type="default" r:id="rId_header1"/></w:sectPr>'
    return samples.make(samples.p("Words") + section, parts, own_links={"word/header1.xml": links})


def shrunk(data: bytes, step: ShrinkStep) -> tuple[bytes, list[Change]]:
    out = io.BytesIO()
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        changes = cutter.cut(1, cutter.count, out, shrink=step)
    assert problems(out.getvalue()) == []
    opens(out.getvalue())
    return out.getvalue(), [change for change in changes if change.code == "shrunk"]


def media(piece: bytes) -> tuple[str, Image.Image]:
    name = next(name for name in names_in(piece) if "/media/" in name)
    return name, Image.open(io.BytesIO(entry(piece, name)))


def test_a_picture_is_brought_down_to_the_resolution_it_is_drawn_at() -> None:
    source = photo(1600, 1600)
    piece, changes = shrunk(document(source), ShrinkStep(dpi=150, jpeg_quality=60))
    name, image = media(piece)
    assert (name, image.size, image.format) == ("word/media/image1.jpg", (300, 300), "JPEG")
    assert len(changes) == 1
    assert changes[0].units == (2,)
    assert changes[0].before == {"images": 1, "pixels": 1600 * 1600, "bytes": len(source)}
    assert changes[0].after["pixels"] == 300 * 300
    assert changes[0].after["bytes"] == len(entry(piece, name))


def test_a_png_becomes_a_jpeg_only_where_that_is_smaller() -> None:
    piece, _ = shrunk(document(photo(800, 800, "PNG"), name="image1.png"), ShrinkStep(dpi=150, jpeg_quality=60))
    name, image = media(piece)
    assert (name, image.format) == ("word/media/image1.jpeg", "JPEG")
    assert b'Extension="jpeg"' in entry(piece, "[Content_Types].xml") or b"image1.jpeg" in entry(
        piece, "[Content_Types].xml"
    )
    drawing = Image.new("RGB", (1000, 1000), "white")
    drawing.paste("black", (0, 480, 1000, 520))
    out = io.BytesIO()
    drawing.save(out, "BMP")
    piece, _ = shrunk(document(out.getvalue(), name="image1.bmp"), ShrinkStep(dpi=150, jpeg_quality=60))
    assert media(piece)[1].format == "PNG"


def test_transparency_stays() -> None:
    image = Image.frombytes("RGBA", (600, 600), random.Random(2).randbytes(600 * 600 * 4))
    out = io.BytesIO()
    image.save(out, "PNG")
    piece, _ = shrunk(document(out.getvalue(), name="image1.png"), ShrinkStep(dpi=100, jpeg_quality=50))
    assert media(piece)[1].mode == "RGBA"


def writing(side: int) -> bytes:
    """Dark letters on gray paper."""
    page = Image.effect_noise((side, side), 12).point(lambda value: min(255, value + 90))
    for row in range(20, side - 60, 50):
        ImageDraw.Draw(page).text((20 + row % 70, row), f"Letters of line {row}, to be read", fill=20, font_size=36)
    out = io.BytesIO()
    page.convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


@pytest.mark.parametrize(
    ("mode", "picture", "expected"),
    [("gray", photo(900, 900), "L"), ("bilevel", writing(900), "1"), ("bilevel", photo(900, 900), "L")],
)
def test_gray_and_black_and_white_where_nothing_is_lost(mode: str, picture: bytes, expected: str) -> None:
    piece, changes = shrunk(document(picture), ShrinkStep(dpi=300, jpeg_quality=70, mode=mode))  # type: ignore[arg-type]
    assert media(piece)[1].mode == expected
    assert changes[0].after["mode"] == ("bilevel" if expected == "1" else "gray")


def test_what_is_black_and_white_loses_nothing_and_keeps_300_dpi() -> None:
    bits = Image.effect_noise((1200, 1200), 60).point(lambda value: 255 * (value > 100), "1")
    out = io.BytesIO()
    bits.convert("RGB").save(out, "BMP")
    piece, changes = shrunk(document(out.getvalue(), name="image1.bmp", inches=4), ShrinkStep(dpi=150, jpeg_quality=50))
    assert media(piece)[1].mode == "1"
    assert media(piece)[1].tobytes() == bits.tobytes()
    assert (changes[0].after["dpi"], changes[0].after["jpeg_quality"]) == (300, 0)


def test_what_would_not_be_smaller_stays() -> None:
    source = photo(300, 300)
    small = Image.open(io.BytesIO(source))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=20)
    data = document(out.getvalue())
    piece, changes = shrunk(data, ShrinkStep(dpi=150, jpeg_quality=90))
    assert changes == []
    assert entry(piece, "word/media/image1.jpg") == out.getvalue()


def test_pictures_of_headers_are_told_without_a_block() -> None:
    _, changes = shrunk(document(photo(1200, 1200), header=True), ShrinkStep(dpi=100, jpeg_quality=60))
    assert [change.units for change in changes] == [()]
    assert changes[0].after["pixels"] == 200 * 200


def test_a_picture_that_cannot_be_read_or_is_too_large_stays() -> None:
    data = document(b"no picture at all")
    piece, changes = shrunk(data, ShrinkStep(dpi=100, jpeg_quality=60))
    assert changes == []
    assert entry(piece, "word/media/image1.jpg") == b"no picture at all"


def test_the_same_call_writes_the_same_bytes() -> None:
    data, step = document(photo(1600, 1600)), ShrinkStep(dpi=120, jpeg_quality=55)
    assert shrunk(data, step)[0] == shrunk(data, step)[0]


def test_only_pictures_of_the_blocks_meant_are_made_smaller() -> None:
    step = ShrinkStep(dpi=150, jpeg_quality=60)
    in_body, in_header = document(photo(1600, 1600)), document(photo(1600, 1600), header=True)

    made = {}
    for name, data, blocks in (
        ("meant", in_body, {2: step}),
        ("not", in_body, {1: step}),
        ("header", in_header, {1: step}),
    ):
        out = io.BytesIO()
        with docx_cutter(io.BytesIO(data), options()) as cutter:
            changes = cutter.cut(1, cutter.count, out, shrink=blocks)
        made[name] = (media(out.getvalue())[1].size, [one.units for one in changes if one.code == "shrunk"])

    assert made == {"meant": ((300, 300), [(2,)]), "not": ((1600, 1600), []), "header": ((1600, 1600), [])}
