"""Marks on what a cut had to add, change or take out, so that it can be undone to the letter.

The marks live in a namespace of their own that the document declares ignorable (ECMA-376 Part 3, Markup Compatibility):
Word, LibreOffice and other readers skip them. Three kinds:

* an element with ``added`` was put in; undoing removes it (or only the attributes that ``added`` names);
* an element with ``was`` has another ``w:val`` than in the source; undoing puts the old one back;
* an element moved into the namespace was taken out of use; undoing moves it back.

Undoing touches only the elements that cutting itself marks. A mark on anything else stays and so shows in a
fingerprint: visible text cannot be hidden behind a mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx.cutting.trees import attributes, found, new, take
from extractors.docx.names import MC, W_PPR, W_SECT_PR, W_VAL, W, w

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element as Element

CUT = "urn:upload-preflight:cut"
PREFIX = "cut"
ADDED, WAS, AGAIN = f"{{{CUT}}}added", f"{{{CUT}}}was", f"{{{CUT}}}again"
MOVED, ROWS, COUNT = f"{{{CUT}}}moved", f"{{{CUT}}}rows", f"{{{CUT}}}count"
IGNORABLE = f"{{{MC}}}Ignorable"
W15 = "http://schemas.microsoft.com/office/word/2012/wordml"
SECTION_PLACE = f"{{{CUT}}}sectPr"
SIMPLE_PLACE = f"{{{CUT}}}fldSimple"

RANGE_STARTS = {
    w(f"{name}Start"): w(f"{name}End")
    for name in (
        "bookmark", "commentRange", "perm", "moveFromRange", "moveToRange", "customXmlInsRange", "customXmlDelRange",
        "customXmlMoveFromRange", "customXmlMoveToRange",
    )
}  # fmt: skip
RANGE_ENDS = frozenset(RANGE_STARTS.values())
COMMENT_START, COMMENT_END = w("commentRangeStart"), w("commentRangeEnd")
BOOKMARK_START = w("bookmarkStart")
FLD_CHAR, FLD_SIMPLE = w("fldChar"), w("fldSimple")
INSTRUCTIONS = frozenset({w("instrText"), w("delInstrText")})

_FLOATS = (w("tblpPr"), w("framePr"))
_DATA_BINDINGS = {"dataBinding": w("dataBinding"), "dataBinding15": f"{{{W15}}}dataBinding"}
_PLACES = frozenset({SECTION_PLACE, SIMPLE_PLACE})
_TAKEN_OUT = {
    **{etree.QName(tag).localname: tag for tag in (*RANGE_STARTS, *RANGE_ENDS, FLD_CHAR, *INSTRUCTIONS, *_FLOATS)},
    **_DATA_BINDINGS,
}
_NAMES_OUT = {tag: name for name, tag in _TAKEN_OUT.items()}
_ADDED = frozenset(
    {
        *RANGE_STARTS,
        *RANGE_ENDS,
        *(w(name) for name in ("headerReference", "footerReference", "footnotePr", "endnotePr", "numStart")),
        *(w(name) for name in ("numPr", "ilvl", "numId", "ind")),
    }
)
_CHANGED = frozenset(w(name) for name in ("numId", "vMerge", "numStart", "updateFields"))
_marked = etree.XPath("//*[@cut:added or @cut:was]", namespaces={"cut": CUT})


def added(tag: str, **own: str) -> Element:
    """Return a new element of WordprocessingML, marked as added; attributes are in the same namespace."""
    element = new(tag, {w(name): value for name, value in own.items()}, {"w": W, PREFIX: CUT})
    element.set(ADDED, "1")
    return element


def change(element: Element, value: str | None) -> None:
    """Give ``w:val`` another value (None: no value) and remember the first one."""
    if element.get(WAS) is None:
        element.set(WAS, element.get(W_VAL, ""))
    if value is None:
        take(element, W_VAL)
    else:
        element.set(W_VAL, value)


def take_out(element: Element) -> None:
    """Put a mark of a range or field, a data binding, or the place of something floating out of use, where it is."""
    element.tag = f"{{{CUT}}}{_NAMES_OUT[element.tag]}"


def restore(root: Element) -> None:
    """Undo all marks below ``root``; section ends and repeated wrappers are left to whoever puts pieces together."""
    for element in list(root.iter(f"{{{CUT}}}*")):
        tag = _TAKEN_OUT.get(etree.QName(element).localname)
        if tag is not None:
            element.tag = tag
        elif element.tag == SIMPLE_PLACE:
            _wrap_again(element)
    for element in found(_marked, root):
        if element.tag in _ADDED and element.get(ADDED) is not None:
            _remove_added(element)
        elif element.tag in _CHANGED and element.get(WAS) is not None:
            value = take(element, WAS)
            if value:
                element.set(W_VAL, value)
            else:
                take(element, W_VAL)


def simple_place(field: Element) -> None:
    """Unwrap a ``w:fldSimple`` so that its result stays, and leave a place to wrap it again."""
    parent = field.getparent()
    if parent is None:
        return
    at = parent.index(field)
    place = new(SIMPLE_PLACE, attributes(field), {PREFIX: CUT})
    place.set(COUNT, str(len(field)))
    parent[at : at + 1] = [place, *field]


def drop(element: Element) -> None:
    """Remove an element; text after it (there is none in Word's own files) stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tail.strip():
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def unwrap(element: Element) -> None:
    """Replace an element by its children."""
    parent = element.getparent()
    if parent is not None:
        at = parent.index(element)
        parent[at : at + 1] = list(element)


def wanted_names(root: Element) -> dict[str, str]:
    """Return the prefixes that a root lacks for the marks: prefix → namespace."""
    wanted: dict[str, str] = {}
    for prefix, address in ((PREFIX, CUT), ("mc", MC)):
        if address not in (each for name, each in root.nsmap.items() if name):
            number, free = 0, prefix
            while free in root.nsmap:
                number += 1
                free = f"{prefix}{number}"
            wanted[free] = address
    return wanted


def with_namespace(root: Element) -> Element:
    """Return a root like ``root``, with its children, that declares the marks' namespace and makes it ignorable."""
    names = dict(root.nsmap)
    names.update(wanted_names(root))
    made = new(root.tag, attributes(root), names)
    made.extend(list(root))
    declare(made, next(str(name) for name, address in names.items() if name and address == CUT))
    return made


def declare(root: Element, prefix: str = PREFIX) -> None:
    """List the marks' prefix among those that readers may ignore; the root must declare it."""
    names = root.get(IGNORABLE, "").split()
    if prefix not in names:
        root.set(IGNORABLE, " ".join([*names, prefix]))


def undeclare(root: Element, prefix: str = PREFIX) -> None:
    """Take the marks' prefix off the list again."""
    names = [name for name in root.get(IGNORABLE, "").split() if name != prefix]
    if names:
        root.set(IGNORABLE, " ".join(names))
    else:
        take(root, IGNORABLE)


def section_ends(root: Element) -> Iterable[Element]:
    """Yield the section properties that stand in paragraphs, without the old ones that tracked changes keep."""
    for element in root.iter(W_SECT_PR):
        parent = element.getparent()
        if parent is not None and parent.tag == W_PPR:
            yield element


def _remove_added(element: Element) -> None:
    names = take(element, ADDED) or ""
    if names == "1":
        parent = element.getparent()
        drop(element)
        if parent is not None and parent.tag == W_PPR and parent.get(ADDED) is not None and not len(parent):
            drop(parent)
        return
    for name in names.split():
        take(element, w(name))


def _wrap_again(place: Element) -> None:
    parent = place.getparent()
    count = place.get(COUNT, "")
    if parent is None or not count.isdigit():
        return
    at = parent.index(place)
    children = list(parent)[at + 1 : at + 1 + int(count)]
    take(place, COUNT)
    field = new(FLD_SIMPLE, attributes(place), {"w": W})
    parent.insert(at, field)
    field.extend(children)
    drop(place)
