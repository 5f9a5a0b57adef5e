"""Frames as small colour images, for comparing a frame with itself in another file."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

from extractors.errors import UnknownUnit
from extractors.raster import open_image, reading_image, too_many_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadOptions

VIEW_SIDE_PX = 800


def frame_views(file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Image.Image]]:
    """Yield frames as stored, the longer side :data:`VIEW_SIDE_PX`; see :meth:`extractors.base.Viewable.views`.

    Raises:
        ExtractionError: The file cannot be opened, or a frame cannot be decoded (``unit`` says which).
    """
    limit = options.limits.max_image_pixels
    with reading_image(limit):
        image = open_image(file)
    for number in numbers:
        with reading_image(limit, unit=number):
            try:
                image.seek(number - 1)
            except EOFError as error:
                count = getattr(image, "n_frames", 1)
                raise UnknownUnit(f"The document has {count:,} frames. Ask for one of them.", unit=number) from error
            if image.width * image.height > limit:
                raise too_many_pixels(limit, unit=number)
            scale = VIEW_SIDE_PX / max(image.size)
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            small = image.convert("RGB").resize(size, Image.Resampling.BOX)
        yield number, small
