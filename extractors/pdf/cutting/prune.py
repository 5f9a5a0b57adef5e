"""Leaves each page, form, pattern and Type 3 font only those resources that its own content can use.

Files often have one resource dictionary for all pages, and each piece would carry the whole file. qpdf's
``remove_unreferenced_resources`` looks at fonts and XObjects of pages and forms only, and looks through all forms of a
shared dictionary again for every page; here every content is read once, all kinds of resources are looked at, and
patterns, Type 3 fonts, soft masks and appearances of annotations as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from extractors.pdf.content import DRAWING_RESOURCES, NAMED_RESOURCES, holder_names, holders_in
from extractors.pdf.limits import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE = ("/PieceInfo", "/StructParent", "/StructParents")
"""Of forms and images: private data of editors, and places in a structure tree that pieces do not have."""
_OUTSIDE = ("/AF", "/F", "/FDecodeParms", "/FFilter", "/OPI", "/Ref")
"""Of forms and images: files, and content that is fetched from other files."""


class Pruner:
    """Prunes one document, page by page; what pages share is pruned once.

    Args:
        keep: Keep references to content in other files.
    """

    def __init__(self, *, keep: bool) -> None:
        self._unwanted = frozenset(_PRIVATE if keep else _PRIVATE + _OUTSIDE)
        self._seen = pikepdf.ObjectSet()
        self._keys: dict[tuple[int, int, str], frozenset[str]] = {}

    def page(self, page: Dictionary) -> None:
        """Prune a page and everything it draws.

        Args:
            page: Its dictionary, changed in place; resources it shares with others are replaced, never changed.
        """
        pending: list[tuple[Object, int]] = [(look, 1) for look in _appearances(page)]
        pending.append((page, 0))
        while pending:
            holder, level = pending.pop()
            # Contents nested deeper stay as they are: whole, if big.
            if level <= MAX_DEPTH and (holder is page or self._seen.add(holder)):
                pending += [(inner, level + 1) for inner in self._prune(holder)]

    def _prune(self, holder: Object) -> list[Object]:
        """Prune one holder and return those it draws that have resources of their own."""
        if isinstance(holder, Stream):
            self._tidy(holder)
        resources = holder.get(Name.Resources)
        if not isinstance(resources, Dictionary):
            return []
        names = holder_names(holder)
        inner: list[Object] = []
        fresh = names
        while fresh is None or fresh:
            borrowed: set[str] | None = set()
            for drawn in self._drawn(resources, fresh):
                if Name.Resources in drawn:
                    inner.append(drawn)
                else:  # it takes those of whatever draws it, as in early versions of PDF (ISO 32000-2, 8.10.1)
                    more = holder_names(drawn)
                    borrowed = None if more is None or borrowed is None else borrowed | more
            if names is None or borrowed is None:
                return inner
            fresh = borrowed - names
            names |= borrowed
        self._replace(holder, resources, names)
        return inner

    def _drawn(self, resources: Dictionary, names: set[str] | None) -> Iterator[Object]:
        """Yield the holders among the resources that content with these names (None: with any) may use."""
        for kind in DRAWING_RESOURCES:
            entries = resources.get(kind)
            if not isinstance(entries, Dictionary):
                continue
            keys = self._keys_of(resources, kind, entries)
            for key in sorted(keys if names is None else keys & names):
                value = entries.get(key)
                if kind == "/XObject" and isinstance(value, Stream) and value.get(Name.Subtype) == Name.Image:
                    self._tidy(value)
                yield from holders_in(kind, value)

    def _replace(self, holder: Object, resources: Dictionary, names: set[str]) -> None:
        """Give a holder resources without what it cannot use, if there is any."""
        kept: dict[str, Dictionary] = {}
        for kind in NAMED_RESOURCES:
            entries = resources.get(kind)
            if isinstance(entries, Dictionary):
                keys = self._keys_of(resources, kind, entries)
                if not keys <= names:
                    kept[kind] = Dictionary({key: entries[key] for key in sorted(keys & names)})
        if kept:
            own = resources.copy()
            for kind, entries in kept.items():
                own[kind] = entries
            holder.Resources = own

    def _keys_of(self, resources: Dictionary, kind: str, entries: Dictionary) -> frozenset[str]:
        """Return the keys of one kind of resources; those of a dictionary shared by many pages are read once."""
        shared = entries if entries.is_indirect else resources
        if not shared.is_indirect:
            return frozenset(entries.keys())
        known = self._keys.get((*shared.objgen, kind))
        if known is None:
            known = self._keys[*shared.objgen, kind] = frozenset(entries.keys())
        return known

    def _tidy(self, stream: Stream) -> None:
        for key in self._unwanted.intersection(stream.keys()):
            del stream[key]


def _appearances(page: Dictionary) -> Iterator[Stream]:
    """Yield the appearance streams of a page's annotations."""
    annotations = page.get(Name.Annots)
    for annotation in annotations if isinstance(annotations, Array) else ():
        looks = annotation.get(Name.AP) if isinstance(annotation, Dictionary) else None
        if not isinstance(looks, Dictionary):
            continue
        for _, look in looks.items():
            states = [state for _, state in look.items()] if isinstance(look, Dictionary) else [look]
            yield from (state for state in states if isinstance(state, Stream))
