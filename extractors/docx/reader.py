"""DOCX in, facts and text out: the order of the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from extractors.docx import findings, tables, units
from extractors.docx.body import Row, walk
from extractors.docx.container import Container
from extractors.docx.ledger import Ledger
from extractors.docx.names import w
from extractors.docx.notes import Comments, Notes, add_comment, add_note
from extractors.docx.numbering import Counters
from extractors.docx.opened import Opened, SectionPlan, StoryRef, open_package
from extractors.docx.package import Package
from extractors.docx.pictures import Pictures
from extractors.docx.pieces import join
from extractors.docx.reading import Gathered, Reading
from extractors.docx.story import Story
from extractors.errors import ExtractionError, NoPages, SafetyLimitExceeded
from extractors.facts import DocumentFacts, DocxFacts, Role, TextPart, UnitFacts, UnitText

if TYPE_CHECKING:
    from extractors.base import ReadOptions, UnitSink
    from extractors.docx.body import Batch
    from extractors.docx.units import Draft


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
        package = Package(Container.open(file, options.limits))
        document = package.data(package.main)
        opened = open_package(package, document)
        reading = _begin(package, document, opened)
        run = _Run(reading, options, sink)
        for batch in walk(document, package.main):
            run.take(batch)
        return run.finish()


class _Run:
    """One pass over a document."""

    def __init__(self, reading: Reading, options: ReadOptions, sink: UnitSink) -> None:
        self._reading = reading
        self._options = options
        self._sink = sink
        story = Story(reading, reading.package.main, Gathered(), counters=reading.counters)
        self._story = story
        self._drafter = units.Drafter(reading, story)
        self._ledger = Ledger(reading.package, reading)
        self._waiting: list[Draft] = []
        self._units: list[UnitFacts] = []
        self._table: tuple[Draft, tables.Table] | None = None
        self._sections = _Sections(reading)

    def take(self, batch: Batch) -> None:
        """Read what one slice completed and hand over all of it but the last block, which may still get notes."""
        begun = len(self._waiting)
        try:
            for found in batch.found:
                draft = self._row(found) if isinstance(found, Row) else self._drafter.draft(found)
                if draft is not None:
                    self._keep(draft)
        except ExtractionError as error:
            raise type(error)(str(error), unit=self._reading.unit) from error
        self._check_count()
        self._ledger.share_out(self._waiting[begun:], batch.xml_bytes)
        for draft in self._waiting[:-1]:
            self._send(draft)
        del self._waiting[:-1]

    def _keep(self, draft: Draft) -> None:
        if self._sections.due:
            self._sections.place(draft)
        self._sections.due = draft.sections
        if draft.gathered.hidden:
            self._reading.problem("hidden-text")
        self._waiting.append(draft)
        self._reading.unit += 1

    def finish(self) -> DocumentFacts:
        """Hand over the last block and return the facts of the document.

        Raises:
            NoPages: There was no block.
        """
        if not self._waiting:
            raise NoPages("The document is empty: its body has neither a paragraph nor a table. Check the export.")
        last = self._waiting.pop()
        self._add_orphans(last)
        self._send(last)
        package, tally = self._reading.package, self._reading.tally
        macros, external = findings.is_macro_enabled(package), findings.external_targets(package)
        embedded = findings.embedded_objects(package)
        return DocumentFacts(
            unit_kind="block",
            unit_count=len(self._units),
            units=tuple(self._units),
            outline=tuple(self._drafter.outline),
            shared_bytes=self._ledger.shared(),
            docx=DocxFacts(
                paragraphs=tally.paragraphs,
                headings=tally.headings,
                tables=tally.tables,
                nested_tables=tally.nested_tables,
                images=tally.images,
                footnotes=len(self._reading.footnotes),
                endnotes=len(self._reading.endnotes),
                comments=len(self._reading.comments),
                insertions=tally.insertions,
                deletions=tally.deletions,
                moves=tally.moves,
                text_boxes=tally.text_boxes,
                headers=len(set(package.related(package.main, "header"))),
                footers=len(set(package.related(package.main, "footer"))),
                sections=len(self._reading.opened.sections),
                fields=tally.fields,
                equations=tally.equations,
                charts=tally.charts,
                embedded_objects=embedded,
                hyperlinks=tally.hyperlinks,
                macros=macros,
                external_relations=external,
                strict=package.strict,
                title=self._reading.opened.title,
            ),
            findings=tuple(findings.collect(self._reading, macros=macros, external=external, embedded=embedded)),
            truncated=any(code in self._reading.problems for code in ("chart-cut", "chunk-unread")),
        )

    def _row(self, found: Row) -> Draft | None:
        """Read a row of a table that came piecemeal; return the table's draft with its last row."""
        if self._table is None:
            draft = self._drafter.begin("table")
            self._table = (draft, tables.Table(self._story))
        draft, table = self._table
        table.add(found.element)
        if not found.last:
            return None
        self._table = None
        return self._drafter.table(draft, table)

    def _send(self, draft: Draft) -> None:
        text = draft.text()
        facts = units.facts(
            draft, text, media=self._ledger.media(draft.gathered), stored_bytes=self._ledger.stored(draft)
        )
        self._units.append(facts)
        self._sink(facts, text if self._options.text else UnitText(number=draft.number))

    def _check_count(self) -> None:
        limit = self._options.limits.max_blocks
        if self._reading.unit - 1 > limit:
            raise SafetyLimitExceeded(
                f"The document has more than {limit} blocks. Cut it into smaller ones in Word before the upload."
            )

    def _add_orphans(self, last: Draft) -> None:
        """Put notes and comments that nothing refers to at the end rather than lose them."""
        reading = self._reading
        self._story.gathered = last.gathered
        reading.unit = last.number
        for notes in (reading.footnotes, reading.endnotes):
            for element in notes.orphans():
                add_note(self._story, notes, element, None)
                reading.problem("orphan-note")
        for comment in reading.comments.orphans():
            add_comment(self._story, comment)
            reading.problem("orphan-comment")


class _Sections:
    """Puts headers and footers at the first block of their section, each part once.

    Attributes:
        due: Sections that begin with the next block.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pending = list(reading.opened.sections)
        self.due = 1
        self._seen: set[str] = set()
        if not reading.opened.sections_known:
            self._pending = [SectionPlan(stories=tuple(_all_stories(reading.package)))]

    def place(self, draft: Draft) -> None:
        """Give a block the headers and footers of the sections that begin with it."""
        for _ in range(min(self.due, len(self._pending))):
            self._open(self._pending.pop(0), draft)

    def _open(self, section: SectionPlan, draft: Draft) -> None:
        for notes, name in ((self._reading.footnotes, "footnotePr"), (self._reading.endnotes, "endnotePr")):
            if section.properties is not None:
                notes.configure(section.properties.find(w(name)))
        for story in section.stories:
            if story.part not in self._seen:
                self._seen.add(story.part)
                (draft.before if story.role is Role.HEADER else draft.after).extend(self._read(story))

    def _read(self, story: StoryRef) -> list[TextPart]:
        root = self._reading.package.optional(story.part, f"A {story.role}")
        if root is None:
            return []
        gathered = Gathered()
        counters = Counters(self._reading.opened.numbering)
        walked = Story(self._reading, story.part, gathered, counters=counters, aside_role=story.role)
        counted = self._reading.tally.paragraphs
        piece = join(walked.flow(root))
        self._reading.tally.paragraphs = counted
        if gathered.hidden:
            self._reading.problem("hidden-text")
        gathered.aside(piece.plain, story.role, markdown=piece.markdown, label=story.label)
        own = gathered.asides[-1:] if piece.plain.strip() else []
        return [*own, *gathered.asides[: len(gathered.asides) - len(own)]]


def _all_stories(package: Package) -> list[StoryRef]:
    """Return every header and footer of a document whose sections could not be told."""
    return [
        StoryRef(part, role, None, shown=True)
        for kind, role in (("header", Role.HEADER), ("footer", Role.FOOTER))
        for part in package.related(package.main, kind)
    ]


def _begin(package: Package, document: bytes, opened: Opened) -> Reading:
    """Put together what the walk needs."""
    notes = {role: _notes(package, role) for role in (Role.FOOTNOTE, Role.ENDNOTE)}
    settings = opened.settings
    for role, found in notes.items():
        if settings is not None:
            found.configure(settings.find(w(f"{role}Pr")))
    comments_part = next(iter(package.related(package.main, "comments")), "")
    return Reading(
        package=package,
        opened=opened,
        footnotes=notes[Role.FOOTNOTE],
        endnotes=notes[Role.ENDNOTE],
        comments=Comments(comments_part, opened.comments, package.container.stored_bytes(comments_part)),
        pictures=Pictures(package, document),
        counters=Counters(opened.numbering),
    )


def _notes(package: Package, role: Role) -> Notes:
    part = next(iter(package.related(package.main, f"{role}s")), "")
    root = package.optional(part, f"The {role}s") if part else None
    return Notes(role, part, root, package.container.stored_bytes(part))
