"""The metadata packet (XMP) of a document, made into one for its pieces.

Taken out are claims a piece cannot keep (PDF/A, PDF/X, PDF/UA: tags, output intent and attachments are gone), and
what only makes it long: the history of edits, lists of ingredients, thumbnails. XMP is never compressed in a PDF, and
every piece has one.
"""

from __future__ import annotations

from typing import Any, cast

from lxml import etree

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CLAIMS = (
    "http://www.aiim.org/pdfa/ns/",
    "http://www.aiim.org/pdfua/ns/",
    "http://www.aiim.org/pdfe/ns/",
    "http://www.npes.org/pdfx/ns/",
    "http://www.npes.org/pdfvt/ns/",
    "http://pdfa.org/declarations/",
)
_CLAIM_NAMES = ("{http://ns.adobe.com/pdfx/1.3/}GTS_PDFXVersion", "{http://ns.adobe.com/pdfx/1.3/}GTS_PDFXConformance")
_LONG = (
    "{http://ns.adobe.com/xap/1.0/mm/}History",
    "{http://ns.adobe.com/xap/1.0/mm/}Ingredients",
    "{http://ns.adobe.com/xap/1.0/mm/}Manifest",
    "{http://ns.adobe.com/xap/1.0/mm/}Pantry",
    "{http://ns.adobe.com/xap/1.0/}Thumbnails",
    "{http://ns.adobe.com/photoshop/1.0/}DocumentAncestors",
)
_HOLE = "@upload-preflight-title@"
MAX_BYTES = 1_000_000
"""Longer packets are not carried over."""


class Packet:
    """A packet with room for a title.

    Attributes:
        claims: It claimed conformance to some standard.
    """

    def __init__(self, text: str, *, claims: bool) -> None:
        self._text = text
        self.claims = claims

    def titled(self, title: str) -> bytes:
        """Return the packet with this title."""
        escaped = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return self._text.replace(_HOLE, escaped).encode()


def read_packet(data: bytes) -> Packet | None:
    """Return what pieces take of a document's packet; None when it is too long, or not XMP.

    A document type declaration is refused: no XMP has one, and entities are the way to make a packet explode.
    """
    if len(data) > MAX_BYTES:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
    try:
        root = etree.fromstring(data.strip(b" \t\r\n\x00"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if cast("Any", root.getroottree().docinfo).doctype:  # the stubs do not know it
        return None
    rdf = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        return None
    claims = False
    for description in rdf.findall(f"{{{_RDF}}}Description"):
        claims |= _cleaned(description)
        if not len(description) and set(description.attrib) <= {f"{{{_RDF}}}about"}:
            rdf.remove(description)
    _add_title(rdf)
    body = etree.tostring(root, encoding="unicode")
    text = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{body}\n<?xpacket end="w"?>'
    return Packet(text, claims=claims)


def _cleaned(description: etree._Element) -> bool:
    """Take out what a piece must not or need not carry; tell whether there was a claim."""
    claims = False
    for child in list(description):
        tag = str(child.tag)
        claim = tag[1:].startswith(_CLAIMS) or tag in _CLAIM_NAMES
        claims |= claim
        if claim or tag in _LONG or tag == f"{{{_DC}}}title":
            description.remove(child)
    for name in list(description.attrib):
        claim = str(name)[1:].startswith(_CLAIMS) or name in _CLAIM_NAMES
        claims |= claim
        if claim:
            del description.attrib[name]
    return claims


def _add_title(rdf: etree._Element) -> None:
    description = etree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    title = etree.SubElement(description, f"{{{_DC}}}title", nsmap={"dc": _DC})
    item = etree.SubElement(etree.SubElement(title, f"{{{_RDF}}}Alt"), f"{{{_RDF}}}li", {_XML_LANG: "x-default"})
    item.text = _HOLE
