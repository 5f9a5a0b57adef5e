"""Pictures that are pages: a block that is nothing but a picture of text needs OCR.

Only for blocks without a word of their own: OCR text takes the place of a block's native text, so a block with both
would lose what it has; a finding names it instead. Looking at a picture costs 20 to 100 ms, so small ones are passed
over, each media part is looked at once, pictures without a common ground (photographs) are told by a small copy in
1 to 3 ms, and a document whose pictures keep showing no text is not looked through to its end.
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
_SMALL_PX = 256
# Share of a small copy that is about as light as its commonest level: 0.77 to 0.98 on 20 real pictures of text,
# paper in shadow included; photographs have 0.2 to 0.6.
_GROUND = 0.5
_GROUND_SPREAD = 24  # levels of 256
_FREE_LOOKS = 20
_LEAST_HITS = 0.1  # of the looks so far; below that the rest are taken for photographs
_PAGE_INCHES = 11.7  # length of a picture that does not say how large it is drawn: A4
_GAP_PX = 20


class Scans:
    """Judges the pictures of blocks."""

    def __init__(self, reading: Reading, max_pixels: int) -> None:
        self._reading = reading
        self._max_pixels = max_pixels
        self._seen: dict[str, TextGuess | None] = {}
        self._looks = 0
        self._hits = 0

    def guess(self, pictures: Sequence[Picture], unit: int) -> TextGuess | None:
        """Return how many characters OCR would give for the pictures of block ``unit``; None when they show no text."""
        found = [guess for picture in pictures if (guess := self._guess_one(picture, unit)) is not None]
        if not found:
            return None
        return TextGuess(
            low=sum(guess.low for guess in found),
            likely=sum(guess.likely for guess in found),
            high=sum(guess.high for guess in found),
        )

    def beside_text(self, unit: int) -> None:
        """Note that block ``unit`` has text of its own beside a picture of text."""
        self._reading.problem("text-in-picture", unit)

    def _guess_one(self, picture: Picture, unit: int) -> TextGuess | None:
        if picture.part is None or not self._worth_it(picture):
            return None
        if picture.part not in self._seen:
            if self._looks >= _FREE_LOOKS and self._hits < _LEAST_HITS * self._looks:
                self._reading.problem("pictures-unseen", unit)
                return None
            self._seen[picture.part] = self._look(picture.part)
        return self._seen[picture.part]

    def _worth_it(self, picture: Picture) -> bool:
        if 0 < picture.width_emu < _LEAST_INCHES * EMU_PER_INCH:
            return False
        if picture.part is None:
            return False
        size = self._reading.pictures.size(picture.part)
        if size is None or not _LEAST_PIXELS <= size[0] * size[1] <= self._max_pixels:
            return False
        from extractors.raster import FORMATS

        return self._reading.pictures.format(picture.part) in FORMATS

    def _look(self, part: str) -> TextGuess | None:
        from extractors.pixels import LONGEST_PX, look

        package = self._reading.package
        try:
            if _ground(_gray(package, part, self._max_pixels, _SMALL_PX)) < _GROUND:
                return None
            self._looks += 1
            seen = look(_gray(package, part, self._max_pixels, LONGEST_PX))
        except ExtractionError as error:
            package.damaged(part, "A picture", error)
            return None
        if not seen.shows_text:
            return None
        self._hits += 1
        return seen.guess


def _ground(small: Image.Image) -> float:
    """Return the share of pixels that are about as light as the commonest level."""
    counts = small.histogram()
    best = max(sum(counts[max(0, level - _GROUND_SPREAD) : level + _GROUND_SPREAD + 1]) for level in range(256))
    return best / sum(counts)


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
