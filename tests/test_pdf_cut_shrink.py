"""Making the images of a piece smaller."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_pieces import add, codes, cut, one_page, saved
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

from extractors.base import Change, ShrinkStep
from extractors.pdf.reencode import wanted_size
from extractors.tones import group4

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP = ShrinkStep(dpi=100, jpeg_quality=60)
SPACES = {"1": Name.DeviceGray, "L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}


def picture(mode: str = "RGB", side: int = 800) -> Image.Image:
    """A soft picture with sharp letters on it; not symmetric, so that turning or inverting it shows."""
    base = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * turn).resize((side, side)) for turn in (0, 1, 2)])
    noise = Image.effect_noise((side, side), 20).filter(ImageFilter.GaussianBlur(1))
    base = Image.blend(base, Image.merge("RGB", [noise] * 3), 0.3)
    pen = ImageDraw.Draw(base)
    for row in range(40, side - 60, 60):
        pen.text((40, row), "Letters that are to be read", fill=(0, 0, 0), font_size=40)
    return base.convert(mode)


def paper(side: int = 800) -> Image.Image:
    """Dark letters on grainy paper, no line like another."""
    page = Image.effect_noise((side, side), 12).point(lambda value: min(255, value + 100))
    pen = ImageDraw.Draw(page)
    letters = random.Random(1)
    for row in range(20, side - 60, 50):
        line = "".join(letters.choice("abcdefghijklmnopqrstuvwxyz   ") for _ in range(40))
        pen.text((20 + row % 70, row), line, fill=20, font_size=36)
    return page


def stored(pdf: Pdf, image: Image.Image, coding: str = "jpeg", **more: object) -> Stream:
    """An image as a PDF has it."""
    if coding == "jpeg":
        out = io.BytesIO()
        image.save(out, "JPEG", quality=95)
        stream = Stream(pdf, out.getvalue(), Filter=Name.DCTDecode)
    elif coding == "jpx":
        out = io.BytesIO()
        image.save(out, "JPEG2000")
        stream = Stream(pdf, out.getvalue(), Filter=Name.JPXDecode)
    elif coding == "g4":
        parameters = Dictionary(K=-1, Columns=image.width, Rows=image.height)
        stream = Stream(pdf, group4(image), Filter=Name.CCITTFaxDecode, DecodeParms=parameters)
    else:
        stream = Stream(pdf, image.tobytes())
    stream.Type, stream.Subtype, stream.Width, stream.Height = Name.XObject, Name.Image, *image.size
    stream.ColorSpace, stream.BitsPerComponent = SPACES[image.mode], 1 if image.mode == "1" else 8
    for key, value in more.items():
        stream[f"/{key}"] = value
    return stream


def document(image: Image.Image, coding: str = "jpeg", side_pt: int = 200, **more: object) -> bytes:
    """One page of 200 points with the image on it, all over it as a rule: 800 pixels are 288 dpi."""
    pdf = Pdf.new()
    add(
        pdf,
        b"q %d 0 0 %d 0 0 cm /Im Do Q" % (side_pt, side_pt),
        Dictionary(XObject=Dictionary(Im=stored(pdf, image, coding, **more))),
    )
    return saved(pdf)


def drawn(data: bytes, index: int = 0) -> Image.Image:
    """A page as PDFium draws it, in gray."""
    with pypdfium2.PdfDocument(data) as made:
        image: Image.Image = made[index].render(scale=2).to_pil().convert("L")
        return image


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of pixels, 0 to 255."""
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def only(changes: Sequence[Change]) -> Change:
    """The change that tells of smaller images."""
    (change,) = (change for change in changes if change.code == "shrunk")
    return change


def image_of(piece: bytes) -> tuple[Name, int, int, int]:
    """Coding, width, height and bytes of the first image of a piece."""
    with pikepdf.open(io.BytesIO(piece)) as made:
        image = made.pages[0].Resources.XObject.Im
        return image.Filter, image.Width, image.Height, len(image.read_raw_bytes())


@pytest.mark.parametrize(
    ("mode", "coding"),
    [
        ("RGB", "jpeg"),
        ("L", "jpeg"),
        ("CMYK", "jpeg"),
        ("RGB", "flate"),
        ("L", "flate"),
        ("CMYK", "flate"),
        ("RGB", "jpx"),
    ],
)
def test_fewer_pixels_and_the_same_picture(mode: str, coding: str) -> None:
    data = document(picture(mode), coding)
    piece, changes = cut(data, 1, 1, shrink=STEP)
    change = only(changes)
    assert image_of(piece) == (Name.DCTDecode, 278, 278, change.after["bytes"])
    assert (change.units, change.before["pixels"], change.after["pixels"]) == ((1,), 800 * 800, 278 * 278)
    assert (change.after["dpi"], change.after["jpeg_quality"], change.after["mode"]) == (100, 60, "keep")
    assert len(piece) < len(cut(data, 1, 1)[0]) / 3
    assert distance(drawn(piece), drawn(data)) < 8


@pytest.mark.parametrize("step_mode", ["gray", "bilevel"])
@pytest.mark.parametrize(
    ("coding", "inverted"), [("jpeg", False), ("jpeg", True), ("flate", False), ("flate", True), ("jpx", False)]
)
def test_gray_and_black_and_white_are_not_inverted(step_mode: str, coding: str, *, inverted: bool) -> None:
    page = paper().convert("RGB")
    more = {"Decode": Array([1, 0] * 3)} if inverted else {}
    data = document(ImageOps.invert(page) if inverted else page, coding, **more)
    step = ShrinkStep(dpi=150, jpeg_quality=70, mode="gray" if step_mode == "gray" else "bilevel")
    piece, changes = cut(data, 1, 1, shrink=step)
    assert only(changes).after["mode"] == step_mode
    assert image_of(piece)[0] == (Name.DCTDecode if step_mode == "gray" else Name.CCITTFaxDecode)
    with pikepdf.open(io.BytesIO(piece)) as made:
        space = made.pages[0].Resources.XObject.Im.ColorSpace
        assert Name.DeviceGray in ([space] if step_mode == "gray" else list(space))
    soft = [drawn(one).filter(ImageFilter.BoxBlur(4)) for one in (piece, data)]  # without the grain of the paper
    assert distance(*soft) < 6
    assert distance(drawn(piece), drawn(data)) < distance(drawn(piece), ImageOps.invert(drawn(data))) / 3


@pytest.mark.parametrize(("coding", "inverted"), [("g4", False), ("flate", False), ("flate", True)])
def test_black_and_white_stays_black_and_white(coding: str, *, inverted: bool) -> None:
    page = paper().point(lambda value: 255 * (value > 100), "1")
    more = {"Decode": Array([1, 0])} if inverted else {}
    data = document(ImageChops.invert(page) if inverted else page, coding, side_pt=120, **more)  # 480 dpi
    piece, changes = cut(data, 1, 1, shrink=ShrinkStep(dpi=150, jpeg_quality=60))
    assert only(changes).after["pixels"] == 500 * 500  # 300 dpi: black and white is not brought below
    assert (only(changes).after["dpi"], only(changes).after["jpeg_quality"]) == (300, 0)
    assert image_of(piece)[:3] == (Name.CCITTFaxDecode, 500, 500)
    assert distance(drawn(piece), drawn(data)) < 12


def test_an_image_with_a_palette_keeps_its_colours() -> None:
    image = picture("RGB").quantize(200)
    palette = bytes(image.getpalette() or ())
    pdf = Pdf.new()
    stream = stored(pdf, image.convert("L"), "flate")
    stream.write(image.tobytes())
    stream.ColorSpace = Array([Name.Indexed, Name.DeviceRGB, len(palette) // 3 - 1, String(palette)])
    add(pdf, b"q 200 0 0 200 0 0 cm /Im Do Q", Dictionary(XObject=Dictionary(Im=stream)))
    data = saved(pdf)
    piece, _ = cut(data, 1, 1, shrink=STEP)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert made.pages[0].Resources.XObject.Im.ColorSpace == Name.DeviceRGB
    assert distance(drawn(piece), drawn(data)) < 6


def test_a_soft_mask_shrinks_with_its_image() -> None:
    pdf = Pdf.new()
    mask = stored(pdf, picture("L"), "flate")
    image = stored(pdf, picture("RGB"), SMask=mask)
    add(pdf, b"q 200 0 0 200 0 0 cm /Im Do Q", Dictionary(XObject=Dictionary(Im=image)))
    data = saved(pdf)
    piece, changes = cut(data, 1, 1, shrink=STEP)
    change = only(changes)
    assert (change.before["pixels"], change.after["pixels"]) == (2 * 800 * 800, 2 * 278 * 278)
    assert distance(drawn(piece), drawn(data)) < 6


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"ImageMask": True}, "a stencil"),
        ({"Mask": Array([0, 0, 0, 0, 0, 0])}, "masked by its colours"),
        ({"ColorSpace": Array([Name.Pattern])}, "a colour space"),
        ({"Filter": Name.JBIG2Decode}, "JBIG2"),
        ({"Filter": Name.LZWDecode}, "cannot be decoded"),
        ({"SMaskInData": 1}, "mixed with its mask"),
    ],
)
def test_what_would_change_its_meaning_is_left_alone_and_said(more: dict[str, object], why: str) -> None:
    data = document(picture("RGB"), "flate", **more)
    piece, changes = cut(data, 1, 1, shrink=STEP)
    (left,) = (change for change in changes if change.code == "images-left")
    assert (left.units, why in left.message) == ((1,), True)
    assert "shrunk" not in codes(changes)
    assert image_of(piece)[1:3] == (800, 800)


def test_a_mask_mixed_into_its_image_is_left_alone() -> None:
    pdf = Pdf.new()
    image = stored(pdf, picture("RGB"), SMask=stored(pdf, picture("L"), "flate", Matte=Array([0, 0, 0])))
    add(pdf, b"/Im Do", Dictionary(XObject=Dictionary(Im=image)))
    _, changes = cut(saved(pdf), 1, 1, shrink=STEP)
    assert codes(changes) == ["shrunk", "images-left"]  # the mask itself may have fewer pixels
    assert changes[0].before["pixels"] == 2 * 800 * 800
    assert image_of(cut(saved(pdf), 1, 1, shrink=STEP)[0])[1:3] == (800, 800)


def test_an_image_is_never_made_larger() -> None:
    small = io.BytesIO()
    picture("L", 200).save(small, "JPEG", quality=5)
    with Image.open(small) as image:
        data = document(image.convert("L"))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.pages[0].Resources.XObject.Im.write(small.getvalue(), filter=Name.DCTDecode)
        data = saved(pdf)
    assert codes(cut(data, 1, 1, shrink=ShrinkStep(dpi=300, jpeg_quality=90))[1]) == []


def test_pixels_over_the_limit_are_not_decoded() -> None:
    pdf = one_page(b"/Im Do")
    bomb = Stream(pdf, b"\0" * 100, Subtype=Name.Image, Width=100_000, Height=100_000, BitsPerComponent=1)
    bomb.ColorSpace = Name.DeviceGray
    pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Im=bomb))
    (change,) = cut(saved(pdf), 1, 1, shrink=STEP)[1]
    assert (change.code, "million pixels" in change.message) == ("images-left", True)


def test_images_are_measured_as_they_are_drawn() -> None:
    """In a form, turned, twice, in the look of an annotation, in line: always the largest size counts."""
    pdf = Pdf.new()
    image = stored(pdf, picture("L"))
    box = Array([0, 0, 1, 1])
    form = Stream(pdf, b"0 100 -100 0 0 0 cm /Im Do", Subtype=Name.Form, BBox=box, Matrix=Array([0.5, 0, 0, 0.5, 0, 0]))
    form.Resources = Dictionary(XObject=Dictionary(Im=image))
    add(
        pdf, b"q 2 0 0 2 0 0 cm /Fm Do Q q 10 0 0 10 0 0 cm /Im Do Q", Dictionary(XObject=Dictionary(Fm=form, Im=image))
    )
    look = Stream(
        pdf,
        b"/Im Do",
        Subtype=Name.Form,
        BBox=box,
        Resources=Dictionary(XObject=Dictionary(Im=stored(pdf, picture("L")))),
    )
    stamp = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([50, 50, 150, 150]), AP=Dictionary(N=look))
    add(pdf, b"", Annots=Array([stamp]))
    gray = picture("L", 300)
    inline = b"q 100 0 0 100 0 0 cm BI /W 300 /H 300 /CS /G /BPC 8 ID " + gray.tobytes() + b"\nEI Q"
    add(pdf, inline)
    data = saved(pdf)
    piece, changes = cut(data, 1, 3, shrink=ShrinkStep(dpi=72, jpeg_quality=60))
    assert {change.units: change.after["pixels"] for change in changes} == dict.fromkeys([(1,), (2,), (3,)], 100 * 100)
    assert max(distance(drawn(piece, index), drawn(data, index)) for index in range(3)) < 5


def test_an_image_that_pages_share_is_re_encoded_once() -> None:
    pdf = Pdf.new()
    image = stored(pdf, picture("L"))
    for side in (100, 200):
        add(pdf, b"q %d 0 0 %d 0 0 cm /Im Do Q" % (side, side), Dictionary(XObject=Dictionary(Im=image)))
    piece, changes = cut(saved(pdf), 1, 2, shrink=STEP)
    assert [change.units for change in changes] == [(1,), (2,)]
    assert {change.after["pixels"] for change in changes} == {278 * 278}
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert len({page.Resources.XObject.Im.objgen for page in made.pages}) == 1


def test_shrinking_is_repeatable_and_leaves_the_document_as_it_was() -> None:
    data = document(picture("RGB"))
    assert cut(data, 1, 1, shrink=STEP) == cut(data, 1, 1, shrink=STEP)
    assert cut(data, 1, 1, shrink=STEP)[0] != cut(data, 1, 1)[0]


@given(
    st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    st.tuples(st.floats(0, 100), st.floats(0, 100)),
    st.integers(1, 1200),
)
def test_no_image_gains_pixels_or_falls_below_the_resolution(
    size: tuple[int, int], inches: tuple[float, float], dpi: int
) -> None:
    wanted = wanted_size(size, inches, dpi)
    assert all(1 <= new <= old for new, old in zip(wanted, size, strict=True))
    if wanted != size:
        assert all(new >= dpi * side * 0.999 for new, side in zip(wanted, inches, strict=True))


def two_of_three_share() -> bytes:
    """Pages 1 and 2 show one picture, page 3 another."""
    pdf = Pdf.new()
    shared, own = stored(pdf, picture()), stored(pdf, picture("L"))
    for image in (shared, shared, own):
        add(pdf, b"q 200 0 0 200 0 0 cm /Im Do Q", Dictionary(XObject=Dictionary(Im=image)))
    return saved(pdf)


def test_only_images_of_the_pages_meant_are_made_smaller() -> None:
    data = two_of_three_share()

    of_one, changes = cut(data, 1, 3, shrink={1: STEP, 3: STEP})
    of_both, more = cut(data, 1, 3, shrink={1: STEP, 2: ShrinkStep(dpi=144, jpeg_quality=70)})

    assert [change.units for change in changes if change.code == "shrunk"] == [(3,)]
    assert sizes(of_one) == [800, 800, 278]
    assert [change.units for change in more if change.code == "shrunk"] == [(1,), (2,)]
    assert all(change.after["dpi"] == 144 for change in more)
    assert sizes(of_both) == [400, 400, 800]


def sizes(data: bytes) -> list[int]:
    """How many pixels across the picture of each page is."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return [int(page.Resources.XObject.Im.Width) for page in pdf.pages]
