"""What could act when a piece is opened: found, and taken out.

Macros, ActiveX controls, embedded OLE objects, web extensions, ribbon code; fields that fetch or link (DDE, LINK,
INCLUDETEXT …); relationships to anything outside the package but web and mail links. What a reader sees of them stays:
the picture of an object, the result of a field, the text of a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx.cutting import marks
from extractors.docx.cutting.trees import found
from extractors.docx.names import A_BLIP, DGM, R_ID, W_ALT_CHUNK, W_P, O, R, V, w

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lxml.etree import _Element as Element

    from extractors.docx.package import Relation

    Note = Callable[[Element, str], None]

MACROS, OLE, ACTIVEX, TEMPLATE = "macros", "OLE object", "ActiveX control", "external template"
EXTERNAL, UNSAFE_LINK, WEB_EXTENSION, SIGNATURE = "external data", "unsafe link", "web extension", "signature"
MISSING, DAMAGED = "missing part", "damaged part"
NOT_ACTIVE = frozenset({SIGNATURE, MISSING, DAMAGED})
"""Reasons to leave a relationship out that hold whatever the user wants of active content."""

_BY_KIND = {
    "vbaProject": MACROS,
    "vbaProjectSignature": MACROS,
    "vbaProjectSignatureAgile": MACROS,
    "vbaProjectSignatureV3": MACROS,
    "wordVbaData": MACROS,
    "attachedToolbars": MACROS,
    "keyMapCustomizations": MACROS,
    "recipientData": EXTERNAL,
    "extensibility": MACROS,  # ribbon code: .../ui/extensibility and .../ui/userCustomization
    "userCustomization": MACROS,
    "oleObject": OLE,
    "control": ACTIVEX,
    "activeXControlBinary": ACTIVEX,
    "webextension": WEB_EXTENSION,
    "webextensiontaskpanes": WEB_EXTENSION,
    "origin": SIGNATURE,  # package/2006/relationships/digital-signature/origin
}
_SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp", "ftps", "sip", "sips", "xmpp", "news", "geo"})
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_SLASHES = re.compile(r"\s*[\\/]{2}")
_OBJECT, _PICT, _CONTROL, _DRAWING = w("object"), w("pict"), w("control"), w("drawing")
_OLE_OBJECT = f"{{{O}}}OLEObject"
_IN_OBJECTS = (_OLE_OBJECT, _CONTROL, w("objectEmbed"), w("objectLink"), w("movie"))
OBJECT_TAGS = _IN_OBJECTS
_WEB_VIDEO = "{http://schemas.microsoft.com/office/word/2012/wordprocessingDrawing}webVideoPr"
_KEPT_WITHOUT = frozenset({A_BLIP, f"{{{V}}}imagedata", f"{{{V}}}fill", f"{{{V}}}stroke", f"{{{DGM}}}relIds"})
_HYPERLINK = w("hyperlink")
_linked_shapes = etree.XPath("descendant-or-self::v:*[@href]", namespaces={"v": V})
_related = etree.XPath("descendant-or-self::*[@r:* or @relid or @o:relid]", namespaces={"r": R, "o": O})


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do with active content: take it out, or keep it."""

    strip: bool = True

    def verdict(self, relation: Relation, content_type: str, *, exists: bool) -> str | None:
        """Return why a relationship has to go; None when it stays.

        Args:
            relation: The relationship.
            content_type: Of the part it points to.
            exists: That part is in the package.
        """
        if not relation.external and not exists:
            return MISSING
        reason = active_relation(relation, content_type)
        return reason if self.strip or reason in NOT_ACTIVE else None


def active_relation(relation: Relation, content_type: str) -> str | None:
    """Return what is active about a relationship; None when nothing is."""
    by_kind = _BY_KIND.get(relation.kind)
    if by_kind is not None:
        return by_kind
    if not relation.external:
        inner = relation.kind != "officeDocument" and "macroenabled" in content_type.lower()
        return MACROS if inner else None
    if relation.kind == "hyperlink":
        return UNSAFE_LINK if unsafe(relation.target) else None
    return TEMPLATE if relation.kind == "attachedTemplate" else EXTERNAL


def unsafe(address: str) -> bool:
    """Tell whether following a link would do more than open a web page, write a mail or go to a relative place."""
    scheme = _SCHEME.match(address)
    if scheme:
        return scheme[1].lower() not in _SAFE_SCHEMES
    return _SLASHES.match(address) is not None


def active_object(element: Element) -> str:
    """Return what an element of :data:`OBJECT_TAGS` is."""
    return ACTIVEX if element.tag == _CONTROL else OLE


def strip_objects(root: Element, note: Note) -> None:
    """Take embedded objects and controls out below ``root``; their pictures stay.

    Args:
        root: Of a part, or of blocks.
        note: Is told of each element that goes, while it still stands in its place.
    """
    for element in list(root.iter(*_IN_OBJECTS)):
        note(element, active_object(element))
        marks.drop(element)
    for element in list(root.iter(_WEB_VIDEO)):
        note(element, WEB_EXTENSION)
        marks.drop(element)
    for element in list(root.iter(_OBJECT)):
        drawing = element.find(_DRAWING)
        parent = element.getparent()
        if drawing is not None and parent is not None:
            parent.replace(element, drawing)
        else:
            element.tag = _PICT
            element.attrib.clear()
    for element in found(_linked_shapes, root):
        if unsafe(element.get("href", "")):
            note(element, UNSAFE_LINK)
            del element.attrib["href"]


def drop_dead(root: Element, dead: Mapping[str, str], note: Note) -> None:
    """Remove what refers to relationships that are gone.

    Args:
        root: Of a part, or of blocks.
        dead: Reason by relationship id.
        note: Is told of each element concerned, while it still stands in its place.
    """
    for element in referring(root) if dead else ():
        every = reference_names(element)
        names = [name for name in every if element.attrib[name] in dead]
        for name in names:
            note(element, dead[element.get(name, "")])
        if not names:
            continue
        if element.tag == _HYPERLINK and R_ID in names:
            _unlink(element)
        elif element.tag == W_ALT_CHUNK:
            _empty_chunk(element)
        elif element.tag in _KEPT_WITHOUT or len(names) < len(every) or element is root:
            for name in names:
                del element.attrib[name]
        else:
            marks.drop(element)


def referring(root: Element) -> list[Element]:
    """Return the elements at and below ``root`` that refer to relationships."""
    return found(_related, root)


def reference_names(element: Element) -> list[str]:
    """Return the names of the attributes by which an element refers to relationships."""
    return [str(name) for name in element.attrib if _is_reference(str(name))]


def references(elements: Iterable[Element]) -> set[str]:
    """Return the relationship ids that elements refer to."""
    return {
        str(element.attrib[name])
        for root in elements
        for element in referring(root)
        for name in reference_names(element)
    }


def _is_reference(name: str) -> bool:
    return name.startswith(f"{{{R}}}") or name in {"relid", f"{{{O}}}relid"}


def _unlink(element: Element) -> None:
    """Take a dead link off: its text stays, and so does a link to a place in the document."""
    if element.get(w("anchor")):
        del element.attrib[R_ID]
    else:
        marks.unwrap(element)


def _empty_chunk(element: Element) -> None:
    """Put an empty paragraph in the place of an imported chunk, so that the blocks after it keep their numbers."""
    parent = element.getparent()
    if parent is not None:
        parent.replace(element, etree.Element(W_P))
