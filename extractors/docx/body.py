"""The long walk over the body: blocks in order, in memory that does not grow with the document.

lxml's pull parser is fed slice by slice; after each slice every finished block at the front of the body is handed on
and removed. A table that is still being parsed gives its finished rows, so a table as long as a book is no exception.

What is a block (a unit, numbered from 1): every ``w:p`` and ``w:tbl`` that is a child of the body, and of content
controls and ``w:customXml`` around blocks, which are looked through at any depth, because a cut inside them only has to
repeat the wrapper. A content control that is one thing to Word (``w:docPartObj``: table of contents, cover page,
bibliography) is one block, as are imported chunks, equations and anything else with content that stands directly in
the body. Section properties, bookmarks and range marks are no blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from lxml import etree

from extractors.docx import safexml
from extractors.docx.names import W_BODY, W_CUSTOM_XML, W_SDT, W_SDT_CONTENT, W_SDT_PR, W_TBL, W_VAL, w
from extractors.docx.tables import PROPERTIES
from extractors.errors import DamagedDocument, SafetyLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

SLICE_BYTES = 65_536
MAX_OPEN_BYTES = 32_000_000  # XML of one paragraph or row; a hundred times the largest seen
_DOC_PART, _GALLERY = w("docPartObj"), w("docPartGallery")
_WRAPPERS = frozenset({W_SDT, W_CUSTOM_XML})


@dataclass(frozen=True, slots=True)
class Row:
    """A child of a table that is read before the table is complete.

    Attributes:
        element: The row (or a wrapper around rows).
        table: Its table.
        last: The table ends with it.
    """

    element: Element
    table: Element
    last: bool


Found = list["Element | Row"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one slice completed.

    Attributes:
        found: Blocks, and rows of tables too long for one slice, in order; read them before asking for the next batch.
        xml_bytes: Bytes of XML since the batch before.
    """

    found: Found
    xml_bytes: int


def walk(document: bytes, part: str) -> Iterator[Batch]:
    """Yield the blocks of a main part.

    Args:
        document: The part, ASCII-compatible and in the Transitional spelling.
        part: Its name, for messages.

    Raises:
        DamagedDocument: Not well-formed, or without a body.
        SafetyLimitExceeded: Over a limit of :mod:`extractors.docx.safexml`, or one block is larger than
            :data:`MAX_OPEN_BYTES`.
    """
    if safexml.has_doctype(document, complete=True):
        raise safexml.doctype(part)
    safexml.check_size(document, part)
    parser = safexml.pull_parser(W_BODY)
    drain: _Drain | None = None
    open_bytes = 0
    try:
        for start in range(0, len(document), SLICE_BYTES):
            piece = document[start : start + SLICE_BYTES]
            parser.feed(piece)
            open_bytes += len(piece)
            if drain is None:
                drain = _begun(parser)
                if drain is None:
                    continue
            # The sieve needs the end of the slice before: a start tag may lie across.
            before = max(0, start - 2 * safexml.TAG_WINDOW)
            safexml.check_shape(drain.body, document[before:start] + piece, part)
            found = drain.finished()
            if found:
                yield Batch(found, open_bytes)
                open_bytes = 0
                found.clear()
                drain.forget()
            elif open_bytes > MAX_OPEN_BYTES:
                raise _too_large()
        parser.close()
    except etree.XMLSyntaxError as error:
        raise safexml.translate(error, part) from error
    if drain is None:
        raise DamagedDocument(
            f"The part {part} has no body. Open the file in Word or LibreOffice and save it as .docx."
        )
    yield Batch(drain.finished(complete=True), open_bytes)


def is_transparent(element: Element) -> bool:
    """Tell whether a wrapper around blocks is looked through."""
    if element.tag == W_CUSTOM_XML:
        return True
    if element.tag != W_SDT:
        return False
    properties = element.find(W_SDT_PR)
    return properties is None or properties.find(_DOC_PART) is None


def gallery(element: Element) -> str:
    """Return what kind of building block a content control is, empty when it is none."""
    found = element.find(f"{W_SDT_PR}/{_DOC_PART}/{_GALLERY}")
    return "" if found is None else found.get(W_VAL, "")


class _Drain:
    """Takes finished blocks from the front of a body that is still being parsed."""

    def __init__(self, body: Element) -> None:
        self.body = body
        self._open_table: Element | None = None

    def finished(self, *, complete: bool = False) -> Found:
        """Return what is finished; with ``complete`` the body has ended."""
        found: Found = []
        self._take(self.body, found, complete=complete)
        return found

    def forget(self) -> None:
        """Remove what was returned from the tree."""
        self._forget(self.body)

    def _take(self, container: Element, found: Found, *, complete: bool) -> None:
        # The last child may still grow, whatever follows it in the file.
        children = list(container) if complete else list(container)[:-1]
        for child in children:
            self._take_whole(child, found)
        if not complete and len(container):
            self._take_part(container[-1], found)

    def _take_whole(self, child: Element, found: Found) -> None:
        if child.tag == W_TBL and child is self._open_table:
            rows = [row for row in child if row.tag not in PROPERTIES]
            found.extend(Row(row, child, last=row is rows[-1]) for row in rows)
            self._open_table = None
        elif child.tag not in _WRAPPERS or not is_transparent(child):
            found.append(child)
        else:
            content = child.find(W_SDT_CONTENT) if child.tag == W_SDT else child
            for each in content if content is not None else ():
                if each.tag not in PROPERTIES:
                    self._take_whole(each, found)

    def _take_part(self, child: Element, found: Found) -> None:
        if child.tag == W_TBL:
            rows = [row for row in child if row.tag not in PROPERTIES]
            if len(rows) > 1:
                found.extend(Row(row, child, last=False) for row in rows[:-1])
                self._open_table = child
        else:
            content = self._open_content(child)
            if content is not None:
                self._take(content, found, complete=False)

    def _open_content(self, child: Element) -> Element | None:
        """Return the content of a transparent wrapper that is still being parsed; its properties come first."""
        if child.tag not in _WRAPPERS:
            return None
        content = child.find(W_SDT_CONTENT) if child.tag == W_SDT else child
        return content if content is not None and is_transparent(child) else None

    def _forget(self, container: Element) -> None:
        if not len(container):
            return
        keep = 0
        while keep < len(container) - 1 and container[keep].tag in PROPERTIES:
            keep += 1
        del container[keep:-1]
        last = container[-1]
        content = last if last is self._open_table else self._open_content(last)
        if content is not None:
            self._forget(content)


def _begun(parser: etree.XMLPullParser) -> _Drain | None:
    """Return a drain for the body once the parser has seen its start tag."""
    for _, element in parser.read_events():
        return _Drain(cast("Element", element))
    return None


def _too_large() -> SafetyLimitExceeded:
    return SafetyLimitExceeded(
        f"One paragraph or table row has over {MAX_OPEN_BYTES} bytes of XML. Split it in Word, or save it as PDF."
    )
