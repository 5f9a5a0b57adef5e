"""OCR of given units inside a worker process: render, prepare, recognize, one after another.

What goes wrong with one unit is a value that names it; the others go on. Spreading units over processes is the
caller's business: one call serves one process, with one engine whose model stays loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

from extractors.base import Renderable
from extractors.errors import ExtractionError, OcrFailed, UnsupportedFormat
from extractors.facts import Finding, Origin, TextPart, UnitText
from extractors.ocr.reading import read_page
from extractors.registry import PDF, extractor_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import Raster, ReadOptions
    from extractors.ocr.base import OcrEngine

Code = Literal["ocr-timeout", "ocr-failed", "render-failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizedUnit:
    """Outcome of OCR of one unit.

    Attributes:
        text: What was recognized; without parts when nothing was, or when it failed.
        confidence: Mean word confidence, 0 to 1; 0 when no word was found.
        rotation: Degrees clockwise the unit was turned to be upright: 0, 90, 180, 270.
        engine: Engine name and version; empty when it was not needed or failed.
        origin: ``embedded`` or ``rendered``, as :class:`extractors.base.Raster` says; empty when rendering failed.
        blank: There was nothing but paper, so the engine was not asked.
        failure: What went wrong, about this unit only; None when all went well.
    """

    text: UnitText
    confidence: float = 0.0
    rotation: int = 0
    engine: str = ""
    origin: str = ""
    blank: bool = False
    failure: Finding | None = None

    @property
    def number(self) -> int:
        """Number of the unit."""
        return self.text.number


def recognize_units(
    file: BinaryIO,
    options: ReadOptions,
    numbers: tuple[int, ...],
    *,
    engine: OcrEngine,
    languages: tuple[str, ...],
    timeout_s: float,
) -> Iterator[RecognizedUnit]:
    """Yield the outcome for each unit in ``numbers``, in that order, as soon as it is known.

    Args:
        file: The document.
        options: How to read it; the same as for its facts.
        numbers: Units to recognize, from 1.
        engine: Kept by the caller, so that its model is loaded once.
        languages: Codes, the most common first.
        timeout_s: Seconds for the recognition of one unit.

    Raises:
        UnsupportedFormat: This kind of document has no pages to look at.
        OcrLanguageMissing: The engine has no data for a language.
        ExtractionError: The document as a whole cannot be opened.
    """
    extractor = extractor_for(options.media_type)
    if not isinstance(extractor, Renderable):
        raise UnsupportedFormat(
            f"{options.media_type} has no pages to recognize. Convert the document to PDF if its pictures hold text."
        )
    for number, raster in _rendered(extractor, file, options, numbers):
        if isinstance(raster, ExtractionError):
            yield _failed(number, "render-failed", f"Not recognized: {raster}")
        else:
            noun = "page" if options.media_type == PDF else "image"
            yield _recognized(
                f"{noun} {number}", number, raster, engine=engine, languages=languages, timeout_s=timeout_s
            )


def _rendered(
    extractor: Renderable, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]
) -> Iterator[tuple[int, Raster | ExtractionError]]:
    """Yield a raster, or why there is none, for each unit; rendering starts again after the one that failed."""
    left = numbers
    while left:
        try:
            for number, raster in extractor.render(file, options, left):
                left = left[left.index(number) + 1 :]
                yield number, raster
        except ExtractionError as error:
            if error.unit not in left:  # about the document
                raise
            left = left[left.index(error.unit) + 1 :]
            yield error.unit, error
        else:
            return


def _recognized(
    name: str, number: int, raster: Raster, *, engine: OcrEngine, languages: tuple[str, ...], timeout_s: float
) -> RecognizedUnit:
    """Recognize one unit; ``name`` is how messages call it."""
    try:
        page = read_page(raster, engine=engine, languages=languages, timeout_s=timeout_s)
    except TimeoutError:
        message = f"Recognizing {name} took longer than {timeout_s:g} s and was stopped. Allow more (--page-timeout)."
        return _failed(number, "ocr-timeout", message)
    except OcrFailed as error:
        return _failed(number, "ocr-failed", f"OCR of {name} failed: {error}")
    except MemoryError:
        message = f"There was not enough memory for OCR of {name}. Allow more, or reduce its resolution."
        return _failed(number, "ocr-failed", message)
    parts = (TextPart(text=page.text, origin=Origin.OCR, confidence=page.confidence),) if page.text else ()
    return RecognizedUnit(
        text=UnitText(number=number, parts=parts),
        confidence=page.confidence,
        rotation=page.rotation,
        engine=page.engine,
        origin=raster.origin,
        blank=page.blank,
    )


def _failed(number: int, code: Code, message: str) -> RecognizedUnit:
    finding = Finding(severity="error", code=code, message=message, units=(number,))
    return RecognizedUnit(text=UnitText(number=number), failure=finding)
