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

from extractors.pdf.content import NAMED_RESOURCES
from extractors.pdf.keys import dictionary_of, key_of
from extractors.pdf.limits import MAX_DEPTH
from extractors.pdf.uses import Uses, appearances, keys_among, kinds_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.pdf.uses import Names

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
        self._images = pikepdf.ObjectSet()
        self._uses = Uses()

    def page(self, page: Dictionary) -> None:
        """Prune a page and everything it draws.

        Args:
            page: Its dictionary, changed in place; resources it shares with others are replaced, never changed.
        """
        looks = list(appearances(page))
        pending: list[tuple[Object, int]] = [(look, 1) for look in looks]
        pending.append((page, 0))
        while pending:
            holder, level = pending.pop()
            # Contents nested deeper stay as they are: whole, if big.
            if level <= MAX_DEPTH and (holder is page or self._seen.add(holder)):
                pending += [(inner, level + 1) for inner in self._prune(holder, looks if holder is page else ())]

    def _prune(self, holder: Object, looks: Sequence[Object]) -> Sequence[Object]:
        """Prune one holder and return those it draws that have resources of their own."""
        if isinstance(holder, Stream):
            self._tidy(holder)
        resources = holder.get(Name.Resources)
        if not isinstance(resources, Dictionary):
            return ()
        used = self._uses.of(holder, resources, looks)
        if used.names is not None:
            resources = self._replaced(holder, resources, used.names)
        self._tidy_images(resources)
        return used.drawn

    def _tidy_images(self, resources: Dictionary) -> None:
        entries = resources.get(Name.XObject) if "/XObject" in resources else None
        if isinstance(entries, Dictionary):
            for value in entries.values():
                if isinstance(value, Stream) and self._images.add(value):
                    self._tidy(value)

    def _replaced(self, holder: Object, resources: Dictionary, names: Names) -> Dictionary:
        """Give a holder resources without what it cannot use, if there is any, and return them."""
        kept: dict[str, Dictionary] = {}
        for kind in kinds_in(resources, NAMED_RESOURCES):
            entries = resources.get(kind)
            if isinstance(entries, Dictionary):
                keys = keys_among(entries, names[kind])
                if len(keys) < len(entries):
                    kept[kind] = dictionary_of((key, entries[key_of(key)]) for key in keys)
        if not kept:
            return resources
        own = dictionary_of([(key, kept.get(key, value)) for key, value in resources.items()])
        holder.Resources = own
        return own

    def _tidy(self, stream: Stream) -> None:
        for key in self._unwanted.intersection(stream.keys()):
            del stream[key]
        filters = stream.get(Name.Filter)
        if isinstance(filters, Array) and len(filters) == 1 and filters[0] == Name.FlateDecode:
            # qpdf leaves Flate data as they are only if they are said to be so without an array; otherwise it sums up
            # predicted pixels, and the image grows tenfold.
            stream.Filter = Name.FlateDecode
            parms = stream.get(Name.DecodeParms)
            if isinstance(parms, Array):
                del stream["/DecodeParms"]
                if len(parms) and isinstance(parms[0], Dictionary):
                    stream.DecodeParms = parms[0]
