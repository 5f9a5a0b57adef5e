"""The parts of a package as pieces need them: which stay, what they point to, and their XML without what must go."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx import names, safexml
from extractors.docx.cutting import active
from extractors.docx.cutting.fields import Fate, FieldPass, active_field
from extractors.docx.cutting.trees import values
from extractors.docx.package import CONTENT_TYPES, Package, Relation
from extractors.errors import DamagedDocument

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from lxml.etree import _Element as Element

    from extractors.docx.cutting.active import Policy

    Judge = Callable[[str], Fate]

DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
MAIN_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_STORIES = re.compile(r"\.(?:header|footer|footnotes|endnotes|comments|glossary|main)\+xml$")
_MACRO_PART = re.compile(r"(?:^|/)vba(?:Project|Data)[^/]*\.(?:bin|xml)$", re.IGNORECASE)
_XML_TYPE = re.compile(r"[/+]xml$")
_STRICT_NAME = re.compile(rb"""=\s*["'](http://purl\.oclc\.org/ooxml/[^"']{1,200})["']""")
_drawing_ids = etree.XPath("//@relId", smart_strings=False)
# Relationships that hold only while something refers to them by id; all others belong to the part as such.
_BY_REFERENCE = frozenset(
    {
        "image", "hyperlink", "chart", "chartEx", "diagramData", "diagramLayout", "diagramQuickStyle", "diagramColors",
        "diagramDrawing", "header", "footer", "oleObject", "package", "control", "aFChunk", "subDocument", "frame",
        "video", "audio", "media", "printerSettings", "slicer", "hdphoto", "ink", "model3d", "webextension",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship with what is needed to write it again.

    Attributes:
        relation: What it means.
        part: Stored name of the part it points to; None outside the package or when missing.
        element: Its ``Relationship`` element.
    """

    relation: Relation
    part: str | None
    element: Element


class Parts:
    """A package whose parts are cleaned once and used for every piece.

    Attributes:
        package: The package.
        policy: What to do with active content.
        taken: What was taken out, as (part, reason), in the order met. What goes with certain blocks of the main part
            stands under its name, what goes in any case under an empty one.
    """

    def __init__(self, package: Package, policy: Policy) -> None:
        self.package = package
        self.policy = policy
        self.taken: list[tuple[str, str]] = []
        self._stored = {name.lower(): name for name in package.container.names}
        self.main = self._stored.get(package.main.lower(), package.main)
        self._defaults, self._overrides = self._content_types()
        self._links: dict[str, tuple[Link, ...]] = {}
        self._dead: dict[str, dict[str, str]] = {}
        self._cleaned: dict[str, bytes | None] = {}
        self._damaged: set[str] = set()
        self._strict: dict[str, list[tuple[bytes, bytes]]] = {}

    def check(self) -> None:
        """Read every part the package leads to, and leave out those that are damaged; then ``taken`` is complete.

        Raises:
            DamagedDocument: The main part is damaged.
        """
        damaged: set[str] | None = None
        while damaged is None or damaged:
            self.taken.clear()
            self._links.clear()
            self._dead.clear()
            self._cleaned.clear()
            reached = self.reachable()
            damaged = {part for part in reached if part != self.main and self._is_damaged(part)}
            self._damaged |= damaged
        if self.policy.strip and any(_MACRO_PART.search(name) for name in set(self._stored.values()) - set(reached)):
            self.taken.append(("", active.MACROS))

    def reachable(self, keep: Callable[[str, Link], bool] | None = None) -> list[str]:
        """Return the parts that the package leads to, the main part first, the others as the package orders them.

        Args:
            keep: Tells whether a relationship of a part is followed; None follows all.
        """
        seen, waiting = {""}, [""]
        while waiting:
            part = waiting.pop()
            for link in self.links(part):
                if link.part is not None and link.part not in seen and (keep is None or keep(part, link)):
                    seen.add(link.part)
                    waiting.append(link.part)
        seen.add(self.main)
        return [self.main, *(name for name in self.package.container.names if name in seen and name != self.main)]

    def content_type(self, part: str) -> str:
        """Return the content type of a part as the package spells it; empty when it does not say."""
        extension = posixpath.splitext(part)[1].lstrip(".").lower()
        return self._overrides.get(part.lower()) or self._defaults.get(extension, "")

    def written_type(self, part: str) -> str:
        """Return the content type of a part in a piece: a document without macros is no macro-enabled one."""
        own = self.content_type(part)
        if part == self.main and self.policy.strip and "macroenabled" in own.lower():
            return MAIN_DOCX
        return own

    def default_type(self, extension: str) -> str:
        """Return the content type the package has for a file extension (without a dot)."""
        return self._defaults.get(extension.lower(), "")

    def stored(self, name: str) -> str | None:
        """Return a part's name as stored; None when there is no such part."""
        return self._stored.get(name.lower())

    def links(self, part: str) -> tuple[Link, ...]:
        """Return the relationships of a part that stay, in order; of the package for an empty name."""
        self._read_links(part)
        return self._links[part]

    def dead(self, part: str) -> dict[str, str]:
        """Return the relationships of a part that have to go: reason by id."""
        self._read_links(part)
        return self._dead[part]

    def data(self, part: str) -> bytes:
        """Return the XML of a part in the Transitional spelling."""
        raw = self.package.container.read(part)
        self._strict.setdefault(part, _strict_names(raw))
        return names.transitional(safexml.as_utf8(raw, part))

    def root(self, part: str) -> Element:
        """Parse a part; see :meth:`data`."""
        return safexml.parse(self.data(part), part)

    def spelled(self, part: str, data: bytes) -> bytes:
        """Return XML of a part in the spelling that the source has it in."""
        for plain, strict in self._strict.get(part, ()):
            data = data.replace(b'="' + plain + b'"', b'="' + strict + b'"')
        return data

    def adopt_spelling(self, part: str, other: Parts, other_part: str) -> None:
        """Spell names in a part as a part of another package does, too."""
        known = self._strict.setdefault(part, [])
        self._strict[part] = sorted({*known, *other._strict.get(other_part, ())}, reverse=True)

    def written(self, part: str, root: Element) -> bytes:
        """Return a tree as the bytes of a part."""
        data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
        return self.spelled(part, DECLARATION + data)

    def cleaned_root(self, part: str) -> Element:
        """Parse a part and take out of it what must go."""
        root = self.root(part)
        self._clean(part, root)
        return root

    def cleaned(self, part: str) -> bytes | None:
        """Return the XML of a part without what must go; None when it can stay as it is."""
        if part not in self._cleaned:
            self._cleaned[part] = self._cleaned_data(part)
        return self._cleaned[part]

    def referred(self, part: str, used: AbstractSet[str]) -> set[str]:
        """Return the relationships that a part still needs when what is left of it refers to ``used``."""
        links = self.links(part)
        drawings = {
            identity
            for each in links
            if each.relation.id in used and each.relation.kind == "diagramData" and each.part is not None
            for identity in self.drawings(each.part)
        }
        return {
            each.relation.id
            for each in links
            if each.relation.kind not in _BY_REFERENCE or each.relation.id in used or each.relation.id in drawings
        }

    def drawings(self, part: str) -> set[str]:
        """Return the ids by which a diagram names its drawing: relationships of the story, not of the diagram."""
        root = self.package.optional(part, "A diagram")
        return set() if root is None else set(values(_drawing_ids, root))

    def _cleaned_data(self, part: str) -> bytes | None:
        content_type = self.content_type(part)
        if not _XML_TYPE.search(content_type):
            return None
        root = self.root(part)
        return self.written(part, root) if self._clean(part, root) else None

    def _clean(self, part: str, root: Element) -> bool:
        before = len(self.taken)

        def note(_: Element, reason: str) -> None:
            self.taken.append((part, reason))

        active.drop_dead(root, self.dead(part), note)
        if self.policy.strip and _STORIES.search(self.content_type(part)):
            active.strip_objects(root, note)
            FieldPass(_judge(note, root)).block(0, root)
        return len(self.taken) > before

    def _is_damaged(self, part: str) -> bool:
        try:
            if _XML_TYPE.search(self.content_type(part)):
                self.cleaned(part)
            else:
                self.package.container.read(part)
        except DamagedDocument:
            return True
        return False

    def _read_links(self, part: str) -> None:
        if part in self._links:
            return
        kept: list[Link] = []
        dead: dict[str, str] = {}
        elements = self._relationship_elements(part)
        for relation in self.package.relations(part).values():
            target = None if relation.external else self.stored(relation.target)
            content_type = "" if target is None else self.content_type(target)
            reason = self.policy.verdict(relation, content_type, exists=target is not None)
            if target in self._damaged:
                reason = active.DAMAGED
            if reason is None:
                kept.append(Link(relation, target, elements[relation.id]))
            else:
                dead[relation.id] = reason
                by_block = part == self.main and relation.kind in _BY_REFERENCE
                self.taken.append((part if by_block else "" if part == self.main else part, reason))
        self._links[part], self._dead[part] = tuple(kept), dead

    def _relationship_elements(self, part: str) -> dict[str, Element]:
        folder, name = posixpath.split(part)
        source = posixpath.join(folder, "_rels", f"{name}.rels")
        if self.stored(source) is None:
            return {}
        root = safexml.parse(self.package.container.read(source), source)
        return {each.get("Id", ""): each for each in root}

    def _content_types(self) -> tuple[dict[str, str], dict[str, str]]:
        root = safexml.parse(self.package.container.read(CONTENT_TYPES), CONTENT_TYPES)
        defaults: dict[str, str] = {}
        overrides: dict[str, str] = {}
        for each in root:
            kind = each.get("ContentType") or ""
            if each.tag == f"{{{names.TYPES}}}Default":
                defaults[(each.get("Extension") or "").lower()] = kind
            elif each.tag == f"{{{names.TYPES}}}Override":
                overrides[(each.get("PartName") or "").lstrip("/").lower()] = kind
        return defaults, overrides


def _judge(note: active.Note, root: Element) -> Judge:
    def judge(instruction: str) -> Fate:
        reason = active_field(instruction, active.unsafe)
        if reason is None:
            return "keep"
        note(root, reason)
        return "strip"

    return judge


def _strict_names(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Return (Transitional, Strict) spellings of the names a part has in the Strict one, longest first."""
    pairs = []
    for strict in set(_STRICT_NAME.findall(raw)):
        plain = names.transitional(b'="' + strict + b'"')[2:-1]
        pairs.append((plain, strict))
    return sorted(pairs, reverse=True)
