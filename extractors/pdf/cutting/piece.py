"""A piece as :mod:`extractors.pdf.join` reads it: taken apart, with what it notes of the original."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, String

from extractors.pdf.cutting.actions import Actions
from extractors.pdf.cutting.annotations import Detacher, Link, PageAnnotations
from extractors.pdf.cutting.destinations import Destination, Destinations
from extractors.pdf.cutting.fields import FieldTree
from extractors.pdf.cutting.labels import read_labels
from extractors.pdf.cutting.objects import PRIVATE, text_in, whole
from extractors.pdf.cutting.outline import numbers_noted, read_outline

if TYPE_CHECKING:
    import pikepdf

    from extractors.pdf.cutting.outline import Entry


@dataclass(frozen=True, slots=True)
class _Note:
    """What a piece notes of the document it was cut from."""

    first: int | None
    title: str | None
    labelled: bool


class Piece:
    """One piece, opened and taken apart.

    Args:
        pdf: The piece; its annotations and fields are detached.
        offset: Pages before it in the joined document.

    Attributes:
        pages: Its page objects.
        labels: Its label ranges.
        labelled: The original labels its pages itself.
        fields: Its form.
        title: Title of the original; None when the piece does not say.
        annotations: For each page what :class:`Detacher` made of its annotations.
    """

    def __init__(self, pdf: pikepdf.Pdf, offset: int) -> None:
        self.pdf = pdf
        self.offset = offset
        self.pages = [page.obj for page in pdf.pages]
        note = _note(pdf)
        self.title = note.title
        self.first = offset + 1 if note.first is None else note.first
        actions = Actions(keep=True)
        self.destinations = Destinations(pdf.Root, {page.objgen: index for index, page in enumerate(self.pages)})
        self.labels = read_labels(pdf.Root)
        self.labelled = note.labelled
        self.numbers = numbers_noted(pdf)
        self._outline = read_outline(pdf, self.destinations, actions, Counter())
        self.fields = FieldTree(pdf, actions)
        detacher = Detacher(pdf, self.destinations, actions, keep=True)
        self.annotations: list[PageAnnotations] = [detacher.detach(page, page.objgen) for page in self.pages]

    def entries(self) -> list[Entry]:
        """Return the entries of its outline, with pages counted in the joined document."""
        return [
            entry if entry.target is None else replace(entry, target=self.moved(entry.target))
            for entry in self._outline.all()
        ]

    def moved(self, target: Destination) -> Destination:
        """Return a destination of the piece with its page counted in the joined document."""
        return replace(target, page=target.page + self.offset)

    def links(self, index: int, place_of: dict[int, int]) -> list[Link]:
        """Return the jumps of a page, with pages counted in the joined document, notes of far pages among them.

        Args:
            index: Index of the page in the piece.
            place_of: Index in the joined document by index in the original.
        """
        notes = self.annotations[index]
        links = [link if link.target is None else replace(link, target=self.moved(link.target)) for link in notes.links]
        for number, annotation in enumerate(notes.annotations):
            note = annotation.get(PRIVATE)
            goal = note.get(Name.D) if isinstance(note, Dictionary) else None
            page = whole(goal[0]) if isinstance(goal, Array) and len(goal) else None
            if isinstance(note, Dictionary) and isinstance(goal, Array) and page in place_of:
                view = self.destinations.explicit(Array([0, *list(goal)[1:]])) or Destination(0)
                links.append(_noted(number, annotation, note, replace(view, page=place_of[page])))
        return links


def _noted(number: int, annotation: Dictionary, note: Dictionary, target: Destination) -> Link:
    """Return the jump that led out of the piece."""
    after = annotation.get(Name.A)
    follows = after if isinstance(after, Dictionary) else None
    key = "/Dest" if annotation.get(Name.Subtype) == Name.Link and follows is None else "/A"
    return Link(number, key, target, None, follows, note.get(Name.Contents))


def _note(pdf: pikepdf.Pdf) -> _Note:
    note = pdf.Root.get(PRIVATE)
    if not isinstance(note, Dictionary):
        return _Note(None, None, Name.PageLabels in pdf.Root)
    title: Object | None = note.get(Name.Title)
    labelled: object = note.get(Name.Labelled)
    return _Note(whole(note.get(Name.First)), text_in(title) if isinstance(title, String) else None, labelled is True)
