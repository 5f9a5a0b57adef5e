"""What paragraph and character styles mean for the text: headings, lists, tables of contents, hidden text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.docx.names import W_RPR, W_VAL, is_on, number, w
from extractors.docx.spans import BOLD, HIDDEN, ITALIC, STRIKE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element as Element

_RUN_FLAGS = {w("b"): BOLD, w("i"): ITALIC, w("strike"): STRIKE, w("vanish"): HIDDEN}
BODY_LEVEL = 9  # outlineLvl 9 means: body text, not a heading
_MAX_CHAIN = 64
# Word stores built-in styles under their English names whatever its language; other writers store what they show.
_HEADING_NAME = re.compile(
    r"(?:heading|überschrift|titre|título|titulo|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|nadpisu|címsor|"
    r"заголовок|başlık|judul|заглавие|επικεφαλίδα|antraštė|virsraksts|pealkiri|naslov|标题|標題|見出し|제목|หัวเรื่อง|כותרת|عنوان)"
    r"[\s_-]*([1-9])",
    re.IGNORECASE,
)
_TOC_NAME = re.compile(r"(?:toc|contents|verzeichnis|tm|inhopg|índice|sommario)[\s_-]*[1-9]", re.IGNORECASE)
_TITLE_NAMES = frozenset({"title", "titel", "titre", "título", "titolo"})


@dataclass(frozen=True, slots=True)
class Style:
    """A style with everything it inherits.

    Attributes:
        heading_level: 1 to 9, or None.
        num_id: List its paragraphs are in; None when in none.
        list_level: Level in that list as far as the style says.
        list_style: Style in the chain that brought the list: lists tie their levels to styles.
        hidden: Text in it is hidden.
        toc: A line of a table of contents.
        title: The title of the document.
    """

    heading_level: int | None = None
    num_id: str | None = None
    list_level: int | None = None
    list_style: str | None = None
    hidden: bool = False
    toc: bool = False
    title: bool = False


@dataclass(frozen=True, slots=True)
class RawStyle:
    """One style as it stands in styles.xml.

    Attributes:
        id: Style id.
        name: Name, English for built-in styles.
        base: Id of the style it is based on.
        kind: ``paragraph``, ``character``, ``table`` or ``numbering``.
        element: ``w:style`` element.
        default: The default style of its kind.
    """

    id: str
    name: str
    base: str | None
    kind: str
    element: Element
    default: bool = False


class StyleTable:
    """All styles of a document, resolved on first use."""

    def __init__(self, styles: Iterable[RawStyle] = ()) -> None:
        self._raw: dict[str, RawStyle] = {}
        self._resolved: dict[str, Style] = {}
        self._character: dict[str, int] = {}
        self._default = Style()
        default = None
        for style in styles:
            self._raw.setdefault(style.id, style)
            if style.default and style.kind == "paragraph":
                default = style.id
        if default is not None:
            self._default = self.paragraph(default)

    def paragraph(self, style_id: str | None) -> Style:
        """Return the style of a paragraph; the default paragraph style for None."""
        if style_id is None:
            return self._default
        found = self._resolved.get(style_id)
        if found is None:
            found = self._resolve(style_id)
            self._resolved[style_id] = found
        return found

    def character(self, style_id: str) -> int:
        """Return the looks of a character style as flags of :mod:`extractors.docx.spans`."""
        found = self._character.get(style_id)
        if found is None:
            found = 0
            for style in reversed(list(self._chain(style_id))):
                found = _flags(style.element, found)
            self._character[style_id] = found
        return found

    def numbering_styles(self) -> dict[str, str]:
        """Return the list of each numbering style."""
        found = {}
        for style in self._raw.values():
            if style.kind == "numbering":
                num_id, _ = _numbers(style.element)
                if num_id:
                    found[style.id] = num_id
        return found

    def _chain(self, style_id: str) -> Iterable[RawStyle]:
        seen: set[str] = set()
        at: str | None = style_id
        while at is not None and at not in seen and len(seen) < _MAX_CHAIN:
            seen.add(at)
            style = self._raw.get(at)
            if style is None:
                return
            yield style
            at = style.base

    def _resolve(self, style_id: str) -> Style:
        chain = list(self._chain(style_id))
        if not chain:
            # A style that is used but not defined: its id is the only hint.
            return Style(heading_level=_named_level(style_id))
        num_id = list_level = list_style = None
        for style in chain:
            found, level = _numbers(style.element)
            list_level = level if list_level is None else list_level
            if found is not None:
                num_id, list_style = found, style.id
                break
        looks = 0
        for style in reversed(chain):
            looks = _flags(style.element, looks)
        return Style(
            heading_level=_heading_level(chain),
            num_id=num_id,
            list_level=list_level,
            list_style=list_style,
            hidden=bool(looks & HIDDEN),
            toc=any(_TOC_NAME.fullmatch(style.name) for style in chain),
            title=chain[0].name.lower() in _TITLE_NAMES,
        )


def _heading_level(chain: list[RawStyle]) -> int | None:
    """Return the nearest level along the chain: the outline level a style states, else what its name says."""
    for style in chain:
        outline = style.element.find(f"{w('pPr')}/{w('outlineLvl')}")
        if outline is not None:
            level = number(outline.get(W_VAL), BODY_LEVEL)
            return level + 1 if 0 <= level < BODY_LEVEL else None
        level_by_name = _named_level(style.name)
        if level_by_name is not None:
            return level_by_name
    return None


def _named_level(name: str) -> int | None:
    hit = _HEADING_NAME.fullmatch(name.strip())
    return int(hit[1]) if hit else None


def _numbers(element: Element) -> tuple[str | None, int | None]:
    """Return (numId, ilvl) of a style's own paragraph properties."""
    properties = element.find(f"{w('pPr')}/{w('numPr')}")
    if properties is None:
        return None, None
    num_id = properties.find(w("numId"))
    level = properties.find(w("ilvl"))
    return (
        None if num_id is None else num_id.get(W_VAL, ""),
        None if level is None else number(level.get(W_VAL)),
    )


def _flags(element: Element, flags: int) -> int:
    """Return ``flags`` changed by the run properties of a style."""
    properties = element.find(W_RPR)
    for child in properties if properties is not None else ():
        flag = _RUN_FLAGS.get(child.tag)
        if flag is not None:
            flags = flags | flag if is_on(child.get(W_VAL)) else flags & ~flag
    return flags
