"""List numbers as Word shows them: definitions from numbering.xml, and the counters that go on through the document."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.docx.names import W_VAL, is_on, number, w
from extractors.docx.numerals import numeral
from extractors.docx.symbols import in_font

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element

LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_MAX_LINKS = 10  # numStyleLink chains in real files have length 1
BULLET = "•"


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered."""

    form: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int | None = None
    legal: bool = False
    pattern: str = ""
    style: str | None = None

    @property
    def bullet(self) -> bool:
        """The level has bullets, not numbers."""
        return self.form == "bullet"


@dataclass(frozen=True, slots=True)
class ListNumber:
    """The number in front of one paragraph.

    Attributes:
        text: As shown, for example ``1.2.`` or ``•``; may be empty.
        level: 0 to 8.
        bullet: A bullet, not a number.
    """

    text: str
    level: int
    bullet: bool


@dataclass(slots=True)
class _List:
    """One ``w:num``: the abstract list it counts in, and what it overrides."""

    abstract: str
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)


class Numbering:
    """Definitions of numbering.xml.

    Attributes:
        empty: There are none.
    """

    def __init__(self, root: Element | None = None, style_numbers: Mapping[str, str] | None = None) -> None:
        """Read the definitions.

        Args:
            root: ``w:numbering`` element.
            style_numbers: ``w:numId`` of numbering styles by style id, for abstract lists that link to a style.
        """
        self._levels: dict[str, dict[int, Level]] = {}
        self._links: dict[str, str] = {}
        self._lists: dict[str, _List] = {}
        self._style_numbers = dict(style_numbers or {})
        if root is not None:
            self._read(root)
        self.empty = not self._lists

    def level(self, num_id: str, index: int) -> Level | None:
        """Return how level ``index`` of list ``num_id`` is numbered."""
        found = self._lists.get(num_id)
        if found is None:
            return None
        return found.levels.get(index) or self._levels.get(self._abstract(found.abstract), {}).get(index)

    def level_of_style(self, num_id: str, style: str) -> int | None:
        """Return the level of list ``num_id`` that is tied to a paragraph style."""
        found = self._lists.get(num_id)
        if found is not None:
            for index, level in self._levels.get(self._abstract(found.abstract), {}).items():
                if level.style == style:
                    return index
        return None

    def list_of(self, num_id: str) -> tuple[str, dict[int, int]] | None:
        """Return the abstract list that ``num_id`` counts in and its start overrides."""
        found = self._lists.get(num_id)
        return None if found is None else (self._abstract(found.abstract), found.starts)

    def _abstract(self, name: str) -> str:
        for _ in range(_MAX_LINKS):
            style = self._links.get(name)
            target = self._lists.get(self._style_numbers.get(style, "")) if style else None
            if target is None or target.abstract == name:
                break
            name = target.abstract
        return name

    def _read(self, root: Element) -> None:
        for child in root:
            if child.tag == w("abstractNum"):
                name = child.get(w("abstractNumId"), "")
                self._levels[name] = dict(_level(each) for each in child.iterchildren(w("lvl")))
                link = child.find(w("numStyleLink"))
                if link is not None:
                    self._links[name] = link.get(W_VAL, "")
            elif child.tag == w("num"):
                self._lists[child.get(w("numId"), "")] = _list(child)


def _list(element: Element) -> _List:
    abstract = element.find(w("abstractNumId"))
    found = _List("" if abstract is None else abstract.get(W_VAL, ""))
    for override in element.iterchildren(w("lvlOverride")):
        index = number(override.get(w("ilvl")))
        start = override.find(w("startOverride"))
        if start is not None:
            found.starts[index] = number(start.get(W_VAL), 1)
        level = override.find(w("lvl"))
        if level is not None:
            found.levels[index] = _level(level)[1]
    return found


def _level(element: Element) -> tuple[int, Level]:
    values = {child.tag: child.get(W_VAL) for child in element}
    form = next(element.iter(w("numFmt")), None)  # may stand inside AlternateContent for custom formats
    name = "decimal" if form is None else form.get(W_VAL, "decimal")
    fonts = next(element.iter(w("rFonts")), None)
    font = "" if fonts is None else fonts.get(w("ascii")) or fonts.get(w("hAnsi")) or ""
    text = in_font(values.get(w("lvlText")) or "", font)
    if name == "bullet" and not text.strip("\ufffd "):
        text = BULLET  # a picture, or a glyph of a font nobody has
    restart = values.get(w("lvlRestart"))
    return number(element.get(w("ilvl"))), Level(
        form=name,
        text=text,
        start=number(values.get(w("start"))),
        restart=None if restart is None else number(restart),
        legal=w("isLgl") in values and is_on(values[w("isLgl")]),
        pattern="" if form is None else form.get(w("format"), ""),
        style=values.get(w("pStyle")),
    )


class Counters:
    """The state of all lists while a document is read from front to back."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._counts: dict[str, list[int | None]] = {}
        self._started: set[tuple[str, int]] = set()

    def next(self, num_id: str, index: int) -> ListNumber | None:
        """Count one paragraph of list ``num_id`` at level ``index``; return its number, None without such a list."""
        level = self._numbering.level(num_id, index)
        where = self._numbering.list_of(num_id)
        if level is None or where is None or not 0 <= index < LEVELS:
            return None
        abstract, starts = where
        counts = self._counts.setdefault(abstract, [None] * LEVELS)
        if index in starts and (num_id, index) not in self._started:
            self._started.add((num_id, index))
            counts[index] = starts[index] - 1
        current = counts[index]
        counts[index] = level.start if current is None else current + 1
        self._restart_below(num_id, index, counts)
        if level.bullet:
            return ListNumber(level.text, index, bullet=True)
        return ListNumber(self._write(num_id, level, counts), index, bullet=False)

    def _restart_below(self, num_id: str, index: int, counts: list[int | None]) -> None:
        for below in range(index + 1, LEVELS):
            if counts[below] is None:
                continue
            level = self._numbering.level(num_id, below)
            after = None if level is None else level.restart
            # lvlRestart names the level (from 1) whose numbers restart this one; 0 means never.
            if after is None or index < after:
                counts[below] = None

    def _write(self, num_id: str, level: Level, counts: list[int | None]) -> str:
        def fill(hit: re.Match[str]) -> str:
            at = int(hit[1]) - 1
            source = self._numbering.level(num_id, at) or Level()
            count = counts[at]
            # A level above that has not been used yet stands one before its start: "0.1", as in Word.
            value = max(source.start - 1, 0) if count is None else count
            return numeral(value, "decimal" if level.legal else source.form, source.pattern)

        return _PLACE.sub(fill, level.text).strip()
