"""The body of one piece: its blocks, mended where the cut went through something."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.docx.cutting import active, marks, rows, sections
from extractors.docx.cutting.drawn import drawn
from extractors.docx.cutting.fields import Fate, FieldPass, active_field, reference
from extractors.docx.cutting.floating import settle
from extractors.docx.cutting.lists import Continuation
from extractors.docx.cutting.notes import NOTE_REFERENCES, NOTE_TAGS, authors
from extractors.docx.cutting.ranges import COMMENT_REFERENCE, RANGE_TAGS, Clip, local_clip, put_out_of_use
from extractors.docx.names import W_ID, W_SECT_PR, w

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.cutting.index import Body, Stretch
    from extractors.docx.cutting.parts import Parts
    from extractors.docx.cutting.survey import Survey

_HYPERLINK, _ANCHOR = w("hyperlink"), w("anchor")
_BINDINGS = (w("dataBinding"), f"{{{marks.W15}}}dataBinding")


@dataclass(frozen=True, slots=True)
class Source:
    """A document open for cutting.

    Attributes:
        parts: Its parts.
        body: Its body.
        survey: What is known of the body.
        notes_from: First number of footnotes and endnotes by kind, and where they restart, as the settings say.
    """

    parts: Parts
    body: Body
    survey: Survey
    notes_from: dict[str, tuple[int, str]]


@dataclass(slots=True)
class Extent:
    """What a piece is cut from.

    Attributes:
        first: First block.
        last: Last block.
        rows: With ``first == last``: only these rows of the table.
        ends: The piece has the end of the document.
    """

    first: int
    last: int
    rows: tuple[int, int] | None = None
    ends: bool = False


@dataclass(slots=True)
class Made:
    """The body of a piece and what it needs.

    Attributes:
        inner: XML of the blocks and of what stands between and after them, in stretches.
        numbering: ``w:numbering`` with lists that go on; None when the source's will do.
        references: Relationship ids referred to.
        notes: Ids of footnotes and endnotes referred to, by kind.
        comments: Ids of comments.
        note_starts: First number of notes by kind, where they number through the whole document.
        pictures: Where pictures are drawn: (relationship id, block, width and height in EMU, 0 when not known).
        authors: Everybody named as an author.
        stripped: Active content taken out: what → how often, by block (0: not in a block).
        touched: Blocks that were mended, by what was mended.
        elsewhere: References to bookmarks in other pieces.
    """

    inner: list[bytes] = field(default_factory=list)
    numbering: Element | None = None
    references: set[str] = field(default_factory=set)
    notes: dict[str, set[str]] = field(default_factory=lambda: {"footnote": set(), "endnote": set()})
    comments: set[str] = field(default_factory=set)
    note_starts: dict[str, int] = field(default_factory=dict)
    pictures: list[tuple[str, int, float, float]] = field(default_factory=list)
    authors: set[str] = field(default_factory=set)
    stripped: dict[int, Counter[str]] = field(default_factory=dict)
    touched: dict[str, set[int]] = field(default_factory=dict)
    elsewhere: Counter[int] = field(default_factory=Counter)


class Maker:
    """Makes the body of one piece."""

    def __init__(self, source: Source, extent: Extent) -> None:
        survey = source.survey
        self._source = source
        self._extent = extent
        self._made = Made()
        self._block = extent.first
        self._lists = Continuation(survey.outline, survey.history.before(extent.first))
        self._clip = Clip()
        self._fields = FieldPass(
            self._judge, fields=None if extent.rows else survey.fields, first=extent.first, last=extent.last
        )
        here, everywhere = survey.ranges.bookmarks(extent.first, extent.last)
        self._elsewhere = everywhere - here
        self._first_section = survey.sections.index(extent.first)
        self._ending, self._moved = survey.sections.ending(extent.last)
        self._skipped_rows: list[Element] = []
        self._note_numbers: dict[str, int] = {}

    def make(self) -> Made:
        """Return the body of the piece."""
        source, extent, made = self._source, self._extent, self._made
        if extent.rows is None:
            self._clip = source.survey.ranges.clip(extent.first, extent.last)
        inner: list[bytes] = []
        for first, last in source.body.groups(extent.first, extent.last):
            stretch = source.body.stretch(first, last, trailing=extent.ends and last == extent.last)
            if extent.rows is not None:
                self._keep_rows(stretch, extent.rows)
            if first == extent.first:
                self._count_notes()
            self._mend(stretch)
            self._collect(stretch.body)
            inner.append(source.body.inner(stretch.root))
        made.inner = [self._loose(list(self._clip.opened)), *inner, self._loose(self._closing())]
        made.numbering = self._lists.numbering()
        self._touch("lists", self._lists.blocks)
        self._touch("fields", self._fields.frozen)
        self._touch("ranges", set(self._clip.blocks))
        return made

    def _mend(self, stretch: Stretch) -> None:
        numbers = {block: stretch.first + at for at, block in enumerate(stretch.blocks)}

        def note(element: Element, reason: str) -> None:
            block = next((numbers[each] for each in (element, *element.iterancestors()) if each in numbers), 0)
            self._made.stripped.setdefault(block, Counter())[reason] += 1

        parts = self._source.parts
        active.drop_dead(stretch.root, parts.dead(parts.main), note)
        if parts.policy.strip:
            active.strip_objects(stretch.root, note)
        for at, block in enumerate(stretch.blocks):
            self._block = stretch.first + at
            self._fields.block(self._block, block)
            self._lists.block(self._block, block)
            self._sections(self._block, block)
            self._made.pictures.extend(
                (each.identity, self._block, each.width_emu, each.height_emu) for each in drawn(block)
            )
        for link in stretch.root.iter(_HYPERLINK) if self._elsewhere else ():
            if link.get(_ANCHOR) in self._elsewhere:
                self._made.elsewhere[next((numbers[each] for each in link.iterancestors() if each in numbers), 0)] += 1
        put_out_of_use(stretch.root, self._clip)
        self._split_wrappers(stretch)
        if not self._extent.ends and self._block == self._extent.last:
            self._touch("floats", set(range(self._block - settle(stretch.blocks) + 1, self._block + 1)))
        if self._extent.ends and stretch.first + len(stretch.blocks) - 1 == self._extent.last:
            self._last_section(stretch.body)

    def _judge(self, instruction: str) -> Fate:
        if self._source.parts.policy.strip:
            reason = active_field(instruction, active.unsafe)
            if reason is not None:
                self._made.stripped.setdefault(self._block, Counter())[reason] += 1
                return "strip"
        name = reference(instruction)
        if name is not None and name in self._elsewhere:
            self._made.elsewhere[self._block] += 1
            return "freeze"
        return "keep"

    def _sections(self, number: int, block: Element) -> None:
        """Mend section properties inside a block."""
        section = self._source.survey.sections.at(self._first_section)
        if self._moved and number == self._extent.last and not self._extent.ends:
            if section is not self._ending:
                self._first_of(block, number)
            sections.leave_place(block)
        elif section is not None and section.end == number:
            self._first_of(block, number)

    def _first_of(self, block: Element, number: int) -> None:
        section = self._source.survey.sections.at(self._first_section)
        if section is not None and section.end == number:
            properties = next(iter(marks.section_ends(block)), None)
            if properties is not None:
                self._begin_section(properties)

    def _begin_section(self, properties: Element) -> None:
        """Give the piece's first section what it has from sections before."""
        section = self._source.survey.sections.at(self._first_section)
        if section is None or (self._extent.first == 1 and self._extent.rows is None):
            return
        sections.inherit(properties, section)
        for kind, value in self._note_numbers.items():
            sections.start_notes(properties, kind, value)

    def _count_notes(self) -> None:
        """Find out which number the piece's next footnote and endnote have in the source."""
        survey, extent = self._source.survey, self._extent
        for kind, (first, each) in self._source.notes_from.items():
            start, restart = first, each
            for index in range(self._first_section + 1):
                section = survey.sections.at(index)
                if section is not None:
                    start, restart = sections.note_numbers(section.properties, kind, start, restart)
            if restart == sections.EACH_PAGE:
                continue  # only a layout knows
            since = survey.sections.begins(self._first_section) if restart == sections.EACH_SECTION else 1
            skipped = sum(1 for row in self._skipped_rows for _ in row.iter(NOTE_TAGS[kind]))
            before = survey.notes.count(kind, since, extent.first - 1) + skipped
            if before and survey.notes.count(kind, extent.first, extent.last):
                self._note_numbers[kind] = start + before
                if restart == sections.CONTINUOUS:
                    self._made.note_starts[kind] = start + before

    def _closing(self) -> list[Element]:
        """Return what stands after the last block: ends of ranges, and the section's properties."""
        closing = list(self._clip.closed)
        if not self._extent.ends and self._ending is not None:
            properties = sections.final(self._ending, moved=self._moved)
            if self._ending is self._source.survey.sections.at(self._first_section):
                self._begin_section(properties)
            closing.append(properties)
        return closing

    def _last_section(self, body: Element) -> None:
        """Mend the properties of the document's last section."""
        section = self._source.survey.sections.at(self._first_section)
        properties = next(body.iterchildren(W_SECT_PR), None)
        if section is not None and properties is not None and section.end > self._source.body.count:
            self._begin_section(properties)

    def _split_wrappers(self, stretch: Stretch) -> None:
        """Loosen content controls that a cut goes through from their data, which would fill them anew, and whole."""
        body, last = self._source.body, stretch.first + len(stretch.blocks) - 1
        cut = [stretch.blocks[0]] if stretch.first == self._extent.first and body.wrapped(stretch.first - 1) else []
        if last == self._extent.last and body.wrapped(last):
            cut.append(stretch.blocks[-1])
        for block in cut:
            for wrapper in block.iterancestors():
                for binding in [each for tag in _BINDINGS for each in wrapper.findall(f"{w('sdtPr')}/{tag}")]:
                    marks.take_out(binding)

    def _keep_rows(self, stretch: Stretch, wanted: tuple[int, int]) -> None:
        block = stretch.blocks[0]
        table = rows.table_in(block)
        if table is None:
            return
        if wanted[0] > 1:
            # What stands before the table is in the piece with its first row.
            for mark in [each for each in stretch.body if each.tag in RANGE_TAGS]:
                marks.drop(mark)
        self._skipped_rows, kept = rows.keep_rows(table, *wanted)
        for row in self._skipped_rows:
            self._lists.pass_over(row)
        comments = {each.get(W_ID, "") for row in kept for each in row.iter(COMMENT_REFERENCE)}
        self._clip = local_clip([stretch.body], comments=comments)
        self._made.comments = comments

    def _loose(self, elements: list[Element]) -> bytes:
        """Return the XML of elements that stand in the body beside the blocks."""
        if not elements:
            return b""
        root = self._source.body.empty()
        body = root[-1]
        body.extend(elements)
        parts = self._source.parts
        active.drop_dead(root, parts.dead(parts.main), lambda _element, _reason: None)
        self._collect(body)
        return self._source.body.inner(root)

    def _collect(self, body: Element) -> None:
        """Take note of what the piece needs besides its body."""
        made = self._made
        made.references |= active.references([body])
        for tag, kind in NOTE_REFERENCES.items():
            made.notes[kind].update(each.get(W_ID, "") for each in body.iter(tag))
        made.authors |= authors(body)

    def _touch(self, what: str, blocks: set[int]) -> None:
        if blocks:
            self._made.touched.setdefault(what, set()).update(blocks)
