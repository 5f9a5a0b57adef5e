"""Whether the OCR languages a service is to read are there, told before anybody sends a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.errors import OcrUnavailable
from extractors.ocr import runs_program, select_engine
from extractors.ocr.tessdata import installed

if TYPE_CHECKING:
    from preflight.settings import Settings


def require_languages(settings: Settings) -> None:
    """Refuse to work without what OCR needs.

    Where the data are in the usual folders no engine is loaded to find out. Else the engine is asked: the program
    tesseract may have folders of its own.

    Raises:
        OcrLanguageMissing: There is no data for a wanted language.
        OcrUnavailable: There is no engine.
    """
    name, wanted = settings.ocr_engine, settings.languages
    if name == "pytesseract" or runs_program("auto", wanted):
        select_engine(name, wanted)


def spoken(settings: Settings) -> list[str]:
    """Return the codes of the languages that can be read, sorted."""
    try:
        require_languages(settings)
    except OcrUnavailable:
        return sorted(installed())
    return sorted({*installed(), *settings.languages})
