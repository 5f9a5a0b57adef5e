"""Tesseract inside the process, through tesserocr: its wheel bundles Tesseract, so ``pip`` alone installs it.

One API object is kept for as long as the languages stay the same; loading a model costs 50 ms and more. The wheel's
Tesseract works in one thread and needs no ``OMP_THREAD_LIMIT``. An extra, because the wheel bundles the GPL library
jbigkit; loaded on first use only.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.errors import OcrFailed, OcrLanguageMissing, OcrUnavailable
from extractors.ocr.base import Recognition
from extractors.ocr.columns import in_reading_order
from extractors.ocr.tessdata import installed, place
from extractors.ocr.words import Word, mean_confidence, read_tsv, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image
    from tesserocr import RIL, PyTessBaseAPI

_BIDI_MARKS = ("\u200e", "\u200f")
_VERSION = re.compile(r"tesseract (\S+)")


class TesserocrEngine:
    """Tesseract through tesserocr.

    Raises:
        OcrUnavailable: tesserocr is not installed.
    """

    name = "tesserocr"

    def __init__(self) -> None:
        try:
            import tesserocr
        except ImportError as error:
            raise OcrUnavailable(
                "The OCR engine tesserocr is not installed. Install it with “pip install 'upload-preflight[ocr]'”, or "
                "install the program tesseract (“apt install tesseract-ocr”) and use the engine pytesseract."
            ) from error
        self._library = tesserocr
        self._api: PyTessBaseAPI | None = None
        self._loaded: tuple[str, ...] = ()

    def version(self) -> str:
        """Version of the Tesseract bundled in the wheel."""
        hit = _VERSION.match(self._library.tesseract_version())
        return hit[1] if hit else "unknown"

    def languages(self) -> frozenset[str]:
        """Language codes there is data for."""
        return frozenset(installed())

    def recognize(self, image: Image.Image, *, dpi: float, languages: tuple[str, ...], timeout_s: float) -> Recognition:
        """Recognize one page image.

        Raises:
            OcrLanguageMissing: Data for a language is missing.
            OcrFailed: Tesseract gave up on this image.
            TimeoutError: It took longer than ``timeout_s``; checked between words, so layout analysis may overrun.
        """
        with _silenced():
            found = self._words(image, dpi, languages, timeout_s)
        words = in_reading_order(found)
        return Recognition(
            text=text_of(words),
            confidence=mean_confidence(words),
            rotation=0,
            engine=f"{self.name} (Tesseract {self.version()})",
        )

    def _words(self, image: Image.Image, dpi: float, languages: tuple[str, ...], timeout_s: float) -> list[Word]:
        api = self._ready(languages)
        try:
            _give(api, image)
            api.SetSourceResolution(round(dpi))
            _recognized(api, timeout_s)
            words = _walked(api, self._library.RIL)
            return read_tsv(api.GetTSVText(0)) if words is None else words
        except RuntimeError as error:
            raise OcrFailed(f"Tesseract could not work on this image ({error}). Try the engine pytesseract.") from error
        finally:
            api.Clear()

    def _ready(self, languages: tuple[str, ...]) -> PyTessBaseAPI:
        """Return an API object with these languages loaded."""
        if self._api is not None and languages == self._loaded:
            return self._api
        where = place(languages)
        if self._api is not None:
            self._api.End()
            self._api = None
        try:
            api: PyTessBaseAPI = self._library.PyTessBaseAPI(path=where.folder, lang=where.language)
        except RuntimeError as error:
            raise OcrLanguageMissing(
                f"The OCR data for {'+'.join(languages)} in {where.folder} cannot be loaded: it is damaged or made for "
                "another version of Tesseract. Install it again."
            ) from error
        api.SetVariable("debug_file", "")  # what tesserocr sets; see _silenced
        self._api, self._loaded = api, languages
        return api


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep Tesseract's remarks (“Empty page!!”) off the process's standard error for the length of a ``with`` block.

    Its own way, the variable ``debug_file`` that tesserocr sets, opens a file, and where a locked worker may open none,
    Tesseract writes through a null pointer. Standard error is made a descriptor that takes nothing instead.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def _give(api: PyTessBaseAPI, image: Image.Image) -> None:
    """Hand over an image: gray ones as pixels, because ``SetImage`` writes a PNG for Leptonica to read again."""
    if image.mode == "L":
        api.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
    else:
        api.SetImage(image)


def _recognized(api: PyTessBaseAPI, timeout_s: float) -> None:
    """Recognize, and tell the two ways apart in which Tesseract says no."""
    started = time.monotonic()
    if api.Recognize(max(1, round(timeout_s * 1000))):
        return
    if time.monotonic() - started >= 0.9 * timeout_s:
        raise TimeoutError(f"no result within {timeout_s:g} s")
    raise RuntimeError("recognition ended without a result")


def _walked(api: PyTessBaseAPI, level: type[RIL]) -> list[Word] | None:
    """Return the words as the TSV output has them, word by word: that asks for each letter, and takes thrice as long.

    None where writing runs both ways: words alone then carry other marks of direction.
    """
    words = []
    at = api.GetIterator()
    block = paragraph = line = 0
    more = True
    while more:
        if not at.Empty(level.WORD):
            if at.IsAtBeginningOf(level.TEXTLINE):
                if at.IsAtBeginningOf(level.PARA):
                    if at.IsAtBeginningOf(level.BLOCK):
                        block, paragraph = block + 1, 0
                    paragraph, line = paragraph + 1, 0
                line += 1
            said = at.GetUTF8Text(level.WORD)
            if any(mark in said for mark in _BIDI_MARKS):
                return None
            text = safe_text(said).strip()
            if text:
                confidence = min(1.0, max(0.0, at.Confidence(level.WORD) / 100))
                left, top, right, bottom = at.BoundingBox(level.WORD)
                words.append(Word(text, confidence, left, top, right, bottom, (block, paragraph, line)))
        more = at.Next(level.WORD)
    return words
