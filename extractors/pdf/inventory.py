"""What each page weighs: which streams only it uses, and which it shares with other pages.

One walk over the resources of all pages in qpdf (about 0.1 ms a page), no stream is read. An object is looked at twice
at most, once for the first page that leads to it and once when a second one does, so the walk is linear however the
pages share.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Object, Stream

from extractors.pdf.annotations import MAX_ANNOTATIONS
from extractors.pdf.limits import MAX_DEPTH, PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pikepdf

    from extractors.pdf.placing import ImageKey

MAX_NODES = 1_000_000
"""Objects looked at in one document; 10,000 ordinary pages have 100,000."""

_OBJECT_BYTES = 110
"""Typical size of a dictionary object with its entry in the cross-reference table."""
_ANNOTATION_BYTES = 250
"""Typical size of an annotation without what it draws."""
_PACKED_FROM = 1_000
_PACKED = 3
"""Streams that are not images come out of a cut compressed; text of a page to a third or less."""
_SHARED = 0
_NOBODY = (-1, 0)
_INSIDE = (0, 0)
_KINDS = (Dictionary, Stream, Array)
_MOST_UNIT = 1e6
_LONG_ARRAY = 500
_NAMED = frozenset(
    (
        *("/XObject", "/Font", "/Pattern", "/Shading", "/ColorSpace", "/ExtGState", "/Properties", "/CharProcs"),
        *("/N", "/D", "/R", "/PieceInfo", "/Private"),
    )
)
"""Keys of dictionaries whose own keys are names given by the document: all they hold is followed."""
_HELD = frozenset(
    (
        *(
            "/Resources",
            "/SMask",
            "/Mask",
            "/G",
            "/FontDescriptor",
            "/FontFile",
            "/FontFile2",
            "/FontFile3",
            "/ToUnicode",
        ),
        *("/Encoding", "/DescendantFonts", "/CIDToGIDMap", "/Function", "/Functions", "/TR", "/TR2", "/BG", "/BG2"),
        *("/UCR", "/UCR2", "/HT", "/DecodeParms", "/JBIG2Globals", "/CIDSet", "/Metadata"),
    )
)
"""Keys of other dictionaries whose value goes along with a page. All others lead out of it."""
_FOLLOWED = _NAMED | _HELD


@dataclass(slots=True)
class Inventory:
    """Weights of a document's pages.

    Attributes:
        own_bytes: For each page, stored bytes of what only it uses.
        shared_bytes: Stored bytes of what several pages use.
        user_units: UserUnit of the pages that have one other than 1, by index.
        see_through: Images that have a mask or transparency.
        repeated: Images that several pages draw: backgrounds and logos.
        bilevel: Images of one bit a pixel.
        text_maps: What the fonts say their glyphs mean (ToUnicode), each once.
        shared_images: Of the shared bytes, those of images, by image. A page has them in its piece only if it draws
            them, however many pages name them.
    """

    own_bytes: list[int]
    shared_bytes: int = 0
    user_units: dict[int, float] = field(default_factory=dict)
    see_through: set[ImageKey] = field(default_factory=set)
    repeated: set[ImageKey] = field(default_factory=set)
    bilevel: set[ImageKey] = field(default_factory=set)
    text_maps: list[Stream] = field(default_factory=list)
    shared_images: dict[ImageKey, int] = field(default_factory=dict)

    def deal_out(self, drawn: Sequence[Collection[ImageKey]]) -> tuple[int, list[int]]:
        """Give shared images to the pages that draw them, where those are not most of the pages.

        Args:
            drawn: Images that each page draws.

        Returns:
            Bytes every piece carries, and bytes each page adds to its own.
        """
        shared, more = self.shared_bytes, [0] * len(drawn)
        if not self.shared_images:
            return shared, more
        drawers: dict[ImageKey, list[int]] = {key: [] for key in self.shared_images}
        for index, keys in enumerate(drawn):
            for key in keys:
                if key in drawers:
                    drawers[key].append(index)
        for key, pages in drawers.items():
            if 2 * len(pages) >= len(drawn):
                continue
            shared -= self.shared_images[key]
            for index in pages:
                more[index] += self.shared_images[key]
        return shared, more


def take_inventory(pike: pikepdf.Pdf, pages: int, size_bytes: int) -> Inventory:
    """Weigh the first ``pages`` pages of a document of ``size_bytes``.

    A page whose objects are damaged weighs what was found before the damage.
    """
    found = Inventory(own_bytes=[0] * pages)
    walk = _Walk(found, size_bytes)
    nodes: list[Object] = []
    with suppress(*PIKE_ERRORS):
        nodes.extend(page.obj for page in islice(pike.pages, pages))
    for index, node in enumerate(nodes):
        with suppress(*PIKE_ERRORS):
            walk.page(index, node)
    for owner, weight in walk.owners.values():
        if owner == _SHARED:
            found.shared_bytes += weight
        else:
            found.own_bytes[owner - 1] += weight
    return found


class _Walk:
    """Finds out which page each object belongs to."""

    def __init__(self, found: Inventory, size_bytes: int) -> None:
        self.owners: dict[tuple[int, int], tuple[int, int]] = {}  # object → page number (0: several), bytes
        self.left = MAX_NODES
        self._found = found
        self._size = size_bytes
        self._maps: set[tuple[int, int]] = set()

    def page(self, index: int, node: Object) -> None:
        """Walk one page: what it draws, and what its annotations draw."""
        unit: object = node.get("/UserUnit")
        if unit is not None and unit != 1:
            self._unit(index, unit)
        self._found.own_bytes[index] += _OBJECT_BYTES
        held = (node.get(key) for key in ("/Contents", "/Thumb", "/Metadata", "/PieceInfo"))
        roots = [resources_of(node), *held, *self._appearances(index, node)]
        stack: list[tuple[Object, bool]] = [(root, False) for root in roots if isinstance(root, _KINDS)]
        while stack and self.left > 0:
            self.left -= 1
            item, named = stack.pop()
            if self._claim(item, index + 1):
                stack.extend(entry for entry in _children(item, named=named) if self._is_news(entry[0], index + 1))

    def _appearances(self, index: int, node: Object) -> list[object]:
        """Return what the annotations of a page draw; of an annotation nothing else weighs much."""
        annotations: object = node.get("/Annots")
        if not isinstance(annotations, Array):
            return []
        self._found.own_bytes[index] += len(annotations) * _ANNOTATION_BYTES
        return [item.get("/AP") for item in islice(annotations, MAX_ANNOTATIONS) if isinstance(item, Dictionary)]

    def _is_news(self, item: Object, number: int) -> bool:
        """Whether it is not known yet that this page uses an object."""
        return self.owners.get(item.objgen, _NOBODY)[0] not in (number, _SHARED)

    def _claim(self, item: Object, number: int) -> bool:
        """Note that a page uses an object; return whether to go on below it."""
        key = item.objgen
        if key == _INSIDE:
            self._text_map(item)
            return True  # written inside its holder
        owner, weight = self.owners.get(key, _NOBODY)
        if owner in (number, _SHARED):
            return False
        if owner == _NOBODY[0]:
            self.owners[key] = (number, self._weight(item))
        else:
            self.owners[key] = (_SHARED, weight)
            image = _image_key(item, weight - _OBJECT_BYTES)
            if image is not None:
                self._found.repeated.add(image)
                images = self._found.shared_images
                images[image] = images.get(image, 0) + weight
        return True

    def _weight(self, item: Object) -> int:
        if not isinstance(item, Stream):
            self._text_map(item)
            return _OBJECT_BYTES
        length: object = item.get("/Length")
        stored = min(max(length, 0), self._size) if isinstance(length, int) else 0
        image = _image_key(item, stored)
        if image is None and stored > _PACKED_FROM and "/Filter" not in item:
            return stored // _PACKED + _OBJECT_BYTES
        if image is not None:
            stencil: object = item.get("/ImageMask")
            if stencil is True or "/SMask" in item or "/Mask" in item:
                self._found.see_through.add(image)
            if stencil is True or item.get("/BitsPerComponent") == 1:
                self._found.bilevel.add(image)
        return stored + _OBJECT_BYTES

    def _text_map(self, item: Object) -> None:
        """Remember the map from glyphs to text, if the object is a font that has one."""
        text_map: object = item.get("/ToUnicode") if isinstance(item, Dictionary) else None
        if isinstance(text_map, Stream) and text_map.objgen not in self._maps:
            self._maps.add(text_map.objgen)
            self._found.text_maps.append(text_map)

    def _unit(self, index: int, unit: object) -> None:
        try:
            value = float(str(unit))
        except ValueError:
            return
        if 0 < value <= _MOST_UNIT:  # nothing larger is a unit; PDF 1.7 readers stop at 75,000
            self._found.user_units[index] = value


def resources_of(node: Object) -> object:
    """Return the resources of a page, or of the nearest node above that has some.

    pikepdf's ``Page.resources`` would copy inherited ones into the page.
    """
    current: object = node
    for _ in range(MAX_DEPTH):
        if not isinstance(current, Dictionary):
            return None
        resources: object = current.get("/Resources")
        if resources is not None:
            return resources
        current = current.get("/Parent")
    return None


def _image_key(item: Object, stored: int) -> ImageKey | None:
    """Return what PDFium knows an image by; None when it is none."""
    if not isinstance(item, Stream) or item.get("/Subtype") != "/Image":
        return None
    width: object = item.get("/Width")
    height: object = item.get("/Height")
    return (width, height, stored) if isinstance(width, int) and isinstance(height, int) else None


def _children(item: Object, *, named: bool) -> list[tuple[Object, bool]]:
    """Objects an object leads to, each with whether its keys are names given by the document."""
    if isinstance(item, Array):
        first: object = item[0] if len(item) else None
        if len(item) > _LONG_ARRAY and not isinstance(first, Object):
            return []  # numbers: samples of a function
        return [(value, False) for value in item if isinstance(value, _KINDS)]
    if named and not isinstance(item, Stream):
        return [(value, False) for value in item.values() if isinstance(value, _KINDS)]
    entries = ((key, item.get(key)) for key in sorted(_FOLLOWED & item.keys()))
    return [(value, key in _NAMED) for key, value in entries if isinstance(value, _KINDS)]
