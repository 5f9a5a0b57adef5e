"""Which paragraphs are numbered, by which list, and what the counters of all lists stand at."""

from __future__ import annotations

from bisect import bisect_left
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.docx.names import MC_FALLBACK, W_P, W_PPR, W_RPR, W_T, W_VAL, is_on, number, w
from extractors.docx.numbering import Counters, Numbering
from extractors.docx.styles import RawStyle, StyleTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from extractors.docx.numbering import Level

NUM_PR, NUM_ID, ILVL = w("numPr"), w("numId"), w("ilvl")
_P_STYLE, _IND, _BASED_ON = w("pStyle"), w("ind"), w("basedOn")
_ABSTRACT_ID = w("abstractNumId")
_KEEP_EVERY = 256
_MAX_CHAIN = 64


@dataclass(frozen=True, slots=True)
class Listed:
    """A paragraph in a list.

    Attributes:
        paragraph: Its ``w:p``.
        num_id: The list.
        level: Level in the list, 0 to 8.
        style: Its style id, None for the default style.
    """

    paragraph: Element
    num_id: str
    level: int
    style: str | None


class Tally(Counters):
    """List counters that can be looked at and copied."""

    def __init__(self, numbering: Numbering) -> None:
        super().__init__(numbering)
        self._definitions = numbering

    def copy(self) -> Tally:
        """Return counters in the same state."""
        other = Tally(self._definitions)
        other._counts = deepcopy(self._counts)
        other._started = set(self._started)
        return other

    def counts(self, abstract: str) -> dict[int, int]:
        """Return the count of each level of an abstract list that has been used since its last restart."""
        return {level: count for level, count in enumerate(self._counts.get(abstract, ())) if count is not None}

    def started(self, num_id: str, level: int) -> bool:
        """Tell whether the start override of a level has been used up."""
        return (num_id, level) in self._started


class Outline:
    """Styles and lists of a document, as far as list numbers go.

    Attributes:
        numbering: The definitions.
        root: ``w:numbering``, None when there is none.
        empty: There are no lists.
    """

    def __init__(self, styles: Element | None, numbering: Element | None) -> None:
        self.root = numbering
        self._elements = {style.get(w("styleId"), ""): style for style in _all_styles(styles)}
        self._styles = StyleTable(_raw(style) for style in _all_styles(styles))
        self.numbering = Numbering(numbering, self._styles.numbering_styles())
        self.empty = self.numbering.empty
        self._of_style: dict[str | None, tuple[str | None, int]] = {}

    def listed(self, element: Element) -> Iterator[Listed]:
        """Yield the numbered paragraphs of a block in order; copies for old readers (``mc:Fallback``) are left out."""
        if self.empty:
            return
        for paragraph in element.iter(W_P):
            found = self._read(paragraph)
            if found is not None and next(paragraph.iterancestors(MC_FALLBACK), None) is None:
                yield found

    def level(self, found: Listed) -> Level | None:
        """Return how the level of a listed paragraph is numbered."""
        return self.numbering.level(found.num_id, found.level)

    def definition(self, num_id: str, level: int) -> Element | None:
        """Return the ``w:lvl`` by which a level of a list is numbered."""
        where = self.numbering.list_of(num_id)
        if self.root is None or where is None:
            return None
        for holder in (*self.root.iterchildren(w("num")), *self.root.iterchildren(w("abstractNum"))):
            if holder.get(NUM_ID) == num_id or holder.get(_ABSTRACT_ID) == where[0]:
                for each in holder.iter(w("lvl")):
                    if number(each.get(ILVL)) == level:
                        return each
        return None

    def style_indent(self, style: str | None) -> dict[str, str]:
        """Return the indents that a style sets itself and that win over those of the list it brings.

        A list given to the paragraph directly would win over them, one brought by the style does not.
        """
        list_style = self._styles.paragraph(style).list_style
        found: dict[str, str] = {}
        for _ in range(_MAX_CHAIN):
            element = self._elements.get(style or "")
            if element is None or list_style is None:
                break
            indent = element.find(f"{W_PPR}/{_IND}")
            for name, value in indent.attrib.items() if indent is not None else ():
                found.setdefault(str(name), str(value))
            if style == list_style:
                break
            based_on = element.find(_BASED_ON)
            style = None if based_on is None else based_on.get(W_VAL)
        return found

    def _read(self, paragraph: Element) -> Listed | None:
        properties = next(paragraph.iterchildren(W_PPR), None)
        style: str | None = None
        own: Element | None = None
        for child in properties if properties is not None else ():
            if child.tag == _P_STYLE:
                style = child.get(W_VAL, "")
            elif child.tag == NUM_PR:
                own = child
        num_id, level = self._inherited(style)
        for child in own if own is not None else ():
            if child.tag == NUM_ID:
                value = child.get(W_VAL, "0")
                num_id = None if value == "0" else value
            elif child.tag == ILVL:
                level = number(child.get(W_VAL))
        if num_id is None or (properties is not None and _unseen(paragraph, properties)):
            return None
        return Listed(paragraph, num_id, level, style)

    def _inherited(self, style: str | None) -> tuple[str | None, int]:
        found = self._of_style.get(style)
        if found is None:
            resolved = self._styles.paragraph(style)
            num_id = resolved.num_id if resolved.num_id != "0" else None
            level = resolved.list_level or 0
            if num_id and resolved.list_level is None and resolved.list_style is not None:
                level = self.numbering.level_of_style(num_id, resolved.list_style) or 0
            found = self._of_style[style] = (num_id, level)
        return found


class History:
    """Which list each numbered paragraph of the body is in, so that the counters at any block can be told."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._blocks: list[int] = []
        self._counted: list[tuple[str, int]] = []
        self._kept: list[Tally] = []
        self._tally = Tally(outline.numbering)

    def see(self, number: int, element: Element) -> None:
        """Count the numbered paragraphs of a block."""
        for found in self._outline.listed(element):
            if len(self._blocks) % _KEEP_EVERY == 0:
                self._kept.append(self._tally.copy())
            self._blocks.append(number)
            self._counted.append((found.num_id, found.level))
            self._tally.next(found.num_id, found.level)

    def before(self, number: int) -> Tally:
        """Return the counters as they stand where block ``number`` begins."""
        stop = bisect_left(self._blocks, number)
        kept = min(stop // _KEEP_EVERY, len(self._kept) - 1)
        if kept < 0:
            return Tally(self._outline.numbering)
        tally = self._kept[kept].copy()
        for num_id, level in self._counted[kept * _KEEP_EVERY : stop]:
            tally.next(num_id, level)
        return tally


def _unseen(paragraph: Element, properties: Element) -> bool:
    """Tell whether a paragraph takes no number: its mark is hidden and it has no text."""
    vanish = properties.find(f"{W_RPR}/{w('vanish')}")
    if vanish is None or not is_on(vanish.get(W_VAL)):
        return False
    return not any((text.text or "").strip() for text in paragraph.iter(W_T))


def _all_styles(root: Element | None) -> Iterator[Element]:
    if root is not None:
        yield from root.iterchildren(w("style"))


def _raw(style: Element) -> RawStyle:
    name, based_on = style.find(w("name")), style.find(_BASED_ON)
    return RawStyle(
        id=style.get(w("styleId"), ""),
        name="" if name is None else name.get(W_VAL, ""),
        base=None if based_on is None else based_on.get(W_VAL),
        kind=style.get(w("type"), "paragraph"),
        element=style,
        default=style.get(w("default")) is not None and is_on(style.get(w("default"))),
    )
