"""The outline: which entries a piece keeps, and how the fragments of the pieces become one outline again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, String

from extractors.pdf.cutting.objects import PRIVATE, whole
from extractors.pdf.limits import MAX_OUTLINE, PIKE_ERRORS
from extractors.pdf.walk import Cuts, outline_nodes

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Sequence

    import pikepdf

    from extractors.pdf.cutting.actions import Actions
    from extractors.pdf.cutting.destinations import Destination, Destinations

_BOLD_ITALIC = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an outline.

    Attributes:
        number: Its place in the whole outline, from 1; parents come before their children.
        parent: Number of its parent, 0 for the top level.
        title: Bytes of its title.
        target: Where it leads within the document; None when nowhere.
        action: What it does instead, when that is harmless (a web page).
        color: Three shares of red, green and blue, or nothing.
        flags: 1 italic, 2 bold.
        opened: Its children are shown at first.
        home: Index of the page it belongs to: where it leads, else where the entry before it belongs.
    """

    number: int
    parent: int
    title: bytes
    target: Destination | None
    action: Object | None
    color: tuple[float, ...]
    flags: int
    opened: bool
    home: int


class Outline:
    """The entries of a document's outline, by the page they belong to.

    Attributes:
        truncated: There are more entries than are kept.
    """

    def __init__(self, entries: Sequence[Entry], *, truncated: bool = False) -> None:
        self.truncated = truncated
        self._entries = {entry.number: entry for entry in entries}
        self._of_page: dict[int, list[int]] = defaultdict(list)
        for entry in entries:
            self._of_page[entry.home].append(entry.number)

    def between(self, pages: range) -> list[Entry]:
        """Return the entries that belong to these pages and, as mere headings, the parents they stand under."""
        own = {number for page in pages for number in self._of_page.get(page, ())}
        wanted = set(own)
        for number in own:
            parent = self._entries[number].parent
            while parent and parent not in wanted:
                wanted.add(parent)
                parent = self._entries[parent].parent
        entries = (self._entries[number] for number in sorted(wanted))
        return [entry if entry.number in own else replace(entry, target=None, action=None) for entry in entries]

    def all(self) -> list[Entry]:
        """Return all entries in order."""
        return [self._entries[number] for number in sorted(self._entries)]


def read_outline(pdf: pikepdf.Pdf, destinations: Destinations, actions: Actions, found: Counter[str]) -> Outline:
    """Read the outline of a document.

    Args:
        pdf: The document.
        destinations: Its destinations.
        actions: Says which actions may stay.
        found: Told which may not.
    """
    cuts = Cuts()
    nodes = outline_nodes(pdf, cuts)
    entries: list[Entry] = []
    above = [0]
    home = 0
    for node, level in nodes[:MAX_OUTLINE]:
        number = len(entries) + 1
        try:
            entry = _entry(node, number, above[min(level, len(above)) - 1], home, destinations, actions, found)
        except PIKE_ERRORS:
            continue
        entries.append(entry)
        home = entry.home
        del above[level:]
        above.append(number)
    return Outline(entries, truncated=len(nodes) > MAX_OUTLINE or bool(cuts.short))


def _entry(
    node: Dictionary,
    number: int,
    parent: int,
    home: int,
    destinations: Destinations,
    actions: Actions,
    found: Counter[str],
) -> Entry:
    action: object = node.get(Name.A)
    target = destinations.resolve(node.get(Name.Dest))
    if isinstance(action, Dictionary) and action.get(Name.S) == Name.GoTo:
        target, action = target or destinations.resolve(action.get(Name.D)), None
    title, color = node.get(Name.Title), node.get(Name.C)
    return Entry(
        number=number,
        parent=parent,
        title=bytes(title) if isinstance(title, String) else b"",
        target=target,
        action=actions.cleaned(action, found),
        color=tuple(float(part) for part in color) if isinstance(color, Array) and len(color) == 3 else (),
        flags=(whole(node.get(Name.F)) or 0) & _BOLD_ITALIC,
        opened=(whole(node.get(Name.Count)) or 0) >= 0,
        home=home if target is None else target.page,
    )


def numbers_noted(pdf: pikepdf.Pdf) -> list[int | None]:
    """Return the number each entry of a piece's outline had in the original, as noted; None where there is no note."""
    return [whole(node.get(PRIVATE)) for node, _ in outline_nodes(pdf, Cuts())[:MAX_OUTLINE]]


def merged(fragments: Iterable[tuple[Sequence[Entry], Sequence[int | None]]]) -> list[Entry]:
    """Put the outlines of pieces together again, numbered anew.

    Entries that several pieces have, because children of theirs are in several pieces, become one.

    Args:
        fragments: For each piece its entries, whose targets already count pages of the whole, and the number each had
            in the original.
    """
    known: dict[tuple[int, int, int], Entry] = {}
    parents: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for piece, (entries, noted) in enumerate(fragments):
        keys = {0: (0, 0, 0)}
        for entry, number in zip(entries, noted, strict=True):
            # Entries without a note come after those with one, piece by piece.
            key = (0, number, 0) if number is not None else (1, piece, entry.number)
            keys[entry.number] = key
            parents.setdefault(key, keys.get(entry.parent, (0, 0, 0)))
            if key not in known or (known[key].target is None and known[key].action is None):
                known[key] = entry
    order = {key: number for number, key in enumerate(sorted(known), 1)}
    return [
        replace(entry, number=order[key], parent=order.get(parents[key], 0)) for key, entry in sorted(known.items())
    ]


def write_outline(
    pdf: pikepdf.Pdf,
    entries: Sequence[Entry],
    page_object: Callable[[int], Object],
    *,
    note: bool,
) -> Dictionary | None:
    """Make an outline; None when there are no entries.

    Args:
        pdf: Owner of what is made.
        entries: In order, parents before their children; where a parent is missing stands the top level.
        page_object: Gives the object of the page with an index.
        note: Note the number of each entry, for joining.
    """
    children: dict[int, list[Entry]] = defaultdict(list)
    nodes: dict[int, Dictionary] = {}
    present = {entry.number for entry in entries}
    for entry in entries:
        children[entry.parent if entry.parent in present and entry.parent < entry.number else 0].append(entry)
        nodes[entry.number] = pdf.make_indirect(_node(entry, page_object, note=note))
    if not children[0]:
        return None
    shown: dict[int, int] = {}
    for entry in reversed(entries):
        shown[entry.number] = _shown(children.get(entry.number, ()), shown)
    root = pdf.make_indirect(Dictionary(Type=Name.Outlines))
    for number, family in children.items():
        parent = nodes[number] if number else root
        _link(parent, [nodes[child.number] for child in family])
    for entry in entries:
        if shown[entry.number]:
            nodes[entry.number].Count = shown[entry.number] if entry.opened else -shown[entry.number]
    root.Count = _shown(children[0], shown)
    return root


def _shown(family: Sequence[Entry], shown: dict[int, int]) -> int:
    """Return how many entries one sees under a parent that is open."""
    return sum(1 + (shown[child.number] if child.opened else 0) for child in family)


def _node(entry: Entry, page_object: Callable[[int], Object], *, note: bool) -> Dictionary:
    node = Dictionary(Title=String(entry.title))
    if entry.target is not None:
        node.Dest = entry.target.array(page_object(entry.target.page))
    elif entry.action is not None:
        node.A = entry.action
    if entry.color:
        node.C = Array(entry.color)
    if entry.flags:
        node.F = entry.flags
    if note:
        node[PRIVATE] = entry.number
    return node


def _link(parent: Dictionary, family: Sequence[Dictionary]) -> None:
    parent.First, parent.Last = family[0], family[-1]
    for index, node in enumerate(family):
        node.Parent = parent
        if index:
            node.Prev = family[index - 1]
        if index + 1 < len(family):
            node.Next = family[index + 1]
