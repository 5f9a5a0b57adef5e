"""Outline, page labels and attachment names as qpdf sees them.

pypdf does the same in extractors/pdf/second.py. It reads the outlines of ordinary documents; here is what takes over
where pypdf would cost too much: it parses the cross-reference table in Python (86,000 objects: 180 ms against 18),
builds every named destination to look one up, and copies its set of visited items for each subtree, which is quadratic
in wide outlines. Page labels and attachments are read here whenever qpdf opens the file: pypdf copies every page to
label it (140 µs a page against 1), and does not follow name trees deeper than one level.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, NameTree, String

from extractors.clean import safe_label
from extractors.facts import OutlineEntry
from extractors.pdf.cutting.objects import text_in
from extractors.pdf.limits import MAX_OUTLINE, PIKE_ERRORS
from extractors.pdf.walk import sound_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from extractors.pdf.walk import Cuts

MAX_ATTACHMENTS = 1_000
_LABEL_ERRORS = (*PIKE_ERRORS, LookupError, TypeError, AttributeError)
"""pikepdf works labels out in Python, and looks an unknown style up in a dict."""
MAX_LABEL_CHARS = 2_000_000
"""Characters of all page labels together: every page may repeat a prefix of megabytes."""


def page_numbers(pike: pikepdf.Pdf) -> dict[int, int]:
    """Return the page number, from 1, of each page's object number."""
    return {page.obj.objgen[0]: number for number, page in enumerate(pike.pages, 1)}


def outline_by_qpdf(
    pike: pikepdf.Pdf, nodes: Sequence[tuple[Dictionary, int]], numbers: Mapping[int, int], cuts: Cuts
) -> tuple[OutlineEntry, ...]:
    """Return the outline items as entries, at most :data:`MAX_OUTLINE`.

    Args:
        pike: The document.
        nodes: From :func:`extractors.pdf.walk.outline_nodes`.
        numbers: From :func:`page_numbers`.
        cuts: Told when the outline is longer, or partly unreadable.
    """
    if len(nodes) > MAX_OUTLINE:
        cuts.short.add("outline")
    named = _named_destinations(pike)
    entries = []
    for node, level in nodes[:MAX_OUTLINE]:
        try:
            title = node.get(Name.Title)
            text = safe_label(text_in(title)) if isinstance(title, String) else ""
            unit = _page_of(_destination(node), named, numbers)
        except PIKE_ERRORS:
            cuts.damaged.add("outline")
            continue
        entries.append(OutlineEntry(title=text, level=level, unit=unit))
    return tuple(entries)


def page_labels(pike: pikepdf.Pdf, cuts: Cuts) -> tuple[str, ...]:
    """Return the label of each page, or nothing when the document does not label its pages (or plainly 1, 2, 3 …)."""
    try:
        if Name.PageLabels not in pike.Root:
            return ()
        if sound_tree(pike.Root.get(Name.PageLabels)) is None:
            cuts.damaged.add("page labels")
            return ()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a start or style of the wrong type is passed over
            labels = _labels_of(pike)
    except _LABEL_ERRORS:
        cuts.damaged.add("page labels")
        return ()
    if len(labels) < len(pike.pages):
        cuts.short.add("page labels")
        return ()
    return plain_labels_dropped(labels)


def _labels_of(pike: pikepdf.Pdf) -> list[str]:
    """Return the labels, fewer than there are pages when together they get too long."""
    labels: list[str] = []
    room = MAX_LABEL_CHARS
    for page in pike.pages:
        label = str(page.label)  # a property, whatever pikepdf's stubs say: str() satisfies both
        room -= len(label)
        if room < 0:
            break
        labels.append(label)
    return labels


def plain_labels_dropped(labels: Sequence[str]) -> tuple[str, ...]:
    """Return ``labels`` made safe, or nothing when they only repeat the page numbers."""
    if all(label == str(number) for number, label in enumerate(labels, 1)):
        return ()
    return tuple(safe_label(label) for label in labels)


def attachment_names(pike: pikepdf.Pdf, cuts: Cuts) -> list[str]:
    """Return the names of the files embedded in the document's name tree; contents are never touched."""
    found: list[str] = []
    try:
        names = pike.Root.get(Name.Names)
        if not isinstance(names, Dictionary) or Name.EmbeddedFiles not in names:
            return []
        if sound_tree(names.get(Name.EmbeddedFiles)) is None:
            cuts.damaged.add("attachments")
            return []
        for key, spec in pike.attachments.items():
            if len(found) == MAX_ATTACHMENTS:
                cuts.short.add("attachments")
                break
            found.append(safe_label(spec.filename or key) or "(no name)")
    except PIKE_ERRORS:
        cuts.damaged.add("attachments")
    return found


def _destination(node: Dictionary) -> pikepdf.Object | None:
    """Return where an outline item points, as the file has it: an array, a name or a string."""
    direct = node.get(Name.Dest)
    if direct is not None:
        return direct
    action = node.get(Name.A)
    if isinstance(action, Dictionary) and action.get(Name.S) == Name.GoTo:
        return action.get(Name.D)
    return None


def _named_destinations(pike: pikepdf.Pdf) -> Callable[[pikepdf.Object], pikepdf.Object | None]:
    """Return a look-up of named destinations: names in the catalog's /Dests, strings in its name tree."""
    old = pike.Root.get(Name.Dests)
    names = pike.Root.get(Name.Names)
    root = sound_tree(names.get(Name.Dests)) if isinstance(names, Dictionary) else None
    tree = None if root is None else NameTree(root, auto_repair=False)

    def look_up(name: pikepdf.Object) -> pikepdf.Object | None:
        if isinstance(name, Name):
            return old.get(name) if isinstance(old, Dictionary) else None
        return None if tree is None else tree.get(str(name))

    return look_up


def _page_of(
    target: pikepdf.Object | None,
    named: Callable[[pikepdf.Object], pikepdf.Object | None],
    numbers: Mapping[int, int],
) -> int | None:
    """Return the number of the page a destination shows; None when it points nowhere or outside."""
    if isinstance(target, (String, Name)):
        target = named(target)
    if isinstance(target, Dictionary):
        target = target.get(Name.D)
    if not isinstance(target, Array) or not len(target):
        return None
    page: object = target[0]
    if isinstance(page, int):  # a page index: meant for remote destinations, found in local ones
        return page + 1 if 0 <= page < len(numbers) else None
    return numbers.get(page.objgen[0]) if isinstance(page, Dictionary) else None
