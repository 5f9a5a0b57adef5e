"""Section properties of a piece: those of the section its last block is in, with the headers that section inherits.

A section's properties stand at its end: in its last paragraph, the last section's at the end of the body. So a piece
that ends inside a section takes a copy of what follows; one that ends with a section's last paragraph has the
properties moved from there to the end of its body (left in the paragraph they would begin one more, empty, section).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx.cutting import marks
from extractors.docx.cutting.marks import CUT, MOVED, SECTION_PLACE
from extractors.docx.cutting.trees import alone, new, take
from extractors.docx.names import R_ID, W_P, W_SECT_PR, W_TYPE, W_VAL, W, number, w

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

HEADER, FOOTER = w("headerReference"), w("footerReference")
_NOTE_PR = {"footnote": w("footnotePr"), "endnote": w("endnotePr")}
_NUM_START, _NUM_RESTART = w("numStart"), w("numRestart")
CONTINUOUS, EACH_SECTION, EACH_PAGE = "continuous", "eachSect", "eachPage"
_BEFORE_NUM_START = frozenset({w("pos"), w("numFmt")})
# What may follow the notes' properties in settings (ECMA-376 Part 1, 17.15.1.78, CT_Settings is a sequence).
_AFTER_NOTES_IN_SETTINGS = frozenset(
    w(name)
    for name in (
        "compat", "docVars", "rsids", "attachedSchema", "themeFontLang", "clrSchemeMapping",
        "doNotIncludeSubdocsInStats", "doNotAutoCompressPictures", "forceUpgrade", "captions", "readModeInkLockDown",
        "smartTagType", "shapeDefaults", "doNotEmbedSmartTags", "decimalSymbol", "listSeparator",
    )
)  # fmt: skip
_DEFAULT_KIND = "default"


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    Attributes:
        end: Block that ends it; the count of blocks plus 1 for the last section.
        closes: The section's last paragraph is the last thing in that block.
        properties: Its ``w:sectPr``, on its own.
        inherited: Headers and footers it takes over from sections before: (tag, kind) → relationship id.
    """

    end: int
    closes: bool
    properties: Element
    inherited: dict[tuple[str, str], str]


class Sections:
    """The sections of a body, collected in one pass."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._ends: list[int] = []
        self._known: dict[tuple[str, str], str] = {}

    def block(self, number: int, element: Element) -> None:
        """Take note of the sections that end in a block."""
        paragraphs: list[Element] | None = None
        for properties in marks.section_ends(element):
            paragraph = next(properties.iterancestors(W_P), None)
            if paragraphs is None:
                paragraphs = list(element.iter(W_P))
            self._add(number, properties, closes=paragraph is not None and paragraph is paragraphs[-1])

    def mark(self, number: int, element: Element) -> None:
        """Take note of the last section's properties, which stand in the body itself."""
        if element.tag == W_SECT_PR:
            self._add(number, element, closes=True)

    def index(self, block: int) -> int:
        """Return which section (from 0) a block begins in; the number of sections when no properties follow it."""
        return bisect_left(self._ends, block)

    def at(self, index: int) -> Section | None:
        """Return a section, None when there is none of that index."""
        return self._sections[index] if index < len(self._sections) else None

    def begins(self, index: int) -> int:
        """Return the block that a section begins with (or whose end it begins in)."""
        return 1 if index == 0 else self._sections[index - 1].end + 1

    def ending(self, last: int) -> tuple[Section | None, bool]:
        """Return the section whose properties end a piece, and whether they are to be moved out of block ``last``."""
        after = bisect_right(self._ends, last)
        if after and self._ends[after - 1] == last and self._sections[after - 1].closes:
            return self._sections[after - 1], True
        return self.at(after), False

    def _add(self, end: int, properties: Element, *, closes: bool) -> None:
        own = {_slot(each): each.get(R_ID, "") for each in properties.iterchildren(HEADER, FOOTER)}
        inherited = {slot: identity for slot, identity in self._known.items() if slot not in own}
        self._known.update(own)
        self._ends.append(end)
        self._sections.append(Section(end, closes, _alone(properties), inherited))


def final(section: Section, *, moved: bool) -> Element:
    """Return a section's properties for the end of a piece's body."""
    properties = deepcopy(section.properties)
    take(properties, MOVED)
    if moved:
        properties.set(MOVED, "1")
    return properties


def leave_place(block: Element) -> None:
    """Take the last section properties out of a block and leave a mark there."""
    properties = list(marks.section_ends(block))[-1]
    parent = properties.getparent()
    if parent is not None:
        parent.replace(properties, new(SECTION_PLACE, names={marks.PREFIX: CUT}))


def inherit(properties: Element, section: Section) -> None:
    """Give a piece's first section the headers and footers it took over from sections that are not in the piece."""
    own = {_slot(each) for each in properties.iterchildren(HEADER, FOOTER)}
    at = 0
    for (tag, kind), identity in sorted(section.inherited.items(), reverse=True):
        if (tag, kind) not in own and identity:
            reference = marks.added(tag, type=kind)
            reference.set(R_ID, identity)
            properties.insert(at, reference)


def start_notes(properties: Element, kind: str, value: int) -> None:
    """Let the notes of a piece's first section begin with a number.

    Args:
        properties: Its ``w:sectPr``.
        kind: ``footnote`` or ``endnote``.
        value: The number.
    """
    before = {HEADER, FOOTER} | ({_NOTE_PR["footnote"]} if kind == "endnote" else set())
    at = next((at for at, each in enumerate(properties) if each.tag not in before), len(properties))
    _start(properties, _NOTE_PR[kind], at, value)


def start_notes_of_document(settings: Element, kind: str, value: int) -> None:
    """Let the notes of a piece begin with a number wherever its sections do not say otherwise."""
    after = {*_AFTER_NOTES_IN_SETTINGS} | ({_NOTE_PR["endnote"]} if kind == "footnote" else set())
    at = next(
        (at for at, each in enumerate(settings) if each.tag in after or not str(each.tag).startswith(f"{{{W}}}")),
        len(settings),
    )
    _start(settings, _NOTE_PR[kind], at, value)


def _start(properties: Element, tag: str, at: int, value: int) -> None:
    holder = properties.find(tag)
    if holder is None:
        holder = marks.added(tag)
        properties.insert(at, holder)
    start = holder.find(_NUM_START)
    if start is None:
        start = marks.added(_NUM_START, val=str(value))
        holder.insert(sum(1 for each in holder if each.tag in _BEFORE_NUM_START), start)
    else:
        marks.change(start, str(value))


def note_numbers(properties: Element, kind: str, start: int, restart: str) -> tuple[int, str]:
    """Return the first number of notes and where they restart, as properties say.

    Args:
        properties: ``w:sectPr`` or ``w:settings``.
        kind: ``footnote`` or ``endnote``.
        start: What held before.
        restart: What held before: :data:`CONTINUOUS`, :data:`EACH_SECTION` or :data:`EACH_PAGE`.
    """
    for child in properties.iterfind(f"{_NOTE_PR[kind]}/*"):
        if child.tag == _NUM_START:
            start = number(child.get(W_VAL), 1)
        elif child.tag == _NUM_RESTART:
            restart = child.get(W_VAL, CONTINUOUS)
    return start, restart


def _slot(reference: Element) -> tuple[str, str]:
    return str(reference.tag), reference.get(W_TYPE, _DEFAULT_KIND)


def _alone(element: Element) -> Element:
    """Return a copy that does not keep the tree alive it stands in."""
    copy = alone(element)
    etree.cleanup_namespaces(copy)
    return copy
