"""The pages of a document, each prepared once and shown only while a piece is written that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

from extractors.errors import DamagedDocument
from extractors.pdf.cutting.annotations import Detacher, PageAnnotations, clean_events, relink
from extractors.pdf.cutting.objects import BROKEN, text_in
from extractors.pdf.cutting.prune import Pruner
from extractors.pdf.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.pdf.cutting.actions import Actions
    from extractors.pdf.cutting.destinations import Destinations
    from extractors.pdf.cutting.fields import FieldTree, Node

_KEPT = frozenset(
    {
        "/AA", "/Annots", "/ArtBox", "/BleedBox", "/BoxColorInfo", "/Contents", "/CropBox", "/Dur", "/Group",
        "/LastModified", "/MediaBox", "/Metadata", "/OutputIntents", "/Resources", "/Rotate", "/Tabs", "/Trans",
        "/TrimBox", "/Type", "/UserUnit", "/VP",
    }
)  # fmt: skip
"""What a page keeps. Other entries lead away from it (structure, threads, web capture) or are private to editors."""
_EXTRAS = {"/B": "article beads", "/PieceInfo": "private data of an editor", "/Thumb": "thumbnails", "/AF": "files"}
"""Entries worth a word when they go."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, prepared for being cut out.

    Attributes:
        number: Its number in the document, from 1.
        page: Its object; empty while no piece with it is being written.
        content: What the object holds while it is shown.
        notes: Its annotations.
        widgets: Nodes of its form fields.
        extras: What else it had that no piece carries, in words.
    """

    number: int
    page: Dictionary
    content: Dictionary
    notes: PageAnnotations
    widgets: tuple[Node, ...]
    extras: tuple[str, ...]

    def show(self, parent: Dictionary) -> None:
        """Fill the page and hang it under a node of the page tree."""
        self.page.update(self.content)
        self.page.Parent = parent

    def hide(self) -> None:
        """Empty the page: a stray reference to it from another page leads to nothing."""
        _empty(self.page)

    def relink(self, shown: dict[int, Dictionary]) -> tuple[int, int]:
        """Set its jumps for a piece.

        Args:
            shown: Page objects of the piece, by index in the document.

        Returns:
            Jumps that lead out of the piece, and jumps that led nowhere already in the document.
        """
        return relink(self.notes.annotations, self.notes.links, shown.get, lambda index: index + 1)


class Sheets:
    """All pages of a document, hidden at first.

    Args:
        pdf: The document; its pages are emptied and filled again as they are needed.
        pages: Its page objects in order.
        destinations: Its destinations.
        fields: Its form.
        actions: Says which actions may stay.
    """

    def __init__(
        self,
        pdf: pikepdf.Pdf,
        pages: Sequence[Dictionary],
        destinations: Destinations,
        fields: FieldTree,
        actions: Actions,
    ) -> None:
        self._pages = pages
        self._fields = fields
        self._actions = actions
        self._detacher = Detacher(pdf, destinations, actions, keep=actions.keep)
        self._pruner = Pruner(keep=actions.keep)
        self._contents = [cast("Dictionary", page.copy()) for page in pages]
        self._ready: dict[int, Sheet] = {}
        _give_identity(pdf, self._contents)
        for page in pages:
            _empty(page)

    def __len__(self) -> int:
        return len(self._pages)

    def sheet(self, index: int) -> Sheet:
        """Return the page with an index from 0.

        Raises:
            DamagedDocument: The page is so damaged that it cannot be taken out of its document.
        """
        known = self._ready.get(index)
        if known is None:
            try:
                known = self._ready[index] = self._prepared(index)
            except BROKEN as error:
                raise DamagedDocument(
                    f"Page {index + 1} is too damaged to be cut out. Leave it out, or print the document to a new PDF "
                    "and cut that.",
                    unit=index + 1,
                ) from error
        return known

    def _prepared(self, index: int) -> Sheet:
        page, content = self._pages[index], self._contents[index]
        keys = set(content.keys())
        for key in sorted(keys - _KEPT):
            del content[key_of(key)]
        if "/Tabs" in keys and text_in(content.get(Name.Tabs)) == "/S":  # in the order of tags, which are gone
            del content["/Tabs"]
        notes = self._detacher.detach(content, page.objgen)
        if "/AA" in keys:
            clean_events(content, self._actions, notes.stripped)
        widgets = tuple(self._fields.widget(notes.annotations[number]) for number in notes.widgets)
        self._pruner.page(content)
        extras = tuple(_EXTRAS[key] for key in _EXTRAS if key in keys)
        return Sheet(index + 1, page, content, notes, widgets, extras)


def _give_identity(pdf: pikepdf.Pdf, pages: Sequence[Dictionary]) -> None:
    """Make annotations, and parents they name, objects of their own.

    All at once: qpdf orders what it packs into one stream by object number, and numbers given as pages are cut for the
    first time would make the bytes of a piece depend on the pieces before it.
    """
    seen = pikepdf.ObjectSet()
    for page in pages:
        array = page.get(Name.Annots) if "/Annots" in page else None
        if not isinstance(array, Array) or not seen.add(array):
            continue
        for index, item in enumerate(array):
            if isinstance(item, Dictionary) and not item.is_indirect:
                array[index] = item = pdf.make_indirect(item)  # noqa: PLW2901
            if isinstance(item, Dictionary) and "/Parent" in item:
                parent = item.get(Name.Parent)
                if isinstance(parent, Dictionary) and not parent.is_indirect:
                    item.Parent = pdf.make_indirect(parent)


def _empty(page: Dictionary) -> None:
    for key in page.keys():  # noqa: SIM118 - pikepdf's dictionaries cannot be iterated over
        del page[key_of(key)]


def page_node(pdf: pikepdf.Pdf, sheets: Sequence[Sheet]) -> Dictionary:
    """Show these pages under a new page tree, and return its root."""
    node = pdf.make_indirect(Dictionary(Type=Name.Pages, Count=len(sheets)))
    for sheet in sheets:
        sheet.show(node)
    pages: list[Object] = [sheet.page for sheet in sheets]
    node.Kids = Array(pages)
    return node
