"""Lists that go on after a cut go on counting.

A list in a piece would begin again at its start. So the first paragraph of each level that goes on gets a list of its
own (``w:num``) with a start override, and the paragraphs after it stay in that list. A start override counts each time
its level restarts, so it is set for one level only, and a level above that has not been met in the piece yet is written
into the number text as it stands ("%1.%2" becomes "3.%2"): what readers show for a level they have not met differs.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx.cutting import marks
from extractors.docx.cutting.listed import ILVL, NUM_ID, NUM_PR, Listed, Outline, Tally
from extractors.docx.cutting.trees import canonical
from extractors.docx.names import W_PPR, W_VAL, number, w
from extractors.docx.numbering import LEVELS, Level
from extractors.docx.numerals import numeral

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_OVERRIDE, _START_OVERRIDE, _LVL, _IND = w("lvlOverride"), w("startOverride"), w("lvl"), w("ind")
# What may stand before numPr and ind in pPr (ECMA-376 Part 1, 17.3.1.26, CT_PPrBase is a sequence).
_BEFORE_NUM_PR = frozenset(
    w(name) for name in ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl")
)
_BEFORE_IND = _BEFORE_NUM_PR | frozenset(
    w(name)
    for name in (
        "numPr", "suppressLineNumbers", "pBdr", "shd", "tabs", "suppressAutoHyphens", "kinsoku", "wordWrap", "spacing",
        "overflowPunct", "topLinePunct", "autoSpaceDE", "autoSpaceDN", "bidi", "adjustRightInd", "snapToGrid",
    )
)  # fmt: skip


@dataclass(slots=True)
class _Instance:
    """The ``w:num`` that paragraphs of one list are in for the time being.

    Attributes:
        num_id: Its id.
        origin: The source's list that it stands for.
        carried: Levels not met in the piece yet, with their counts, when it was made.
        start: Level whose start it overrides: once that restarts, the list has served.
    """

    num_id: str
    origin: str
    carried: tuple[tuple[int, int], ...]
    start: int | None = None

    def serves(self, num_id: str, level: int, *, fresh: bool) -> bool:
        """Tell whether a paragraph of list ``num_id`` can be in this one.

        Args:
            num_id: The source's list.
            level: Its level.
            fresh: It begins with a start of its own.
        """
        if self.start is not None and level < self.start:
            return False
        return self.num_id == num_id or (self.num_id != self.origin and not fresh)


class Continuation:
    """Puts the numbered paragraphs of a piece into lists that go on where the piece before ended.

    Attributes:
        blocks: Numbers of the blocks changed.
    """

    def __init__(self, outline: Outline, tally: Tally) -> None:
        """Begin a piece.

        Args:
            outline: Styles and lists of the source.
            tally: The counters where the piece begins; counts on.
        """
        self._outline = outline
        self._tally = tally
        self._before = tally.copy()
        self._carried: dict[str, dict[int, int]] = {}
        self._current: dict[tuple[str, bytes], _Instance] = {}
        self._made: list[Element] = []
        self._sources = {each.get(NUM_ID, ""): each for each in _lists(outline.root)}
        self._signatures: dict[str, bytes] = {}
        self._shown: dict[tuple[str, int], bool] = {}
        self._next_id = 1 + max((number(name) for name in self._sources), default=0)
        self.blocks: set[int] = set()

    def block(self, block: int, element: Element) -> None:
        """Go on counting in a block."""
        for found in list(self._outline.listed(element)):
            if self._paragraph(found):
                self.blocks.add(block)

    def pass_over(self, element: Element) -> None:
        """Count paragraphs that are not in the piece (rows of a table before those that are)."""
        for found in self._outline.listed(element):
            self._tally.next(found.num_id, found.level)
        self._before = self._tally.copy()

    def numbering(self) -> Element | None:
        """Return ``w:numbering`` with the lists that had to be made; None when there are none."""
        if not self._made or self._outline.root is None:
            return None
        root = deepcopy(self._outline.root)
        at = max((root.index(each) for each in _lists(root)), default=len(root) - 1)
        root[at + 1 : at + 1] = self._made
        return root

    def _paragraph(self, found: Listed) -> bool:
        numbering, tally = self._outline.numbering, self._tally
        level, where = self._outline.level(found), numbering.list_of(found.num_id)
        if level is None or where is None or not 0 <= found.level < LEVELS:
            return False
        abstract, starts = where
        fresh = found.level in starts and not tally.started(found.num_id, found.level)
        used_up = {each for each in starts if tally.started(found.num_id, each) and self._shows(found.num_id, each)}
        tally.next(found.num_id, found.level)
        carried = self._carried.setdefault(abstract, self._before.counts(abstract))
        goes_on = found.level in carried and not fresh and self._shows(found.num_id, found.level)
        counts = tally.counts(abstract)
        for each in list(carried):
            if each == found.level or each not in counts:
                del carried[each]
        family = (abstract, self._signature(found.num_id))
        current = self._current.get(family)
        phase = tuple(sorted(carried.items()))
        fits = (
            current is not None and current.carried == phase and current.serves(found.num_id, found.level, fresh=fresh)
        )
        if current is None or not fits or goes_on:
            literal = self._literals(found.num_id, carried)
            if goes_on or literal or used_up:
                start = (found.level, counts[found.level]) if goes_on or fresh else None
                made = self._make(found.num_id, start, literal)
                current = _Instance(made, found.num_id, phase, None if start is None else found.level)
            else:
                current = _Instance(found.num_id, found.num_id, phase)
            self._current[family] = current
        if current.num_id == found.num_id:
            return False
        self._assign(found, current.num_id)
        return True

    def _shows(self, num_id: str, level: int) -> bool:
        """Tell whether the count of a level is to be seen: in its own number, or in that of a level below."""
        key = (num_id, level)
        if key not in self._shown:
            numbering, place = self._outline.numbering, f"%{level + 1}"
            own = numbering.level(num_id, level)
            below = (numbering.level(num_id, each) for each in range(level + 1, LEVELS))
            self._shown[key] = (own is not None and not own.bullet) or any(
                each is not None and not each.bullet and place in each.text for each in below
            )
        return self._shown[key]

    def _signature(self, num_id: str) -> bytes:
        """Return what sets a list apart from others of the same abstract list, start overrides aside."""
        found = self._signatures.get(num_id)
        if found is None:
            source = self._sources.get(num_id)
            overrides = () if source is None else source.iter(_LVL)
            found = self._signatures[num_id] = b"".join(canonical(each) for each in overrides)
        return found

    def _literals(self, num_id: str, carried: dict[int, int]) -> dict[int, str]:
        """Return number texts in which levels above that were not met yet are written out."""
        found: dict[int, str] = {}
        for index in range(1, LEVELS):
            level = self._outline.numbering.level(num_id, index)
            if level is None or level.bullet:
                continue
            text = level.text
            for above, count in carried.items():
                if above < index:
                    definition = self._outline.numbering.level(num_id, above) or Level()
                    form = "decimal" if level.legal else definition.form
                    text = text.replace(f"%{above + 1}", numeral(count, form, definition.pattern))
            if text != level.text:
                found[index] = text
        return found

    def _make(self, num_id: str, start: tuple[int, int] | None, literal: dict[int, str]) -> str:
        """Make a list like ``num_id`` that counts on, or begins one level at a number; return its id."""
        source = self._sources.get(num_id)
        if source is None:
            return num_id
        new_id = str(self._next_id)
        self._next_id += 1
        made = deepcopy(source)
        made.attrib.clear()
        made.set(NUM_ID, new_id)
        made.set(marks.ADDED, "1")
        overrides = {number(each.get(ILVL)): each for each in made.iterchildren(_OVERRIDE)}
        for override in overrides.values():
            _drop_start(override)
        for level, text in literal.items():
            self._write_level(made, overrides, num_id, level, text)
        if start is not None:
            _set_start(made, overrides, *start)
        for each in made.iterchildren(_OVERRIDE):
            if not len(each):
                marks.drop(each)
        self._made.append(made)
        return new_id

    def _write_level(self, made: Element, overrides: dict[int, Element], num_id: str, level: int, text: str) -> None:
        override = overrides.get(level)
        if override is None:
            override = overrides[level] = etree.SubElement(made, _OVERRIDE, {ILVL: str(level)})
        definition = override.find(_LVL)
        if definition is None:
            source = self._outline.definition(num_id, level)
            if source is None:
                return
            definition = deepcopy(source)
            override.append(definition)
        for name in ("pStyle", "lvlPicBulletId"):
            for each in definition.findall(w(name)):
                definition.remove(each)
        shown = definition.find(w("lvlText"))
        if shown is not None:
            shown.set(W_VAL, text)

    def _assign(self, found: Listed, num_id: str) -> None:
        """Put a paragraph into another list."""
        properties = found.paragraph.find(W_PPR)
        if properties is None:
            properties = marks.added(W_PPR)
            found.paragraph.insert(0, properties)
        own = properties.find(NUM_PR)
        if own is None:
            own = marks.added(NUM_PR)
            _insert(properties, own, _BEFORE_NUM_PR)
            self._keep_indent(found, properties)
        if own.find(ILVL) is None:
            level = etree.SubElement(own, ILVL, {W_VAL: str(found.level), marks.ADDED: "1"})
            own.insert(0, level)
        assigned = own.find(NUM_ID)
        if assigned is None:
            assigned = etree.Element(NUM_ID, {W_VAL: num_id, marks.ADDED: "1"})
            own.insert(1, assigned)
        else:
            marks.change(assigned, num_id)

    def _keep_indent(self, found: Listed, properties: Element) -> None:
        wanted = self._outline.style_indent(found.style)
        if not wanted:
            return
        indent = properties.find(_IND)
        if indent is None:
            indent = marks.added(_IND)
            _set(indent, wanted)
            _insert(properties, indent, _BEFORE_IND)
            return
        missing = {name: value for name, value in wanted.items() if name not in indent.attrib}
        if missing:
            _set(indent, missing)
            indent.set(marks.ADDED, " ".join(sorted(etree.QName(name).localname for name in missing)))


def _lists(root: Element | None) -> list[Element]:
    return [] if root is None else list(root.iterchildren(w("num")))


def _set(element: Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        element.set(name, value)


def _drop_start(override: Element) -> None:
    for each in override.findall(_START_OVERRIDE):
        override.remove(each)


def _set_start(made: Element, overrides: dict[int, Element], level: int, value: int) -> None:
    override = overrides.get(level)
    if override is None:
        override = etree.SubElement(made, _OVERRIDE, {ILVL: str(level)})
    _drop_start(override)
    override.insert(0, etree.Element(_START_OVERRIDE, {W_VAL: str(value)}))
    for start in override.findall(f"{_LVL}/{w('start')}"):
        start.set(W_VAL, str(value))


def _insert(properties: Element, element: Element, before: frozenset[str]) -> None:
    """Insert an element into ``w:pPr`` where the schema wants it: after those of ``before``."""
    at = 0
    for index, child in enumerate(properties):
        if child.tag in before:
            at = index + 1
    properties.insert(at, element)
