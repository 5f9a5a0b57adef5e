"""The seam every format implements, and the small optional abilities.

An extractor receives an open binary file, never a path: inside a sandbox there may be nothing left that can be
opened by name. The file is seekable and has a ``fileno()``; extractors may ``mmap`` it. All of this runs in worker
processes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

from extractors.facts import DocumentFacts, UnitFacts, UnitText

if TYPE_CHECKING:
    from PIL import Image

UnitSink = Callable[[UnitFacts, UnitText], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What reading one document may cost (defaults: shared/facts/security-and-http.md §1.4).

    Attributes:
        max_units: Pages or frames; more is a SafetyLimitExceeded.
        max_blocks: Blocks of flowing text; more is a SafetyLimitExceeded.
        max_image_pixels: Pixels of one image that may be decoded.
        max_part_bytes: Unpacked size of one part of a container.
        max_total_bytes: Unpacked size of all parts of a container.
        max_entries: Entries of a container.
    """

    max_units: int = 10_000
    max_blocks: int = 500_000
    max_image_pixels: int = 100_000_000
    max_part_bytes: int = 100_000_000
    max_total_bytes: int = 400_000_000
    max_entries: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read.

    Attributes:
        media_type: What :func:`extractors.media.identify` found.
        password: User or owner password; None when none was given, which is not the empty password.
        text: Whether the sink wants text (facts such as native_chars are computed either way).
        limits: Safety limits.
    """

    media_type: str
    password: str | None = None
    text: bool = True
    limits: ReadLimits = ReadLimits()


@dataclass(frozen=True, slots=True)
class Raster:
    """A unit as pixels, ready for OCR.

    Attributes:
        image: Mode ``L`` (8-bit gray) or ``1``, upright as the page is displayed.
        dpi: Pixels per inch of ``image`` relative to the page's real size.
        origin: ``embedded`` when a stored full-page image was taken as it is, ``rendered`` otherwise.
    """

    image: Image.Image
    dpi: float
    origin: str


class Extractor(Protocol):
    """Reads one family of formats."""

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read the document once, in order, handing each unit to ``sink`` as soon as it is known.

        One bad unit never ends the document: it is handed over as ``UnitKind.UNREADABLE`` with empty text and
        a finding names it.

        Raises:
            ExtractionError: The document as a whole cannot be read.
        """
        ...


@runtime_checkable
class Renderable(Protocol):
    """Optional: units can be turned into pixels."""

    def render(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
        """Yield each wanted unit as a raster at a resolution chosen for OCR.

        Raises:
            ExtractionError: The document cannot be opened, or a unit cannot be rendered (``unit`` says which).
        """
        ...
