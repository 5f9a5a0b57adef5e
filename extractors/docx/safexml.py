"""XML parsing that cannot be made to fetch, expand or overflow anything.

Limits (shared/facts/security-and-http.md §1.4): no DOCTYPE at all, at most 200 levels, 1000 attributes an element and
5 million elements and attributes a part. libxml2's own caps stay on (``huge_tree`` is never set).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from extractors.errors import DamagedDocument, SafetyLimitExceeded

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAX_DEPTH = 200
MAX_ATTRIBUTES = 1_000
MAX_NODES = 5_000_000
MAX_PROLOG_BYTES = 1_000_000
# Encodings an Office part may declare: OPC allows UTF-8 and UTF-16; the others are what old writers really used.
_ENCODINGS = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1", "windows-1252"}
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BEFORE_ROOT = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_SMALLEST_NODE = 4  # bytes of "<a/>": a part under 4 × MAX_NODES bytes cannot hold more nodes
_ATTRIBUTE_BYTES = 4  # bytes of ' a=""' without the blank
TAG_WINDOW = _ATTRIBUTE_BYTES * MAX_ATTRIBUTES // 2  # a start tag over the limit covers one such window whole

_too_deep = etree.XPath("boolean(/" + "/".join("*" * (MAX_DEPTH + 1)) + ")")
_too_many_attributes = etree.XPath(f"boolean(descendant-or-self::*[count(@*) > {MAX_ATTRIBUTES}])")


def pull_parser(tag: str) -> etree.XMLPullParser:
    """Return a parser that is fed piecemeal and tells when an element ``tag`` begins."""
    return etree.XMLPullParser(
        events=("start",),
        tag=tag,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def as_utf8(data: bytes, part: str) -> bytes:
    """Return the XML text of a part as ASCII-compatible bytes; UTF-16 is turned into UTF-8.

    Raises:
        DamagedDocument: The part is in an encoding that Office parts must not have.
    """
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise _damaged(part, "is not valid UTF-16") from error
        return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode("utf-8", "replace")
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    if b"\0" in data[:64]:
        raise _damaged(part, "is in an encoding that Office files do not use")
    declared = _DECLARED.match(data[:400])
    if declared and declared[1].decode("ascii").lower() not in _ENCODINGS:
        raise _damaged(part, f"declares the encoding {declared[1].decode('ascii')}, which Office files do not use")
    return data


def has_doctype(head: bytes, *, complete: bool) -> bool | None:
    """Tell whether a DOCTYPE stands before the root element.

    Args:
        head: Beginning of the part as :func:`as_utf8` gives it.
        complete: ``head`` is the whole part.

    Returns:
        True or False; None when ``head`` ends before that can be told.
    """
    before = _BEFORE_ROOT.match(head)
    end = 0 if before is None else before.end()
    rest = head[end : end + 16]
    if rest[:9].upper() == b"<!DOCTYPE":
        return True
    if complete or (rest[:1] == b"<" and rest[1:2] not in {b"!", b"?", b""}):
        return False
    return None if len(rest) < 9 or rest[:4] == b"<!--" or rest[:2] == b"<?" else False


def check_size(data: bytes, part: str) -> None:
    """Refuse a part with more elements and attributes than any document needs.

    Raises:
        SafetyLimitExceeded: More than :data:`MAX_NODES` (counted as ``<`` that open and ``=`` signs).
    """
    if len(data) < _SMALLEST_NODE * MAX_NODES:
        return
    nodes = data.count(b"<") + data.count(b"=")
    if nodes > MAX_NODES:
        nodes -= data.count(b"</")
    if nodes > MAX_NODES:
        raise SafetyLimitExceeded(
            f"{part} has about {nodes} XML elements and attributes; the limit is {MAX_NODES}. "
            "Cut the document into smaller ones in Word before the upload."
        )


def check_shape(element: Element, raw: bytes, part: str) -> None:
    """Refuse what was just parsed when it is nested too deep or an element has too many attributes.

    Args:
        element: Any element of the tree; depth counts from the root of its tree.
        raw: The bytes just parsed: a cheap sieve tells whether attributes are worth counting.
        part: Name for the message.

    Raises:
        SafetyLimitExceeded: Over :data:`MAX_DEPTH` or :data:`MAX_ATTRIBUTES`.
    """
    if _too_deep(element):
        raise too_deep(part)
    if _has_long_tag(raw) and _too_many_attributes(element.getroottree()):
        raise SafetyLimitExceeded(
            f"{part} has an element with over {MAX_ATTRIBUTES} attributes, which no Word document has. "
            "Open the file in Word or LibreOffice and save it anew."
        )


def _has_long_tag(raw: bytes) -> bool:
    """Tell whether a start tag could hold too many attributes: then some window of half its length has no ``<``."""
    return any(
        raw.find(b"<", start, start + TAG_WINDOW) < 0 and raw.find(b"=", start, start + TAG_WINDOW) >= 0
        for start in range(0, len(raw), TAG_WINDOW)
    )


def too_deep(part: str) -> SafetyLimitExceeded:
    """Return the refusal of XML nested over :data:`MAX_DEPTH` levels."""
    return SafetyLimitExceeded(
        f"{part} is nested more than {MAX_DEPTH} levels deep. Flatten nested tables in Word and save it again."
    )


def parse(data: bytes, part: str) -> Element:
    """Parse a whole part.

    Raises:
        DamagedDocument: Not well-formed, an odd encoding, or a DOCTYPE.
        SafetyLimitExceeded: Too deep, too many attributes or nodes.
    """
    data = as_utf8(data, part)
    if has_doctype(data, complete=True):
        raise doctype(part)
    check_size(data, part)
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise translate(error, part) from error
    check_shape(root, data, part)
    return root


def translate(error: etree.XMLSyntaxError, part: str) -> DamagedDocument | SafetyLimitExceeded:
    """Return our error for lxml's."""
    if "xcessive depth" in str(error):
        return too_deep(part)
    return _damaged(part, f"is not well-formed XML ({error.msg})")


def doctype(part: str) -> DamagedDocument:
    """Return the refusal of a part with a DOCTYPE."""
    return _damaged(part, "has a DOCTYPE, which Office files must not have (it can be used to attack readers)")


def _damaged(part: str, what: str) -> DamagedDocument:
    return DamagedDocument(f"The part {part} {what}. Open the file in Word or LibreOffice and save it anew as .docx.")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
