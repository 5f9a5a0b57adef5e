"""PDF pages as images for OCR: the stored image where it is the page, a drawing elsewhere; both show the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium_c
import pytest
from pages import WORDS, add_page, lettered, on_disk, printed, saved, scanned, stored_image
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageChops, ImageOps, ImageStat

from extractors.base import Raster, ReadLimits, ReadOptions
from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.pdf.drawing import draw_gray
from extractors.pdf.opening import open_pdf
from extractors.pdf.render import render_page, render_pages

W, H = 240.0, 320.0


def both(folder: Path, data: bytes, number: int = 1) -> tuple[Raster, Image.Image]:
    """A page as OCR gets it, and as PDFium draws it at the same size."""
    with on_disk(folder, data) as file, open_pdf(file, None) as opened:
        raster = render_page(opened, number, ReadLimits())
        page = pdfium_c.FPDF_LoadPage(opened.pdfium, number - 1)
        drawn = draw_gray(page, raster.image.size, max_s=10)
        pdfium_c.FPDF_ClosePage(page)
    assert drawn is not None
    return raster, drawn


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures of one size, 0 to 255."""
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def one_image(image: Image.Image, matrix: tuple[float, ...], rotate: int = 0, **more: Any) -> bytes:
    pdf = Pdf.new()
    size = (H, W) if abs(matrix[1]) > abs(matrix[0]) else (W, H)
    page = add_page(pdf, stored_image(pdf, image, **more), size=size, matrix=matrix)  # type: ignore[arg-type]
    if rotate:
        page.Rotate = rotate
    return saved(pdf)


MATRICES = {
    "upright": (W, 0, 0, H, 0, 0),
    "mirrored": (-W, 0, 0, H, W, 0),
    "flipped": (W, 0, 0, -H, 0, H),
    "on its head": (-W, 0, 0, -H, W, H),
    "turned left": (0, W, -H, 0, H, 0),
    "turned right": (0, -W, H, 0, 0, W),
    "transposed": (0, W, H, 0, 0, 0),
    "transposed on its head": (0, -W, -H, 0, H, W),
}


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_stored_image_is_turned_as_the_page_shows_it(tmp_path: Path, matrix: tuple[float, ...], rotate: int) -> None:
    raster, drawn = both(tmp_path, one_image(lettered(), matrix, rotate))
    assert raster.origin == "embedded"
    assert raster.dpi == pytest.approx(72)
    assert difference(raster.image, drawn) < 1


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_stored_image_has_the_tones_of_the_page(tmp_path: Path, mode: str) -> None:
    raster, drawn = both(tmp_path, one_image(lettered().convert(mode), MATRICES["upright"]))
    assert raster.origin == "embedded"
    assert difference(raster.image, drawn) < 4


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_is_decoded_to_gray_and_half_size_when_huge(tmp_path: Path, mode: str) -> None:
    image = lettered(3600, 7000).convert(mode)
    raster, drawn = both(tmp_path, scanned(image, dpi=600))
    assert raster.origin == "embedded"
    assert raster.image.size == (1800, 3500)
    assert raster.dpi == pytest.approx(300)
    assert difference(raster.image, drawn) < 2


@pytest.mark.parametrize(
    "more",
    [
        {"Decode": Array([1, 0])},
        {"SMask": "mask"},
        {"Mask": Array([0, 30])},
        {"ImageMask": True, "BitsPerComponent": 1},
    ],
    ids=["inverted", "soft mask", "colour mask", "stencil"],
)
def test_what_a_stored_image_does_not_show_is_drawn(tmp_path: Path, more: dict[str, Any]) -> None:
    pdf = Pdf.new()
    image = lettered()
    if more.get("SMask"):
        more = {"SMask": stored_image(pdf, Image.new("L", image.size, 128))}
    stored = stored_image(pdf, image, **more)
    if more.get("ImageMask"):
        stored.write(image.convert("1").tobytes())
    add_page(pdf, stored, size=(W, H), matrix=(W, 0, 0, H, 0, 0))
    raster, drawn = both(tmp_path, saved(pdf))
    assert raster.origin == "rendered"
    assert raster.image.size == (round(W / 72 * 200), round(H / 72 * 200))
    assert difference(raster.image, drawn) < 2
    plain = lettered().resize(raster.image.size)
    assert difference(raster.image, plain) > 4, "the mask or inversion must show"


BESIDES = {
    "a stamp": ("", "BT /F 40 Tf 20 200 Td (COPY) Tj ET"),
    "a bar over it": ("", "0 g 0 0 120 120 re f"),
    "a clipping": ("40 40 80 80 re W n", ""),
    "half transparent": ("/G gs", ""),
}


@pytest.mark.parametrize("operators", BESIDES.values(), ids=BESIDES)
def test_page_with_more_than_its_image_is_drawn(tmp_path: Path, operators: tuple[str, str]) -> None:
    pdf = Pdf.new()
    before, after = operators
    page = add_page(
        pdf, stored_image(pdf, lettered()), size=(W, H), matrix=(W, 0, 0, H, 0, 0), before=before, after=after
    )
    page.Resources.ExtGState = Dictionary(G=Dictionary(ca=0.4))
    raster, drawn = both(tmp_path, saved(pdf))
    assert raster.origin == "rendered"
    assert difference(raster.image, drawn) < 1
    assert difference(raster.image, lettered().resize(raster.image.size)) > 2


UNSEEN = {
    "an invisible text layer": ("", "BT 3 Tr /F 12 Tf 20 200 Td (recognized) Tj ET"),
    "paper painted below": ("1 g 0 0 240 320 re f", ""),
    "a clipping around it": ("0 0 240 320 re W n", ""),
}


@pytest.mark.parametrize("operators", UNSEEN.values(), ids=UNSEEN)
def test_what_does_not_show_leaves_the_image_alone(tmp_path: Path, operators: tuple[str, str]) -> None:
    pdf = Pdf.new()
    before, after = operators
    add_page(pdf, stored_image(pdf, lettered()), size=(W, H), matrix=(W, 0, 0, H, 0, 0), before=before, after=after)
    raster, drawn = both(tmp_path, saved(pdf))
    assert raster.origin == "embedded"
    assert difference(raster.image, drawn) < 1


def test_cropped_or_slanted_image_is_drawn(tmp_path: Path) -> None:
    pdf = Pdf.new()
    image = stored_image(pdf, lettered())
    add_page(pdf, image, size=(W / 2, H), matrix=(W, 0, 0, H, 0, 0))
    add_page(pdf, image, size=(W, H), matrix=(W * 0.9, 20, -20, H * 0.9, 20, 0))
    data = saved(pdf)
    for number in (1, 2):
        raster, drawn = both(tmp_path, data, number)
        assert raster.origin == "rendered"
        assert difference(raster.image, drawn) < 1


def test_annotation_on_a_scan_is_drawn(tmp_path: Path) -> None:
    pdf = Pdf.new()
    page = add_page(pdf, stored_image(pdf, lettered()), size=(W, H), matrix=(W, 0, 0, H, 0, 0))
    look = Stream(pdf, b"0 g 0 0 100 100 re f", Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100]))
    note = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=[100, 0, 200, 100], AP=Dictionary(N=look), F=4)
    page.Annots = pdf.make_indirect(Array([note]))
    raster, _ = both(tmp_path, saved(pdf))
    assert raster.origin == "rendered"
    assert raster.image.getpixel((round(150 * 200 / 72), round((H - 50) * 200 / 72))) == 0


def test_fax_pixels_are_made_square(tmp_path: Path) -> None:
    tall = lettered(480, 320)  # 144 pixels an inch across, 72 down
    pdf = Pdf.new()
    add_page(pdf, stored_image(pdf, tall), size=(W, H), matrix=(W, 0, 0, H, 0, 0))
    raster, drawn = both(tmp_path, saved(pdf))
    assert (raster.origin, raster.image.size) == ("embedded", (480, 640))
    assert raster.dpi == pytest.approx(144)
    assert difference(raster.image, drawn) < 3


def test_resolution_counts_user_units(tmp_path: Path) -> None:
    pdf = Pdf.new()
    page = add_page(pdf, stored_image(pdf, lettered()), size=(W, H), matrix=(W, 0, 0, H, 0, 0))
    page.UserUnit = 2
    raster, _ = both(tmp_path, saved(pdf))
    assert raster.dpi == pytest.approx(36)


def test_small_type_is_drawn_finer_than_large(tmp_path: Path) -> None:
    usual, _ = both(tmp_path, printed(size=11))
    small, _ = both(tmp_path, printed(WORDS * 3, size=4))
    assert usual.dpi == pytest.approx(200)
    assert small.dpi > 300


@pytest.mark.parametrize(("side", "most"), [(14_400.0, 5000), (200_000.0, 5000)])
def test_huge_page_stays_within_the_pixels(tmp_path: Path, side: float, most: int) -> None:
    pdf = Pdf.new()
    add_page(pdf, stored_image(pdf, lettered()), size=(side, side), matrix=(W, 0, 0, H, 0, 0))
    raster, _ = both(tmp_path, saved(pdf))
    assert max(raster.image.size) <= most


def test_stamp_sized_scan_keeps_its_pixels(tmp_path: Path) -> None:
    image = ImageOps.expand(lettered(1600, 2000), 50, 255)
    raster, _ = both(tmp_path, scanned(image, dpi=2400))
    assert raster.image.size == image.size
    assert raster.dpi == pytest.approx(2400)


def test_image_over_the_limit_is_refused_by_name(tmp_path: Path) -> None:
    pdf = Pdf.new()
    image = stored_image(pdf, lettered())
    image.Width, image.Height = 50_000, 50_000
    add_page(pdf, image, size=(W, H), matrix=(W, 0, 0, H, 0, 0))
    with pytest.raises(SafetyLimitExceeded, match="2,500 million pixels") as caught:
        both(tmp_path, saved(pdf))
    assert caught.value.unit == 1


def test_missing_page_is_named(tmp_path: Path) -> None:
    options = ReadOptions(media_type="application/pdf")
    with on_disk(tmp_path, printed()) as file:
        pages = render_pages(file, options, (1, 7))
        assert next(pages)[0] == 1
        with pytest.raises(DamagedDocument, match="Page 7") as caught:
            next(pages)
    assert caught.value.unit == 7


def test_rendering_is_deterministic(tmp_path: Path) -> None:
    data = printed()
    assert both(tmp_path, data)[0].image.tobytes() == both(tmp_path, data)[0].image.tobytes()


SCANS = ("ocrmypdf__cardinal", "ocrmypdf__c02-22", "ocrmypdf__2400dpi", "ocrmypdf__ccitt", "ocrmypdf__epson")


def test_scans_of_the_corpus_look_like_their_pages(corpus: Path, tmp_path: Path) -> None:
    embedded = 0
    for name in SCANS:
        data = (corpus / "pdf" / f"{name}.pdf").read_bytes()
        for number in range(1, 5 if "cardinal" in name else 2):
            raster, drawn = both(tmp_path, data, number)
            embedded += raster.origin == "embedded"
            assert difference(raster.image, drawn) < 6, (name, number)
    assert embedded == 8
