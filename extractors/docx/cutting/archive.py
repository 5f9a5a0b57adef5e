"""Writing a package: only the parts that something in it points to, in a fixed order, with fixed times."""

from __future__ import annotations

import posixpath
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from xml.sax.saxutils import quoteattr

from extractors.docx.names import RELATIONS, TYPES
from extractors.docx.package import CONTENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractors.docx.cutting.parts import Link, Parts

    Entry = tuple[str, bytes | None, Parts | None, str]

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
_RELATIONSHIPS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
_TIME = (1980, 1, 1, 0, 0, 0)
_LEVEL = 6
_FONTS = frozenset({".odttf", ".ttf", ".otf", ".fntdata"})
_WORTH_PACKING = 0.97  # of the size in the source; pictures that are compressed already are stored as they are


@dataclass(slots=True)
class Contents:
    """What a piece holds that differs from the source.

    Attributes:
        replaced: New bytes of parts, by stored name.
        kept: Relationships that a part keeps (ids); parts not named keep all that may stay.
        dropped: Parts that are left out with every relationship to them.
        renamed: New names of parts.
        types: Content types of renamed and added parts.
        added: Parts that the source lacks: name → bytes; the package points to them by ``added_kinds``.
        added_kinds: Relationship type from the package by the name of an added part.
    """

    replaced: dict[str, bytes] = field(default_factory=dict)
    kept: dict[str, set[str]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    added: dict[str, bytes] = field(default_factory=dict)
    added_kinds: dict[str, str] = field(default_factory=dict)

    def keeps(self, part: str, link: Link) -> bool:
        """Tell whether a part keeps a relationship."""
        kept = self.kept.get(part)
        return (kept is None or link.relation.id in kept) and (link.part is None or link.part not in self.dropped)


def write(parts: Parts, contents: Contents, out: BinaryIO) -> None:
    """Write a package.

    Args:
        parts: The source's parts.
        contents: What differs.
        out: Empty, seekable, open for writing.
    """
    order = reachable(parts, contents)
    entries: list[Entry] = [(CONTENT_TYPES, _types(parts, contents, order), None, "")]
    for part in ("", *order):
        if part:
            data = contents.replaced.get(part)
            name = contents.renamed.get(part, part)
            entries.append((name, parts.cleaned(part) if data is None else data, parts, part))
        relations = _relationships(parts, contents, part)
        if relations:
            entries.append((relationships_name(contents.renamed.get(part, part)), relations, None, ""))
    entries.extend((name, data, None, "") for name, data in contents.added.items())
    pack(out, entries)


def pack(out: BinaryIO, entries: Iterable[Entry]) -> None:
    """Write a ZIP archive of (name, bytes or None to copy, whose part to copy, its stored name)."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, given, parts, part in entries:
            method, data = zipfile.ZIP_DEFLATED, given or b""
            if given is None and parts is not None:
                container = parts.package.container
                data = container.read(part)
                if container.stored_bytes(part) >= _WORTH_PACKING * len(data):
                    method = zipfile.ZIP_STORED
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = method
            info.external_attr = 0o600 << 16
            archive.writestr(info, data, compress_type=method, compresslevel=_LEVEL)


def relationships(links: Iterable[tuple[str, str, str, bool]]) -> bytes:
    """Return a relationships part from (id, type, target, external)."""
    lines = "".join(
        f"<Relationship Id={quoteattr(identity)} Type={quoteattr(kind)} Target={quoteattr(target)}"
        f"{' TargetMode=' + quoteattr('External') if external else ''}/>"
        for identity, kind, target, external in links
    )
    return f'{DECLARATION}<Relationships xmlns="{RELATIONS}">{lines}</Relationships>'.encode()


def content_types(of_part: Mapping[str, str], default_of: Mapping[str, str]) -> bytes:
    """Return the list of content types.

    Args:
        of_part: Type of every part.
        default_of: Types by file extension that the source declares; used where they fit.
    """
    defaults = {"rels": _RELATIONSHIPS_TYPE}
    overrides: dict[str, str] = {}
    for part, kind in of_part.items():
        extension = posixpath.splitext(part)[1].lstrip(".").lower()
        if extension and kind and defaults.get(extension, default_of.get(extension)) == kind:
            defaults[extension] = kind
        elif kind:
            overrides[part] = kind
    lines = [
        f"<Default Extension={quoteattr(extension)} ContentType={quoteattr(kind)}/>"
        for extension, kind in sorted(defaults.items())
    ]
    lines += [
        f"<Override PartName={quoteattr('/' + part)} ContentType={quoteattr(kind)}/>"
        for part, kind in overrides.items()
    ]
    return f'{DECLARATION}<Types xmlns="{TYPES}">{"".join(lines)}</Types>'.encode()


def relationships_name(part: str) -> str:
    """Return the name of the relationships part of a part; of the package for an empty name."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def reachable(parts: Parts, contents: Contents) -> list[str]:
    """Return the parts that a piece holds, the main part first, the others as the source orders them."""
    return parts.reachable(contents.keeps)


def _relationships(parts: Parts, contents: Contents, part: str) -> bytes:
    lines = []
    for link in parts.links(part):
        if not contents.keeps(part, link):
            continue
        target = link.element.get("Target", "")
        if link.part is not None and link.part in contents.renamed:
            target = f"/{contents.renamed[link.part]}"
        lines.append((link.relation.id, link.element.get("Type", ""), target, link.relation.external))
    if not part:
        used = {line[0] for line in lines}
        for name, kind in contents.added_kinds.items():
            number = 1
            while f"rId{number}" in used:
                number += 1
            used.add(f"rId{number}")
            lines.append((f"rId{number}", kind, name, False))
    return relationships(lines) if lines else b""


def _types(parts: Parts, contents: Contents, order: list[str]) -> bytes:
    of_part = {}
    for part in order:
        name = contents.renamed.get(part, part)
        of_part[name] = contents.types.get(name) or parts.written_type(part)
    for name in contents.added:
        of_part[name] = contents.types[name]
    extensions = {posixpath.splitext(name)[1].lstrip(".").lower() for name in of_part}
    return content_types(of_part, {each: kind for each in extensions if (kind := parts.default_type(each))})


def heaviest(piece: BinaryIO) -> tuple[str, int]:
    """Return what of a package weighs most, in words, and its packed bytes."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(piece) as archive:
        first = archive.infolist()[1]  # after the list of types comes the text
        for info in archive.infolist():
            folder, name = posixpath.split(info.filename)
            extension = posixpath.splitext(name)[1].lower()
            what = "styles and other parts"
            if extension in _FONTS or folder.endswith("media"):
                what = "embedded fonts" if extension in _FONTS else "its pictures"
            elif info is first:
                what = "its text"
            sizes[what] += info.compress_size
    return max(sizes.items(), key=lambda one: (one[1], one[0]))
