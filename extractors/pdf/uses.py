"""Which resources are used, and by what.

What is drawn asks its own resources first. A name that they do not have is looked up in those of what draws it, up to
the page: so early versions of PDF allowed (ISO 32000-2, 8.10.1), and readers do so with appearances of annotations and
with incomplete resources, too. What is lent in this way must be neither pruned nor left out of a comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Stream

from extractors.pdf.content import NAMED_RESOURCES, holder_names
from extractors.pdf.cutting.objects import ref_of
from extractors.pdf.keys import value_at
from extractors.pdf.limits import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from extractors.pdf.cutting.objects import Ref

    Names = Mapping[str, AbstractSet[str]]
    """Names of resources by their kind."""

_DRAWING = ("/ExtGState", "/Font", "/Pattern", "/XObject")
"""Kinds of resources that may be, or lead to, holders."""
_LOOKS = frozenset({"/AP", "/MK"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a holder uses of its resources.

    Attributes:
        names: The names that may be asked for; None when that cannot be told.
        drawn: Holders among the resources with these names (or any) that have resources of their own.
    """

    names: Names | None
    drawn: Sequence[Object]


class Uses:
    """Tells what is used in one document; what a holder asks of others is worked out once."""

    def __init__(self) -> None:
        self._lent: dict[Ref, Names | None] = {}

    def of(self, holder: Object, resources: Dictionary, looks: Sequence[Object] = (), level: int = 0) -> Used:
        """Return what may be asked of the resources of a holder, by itself and by all it draws.

        Args:
            holder: What has the resources.
            resources: They.
            looks: What is shown with it and asks the same resources: the appearances of a page's annotations.
            level: How deep below a page.
        """
        own = holder_names(holder)
        return self._all(None if own is None else dict.fromkeys(NAMED_RESOURCES, own), resources, looks, level)

    def by_looks(self, looks: Sequence[Object], resources: Dictionary) -> Used:
        """Return what appearances of annotations may ask of the resources of their page."""
        return self._all({}, resources, looks, 0)

    def _all(self, first: Names | None, resources: Dictionary, looks: Sequence[Object], level: int) -> Used:
        """Add to the names asked first what is asked in addition by what they lead to."""
        asked: dict[str, set[str]] = {kind: set() for kind in NAMED_RESOURCES}
        for lent in (first, *(self._lent_to(look, level + 1) for look in looks)):
            if lent is None:
                return _anything(resources)
            _add(asked, lent)
        drawn: list[Object] = []
        fresh: Names = asked
        while any(fresh.values()):
            more: dict[str, set[str]] = {kind: set() for kind in NAMED_RESOURCES}
            for one in _holders(resources, fresh):
                if Name.Resources in one:
                    drawn.append(one)
                lent = self._lent_to(one, level + 1)
                if lent is None:
                    return _anything(resources)
                _add(more, lent)
            fresh = {kind: names - asked[kind] for kind, names in more.items()}
            _add(asked, fresh)
        return Used(names=asked, drawn=drawn)

    def _lent_to(self, holder: Object, level: int) -> Names | None:
        """Return what a holder asks of whatever draws it; None when that cannot be told, as in a circle."""
        ref = ref_of(holder)
        if level > MAX_DEPTH:
            return None
        if ref is None:
            return self._missing(holder, level)
        if ref not in self._lent:
            self._lent[ref] = None
            self._lent[ref] = self._missing(holder, level)
        return self._lent[ref]

    def _missing(self, holder: Object, level: int) -> Names | None:
        """Return the names a holder and what it draws ask for, less those it has."""
        resources = holder.get(Name.Resources)
        if not isinstance(resources, Dictionary):
            names = holder_names(holder)
            return None if names is None else dict.fromkeys(NAMED_RESOURCES, names)
        asked = self.of(holder, resources, level=level).names
        if asked is None:
            return None
        missing = {}
        for kind, wanted in asked.items():
            entries = resources.get(kind)
            missing[kind] = {one for one in wanted if one not in entries} if isinstance(entries, Dictionary) else wanted
        return missing


def appearances(page: Object) -> Iterator[Stream]:
    """Yield the streams that draw a page's annotations, icons of buttons among them."""
    annotations = page.get(Name.Annots) if "/Annots" in page else None
    for annotation in annotations if isinstance(annotations, Array) else ():
        if isinstance(annotation, Dictionary):
            yield from looks_of(annotation)


def looks_of(annotation: Dictionary) -> Iterator[Stream]:
    """Yield the streams that draw one annotation."""
    for key in sorted(_LOOKS.intersection(annotation.keys())):
        looks = annotation.get(key)
        for look in looks.values() if isinstance(looks, Dictionary) else ():
            states = list(look.values()) if isinstance(look, Dictionary) else [look]
            yield from (state for state in states if isinstance(state, Stream))


def kinds_in(resources: Dictionary, kinds: tuple[str, ...]) -> list[str]:
    """Return those of ``kinds`` that there are resources of, in this order."""
    present = resources.keys()
    return [kind for kind in kinds if kind in present]


def keys_among(entries: Dictionary, names: AbstractSet[str] | None) -> list[str]:
    """Return the keys of a dictionary that are among ``names`` (None: all), ascending.

    Pages may share a dictionary of ten thousand entries; its keys are then not read again for each page.
    """
    if names is not None and len(entries) > len(names):
        return sorted(name for name in names if name in entries)
    return sorted(entries.keys() if names is None else entries.keys() & names)


def _anything(resources: Dictionary) -> Used:
    return Used(names=None, drawn=[one for one in _holders(resources, None) if Name.Resources in one])


def _add(names: Mapping[str, set[str]], more: Names) -> None:
    for kind, added in more.items():
        names[kind].update(added)


def _holders(resources: Dictionary, names: Names | None) -> Iterator[Object]:
    """Yield the holders among the resources with these names (None: with any), by ascending name."""
    for kind in kinds_in(resources, _DRAWING):
        entries = resources.get(kind)
        if isinstance(entries, Dictionary):
            for key in keys_among(entries, None if names is None else names[kind]):
                holder = _holder_in(kind, value_at(entries, key))
                if holder is not None:
                    yield holder


def _holder_in(kind: str, value: object) -> Object | None:
    """Return the holder that one entry of a holder's resources is or leads to, if any."""
    if kind == "/Font":
        return value if isinstance(value, Dictionary) and value.get(Name.Subtype) == Name.Type3 else None
    if kind == "/ExtGState":
        mask = value.get(Name.SMask) if isinstance(value, Dictionary) and "/SMask" in value else None
        group = mask.get(Name.G) if isinstance(mask, Dictionary) else None
        return group if isinstance(group, Stream) else None
    if isinstance(value, Stream) and (kind == "/Pattern" or value.get(Name.Subtype) == Name.Form):
        return value
    return None
