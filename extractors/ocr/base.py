"""The seam every OCR engine implements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Text recognized on one raster.

    Attributes:
        text: Recognized text, lines separated by newlines.
        confidence: Mean word confidence, 0 to 1; 0 when no word was found.
        rotation: Degrees clockwise the image was turned to be upright before recognition: 0, 90, 180, 270.
        engine: Engine name and version.
    """

    text: str
    confidence: float
    rotation: int
    engine: str


class OcrEngine(Protocol):
    """Recognizes text on a page image; one thread, one image at a time."""

    name: str

    def version(self) -> str:
        """Version of the engine itself (Tesseract's, not the binding's)."""
        ...

    def languages(self) -> frozenset[str]:
        """Language codes it has data for (``eng``, ``deu``, …; ``osd`` left out)."""
        ...

    def recognize(self, image: Image.Image, *, dpi: float, languages: tuple[str, ...], timeout_s: float) -> Recognition:
        """Recognize one upright-or-rotated page image.

        Raises:
            OcrLanguageMissing: Data for a language is missing.
            TimeoutError: It took longer than ``timeout_s``.
        """
        ...
