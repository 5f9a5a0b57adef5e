"""Walking one story: the body, a header, a footer, a note or a comment, down to the runs.

A :class:`Story` knows the relationships of its part and the open fields; what each kind of element does stands in
:mod:`extractors.docx.inline`, one row an element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.docx import flow
from extractors.docx.inline import HANDLERS, unknown
from extractors.docx.names import W_PPR, W_R, W_RPR, W_T, is_on, w
from extractors.docx.numbering import Counters
from extractors.docx.paragraphs import Line, PropertyReader
from extractors.docx.pieces import Piece, join
from extractors.docx.spans import BOLD, HIDDEN, ITALIC, LOWERED, RAISED, STRIKE, Look, Span
from extractors.docx.symbols import in_font

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.fields import Field
    from extractors.docx.numbering import ListNumber
    from extractors.docx.paragraphs import Properties
    from extractors.docx.reading import Gathered, Reading
    from extractors.facts import Role

_BY_STYLE, _BY_POSITION = -1, -2
_RUN_PROPERTIES = {
    w("b"): BOLD,
    w("i"): ITALIC,
    w("strike"): STRIKE,
    w("dstrike"): STRIKE,
    w("vanish"): HIDDEN,
    w("rStyle"): _BY_STYLE,
    w("vertAlign"): _BY_POSITION,
}
_VERTICAL = {"superscript": RAISED, "subscript": LOWERED}
_FONTS = (w("ascii"), w("hAnsi"), w("cs"))


class Story:
    """One story being walked.

    Attributes:
        reading: The document it belongs to.
        part: Its part name.
        relations: Relationships of that part.
        gathered: What the current block brings besides its lines.
        fields: Open fields, outermost first.
        muted: How many of them are still in their instruction, whose text nobody sees.
        open_tables: How many tables the text being read stands in.
        aside_role: Role of text boxes met in this story; None in the body, where a text box is a text box.
    """

    def __init__(
        self, reading: Reading, part: str, gathered: Gathered, *, counters: Counters, aside_role: Role | None = None
    ) -> None:
        self.reading = reading
        self.part = part
        self.gathered = gathered
        self.relations = reading.package.relations(part)
        self.fields: list[Field] = []
        self.muted = 0
        self.open_tables = 0
        self.aside_role = aside_role
        self._counters = counters
        self._styles = reading.opened.styles
        self._properties = PropertyReader(reading)
        self._looks: dict[tuple[Look | None, int], Look] = {}
        self._hidden = False

    def paragraph(self, element: Element, look: Look | None = None) -> Line:
        """Read a ``w:p``.

        Args:
            element: The paragraph.
            look: What all of it is set in (a deleted table row, for example).
        """
        self.reading.tally.paragraphs += 1
        properties = self._properties.plain
        hidden_before, fields_before = self._hidden, len(self.fields)
        self._hidden = properties.style.hidden
        out: list[Span] = []
        for child in element:
            tag = child.tag
            if tag == W_R:
                self.run(child, out, look)
            elif tag == W_PPR:
                properties = self._properties.read(child)
                self._hidden = properties.style.hidden
            else:
                HANDLERS.get(tag, unknown)(self, child, out, look)
        self._hidden = hidden_before  # a text box is a paragraph inside a paragraph
        for field in self.fields[fields_before:]:
            field.href = None  # a link that lost its end must not turn the rest of the document into a link
        if properties.num_id is None:
            return Line(out, properties)
        return Line(out, properties, self._number(properties, out))

    def content(self, element: Element, out: list[Span], look: Look | None) -> None:
        """Read the children of a paragraph-like or run-like container."""
        for child in element:
            if child.tag == W_R:
                self.run(child, out, look)
            else:
                HANDLERS.get(child.tag, unknown)(self, child, out, look)

    def run(self, element: Element, out: list[Span], look: Look | None) -> None:
        """Read a ``w:r``."""
        if self.fields:
            look = self._linked(look)
        if self._hidden:
            look = self._with_flags(look, HIDDEN | (0 if look is None else look.flags))
        for child in element:
            tag = child.tag
            if tag == W_T:
                text = child.text
                if not text:
                    continue
                if text.isprintable() and not self.muted and (look is None or not look.flags & HIDDEN):
                    out.append((text, look))  # what self.text would do, without the call: this is the hot path
                else:
                    self.text(text, out, look, child)
            elif tag == W_RPR:
                look = self._formatted(child, look)
            else:
                HANDLERS.get(tag, unknown)(self, child, out, look)

    def visible(self, look: Look | None) -> bool:
        """Tell whether a reader sees what has this look here; note hidden things."""
        if self.muted:
            return False
        if look is not None and look.flags & HIDDEN:
            self.gathered.hidden = True
            return False
        return True

    def text(self, text: str, out: list[Span], look: Look | None, source: Element | None = None) -> None:
        """Add visible text, made safe; drop what is hidden or belongs to a field's instruction.

        Args:
            text: The text.
            out: Where to.
            look: How it looks.
            source: Its element, to find the font of characters that only a symbol font can show.
        """
        if not self.visible(look):
            return
        if not text.isprintable():
            text = safe_text(_readable(text, source))
        out.append((text, look))

    def flow(self, container: Element, *, look: Look | None = None, cell: bool = False) -> list[Piece]:
        """Read a container of blocks, line by line (see :func:`extractors.docx.flow.flow`)."""
        return flow.flow(self, container, look=look, cell=cell)

    def loose(self, element: Element, out: list[Span], look: Look | None) -> None:
        """Read one run-level element that stands outside any paragraph."""
        HANDLERS.get(element.tag, unknown)(self, element, out, look)

    def side_story(self, part: str, element: Element) -> Piece:
        """Read a note or comment of another part: same block, own relationships, own list numbers."""
        story = Story(
            self.reading,
            part,
            self.gathered,
            counters=Counters(self.reading.opened.numbering),
            aside_role=self.aside_role,
        )
        counted = self.reading.tally.paragraphs
        piece = join(story.flow(element))
        self.reading.tally.paragraphs = counted
        return piece

    @property
    def in_contents(self) -> bool:
        """A table-of-contents field is open."""
        return any(field.toc for field in self.fields)

    def unmute(self) -> None:
        """Give up fields whose instruction never ended, so that a broken field cannot swallow the document."""
        self.fields = [field for field in self.fields if field.shows]
        self.muted = 0

    def _formatted(self, element: Element, look: Look | None) -> Look | None:
        """Return ``look`` with what a ``w:rPr`` adds."""
        flags = before = 0 if look is None else look.flags
        for child in element:
            flag = _RUN_PROPERTIES.get(child.tag)
            if flag is None:
                continue
            # w:val is the only attribute these have; asking for it by name costs three times as much.
            values: list[str] = child.values()  # type: ignore[assignment]
            value = values[0] if values else None
            if flag > 0:
                flags = flags | flag if value is None or is_on(value) else flags & ~flag
            elif flag == _BY_STYLE:
                flags |= self._styles.character(value or "")
            else:
                flags |= _VERTICAL.get(value or "", 0)
        return look if flags == before else self._with_flags(look, flags)

    def _with_flags(self, look: Look | None, flags: int) -> Look:
        key = (look, flags)
        found = self._looks.get(key)
        if found is None:
            old = look or Look()
            found = Look(flags, old.change, old.author, old.href, old.markdown)
            self._looks[key] = found
        return found

    def _linked(self, look: Look | None) -> Look | None:
        href = next((field.href for field in reversed(self.fields) if field.shows and field.href), None)
        if href is None or (look is not None and look.href):
            return look
        old = look or Look()
        return Look(old.flags, old.change, old.author, href)

    def _number(self, properties: Properties, out: list[Span]) -> ListNumber | None:
        has_text = any(text and not text.isspace() for text, _ in out)
        if properties.num_id is None or (properties.hidden and not has_text):
            return None
        found = self._counters.next(properties.num_id, properties.list_level)
        return found if has_text else None


def _readable(text: str, source: Element | None) -> str:
    """Return text without line breaks of the XML source, private characters as their symbol font shows them."""
    text = text.replace("\r", "").replace("\n", " ")
    run = None if source is None else source.getparent()
    fonts = None if run is None else run.find(f"{W_RPR}/{w('rFonts')}")
    font = "" if fonts is None else next((name for key in _FONTS if (name := fonts.get(key))), "")
    return in_font(text, font)
