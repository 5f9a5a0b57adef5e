"""What has to be known of a whole body before any piece of it can be cut: seen in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx.cutting.active import OBJECT_TAGS, active_object
from extractors.docx.cutting.fields import FIELD_TAGS, Fields
from extractors.docx.cutting.listed import History, Outline
from extractors.docx.cutting.notes import NOTE_REFERENCES, NoteReferences
from extractors.docx.cutting.ranges import COMMENT_REFERENCE, RANGE_TAGS, Ranges
from extractors.docx.cutting.sections import Sections
from extractors.docx.names import W_SECT_PR

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_RANGES = frozenset({*RANGE_TAGS, COMMENT_REFERENCE})
_FIELDS = frozenset(FIELD_TAGS)
_OBJECTS = frozenset(OBJECT_TAGS)
_LOOKED_AT = (*_RANGES, *_FIELDS, *NOTE_REFERENCES, *_OBJECTS, W_SECT_PR)


class Survey:
    """An observer of a body (see :class:`extractors.docx.cutting.scan.Observer`).

    Attributes:
        outline: Styles and lists.
        ranges: Bookmarks, comments, moves.
        fields: Fields that reach over several blocks.
        sections: Sections.
        history: Which list every numbered paragraph is in.
        notes: References to footnotes and endnotes.
        objects: Active objects met: (block, what).
    """

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.ranges = Ranges()
        self.fields = Fields()
        self.sections = Sections()
        self.history = History(outline)
        self.notes = NoteReferences()
        self.objects: list[tuple[int, str]] = []

    def block(self, number: int, element: Element) -> None:
        """Look at a block."""
        section_ends = False
        for each in element.iter(*_LOOKED_AT):
            tag = each.tag
            if tag in _FIELDS:
                self.fields.see(number, each)
            elif tag in _RANGES:
                self.ranges.see(number, each)
            elif tag in NOTE_REFERENCES:
                self.notes.see(number, each)
            elif tag == W_SECT_PR:
                section_ends = True
            else:
                self.objects.append((number, active_object(each)))
        if section_ends:
            self.sections.block(number, element)
        if not self.outline.empty:
            self.history.see(number, element)

    def mark(self, number: int, element: Element) -> None:
        """Look at something between blocks."""
        self.sections.mark(number, element)
        for each in element.iter(*RANGE_TAGS):
            self.ranges.see(number, each, before=True)
