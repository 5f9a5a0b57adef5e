"""Fields that a cut goes through, and fields that refer to a bookmark in another piece.

Both keep the result a reader sees, and lose what would compute it anew: a table of contents updated in a piece would
shrink to that piece, a reference without its bookmark would become an error message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from extractors.docx.cutting import marks
from extractors.docx.cutting.marks import FLD_CHAR, FLD_SIMPLE, INSTRUCTIONS
from extractors.docx.names import W_INSTR, w

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

FIELD_TAGS = (FLD_CHAR, FLD_SIMPLE, *sorted(INSTRUCTIONS))
Fate = Literal["keep", "freeze", "strip"]
_KIND = w("fldCharType")
_REFERENCE = re.compile(r'\s*(?:REF|PAGEREF|NOTEREF|FTNREF)\s+"?([^\s"\\]+)', re.IGNORECASE)
# Fields that fetch, run or link to something outside the document (ECMA-376 Part 1, 17.16.5, and [MS-OI29500]).
_ACTIVE = re.compile(
    r"\s*(DDEAUTO|DDE|LINK|INCLUDETEXT|INCLUDEPICTURE|INCLUDE|IMPORT|DATABASE|CONTROL|HTMLCONTROL|EMBED|OCX)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r'\s*HYPERLINK\s+(?:"([^"]*)"|([^\s"\\]+))', re.IGNORECASE)
_MAX_OPEN = 500


@dataclass(slots=True)
class Spanning:
    """A field that begins in one block and ends in another.

    Attributes:
        begin: Block it begins in.
        end: Block it ends in.
        instruction: Its instruction.
    """

    begin: int
    end: int
    instruction: str


@dataclass(slots=True)
class _Open:
    key: tuple[int, int]
    instruction: list[str] = field(default_factory=list)
    shows: bool = False


class Fields:
    """The fields of a body that reach over several blocks, collected in one pass.

    Attributes:
        instructions: Every kind of active field met, as its first word, by block.
    """

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._spanning: dict[tuple[int, int], Spanning] = {}
        self._at = (0, 0)
        self.instructions: list[tuple[int, str]] = []

    def see(self, number: int, element: Element) -> None:
        """Take note of a field character, an instruction or a simple field."""
        if element.tag == FLD_SIMPLE:
            self.instructions.append((number, element.get(W_INSTR, "")))
        elif element.tag != FLD_CHAR:
            if self._open and not self._open[-1].shows:
                self._open[-1].instruction.append(element.text or "")
        elif element.get(_KIND) == "begin":
            self._at = (number, self._at[1] + 1 if self._at[0] == number else 0)
            if len(self._open) < _MAX_OPEN:
                self._open.append(_Open(self._at))
        elif self._open and element.get(_KIND) == "separate":
            self._open[-1].shows = True
        elif self._open and element.get(_KIND) == "end":
            closed = self._open.pop()
            instruction = "".join(closed.instruction)
            self.instructions.append((closed.key[0], instruction))
            if closed.key[0] != number:
                self._spanning[closed.key] = Spanning(closed.key[0], number, instruction)

    def spanning(self, number: int, at: int) -> Spanning | None:
        """Return the field that the ``at``-th begin mark (from 0) of a block opens and another block ends."""
        return self._spanning.get((number, at))

    def open_before(self, number: int) -> list[Spanning]:
        """Return the fields open where block ``number`` begins, outermost first (those that never end left out)."""
        return [each for _, each in sorted(self._spanning.items()) if each.begin < number <= each.end]


def active_field(instruction: str, unsafe: Callable[[str], bool]) -> str | None:
    """Return what is active about a field; None when nothing is.

    Args:
        instruction: Its instruction.
        unsafe: Tells whether an address must not be linked to.
    """
    hit = _ACTIVE.match(instruction)
    if hit:
        return f"{hit[1].upper()} field"
    link = _LINK.match(instruction)
    if link and unsafe(link[1] or link[2] or ""):
        return "unsafe link"
    return None


def reference(instruction: str) -> str | None:
    """Return the bookmark a field refers to, None when it refers to none."""
    hit = _REFERENCE.match(instruction)
    return hit[1] if hit else None


class FieldPass:
    """Walks the fields of a piece, block by block."""

    def __init__(
        self, judge: Callable[[str], Fate], *, fields: Fields | None = None, first: int = 1, last: int = 0
    ) -> None:
        """Begin a piece.

        Args:
            judge: Says what becomes of a field, from its instruction.
            fields: The document's long fields; None to judge by what is there (part of a block).
            first: First block of the piece.
            last: Last block.
        """
        self._judge = judge
        self._fields = fields
        self._last = last
        self._open = [] if fields is None else [self._cut_fate(each.instruction) for each in fields.open_before(first)]
        self.frozen: set[int] = set()

    def block(self, number: int, element: Element) -> None:
        """Take out of use what must go in one block."""
        nodes = list(element.iter(*FIELD_TAGS))
        if not nodes:
            return
        instructions = _own_instructions(nodes)
        begins = -1
        for at, node in enumerate(nodes):
            kind = node.get(_KIND) if node.tag == FLD_CHAR else ""
            if kind == "begin":
                begins += 1
                self._open.append(self._fate(number, begins, instructions.get(at)))
            if node.tag == FLD_SIMPLE:
                self._simple(number, node)
                continue
            fate: Fate = self._open[-1] if self._open else self._stray()
            if kind == "end" and self._open:
                self._open.pop()
            self._apply(number, node, fate)

    def _stray(self) -> Fate:
        # In a part of a block, marks without a beginning belong to a field that the cut went through.
        return "freeze" if self._fields is None else "keep"

    def _fate(self, number: int, begins: int, instruction: str | None) -> Fate:
        if instruction is not None:
            return self._judge(instruction)
        spanning = None if self._fields is None else self._fields.spanning(number, begins)
        if spanning is None:
            return self._stray()
        return self._cut_fate(spanning.instruction) if spanning.end > self._last else self._judge(spanning.instruction)

    def _cut_fate(self, instruction: str) -> Fate:
        """Return what becomes of a field that the cut goes through."""
        return "strip" if self._judge(instruction) == "strip" else "freeze"

    def _apply(self, number: int, node: Element, fate: Fate) -> None:
        if fate == "freeze":
            self.frozen.add(number)
            marks.take_out(node)
        elif fate == "strip":
            marks.drop(node)

    def _simple(self, number: int, node: Element) -> None:
        fate = self._judge(node.get(W_INSTR, ""))
        if fate == "freeze":
            self.frozen.add(number)
            marks.simple_place(node)
        elif fate == "strip":
            marks.unwrap(node)


def _own_instructions(nodes: list[Element]) -> dict[int, str]:
    """Return the instruction of each field that begins and ends among ``nodes``, by the place of its begin mark."""
    found: dict[int, str] = {}
    opened: list[tuple[int, list[str], list[bool]]] = []
    for at, node in enumerate(nodes):
        if node.tag in INSTRUCTIONS:
            if opened and not opened[-1][2]:
                opened[-1][1].append(node.text or "")
        elif node.tag == FLD_CHAR:
            kind = node.get(_KIND)
            if kind == "begin":
                opened.append((at, [], []))
            elif kind == "separate" and opened:
                opened[-1][2].append(True)
            elif kind == "end" and opened:
                begin, text, _ = opened.pop()
                found[begin] = "".join(text)
    return found
