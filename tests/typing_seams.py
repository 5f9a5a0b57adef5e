"""The tables of dotted paths once more, as classes, so that mypy holds each against its seam.

Not a test: ``mypy`` reads it (pyproject.toml), and tests/test_seams.py holds it against the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.protocol import HeadLikeGet
from extractors.docx.reader import DocxExtractor
from extractors.image import ImageExtractor
from extractors.ocr.null import NullEngine
from extractors.ocr.pytesseract_engine import PytesseractEngine
from extractors.ocr.tesserocr_engine import TesserocrEngine
from extractors.pdf.reader import PdfExtractor
from extractors.plain import CsvExtractor, HtmlExtractor, MarkdownExtractor, PlainExtractor
from preflight.execution import Inline
from preflight.slots import Slots
from preflight.tokens import ExactCounter, RatioCounter
from preflight.vision import ClaudeResize, Flat, GeminiTile, OpenAIPatch, OpenAITile

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from extractors.base import Cuttable, Extractor, Fingerprinting, Joinable, Renderable, Viewable
    from extractors.ocr.base import OcrEngine
    from preflight.execution import Executor
    from preflight.tokens import TokenCounter
    from preflight.vision import ImageRule

EXTRACTORS: tuple[type[Extractor], ...] = (
    PdfExtractor,
    DocxExtractor,
    ImageExtractor,
    PlainExtractor,
    MarkdownExtractor,
    CsvExtractor,
    HtmlExtractor,
)
TEXTS = (PlainExtractor, MarkdownExtractor, CsvExtractor, HtmlExtractor)
RENDERABLE: tuple[type[Renderable], ...] = (PdfExtractor, ImageExtractor, DocxExtractor)
VIEWABLE: tuple[type[Viewable], ...] = (PdfExtractor, ImageExtractor)
CUTTABLE: tuple[type[Cuttable], ...] = (PdfExtractor, DocxExtractor, ImageExtractor, *TEXTS)
FINGERPRINTING: tuple[type[Fingerprinting], ...] = (PdfExtractor, DocxExtractor, ImageExtractor, *TEXTS)
JOINABLE: tuple[type[Joinable], ...] = (PdfExtractor, DocxExtractor, ImageExtractor, *TEXTS)
ENGINES: tuple[type[OcrEngine], ...] = (TesserocrEngine, PytesseractEngine, NullEngine)
EXECUTORS: tuple[type[Executor], ...] = (Slots, Inline)
COUNTERS: tuple[type[TokenCounter], ...] = (ExactCounter, RatioCounter)
IMAGE_RULES: tuple[type[ImageRule], ...] = (Flat, ClaudeResize, OpenAIPatch, OpenAITile, GeminiTile)


def middleware(app: ASGIApp) -> ASGIApp:
    """An application around an application is one."""
    return HeadLikeGet(app)
