"""Embedded fonts: a piece keeps those that its text can use, unless it is to do without.

Which fonts text can use is told from names: those that stand in the text itself, in headers, footers and notes, and,
unless every run names its own, in the styles and lists it uses with all that those inherit, and in the defaults. None
that is needed is ever missed so; some may be kept that are not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree

from extractors.base import Change
from extractors.docx import safexml
from extractors.docx.cutting import marks
from extractors.docx.cutting.archive import reachable
from extractors.docx.cutting.trees import values
from extractors.docx.names import R_ID, W_VAL, w

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element as Element

    from extractors.docx.cutting.archive import Contents
    from extractors.docx.cutting.parts import Parts

EMBEDDED = tuple(w(name) for name in ("embedRegular", "embedBold", "embedItalic", "embedBoldItalic"))
"""In the order in which they stand in an entry of the table of fonts."""
W_NAME = w("name")
_ALT_NAME, _STYLE, _STYLE_ID = w("altName"), w("style"), w("styleId")
_DEFINITIONS = frozenset({"fontTable", "styles", "stylesWithEffects", "theme", "numbering", "settings", "webSettings"})
"""Parts that name fonts whether or not a text uses them."""
# Of XML in lower case.
_XML = re.compile(r"[/+]xml$")
_STYLED = re.compile(rb"""(?:[pr]|tbl)style\b[^<>]*?\bval\s*=\s*["']([^"'<>]{1,255})["']""")
_LISTED = re.compile(rb"""\bnumid\b[^<>]*?\bval\s*=\s*["'](-?\d{1,9})["']""")
_THEMES = {"minor": (b'theme="minor', b'"+mn-'), "major": (b'theme="major', b'"+mj-')}
_RUN = re.compile(rb"<w:r[ >].*?</w:r>", re.DOTALL)
_NAMING = re.compile(rb"<w:rfonts\b[^<>]*>")
_SCRIPTS = ("ascii", "hansi", "eastasia", "cs")
_FACES = {
    re.compile(rb"<\w+:b(?:cs)?[\s/>]"): {EMBEDDED[1], EMBEDDED[3]},
    re.compile(rb"<\w+:i(?:cs)?[\s/>]"): {EMBEDDED[2], EMBEDDED[3]},
}
_typefaces = etree.XPath(".//@typeface", smart_strings=False)


class Fonts:
    """The embedded fonts of one document.

    Args:
        parts: Its parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._beside = {each.relation.kind: each.part for each in parts.links(parts.main) if each.part is not None}
        self._table = self._beside.get("fontTable")
        self._files = {each.relation.id: each.part for each in parts.links(self._table)} if self._table else {}
        self._entries: dict[str, tuple[list[bytes], dict[str, str]]] = {}
        for entry in parts.root(self._table) if self._table and self._files else ():
            ids = {each.get(R_ID, ""): str(each.tag) for each in entry if each.tag in EMBEDDED}
            ids = {key: tag for key, tag in ids.items() if key in self._files}
            names = [entry.get(W_NAME, ""), *(each.get(W_VAL, "") for each in entry.iterchildren(_ALT_NAME))]
            if ids:
                needles = [f'="{escape(name)}"'.lower().encode() for name in names if name]
                self._entries[names[0]] = (needles, ids)
        self._styles: dict[str, tuple[bytes, list[str]]] = {}
        self._always: list[bytes] = []
        self._themes: dict[str, bytes] = {}
        if self._entries:
            self._read_styles()
            self._themes = self._read_themes()

    def prune(self, contents: Contents, *, drop: bool) -> tuple[Change, ...]:
        """Leave fonts out of a piece: those that its text does not use, or all.

        Args:
            contents: What the piece holds; changed.
            drop: Leave all out.

        Returns:
            A change where fonts that the text uses are left out.
        """
        if self._table is None or not self._entries:
            return ()
        used = set(self._used(contents))
        kept = set() if drop else used
        if kept != self._files.keys():
            contents.kept[self._table] = kept
            contents.replaced[self._table] = self._parts.written(self._table, self._without(kept))
        if not (drop and used):
            return ()
        files = {part for each in used if (part := self._files[each]) is not None}
        size = sum(self._parts.package.container.stored_bytes(part) for part in files)
        message = (
            f"{len(files)} embedded font file(s) were left out: with them the piece would be too large. Where the "
            "fonts are not installed, others take their place."
        )
        before: dict[str, int | str] = {"fonts": len(files), "bytes": size}
        return (Change(code="fonts-dropped", message=message, before=before, after={"fonts": 0, "bytes": 0}),)

    def _used(self, contents: Contents) -> Iterator[str]:
        """Yield the relationships of font files that are used."""
        texts = [data.lower() for data in self._texts(contents)]
        found = (
            list(texts) if all(map(_names_all, texts)) else [*texts, *self._always, *self._definitions(texts, contents)]
        )
        faces = {EMBEDDED[0]}
        for face, tags in _FACES.items():
            if any(face.search(data) for data in found):
                faces |= tags
        for themed, data in self._themes.items():
            if any(mark in each for each in found for mark in _THEMES[themed]):
                found.append(data)
        for needles, files in self._entries.values():
            if any(needle in each for each in found for needle in needles):
                yield from (key for key, tag in files.items() if tag in faces or len(files) == 1)

    def _texts(self, contents: Contents) -> Iterator[bytes]:
        definitions = {part for kind, part in self._beside.items() if kind in _DEFINITIONS}
        for part in reachable(self._parts, contents):
            if part not in definitions and _XML.search(self._parts.content_type(part)):
                yield contents.replaced.get(part) or self._parts.data(part)

    def _definitions(self, texts: Iterable[bytes], contents: Contents) -> Iterator[bytes]:
        """Yield the styles and lists that texts use."""
        lists: set[bytes] = set()
        styles: set[str] = set()
        waiting: list[str] = []
        for text in texts:
            lists.update(_LISTED.findall(text))
            waiting += [one.decode("utf-8", "replace") for one in _STYLED.findall(text)]
        while waiting:
            style = waiting.pop()
            if style in styles or style not in self._styles:
                continue
            styles.add(style)
            data, inherited = self._styles[style]
            lists.update(_LISTED.findall(data))
            waiting += inherited
            yield data
        part = self._beside.get("numbering")
        if lists and part is not None:
            yield from _lists(contents.replaced.get(part) or self._parts.data(part), lists)

    def _read_styles(self) -> None:
        part = self._beside.get("styles")
        root: Element | None = None if part is None else self._parts.root(part)
        for each in root if root is not None else ():
            data = etree.tostring(each, with_tail=False).lower()
            default = each.get(w("default"), "") in {"1", "true", "on"}
            if each.tag != _STYLE or default:
                self._always.append(data)
            inherited = [one.get(W_VAL, "").lower() for one in each.iterchildren(w("basedOn"), w("link"))]
            self._styles[each.get(_STYLE_ID, "").lower()] = (data, inherited)

    def _read_themes(self) -> dict[str, bytes]:
        """Return the fonts of the theme as they would stand in a text, by what they are called there."""
        part = self._beside.get("theme")
        if part is None:
            return {}
        found = {}
        for each in self._parts.root(part).iter("{*}minorFont", "{*}majorFont"):
            names = [escape(one) for one in values(_typefaces, each)]
            found[etree.QName(each).localname[:5]] = "".join(f'="{name}"' for name in names).lower().encode()
        return found

    def _without(self, kept: set[str]) -> Element:
        root = self._parts.root(self._table or "")
        for each in [each for each in root.iter(*EMBEDDED) if each.get(R_ID, "") not in kept]:
            marks.drop(each)
        return root


def _names_all(text: bytes) -> bool:
    """Whether every run of a text, in lower case, names its fonts for all scripts, so that no style's can show."""
    if b"txbxcontent" in text or _LISTED.search(text):
        return False
    runs = [run for run in _RUN.findall(text) if b"<w:t" in run or b"<w:deltext" in run]
    if not runs:
        return b"<w:t>" not in text and b"<w:t " not in text and b":t>" not in text
    return all(_for_all_scripts(_NAMING.search(run)) for run in runs)


def _for_all_scripts(naming: re.Match[bytes] | None) -> bool:
    return naming is not None and all(f"w:{script}".encode() in naming[0] for script in _SCRIPTS)


def _lists(numbering: bytes, wanted: set[bytes]) -> Iterator[bytes]:
    """Yield the definitions of some lists; all where one refers to a style for its own."""
    root = safexml.parse(numbering, "numbering")
    numbers = {each.get(w("numId"), "").encode(): each for each in root.iterchildren(w("num"))}
    abstract = set()
    for number in wanted & numbers.keys():
        yield etree.tostring(numbers[number], with_tail=False).lower()
        abstract |= {one.get(W_VAL) for one in numbers[number].iterchildren(w("abstractNumId"))}
    for each in root.iterchildren(w("abstractNum")):
        linked = next(each.iterchildren(w("numStyleLink"), w("styleLink")), None) is not None
        if linked or each.get(w("abstractNumId")) in abstract:
            yield etree.tostring(each, with_tail=False).lower()
