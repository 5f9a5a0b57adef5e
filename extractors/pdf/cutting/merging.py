"""Makes one of what several pieces have: fields, layers, named destinations, and objects that are equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pikepdf import Array, Dictionary, Name, Object, Stream, String

from extractors.pdf.canonical import Canonical
from extractors.pdf.cutting.objects import copied, ref_of
from extractors.pdf.keys import key_of
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pikepdf

    from extractors.pdf.cutting.destinations import Destination
    from extractors.pdf.cutting.objects import Ref
    from extractors.pdf.cutting.piece import Piece

_SETTINGS = ("/ON", "/OFF", "/Order", "/Locked", "/RBGroups", "/AS")


def merge_names(parts: Sequence[Piece]) -> dict[bytes | str, Destination]:
    """Return the named destinations of all pieces; where two have a name, the first keeps it."""
    named: dict[bytes | str, Destination] = {}
    for part in parts:
        for name, target in part.destinations.named(range(len(part.pages))).items():
            named.setdefault(name, part.moved(target))
    return named


@dataclass(slots=True, eq=False)
class _Field:
    object: Dictionary
    parent: _Field | None
    kids: list[_Field] = field(default_factory=list)


def merge_fields(joined: pikepdf.Pdf, parts: Sequence[Piece]) -> Dictionary | None:
    """Make one form: fields of the same name that only hold others together become one field.

    Args:
        joined: Document that has the pages already.
        parts: The pieces they come from.
    """
    tops: list[_Field] = []
    named: dict[tuple[int, bytes], _Field] = {}
    everything: list[_Field] = []
    pages = [page.obj for page in joined.pages]
    for part in parts:
        made: dict[Ref, _Field] = {}
        widgets = _widgets(pages, part)
        for node in part.fields.used(part.fields.widget(widget) for widget, _ in widgets.values()):
            ref = node.object.objgen
            parent = None if node.parent is None else made[node.parent.object.objgen]
            name = node.object.get(Name.T)
            key = (id(parent), bytes(name)) if isinstance(name, String) and ref not in widgets else None
            if key is not None and key in named:
                made[ref] = named[key]
                continue
            target = widgets[ref][1] if ref in widgets else joined.copy_foreign(node.object)
            made[ref] = one = _Field(cast("Dictionary", target), parent)
            everything.append(one)
            if key is not None:
                named[key] = one
            if parent is not None:
                parent.kids.append(one)
            elif node.listed:
                tops.append(one)
    for one in everything:
        if one.parent is not None:
            one.object.Parent = one.parent.object
        if one.kids:
            one.object.Kids = Array([kid.object for kid in one.kids])
    return _form(joined, parts, tops) if tops else None


def _widgets(pages: Sequence[Object], part: Piece) -> dict[Ref, tuple[Dictionary, Dictionary]]:
    """Return the widgets of a piece, each with its copy in the joined document."""
    found: dict[Ref, tuple[Dictionary, Dictionary]] = {}
    for index, notes in enumerate(part.annotations):
        if notes.widgets:
            copies = pages[part.offset + index].Annots
            for number in notes.widgets:
                own, copy = notes.annotations[number], copies[number]
                if isinstance(copy, Dictionary):
                    found[own.objgen] = (own, copy)
    return found


def _form(joined: pikepdf.Pdf, parts: Sequence[Piece], tops: Sequence[_Field]) -> Dictionary:
    form = Dictionary(Fields=Array([one.object for one in tops]))
    for part in parts:
        own = part.fields.form.root
        for key in ("/DA", "/Q", "/NeedAppearances", "/DR"):
            if own is None or key not in own:
                continue
            if key == "/DR" and key in form:
                _add_fonts(form.DR, copied(joined, part.pdf, own.DR))
            elif key not in form:
                form[key] = copied(joined, part.pdf, own[key])
    return form


def _add_fonts(resources: Object, more: Object) -> None:
    fonts, added = resources.get(Name.Font), more.get(Name.Font)
    if isinstance(added, Dictionary):
        if not isinstance(fonts, Dictionary):
            resources.Font = added
            return
        for name, font in added.items():
            if name not in fonts:
                fonts[key_of(name)] = font


def merge_layers(joined: pikepdf.Pdf, pieces: Sequence[pikepdf.Pdf]) -> None:
    """Carry the layers over. Each piece has all layers of its original, so the same place means the same layer."""
    copies = [
        copied(joined, pdf, pdf.Root.OCProperties)
        for pdf in pieces
        if isinstance(pdf.Root.get(Name.OCProperties), Dictionary)
    ]
    if not copies:
        return
    first = copies[0]
    joined.Root.OCProperties = first
    known = list(first.get(Name.OCGs, Array()))
    same: dict[Ref, Object] = {}
    for other in copies[1:]:
        groups = list(other.get(Name.OCGs, Array()))
        if [group.get(Name.Name) for group in groups] == [group.get(Name.Name) for group in known]:
            same.update((group.objgen, twin) for group, twin in zip(groups, known, strict=True) if group.is_indirect)
        else:
            _add_layers(first, other, groups)
    replace_references(joined, same)


def _add_layers(first: Object, other: Object, groups: Sequence[Object]) -> None:
    first.OCGs = Array([*first.get(Name.OCGs, Array()), *groups])
    setting, more = first.get(Name.D), other.get(Name.D)
    if isinstance(setting, Dictionary) and isinstance(more, Dictionary):
        for key in _SETTINGS:
            if isinstance(more.get(key), Array):
                setting[key] = Array([*setting.get(key, Array()), *more[key]])


def merge_equal(joined: pikepdf.Pdf) -> None:
    """Let fonts, images and other streams that are equal be one: all pieces carry those that pages share."""
    canonical = Canonical(joined, [page.obj for page in joined.pages])
    first: dict[bytes, Object] = {}
    same: dict[Ref, Object] = {}
    for item in joined.objects:
        if isinstance(item, Stream) or (isinstance(item, Dictionary) and item.get(Name.Type) == Name.Font):
            try:
                twin = first.setdefault(canonical.value(item), item)
            except PIKE_ERRORS:
                continue  # it stays by itself
            if twin.objgen != item.objgen:
                same[item.objgen] = twin
    replace_references(joined, same)


def replace_references(pdf: pikepdf.Pdf, same: Mapping[Ref, Object]) -> None:
    """Let everything in a document refer to other objects.

    Args:
        pdf: The document.
        same: For the identity of an object the one that takes its place.
    """
    if not same:
        return
    for item in pdf.objects:
        pending: list[object] = [item]
        while pending:
            container = pending.pop()
            if not isinstance(container, Array | Dictionary | Stream):
                continue
            for key, value in list(_entries(container)):
                ref = ref_of(value)
                if ref is None:
                    pending.append(value)
                elif ref in same:
                    container[key if isinstance(key, int) else key_of(key)] = same[ref]


def _entries(container: Object) -> Iterator[tuple[str | int, object]]:
    return iter(enumerate(container)) if isinstance(container, Array) else iter(container.items())
