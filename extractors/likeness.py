"""How much two views of one unit differ, by their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from PIL.Image import Image

    View: TypeAlias = Image

TILE_PX = 32
"""Side of the squares that images are compared by: about two lines of a word at 72 dpi."""
_BARELY = 1 / 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much a unit differs between two files.

    Attributes:
        number: Its number in the document.
        mean: Mean difference of the pixels, 0 to 1.
        worst: Mean difference in the square of :data:`TILE_PX` that differs most, 0 to 1; 0 only for equal pixels.
        error: Why the piece's unit could not be compared; empty when it could.
    """

    number: int
    mean: float = 0.0
    worst: float = 0.0
    error: str = ""


def likeness(number: int, one: View, other: View) -> Likeness:
    """Compare two images of mode ``RGB``."""
    from PIL import Image, ImageChops

    if max(abs(one.width - other.width), abs(one.height - other.height)) > 1:
        sizes = f"{one.width} × {one.height} and {other.width} × {other.height}"
        return Likeness(number=number, mean=1.0, worst=1.0, error=f"the sizes differ: {sizes} pixels")
    if one.size != other.size:
        other = other.resize(one.size)
    if ImageChops.difference(one, other).getbbox() is None:
        return Likeness(number=number)
    gray = ImageChops.difference(one.convert("L"), other.convert("L"))
    tiles = (max(1, gray.width // TILE_PX), max(1, gray.height // TILE_PX))
    squares = gray.resize(tiles, Image.Resampling.BOX).tobytes()
    mean = sum(value * count for value, count in enumerate(gray.histogram())) / (gray.width * gray.height * 255)
    return Likeness(number=number, mean=round(mean, 5), worst=round(max(max(squares) / 255, _BARELY), 6))
