"""A digest of any PDF object that does not depend on how a file happens to store it.

Equal are: the same object under another number, in an object stream or not, direct or indirect; a stream compressed,
compressed otherwise or not at all; resources with and without entries that are never used. Left out is what is not
shown: places in a structure tree, metadata, private data of editors, files.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Stream, String

from extractors.errors import SafetyLimitExceeded
from extractors.pdf.content import NAMED_RESOURCES, page_content
from extractors.pdf.cutting.objects import ref_of, text_in
from extractors.pdf.keys import value_at
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.stream_digest import stored_digest, stream_digest
from extractors.pdf.uses import Uses, keys_among, kinds_in, looks_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    import pikepdf

    from extractors.pdf.cutting.objects import Ref
    from extractors.pdf.uses import Names

    Steps = Generator[object, bytes, bytes]
    """Asks for the digests of objects one by one and ends with that of the whole."""

_IGNORED = frozenset(
    {"/AF", "/Metadata", "/OPI", "/P", "/Parent", "/PieceInfo", "/Ref", "/StructParent", "/StructParents"}
)
_STORAGE = frozenset({"/DL", "/DecodeParms", "/F", "/FDecodeParms", "/FFilter", "/Filter", "/Length"})
_NESTED = re.compile(rb"\d R\b|<<")
_NOWHERE = 1 << 62
_CYCLE_BUDGET = 5_000
"""Objects that refer back to themselves are looked at anew from wherever they are reached; so often for one page."""


@dataclass(slots=True)
class _Frame:
    """An object whose digest is being worked out.

    Attributes:
        steps: The rest of the work.
        ref: Its identity, if it is indirect.
        back: Depth of the outermost object it refers back to.
    """

    steps: Steps
    ref: Ref | None
    back: int = _NOWHERE


class Canonical:
    """Digests of the objects of one document; each is worked out once.

    Args:
        pdf: The document; it is not changed.
        pages: Its page objects: a reference to one of them counts as one to nothing.
    """

    def __init__(self, pdf: pikepdf.Pdf, pages: Iterable[Object]) -> None:
        nothing = hashlib.sha256(b"dictionary").digest()
        self._known: dict[Ref, bytes] = {page.objgen: nothing for page in pages}
        self._layers = _layer_states(pdf.Root)
        self._uses = Uses()
        self._cycles = 0

    def value(self, item: object) -> bytes:
        """Return the digest of an object, or what a plain value says.

        Raises:
            SafetyLimitExceeded: Too many objects refer back to themselves.
        """
        return self._run(self._any(item))

    def page(self, page: Object) -> bytes:
        """Return the digest of what a page draws: its content and all that may be used by it.

        Raises:
            SafetyLimitExceeded: Too many objects refer back to themselves.
        """
        return self._run(self._page(page))

    def borrowed(self, page: Object, annotation: Dictionary) -> bytes:
        """Return the digest of what an annotation's appearance uses of its page's resources; empty for nothing.

        Raises:
            SafetyLimitExceeded: Too many objects refer back to themselves.
        """
        resources = page.get(Name.Resources)
        looks = list(looks_of(annotation))
        if not looks or not isinstance(resources, Dictionary):
            return b""
        names = self._uses.by_looks(looks, resources).names
        return self._run(self._entries(resources, names)) if names is None or any(names.values()) else b""

    def _run(self, steps: Steps) -> bytes:
        """Work through nested steps without recursion, however deep."""
        self._cycles = 0
        frames = [_Frame(steps, None)]
        path: dict[Ref, int] = {}
        answer: bytes | None = None
        while frames:
            frame = frames[-1]
            try:
                item = next(frame.steps) if answer is None else frame.steps.send(answer)
            except StopIteration as end:
                frames.pop()
                answer = end.value
                self._finish(frame, frames, path, answer)
            else:
                answer = self._begin(item, frames, path)
        return answer or b""

    def _begin(self, item: object, frames: list[_Frame], path: dict[Ref, int]) -> bytes | None:
        """Return the digest of an object if it can be told at once; else put it on top of the work."""
        if not isinstance(item, Array | Dictionary | Stream):
            return text_of(item)
        ref = ref_of(item)
        if ref is not None:
            if ref in self._known:
                return self._known[ref]
            if ref in path:
                frames[-1].back = min(frames[-1].back, path[ref])
                return b"back"
            path[ref] = len(frames)
        frames.append(_Frame(self._any(item), ref))
        return None

    def _finish(self, frame: _Frame, frames: list[_Frame], path: dict[Ref, int], answer: bytes) -> None:
        """Keep a digest, unless it depends on where the object was reached from: it is part of a cycle then."""
        depth = len(frames)
        if frame.ref is not None:
            del path[frame.ref]
            if frame.back > depth:
                self._known[frame.ref] = answer
            else:
                self._cycles += 1
                if self._cycles > _CYCLE_BUDGET:
                    raise SafetyLimitExceeded(
                        "Objects of the PDF refer to one another in too many circles to be compared. Print it to a new "
                        "PDF and use that."
                    )
        if frames and frame.back < depth:
            frames[-1].back = min(frames[-1].back, frame.back)

    def _any(self, item: object) -> Steps:
        if isinstance(item, Array):
            return self._array(item)
        if isinstance(item, Stream) or (isinstance(item, Dictionary) and item.get(Name.Subtype) == Name.Type3):
            return self._holder(item)
        if isinstance(item, Dictionary):
            return self._dictionary(item, _IGNORED)
        return _plain(item)

    def _array(self, array: Array) -> Steps:
        digest = hashlib.sha256(b"array")
        flat = array.unparse(resolved=True)
        if _NESTED.search(flat) is None:  # numbers, mostly, and many of them: widths of glyphs
            digest.update(flat)
            return digest.digest()
        for item in array:
            digest.update((yield item))
        return digest.digest()

    def _dictionary(self, dictionary: Object, ignored: frozenset[str]) -> Steps:
        digest = hashlib.sha256(b"dictionary")
        for key, item in dictionary.items():
            if key not in ignored and item is not None:
                digest.update(text_of(key))
                digest.update((yield item))
        ref = ref_of(dictionary)
        if ref in self._layers:
            digest.update(b"shown" if self._layers[ref] else b"hidden")
        return digest.digest()

    def _holder(self, holder: Object) -> Steps:
        """What has content, and perhaps resources for it."""
        ignored = _IGNORED | {"/Resources"}
        if isinstance(holder, Stream):
            ignored |= _STORAGE
        digest = hashlib.sha256((yield from self._dictionary(holder, ignored)))
        if isinstance(holder, Stream):
            digest.update(stream_digest(holder))
        digest.update((yield from self._resources(holder)))
        return digest.digest()

    def _page(self, page: Object) -> Steps:
        digest = hashlib.sha256(b"page")
        try:
            digest.update(page_content(page))
        except PIKE_ERRORS:
            contents = page.get(Name.Contents)
            for part in contents if isinstance(contents, Array) else (contents,):
                if isinstance(part, Stream):
                    digest.update(stored_digest(part))
        digest.update((yield page.get(Name.Group)))
        digest.update((yield from self._resources(page)))
        return digest.digest()

    def _resources(self, holder: Object) -> Steps:
        """The resources a holder can use."""
        resources = holder.get(Name.Resources)
        if not isinstance(resources, Dictionary):
            return hashlib.sha256(b"resources").digest()
        return (yield from self._entries(resources, self._uses.of(holder, resources).names))

    def _entries(self, resources: Dictionary, names: Names | None) -> Steps:
        """The resources with these names; all where they cannot be told."""
        digest = hashlib.sha256(b"resources")
        for kind in kinds_in(resources, NAMED_RESOURCES):
            entries = resources.get(kind)
            if isinstance(entries, Dictionary):
                for key in keys_among(entries, None if names is None else names[kind]):
                    digest.update(text_of(kind) + text_of(key))
                    digest.update((yield value_at(entries, key)))
        return digest.digest()


def _plain(item: object) -> Steps:
    yield from ()
    return text_of(item)


def text_of(item: object) -> bytes:
    """Return bytes that stand for a plain value and for no other."""
    if isinstance(item, Name):
        data = b"/" + text_in(item).encode("utf-8", "surrogateescape")
    elif isinstance(item, String):
        data = b"(" + bytes(item)
    elif isinstance(item, str):
        data = b"=" + item.encode("utf-8", "surrogateescape")
    elif item is None or isinstance(item, bool | int | Decimal):
        data = repr(item).encode()
    elif isinstance(item, Object):
        data = b"?" + item.unparse(resolved=True)
    else:
        data = repr(item).encode()
    return b"%d:%b" % (len(data), data)


def _layer_states(root: Object) -> dict[Ref, bool]:
    """Tell which layers are shown at first (ISO 32000-2, 8.11.4.3)."""
    layers = root.get(Name.OCProperties)
    if not isinstance(layers, Dictionary):
        return {}
    setting = layers.get(Name.D)
    groups = layers.get(Name.OCGs)
    shown = not (isinstance(setting, Dictionary) and setting.get(Name.BaseState) == Name.OFF)
    states = dict.fromkeys(_refs(groups), shown)
    if isinstance(setting, Dictionary):
        states.update(dict.fromkeys(_refs(setting.get(Name.ON)), True))
        states.update(dict.fromkeys(_refs(setting.get(Name.OFF)), False))
    return states


def _refs(array: object) -> list[Ref]:
    return [ref for ref in map(ref_of, array) if ref is not None] if isinstance(array, Array) else []
