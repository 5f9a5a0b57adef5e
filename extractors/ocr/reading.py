"""One page image to text: prepared, recognized, and tried the other way up when the first try makes no sense.

Asking for the orientation first (Tesseract's OSD) costs 0.1 to 0.3 s a page, needs a model of its own and is unsure of
pages with few words. Recognizing first costs upright pages nothing: text on its head comes out with a mean confidence
of 0.33 to 0.45, text the right way up with 0.8 and more. Only below, a small part is recognized the other way up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from extractors.ocr.prepare import prepare

if TYPE_CHECKING:
    from extractors.base import Raster
    from extractors.ocr.base import OcrEngine, Recognition
    from extractors.ocr.prepare import Prepared

SURE = 0.65
"""Mean word confidence from which on a page is taken to stand the right way up."""

_CLEARLY = 0.12
"""How much more confident the other way up must be."""

_SAMPLE_LINES = 14  # x-heights high: four to six lines
_SAMPLE_WIDTH = 70  # x-heights wide: a dozen words
_UNKNOWN_X_PX = 16.0
_MOST = 0.5  # of the page: a sample of more is not worth the second look
_FEW_CHARS = 8  # a sample with fewer says nothing
_GRID = 32

_TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow counts counter-clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """Text of a page image.

    Attributes:
        text: Empty when nothing was recognized.
        confidence: Mean word confidence, 0 to 1; 0 without words.
        rotation: Degrees clockwise the image was turned to be upright.
        engine: Engine name and version; empty when it was not asked.
        blank: There was nothing but paper.
    """

    text: str
    confidence: float
    rotation: int
    engine: str
    blank: bool


class _Clock:
    """Hands out what is left of the time for one page."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no result within {self._timeout_s:g} s")
        return left


class _Reader:
    """One prepared page, read in one of two directions."""

    def __init__(self, page: Prepared, engine: OcrEngine, languages: tuple[str, ...], clock: _Clock) -> None:
        self._page = page
        self._engine = engine
        self._languages = languages
        self._clock = clock
        self._wholes: dict[int, Recognition] = {}

    def whole(self, turn: int) -> Recognition:
        """Recognize the page turned by 0 or 180 degrees; each only once."""
        found = self._wholes.get(turn)
        if found is None:
            found = self._wholes[turn] = self._recognize(_turned(self._page.image, turn))
        return found

    def sample(self, turn: int) -> float:
        """Return how confident the engine is of a small, dense part of the page; of all of it when it is small."""
        part = _dense_part(self._page)
        small = part.width * part.height > _MOST * self._page.image.width * self._page.image.height
        found = self.whole(turn) if small else self._recognize(_turned(part, turn))
        return found.confidence if len(found.text) >= _FEW_CHARS else 0.0

    def _recognize(self, image: Image.Image) -> Recognition:
        return self._engine.recognize(
            image, dpi=self._page.dpi, languages=self._languages, timeout_s=self._clock.left()
        )


def read_page(raster: Raster, *, engine: OcrEngine, languages: tuple[str, ...], timeout_s: float) -> PageReading:
    """Recognize one raster.

    Args:
        raster: The page, any way up.
        engine: Asked once for most pages; a small part more for pages it is unsure of; twice for pages on their head.
        languages: Codes, the most common first.
        timeout_s: Seconds for all of it. A first result is kept when only a second try runs out of time.

    Raises:
        OcrLanguageMissing: The engine has no data for a language.
        OcrFailed: The engine gave up on this image.
        TimeoutError: There was no result in time.
    """
    clock = _Clock(timeout_s)
    page = prepare(raster, upright_script=any(code.endswith("_vert") for code in languages))
    if page.blank:
        return PageReading(text="", confidence=0.0, rotation=0, engine="", blank=True)
    reader = _Reader(page, engine, languages, clock)
    turn = 180 if page.turned and reader.sample(180) > reader.sample(0) else 0
    found = reader.whole(turn)
    if found.confidence < SURE:
        turn, found = _surer_way_up(reader, turn, found)
    return PageReading(
        text=found.text,
        confidence=found.confidence,
        rotation=(page.turned + turn + found.rotation) % 360,
        engine=found.engine,
        blank=False,
    )


def _surer_way_up(reader: _Reader, turn: int, first: Recognition) -> tuple[int, Recognition]:
    """Return turn and result of whichever way up is read with more confidence."""
    other = 180 - turn
    try:
        if reader.sample(other) <= first.confidence + _CLEARLY:
            return turn, first
        second = reader.whole(other)
    except TimeoutError:
        return turn, first
    return (other, second) if second.confidence > first.confidence else (turn, first)


def _turned(image: Image.Image, degrees: int) -> Image.Image:
    return image.transpose(_TURNS[degrees]) if degrees else image


def _dense_part(page: Prepared) -> Image.Image:
    """Return a part of a few lines where there is most ink; all of a small image."""
    image = page.image
    x_height = page.x_height_px or _UNKNOWN_X_PX
    width = min(image.width, round(_SAMPLE_WIDTH * x_height))
    height = min(image.height, round(_SAMPLE_LINES * x_height))
    ink = ImageOps.invert(image.resize((_GRID, _GRID), Image.Resampling.BOX)).tobytes()
    across, down = -(-width * _GRID // image.width), -(-height * _GRID // image.height)
    spots = ((row, column) for row in range(_GRID - down + 1) for column in range(_GRID - across + 1))
    row, column = max(spots, key=lambda spot: _amount(ink, spot, across, down))
    left = min(column * image.width // _GRID, image.width - width)
    top = min(row * image.height // _GRID, image.height - height)
    return image.crop((left, top, left + width, top + height))


def _amount(ink: bytes, spot: tuple[int, int], across: int, down: int) -> int:
    row, column = spot
    return sum(sum(ink[line * _GRID + column : line * _GRID + column + across]) for line in range(row, row + down))
