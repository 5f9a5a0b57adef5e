"""The seam every format implements, and the small optional abilities.

An extractor receives an open binary file, never a path: inside a sandbox there may be nothing left that can be
opened by name. The file is seekable and has a ``fileno()``; extractors may ``mmap`` it. All of this runs in worker
processes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, runtime_checkable

from extractors.facts import DocumentFacts, UnitFacts, UnitText

if TYPE_CHECKING:
    from PIL import Image

UnitSink = Callable[[UnitFacts, UnitText], None]

SKIPPED = {
    "timeout": "takes more CPU time than a page may take",
    "out-of-memory": "takes more memory than there is",
    "parser-crashed": "makes a parser crash",
    "internal": "meets a mistake of this program",
}
"""Why a unit is not looked at: what became of the worker that did."""


def _unheard(_unit: int) -> None:
    """Nobody wants to hear which unit begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What reading one document may cost (defaults: shared/facts/security-and-http.md §1.4).

    Attributes:
        max_bytes: Size of the file. No service takes more, and hashing alone takes a second for each gigabyte.
        max_units: Pages or frames; more is a SafetyLimitExceeded.
        max_blocks: Blocks of flowing text; more is a SafetyLimitExceeded.
        max_image_pixels: Pixels of one image that may be decoded.
        max_part_bytes: Unpacked size of one part of a container.
        max_total_bytes: Unpacked size of all parts of a container.
        max_entries: Entries of a container.
    """

    max_bytes: int = 2_000_000_000
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
        look: Whether pixels may be looked at where structure leaves open what a unit is; without, its kind may be off.
        limits: Safety limits.
        skip: Units that are handed over as unreadable without a look at them, and why (a key of
            :data:`SKIPPED`): each has taken a worker down before.
        begin: Told the number of each unit before it is looked at, and 0 after the last one.
    """

    media_type: str
    password: str | None = None
    text: bool = True
    look: bool = True
    limits: ReadLimits = field(default_factory=ReadLimits)
    skip: Mapping[int, str] = field(default_factory=dict)
    begin: Callable[[int], None] = _unheard


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


@runtime_checkable
class Viewable(Protocol):
    """Optional: units can be shown as a reader sees them, to be compared."""

    def views(
        self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]
    ) -> Iterator[tuple[int, Image.Image]]:
        """Yield each wanted unit in colour (mode ``RGB``), small: about 72 dpi, the same size for the same unit.

        Raises:
            ExtractionError: The document cannot be opened, or a unit cannot be shown (``unit`` says which).
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOptions:
    """How pieces are cut out of a document.

    Attributes:
        media_type: What :func:`extractors.media.identify` found.
        source_name: Display name of the document, for the pieces' metadata.
        password: User or owner password; None when none was given.
        active_content: ``strip`` scripts, launches and the like from pieces (http and https links stay), ``keep`` them,
            or ``reject`` the document.
        drop_fonts: Leave embedded fonts out of pieces of flowing text, which would carry little else.
        limits: Safety limits.
    """

    media_type: str
    source_name: str
    password: str | None = None
    active_content: Literal["strip", "keep", "reject"] = "strip"
    drop_fonts: bool = False
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkStep:
    """How far images may be re-encoded to make one unit smaller.

    Attributes:
        dpi: Resolution that images larger than it are brought down to, relative to their size on the page; 0 leaves
            them as they are.
        jpeg_quality: Pillow's JPEG quality, 1 to 95.
        mode: ``keep`` colours, ``gray``, or ``bilevel`` (CCITT group 4).
        png_as_jpeg: A document that is a PNG becomes a JPEG, if nothing shines through it.
        drop_fonts: Fonts embedded in a document of flowing text are left out.
    """

    dpi: int
    jpeg_quality: int
    mode: Literal["keep", "gray", "bilevel"] = "keep"
    png_as_jpeg: bool = False
    drop_fonts: bool = False


Shrink = ShrinkStep | Mapping[int, ShrinkStep]
"""How far images are re-encoded: all of a piece alike, or those of some units (by number), each its own way."""


def mildest(shrink: Shrink, units: Iterable[int]) -> ShrinkStep | None:
    """Return the step for an image that all these units show: the mildest; None where one of them is to stay."""
    if isinstance(shrink, ShrinkStep):
        return shrink
    steps = [shrink.get(unit) for unit in units]
    found = [step for step in steps if step is not None]
    if not found or len(found) < len(steps):
        return None
    return max(found, key=lambda step: (-_MODES.index(step.mode), step.dpi, step.jpeg_quality))


_MODES = ("keep", "gray", "bilevel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something a piece does not carry as the source did.

    Attributes:
        code: Stable slug: ``shrunk``, ``active-content-stripped``, ``links-to-other-pieces``, ``tags-dropped`` …
        units: Source unit numbers it is about; empty for the piece as a whole.
        message: One sentence for people.
        before: Figures before (pixels, bytes, counts).
        after: Figures after.
    """

    code: str
    units: tuple[int, ...] = ()
    message: str = ""
    before: dict[str, int | str] = field(default_factory=dict)
    after: dict[str, int | str] = field(default_factory=dict)


class Cutter(Protocol):
    """An open document that pieces are cut from; may be asked for any ranges, in any order, repeatedly."""

    def cut(self, first: int, last: int, out: BinaryIO, *, shrink: Shrink | None = None) -> tuple[Change, ...]:
        """Write units ``first`` to ``last`` (inclusive, from 1) as a document of its own to ``out``.

        The same call writes the same bytes. ``out`` is empty, seekable and open for writing and reading. An image that
        a unit shows which is to stay as it is stays as it is.

        Raises:
            ExtractionError: A unit cannot be carried over (``unit`` says which).
        """
        ...


@runtime_checkable
class Cuttable(Protocol):
    """Optional: pieces can be cut that are documents of the same format."""

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
        """Open a document for cutting.

        Raises:
            ExtractionError: The document cannot be opened, or ``active_content`` is ``reject`` and it has some.
        """
        ...


@runtime_checkable
class Fingerprinting(Protocol):
    """Optional: a unit's content can be told apart from any other, and recognized again in a piece."""

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield each unit's number and content fingerprint (hex SHA-256), in order.

        Equal for a unit in the source and the same unit in a piece cut by us; different when what a reader sees of it
        changes. Empty where the unit is too damaged for that; the others follow all the same.

        Raises:
            ExtractionError: The document cannot be opened.
        """
        ...


@runtime_checkable
class Joinable(Protocol):
    """Optional: pieces of one split can be put together again."""

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()) -> None:
        """Write the units of all pieces, in the order given, as one document to ``out``; same pieces, same bytes.

        Args:
            pieces: Pieces in order.
            out: Empty, seekable, open for writing and reading.
            changes: What :meth:`Cutter.cut` told of each piece, for formats whose pieces do not say it themselves.

        Raises:
            ExtractionError: A piece cannot be opened.
        """
        ...
