"""Document properties of a piece: what it is a piece of; no counts of the whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from extractors.clean import safe_label
from extractors.docx.names import w

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

CORE_NAME = "docProps/core.xml"
CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
CORE_KIND = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
CORE_KINDS = frozenset({"core-properties"})
APP_KINDS = frozenset({"extended-properties", "extendedProperties"})
_CP = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_DC = "http://purl.org/dc/elements/1.1/"
_DESCRIPTION = f"{{{_DC}}}description"
_COUNTS = frozenset({"Pages", "Words", "Characters", "CharactersWithSpaces", "Lines", "Paragraphs"})
_RANGE = re.compile(r"(?:^|\n)Blocks? \d+(?:–\d+)? of \d+ of .*$")
_UPDATE_FIELDS = w("updateFields")


def describe(first: int, last: int, count: int, name: str) -> str:
    """Return what a piece is: ``Blocks 1–42 of 300 of report.docx``."""
    blocks = f"Block {first}" if first == last else f"Blocks {first}–{last}"
    return f"{blocks} of {count} of {safe_label(name)}"


def set_description(core: Element | None, text: str) -> Element:
    """Add a line to the description in the core properties; None makes new properties."""
    if core is None:
        core = etree.Element(f"{{{_CP}}}coreProperties", nsmap={"cp": _CP, "dc": _DC})
    description = core.find(_DESCRIPTION)
    if description is None:
        description = etree.SubElement(core, _DESCRIPTION)
    description.text = f"{description.text}\n{text}" if description.text else text
    return core


def drop_description(core: Element) -> None:
    """Undo :func:`set_description`."""
    description = core.find(_DESCRIPTION)
    if description is not None:
        description.text = _RANGE.sub("", description.text or "")
        if not description.text:
            core.remove(description)


def drop_counts(app: Element) -> None:
    """Remove the counts of pages and words, which are those of the whole document."""
    for each in list(app):
        if etree.QName(each).localname in _COUNTS:
            app.remove(each)


def update_fields(settings: Element) -> Element | None:
    """Return the wish to compute all fields anew when the document is opened; None when it is not there.

    Results would be those of a piece: a table of contents of one chapter.
    """
    return settings.find(_UPDATE_FIELDS)
