"""DOCX pieces out of a DOCX: the order of the steps."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from extractors.base import ShrinkStep
from extractors.docx.container import Container
from extractors.docx.cutting import archive, properties, rows, sections
from extractors.docx.cutting.active import NOT_ACTIVE, Policy, unsafe
from extractors.docx.cutting.archive import Contents
from extractors.docx.cutting.beside import Beside
from extractors.docx.cutting.fields import active_field
from extractors.docx.cutting.fonts import Fonts
from extractors.docx.cutting.index import Body
from extractors.docx.cutting.listed import Outline
from extractors.docx.cutting.parts import Parts
from extractors.docx.cutting.piece import Extent, Maker, Source
from extractors.docx.cutting.report import changes
from extractors.docx.cutting.shrink import shrink as shrink_pictures
from extractors.docx.cutting.survey import Survey
from extractors.docx.package import Package
from extractors.errors import ActiveContentRejected, DamagedDocument, ExtractionError, SafetyLimitExceeded
from extractors.registry import DOCM, DOCX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from extractors.base import Change, CutOptions, Shrink

_PAGE_FIELD = re.compile(rb"(?:instrText[^<>]*>|instr=[\"'])\s*PAGE\b")


@contextmanager
def docx_cutter(file: BinaryIO, options: CutOptions) -> Iterator[DocxCutter]:
    """Open a DOCX or DOCM for cutting.

    Args:
        file: The document, seekable; must stay open while pieces are cut.
        options: What to do with active content, and the limits.

    Raises:
        ActiveContentRejected: ``options.active_content`` is ``reject`` and it has some.
        ExtractionError: It cannot be opened.
    """
    cutter = DocxCutter(file, options)
    if options.active_content == "reject":
        found = cutter.active_content()
        if found:
            raise ActiveContentRejected(
                f"The document has active content ({', '.join(sorted(found))}), which was to be rejected. "
                "Choose to strip it from the pieces, or to keep it."
            )
    yield cutter


class DocxCutter:
    """An open document; units are its top-level blocks, numbered as the reader numbers them.

    Attributes:
        count: Number of units.
        media_type: Of the pieces: a document without its macros is an ordinary DOCX.
    """

    def __init__(self, file: BinaryIO, options: CutOptions) -> None:
        """Read what has to be known of the whole document.

        Raises:
            ExtractionError: It cannot be opened.
        """
        self._options = options
        self._parts = Parts(
            Package(Container.open(file, options.limits)), Policy(strip=options.active_content != "keep")
        )
        self._parts.check()
        self._beside = Beside(self._parts)
        surveys: list[Survey] = []

        def survey() -> Survey:
            surveys.append(Survey(Outline(self._beside.root("styles"), self._beside.root("numbering"))))
            return surveys[-1]

        main = self._parts.main
        body = Body(self._parts.data(main), main, survey)
        if body.count > options.limits.max_blocks:
            raise SafetyLimitExceeded(
                f"The document has {body.count} blocks; the limit is {options.limits.max_blocks}. Cut it in Word first."
            )
        self._source = Source(self._parts, body, surveys[-1], self._note_starts())
        surveys[-1].ranges.finish()
        self._orphans = self._beside.orphans(surveys[-1].notes.ids, set(surveys[-1].ranges.anchors))
        self._tables: dict[int, rows.Table] = {}
        self._fonts = Fonts(self._parts)
        self.count = body.count
        macros = "macroenabled" in self._parts.written_type(main).lower()
        self.media_type = DOCM if macros else DOCX

    def cut(self, first: int, last: int, out: BinaryIO, *, shrink: Shrink | None = None) -> tuple[Change, ...]:
        """Write units ``first`` to ``last`` (inclusive, from 1) as a document of its own to ``out``.

        The same call writes the same bytes.

        Args:
            first: First unit.
            last: Last unit.
            out: Empty, seekable, open for writing.
            shrink: How far pictures may be re-encoded.

        Returns:
            What the piece does not carry as the source did.

        Raises:
            ExtractionError: A unit cannot be carried over.
        """
        self._check(first, last)
        return self._write(Extent(first, last, ends=last == self.count), out, shrink)

    def table(self, unit: int) -> rows.Table:
        """Return how many rows and repeated header rows a unit has; zero rows when it is no table."""
        self._check(unit, unit)
        found = self._tables.get(unit)
        if found is None:
            found = self._tables[unit] = rows.shape(self._source.body.stretch(unit, unit).blocks[0])
        return found

    def row_lengths(self, unit: int) -> tuple[int, ...]:
        """Return how many characters of text each row of a table has; nothing when it is no table."""
        self._check(unit, unit)
        table = rows.table_in(self._source.body.stretch(unit, unit).blocks[0])
        return () if table is None else tuple(map(rows.text_length, rows.rows_of(table)))

    def cut_rows(
        self, unit: int, first_row: int, last_row: int, out: BinaryIO, *, shrink: Shrink | None = None
    ) -> tuple[Change, ...]:
        """Write some rows of a table as a document of its own; its header rows are repeated.

        Args:
            unit: The table.
            first_row: First row, from 1, header rows counted.
            last_row: Last row.
            out: Empty, seekable, open for writing.
            shrink: How far pictures may be re-encoded.

        Raises:
            ExtractionError: The unit is no table, or has no such rows.
        """
        count = self.table(unit).rows
        if not 1 <= first_row <= last_row <= count:
            raise ExtractionError(
                f"Block {unit} has no rows {first_row} to {last_row}; it is "
                f"{f'a table of {count} rows' if count else 'no table'}. Ask for rows it has.",
                unit=unit,
            )
        ends = unit == self.count and last_row == count
        return self._write(Extent(unit, unit, rows=(first_row, last_row), ends=ends), out, shrink)

    def heaviest(self, piece: BinaryIO) -> tuple[str, int]:
        """Return what of a piece weighs most, in words, and its bytes."""
        return archive.heaviest(piece)

    def active_content(self) -> frozenset[str]:
        """Return the kinds of active content in the document, whatever is done with them."""
        parts = self._parts
        if not parts.policy.strip:
            parts = Parts(self._parts.package, Policy(strip=True))
            parts.check()
        survey = self._source.survey
        found = {reason for _, reason in parts.taken} | {what for _, what in survey.objects}
        found |= {what for _, text in survey.fields.instructions if (what := active_field(text, unsafe)) is not None}
        return frozenset(found - NOT_ACTIVE)

    def _check(self, first: int, last: int) -> None:
        if not 1 <= first <= last <= self.count:
            raise ExtractionError(
                f"There are no blocks {first} to {last}; the document has {self.count}. Ask for blocks it has."
            )

    def _write(self, extent: Extent, out: BinaryIO, shrink: Shrink | None) -> tuple[Change, ...]:
        made = Maker(self._source, extent).make()
        if extent.rows is None:
            made.comments = self._source.survey.ranges.comments(extent.first, extent.last)
        if extent.ends:
            for kind, lost in self._orphans[0].items():
                made.notes[kind] |= lost
            made.comments |= self._orphans[1]
        parts = self._parts
        contents = Contents()
        contents.replaced[parts.main] = parts.spelled(parts.main, self._source.body.whole(made.inner))
        made.inner.clear()
        contents.kept[parts.main] = parts.referred(parts.main, made.references)
        description = properties.describe(extent.first, extent.last, self.count, self._options.source_name)
        self._beside.write(made, extent, description, contents)
        shrunk: tuple[Change, ...] = ()
        if shrink is not None:
            shrunk = shrink_pictures(parts, contents, made, shrink, self._options.limits.max_image_pixels)
        fonts = self._fonts.prune(contents, drop=self._options.drop_fonts or _without_fonts(shrink, extent))
        archive.write(parts, contents, out)
        return (
            *changes(parts, contents, made, extent, pages_restart=self._pages_restart(extent, contents)),
            *shrunk,
            *fonts,
        )

    def _pages_restart(self, extent: Extent, contents: Contents) -> bool:
        """Tell whether a piece shows page numbers that begin anew: what they were only a layout knows."""
        if extent.first == 1 and (extent.rows is None or extent.rows[0] == 1):
            return False
        kept = contents.kept[self._parts.main]
        for link in self._parts.links(self._parts.main):
            if link.relation.kind in {"header", "footer"} and link.relation.id in kept and link.part is not None:
                try:
                    if _PAGE_FIELD.search(self._parts.data(link.part)):
                        return True
                except DamagedDocument:
                    continue
        return False

    def _note_starts(self) -> dict[str, tuple[int, str]]:
        settings: Element | None = self._beside.settings
        start = (1, sections.CONTINUOUS)
        if settings is None:
            return {"footnote": start, "endnote": start}
        return {kind: sections.note_numbers(settings, kind, *start) for kind in ("footnote", "endnote")}


def _without_fonts(shrink: Shrink | None, extent: Extent) -> bool:
    if shrink is None or isinstance(shrink, ShrinkStep):
        return shrink is not None and shrink.drop_fonts
    return any(step.drop_fonts for unit, step in shrink.items() if extent.first <= unit <= extent.last)
