"""Making the pictures of a piece smaller, as far as a step allows."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.base import Change, ShrinkStep, mildest
from extractors.docx.cutting import archive
from extractors.docx.cutting.drawn import drawn
from extractors.docx.cutting.reencode import smaller
from extractors.errors import DamagedDocument
from extractors.tones import LEAST_BILEVEL_DPI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import Shrink
    from extractors.docx.cutting.archive import Contents
    from extractors.docx.cutting.parts import Parts
    from extractors.docx.cutting.piece import Made

_TYPES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/tiff", "image/bmp", "image/x-bmp", "image/x-ms-bmp"})
_STORIES = ("header", "footer", "footnotes", "endnotes", "comments")
_MODES = {"keep": "colours kept", "gray": "gray", "bilevel": "black and white"}


@dataclass(slots=True)
class Use:
    """A picture of the piece.

    Attributes:
        width_emu: Largest width it is drawn at.
        height_emu: Largest height.
        known: Its size is known wherever it is used.
        blocks: Blocks that show it.
    """

    width_emu: float = 0.0
    height_emu: float = 0.0
    known: bool = True
    blocks: set[int] = field(default_factory=set)

    def take(self, width: float, height: float, block: int) -> None:
        """Take note of one more place it is drawn at (block 0: outside the body)."""
        self.known &= min(width, height) > 0
        self.width_emu, self.height_emu = max(self.width_emu, width), max(self.height_emu, height)
        if block:
            self.blocks.add(block)


@dataclass(frozen=True, slots=True)
class _Saving:
    """Pixels and bytes of a picture before and after, whether it is now black and white, or JPEG, and by which step."""

    pixels: tuple[int, int]
    bytes: tuple[int, int]
    bits: bool
    jpeg: bool
    step: ShrinkStep


def shrink(parts: Parts, contents: Contents, made: Made, how: Shrink, max_pixels: int) -> tuple[Change, ...]:
    """Re-encode the pictures of a piece where that makes them smaller.

    Args:
        parts: The source's parts.
        contents: What the piece holds; smaller pictures are put into it.
        made: The piece's body, with its pictures.
        how: How far to go; a picture outside the body is left as it is where only some blocks are meant.
        max_pixels: Pictures with more are left as they are.

    Returns:
        One change ``shrunk`` for each block with a picture that was re-encoded, and one for those outside the body.
    """
    uses = _uses(parts, contents, made)
    of_package = {link.part for link in parts.links("")}  # a thumbnail is no picture of the document
    by_block: dict[int, list[_Saving]] = {}
    for part in archive.reachable(parts, contents):
        if part in of_package or parts.content_type(part).lower() not in _TYPES:
            continue
        use = uses.get(part, Use(known=False))
        step = mildest(how, use.blocks or {0})
        if step is None or not step.dpi:
            continue
        try:
            data = parts.package.container.read(part)
        except DamagedDocument:
            continue
        size = (use.width_emu, use.height_emu) if use.known else (0.0, 0.0)
        stored = smaller(data, size, step, max_pixels)
        if stored is None:
            continue
        contents.replaced[part] = stored.data
        if stored.content_type != parts.content_type(part):
            name = _new_name(parts, contents, part, stored.extension)
            contents.renamed[part] = name
            contents.types[name] = stored.content_type
        for block in use.blocks or {0}:
            sizes = (len(data), len(stored.data))
            by_block.setdefault(block, []).append(
                _Saving((stored.before, stored.after), sizes, stored.bits, stored.content_type == "image/jpeg", step)
            )
    return tuple(_change(block, by_block[block]) for block in sorted(by_block))


def _uses(parts: Parts, contents: Contents, made: Made) -> dict[str, Use]:
    uses: dict[str, Use] = {}
    targets = {link.relation.id: link.part for link in parts.links(parts.main)}
    for identity, block, width, height in made.pictures:
        part = targets.get(identity)
        if part is not None:
            uses.setdefault(part, Use()).take(width, height, block)
    for part, width, height in _outside_the_body(parts, contents):
        uses.setdefault(part, Use()).take(width, height, 0)
    return uses


def _outside_the_body(parts: Parts, contents: Contents) -> Iterator[tuple[str, float, float]]:
    """Yield the pictures of headers, footers, notes and comments; what other parts show has no known size."""
    stories = {link.part for link in parts.links(parts.main) if link.relation.kind in _STORIES}
    for part in archive.reachable(parts, contents):
        links = {link.relation.id: link.part for link in parts.links(part) if link.relation.kind == "image"}
        if part == parts.main or not links:
            continue
        sizes: dict[str, tuple[float, float]] = {}
        if part in stories:
            for each in drawn(parts.root(part)):
                before = sizes.get(each.identity, (0.0, 0.0))
                sizes[each.identity] = (max(before[0], each.width_emu), max(before[1], each.height_emu))
        for identity, target in links.items():
            if target is not None:
                yield target, *sizes.get(identity, (0.0, 0.0))


def _new_name(parts: Parts, contents: Contents, part: str, extension: str) -> str:
    stem, number = posixpath.splitext(part)[0], 1
    name = f"{stem}.{extension}"
    while parts.stored(name) is not None or name in contents.renamed.values():
        number += 1
        name = f"{stem}-{number}.{extension}"
    return name


def _change(block: int, savings: list[_Saving]) -> Change:
    step = max((saving.step for saving in savings), key=lambda one: one.dpi)
    pixels = [sum(saving.pixels[side] for saving in savings) for side in (0, 1)]
    sizes = [sum(saving.bytes[side] for saving in savings) for side in (0, 1)]
    bits = [saving.bits for saving in savings]
    mode = "gray" if step.mode == "bilevel" and not all(bits) else step.mode
    dpi = max(step.dpi, LEAST_BILEVEL_DPI) if any(bits) else step.dpi
    quality = step.jpeg_quality if any(saving.jpeg for saving in savings) else 0
    coded = f", JPEG quality {quality}" if quality else ""
    where = "" if block else " outside the body"
    return Change(
        code="shrunk",
        units=(block,) if block else (),
        message=(
            f"{len(savings)} image(s){where} re-encoded to at most {dpi} dpi{coded}, {_MODES[mode]}: "
            f"{sizes[0]:,} to {sizes[1]:,} bytes."
        ),
        before={"images": len(savings), "pixels": pixels[0], "bytes": sizes[0]},
        after={
            "images": len(savings),
            "pixels": pixels[1],
            "bytes": sizes[1],
            "dpi": dpi,
            "jpeg_quality": quality,
            "mode": mode,
        },
    )
