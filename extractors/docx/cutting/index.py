"""The body of a document, ready to be cut: a piece parses no more than its own blocks.

Blocks are those of :mod:`extractors.docx.body`: numbered from 1, found inside content controls and ``w:customXml`` too.
The bytes of a block begin where the block before ends, so that marks between blocks travel with the block after them.
A piece that begins or ends inside a content control repeats the control around its blocks.

A tree of the whole body would need ten times its bytes (300 MB for 26 MB of richly formatted text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx import safexml
from extractors.docx.cutting import marks
from extractors.docx.cutting.scan import SENTINEL, Found, Observer, blocks_of, inside, scan, scan_closely
from extractors.docx.names import W_BODY, W_CUSTOM_XML, W_SDT
from extractors.errors import DamagedDocument, NoPages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element as Element

GROUP_BYTES = 1_000_000
DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
_ANY = r"(?:[\w.-]+:)?"
_ROOT = re.compile(rb"<([\w.:-]+)[^<>]*>")
_BODY = re.compile(rf"<({_ANY}body)(?:\s[^<>]*)?>".encode())
_BODY_END = re.compile(rf"</{_ANY}body\s*>".encode())
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_UTF8 = frozenset({"utf-8", "utf8", "ascii", "us-ascii", "utf-16", "utf-16le", "utf-16be"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive blocks, parsed.

    Attributes:
        root: Root of the tree.
        body: Its ``w:body``.
        blocks: The blocks in order.
        first: Number of the first of them.
    """

    root: Element
    body: Element
    blocks: list[Element]
    first: int


class Body:
    """The body of a main part.

    Attributes:
        count: Number of blocks.
    """

    def __init__(self, document: bytes, part: str, observer: Callable[[], Observer]) -> None:
        """Index a body.

        Args:
            document: The main part as :meth:`extractors.docx.package.Package.data` gives it.
            part: Its name, for messages.
            observer: Makes an observer, which sees every block; called again when the pass has to start anew.

        Raises:
            DamagedDocument: Not well-formed, or without a body.
            NoPages: No block at all.
            SafetyLimitExceeded: Over a limit of :mod:`extractors.docx.safexml`.
        """
        self._part = part
        if safexml.has_doctype(document, complete=True):
            raise safexml.doctype(part)
        safexml.check_size(document, part)
        self._document = _utf8(document)
        begin = _BODY.search(self._document)
        if begin is None:
            raise NoPages("The document has no text at all. Check that it is the right file.")
        self._prefix = marks.PREFIX
        self._plain_head = self._head = self._tail = b""
        self._frame(begin)
        found = scan(self._document, begin.end(), part, observer())
        if found is None:
            found = scan_closely(self._document, begin.end(), part, observer())
        if found is None:
            raise DamagedDocument(f"The blocks of {part} cannot be told apart. Open the file in Word and save it anew.")
        self._found: Found = found
        self.count = len(found.ends) - 1
        if self.count == 0:
            raise NoPages("The document has no text at all. Check that it is the right file.")
        end = _BODY_END.search(self._document, found.ends[-1])
        self._end = len(self._document) if end is None else end.start()

    def size(self, first: int, last: int) -> int:
        """Return the bytes of XML of some blocks."""
        return self._found.ends[last] - self._found.ends[first - 1]

    def groups(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Split a range of blocks into groups of about :data:`GROUP_BYTES`, never inside a content control."""
        begin, ends, paths = first, self._found.ends, self._found.paths
        for number in range(first, last):
            if paths[number] == 0 and ends[number] - ends[begin - 1] >= GROUP_BYTES:
                yield begin, number
                begin = number + 1
        yield begin, last

    def wrapped(self, number: int) -> bool:
        """Tell whether a content control is open after block ``number`` (0: before the first): a cut repeats it."""
        paths = self._found.paths
        return 0 < number < self.count and paths[number] != 0

    def stretch(self, first: int, last: int, *, trailing: bool = False) -> Stretch:
        """Parse some blocks and the marks between them.

        Args:
            first: First block.
            last: Last block.
            trailing: With what stands after the last block of the document.

        Raises:
            DamagedDocument: They are not what the index says.
        """
        found = self._found
        stop = self._end if trailing else found.ends[last]
        before = found.wrappers[found.paths[first - 1]]
        after = found.wrappers[0 if trailing else found.paths[last]]
        middle = self._document[found.ends[first - 1] : stop]
        root = safexml.parse(b"".join((self._head, before.opening, middle, after.closing, self._tail)), self._part)
        body = root.find(W_BODY)
        blocks = [] if body is None else list(blocks_of(body))
        if body is None or len(blocks) != last - first + 1:
            raise DamagedDocument(
                f"Blocks {first} to {last} of {self._part} are not where they should be. "
                "Open the file in Word or LibreOffice and save it anew as .docx."
            )
        if before.opening:
            _drop_empty_repetitions(body)
        return Stretch(root, body, blocks, first)

    def inner(self, root: Element) -> bytes:
        """Return the XML inside the body of a tree that :meth:`stretch` or :meth:`empty` made."""
        data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
        if not (data.startswith(self._head) and data.endswith(self._tail)):
            return b""  # an empty body is written as one tag
        return data[len(self._head) : -len(self._tail)]

    def empty(self) -> Element:
        """Return the tree of a document without blocks, to which marks are declared."""
        return safexml.parse(self._head + self._tail, self._part)

    def whole(self, inner: list[bytes]) -> bytes:
        """Return a main part around the XML of blocks; the marks' namespace is declared only when it is used."""
        marked = any(f"{before}{self._prefix}:".encode() in each for each in inner for before in ("<", " "))
        return b"".join((DECLARATION, self._head if marked else self._plain_head, *inner, self._tail))

    def _frame(self, begin: re.Match[bytes]) -> None:
        """Set what stands before and after the blocks, without the marks' namespace and with it."""
        head = self._document[: begin.end()]
        root = _ROOT.search(head)
        if root is None or root.start() == begin.start():
            raise DamagedDocument(
                f"The part {self._part} has no root. Open the file in Word and save it anew as .docx."
            )
        rest = SENTINEL.encode() + b"</" + begin[1] + b"></" + root[1] + b">"
        tree = safexml.parse(head + rest, self._part)
        self._plain_head = _without_marks(_around(tree)[0], tree)
        self._prefix, declared = _declaration(tree)
        tree = safexml.parse(head[: root.end(1)] + declared + head[root.end(1) :] + rest, self._part)
        marks.declare(tree, self._prefix)
        self._head, self._tail = _around(tree)


def _without_marks(head: bytes, root: Element) -> bytes:
    """Return the head of a piece that is cut again, or joined, without the declaration of marks."""
    for prefix, address in root.nsmap.items():
        if address == marks.CUT and prefix:
            marks.undeclare(root, prefix)
            head = _around(root)[0].replace(f' xmlns:{prefix}="{marks.CUT}"'.encode(), b"")
    return head


def _declaration(root: Element) -> tuple[str, bytes]:
    """Return the prefix of the marks' namespace, and what the root has to declare besides what it does."""
    wanted = marks.wanted_names(root)
    names = (*root.nsmap.items(), *wanted.items())
    prefix = next(name for name, address in names if address == marks.CUT and name)
    return prefix, "".join(f' xmlns:{name}="{address}"' for name, address in wanted.items()).encode()


def _around(tree: Element) -> tuple[bytes, bytes]:
    data: bytes = etree.tostring(tree, encoding="UTF-8", xml_declaration=False)
    before, _, after = data.partition(SENTINEL.encode())
    return before, after


def _utf8(document: bytes) -> bytes:
    """Return XML as UTF-8 without a declaration."""
    declared = _DECLARED.match(document[:400])
    if declared:
        name = declared[1].decode("ascii").lower()
        document = document[declared.end() :]
        if name not in _UTF8:
            document = document.decode(name, "replace").encode()
    return document


def _drop_empty_repetitions(body: Element) -> None:
    """Remove repeated wrappers that turned out to end before the first block."""
    for element in list(body.iter(W_SDT, W_CUSTOM_XML)):
        content = inside(element)
        if element.get(marks.AGAIN) is not None and content is not None and next(blocks_of(content), None) is None:
            marks.drop(element)
