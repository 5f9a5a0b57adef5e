"""lxml with the types it has in practice: parsed XML holds ``str``, and an XPath finds what it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lxml import etree

from extractors.errors import DamagedDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element


def attributes(element: Element) -> dict[str, str]:
    """Return the attributes of an element by qualified name."""
    return cast("dict[str, str]", dict(element.attrib))


def take(element: Element, name: str) -> str | None:
    """Remove an attribute and return its value; None when it is not there."""
    value = element.get(name)
    if value is not None:
        del element.attrib[name]
    return value


def new(tag: str, values: Mapping[str, str] | None = None, names: Mapping[str | None, str] | None = None) -> Element:
    """Return a new element with attributes and namespace prefixes."""
    return etree.Element(tag, dict(values or {}), cast("dict[str, str]", dict(names or {})))


def found(xpath: etree.XPath, root: Element) -> list[Element]:
    """Return the elements that an expression finds."""
    return cast("list[Element]", xpath(root))


def values(xpath: etree.XPath, root: Element) -> list[str]:
    """Return the attribute values that an expression finds."""
    return cast("list[str]", xpath(root))


def canonical(element: Element) -> bytes:
    """Return an element as canonical XML (Exclusive XML Canonicalization 1.0), without comments and without its tail.

    Raises:
        DamagedDocument: The document declares a namespace that is no absolute URI, for which no canonical form is
            defined.
    """
    try:
        data: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    except etree.C14NError as error:
        raise DamagedDocument(
            "The document declares an XML namespace that is none, so it cannot be proven that pieces are its own. Open "
            "the file in Word or LibreOffice, save it anew as .docx and split that, or split its text (--as text)."
        ) from error
    return data


def alone(element: Element) -> Element:
    """Return a copy that does not keep the tree alive it stands in."""
    copy: Element = etree.fromstring(etree.tostring(element, with_tail=False))
    return copy
