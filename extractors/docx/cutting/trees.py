"""lxml with the types it has in practice: parsed XML holds ``str``, and an XPath finds what it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lxml import etree

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


def alone(element: Element) -> Element:
    """Return a copy that does not keep the tree alive it stands in."""
    copy: Element = etree.fromstring(etree.tostring(element, with_tail=False))
    return copy
