"""Images made smaller stay legible: real OCR of scanned writing, before and after every kind of step."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from cuttable import words
from pdf_pieces import cut
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream
from PIL import Image, ImageChops
from reportlab.pdfgen import canvas
from truth import edit_distance

from extractors.base import ReadOptions
from extractors.facts import UnitFacts, UnitKind
from extractors.ocr import choose_engine
from extractors.ocr.work import recognize_units
from extractors.registry import PDF
from extractors.tones import LEAST_BILEVEL_DPI, group4
from preflight.shrink import LEAST_DPI, steps_for

SHEET = (420, 150)
MORE_ERRORS = 0.005
"""Characters that OCR may read wrong more often afterwards: half a percent, down to 6 point type (reached: 0.2 %)."""
SCAN = UnitFacts(number=1, kind=UnitKind.SCAN)


def printed(size: float) -> tuple[Image.Image, str]:
    """A sheet of words as a 600 dpi scanner sees it: gray paper, grain in all colours; and the words."""
    out, lines, below = io.BytesIO(), [], SHEET[1] - 20.0
    sheet = canvas.Canvas(out, pagesize=SHEET, invariant=True)
    sheet.setFont("Times-Roman", size)
    while below > 15:
        lines.append(words(len(lines), 7))
        sheet.drawString(20, below, lines[-1])
        below -= 1.5 * size
    sheet.save()
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        clean = document[0].render(scale=600 / 72).to_pil().convert("RGB")
    grain = Image.merge("RGB", [Image.effect_noise(clean.size, 14) for _ in range(3)])
    return ImageChops.add(clean.point(lambda value: 20 + value * 200 // 255), grain, offset=-128), " ".join(lines)


def scan(image: Image.Image) -> bytes:
    """A PDF of one page that is this image: a JPEG, or CCITT group 4."""
    fields = {"Type": Name.XObject, "Subtype": Name.Image, "Width": image.width, "Height": image.height}
    pdf = Pdf.new()
    if image.mode == "1":
        parameters = Dictionary(K=-1, Columns=image.width, Rows=image.height)
        fields |= {"BitsPerComponent": 1, "ColorSpace": Name.DeviceGray, "Filter": Name.CCITTFaxDecode}
        stored = Stream(pdf, group4(image), **fields, DecodeParms=parameters)
    else:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=95)
        fields |= {"BitsPerComponent": 8, "ColorSpace": Name.DeviceRGB, "Filter": Name.DCTDecode}
        stored = Stream(pdf, out.getvalue(), **fields)
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, *SHEET]),
        Resources=Dictionary(XObject=Dictionary(Im=stored)),
        Contents=Stream(pdf, b"q %d 0 0 %d 0 0 cm /Im Do Q" % SHEET),
    )
    pdf.pages.append(Page(pdf.make_indirect(page)))
    made = io.BytesIO()
    pdf.save(made, deterministic_id=True)
    return made.getvalue()


def errors(data: bytes, truth: str) -> float:
    """Share of characters that OCR reads wrong."""
    engine = choose_engine("tesserocr", ("eng",))
    read = recognize_units(
        io.BytesIO(data), ReadOptions(media_type=PDF), (1,), engine=engine, languages=("eng",), timeout_s=120
    )
    text = " ".join(next(iter(read)).text.plain.split())
    return edit_distance(text, truth) / len(truth)


@pytest.mark.parametrize(("size", "bits"), [(8, False), (6, False), (6, True)])
def test_ocr_reads_as_well_after_the_strongest_steps(size: float, *, bits: bool) -> None:
    image, truth = printed(size)
    data = scan(image.convert("L").point(lambda value: 255 * (value > 120), "1") if bits else image)
    before = errors(data, truth)
    strongest = {step.mode: step for step in steps_for(SCAN)}  # the last of each kind
    sizes = {}
    for mode, step in strongest.items():
        piece, changes = cut(data, 1, 1, shrink=step)
        assert [change.code for change in changes] == ["shrunk"]
        assert errors(piece, truth) <= before + MORE_ERRORS, step
        sizes[mode] = len(piece)
    if not bits:
        assert sizes["bilevel"] < sizes["gray"] < sizes["keep"] < len(data) / 50


def test_no_step_goes_below_what_was_measured() -> None:
    steps = steps_for(SCAN)
    assert min(step.dpi for step in steps) == LEAST_DPI == 150
    assert min(step.dpi for step in steps if step.mode == "bilevel") == LEAST_BILEVEL_DPI == 300
    assert min(step.jpeg_quality for step in steps) == 50
    assert all(step.mode != "bilevel" for step in steps_for(UnitFacts(number=1, kind=UnitKind.HYBRID)))
