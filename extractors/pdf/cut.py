"""Cutting pieces out of a PDF.

The document is opened once and its structure taken apart: outline, named destinations, labels, form, links. A piece is
then a window over it: catalog and page tree are made for the wanted pages alone, and qpdf writes what can be reached
from there, straight from the mapped file. Appending pages to a new document instead would hold all their streams in
memory (pikepdf copies them at once), and deleting the other pages would leave whatever still refers to them.

Tags are not kept: a structure tree is a third of the bytes of a tagged file, and byte limits are why pieces are cut.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pikepdf
from pikepdf import Array, ObjectStreamMode, String

from extractors.base import Change
from extractors.errors import DamagedDocument
from extractors.pdf.cutting.actions import Actions
from extractors.pdf.cutting.catalog import Catalog
from extractors.pdf.cutting.changes import piece_changes
from extractors.pdf.cutting.destinations import Destinations, write_names
from extractors.pdf.cutting.fields import FieldTree
from extractors.pdf.cutting.labels import label_tree, labels_between, read_labels
from extractors.pdf.cutting.opening import opened_for_cutting
from extractors.pdf.cutting.outline import read_outline, write_outline
from extractors.pdf.cutting.sheets import Sheet, Sheets, page_node
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.qpdf import trouble
from extractors.pdf.shrink import shrunk_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.base import CutOptions, Shrink

_ENDS_BYTES = 65_536
_LONG_OUTLINE = "The outline is longer than is carried over; entries after the limit are in the original only."


@contextmanager
def pdf_cutter(file: BinaryIO, options: CutOptions) -> Iterator[PdfCutter]:
    """Open a PDF for cutting, for the length of a ``with`` block.

    Args:
        file: Seekable binary file, best one with a ``fileno()``: it is then mapped, not copied.
        options: Password, what to do with active content, and how pieces are named in their metadata.

    Raises:
        EmptyDocument: Zero bytes.
        PasswordRequired: Encrypted, and no password was given, or (WrongPassword) not the right one.
        DamagedDocument: qpdf cannot read the structure of the file, or (NoPages) finds no pages.
        SafetyLimitExceeded: More pages than ``options.limits.max_units``.
        ActiveContentRejected: ``options.active_content`` is ``reject`` and there is some.
    """
    with opened_for_cutting(file, options) as pdf:
        yield PdfCutter(pdf, file, options)


class PdfCutter:
    """An open PDF that pieces are cut from. Made by :func:`pdf_cutter`, valid until its block ends."""

    def __init__(self, pdf: pikepdf.Pdf, file: BinaryIO, options: CutOptions) -> None:
        self._pdf = pdf
        self._file = file
        self._options = options
        self._identity = _identity(file)
        self._mended = False
        try:
            self._take_apart()
        except PIKE_ERRORS as error:
            raise _too_damaged(trouble(error, file)) from error

    def _take_apart(self) -> None:
        """Read everything that stands around the pages, once, and take it off them."""
        pdf, root = self._pdf, self._pdf.Root
        pages = [page.obj for page in pdf.pages]
        actions = Actions.of(root, keep=self._options.active_content == "keep")
        self._destinations = Destinations(root, {page.objgen: index for index, page in enumerate(pages)})
        self._labels = read_labels(root)
        self._fields = FieldTree(pdf, actions)
        outlined = Counter[str]()
        self._outline = read_outline(pdf, self._destinations, actions, outlined)
        self._catalog = Catalog(pdf, self._options.source_name, len(pages), actions)
        self._catalog.stripped.update(outlined)
        self._catalog.stripped.update(self._fields.form.stripped)
        self._sheets = Sheets(pdf, pages, self._destinations, self._fields, actions)

    @property
    def mended(self) -> bool:
        """Whether qpdf mended errors of the file on the way: pieces may then hold what readers miss in the document."""
        self._mended = self._mended or bool(self._pdf.get_warnings())
        return self._mended

    @property
    def page_count(self) -> int:
        """Pages of the document."""
        return len(self._sheets)

    def cut(self, first: int, last: int, out: BinaryIO, *, shrink: Shrink | None = None) -> tuple[Change, ...]:
        """Write pages ``first`` to ``last`` (inclusive, from 1) as a PDF of its own to ``out``.

        The same call writes the same bytes, whatever was cut before.

        Args:
            first: Number of the first page.
            last: Number of the last page.
            out: Empty, seekable, open for writing and reading.
            shrink: How far to re-encode images, of all pages or of some; None leaves them as they are. The piece is
                held in memory once then.

        Raises:
            DamagedDocument: There is no such page, or it cannot be carried over (``unit`` says which).
        """
        if not 1 <= first <= last <= self.page_count:
            raise DamagedDocument(
                f"Pages {first} to {last} were asked for, but the PDF has pages 1 to {self.page_count} that can be cut "
                "out. Check the document again and plan anew.",
                unit=last,
            )
        sheets = [self._sheets.sheet(index) for index in range(first - 1, last)]
        try:
            links = self._assemble(sheets)
            shrunk = self._write(sheets, out, shrink)
        except PIKE_ERRORS as error:
            raise _too_damaged(trouble(error, self._file)) from error
        finally:
            for sheet in sheets:
                sheet.hide()
        changes = piece_changes(sheets, links, self._catalog, self._fields.form)
        if self._outline.truncated:
            changes.append(Change(code="outline-cut-short", message=_LONG_OUTLINE))
        return (*changes, *shrunk)

    def _assemble(self, sheets: Sequence[Sheet]) -> dict[int, tuple[int, int]]:
        """Make the window for these pages; return the jumps that could not be kept, by page number."""
        pages = range(sheets[0].number - 1, sheets[-1].number)
        shown = {sheet.number - 1: sheet.page for sheet in sheets}
        node = page_node(self._pdf, sheets)
        links = {sheet.number: sheet.relink(shown) for sheet in sheets}
        tree, old_names = write_names(self._pdf, self._destinations.named(pages), shown.__getitem__)
        outline = write_outline(self._pdf, self._outline.between(pages), shown.__getitem__, note=True)
        self._catalog.dress(
            sheets[0].number,
            sheets[-1].number,
            {
                "/Pages": node,
                "/Outlines": outline,
                "/PageLabels": label_tree(
                    labels_between(self._labels, pages[0], pages[-1]), always=self._catalog.labelled
                ),
                "/Names/Dests": tree,
                "/Dests": old_names,
                "/AcroForm": self._fields.assemble([widget for sheet in sheets for widget in sheet.widgets]),
            },
        )
        return links

    def _write(self, sheets: Sequence[Sheet], out: BinaryIO, shrink: Shrink | None) -> tuple[Change, ...]:
        """Write the window to ``out``, with smaller images if wanted; return what was done to those."""
        first, last = sheets[0].number, sheets[-1].number
        marks = f"{self._identity} {self._options.active_content} {first} {last}"
        if shrink is None:
            write_pdf(self._pdf, out, marks)
            return ()
        whole = io.BytesIO()
        write_pdf(self._pdf, whole, marks)
        with pikepdf.open(whole) as piece:
            changes = shrunk_pages(piece, shrink, first=first, max_pixels=self._options.limits.max_image_pixels)
            write_pdf(piece, out, f"{marks} {shrink}")
        return changes


def write_pdf(pdf: pikepdf.Pdf, out: BinaryIO, marks: str) -> None:
    """Write a PDF: small, without encryption, and the same bytes each time.

    Args:
        pdf: What to write.
        out: Where to.
        marks: What tells this file from all others; its hash becomes the file's identifier. Hashing the whole output
            instead (``deterministic_id``) would double the time a scan takes.
    """
    mark = String(hashlib.sha256(marks.encode()).digest()[:16])
    pdf.trailer.ID = Array([mark, mark])
    with warnings.catch_warnings():
        # Widgets that no field lists are carried as they are: the document has them like that.
        warnings.simplefilter("ignore", pikepdf.PageCopyWarning)
        pdf.save(
            out,
            encryption=False,
            fix_metadata_version=False,
            object_stream_mode=ObjectStreamMode.generate,
            preserve_pdfa=False,
            static_id=True,  # stands for the second half of the identifier only; the first is kept
        )


def _identity(file: BinaryIO) -> str:
    """Return what tells a file from others without reading all of it: its size and both its ends."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    digest = hashlib.sha256(file.read(_ENDS_BYTES))
    file.seek(max(0, size - _ENDS_BYTES))
    digest.update(file.read(_ENDS_BYTES))
    return f"{size} {digest.hexdigest()}"


def _too_damaged(reason: str) -> DamagedDocument:
    return DamagedDocument(
        f"The PDF is too damaged to be cut ({reason}). Print it to a new PDF, or let qpdf rewrite it, and cut that."
    )
