"""Pieces of one split put together again: blocks in order, every mend undone.

Pieces carry marks of what cutting changed (:mod:`extractors.docx.cutting.marks`), so lists, sections, fields and ranges
come out as they were in the source. Notes, comments and pictures that several pieces carry appear once. What cutting
took out for safety, or shrank, stays as it is in the pieces.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from extractors.base import ReadLimits
from extractors.docx.container import Container
from extractors.docx.cutting import marks, properties, rows
from extractors.docx.cutting.active import Policy
from extractors.docx.cutting.fonts import EMBEDDED, W_NAME
from extractors.docx.cutting.index import Body
from extractors.docx.cutting.marks import ADDED, AGAIN, MOVED, ROWS, SECTION_PLACE
from extractors.docx.cutting.merge import Merged, Names, rewrite
from extractors.docx.cutting.parts import Parts
from extractors.docx.cutting.scan import inside
from extractors.docx.cutting.trees import attributes, new, take
from extractors.docx.names import W_AUTHOR, W_CUSTOM_XML, W_ID, W_SDT, W_SDT_CONTENT, W_SECT_PR, W_TBL, w
from extractors.docx.package import Package
from extractors.errors import ExtractionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

_MERGED_KINDS = (
    "footnotes", "endnotes", "comments", "commentsExtended", "commentsIds", "commentsExtensible", "people", "numbering",
    "settings", "fontTable",
)  # fmt: skip
_OF_FIRST = frozenset({"numbering", "settings"})  # every piece has them whole
# What tells entries of a merged part apart: the first of these attributes that they have.
_KEYS = (
    W_ID,
    W_AUTHOR,
    "{http://schemas.microsoft.com/office/word/2012/wordml}paraId",
    "{http://schemas.microsoft.com/office/word/2012/wordml}author",
    "{http://schemas.microsoft.com/office/word/2016/wordml/cid}paraId",
    "{http://schemas.microsoft.com/office/word/2018/wordml/cex}durableId",
    W_NAME,
)


@dataclass(frozen=True, slots=True)
class _Piece:
    parts: Parts
    body: Body


class _Nothing:
    """An observer that has nothing to find out."""

    def block(self, number: int, element: Element) -> None:
        """Do nothing."""

    def mark(self, number: int, element: Element) -> None:
        """Do nothing."""


def join_docx(pieces: Sequence[BinaryIO], out: BinaryIO, limits: ReadLimits | None = None) -> None:
    """Write the blocks of all pieces as one document; same pieces, same bytes.

    Args:
        pieces: The pieces in order, seekable.
        out: Empty, seekable, open for writing.
        limits: Safety limits for each piece.

    Raises:
        ExtractionError: There is no piece, or one cannot be opened.
    """
    if not pieces:
        raise ExtractionError("There is nothing to join. Name the pieces in their order.")
    opened = [_open(piece, limits or ReadLimits()) for piece in pieces]
    base = opened[0].parts
    joiner = _Joiner(opened[0])
    merged = Merged()
    roots: dict[str, Element] = {}
    for at, piece in enumerate(opened):
        names_of_kind = _kinds(piece.parts)
        whole = {part: _whole_name(kind, part, base) for kind, part in names_of_kind.items()}
        names = merged.add(piece.parts, {piece.parts.main: base.main, **whole, **_properties(piece.parts, base)})
        joiner.add(piece, names, last=at == len(opened) - 1)
        base.adopt_spelling(base.main, piece.parts, piece.parts.main)
        for kind, part in names_of_kind.items():
            if at == 0 or kind not in _OF_FIRST or whole[part] not in roots:
                root = _restored(piece.parts, part, names)
                base.adopt_spelling(whole[part], piece.parts, part)
                _merge(roots, whole[part], root)
    merged.write_part(base.main, base.spelled(base.main, opened[0].body.whole(joiner.finish())))
    for name, root in roots.items():
        merged.write_part(name, base.written(name, root))
    for name, root in _joined_properties(base):
        merged.write_part(name, base.written(name, root))
    extensions = {part.rpartition(".")[2].lower() for piece in opened for part in piece.parts.package.container.names}
    merged.write(base.main, {each: kind for each in sorted(extensions) if (kind := base.default_type(each))}, out)


class _Joiner:
    """Strings the blocks of pieces together."""

    def __init__(self, base: _Piece) -> None:
        self._base = base
        self._inner: list[bytes] = []
        self._held: Element | None = None

    def add(self, piece: _Piece, names: Names, *, last: bool) -> None:
        """Add the blocks of a piece."""
        body = piece.body
        for begin, end in body.groups(1, body.count):
            stretch = body.stretch(begin, end, trailing=end == body.count)
            marks.restore(stretch.root)
            rewrite(stretch.root, names.ids.get(piece.parts.main, {}))
            if end == body.count:
                _end_section(stretch.body, last=last)
            self._append(list(stretch.body))

    def finish(self) -> list[bytes]:
        """Return the XML inside the body, in stretches."""
        self._append([])
        if self._held is not None:
            self._write([self._held])
        return self._inner

    def _append(self, children: list[Element]) -> None:
        """Write what is held back and all children but the last, which the next piece may go on with."""
        if self._held is not None and children and _goes_on(self._held, children[0]):
            _merge_blocks(self._held, children.pop(0))
        if not children:
            return
        if self._held is not None:
            children.insert(0, self._held)
        self._held = children.pop()
        parent = self._held.getparent()
        if parent is not None:
            parent.remove(self._held)
        self._write(children)

    def _write(self, children: list[Element]) -> None:
        root = self._base.body.empty()
        root[-1].extend(_settled(children))
        self._inner.append(self._base.body.inner(root))


def _open(file: BinaryIO, limits: ReadLimits) -> _Piece:
    parts = Parts(Package(Container.open(file, limits)), Policy(strip=False))
    parts.check()
    return _Piece(parts, Body(parts.data(parts.main), parts.main, _Nothing))


def _kinds(parts: Parts) -> dict[str, str]:
    return {
        each.relation.kind: each.part
        for each in parts.links(parts.main)
        if each.relation.kind in _MERGED_KINDS and each.part is not None
    }


def _whole_name(kind: str, part: str, base: Parts) -> str:
    return _kinds(base).get(kind, part)


def _properties(parts: Parts, base: Parts) -> dict[str, str]:
    """Return the parts with the document's properties: those of the first piece stand for all."""
    found = {}
    for kinds in (properties.CORE_KINDS, properties.APP_KINDS):
        own = [each.part for each in parts.links("") if each.relation.kind in kinds and each.part]
        first = [each.part for each in base.links("") if each.relation.kind in kinds and each.part]
        if own and first:
            found[own[0]] = first[0]
    return found


def _joined_properties(base: Parts) -> Iterator[tuple[str, Element]]:
    for each in base.links(""):
        if each.part is not None and each.relation.kind in properties.CORE_KINDS | properties.APP_KINDS:
            root = base.root(each.part)
            if each.relation.kind in properties.CORE_KINDS:
                properties.drop_description(root)
            yield each.part, root


def _restored(parts: Parts, part: str, names: Names) -> Element:
    """Return a part beside the body as the source had it, with the relationship ids of the whole."""
    root = parts.root(part)
    marks.restore(root)
    rewrite(root, names.ids.get(part, {}))
    for each in list(root.iterchildren(w("num"))):
        if each.get(ADDED) is not None:
            marks.drop(each)
    return _without_marks(root)


def _merge(roots: dict[str, Element], name: str, root: Element) -> None:
    """Add the entries of a part to those of pieces before."""
    whole = roots.setdefault(name, root)
    if whole is not root:
        known = {_key(each): each for each in whole}
        whole.extend([deepcopy(each) for each in root if _key(each) not in known])
        for each in root:
            _add_fonts(known.get(_key(each)), each)


def _add_fonts(whole: Element | None, other: Element) -> None:
    """Add to an entry of the table of fonts the files that only another piece has of it."""
    files = [each for each in other if each.tag in EMBEDDED]
    if whole is None or not files:
        return
    known = {each.tag for each in whole}
    whole.extend([deepcopy(each) for each in files if each.tag not in known])
    mine = sorted((each for each in whole if each.tag in EMBEDDED), key=lambda each: EMBEDDED.index(str(each.tag)))
    whole.extend(mine)  # which moves them to where they belong: the end


def _key(element: Element) -> tuple[str, str]:
    return str(element.tag), next((value for name in _KEYS if (value := element.get(name)) is not None), "")


def _without_marks(root: Element) -> Element:
    """Return a root that does not declare the marks' namespace any more."""
    for prefix, address in root.nsmap.items():
        if address == marks.CUT and prefix:
            marks.undeclare(root, prefix)
            names = {name: each for name, each in root.nsmap.items() if each != marks.CUT}
            made = new(root.tag, attributes(root), names)
            made.extend(list(root))
            return made
    return root


def _end_section(body: Element, *, last: bool) -> None:
    """Put section properties back where they were, and drop those that only ended a piece."""
    final = next(body.iterchildren(W_SECT_PR), None)
    places = list(body.iter(SECTION_PLACE))
    if final is not None and not last:
        body.remove(final)
        if take(final, MOVED) is not None and places:
            parent = places[-1].getparent()
            if parent is not None:
                final.tail = None
                parent.replace(places.pop(), final)
    elif final is not None:
        take(final, MOVED)
    for each in places:
        marks.drop(each)


def _goes_on(held: Element, element: Element) -> bool:
    """Tell whether the first block of a piece is the rest of the last block of the piece before."""
    if element.get(AGAIN) is not None:
        return inside(held) is not None
    return _rest_of_table(held, element)


def _rest_of_table(held: Element, element: Element) -> bool:
    """Tell whether one begins with the rows that follow those the other ends with, content controls looked through."""
    one, other = _table_at(held, -1), _table_at(element, 0)
    if one is None or other is None or one.get(ROWS) is None or other.get(ROWS) is None:
        return False
    return rows.next_row(one) == rows.first_row(other)


def _table_at(block: Element, end: int) -> Element | None:
    """Return the table that a block is, or that stands first (``end`` 0) or last (-1) in it; None when none does."""
    while block.tag in {W_SDT, W_CUSTOM_XML}:
        content = block.find(W_SDT_CONTENT) if block.tag == W_SDT else block
        children = _blocks(content) if content is not None else []
        if not children:
            return None
        block = children[end]
    return block if block.tag == W_TBL else None


def _blocks(wrapper: Element) -> list[Element]:
    return [each for each in wrapper if each.tag not in {w("customXmlPr"), w("sdtPr")}]


def _merge_blocks(held: Element, element: Element) -> None:
    """Move what is in a repeated content control, or the rest of a table, to where it belongs."""
    one, other = _table_at(held, -1), _table_at(element, 0)
    if one is not None and other is not None and _rest_of_table(held, element):
        rows.append_rows(one, other)
        return
    into, source = inside(held), inside(element)
    if into is None or source is None:
        return
    children = _blocks(source)
    if len(into) and children and _goes_on(into[-1], children[0]):
        _merge_blocks(into[-1], children.pop(0))
    into.extend(children)


def _settled(children: Iterable[Element]) -> list[Element]:
    """Take off the marks that only joining needs."""
    found = list(children)
    for child in found:
        for each in child.iter():
            for name in (AGAIN, ROWS):
                if name in each.attrib:
                    del each.attrib[name]
    return found
