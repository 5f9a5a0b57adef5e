"""THE TABLE OF FORMATS: media type → extractor, loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from extractors.base import Extractor
from extractors.errors import UnsupportedFormat

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOCM = "application/vnd.ms-word.document.macroEnabled.12"
PNG, JPEG = "image/png", "image/jpeg"

FORMATS: dict[str, str] = {
    PDF: "extractors.pdf.reader:PdfExtractor",
    DOCX: "extractors.docx.reader:DocxExtractor",
    DOCM: "extractors.docx.reader:DocxExtractor",
    PNG: "extractors.image:ImageExtractor",
    JPEG: "extractors.image:ImageExtractor",
    "image/tiff": "extractors.image:ImageExtractor",
    "image/webp": "extractors.image:ImageExtractor",
    "text/plain": "extractors.plain:PlainExtractor",
    "text/markdown": "extractors.plain:MarkdownExtractor",
    "text/csv": "extractors.plain:CsvExtractor",
    "text/html": "extractors.plain:HtmlExtractor",
}


def extractor_for(media_type: str) -> Extractor:
    """Return a new extractor for ``media_type``.

    Raises:
        UnsupportedFormat: No extractor reads this type.
    """
    dotted = FORMATS.get(media_type)
    if dotted is None:
        known = ", ".join(sorted(FORMATS))
        raise UnsupportedFormat(f"No reader for {media_type}. Convert it to one of: {known}.")
    module, _, name = dotted.partition(":")
    return cast("Extractor", getattr(import_module(module), name)())
