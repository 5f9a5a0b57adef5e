"""What every engine in the table must do; runs over the table, so a new engine is held to it without another line."""

from __future__ import annotations

import os

import pytest
from pages import typeset
from PIL import Image

from extractors.errors import OcrLanguageMissing, OcrUnavailable
from extractors.ocr import ENGINES, choose_engine
from extractors.ocr.base import OcrEngine
from extractors.ocr.null import NullEngine
from extractors.ocr.tessdata import is_language, place
from extractors.ocr.words import mean_confidence, read_tsv, text_of

TEXT = "The quick brown fox jumps\nover the lazy dog near 42 trees"
ENGLISH = ("eng",)


def made(name: str) -> OcrEngine:
    """An engine; one that is not installed is skipped loudly."""
    try:
        return choose_engine(name, ENGLISH)
    except OcrUnavailable as error:
        pytest.skip(f"NO {name.upper()}: {error}")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> OcrEngine:
    """Each engine in turn."""
    return made(request.param)


@pytest.fixture(scope="module", params=[name for name in ENGINES if name != "null"])
def reader(request: pytest.FixtureRequest) -> OcrEngine:
    """Each engine that reads."""
    return made(request.param)


def test_names_itself_and_its_languages(engine: OcrEngine) -> None:
    assert ENGINES[engine.name].endswith(type(engine).__name__)
    assert engine.version()
    assert all(is_language(code) for code in engine.languages())
    assert not {"osd", "equ"} & engine.languages()


def test_null_claims_no_language_it_was_not_given() -> None:
    assert NullEngine().languages() == frozenset()
    with pytest.raises(OcrLanguageMissing, match="fra"):
        NullEngine(languages=frozenset({"eng"})).recognize(
            Image.new("L", (9, 9)), dpi=200, languages=("fra",), timeout_s=1
        )


def test_null_says_what_it_was_told(engine: OcrEngine) -> None:
    declared = NullEngine("declared").recognize(Image.new("L", (9, 9)), dpi=200, languages=ENGLISH, timeout_s=1)
    assert (declared.text, declared.confidence) == ("declared", 1.0)


def test_reads_plain_words(reader: OcrEngine) -> None:
    found = reader.recognize(typeset(TEXT), dpi=200, languages=ENGLISH, timeout_s=60)
    assert found.text.split() == TEXT.split()
    assert 0.8 <= found.confidence <= 1
    assert found.rotation == 0
    assert found.engine.startswith(reader.name)
    assert reader.version() in found.engine


def test_pixels_and_words_are_handed_over_as_png_and_tsv_would_be() -> None:
    """In an image whose rows do not end at whole words of memory."""
    engine = made("tesserocr")
    import tesserocr

    image = typeset(f"{TEXT}\n\n\n{TEXT}")
    image = image.crop((0, 0, image.width - 3 - image.width % 4, image.height))
    found = engine.recognize(image, dpi=200, languages=ENGLISH, timeout_s=60)
    where = place(ENGLISH)
    with tesserocr.PyTessBaseAPI(path=where.folder, lang=where.language) as api:
        api.SetImage(image)
        api.SetSourceResolution(200)
        api.Recognize()
        words = read_tsv(api.GetTSVText(0))

    assert image.width % 4 == 1
    assert len({word.place for word in words}) > 1
    assert (found.text, found.confidence) == (text_of(words), mean_confidence(words))


def test_white_paper_has_no_text(engine: OcrEngine) -> None:
    found = engine.recognize(Image.new("L", (600, 400), 255), dpi=200, languages=ENGLISH, timeout_s=60)
    assert (found.text, found.confidence) == ("", 0.0)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 500), (500, 2)])
def test_odd_sizes_are_survived(engine: OcrEngine, size: tuple[int, int]) -> None:
    found = engine.recognize(Image.new("L", size, 0), dpi=200, languages=ENGLISH, timeout_s=60)
    assert len(found.text) < 20


def test_same_image_gives_same_result(reader: OcrEngine) -> None:
    image = typeset(TEXT)
    first = reader.recognize(image, dpi=200, languages=ENGLISH, timeout_s=60)
    reader.recognize(typeset("Something else"), dpi=200, languages=ENGLISH, timeout_s=60)
    assert reader.recognize(image, dpi=200, languages=ENGLISH, timeout_s=60) == first


def test_stops_when_time_is_up_and_works_again(reader: OcrEngine) -> None:
    page = typeset("\n".join([TEXT] * 20), height=4000)
    with pytest.raises(TimeoutError):
        reader.recognize(page, dpi=200, languages=ENGLISH, timeout_s=0.02)
    found = reader.recognize(typeset(TEXT), dpi=200, languages=ENGLISH, timeout_s=60)
    assert found.text.split() == TEXT.split()


def test_missing_language_is_named_with_what_there_is(reader: OcrEngine) -> None:
    with pytest.raises(OcrLanguageMissing, match=r"xyz.*installed: .*eng.*tesseract-ocr-xyz"):
        reader.recognize(typeset(TEXT), dpi=200, languages=("eng", "xyz"), timeout_s=60)


@pytest.mark.parametrize(
    "code", ["../eng", "eng -c tessedit_write_images=1", "eng+eng", "", "/etc/passwd", "osd", "ENG"]
)
def test_nothing_but_language_codes_gets_through(engine: OcrEngine, code: str) -> None:
    with pytest.raises(OcrLanguageMissing, match="code"):
        engine.recognize(typeset(TEXT), dpi=200, languages=(code,), timeout_s=60)


def test_is_quiet_and_leaves_the_environment_alone(engine: OcrEngine, capfd: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    engine.recognize(Image.new("L", (30, 30), 0), dpi=10, languages=ENGLISH, timeout_s=60)
    engine.recognize(Image.new("L", (600, 400), 255), dpi=200, languages=ENGLISH, timeout_s=60)
    assert dict(os.environ) == before
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_leaves_the_image_alone(engine: OcrEngine) -> None:
    image = typeset(TEXT)
    before = (image.tobytes(), image.size, image.mode, image.format)
    engine.recognize(image, dpi=200, languages=ENGLISH, timeout_s=60)
    assert (image.tobytes(), image.size, image.mode, image.format) == before
