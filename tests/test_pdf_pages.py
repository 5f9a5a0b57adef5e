"""Facts of PDF pages, read from real PDFs by the real reader."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pages import (
    A4,
    SENTENCES,
    drawn,
    first_page,
    hidden_prose,
    outlined,
    paste,
    photo,
    photographed,
    prose,
    read,
)
from pikepdf import Array, Dictionary, Name
from PIL import Image

from extractors.base import Extractor, ReadLimits, ReadOptions, Renderable
from extractors.errors import SafetyLimitExceeded
from extractors.facts import Origin, Role, UnitKind
from extractors.pdf.objects import MAX_OBJECTS
from extractors.pdf.pages import union_share
from extractors.pdf.peek import small_gray
from extractors.pdf.reader import PdfExtractor

if TYPE_CHECKING:
    from collections.abc import Callable

    from reportlab.pdfgen.canvas import Canvas

GRAY = Image.new("L", (200, 100), 150)


def changed(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """A PDF after a change through pikepdf."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(out)
    return out.getvalue()


def with_content(content: str, **objects: Image.Image) -> bytes:
    """A page of A4 size with raw operators and images to draw by name."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=A4)
    page.obj.Resources = Dictionary(XObject=Dictionary())
    for name, image in objects.items():
        page.obj.Resources.XObject[f"/{name}"] = gray_image(pdf, image)
    page.obj.Contents = pdf.make_stream(content.encode())
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def gray_image(pdf: pikepdf.Pdf, image: Image.Image) -> pikepdf.Stream:
    stream = pdf.make_stream(image.tobytes())
    for key, value in {
        "/Type": Name.XObject,
        "/Subtype": Name.Image,
        "/Width": image.width,
        "/Height": image.height,
        "/ColorSpace": Name.DeviceGray,
        "/BitsPerComponent": 8,
    }.items():
        stream[key] = value
    return stream


class TestSize:
    def test_size_is_as_displayed(self) -> None:
        def change(pdf: pikepdf.Pdf) -> None:
            pdf.pages[0].obj.Rotate = 90
            pdf.pages[1].obj.CropBox = Array([100, 100, 300, 500])
            pdf.pages[2].obj.UserUnit = 2.5

        units = read(changed(drawn(prose, prose, prose), change))[0].units

        assert [(unit.width_pt, unit.height_pt, unit.rotation) for unit in units] == [
            (842.0, 595.0, 90),
            (200.0, 400.0, 0),
            (1487.5, 2105.0, 0),
        ]

    @pytest.mark.parametrize("side", [1.0, 14_400.0, 1e9])
    def test_raster_is_bounded_whatever_the_page_says(self, side: float) -> None:
        def change(pdf: pikepdf.Pdf) -> None:
            pdf.pages[0].obj.MediaBox = Array([0, 0, side, side / 2])

        with pypdfium2.PdfDocument(changed(drawn(prose), change)) as document:
            page = document[0]
            image = small_gray(page.raw)

        assert image is not None
        assert max(image.size) <= 1600

    def test_page_as_narrow_as_a_hair_is_unreadable(self) -> None:
        def change(pdf: pikepdf.Pdf) -> None:
            pdf.pages[0].obj.MediaBox = Array([0, 0, 595, 2_147_483_648])

        facts, handed = read(changed(drawn(prose), change))

        assert facts.units[0].kind is UnitKind.UNREADABLE
        assert handed[0][1].parts == ()
        assert [finding.code for finding in facts.findings] == ["page-size-impossible"]


class TestImages:
    def test_count_pixels_bytes_and_coverage(self) -> None:
        page = first_page(with_content("q 297.5 0 0 842 0 0 cm /A Do Q q 10 0 0 10 400 400 cm /A Do Q", A=GRAY))

        assert page.image_count == 2
        assert page.image_pixels == 200 * 100
        assert page.image_bytes < 200 * 100
        assert page.image_coverage == pytest.approx(0.5, abs=0.005)

    def test_overlaps_count_once(self) -> None:
        half = "q 595 0 0 421 0 {} cm /A Do Q "

        page = first_page(with_content(half.format(0) + half.format(100) + half.format(50), A=GRAY))

        assert page.image_coverage == pytest.approx(521 / 842, abs=0.005)

    def test_strips_make_a_whole(self) -> None:
        strips = "".join(f"q 595 0 0 {842 / 97} 0 {842 / 97 * number} cm /A Do Q " for number in range(97))

        page = first_page(with_content(strips, A=GRAY))

        assert page.image_count == 97
        assert page.image_coverage == 1.0

    def test_what_lies_outside_the_page_does_not_count(self) -> None:
        page = first_page(with_content("q 1190 0 0 842 -595 0 cm /A Do Q q 50 0 0 50 700 0 cm /A Do Q", A=GRAY))

        assert page.image_count == 2
        assert page.image_coverage == 1.0

    def test_cropped_picture_covers_what_shows(self) -> None:
        page = first_page(with_content("q 0 0 595 84.2 re W n 595 0 0 842 0 0 cm /A Do Q", A=GRAY))

        assert page.image_coverage == pytest.approx(0.1, abs=0.005)

    def test_images_inside_nested_forms_are_found_in_their_place(self) -> None:
        def change(pdf: pikepdf.Pdf) -> None:
            inner = form(
                pdf, "q 1 0 0 1 0 0 cm /A Do Q", Dictionary(A=gray_image(pdf, GRAY)), matrix=[10, 0, 0, 10, 0, 0]
            )
            outer = form(pdf, "q 10 0 0 20 0 0 cm /Inner Do Q", Dictionary(Inner=inner), matrix=[2, 0, 0, 2, 0, 0])
            pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Outer=outer))
            pdf.pages[0].obj.Contents = pdf.make_stream(b"q 1 0 0 1 50 50 cm /Outer Do Q")

        page = first_page(changed(drawn(prose), change))

        assert page.image_count == 1
        assert page.image_coverage == pytest.approx(200 * 400 / (595 * 842), abs=0.005)

    def test_inline_images_are_found(self) -> None:
        page = first_page(with_content("q 595 0 0 842 0 0 cm BI /W 2 /H 2 /CS /G /BPC 8 ID abcd EI Q"))

        assert (page.image_count, page.image_pixels, page.image_coverage) == (1, 4, 1.0)


def form(pdf: pikepdf.Pdf, content: str, objects: Dictionary, *, matrix: list[float]) -> pikepdf.Stream:
    stream = pdf.make_stream(content.encode())
    stream[Name.Type], stream[Name.Subtype] = Name.XObject, Name.Form
    stream[Name.BBox], stream[Name.Matrix] = Array([0, 0, 1000, 1000]), Array(matrix)
    stream[Name.Resources] = Dictionary(XObject=objects)
    return stream


boxes = st.tuples(*[st.integers(-40, 140) for _ in range(4)]).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


@settings(max_examples=100, deadline=None)
@given(st.lists(boxes, max_size=8))
def test_union_is_the_share_of_points_inside_any_box(rects: list[tuple[int, int, int, int]]) -> None:
    inside = sum(any(r[0] <= x < r[2] and r[1] <= y < r[3] for r in rects) for x in range(100) for y in range(100))

    share = union_share([tuple(map(float, rect)) for rect in rects], (0.0, 0.0, 100.0, 100.0))

    assert share == pytest.approx(inside / 10_000, abs=0.025)


@given(st.lists(boxes, max_size=8), boxes)
def test_union_never_shrinks_with_one_more(
    rects: list[tuple[int, int, int, int]], more: tuple[int, int, int, int]
) -> None:
    page = (0.0, 0.0, 100.0, 100.0)

    assert 0 <= union_share(rects, page) <= union_share([*rects, more], page) <= 1


def scan(sheet: Canvas, *, lines: int = 40) -> None:
    """A page that is a picture of text."""
    paste(sheet, photographed(drawn(lambda inner: prose(inner, lines=lines))))


class TestKinds:
    def kind(self, draw: Callable[[Canvas], None]) -> tuple[str, bool]:
        page = first_page(drawn(draw))
        return page.kind.value, page.needs_ocr

    def test_running_text(self) -> None:
        assert self.kind(prose) == ("text", False)

    def test_nothing(self) -> None:
        assert self.kind(lambda _sheet: None) == ("blank", False)

    def test_only_a_line(self) -> None:
        assert self.kind(lambda sheet: sheet.line(50, 50, 545, 50)) == ("blank", False)

    def test_drawing(self) -> None:
        def draw(sheet: Canvas) -> None:
            for number in range(20):
                sheet.circle(300, 400, 20 + 10 * number)

        assert self.kind(draw) == ("image", False)

    @pytest.mark.parametrize("dpi", [72, 100, 150, 300])
    def test_scan(self, dpi: int) -> None:
        page = first_page(drawn(lambda sheet: paste(sheet, photographed(drawn(prose), dpi=dpi))))

        assert (page.kind, page.needs_ocr) == (UnitKind.SCAN, True)
        assert page.text_guess is not None
        assert page.text_guess.low < sum(len("".join(line.split())) for line in SENTENCES) * 10 < page.text_guess.high

    def test_scan_of_an_empty_sheet(self) -> None:
        paper = Image.effect_noise((1240, 1754), 6).point(lambda level: level // 2 + 180)

        assert self.kind(lambda sheet: paste(sheet, paper)) == ("blank", False)

    @pytest.mark.parametrize("seed", range(3))
    def test_photograph(self, seed: int) -> None:
        assert self.kind(lambda sheet: paste(sheet, photo(seed=seed))) == ("image", False)

    def test_photograph_with_a_caption(self) -> None:
        def draw(sheet: Canvas) -> None:
            paste(sheet, photo(), (40, 150, 515, 640))
            sheet.drawString(60, 120, "Figure 1: hills in the morning")

        assert self.kind(draw) == ("image", False)

    def test_text_on_a_photograph(self) -> None:
        def draw(sheet: Canvas) -> None:
            paste(sheet, photo())
            prose(sheet)

        assert self.kind(draw) == ("text", False)

    def test_text_with_a_logo(self) -> None:
        def draw(sheet: Canvas) -> None:
            paste(sheet, photo(), (60, 720, 120, 80))
            prose(sheet, top=700)

        assert self.kind(draw) == ("text", False)

    def test_scan_with_hidden_text(self) -> None:
        def draw(sheet: Canvas) -> None:
            scan(sheet)
            hidden_prose(sheet)

        assert self.kind(draw) == ("hybrid", False)

    def test_scan_over_its_text(self) -> None:
        def draw(sheet: Canvas) -> None:
            prose(sheet)
            scan(sheet)

        assert self.kind(draw) == ("hybrid", False)

    def test_scan_with_a_hidden_layer_for_the_heading_only(self) -> None:
        def draw(sheet: Canvas) -> None:
            scan(sheet)
            hidden_prose(sheet, lines=2)

        assert self.kind(draw) == ("hybrid", True)

    @pytest.mark.parametrize("stamp", ["Case 21-1234  Document 12  Filed 06/01/2021  Page 3 of 40", "000123456"])
    def test_scan_with_a_stamp(self, stamp: str) -> None:
        def draw(sheet: Canvas) -> None:
            scan(sheet)
            sheet.drawString(60, 815, stamp)

        assert self.kind(draw) == ("hybrid", True)

    def test_picture_of_text_below_a_digital_heading(self) -> None:
        def draw(sheet: Canvas) -> None:
            prose(sheet, lines=4, top=810)
            paste(sheet, photographed(drawn(prose)), (60, 60, 475, 672))

        assert self.kind(draw) == ("hybrid", True)

    def test_text_as_curves(self) -> None:
        page = first_page(outlined(SENTENCES * 5))

        assert (page.kind.value, page.needs_ocr) == ("text", True)
        assert page.reasons == ("no-text-layer", "text-as-curves")

    def test_text_in_strips_of_images(self) -> None:
        def draw(sheet: Canvas) -> None:
            image = photographed(drawn(prose))
            for number in range(30):
                top, bottom = image.height * number // 30, image.height * (number + 1) // 30
                place = (0, 842 - 842 * bottom / image.height, 595, 842 * (bottom - top) / image.height)
                paste(sheet, image.crop((0, top, image.width, bottom)), place)

        assert self.kind(draw) == ("scan", True)

    def test_broken_encoding(self) -> None:
        def shifted(sheet: Canvas) -> None:
            sheet.setFont("Times-Roman", 11)
            for number in range(30):
                words = SENTENCES[number % 4].split()
                line = " ".join("".join(chr(ord(c) - 29) for c in word if ord(c) > 61) for word in words)
                sheet.drawString(60, 780 - number * 16, line)

        facts, _ = read(drawn(shifted))

        assert (facts.units[0].kind.value, facts.units[0].needs_ocr) == ("text", True)
        assert [(finding.code, finding.units) for finding in facts.findings] == [("text-layer-lies", (1,))]

    def test_background_of_many_pages_is_no_content(self) -> None:
        background = io.BytesIO()
        photographed(drawn(prose)).save(background, "PNG")

        def slide(sheet: Canvas) -> None:
            from reportlab.lib.utils import ImageReader

            sheet.drawImage(ImageReader(io.BytesIO(background.getvalue())), 0, 0, *A4)
            prose(sheet, lines=3)

        alone = read(drawn(slide))[0].units
        deck = read(drawn(slide, slide, slide))[0].units

        assert [unit.needs_ocr for unit in alone] == [True]
        assert [unit.kind for unit in deck] == [UnitKind.TEXT] * 3
        assert not any(unit.needs_ocr for unit in deck)

    def test_watermark_with_transparency_hides_no_text(self) -> None:
        def change(pdf: pikepdf.Pdf) -> None:
            image = gray_image(pdf, GRAY)
            image[Name.SMask] = gray_image(pdf, GRAY)
            pdf.pages[0].obj.Resources[Name.XObject] = Dictionary(W=image)
            pdf.pages[0].contents_add(b"q 595 0 0 842 0 0 cm /W Do Q")

        page = first_page(changed(drawn(prose), change))

        assert (page.kind.value, page.needs_ocr, page.image_coverage) == ("text", False, 1.0)

    def test_filled_form_without_other_text(self) -> None:
        def draw(sheet: Canvas) -> None:
            sheet.acroForm.textfield(name="city", value="Ouagadougou", x=100, y=600, width=200, height=30)

        facts, handed = read(drawn(draw))

        assert (facts.units[0].kind.value, facts.units[0].needs_ocr) == ("text", False)
        assert [(part.role, part.text) for part in handed[0][1].parts] == [(Role.FORM_FIELD, "Ouagadougou")]


class TestBytes:
    def test_pages_and_shared_parts_add_up_to_the_file(self) -> None:
        def page(sheet: Canvas) -> None:
            paste(sheet, photo((600, 400)), (60, 60, 300, 200))
            prose(sheet, lines=20)

        data = drawn(page, prose, lambda sheet: paste(sheet, photo((800, 800), seed=2)))

        facts, _ = read(data)

        assert sum(unit.stored_bytes for unit in facts.units) + facts.shared_bytes == pytest.approx(len(data), rel=0.1)
        assert facts.units[2].stored_bytes > facts.units[0].stored_bytes > facts.units[1].stored_bytes

    def test_what_two_pages_use_belongs_to_neither(self) -> None:
        picture = io.BytesIO()
        photo().save(picture, "JPEG")

        def page(sheet: Canvas) -> None:
            from reportlab.lib.utils import ImageReader

            sheet.drawImage(ImageReader(io.BytesIO(picture.getvalue())), 0, 0, 200, 200)
            prose(sheet)

        facts, _ = read(drawn(page, page))

        assert facts.shared_bytes > len(picture.getvalue())
        assert all(unit.stored_bytes < 10_000 for unit in facts.units)


class TestReading:
    def test_it_is_an_extractor_that_renders(self) -> None:
        extractor: Extractor = PdfExtractor()

        assert isinstance(extractor, Renderable)

    def test_units_are_handed_over_in_order_and_returned(self) -> None:
        facts, handed = read(drawn(*[prose] * 5))

        assert [unit.number for unit, _ in handed] == [text.number for _, text in handed] == [1, 2, 3, 4, 5]
        assert tuple(unit for unit, _ in handed) == facts.units
        assert facts.unit_count == 5
        assert facts.unit_kind == "page"
        assert facts.pdf is not None

    def test_text_is_native_and_whole(self) -> None:
        facts, handed = read(drawn(lambda sheet: prose(sheet, lines=4)))

        part = handed[0][1].parts[0]
        assert (part.origin, part.role) == (Origin.NATIVE, Role.BODY)
        assert part.text.split("\n")[:4] == list(SENTENCES)
        assert facts.units[0].native_chars == len("".join("".join(SENTENCES).split()))

    def test_facts_are_the_same_without_text(self) -> None:
        data = drawn(prose, scan)

        with_text, without = read(data), read(data, text=False)

        assert with_text[0] == without[0]
        assert all(text.parts == () for _, text in without[1])

    def test_one_bad_page_does_not_end_the_document(self) -> None:
        def change(pdf: pikepdf.Pdf) -> None:
            pdf.pages[1].obj.MediaBox = Array([0, 0, 1, 1_000_000])

        facts, handed = read(changed(drawn(prose, prose, prose), change))

        assert [unit.kind.value for unit in facts.units] == ["text", "unreadable", "text"]
        assert len(handed) == 3
        assert [finding.units for finding in facts.findings if finding.severity == "error"] == [(2,)]

    def test_image_too_large_to_decode_is_not_decoded(self) -> None:
        facts, _ = read(drawn(scan), limits=ReadLimits(max_image_pixels=1_000_000))

        assert facts.units[0].kind is UnitKind.UNREADABLE
        assert facts.units[0].reasons == ("no-text-layer", "cannot-be-drawn")
        assert [finding.code for finding in facts.findings] == ["page-not-drawn"]

    def test_too_many_pages_are_refused(self) -> None:
        with pytest.raises(SafetyLimitExceeded, match="at most 2"):
            read(drawn(prose, prose, prose), limits=ReadLimits(max_units=2))

    def test_objects_beyond_the_limit_are_said_to_be_left_out(self) -> None:
        facts, _ = read(with_content("0 0 m 9 9 l S\n" * (MAX_OBJECTS + 5)))

        assert facts.truncated
        assert [finding.code for finding in facts.findings] == ["page-too-complex"]

    def test_same_file_same_answer(self) -> None:
        data = drawn(prose, scan, lambda sheet: paste(sheet, photo()))

        assert read(data) == read(data)


def test_long_documents_take_time_in_proportion_and_no_more_memory() -> None:
    def seconds_and_growth(pages: int) -> tuple[float, float]:
        data = changed(drawn(prose), lambda pdf: pdf.pages.extend([pdf.pages[0]] * (pages - 1)))
        sizes: list[int] = []
        started = time.process_time()
        PdfExtractor().read(
            io.BytesIO(data), ReadOptions(media_type="application/pdf"), lambda _unit, _text: sizes.append(resident())
        )
        return time.process_time() - started, (sizes[-1] - sizes[pages // 2]) / (pages // 2)

    few_s, _ = seconds_and_growth(150)
    many_s, bytes_a_page = seconds_and_growth(1500)

    assert many_s < 25 * few_s
    assert bytes_a_page < 20_000


def resident() -> int:
    """Bytes of memory this process has in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
