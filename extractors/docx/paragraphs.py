"""What a paragraph is: style, list, heading level, as its properties and its style say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.docx.changes import CHANGES
from extractors.docx.names import W_RPR, W_SECT_PR, W_VAL, is_on, number, w
from extractors.docx.styles import BODY_LEVEL, Style

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.numbering import ListNumber
    from extractors.docx.reading import Reading
    from extractors.docx.spans import Span

_P_STYLE, _NUM_PR, _OUTLINE = w("pStyle"), w("numPr"), w("outlineLvl")
_NUM_ID, _ILVL, _VANISH = w("numId"), w("ilvl"), w("vanish")


@dataclass(slots=True)
class Properties:
    """What a paragraph's own properties and its style say.

    Attributes:
        style: The style, resolved.
        num_id: List it is in; None when in none.
        list_level: Level in that list.
        heading_level: 1 to 9, or None.
        hidden: Its mark is hidden.
        ends_section: It carries section properties.
    """

    style: Style
    num_id: str | None = None
    list_level: int = 0
    heading_level: int | None = None
    hidden: bool = False
    ends_section: bool = False


@dataclass(slots=True)
class Line:
    """A paragraph, read.

    Attributes:
        spans: Its visible text.
        properties: What it is.
        number: Its list number; None when in no list, or when it has no text to number.
    """

    spans: list[Span]
    properties: Properties
    number: ListNumber | None = None


class PropertyReader:
    """Reads ``w:pPr``; what a style says is looked up once a style.

    Attributes:
        plain: Properties of a paragraph that says nothing.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._by_style: dict[str, Properties] = {}
        self.plain = self._of_style(None)

    def read(self, element: Element) -> Properties:
        """Return the properties that a ``w:pPr`` states or inherits."""
        style = next(element.iterchildren(_P_STYLE), None)
        if style is None:
            inherited = self.plain
        else:
            values: list[str] = style.values()  # type: ignore[assignment]  # parsed XML has str, never bytes
            style_id = values[0] if values else ""
            found = self._by_style.get(style_id)
            if found is None:
                found = self._by_style[style_id] = self._of_style(style_id)
            inherited = found
            if len(element) == 1:
                return inherited
        own = Properties(inherited.style, inherited.num_id, inherited.list_level, inherited.heading_level)
        for child in element:
            tag = child.tag
            if tag == _NUM_PR:
                _read_numbering(own, child)
            elif tag == _OUTLINE:
                level = number(child.get(W_VAL), BODY_LEVEL)
                own.heading_level = level + 1 if 0 <= level < BODY_LEVEL else None
            elif tag == W_RPR:
                self._read_mark(own, child)
            elif tag == W_SECT_PR:
                own.ends_section = True
        return own

    def _of_style(self, style_id: str | None) -> Properties:
        style = self._reading.opened.styles.paragraph(style_id)
        found = Properties(style, heading_level=style.heading_level, list_level=style.list_level or 0)
        if style.num_id and style.num_id != "0":
            found.num_id = style.num_id
            if style.list_level is None and style.list_style is not None:
                tied = self._reading.opened.numbering.level_of_style(style.num_id, style.list_style)
                found.list_level = tied or 0
        return found

    def _read_mark(self, own: Properties, element: Element) -> None:
        """Read the properties of the paragraph mark."""
        for child in element:
            if child.tag == _VANISH:
                own.hidden = is_on(child.get(W_VAL))
            elif child.tag in CHANGES:
                self._reading.tally.count_change(child.tag)


def _read_numbering(own: Properties, element: Element) -> None:
    for child in element:
        if child.tag == _NUM_ID:
            value = child.get(W_VAL, "0")
            own.num_id = None if value == "0" else value
        elif child.tag == _ILVL:
            own.list_level = number(child.get(W_VAL))
