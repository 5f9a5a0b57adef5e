"""Making the images of a piece smaller, as far as a step allows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Name, Page, Stream

from extractors.base import Change, ShrinkStep, mildest
from extractors.pdf.content import page_content
from extractors.pdf.drawn import images_drawn
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.reencode import Left, smaller
from extractors.tones import LEAST_BILEVEL_DPI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import Shrink
    from extractors.pdf.cutting.objects import Ref

_INLINE_BYTES = 4_096
"""Inline images from this size on are made images of their own, so that they can be made smaller."""
_INLINE = re.compile(rb"(?:^|\s)BI\s")


@dataclass(slots=True)
class _Use:
    """An image of the piece.

    Attributes:
        image: Its object.
        wide: Largest width it is drawn at, in inches.
        high: Largest height.
        pages: Numbers of the pages that draw it.
    """

    image: Stream
    wide: float = 0.0
    high: float = 0.0
    pages: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Saving:
    """What became of an image and its soft mask.

    Attributes:
        pixels: Before and after.
        bytes: Before and after.
        bits: Whether each part that was re-encoded is in black and white now.
        step: How far it was to go.
    """

    pixels: tuple[int, int]
    bytes: tuple[int, int]
    bits: tuple[bool, ...]
    step: ShrinkStep


@dataclass(slots=True)
class _Outcome:
    """What became of the images of a page.

    Attributes:
        savings: Of each that was re-encoded.
        left: Why others were not, where that has a reason besides their being small.
    """

    savings: list[_Saving] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def shrunk_pages(piece: pikepdf.Pdf, shrink: Shrink, *, first: int, max_pixels: int) -> tuple[Change, ...]:
    """Re-encode the images of a document where that makes them smaller.

    An image that several pages draw is re-encoded once, for the largest size it is drawn at, and only as far as all of
    them allow.

    Args:
        piece: The document; its images are changed.
        shrink: How far to go.
        first: Number its first page has in the original.
        max_pixels: Images with more are left as they are.

    Returns:
        One change ``shrunk`` for each page with an image that was re-encoded; images that pages share count for each.
        One change ``images-left`` for each page with an image that had to stay as it is.
    """
    uses: dict[Ref, _Use] = {}
    for number, page in enumerate(piece.pages, first):
        _take_inline_images_out(page)
        for ref, (image, wide, high) in images_drawn(page.obj).items():
            use = uses.setdefault(ref, _Use(image))
            use.wide, use.high = max(use.wide, wide), max(use.high, high)
            use.pages.append(number)
    by_page: dict[int, _Outcome] = {}
    for use in uses.values():
        step = mildest(shrink, use.pages)
        if step is None:
            continue
        saving, left = _shrink(piece, use, step, max_pixels)
        for number in use.pages:
            page_outcome = by_page.setdefault(number, _Outcome())
            page_outcome.savings += [saving] if saving else []
            page_outcome.left += [left] if left else []
    return tuple(change for number in sorted(by_page) for change in _changes(number, by_page[number]))


def _shrink(piece: pikepdf.Pdf, use: _Use, step: ShrinkStep, max_pixels: int) -> tuple[_Saving | None, str]:
    """Re-encode an image and its soft mask; return what that saved, and why the image stays as it is."""
    parts: list[tuple[Stream, ShrinkStep]] = [(use.image, step)]
    mask = use.image.get(Name.SMask)
    if isinstance(mask, Stream):
        parts.append((mask, ShrinkStep(dpi=step.dpi, jpeg_quality=step.jpeg_quality)))
    before = [_measures(part) for part, _ in parts]
    bits, why = [], ""
    for part, how in parts:
        stored = smaller(piece, part, (use.wide, use.high), how, max_pixels)
        if isinstance(stored, Left):
            why = why or stored.why
        else:
            stored.put(part)
            bits.append(stored.black_and_white)
    if not bits:
        return None, why
    after = [_measures(part) for part, _ in parts]
    saving = _Saving(
        (sum(pixels for pixels, _ in before), sum(pixels for pixels, _ in after)),
        (sum(size for _, size in before), sum(size for _, size in after)),
        tuple(bits),
        step,
    )
    return saving, why


def _measures(image: Stream) -> tuple[int, int]:
    width, height = image.get_int("/Width", 0), image.get_int("/Height", 0)
    return width * height, len(image.get_raw_stream_buffer())


def _take_inline_images_out(page: Page) -> None:
    try:
        if _INLINE.search(page_content(page.obj)):
            page.externalize_inline_images(min_size=_INLINE_BYTES)
    except PIKE_ERRORS:
        return  # content that cannot be read stays as it is


def _changes(number: int, outcome: _Outcome) -> Iterator[Change]:
    if outcome.savings:
        yield _shrunk(number, outcome.savings)
    if outcome.left:
        why = ", ".join(sorted(set(outcome.left)))
        yield Change(
            code="images-left",
            units=(number,),
            message=f"{len(outcome.left)} image(s) cannot be made smaller: {why}.",
            before={"images": len(outcome.left)},
        )


def _shrunk(number: int, savings: list[_Saving]) -> Change:
    step = max((saving.step for saving in savings), key=lambda one: one.dpi)
    pixels = [sum(saving.pixels[side] for saving in savings) for side in (0, 1)]
    sizes = [sum(saving.bytes[side] for saving in savings) for side in (0, 1)]
    bits = [one for saving in savings for one in saving.bits]
    mode = "gray" if step.mode == "bilevel" and not all(bits) else step.mode
    dpi = max(step.dpi, LEAST_BILEVEL_DPI) if any(bits) else step.dpi
    coded = "" if all(bits) else f", JPEG quality {step.jpeg_quality}"
    looks = {"keep": "colours kept", "gray": "gray", "bilevel": "black and white"}[mode]
    return Change(
        code="shrunk",
        units=(number,),
        message=(
            f"{len(savings)} image(s) re-encoded to at most {dpi} dpi{coded}, {looks}: "
            f"{sizes[0]:,} to {sizes[1]:,} bytes."
        ),
        before={"images": len(savings), "pixels": pixels[0], "bytes": sizes[0]},
        after={
            "images": len(savings),
            "pixels": pixels[1],
            "bytes": sizes[1],
            "dpi": dpi,
            "jpeg_quality": 0 if all(bits) else step.jpeg_quality,
            "mode": mode,
        },
    )
