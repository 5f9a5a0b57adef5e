"""One pass over a document: from the open package to drafts of its blocks, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.docx import tables, units
from extractors.docx.body import Row, walk
from extractors.docx.names import w
from extractors.docx.notes import Comments, Notes, add_comment, add_note
from extractors.docx.numbering import Counters
from extractors.docx.opened import open_package
from extractors.docx.pictures import Pictures
from extractors.docx.reading import Gathered, Reading
from extractors.docx.stories import Stories
from extractors.docx.story import Story
from extractors.errors import ExtractionError, SafetyLimitExceeded
from extractors.facts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.docx.opened import Opened
    from extractors.docx.package import Package
    from extractors.docx.units import Draft
    from extractors.facts import OutlineEntry


@dataclass(frozen=True, slots=True)
class Drafts:
    """What one slice of XML gave.

    Attributes:
        finished: Blocks that ended in it, in order.
        open: A table that is still going on; None when there is none.
        xml_bytes: Bytes of the slice.
    """

    finished: list[Draft]
    open: Draft | None
    xml_bytes: int


class Pass:
    """Reads the blocks of a package once, in order.

    Attributes:
        reading: What is known and counted.
    """

    def __init__(self, package: Package, max_blocks: int) -> None:
        """Open the package with python-docx.

        Raises:
            DamagedDocument: The main part or python-docx's part of the package is broken.
            SafetyLimitExceeded: Over a limit of :mod:`extractors.docx.safexml`.
        """
        self._document = package.data(package.main)
        opened = open_package(package, self._document)
        self.reading = _reading(package, self._document, opened)
        self._max_blocks = max_blocks
        self._story = Story(self.reading, package.main, Gathered(), counters=self.reading.counters)
        self._drafter = units.Drafter(self.reading, self._story)
        self._stories = Stories(self.reading)
        self._table: tuple[Draft, tables.Table] | None = None

    @property
    def outline(self) -> tuple[OutlineEntry, ...]:
        """Headings so far."""
        return tuple(self._drafter.outline)

    def batches(self) -> Iterator[Drafts]:
        """Yield drafts slice by slice; the very last block may still get :meth:`add_orphans`.

        Raises:
            DamagedDocument: The body is not well-formed.
            SafetyLimitExceeded: Too many blocks, or another limit; ``unit`` says where.
        """
        for batch in walk(self._document, self.reading.package.main):
            drafts: list[Draft] = []
            try:
                for found in batch.found:
                    self._stories.begin()
                    draft = self._row(found) if isinstance(found, Row) else self._drafter.draft(found)
                    if draft is not None:
                        self._keep(draft)
                        drafts.append(draft)
            except ExtractionError as error:
                raise type(error)(str(error), unit=self.reading.unit) from error
            if self.reading.unit - 1 > self._max_blocks:
                raise SafetyLimitExceeded(
                    f"The document has more than {self._max_blocks} blocks, which is the limit. "
                    "Cut it into smaller ones in Word before the upload."
                )
            yield Drafts(drafts, None if self._table is None else self._table[0], batch.xml_bytes)

    def add_orphans(self, last: Draft) -> None:
        """Put notes and comments that nothing refers to at the end rather than lose them."""
        reading = self.reading
        self._story.gathered = last.gathered
        reading.unit = last.number
        for notes in (reading.footnotes, reading.endnotes):
            for element in notes.orphans():
                add_note(self._story, notes, element, None)
                reading.problem("orphan-note")
        for comment in reading.comments.orphans():
            add_comment(self._story, comment)
            reading.problem("orphan-comment")

    def _keep(self, draft: Draft) -> None:
        self._stories.place(draft)
        if draft.gathered.hidden:
            self.reading.problem("hidden-text")
        self.reading.unit += 1

    def _row(self, found: Row) -> Draft | None:
        """Read a row of a table that came piecemeal; return the table's draft with its last row."""
        if self._table is None:
            draft = self._drafter.begin("table")
            self._table = (draft, tables.Table(self._story))
        draft, table = self._table
        table.add(found.element)
        draft.weight += table.take_weight()
        if not found.last:
            return None
        self._table = None
        return self._drafter.table(draft, table)


def _reading(package: Package, document: bytes, opened: Opened) -> Reading:
    """Put together what the walk needs."""
    notes = {role: _notes(package, role) for role in (Role.FOOTNOTE, Role.ENDNOTE)}
    for role, found in notes.items():
        if opened.settings is not None:
            found.configure(opened.settings.find(w(f"{role}Pr")))
    comments = next(iter(package.related(package.main, "comments")), "")
    return Reading(
        package=package,
        opened=opened,
        footnotes=notes[Role.FOOTNOTE],
        endnotes=notes[Role.ENDNOTE],
        comments=Comments(comments, opened.comments, package.container.stored_bytes(comments)),
        pictures=Pictures(package, document),
        counters=Counters(opened.numbering),
    )


def _notes(package: Package, role: Role) -> Notes:
    part = next(iter(package.related(package.main, f"{role}s")), "")
    root = package.optional(part, f"The {role}s") if part else None
    return Notes(role, part, root, package.container.stored_bytes(part))
