"""A unit as a small picture for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_RATIO = 4
"""How many times longer than wide a picture may be; more of it is cut off at the end."""


def write_thumbnail(image: Image, width_px: int, out: BinaryIO) -> None:
    """Write an image of mode ``RGB`` as PNG, no wider than ``width_px``; smaller ones are left as they are."""
    from PIL import Image as Pillow

    width = min(width_px, image.width)
    height = max(1, round(image.height * width / image.width))
    small = image if width == image.width else image.resize((width, height), Pillow.Resampling.LANCZOS)
    longest = MAX_RATIO * width_px
    if small.height > longest:
        small = small.crop((0, 0, small.width, longest))
    small.save(out, "PNG", optimize=True)
