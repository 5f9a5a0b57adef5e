"""One pass over the bytes of a body that tells where each block ends and shows every block to those who want to know.

lxml's pull parser is fed up to each place where a block may end; when a block is complete after such a step, it ends
there. Blocks that have been looked at are removed from the tree, so the pass needs the memory of the largest block.
"""

from __future__ import annotations

import re
from array import array
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from lxml import etree

from extractors.docx import safexml
from extractors.docx.body import is_transparent
from extractors.docx.cutting.marks import AGAIN, CUT, PREFIX
from extractors.docx.cutting.trees import attributes, new
from extractors.docx.names import (
    W_ALT_CHUNK,
    W_BODY,
    W_CUSTOM_XML,
    W_P,
    W_SDT,
    W_SDT_CONTENT,
    W_SECT_PR,
    W_TBL,
    A,
    M,
    V,
    W,
    w,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

SENTINEL = "\u2063cut here\u2063"
_ANY = r"(?:[\w.-]+:)?"
# Where a block can end; other things that end here cost one look each.
_LIKELY_ENDS = re.compile(
    rf"</{_ANY}(?:p|tbl|sdt|altChunk|customXml|body)\s*>|<{_ANY}(?:p|tbl|altChunk)(?:\s[^<>]*)?/>".encode()
)
_ALL_ENDS = re.compile(rb">")
_BLOCKS = frozenset({W_P, W_TBL, W_ALT_CHUNK})
_EVENTS = (W_BODY, W_P, W_TBL, W_SDT, W_ALT_CHUNK, W_CUSTOM_XML)
_NEVER = frozenset({W_SECT_PR, W_CUSTOM_XML, *(w(name) for name in ("sdtPr", "sdtEndPr", "customXmlPr"))})
_CHECK_BYTES = 65_536
_shows = etree.XPath(
    "boolean(.//w:t[text()] | .//w:delText[text()] | .//m:t[text()] | .//a:t[text()] | .//w:sym | .//a:blip |"
    " .//v:imagedata | .//w:footnoteReference | .//w:endnoteReference | .//w:commentReference)",
    namespaces={"w": W, "m": M, "a": A, "v": V},
)


class Observer(Protocol):
    """Someone who wants to see the whole body once, in order."""

    def block(self, number: int, element: Element) -> None:
        """Look at a block."""
        ...

    def mark(self, number: int, element: Element) -> None:
        """Look at something that is no block and stands before block ``number`` (the count plus 1 at the very end)."""
        ...


@dataclass(frozen=True, slots=True)
class Wrapper:
    """Content controls and ``w:customXml`` around blocks: the bytes to write before and after blocks inside them."""

    opening: bytes = b""
    closing: bytes = b""


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass found.

    Attributes:
        ends: Offset where each block ends; the first entry is where the body begins.
        paths: Index into ``wrappers`` of what stands around each block; 0 for the body itself.
        wrappers: The wrappers, outer ones included in the bytes of inner ones.
    """

    ends: array[int]
    paths: array[int]
    wrappers: list[Wrapper]


def is_block(element: Element) -> bool:
    """Tell whether an element that stands where blocks stand is one; for rare ones what they show decides."""
    if element.tag in _BLOCKS:
        return True
    if element.tag == W_SDT:
        return len(element) > 0 and not is_transparent(element)
    if element.tag in _NEVER or not len(element):
        return False
    return bool(_shows(element))


def inside(element: Element) -> Element | None:
    """Return what holds the blocks of a wrapper that is looked through; None when ``element`` is none."""
    if element.tag == W_CUSTOM_XML:
        return element
    if element.tag == W_SDT and is_transparent(element):
        return element.find(W_SDT_CONTENT)
    return None


def blocks_of(container: Element) -> Iterator[Element]:
    """Yield the blocks in a body in order, those inside content controls included."""
    for child in container:
        content = inside(child)
        if content is not None:
            yield from blocks_of(content)
        elif is_block(child):
            yield child


def scan(document: bytes, start: int, part: str, observer: Observer) -> Found | None:
    """Find the blocks, taking a fast way that serves nearly every document.

    Args:
        document: The main part in UTF-8, without a DOCTYPE.
        start: Offset where the body begins.
        part: Name of the part, for messages.
        observer: Sees every block.

    Returns:
        None when the fast way cannot tell (run-level content directly in the body): ask :func:`scan_closely`, with a
        fresh observer.

    Raises:
        DamagedDocument: Not well-formed.
        SafetyLimitExceeded: Nested too deep, or too many attributes.
    """
    return _Scan(document, start, part, observer).run(_LIKELY_ENDS, _EVENTS)


def scan_closely(document: bytes, start: int, part: str, observer: Observer) -> Found | None:
    """Find the blocks by looking at every tag; five times slower than :func:`scan`.

    Raises:
        DamagedDocument: Not well-formed.
        SafetyLimitExceeded: Nested too deep, or too many attributes.
    """
    return _Scan(document, start, part, observer).run(_ALL_ENDS, None)


class _Scan:
    def __init__(self, document: bytes, start: int, part: str, observer: Observer) -> None:
        self._document = document
        self._part = part
        self._observer = observer
        self._ends = array("Q", [start])
        self._paths = array("L", [0])
        self._wrappers = [Wrapper()]
        self._wrapper_of: dict[Element, int] = {}
        self._body: Element | None = None
        self._last: Element | None = None
        self._exact = True

    def run(self, ends: re.Pattern[bytes], tags: tuple[str, ...] | None) -> Found | None:
        parser = etree.XMLPullParser(
            events=("end",),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        document, at, checked = self._document, self._ends[0], 0
        try:
            parser.feed(document[:at])
            for hit in ends.finditer(document, at):
                parser.feed(document[at : hit.end()])
                at = hit.end()
                for _, element in parser.read_events():
                    self._ended(cast("Element", element), at)
                if at - checked >= _CHECK_BYTES and self._body is not None:
                    self._check(checked, at)
                    checked = at
                if not self._exact:
                    return None
            parser.feed(document[at:])
            parser.close()
        except etree.XMLSyntaxError as error:
            raise safexml.translate(error, self._part) from error
        return Found(self._ends, self._paths, self._wrappers)

    def _check(self, start: int, stop: int) -> None:
        if self._body is not None:
            before = max(0, start - 2 * safexml.TAG_WINDOW)  # a start tag may lie across
            safexml.check_shape(self._body, self._document[before:stop], self._part)

    def _ended(self, element: Element, offset: int) -> None:
        """An element is complete: count it when it is a block."""
        if element.tag == W_BODY:
            self._body = element
            for each in self._before(element, None):
                self._exact &= not is_block(each)
                self._observer.mark(len(self._ends), each)
            return
        path = self._path(element.getparent())
        if path is None:
            return
        content = inside(element)
        if content is not None:
            # Blocks in it that no event told of would be joined to the block after them.
            self._exact &= not any(is_block(each) for each in self._before(content, None, keep=True))
            return
        if not is_block(element) or self._body is None:
            return
        number = len(self._ends)
        for each in self._before(self._body, element):
            self._exact &= not is_block(each)
            self._observer.mark(number, each)
        self._ends.append(offset)
        self._paths.append(path)
        self._observer.block(number, element)
        self._last = element

    def _before(self, container: Element, stop: Element | None, *, keep: bool = False) -> list[Element]:
        """Return what stands before ``stop`` and was not looked at yet; it is removed from the tree unless kept."""
        around = set() if stop is None else set(stop.iterancestors())
        found: list[Element] = []
        self._collect(container, stop, around, found, keep=keep)
        return found

    def _collect(
        self, container: Element, stop: Element | None, around: set[Element], found: list[Element], *, keep: bool
    ) -> None:
        for child in list(container):
            if child is stop:
                return
            if child in around:
                content = inside(child)
                if content is not None:
                    self._collect(content, stop, around, found, keep=keep)
                return
            content = inside(child)
            if content is not None:
                self._collect(content, None, around, found, keep=keep)
            elif child is not self._last and child.tag not in _PROPERTIES:
                found.append(child)
            if not keep and child.tag not in _PROPERTIES:
                container.remove(child)

    def _path(self, container: Element | None) -> int | None:
        """Return the index of the wrapper whose content ``container`` is, 0 for the body, None for anything else."""
        if container is None:
            return None
        if container is self._body or container.tag == W_BODY:
            self._body = container
            return 0
        wrapper = container.getparent() if container.tag == W_SDT_CONTENT else container
        if wrapper is None or inside(wrapper) is not container:
            return None
        if wrapper not in self._wrapper_of:
            outer = self._path(wrapper.getparent())
            if outer is None:
                return None
            self._wrappers.append(_wrapper(wrapper, self._wrappers[outer], len(self._wrappers)))
            self._wrapper_of[wrapper] = len(self._wrappers) - 1
        return self._wrapper_of[wrapper]


_PROPERTIES = frozenset(w(name) for name in ("sdtPr", "sdtEndPr", "customXmlPr"))


def _wrapper(element: Element, outer: Wrapper, number: int) -> Wrapper:
    """Return the bytes around the content of a wrapper, marked as a repetition of it."""
    copy = new(element.tag, attributes(element), {**element.nsmap, PREFIX: CUT})
    copy.set(AGAIN, str(number))
    content = copy
    for child in element:
        if child.tag in _PROPERTIES:
            copy.append(deepcopy(child))
        elif child.tag == W_SDT_CONTENT:
            content = etree.SubElement(copy, W_SDT_CONTENT)
    (content[-1] if len(content) else content).tail = None
    if len(content):
        content[-1].tail = SENTINEL
    else:
        content.text = SENTINEL
    opening, closing = etree.tostring(copy, encoding="unicode").split(SENTINEL)
    return Wrapper(outer.opening + opening.encode(), closing.encode() + outer.closing)
