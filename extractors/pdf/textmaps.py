"""Having PDFium read the fonts of a document as they are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.tounicode import for_pdfium

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pikepdf

    from extractors.pdf.opening import OpenPdf

_MAX_STORED = 1_000_000
_MAX_READ = 50_000_000
"""Bytes of maps that are read in one document; those of a large Chinese font have 200,000."""


def read_as_meant(opened: OpenPdf, text_maps: Iterable[pikepdf.Stream]) -> None:
    """Give PDFium a copy of the document in which its maps from glyphs to text are such that it reads them right.

    Most documents have no map that needs it, and are left alone: finding that out takes 0.1 ms a font.

    Args:
        opened: The document.
        text_maps: What its fonts have as ToUnicode; the open document in qpdf is changed.
    """
    if _mended(text_maps):
        opened.read_by_qpdf()


def _mended(text_maps: Iterable[pikepdf.Stream]) -> bool:
    """Change the maps that need it; whether there were any."""
    read, changed = 0, False
    for text_map in text_maps:
        length: object = text_map.get("/Length")
        if read > _MAX_READ or not isinstance(length, int) or length > _MAX_STORED:
            continue
        try:
            data = text_map.read_bytes()
        except PIKE_ERRORS:
            continue
        read += len(data)
        better = for_pdfium(data)
        if better is not None:
            text_map.write(better)
            changed = True
    return changed
