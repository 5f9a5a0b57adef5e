"""Reading a PDF: one pass over its pages, each loaded once, handed over and forgotten.

What only some documents or tasks need (pixels, cutting, joining) is loaded when it is needed: a letter of one page
spends more time on imports than on being read.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from extractors.facts import DocumentFacts, UnitFacts
from extractors.pdf.inventory import Inventory, take_inventory
from extractors.pdf.opening import open_pdf
from extractors.pdf.reading import Pages
from extractors.pdf.structure import read_structure
from extractors.pdf.textmaps import read_as_meant
from extractors.pdf.troubles import cut_short_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from PIL.Image import Image

    from extractors.base import Change, CutOptions, Cutter, Raster, ReadOptions, UnitSink

_TAIL = 2_048  # readers look through the last 1,024 bytes, many through more
_DAMAGE = ("repaired", "damaged")


class PdfExtractor:
    """Reads PDF documents; a unit is a page."""

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read all pages in order; see :meth:`extractors.base.Extractor.read`.

        Raises:
            ExtractionError: The document as a whole cannot be read; :func:`extractors.pdf.opening.open_pdf` says why.
            SafetyLimitExceeded: It has more pages than ``options.limits.max_units``.
        """
        with open_pdf(file, options.password) as opened:
            structure = read_structure(file, opened, options)
            count = opened.page_count
            stored = Inventory(own_bytes=[0] * count)
            if opened.pike is not None:
                stored = take_inventory(opened.pike, count, file.seek(0, os.SEEK_END))
                read_as_meant(opened, stored.text_maps)
            damaged = any(finding.code in _DAMAGE and finding.severity != "info" for finding in structure.findings)
            pages = Pages(opened, stored, options, damaged=damaged)
            cut_short = (cut_short_finding(),) if damaged and not _has_end(file) else ()
            units: list[UnitFacts] = []
            for number in range(1, count + 1):
                options.begin(number)
                facts, text = pages.read(number)
                opened.note_loaded(facts.stored_bytes)
                sink(facts, text)
                units.append(facts)
            options.begin(0)
        shared_bytes, more = stored.deal_out([pages.drawn.get(unit.number, ()) for unit in units])
        return DocumentFacts(
            unit_kind="page",
            unit_count=len(units),
            encrypted=structure.encrypted,
            units=tuple(
                replace(unit, stored_bytes=unit.stored_bytes + add) if add else unit
                for unit, add in zip(units, more, strict=True)
            ),
            outline=structure.outline,
            shared_bytes=shared_bytes,
            pdf=structure.pdf,
            findings=(*structure.findings, *cut_short, *pages.findings()),
            truncated=structure.truncated or pages.notes.cut_short,
        )

    def render(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
        """Yield pages as images for OCR; see :meth:`extractors.base.Renderable.render`.

        Raises:
            ExtractionError: The document cannot be opened, or a page cannot be drawn (``unit`` says which).
        """
        from extractors.pdf.render import render_pages

        yield from render_pages(file, options, numbers)

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
        """Open a PDF for cutting; see :meth:`extractors.base.Cuttable.cutter`."""
        from extractors.pdf.cut import pdf_cutter

        return pdf_cutter(file, options)

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield the fingerprint of each page; see :meth:`extractors.base.Fingerprinting.fingerprints`."""
        from extractors.errors import DamagedDocument
        from extractors.pdf.cutting.opening import open_any
        from extractors.pdf.fingerprint import Fingerprints

        with open_any(file, options.password) as pdf:
            prints = Fingerprints(pdf)
            for number in range(1, len(prints) + 1):
                options.begin(number)
                try:
                    yield number, "" if number in options.skip else prints.page(number)
                except DamagedDocument:
                    yield number, ""

    def views(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Image]]:
        """Yield pages as small colour images; see :meth:`extractors.base.Viewable.views`."""
        from extractors.pdf.views import page_views

        yield from page_views(file, options, numbers)

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()) -> None:
        """Put pieces together again; see :meth:`extractors.base.Joinable.join`."""
        from extractors.pdf.join import join_pdfs

        del changes
        join_pdfs(pieces, out)


def _has_end(file: BinaryIO) -> bool:
    """Whether a file has the mark that ends a PDF where readers look for it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    return b"%%EOF" in file.read(_TAIL)
