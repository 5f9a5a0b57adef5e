"""Tesseract as a program of the system, through pytesseract: one process a page.

The way without a GPL library inside the process, and to languages installed by the system's packages. Slower than
tesserocr (measured: 3.2 against 2.6 s of CPU a page) because each page starts a program that loads its model.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from extractors.errors import OcrFailed, OcrUnavailable
from extractors.ocr.base import Recognition
from extractors.ocr.columns import in_reading_order
from extractors.ocr.tessdata import LANGUAGE, NOT_LANGUAGES, require
from extractors.ocr.words import mean_confidence, read_tsv, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

PROGRAM = "tesseract"
_THREADS = "OMP_THREAD_LIMIT"
_SPOOL_FORMAT = "PPM"  # pytesseract hands the image over as a file; its default, PNG, costs half a second to pack


class PytesseractEngine:
    """Tesseract through pytesseract.

    Raises:
        OcrUnavailable: The program or pytesseract is not installed.
    """

    name = "pytesseract"

    def __init__(self) -> None:
        if shutil.which(PROGRAM) is None:
            raise OcrUnavailable(
                "The program tesseract, which the OCR engine pytesseract needs, is not on the PATH. Install it with "
                "“apt install tesseract-ocr” (or your system's way), or use the engine tesserocr: “pip install "
                "'upload-preflight[ocr]'”."
            )
        try:
            import pytesseract
        except ImportError as error:
            raise OcrUnavailable("pytesseract is not installed. Install it with “pip install pytesseract”.") from error
        self._library = pytesseract
        self._languages: frozenset[str] | None = None
        self._version: str | None = None

    def version(self) -> str:
        """Version of the program on the PATH.

        Raises:
            OcrUnavailable: The program does not run.
        """
        if self._version is None:
            try:
                self._version = str(self._library.get_tesseract_version())
            except (OSError, SystemExit) as error:  # pytesseract exits on a version it cannot read
                raise _does_not_run(error) from error
        return self._version

    def languages(self) -> frozenset[str]:
        """Language codes the program lists.

        Raises:
            OcrUnavailable: The program does not run.
        """
        if self._languages is None:
            try:
                listed = self._library.get_languages()
            except OSError as error:
                raise _does_not_run(error) from error
            self._languages = frozenset(code for code in listed if LANGUAGE.fullmatch(code)) - NOT_LANGUAGES
        return self._languages

    def recognize(self, image: Image.Image, *, dpi: float, languages: tuple[str, ...], timeout_s: float) -> Recognition:
        """Recognize one page image.

        Raises:
            OcrLanguageMissing: Data for a language is missing.
            OcrFailed: The program gave up on this image.
            TimeoutError: It took longer than ``timeout_s``; the program is killed.
        """
        require(languages, self.languages())
        spooled = image.copy()
        spooled.format = _SPOOL_FORMAT
        try:
            with _one_thread():
                tsv = self._library.image_to_data(
                    spooled,
                    lang="+".join(languages),
                    config=f"--psm 3 --dpi {round(dpi)}",
                    timeout=max(0.05, timeout_s),
                )
        except self._library.TesseractError as error:
            reason = " ".join(str(error.message).split())[:200]
            raise OcrFailed(f"tesseract could not work on this image ({reason}). Try the engine tesserocr.") from error
        except RuntimeError as error:  # pytesseract says so when time is up
            raise TimeoutError(f"no result within {timeout_s:g} s") from error
        except OSError as error:
            raise _does_not_run(error) from error
        words = in_reading_order(read_tsv(tsv))
        return Recognition(
            text=text_of(words),
            confidence=mean_confidence(words),
            rotation=0,
            engine=f"{self.name} (Tesseract {self.version()})",
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep the program to one thread: with its default it takes five times the CPU (measured) and is no faster.

    pytesseract starts it with this process's environment and offers no other way to set one.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before


def _does_not_run(error: BaseException) -> OcrUnavailable:
    return OcrUnavailable(
        f"The program tesseract does not run ({error}). Install it again, or use the engine tesserocr."
    )
