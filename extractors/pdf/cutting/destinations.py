"""Where links and outline entries lead: explicit and named destinations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, String

from extractors.pdf.cutting.objects import name_tree, ref_of, text_in, tree_items, whole
from extractors.pdf.keys import dictionary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pikepdf

    from extractors.pdf.cutting.objects import Ref

_VIEWS = {"/XYZ": 3, "/Fit": 0, "/FitH": 1, "/FitV": 1, "/FitR": 4, "/FitB": 0, "/FitBH": 1, "/FitBV": 1}
"""Ways to show a page and the numbers each takes (ISO 32000-2, table 149)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A page and how to show it.

    Attributes:
        page: Index of the page in its document, from 0.
        view: One of the eight ways to show a page, with its slash.
        numbers: What that way takes; None leaves the viewer's value as it is.
    """

    page: int
    view: str = "/Fit"
    numbers: tuple[int | Decimal | None, ...] = ()

    def array(self, page: Object | int) -> Array:
        """Return the destination as PDF writes it, with ``page`` as its first element."""
        return Array([page, Name(self.view), *self.numbers])


class Destinations:
    """The named destinations of a document, and what any destination of it means.

    Args:
        root: The document's catalog.
        pages: Index of each page's object.
    """

    def __init__(self, root: Object, pages: Mapping[Ref, int]) -> None:
        self._pages = pages
        self._named: dict[bytes | str, Destination] = {}
        self._of_page: dict[int, list[bytes | str]] = defaultdict(list)
        names = root.get(Name.Names)
        if isinstance(names, Dictionary):
            for key, value in tree_items(names.get(Name.Dests), Name.Names):
                if isinstance(key, String):
                    self._add(bytes(key), value)
        old = root.get(Name.Dests)
        if isinstance(old, Dictionary):
            for name, value in old.items():
                self._add(name, value)

    def _add(self, name: bytes | str, value: object) -> None:
        target = self.explicit(value)
        if target is not None and name not in self._named:
            self._named[name] = target
            self._of_page[target.page].append(name)

    def explicit(self, value: object) -> Destination | None:
        """Return what an explicit destination means; None when it leads to no page of the document."""
        if isinstance(value, Dictionary):
            value = value.get(Name.D)
        if not isinstance(value, Array) or not len(value):
            return None
        first: object = value[0]
        ref = ref_of(first)
        page = self._pages.get(ref) if ref is not None else whole(first)
        if page is None or not 0 <= page < len(self._pages):
            return None
        view = text_in(value[1]) if len(value) > 1 else ""
        wanted = _VIEWS.get(view)
        if wanted is None:
            return Destination(page)
        given: list[object] = [value[index] for index in range(2, min(len(value), 2 + wanted))]
        numbers = tuple(item if isinstance(item, int | Decimal) else None for item in given)
        if view == "/FitR" and (None in numbers or len(numbers) < wanted):
            return Destination(page)
        return Destination(page, view, numbers)

    def resolve(self, value: object) -> Destination | None:
        """Return what a destination means: an array, a string (name tree) or a name (the catalog's /Dests)."""
        if isinstance(value, String):
            return self._named.get(bytes(value))
        if isinstance(value, Name):
            return self._named.get(text_in(value))
        return self.explicit(value)

    def named(self, pages: range) -> dict[bytes | str, Destination]:
        """Return the named destinations that lead to these pages; names of the catalog's /Dests are strings."""
        return {name: self._named[name] for page in pages for name in self._of_page.get(page, ())}


def write_names(
    pdf: pikepdf.Pdf, named: Mapping[bytes | str, Destination], page_object: Callable[[int], Object]
) -> tuple[Object | None, Object | None]:
    """Make named destinations.

    Args:
        pdf: Owner of what is made.
        named: From :meth:`Destinations.named`.
        page_object: Gives the object of the page with an index.

    Returns:
        Name tree for the catalog's ``/Names`` and dictionary for its ``/Dests``; None where there are no names.
    """
    made = {name: target.array(page_object(target.page)) for name, target in named.items()}
    strings = sorted(name for name in made if isinstance(name, bytes))
    old = sorted(name for name in made if isinstance(name, str))
    return (
        name_tree(pdf, [(name, made[name]) for name in strings]) if strings else None,
        dictionary_of((name, made[name]) for name in old) if old else None,
    )
