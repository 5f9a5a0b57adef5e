"""OCR of given units: exactly those, in order, one failure not ending the rest, any way up."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pages import WORDS, add_page, lettered, on_disk, printed, saved, scanned, stored_image, typeset
from pikepdf import Pdf
from PIL import Image, ImageChops

from extractors.base import Raster, ReadOptions
from extractors.errors import DamagedDocument, OcrFailed, OcrLanguageMissing, UnsupportedFormat
from extractors.facts import Origin
from extractors.ocr import choose_engine
from extractors.ocr.base import OcrEngine, Recognition
from extractors.ocr.null import NullEngine
from extractors.ocr.reading import read_page
from extractors.ocr.work import RecognizedUnit, recognize_units
from extractors.pdf.opening import open_pdf
from extractors.pdf.render import render_page
from extractors.registry import PDF

ENGLISH = ("eng",)


@pytest.fixture(scope="module")
def tesseract() -> OcrEngine:
    return choose_engine("auto", ENGLISH)


@dataclass
class Scripted:
    """An engine that does what its script says, page by page."""

    script: list[str | Exception]
    name: str = "scripted"
    asked: list[tuple[tuple[int, int], float]] = field(default_factory=list)

    def version(self) -> str:
        return "1"

    def languages(self) -> frozenset[str]:
        return frozenset(ENGLISH)

    def recognize(self, image: Image.Image, *, dpi: float, languages: tuple[str, ...], timeout_s: float) -> Recognition:
        del dpi, languages
        self.asked.append((image.size, timeout_s))
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return Recognition(text=step, confidence=0.9, rotation=0, engine="scripted 1")


def recognized(
    folder: Path, data: bytes, numbers: tuple[int, ...], engine: OcrEngine, media_type: str = PDF
) -> list[RecognizedUnit]:
    with on_disk(folder, data) as file:
        options = ReadOptions(media_type=media_type)
        return list(recognize_units(file, options, numbers, engine=engine, languages=ENGLISH, timeout_s=30))


def pages(*images: Image.Image) -> bytes:
    pdf = Pdf.new()
    for image in images:
        add_page(pdf, stored_image(pdf, image), size=(240, 320), matrix=(240, 0, 0, 320, 0, 0))
    return saved(pdf)


def test_wanted_units_come_in_the_order_asked_for(tmp_path: Path) -> None:
    engine = Scripted(["third", "first"])
    units = recognized(tmp_path, pages(*[lettered()] * 4), (3, 1), engine)
    assert [(unit.number, unit.text.plain) for unit in units] == [(3, "third"), (1, "first")]
    part = units[0].text.parts[0]
    assert (part.origin, part.confidence) == (Origin.OCR, 0.9)
    assert (units[0].engine, units[0].origin, units[0].failure) == ("scripted 1", "embedded", None)


def test_no_units_is_no_work(tmp_path: Path) -> None:
    assert recognized(tmp_path, pages(lettered()), (), Scripted([])) == []


def test_blank_page_is_not_given_to_the_engine(tmp_path: Path) -> None:
    engine = Scripted([])
    unit = recognized(tmp_path, pages(Image.new("L", (240, 320), 255)), (1,), engine)[0]
    assert unit.blank
    assert unit.text.parts == ()
    assert (unit.failure, unit.engine, engine.asked) == (None, "", [])


def test_engine_that_finds_nothing_is_believed(tmp_path: Path) -> None:
    unit = recognized(tmp_path, pages(lettered()), (1,), NullEngine())[0]
    assert (unit.text.parts, unit.confidence, unit.blank, unit.failure) == ((), 0.0, False, None)


def test_failure_on_a_page_is_a_value_and_the_rest_goes_on(tmp_path: Path) -> None:
    script: list[str | Exception] = ["one", TimeoutError("slow"), OcrFailed("odd"), MemoryError(), "five"]
    units = recognized(tmp_path, pages(*[lettered()] * 5), (1, 2, 3, 4, 5), Scripted(script))
    codes = [unit.failure.code if unit.failure else None for unit in units]
    assert codes == [None, "ocr-timeout", "ocr-failed", "ocr-failed", None]
    assert [unit.failure.units for unit in units if unit.failure] == [(2,), (3,), (4,)]
    assert all(str(unit.number) in unit.failure.message for unit in units if unit.failure)
    assert [unit.text.plain for unit in units] == ["one", "", "", "", "five"]


def test_page_that_cannot_be_drawn_is_a_value_and_the_rest_goes_on(tmp_path: Path) -> None:
    pdf = Pdf.new()
    for number in range(1, 4):
        image = stored_image(pdf, lettered())
        if number == 2:
            image.Width = image.Height = 60_000
        add_page(pdf, image, size=(240, 320), matrix=(240, 0, 0, 320, 0, 0))
    units = recognized(tmp_path, saved(pdf), (1, 2, 9, 3), Scripted(["one", "three"]))
    assert [unit.failure.code if unit.failure else None for unit in units] == [
        None,
        "render-failed",
        "render-failed",
        None,
    ]
    assert [unit.text.plain for unit in units] == ["one", "", "", "three"]
    assert units[1].failure is not None
    assert "3,600 million pixels" in units[1].failure.message


def test_missing_language_ends_the_work(tmp_path: Path) -> None:
    with pytest.raises(OcrLanguageMissing):
        recognized(tmp_path, pages(lettered()), (1,), Scripted([OcrLanguageMissing("no data")]))


def test_document_that_cannot_be_opened_ends_the_work(tmp_path: Path) -> None:
    with pytest.raises(DamagedDocument):
        recognized(tmp_path, b"%PDF-1.7 and nothing else", (1,), NullEngine())
    with pytest.raises(DamagedDocument):
        recognized(tmp_path, b"no image", (1,), NullEngine(), "image/png")


def test_formats_without_pages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="PDF"):
        recognized(tmp_path, b"text", (1,), NullEngine(), "text/plain")


def test_frames_of_a_tiff_are_recognized(tmp_path: Path, tesseract: OcrEngine) -> None:
    out = io.BytesIO()
    frames = [typeset(f"This is frame number {word}") for word in ("one", "two", "three")]
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    units = recognized(tmp_path, out.getvalue(), (3, 2), tesseract, "image/tiff")
    assert [unit.text.plain for unit in units] == ["This is frame number three", "This is frame number two"]


def test_time_left_is_handed_to_the_second_try(tmp_path: Path) -> None:
    unsure = Recognition(text="garbled text here", confidence=0.3, rotation=0, engine="slow")

    class Slow(Scripted):
        def recognize(
            self, image: Image.Image, *, dpi: float, languages: tuple[str, ...], timeout_s: float
        ) -> Recognition:
            del dpi, languages
            self.asked.append((image.size, timeout_s))
            time.sleep(0.05)
            if len(self.asked) > 1:
                raise TimeoutError
            return unsure

    engine = Slow([])
    found = read_page(Raster(lettered(), 72, "embedded"), engine=engine, languages=ENGLISH, timeout_s=9)
    assert (found.text, found.confidence, found.rotation) == (unsure.text, 0.3, 0)
    assert engine.asked[0][1] == pytest.approx(9, abs=0.5)
    assert engine.asked[1][1] < engine.asked[0][1]


def paragraph(tmp_path: Path) -> Image.Image:
    with on_disk(tmp_path, printed(), "printed") as file, open_pdf(file, None) as opened:
        return render_page(opened, 1, ReadOptions(media_type=PDF).limits).image


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pages_are_read_any_way_up(tmp_path: Path, tesseract: OcrEngine, degrees: int) -> None:
    image = paragraph(tmp_path).rotate(degrees, expand=True)  # counter-clockwise
    found = read_page(Raster(image, 200, "embedded"), engine=tesseract, languages=ENGLISH, timeout_s=60)
    assert found.text.split() == WORDS.split()
    assert found.rotation == degrees  # clockwise, to undo it


@pytest.mark.parametrize("degrees", [-4.0, 3.0, 184.0, 93.0])
def test_skewed_pages_are_read(tmp_path: Path, tesseract: OcrEngine, degrees: float) -> None:
    image = paragraph(tmp_path).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    found = read_page(Raster(image, 200, "embedded"), engine=tesseract, languages=ENGLISH, timeout_s=60)
    assert found.text.split() == WORDS.split()


@pytest.mark.parametrize("scale", [0.36, 0.5, 3.0])
def test_low_and_high_resolutions_are_read(tmp_path: Path, tesseract: OcrEngine, scale: float) -> None:
    image = paragraph(tmp_path)
    size = (round(image.width * scale), round(image.height * scale))
    image = image.resize(size, Image.Resampling.LANCZOS)
    found = read_page(Raster(image, 300, "embedded"), engine=tesseract, languages=ENGLISH, timeout_s=60)
    wrong = set(found.text.split()) ^ set(WORDS.split())
    assert len(wrong) <= 2


def test_light_on_dark_and_badly_lit_pages_are_read(tmp_path: Path, tesseract: OcrEngine) -> None:
    image = paragraph(tmp_path)
    light = Image.linear_gradient("L").resize(image.size).point([40 + tone * 200 // 255 for tone in range(256)])
    for worse in (ImageChops.invert(image), ImageChops.multiply(image, light)):
        found = read_page(Raster(worse, 200, "embedded"), engine=tesseract, languages=ENGLISH, timeout_s=60)
        assert found.text.split() == WORDS.split()


def test_upright_pages_cost_one_recognition(tmp_path: Path) -> None:
    engine = Scripted(["sure of it"])
    read_page(Raster(paragraph(tmp_path), 200, "embedded"), engine=engine, languages=ENGLISH, timeout_s=60)
    assert len(engine.asked) == 1


def test_scanned_page_of_a_pdf_end_to_end(tmp_path: Path, tesseract: OcrEngine) -> None:
    data = scanned(paragraph(tmp_path), dpi=200, quality=60)
    unit = recognized(tmp_path, data, (1,), tesseract)[0]
    assert unit.text.plain.split() == WORDS.split()
    assert unit.confidence > 0.8
    assert unit.origin == "embedded"
