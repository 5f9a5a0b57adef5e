"""From a top-level block to its facts and text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.docx import body, chunks, flow, spans, tables
from extractors.docx.names import (
    M_MATH,
    M_MATH_PARA,
    W_ALT_CHUNK,
    W_P,
    W_SDT,
    W_SDT_CONTENT,
    W_SECT_CHANGE,
    W_SECT_PR,
    W_TBL,
)
from extractors.docx.pieces import Piece, join
from extractors.docx.reading import Gathered
from extractors.facts import OutlineEntry, Role, TableFacts, TextPart, UnitFacts, UnitKind, UnitText

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.ledger import Ledger
    from extractors.docx.paragraphs import Line
    from extractors.docx.reading import Reading
    from extractors.docx.scans import Scans
    from extractors.docx.story import Story

_CONTROL_NAMES = (("contents", "toc"), ("cover", "cover-page"), ("bibliograph", "bibliography"))
_NOT_OWN = frozenset({Role.HEADER, Role.FOOTER, Role.COMMENT, Role.IMAGE})
# Markup that a block of text brings besides its characters, in bytes: shares out the bytes of a slice of XML.
_BLOCK_MARKUP = 150
_SPAN_MARKUP = 80
_DRAWING_MARKUP = 70  # for each element


@dataclass(slots=True)
class Draft:
    """A block on its way to becoming a unit.

    Attributes:
        number: Its number.
        block: What it is.
        gathered: What it brings besides its lines.
        parts: Its own text.
        heading_level: 1 to 9 for headings.
        table: Shape of a table.
        before: Headers of a section that begins with it.
        after: Footers of that section.
        weight: About the bytes of XML read of it since bytes were shared out.
        xml_bytes: Bytes of XML, about.
        sections: Sections that end in it.
    """

    number: int
    block: str
    gathered: Gathered
    parts: list[TextPart] = field(default_factory=list)
    heading_level: int | None = None
    table: TableFacts | None = None
    before: list[TextPart] = field(default_factory=list)
    after: list[TextPart] = field(default_factory=list)
    weight: int = _BLOCK_MARKUP
    xml_bytes: float = 0.0
    sections: int = 0

    def text(self) -> UnitText:
        """Return the text of the unit in reading order."""
        if not (self.before or self.after or self.gathered.asides):
            return UnitText(number=self.number, parts=tuple(self.parts))
        return UnitText(number=self.number, parts=(*self.before, *self.parts, *self.gathered.asides, *self.after))


class Drafter:
    """Makes drafts of blocks.

    Attributes:
        outline: Headings so far.
    """

    def __init__(self, reading: Reading, story: Story) -> None:
        self._reading = reading
        self._story = story
        self.outline: list[OutlineEntry] = []

    def draft(self, element: Element) -> Draft | None:
        """Read one complete block; None when the element is none (section properties, marks).

        Raises:
            ExtractionError: A safety limit is met inside it.
        """
        if element.tag == W_P:
            return self._paragraph(element)
        if element.tag == W_TBL:
            table = tables.Table(self._story)
            sole = tables.is_sole(element)
            draft = self.begin("table")
            for child in element:
                table.add(child, sole=sole)
            return self.table(draft, table)
        if element.tag == W_SECT_PR or (not len(element) and element.tag != W_ALT_CHUNK):
            return None
        return self._other(element)

    def begin(self, block: str) -> Draft:
        """Begin a block: everything gathered from now on is its."""
        draft = Draft(self._reading.unit, block, Gathered())
        self._story.gathered = draft.gathered
        return draft

    def table(self, draft: Draft, table: tables.Table) -> Draft:
        """Finish the draft of a table whose rows have been read."""
        piece = table.write()
        draft.table = table.facts
        draft.weight += table.take_weight() + _DRAWING_MARKUP * draft.gathered.markup
        _add_body(draft, piece)
        self._story.unmute()
        return draft

    def _paragraph(self, element: Element) -> Draft:
        draft = self.begin("paragraph")
        line = self._story.paragraph(element)
        if line.spans:
            draft.parts = _parts(line)
            draft.weight += sum([len(text) for text, _ in line.spans]) + _SPAN_MARKUP * len(line.spans)
            if draft.parts:
                self._name(draft, line)
        draft.weight += _DRAWING_MARKUP * draft.gathered.markup
        draft.sections = line.properties.ends_section
        if self._story.muted:
            self._story.unmute()
        return draft

    def _name(self, draft: Draft, line: Line) -> None:
        """Say what a paragraph with text is."""
        properties = line.properties
        if properties.style.toc:
            draft.block = "toc"
        elif properties.heading_level is not None:
            draft.block = "heading"
            draft.heading_level = properties.heading_level
            self._reading.tally.headings += 1
            title = safe_label("".join(part.text for part in draft.parts if part.role is not Role.DELETED))
            self.outline.append(OutlineEntry(title=title, level=properties.heading_level, unit=draft.number))
        elif draft.gathered.toc or (self._story.fields and self._story.in_contents):
            draft.block = "toc"
        elif properties.style.title:
            draft.block = "title"
        elif line.number is not None:
            draft.block = "list-item"

    def _other(self, element: Element) -> Draft | None:
        """Read a building block, an imported chunk, or run-level content that stands directly in the body."""
        draft = self.begin("paragraph")
        if element.tag == W_SDT:
            kind = body.gallery(element).lower()
            draft.block = next((name for word, name in _CONTROL_NAMES if word in kind), "content-control")
            content = element.find(W_SDT_CONTENT)
            _add_body(draft, join([] if content is None else self._story.flow(content)))
        elif element.tag == W_ALT_CHUNK:
            draft.block = "alt-chunk"
            lines = chunks.text(self._story, element)
            _add_body(draft, Piece("\n".join(lines), "\n\n".join(lines)))
        else:
            pieces = flow.flow_of(self._story, element)
            if not any(piece.plain for piece in pieces) and not draft.gathered.size:
                return None
            draft.block = "equation" if element.tag in {M_MATH, M_MATH_PARA} else "paragraph"
            _add_body(draft, join(pieces))
        draft.weight += sum(len(part.text) for part in draft.parts) + _DRAWING_MARKUP * draft.gathered.markup
        draft.sections = sum(
            1 for each in element.iter(W_SECT_PR) if next(each.iterancestors(W_SECT_CHANGE), None) is None
        )
        self._story.unmute()
        return draft


def facts(draft: Draft, text: UnitText, ledger: Ledger, scans: Scans) -> UnitFacts:
    """Return the facts of a finished draft.

    Args:
        draft: The draft.
        text: Its text.
        ledger: Knows the bytes.
        scans: Judges pictures.
    """
    count, pixels, media_bytes = ledger.media(draft.gathered)
    kind, reasons = _kind(draft, count)
    guess = scans.guess(draft.gathered.pictures, draft.number) if count else None
    if guess is not None and kind is UnitKind.TEXT:
        kind, reasons, guess = UnitKind.HYBRID, _TEXT_BESIDE_TEXT, None
        scans.beside_text(draft.number)
    elif guess is not None:
        kind, reasons = UnitKind.SCAN, _TEXT_IN_PICTURES
    return UnitFacts(
        number=draft.number,
        kind=kind,
        needs_ocr=guess is not None,
        native_chars=sum([_visible_chars(part.text) for part in text.parts]) if text.parts else 0,
        image_count=count,
        image_pixels=pixels,
        image_bytes=media_bytes,
        stored_bytes=ledger.stored(draft),
        block=_block_name(draft, kind),
        heading_level=draft.heading_level,
        table=draft.table,
        text_guess=guess,
        reasons=reasons,
    )


def _kind(draft: Draft, pictures: int) -> tuple[UnitKind, tuple[str, ...]]:
    asides = draft.gathered.asides
    if draft.parts or (asides and any(part.role not in _NOT_OWN for part in asides)):
        return UnitKind.TEXT, _HAS_TEXT
    if pictures:
        return UnitKind.IMAGE, _ONLY_PICTURES
    if asides or draft.before or draft.after:
        return UnitKind.TEXT, _ONLY_BESIDE
    return UnitKind.BLANK, _NOTHING


_HAS_TEXT = ("has-text",)
_ONLY_PICTURES = ("only-pictures",)
_TEXT_IN_PICTURES = ("only-pictures", "text-in-image")
_TEXT_BESIDE_TEXT = ("has-text", "text-in-image")
_ONLY_BESIDE = ("only-headers-or-comments",)
_NOTHING = ("nothing-visible",)


def _block_name(draft: Draft, kind: UnitKind) -> str:
    if draft.parts or draft.block != "paragraph":
        return draft.block
    for part in draft.gathered.asides:
        if part.role is Role.TEXT_BOX:
            return part.label or "text-box"
    return "image" if kind in {UnitKind.IMAGE, UnitKind.SCAN} else draft.block


def _add_body(draft: Draft, piece: Piece) -> None:
    if piece.plain.strip():
        draft.parts.append(
            TextPart(text=piece.plain, markdown=None if piece.markdown == piece.plain else piece.markdown)
        )


def _parts(line: Line) -> list[TextPart]:
    """Return a paragraph as one part, or as several where tracked changes begin and end."""
    if not spans.has_change(line.spans):
        piece = flow.write(line, marked=False)
        if not piece.plain:
            return []
        return [TextPart(text=piece.plain, markdown=None if piece.markdown == piece.plain else piece.markdown)]
    before, before_rich = flow.prefixes(line)
    heading = line.properties.heading_level is not None
    parts: list[TextPart] = []
    for change, author, run in spans.by_change(line.spans):
        text = spans.plain(run)
        if not text.strip() and not parts:
            continue
        rich = spans.markdown([(piece, spans.without_change(look)) for piece, look in run], emphasis=not heading)
        if not parts:
            text, rich = before + text.lstrip(), before_rich + rich.lstrip()
        parts.append(
            TextPart(
                text=text,
                role=change or Role.BODY,
                markdown=None if rich == text else rich,
                label=author or None,
                inline=bool(parts),
            )
        )
    return parts


def _visible_chars(text: str) -> int:
    """Count characters that are not white space."""
    if text.isascii():
        return len(text) - text.count(" ") - text.count("\n") - text.count("\t")
    return sum(map(len, text.split()))
