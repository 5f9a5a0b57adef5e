"""Pictures that are pages: a block that is nothing but a picture of text needs OCR.

Only blocks without a word of their own are judged: OCR text takes the place of a block's native text, so a block with
both would lose what it has. Looking at a picture costs 20 to 80 ms, so small ones are passed over, each media part is
looked at once, and a document full of photographs is not looked through to its end.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from extractors.base import Raster
from extractors.docx.pictures import EMU_PER_INCH
from extractors.errors import DamagedDocument, ExtractionError
from extractors.facts import TextGuess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from extractors.docx.package import Package
    from extractors.docx.reading import Picture, Reading

_LEAST_PIXELS = 60_000  # a line of text over a page's width has 600 × 100
_LEAST_INCHES = 1.5  # drawn smaller than that, nobody reads it
_FREE_LOOKS = 40
_LEAST_HITS = 0.1  # of the looks so far; below that the rest are taken for photographs
_PAGE_INCHES = 11.7  # length of a picture that does not say how large it is drawn: A4
_GAP_PX = 20


class Scans:
    """Judges the pictures of blocks without text."""

    def __init__(self, reading: Reading, max_pixels: int) -> None:
        self._reading = reading
        self._max_pixels = max_pixels
        self._seen: dict[str, TextGuess | None] = {}
        self._looks = 0
        self._hits = 0

    def guess(self, pictures: Sequence[Picture]) -> TextGuess | None:
        """Return how many characters OCR would give for the pictures of a block; None when they show no text."""
        found = [guess for picture in pictures if (guess := self._guess_one(picture)) is not None]
        if not found:
            return None
        return TextGuess(
            low=sum(guess.low for guess in found),
            likely=sum(guess.likely for guess in found),
            high=sum(guess.high for guess in found),
        )

    def _guess_one(self, picture: Picture) -> TextGuess | None:
        if picture.part is None or not self._worth_it(picture):
            return None
        if picture.part not in self._seen:
            if self._looks >= _FREE_LOOKS and self._hits < _LEAST_HITS * self._looks:
                self._reading.problem("pictures-unseen")
                return None
            self._seen[picture.part] = self._look(picture.part)
        return self._seen[picture.part]

    def _worth_it(self, picture: Picture) -> bool:
        if 0 < picture.width_emu < _LEAST_INCHES * EMU_PER_INCH:
            return False
        size = None if picture.part is None else self._reading.pictures.size(picture.part)
        return size is not None and _LEAST_PIXELS <= size[0] * size[1] <= self._max_pixels

    def _look(self, part: str) -> TextGuess | None:
        from extractors.pixels import LONGEST_PX, look

        self._looks += 1
        try:
            seen = look(_gray(self._reading.package, part, self._max_pixels, LONGEST_PX))
        except ExtractionError as error:
            self._reading.package.damaged(part, "A picture", error)
            return None
        if not seen.shows_text:
            return None
        self._hits += 1
        return seen.guess


def raster(package: Package, pictures: Sequence[Picture], number: int, max_pixels: int) -> Raster:
    """Return the pictures of a block as one image, one below the other.

    Raises:
        DamagedDocument: None of them can be decoded, or there is none.
        SafetyLimitExceeded: One has too many pixels.
    """
    from extractors.raster import MAX_LONGEST_PX

    images: list[tuple[Image.Image, float]] = []
    for picture in pictures:
        if picture.part is not None:
            gray = _gray(package, picture.part, max_pixels, MAX_LONGEST_PX)
            inches = picture.width_emu / EMU_PER_INCH
            images.append((gray, gray.width / inches if inches else max(gray.size) / _PAGE_INCHES))
    if not images:
        raise DamagedDocument(f"Block {number} has no picture to recognize. Ask for blocks that need OCR.", unit=number)
    largest, dpi = max(images, key=lambda one: one[0].width * one[0].height)
    return Raster(largest if len(images) == 1 else _stacked([image for image, _ in images]), dpi, "embedded")


def _gray(package: Package, part: str, max_pixels: int, longest_px: int) -> Image.Image:
    from extractors.raster import gray_of, open_image, reading_image

    with reading_image(max_pixels):
        return gray_of(open_image(io.BytesIO(package.container.read(part))), longest_px)


def _stacked(images: list[Image.Image]) -> Image.Image:
    from PIL import Image

    height = sum(image.height for image in images) + _GAP_PX * (len(images) - 1)
    sheet = Image.new("L", (max(image.width for image in images), height), 255)
    top = 0
    for image in images:
        sheet.paste(image, (0, top))
        top += image.height + _GAP_PX
    return sheet
