"""The engine that recognizes nothing: for tests, and to switch OCR off without another branch anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.ocr.base import Recognition
from extractors.ocr.tessdata import require

if TYPE_CHECKING:
    from PIL import Image


class NullEngine:
    """Returns the text it was made with, which is none unless declared.

    Args:
        text: What every image is said to show.
        languages: Codes it claims to have; every well-formed code when empty.
    """

    name = "null"

    def __init__(self, text: str = "", languages: frozenset[str] = frozenset()) -> None:
        self._text = text
        self._languages = languages

    def version(self) -> str:
        """There is nothing behind it that could have a version."""
        return "0"

    def languages(self) -> frozenset[str]:
        """Codes it was made with."""
        return self._languages

    def recognize(self, image: Image.Image, *, dpi: float, languages: tuple[str, ...], timeout_s: float) -> Recognition:  # noqa: ARG002
        """Return the declared text; certain of it when there is any.

        Raises:
            OcrLanguageMissing: A code is malformed, or not among those it was made with.
        """
        require(languages, self._languages or languages)
        return Recognition(text=self._text, confidence=1.0 if self._text else 0.0, rotation=0, engine=self.name)
