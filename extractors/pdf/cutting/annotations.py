"""Annotations of a page: made independent of the rest of the document once, linked to it again for each piece."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Stream, String

from extractors.pdf.cutting.objects import BROKEN, PRIVATE, ref_of, text_in
from extractors.pdf.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pikepdf

    from extractors.pdf.cutting.actions import Actions
    from extractors.pdf.cutting.destinations import Destination, Destinations
    from extractors.pdf.cutting.objects import Ref

_MEDIA = {
    "/Movie": ("/Movie",),
    "/Sound": ("/Sound",),
    "/RichMedia": ("/RichMediaContent", "/RichMediaSettings"),
    "/3D": ("/3DD", "/3DV", "/3DA", "/3DI", "/3DB", "/3DU"),
    "/FileAttachment": ("/FS",),
}
"""What makes annotations play something or carry a file; their look stays (pikepdf.sanitize does the same)."""
_SLUGS = {"/Movie": "movie", "/Sound": "sound", "/RichMedia": "rich-media", "/3D": "3d", "/FileAttachment": "file"}
_ALWAYS_OFF = ("/AF", "/PieceInfo", "/StructParent", "/ExData")
"""Associated files, private data of editors, the place in a structure tree that pieces do not have, 3D comments."""


@dataclass(frozen=True, slots=True)
class Link:
    """A jump within the document that an annotation makes.

    Attributes:
        index: Place of the annotation among those of its page.
        key: ``/Dest`` or ``/A``, where the annotation has it.
        target: Where it leads; None when nowhere.
        name: Name of the destination when it goes by name.
        after: Actions that follow the jump.
        contents: Text of the annotation, which a note may replace for a time.
    """

    index: int
    key: str
    target: Destination | None
    name: Object | None
    after: Dictionary | None
    contents: Object | None


@dataclass(slots=True)
class PageAnnotations:
    """The annotations of one page.

    Attributes:
        annotations: Those that are dictionaries, in order.
        links: Jumps within the document, which have been taken out of the annotations.
        widgets: Indexes of the annotations that are form fields or belong to one.
        stripped: Active content taken out, by kind.
        files: Files that were attached to the page.
        dropped: Entries that were no annotations.
    """

    annotations: list[Dictionary] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    widgets: list[int] = field(default_factory=list)
    stripped: Counter[str] = field(default_factory=Counter)
    files: int = 0
    dropped: int = 0


class Detacher:
    """Takes annotations out of the web of references they stand in.

    Args:
        pdf: The document; its annotations are changed.
        destinations: Its destinations.
        actions: Says which actions may stay.
        keep: Keep media and attached files.
    """

    def __init__(self, pdf: pikepdf.Pdf, destinations: Destinations, actions: Actions, *, keep: bool) -> None:
        self._pdf = pdf
        self._destinations = destinations
        self._actions = actions
        self._keep = keep
        self._links: dict[Ref, Link] = {}

    def detach(self, page: Dictionary, page_ref: Ref) -> PageAnnotations:
        """Make the annotations of a page independent; ``page`` gets an array that holds only those.

        Args:
            page: The page's dictionary.
            page_ref: Identity of the page, which annotations may refer back to.
        """
        result = PageAnnotations()
        array = page.get(Name.Annots)
        items = list(array) if isinstance(array, Array) else []
        for item in items:
            if isinstance(item, Dictionary) and not isinstance(item, Stream):
                result.annotations.append(item if item.is_indirect else self._pdf.make_indirect(item))
        result.dropped = len(items) - len(result.annotations)
        own = {annotation.objgen for annotation in result.annotations}
        for index, annotation in enumerate(result.annotations):
            try:
                self._one(index, annotation, page_ref, own, result)
            except BROKEN:
                result.stripped["unreadable"] += 1
                for key in set(annotation.keys()) - {"/Type", "/Subtype", "/Rect", "/AP", "/AS", "/F"}:
                    del annotation[key_of(key)]
        if result.annotations:
            page.Annots = Array(result.annotations)
        elif array is not None:
            del page.Annots
        return result

    def _one(self, index: int, annotation: Dictionary, page_ref: Ref, own: set[Ref], result: PageAnnotations) -> None:
        keys = annotation.keys()
        subtype = text_in(annotation.get(Name.Subtype))
        for key in _ALWAYS_OFF:
            if key in keys:
                del annotation[key]
        if "/P" in keys and ref_of(annotation.get(Name.P)) != page_ref:
            del annotation["/P"]
        for key in ("/Popup", "/IRT"):
            if key in keys and ref_of(annotation.get(key)) not in own:
                del annotation[key]
        if subtype == "/Widget" or (not subtype and "/FT" in keys):
            result.widgets.append(index)
        elif "/Parent" in keys and (subtype != "/Popup" or ref_of(annotation.get(Name.Parent)) not in own):
            del annotation["/Parent"]
        self._actions_of(index, annotation, set(keys), result)
        if not self._keep:
            for key in _MEDIA.get(subtype, ()):
                if key in keys:
                    del annotation[key]
                    result.stripped[_SLUGS[subtype]] += 1
        if subtype == "/FileAttachment":
            result.files += 1

    def _actions_of(self, index: int, annotation: Dictionary, keys: set[str], result: PageAnnotations) -> None:
        if "/A" in keys or "/Dest" in keys:
            known = self._links.get(annotation.objgen)
            link = self._link(index, annotation, keys, result) if known is None else known
            if link is not None:
                self._links[annotation.objgen] = link
                result.links.append(link if link.index == index else Link(index, *_rest(link)))
        elif annotation.objgen in self._links:  # shared with a page that came before
            result.links.append(Link(index, *_rest(self._links[annotation.objgen])))
        if "/PA" in keys:
            self._clean_slot(annotation, "/PA", result)
        if "/AA" in keys:
            clean_events(annotation, self._actions, result.stripped)

    def _link(self, index: int, annotation: Dictionary, keys: set[str], result: PageAnnotations) -> Link | None:
        """Take a jump within the document out of an annotation, and clean any other action."""
        # Looking whether a key is there costs a tenth of getting None for one that is not.
        action = annotation.get(Name.A) if "/A" in keys else None
        contents = annotation.get(Name.Contents) if "/Contents" in keys else None
        given = annotation.get(Name.Dest) if "/Dest" in keys else None
        if given is not None:
            del annotation["/Dest"]
        if isinstance(action, Dictionary) and action.get(Name.S) == Name.GoTo:
            after = self._actions.cleaned(action.get(Name.Next), result.stripped) if "/Next" in action else None
            del annotation["/A"]
            goal = action.get(Name.D) if given is None else given
            return Link(index, "/A", self._destinations.resolve(goal), _named(goal), after, contents)
        if action is not None:
            self._clean_slot(annotation, "/A", result)
        if given is None:
            return None
        return Link(index, "/Dest", self._destinations.resolve(given), _named(given), None, contents)

    def _clean_slot(self, holder: Dictionary, key: str, result: PageAnnotations) -> None:
        kept = self._actions.cleaned(holder.get(key), result.stripped)
        if kept is None:
            del holder[key]
        else:
            holder[key] = kept


def _rest(link: Link) -> tuple[str, Destination | None, Object | None, Dictionary | None, Object | None]:
    return link.key, link.target, link.name, link.after, link.contents


def _named(goal: object) -> Object | None:
    return goal if isinstance(goal, String | Name) else None


def clean_events(holder: Dictionary, actions: Actions, found: Counter[str]) -> None:
    """Clean what a viewer starts by itself (``/AA``) at an annotation, field, page or document."""
    events = holder.get(Name.AA)
    if isinstance(events, Dictionary):
        for event in sorted(events.keys()):
            key = key_of(event)
            kept = actions.cleaned(events.get(key), found)
            if kept is None:
                del events[key]
            else:
                events[key] = kept
        if len(events.keys()):
            return
    del holder["/AA"]


def relink(
    annotations: Sequence[Dictionary],
    links: Sequence[Link],
    page_object: Callable[[int], Object | None],
    number_of: Callable[[int], int],
) -> tuple[int, int]:
    """Give annotations their jumps again: to pages at hand as they were, to others as a note of where they went.

    Args:
        annotations: Annotations of a page.
        links: From :class:`Detacher`.
        page_object: Gives the object of the page with an index, None when the piece does not have it.
        number_of: Gives the number that page has in the original.

    Returns:
        Jumps to pages that are not at hand, and jumps that led nowhere already in the original.
    """
    away = nowhere = 0
    for link in links:
        annotation = annotations[link.index]
        for key in (link.key, PRIVATE):
            if key in annotation:
                del annotation[key]
        if link.contents is not None:
            annotation.Contents = link.contents
        elif Name.Contents in annotation:
            del annotation["/Contents"]
        page = None if link.target is None else page_object(link.target.page)
        if link.target is None:
            nowhere += 1
        elif page is None:
            away += 1
            _note(annotation, link, link.target, number_of(link.target.page))
            continue
        _set_jump(annotation, link, page)
    return away, nowhere


def _set_jump(annotation: Dictionary, link: Link, page: Object | None) -> None:
    if link.target is None or page is None:
        if link.after is not None:
            annotation.A = link.after
        return
    goal = link.target.array(page) if link.name is None else link.name
    if link.key == "/Dest":
        annotation.Dest = goal
    else:
        annotation.A = Dictionary(S=Name.GoTo, D=goal)
        if link.after is not None:
            annotation.A.Next = link.after


def _note(annotation: Dictionary, link: Link, target: Destination, number: int) -> None:
    """Say in an annotation where it led, for people and for joining the pieces again."""
    text = f"page {number} of the original, in another piece"
    said = text_in(link.contents)
    if said:
        text = f"{said} ({text})"
    note = Dictionary(D=target.array(number - 1))
    if link.contents is not None:
        note.Contents = link.contents
    annotation[PRIVATE] = note
    if annotation.get(Name.Subtype) == Name.Link:
        annotation.Contents = String(text)
    if link.after is not None:
        annotation.A = link.after
