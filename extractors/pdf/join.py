"""Putting the pieces of a PDF together again: pages, order, labels, outline, links, named destinations and form."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Page, Stream, String

from extractors.errors import DamagedDocument
from extractors.pdf.cut import write_pdf
from extractors.pdf.cutting.annotations import relink
from extractors.pdf.cutting.labels import label_tree, labels_joined
from extractors.pdf.cutting.merging import merge_equal, merge_fields, merge_layers, merge_names
from extractors.pdf.cutting.opening import open_any
from extractors.pdf.cutting.outline import merged, write_outline
from extractors.pdf.cutting.piece import Piece
from extractors.pdf.cutting.xmp import read_packet
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.qpdf import trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

_FROM_FIRST = ("/Lang", "/PageLayout", "/PageMode", "/ViewerPreferences", "/OpenAction", "/AA", "/Extensions")


def join_pdfs(pieces: Sequence[BinaryIO], out: BinaryIO) -> int:
    """Write one PDF with the pages of all pieces in the order given.

    Labels go on, outline entries that several pieces have become one again, and links into other pieces lead there
    again. What all pieces carry (fonts, images) is written once. All streams are held in memory: pikepdf copies them
    when it copies a page.

    Args:
        pieces: Files that :class:`extractors.pdf.cut.PdfCutter` wrote, in order; other PDFs are simply appended.
        out: Empty, seekable, open for writing.

    Returns:
        Number of pages written.

    Raises:
        DamagedDocument: A piece cannot be read.
    """
    with ExitStack() as stack:
        joined = stack.enter_context(pikepdf.new())
        parts: list[Piece] = []
        pages = 0
        for number, file in enumerate(pieces, 1):
            pdf = stack.enter_context(open_any(file, None))
            try:
                parts.append(Piece(pdf, pages))
                for page in parts[-1].pages:
                    joined.pages.append(Page(page))
            except PIKE_ERRORS as error:
                raise DamagedDocument(
                    f"Piece {number} cannot be read ({trouble(error, file)}). Verify the pieces, and split again."
                ) from error
            pages += len(parts[-1].pages)
        _dress(joined, parts)
        write_pdf(joined, out, _marks(joined, parts))
    return pages
