"""Questions asked of a PDF before anything of it is read: has it a table of objects, which pages load, who may what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium_c

from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    import pikepdf

    from extractors.pdf.source import PdfiumSource

_TAIL = 2_048
_START = re.compile(rb"startxref\s+(\d{1,11})")
_TABLE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)\b")
_MISSES = 64
_COUNT_CAP = 100_000


def has_table(file: BinaryIO, size: int) -> bool:
    """Whether the end of a file leads to the table of its objects."""
    file.seek(0)
    before = max(0, file.read(1024).find(b"%PDF-"))  # places are counted from the header
    file.seek(max(0, size - _TAIL))
    starts = _START.findall(file.read(_TAIL))
    for place in (int(starts[-1]), int(starts[-1]) + before) if starts else ():
        file.seek(min(place, size))
        if _TABLE.match(file.read(64)):
            return True
    return False


def opens_to_all(source: PdfiumSource) -> bool:
    """Whether an encrypted document opens without a password, too."""
    raw, _ = source.load(b"")
    if raw is None:
        return False
    pypdfium2.PdfDocument(raw).close()
    return True


def loadable_pages(document: pypdfium2.PdfDocument, declared: int, *, first_only: bool = False) -> int:
    """Return the number of the last page that loads, looking no further than a run of misses.

    A miss costs PDFium a walk over the whole page tree, so a false /Count of a million must not be tried to its end.
    """
    size = pdfium_c.FS_SIZEF()
    last = 0
    for index in range(min(declared, _COUNT_CAP)):
        if pdfium_c.FPDF_GetPageSizeByIndexF(document, index, size):
            last = index + 1
            if first_only:
                return last
        elif index - last >= _MISSES:
            return last
    return declared if last == _COUNT_CAP else last


def page_total(pike: pikepdf.Pdf) -> int | None:
    """Return the pages qpdf counts; None where it cannot."""
    try:
        return len(pike.pages)
    except PIKE_ERRORS:
        return None


def has_owner_rights(document: pypdfium2.PdfDocument) -> bool:
    """Whether more is allowed than to whoever opens it without the owner's password."""
    return bool(pdfium_c.FPDF_GetDocPermissions(document) != pdfium_c.FPDF_GetDocUserPermissions(document))
