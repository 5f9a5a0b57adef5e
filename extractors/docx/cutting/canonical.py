"""XML as what it shows: names that only tie a document together are replaced by what they stand for.

Relationship ids become the hash of the part (or the address) they lead to, note and comment ids the hash of the note or
comment, style ids are joined by the hash of the style with everything it inherits. Left out are revision ids, drawing
ids, bookmarks, proofing marks and page breaks of the last layout.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx.cutting import active, marks
from extractors.docx.cutting.listed import NUM_ID, NUM_PR
from extractors.docx.cutting.marks import ADDED, MOVED, SECTION_PLACE
from extractors.docx.cutting.notes import NOTE_REFERENCES
from extractors.docx.cutting.ranges import COMMENT_REFERENCE
from extractors.docx.cutting.sections import FOOTER, HEADER
from extractors.docx.cutting.trees import alone, canonical, take
from extractors.docx.names import PIC, R_ID, W_ID, W_SECT_PR, W_VAL, WP, A, w

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.cutting.parts import Link, Parts
    from extractors.docx.cutting.sections import Section

_W14 = "http://schemas.microsoft.com/office/word/2010/wordml"
_REVISIONS = (
    *(w(name) for name in ("rsid", "rsidR", "rsidRPr", "rsidRDefault", "rsidP", "rsidTr", "rsidDel", "rsidSect")),
    f"{{{_W14}}}paraId",
    f"{{{_W14}}}textId",
)
_UNSEEN = (
    w("bookmarkStart"), w("bookmarkEnd"), w("permStart"), w("permEnd"), w("proofErr"), w("lastRenderedPageBreak"),
    SECTION_PLACE,
)  # fmt: skip
# Elements whose own id says nothing.
_NAMED = (
    *marks.RANGE_STARTS,
    *marks.RANGE_ENDS,
    *(
        w(name)
        for name in (
            "ins", "del", "moveFrom", "moveTo", "cellIns", "cellDel", "cellMerge", "rPrChange", "pPrChange",
            "trPrChange", "tcPrChange", "tblPrChange", "tblPrExChange", "tblGridChange", "sectPrChange",
            "numberingChange",
        )
    ),
)  # fmt: skip
_DRAWN = (f"{{{WP}}}docPr", f"{{{PIC}}}cNvPr", f"{{{A}}}cNvPr")
_STYLED = tuple(w(name) for name in ("pStyle", "rStyle", "tblStyle"))
_MAX_CHAIN = 64
_SDT_ID = f"{w('sdtPr')}/{W_ID}"


class Canonical:
    """Prints of what a document's blocks refer to, each made once."""

    def __init__(self, parts: Parts, styles: Element | None, beside: dict[str, Element]) -> None:
        """Begin a document.

        Args:
            parts: Its parts.
            styles: Root of the styles.
            beside: Roots of footnotes, endnotes and comments, by ``footnote``, ``endnote``, ``comment``.
        """
        self._parts = parts
        self._styles = (
            {} if styles is None else {each.get(w("styleId"), ""): each for each in styles.iterchildren(w("style"))}
        )
        self._style_prints: dict[str, bytes] = {}
        self._defaults = self._style_defaults(styles)
        self._beside = {
            kind: {each.get(W_ID, ""): each for each in root if isinstance(each.tag, str)}
            for kind, root in beside.items()
        }
        self._beside_prints: dict[tuple[str, str], bytes] = {}
        self._part_prints: dict[str, bytes] = {}
        self._links: dict[str, dict[str, Link]] = {}
        self._targets: dict[tuple[str, str], bytes | None] = {}

    def prepare(self, root: Element, part: str) -> None:
        """Simplify everything below ``root`` and resolve what it refers to, so that it can be hashed.

        Args:
            root: Marks of cutting undone; it is changed.
            part: The part it stands in.
        """
        etree.strip_attributes(root, *_REVISIONS)
        etree.strip_elements(root, *_UNSEEN, with_tail=False)
        for each in [each for each in root.iter(W_SECT_PR) if each is not root]:
            marks.drop(each)
        for each in root.iter(*_NAMED):
            take(each, W_ID)
        for each in root.iter(*_DRAWN):
            take(each, "id")
        for each in list(root.iterfind(f".//{_SDT_ID}")):
            marks.drop(each)
        for each in list(root.iter(NUM_PR)):
            _simplify_list(each)
        for each in root.iter(*NOTE_REFERENCES, COMMENT_REFERENCE):
            kind = NOTE_REFERENCES.get(str(each.tag), "comment")
            each.set(W_ID, self._note(kind, each.get(W_ID, "")).hex())
        for each in active.referring(root):
            for name in active.reference_names(each):
                each.set(name, (self._target(part, each.get(name, "")) or b"").hex())

    def digest(self, element: Element) -> bytes:
        """Return a hash of a prepared element, with the styles it uses."""
        styles = {each.get(W_VAL, "") for each in element.iter(*_STYLED)}
        data = canonical(element)
        found = hashlib.sha256(data)
        found.update(self._defaults)
        for style in sorted(styles):
            found.update(self._style(style))
        return found.digest()

    def section(self, section: Section | None) -> bytes:
        """Return a hash of a section's properties with the headers and footers it shows, inherited ones too."""
        if section is None:
            return b""
        properties = alone(section.properties)
        shown = dict(section.inherited)
        for each in list(properties.iterchildren(HEADER, FOOTER)):
            shown[str(each.tag), each.get(w("type"), "default")] = each.get(R_ID, "")
            properties.remove(each)
        active.drop_dead(properties, self._parts.dead(self._parts.main), lambda _element, _reason: None)
        marks.restore(properties)
        take(properties, MOVED)
        self.prepare(properties, self._parts.main)
        found = hashlib.sha256(self.digest(properties))
        for (tag, kind), identity in sorted(shown.items()):
            target = self._target(self._parts.main, identity)
            if target is not None:
                found.update(f"\0{tag}\0{kind}\0".encode() + target)
        return found.digest()

    def _note(self, kind: str, identity: str) -> bytes:
        key = (kind, identity)
        found = self._beside_prints.get(key)
        if found is None:
            self._beside_prints[key] = b""  # a note that refers to itself ends here
            element = self._beside.get(kind, {}).get(identity)
            if element is not None:
                copy = alone(element)
                take(copy, W_ID)
                self.prepare(copy, self._part_of(kind))
                self._beside_prints[key] = self.digest(copy)
            found = self._beside_prints[key]
        return found

    def _part_of(self, kind: str) -> str:
        wanted = f"{kind}s"
        return next(
            (each.part for each in self._parts.links(self._parts.main) if each.relation.kind == wanted and each.part),
            "",
        )

    def _target(self, part: str, identity: str) -> bytes | None:
        """Return what a relationship of a part stands for; None when there is no such relationship."""
        key = (part, identity)
        if key not in self._targets:
            if part not in self._links:
                self._links[part] = {each.relation.id: each for each in self._parts.links(part)} if part else {}
            link = self._links[part].get(identity)
            self._targets[key] = None if link is None else self._behind(part, link)
        return self._targets[key]

    def _behind(self, part: str, link: Link) -> bytes:
        if link.part is None:
            return hashlib.sha256(link.relation.target.encode()).digest()
        if link.part == self._parts.main:
            return b""
        found = self.part(link.part)
        if link.relation.kind == "diagramData":
            for drawing in sorted(self._parts.drawings(link.part)):
                found += self._target(part, drawing) or b""
        return found

    def part(self, part: str) -> bytes:
        """Return a hash of a part's bytes and of everything it leads to."""
        found = self._part_prints.get(part)
        if found is None:
            self._part_prints[part] = b""  # a circle of parts ends here
            data = self._parts.cleaned(part)
            hashed = hashlib.sha256(self._parts.package.container.read(part) if data is None else data)
            for each in self._parts.links(part):
                hashed.update(f"\0{each.relation.id}\0{each.relation.target if each.part is None else ''}\0".encode())
                if each.part is not None:
                    hashed.update(self.part(each.part))
            found = self._part_prints[part] = hashed.digest()
        return found

    def _style(self, style: str) -> bytes:
        found = self._style_prints.get(style)
        if found is None:
            hashed = hashlib.sha256()
            at: str | None = style
            for _ in range(_MAX_CHAIN):
                element = self._styles.get(at or "")
                if element is None:
                    break
                copy = alone(element)
                etree.strip_attributes(copy, *_REVISIONS)
                etree.strip_elements(copy, w("rsid"), NUM_ID, with_tail=False)
                hashed.update(canonical(copy))
                based_on = element.find(w("basedOn"))
                at = None if based_on is None else based_on.get(W_VAL)
            found = self._style_prints[style] = hashed.digest()
        return found

    def _style_defaults(self, styles: Element | None) -> bytes:
        hashed = hashlib.sha256()
        defaults = None if styles is None else styles.find(w("docDefaults"))
        if defaults is not None:
            hashed.update(canonical(defaults))
        for identity, element in self._styles.items():
            if element.get(w("default")) in {"1", "true", "on"}:
                hashed.update(self._style(identity))
        return hashed.digest()


def level_print(level: Element | None) -> bytes:
    """Return a hash of how a list level looks; text and start, which a cut may change, show in the numbers."""
    if level is None:
        return b""
    copy = alone(level)
    etree.strip_attributes(copy, w("tplc"), w("tentative"))
    etree.strip_elements(copy, w("start"), w("lvlText"), w("pStyle"), w("lvlPicBulletId"), with_tail=False)
    return hashlib.sha256(canonical(copy)).digest()


def _simplify_list(properties: Element) -> None:
    """Keep of ``w:numPr`` only whether there is a list: which one shows in the number."""
    for each in properties.iterchildren(NUM_ID):
        each.set(W_VAL, "0" if each.get(W_VAL) == "0" else "1")
    take(properties, ADDED)
