"""DOCX in, facts and text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from extractors.docx import findings, units
from extractors.docx.container import Container
from extractors.docx.ledger import Ledger
from extractors.docx.package import Package
from extractors.docx.passing import Pass
from extractors.docx.scans import Scans, raster
from extractors.errors import ExtractionError, NoPages
from extractors.facts import DocumentFacts, DocxFacts, UnitFacts, UnitText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from extractors.base import Change, CutOptions, Cutter, Raster, ReadOptions, UnitSink
    from extractors.docx.reading import Picture
    from extractors.docx.units import Draft

_CUT_SHORT = frozenset({"chart-cut", "chunk-unread", "sub-document"})


class DocxExtractor:
    """Reads DOCX and DOCM, Strict and Transitional. A unit is a top-level block (see :mod:`extractors.docx.body`)."""

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read the document once, in order, handing each block to ``sink`` as soon as it is known.

        Args:
            file: The document, seekable.
            options: Limits; ``text=False`` leaves the texts out.
            sink: Takes facts and text of each block.

        Raises:
            NotADocx: A ZIP archive, but no Word document.
            DamagedDocument: Broken, or built to confuse readers.
            EncryptedOffice: Its entries are encrypted.
            SafetyLimitExceeded: Over a limit that protects the reader.
            NoPages: It has no block at all.
        """
        run = _open(file, options)
        writer = _Writer(run, options, sink)
        waiting: list[Draft] = []
        for drafts in run.batches():
            writer.ledger.share_out(drafts)
            waiting += drafts.finished
            for draft in waiting[:-1]:
                writer.write(draft)
            del waiting[:-1]
        if not waiting:
            raise NoPages("The document is empty: its body has neither a paragraph nor a table. Check the export.")
        run.add_orphans(waiting[0])
        writer.write(waiting[0])
        return writer.document()

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
        """Open a document for cutting; see :meth:`extractors.base.Cuttable.cutter`."""
        from extractors.docx.cutting.cutter import docx_cutter

        return docx_cutter(file, options)

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield the fingerprint of each block; see :meth:`extractors.base.Fingerprinting.fingerprints`."""
        from extractors.docx.cutting.fingerprint import block_fingerprints

        return block_fingerprints(file, options.limits, skip=options.skip.keys(), begin=options.begin)

    def row_fingerprints(
        self, file: BinaryIO, options: ReadOptions, unit: int, *, piece: bool = False
    ) -> Iterator[tuple[int, str]]:
        """Yield number and fingerprint of each row of a table; of a piece cut by rows, as in the document it is of.

        Raises:
            ExtractionError: The document cannot be opened, or the block is no table.
        """
        from extractors.docx.cutting.fingerprint import row_fingerprints

        return row_fingerprints(file, options.limits, unit, piece=piece)

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()) -> None:
        """Put pieces together again; see :meth:`extractors.base.Joinable.join`."""
        del changes
        from extractors.docx.cutting.join import join_docx

        join_docx(pieces, out)

    def render(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
        """Yield the pictures of wanted blocks; see :meth:`extractors.base.Renderable.render`.

        A block with several pictures gives one image with all of them, one below the other.

        Raises:
            ExtractionError: As :meth:`read`; or a block has no picture that can be decoded (``unit`` says which).
        """
        run = _open(file, options)
        wanted: dict[int, list[Picture]] = {number: [] for number in numbers}
        for drafts in run.batches():
            for draft in drafts.finished:
                if draft.number in wanted:
                    wanted[draft.number] = draft.gathered.pictures
        for number in numbers:
            try:
                image = raster(run.reading.package, wanted[number], number, options.limits.max_image_pixels)
            except ExtractionError as error:
                raise type(error)(str(error), unit=number) from error
            yield number, image


class _Writer:
    """Turns drafts into facts and text, and the whole into facts of the document."""

    def __init__(self, run: Pass, options: ReadOptions, sink: UnitSink) -> None:
        self._run = run
        self._with_text = options.text
        self._sink = sink
        self._scans = Scans(run.reading, options.limits.max_image_pixels if options.look else 0)
        self._units: list[UnitFacts] = []
        self.ledger = Ledger(run.reading.package, run.reading)

    def write(self, draft: Draft) -> None:
        """Hand over one finished block."""
        text = draft.text()
        facts = units.facts(draft, text, self.ledger, self._scans)
        self._units.append(facts)
        self._sink(facts, text if self._with_text else UnitText(number=draft.number))

    def document(self) -> DocumentFacts:
        """Return the facts of the document after its last block."""
        reading = self._run.reading
        docx = _docx_facts(self._run)
        return DocumentFacts(
            unit_kind="block",
            unit_count=len(self._units),
            units=tuple(self._units),
            outline=self._run.outline,
            shared_bytes=self.ledger.shared(),
            docx=docx,
            findings=tuple(findings.collect(reading, docx)),
            truncated=not _CUT_SHORT.isdisjoint(reading.problems),
        )


def _open(file: BinaryIO, options: ReadOptions) -> Pass:
    return Pass(Package(Container.open(file, options.limits)), options.limits.max_blocks)


def _docx_facts(run: Pass) -> DocxFacts:
    reading = run.reading
    package, tally = reading.package, reading.tally
    return DocxFacts(
        paragraphs=tally.paragraphs,
        headings=tally.headings,
        tables=tally.tables,
        nested_tables=tally.nested_tables,
        images=tally.images,
        footnotes=len(reading.footnotes),
        endnotes=len(reading.endnotes),
        comments=len(reading.comments),
        insertions=tally.insertions,
        deletions=tally.deletions,
        moves=tally.moves,
        text_boxes=tally.text_boxes,
        headers=len(set(package.related(package.main, "header"))),
        footers=len(set(package.related(package.main, "footer"))),
        sections=len(reading.opened.sections),
        fields=tally.fields,
        equations=tally.equations,
        charts=tally.charts,
        embedded_objects=findings.embedded_objects(package),
        hyperlinks=tally.hyperlinks,
        macros=findings.has_macros(package),
        external_relations=findings.external_targets(package),
        strict=package.strict,
        title=reading.opened.title,
    )
