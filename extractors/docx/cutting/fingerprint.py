"""Fingerprints of blocks: equal for a block and the same block in a piece, different once anything to be seen differs.

A fingerprint covers text, order, formatting (direct, and by styles), list numbers as shown, pictures, charts and
diagrams by their content, footnotes, endnotes and comments, tracked changes, fields, where links lead, and the section
the block is in with its headers and footers. It does not depend on ids, part names, revision ids, and active content,
which pieces may lack. Marks of cutting are undone before; a mark on anything that cutting does not mark is content.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

from extractors.docx.container import Container
from extractors.docx.cutting import active, marks, rows
from extractors.docx.cutting.active import Policy
from extractors.docx.cutting.beside import Beside
from extractors.docx.cutting.canonical import Canonical, level_print
from extractors.docx.cutting.fields import Fate, FieldPass, active_field
from extractors.docx.cutting.index import Body, Stretch
from extractors.docx.cutting.listed import Outline, Tally
from extractors.docx.cutting.parts import Parts
from extractors.docx.cutting.survey import Survey
from extractors.docx.package import Package
from extractors.errors import ExtractionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from lxml.etree import _Element as Element

    from extractors.base import ReadLimits

_VERSION = b"block/1"


def block_fingerprints(
    file: BinaryIO,
    limits: ReadLimits,
    *,
    skip: AbstractSet[int] = frozenset(),
    begin: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, str]]:
    """Yield number and fingerprint of each block, in order.

    Args:
        file: The document, or a piece of one; seekable.
        limits: Safety limits.
        skip: Blocks to pass over: their fingerprints are empty.
        begin: Told the number of each block before it is looked at.

    Raises:
        ExtractionError: It cannot be opened.
    """
    prints = Fingerprints(file, limits)
    for number, element, numbers in prints.blocks():
        if begin is not None:
            begin(number)
        yield number, "" if number in skip else prints.hexdigest(number, element, numbers)


def row_fingerprints(
    file: BinaryIO, limits: ReadLimits, unit: int, *, piece: bool = False
) -> Iterator[tuple[int, str]]:
    """Yield number and fingerprint of each row of a table.

    A document may be such a piece itself that is split again: then all rows of its table are its own, from 1.

    Args:
        file: The document, or a piece that holds some rows of a table.
        limits: Safety limits.
        unit: Number of the table in this document or piece.
        piece: It is a piece: its rows are numbered as in the document it was cut from, and header rows that this
            cut repeated are left out.

    Raises:
        ExtractionError: It cannot be opened, or the block is no table.
    """
    prints = Fingerprints(file, limits)
    for number, element, numbers in prints.blocks():
        if number == unit:
            table = rows.table_in(element)
            if table is None:
                break
            first, own = rows.own_rows(table) if piece else (1, rows.rows_of(table))
            for at, row in enumerate(own):
                inside = set(row.iter())
                shown = [text for paragraph, text in numbers if paragraph in inside]
                yield first + at, prints.hexdigest(number, row, [(row, text) for text in shown])
            return
    raise ExtractionError(f"Block {unit} is no table, so it has no rows. Compare it as a block.", unit=unit)


class Fingerprints:
    """One document whose blocks are hashed."""

    def __init__(self, file: BinaryIO, limits: ReadLimits) -> None:
        """Open a document.

        Raises:
            ExtractionError: It cannot be opened.
        """
        self._parts = Parts(Package(Container.open(file, limits)), Policy(strip=True))
        self._parts.check()
        beside = Beside(self._parts)
        styles, numbering = beside.root("styles"), beside.root("numbering")
        self._outline = Outline(styles, numbering)
        roots = dict(beside.notes)
        comments = beside.root("comments")
        if comments is not None:
            roots["comment"] = comments
        self._canonical = Canonical(self._parts, styles, roots)
        self._level_prints: dict[tuple[str, int], bytes] = {}
        surveys: list[Survey] = []

        def survey() -> Survey:
            surveys.append(Survey(self._outline))
            return surveys[-1]

        main = self._parts.main
        self._body = Body(self._parts.data(main), main, survey)
        self._sections, self._fields = surveys[-1].sections, surveys[-1].fields
        self._section_prints: dict[int, bytes] = {}

    def blocks(self) -> Iterator[tuple[int, Element, list[tuple[Element, bytes]]]]:
        """Yield each block, prepared for hashing, with its number and its (paragraph, list number as shown)."""
        tally = Tally(self._outline.numbering)
        fields = FieldPass(_judge, fields=self._fields, first=1, last=self._body.count)
        for first, last in self._body.groups(1, self._body.count):
            stretch = self._body.stretch(first, last)
            self._strip(stretch, fields)
            numbers = [self._numbers(block, tally) for block in stretch.blocks]
            marks.restore(stretch.root)
            self._canonical.prepare(stretch.root, self._parts.main)
            for at, block in enumerate(stretch.blocks):
                yield first + at, block, numbers[at]

    def hexdigest(self, number: int, element: Element, numbers: list[tuple[Element, bytes]]) -> str:
        """Return the fingerprint of a block or a row as hex SHA-256."""
        found = hashlib.sha256(_VERSION)
        found.update(self._canonical.digest(element))
        for _, shown in numbers:
            found.update(shown)
        index = self._sections.index(number)
        if index not in self._section_prints:
            self._section_prints[index] = self._canonical.section(self._sections.at(index))
        found.update(self._section_prints[index])
        return found.hexdigest()

    def _strip(self, stretch: Stretch, fields: FieldPass) -> None:
        def note(_element: Element, _reason: str) -> None:
            """What is taken out here is told when pieces are cut."""

        active.drop_dead(stretch.root, self._parts.dead(self._parts.main), note)
        active.strip_objects(stretch.root, note)
        for at, block in enumerate(stretch.blocks):
            fields.block(stretch.first + at, block)

    def _numbers(self, block: Element, tally: Tally) -> list[tuple[Element, bytes]]:
        found = []
        for each in self._outline.listed(block):
            number = tally.next(each.num_id, each.level)
            if number is not None:
                key = (each.num_id, each.level)
                if key not in self._level_prints:
                    self._level_prints[key] = level_print(self._outline.definition(*key))
                shown = f"\0{number.text}\0{number.level}\0".encode()
                found.append((each.paragraph, shown + self._level_prints[key]))
        return found


def _judge(instruction: str) -> Fate:
    return "keep" if active_field(instruction, active.unsafe) is None else "strip"
