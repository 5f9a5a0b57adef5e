"""Putting packages together: parts and relationships of several pieces under names that do not clash.

Pieces of one split use the source's part names and relationship ids, so equal names mostly mean equal things. Where
they do not (a picture shrunk in one piece only), the newcomer gets a name of its own and its references are rewritten.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from extractors.docx.cutting import active, archive
from extractors.docx.cutting.canonical import Canonical
from extractors.docx.package import CONTENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element

    from extractors.docx.cutting.parts import Parts


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship as it is written: type, target and whether that is outside."""

    kind: str
    target: str
    external: bool


@dataclass(slots=True)
class Names:
    """How the names of one piece read in the whole.

    Attributes:
        parts: New part names by those in the piece.
        ids: New relationship ids of its merged parts: part in the piece → old id → new id.
    """

    parts: dict[str, str] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)


class Merged:
    """The package being put together."""

    def __init__(self) -> None:
        self._copied: dict[str, tuple[Parts, str]] = {}
        self._prints: dict[str, bytes] = {}
        self._relations: dict[str, dict[str, Relationship]] = {}
        self._types: dict[str, str] = {}
        self._written: dict[str, bytes] = {}

    def add(self, parts: Parts, merged: Mapping[str, str]) -> Names:
        """Take over the parts of a piece.

        Args:
            parts: Of the piece.
            merged: Parts whose XML the caller merges: name in the piece → name in the whole.

        Returns:
            What the piece's names have become.
        """
        names = Names()
        canonical = Canonical(parts, None, {})
        order = parts.reachable()
        for part in order:
            if part in merged:
                names.parts[part] = merged[part]
                self._types.setdefault(merged[part], parts.content_type(part))
            else:
                names.parts[part] = self._take(parts, part, canonical.part(part))
        for part in ("", *order):
            if part in merged or not part:
                names.ids[part] = self._merge_relations(parts, part, names)
            elif self._copied[names.parts[part]] == (parts, part):
                self._relations[names.parts[part]] = {
                    each.relation.id: _relationship(each.element, each.part, names) for each in parts.links(part)
                }
        return names

    def write_part(self, name: str, data: bytes) -> None:
        """Set the bytes of a merged part."""
        self._written[name] = data

    def write(self, main: str, default_types: Mapping[str, str], out: BinaryIO) -> None:
        """Write the package.

        Args:
            main: Name of the main part, written first.
            default_types: Content types by extension that the source declares.
            out: Empty, seekable, open for writing.
        """
        every = [main, *(name for name in self._types if name != main)]
        present = [name for name in every if name in self._written or name in self._copied]
        types = {name: self._types[name] for name in present}
        entries: list[tuple[str, bytes | None, Parts | None, str]] = [
            (CONTENT_TYPES, archive.content_types(types, default_types), None, "")
        ]
        for name in ("", *present):
            if name in self._written:
                entries.append((name, self._written[name], None, ""))
            elif name:
                entries.append((name, self._copied[name][0].cleaned(self._copied[name][1]), *self._copied[name]))
            links = self._relations.get(name)
            if links:
                lines = [(key, each.kind, each.target, each.external) for key, each in links.items()]
                entries.append((archive.relationships_name(name), archive.relationships(lines), None, ""))
        archive.pack(out, entries)

    def _take(self, parts: Parts, part: str, made_of: bytes) -> str:
        stem, extension = posixpath.splitext(part)
        name, number = part, 1
        while name in self._types and self._prints.get(name) != made_of:
            number += 1
            name = f"{stem}-{number}{extension}"
        if name not in self._types:
            self._types[name] = parts.content_type(part)
            self._prints[name] = made_of
            self._copied[name] = (parts, part)
        return name

    def _merge_relations(self, parts: Parts, part: str, names: Names) -> dict[str, str]:
        known = self._relations.setdefault(names.parts.get(part, ""), {})
        changed: dict[str, str] = {}
        for each in parts.links(part):
            wanted = _relationship(each.element, each.part, names)
            identity, number = each.relation.id, 1
            while identity in known and known[identity] != wanted:
                number += 1
                identity = f"{each.relation.id}x{number}"
            if not part and wanted in known.values():
                continue  # the package points to its document, its properties … once
            known[identity] = wanted
            if identity != each.relation.id:
                changed[each.relation.id] = identity
        return changed


def rewrite(root: Element, ids: Mapping[str, str]) -> None:
    """Give references below ``root`` their new relationship ids."""
    for element in active.referring(root) if ids else ():
        for name in active.reference_names(element):
            value = str(element.attrib[name])
            if value in ids:
                element.set(name, ids[value])


def _relationship(element: Element, part: str | None, names: Names) -> Relationship:
    target = element.get("Target", "")
    if part is not None and names.parts.get(part, part) != part:
        target = f"/{names.parts[part]}"
    return Relationship(element.get("Type", ""), target, element.get("TargetMode", "") == "External")
