"""Finding every section's properties before the body is walked.

A section's properties stand at its end, but its headers and footers are wanted at its beginning. Parsing 26 MB twice
would cost a third of a second; looking for the tag in the bytes costs a few milliseconds.
"""

from __future__ import annotations

import re

from lxml import etree

from extractors.docx import names, safexml
from extractors.errors import ExtractionError

_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?sectPr(?=[\s/>])[^<>]*?(/?)>")
_ROOT = re.compile(rb"<(?![?!])[^>]*>")
MAX_SECTIONS = 10_000


def find(document: bytes) -> list[bytes] | None:
    """Return the XML of each section's properties in order.

    Args:
        document: The main part, ASCII-compatible.

    Returns:
        One ``<w:sectPr>`` fragment a section; None when there are too many or they do not pair up, and the
        caller must do without.
    """
    found: list[bytes] = []
    depth = begin = at = 0
    while (at := document.find(b"sectPr", at)) >= 0:
        hit = _TAG.match(document, document.rfind(b"<", 0, at))
        at += 6
        if hit is None:
            continue
        closes, empty = hit[1] == b"/", hit[2] == b"/"
        if not closes and depth == 0:
            begin = hit.start()
        depth += 0 if empty else -1 if closes else 1
        if depth < 0 or len(found) > MAX_SECTIONS:
            return None
        if depth == 0:
            found.append(document[begin : hit.end()])
    return found if depth == 0 else None


def skeleton(document: bytes, sections: list[bytes]) -> etree._ElementTree | None:
    """Return a document that holds nothing but the sections, for python-docx to open.

    The last section's properties end the body, each other one stands in a paragraph of its own, as in a real document.
    None when the fragments cannot be parsed on their own.
    """
    root = _ROOT.search(document)
    if root is None:
        return None
    opening = root[0].removesuffix(b"/>").removesuffix(b">") + b">"
    name = re.split(rb"[\s>]", opening[1:], maxsplit=1)[0]
    data = opening + b"".join(sections) + b"</" + name + b">"
    try:
        tree = safexml.parse(data, "the section properties")
    except ExtractionError:
        return None
    properties = list(tree)
    body = etree.SubElement(tree, names.W_BODY)
    for index, element in enumerate(properties):
        for change in element.findall(names.W_SECT_CHANGE):
            element.remove(change)
        home = body
        if index < len(properties) - 1:
            home = etree.SubElement(etree.SubElement(body, names.W_P), names.W_PPR)
        home.append(element)
    return tree.getroottree()
