"""Whether units look the same in two files, by their pixels. Runs in worker processes only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from extractors.base import ReadLimits, ReadOptions, Viewable
from extractors.errors import ExtractionError
from extractors.media import identify
from extractors.registry import extractor_for
from preflight.wire import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image

    from preflight.worker import Files

TILE_PX = 32
"""Side of the squares that images are compared by: about two lines of a word at 72 dpi."""
_BARELY = 1 / 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTask:
    """Arguments of ``compare``.

    Attributes:
        name: Display name of the document; the pieces are the inputs.
        pairs: For each piece, numbers of a unit in the document and in the piece.
        password: Of the document.
        limits: Safety limits.
    """

    name: str
    pairs: tuple[tuple[tuple[int, int], ...], ...]
    password: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much a unit differs between two files.

    Attributes:
        number: Its number in the document.
        mean: Mean difference of the pixels, 0 to 1.
        worst: Mean difference in the square of :data:`TILE_PX` that differs most, 0 to 1; 0 only for equal pixels.
        error: Why the piece's unit could not be compared; empty when it could.
    """

    number: int
    mean: float = 0.0
    worst: float = 0.0
    error: str = ""


def compare(files: Files, payload: dict[str, Any], emit: Callable[[bytes], None]) -> bytes:
    """Show each pair of units and compare them; emits a :class:`Likeness` for each.

    Returns:
        Whether units of this kind can be shown; nothing is emitted where they cannot.
    """
    task = CompareTask(**payload | {"limits": ReadLimits(**payload["limits"])})
    media_type = identify(files.document, task.name).media_type
    extractor = extractor_for(media_type)
    if not isinstance(extractor, Viewable):
        return dump(False)  # noqa: FBT003 - a value, not a flag
    for piece, pairs in zip(files.inputs, task.pairs, strict=True):
        options = ReadOptions(media_type=media_type, password=task.password, limits=task.limits)
        originals = _Views(extractor, files.document, options, [number for number, _ in pairs])
        options = ReadOptions(media_type=media_type, limits=task.limits)
        copies = _Views(extractor, piece, options, [number for _, number in pairs])
        for number, _ in pairs:
            emit(dump(_likeness(number, originals.take(), copies.take())))
    return dump(True)  # noqa: FBT003


class _Views:
    """Views of units, one after another; one that fails does not end the others."""

    def __init__(self, extractor: Viewable, file: BinaryIO, options: ReadOptions, numbers: list[int]) -> None:
        self._extractor = extractor
        self._file = file
        self._options = options
        self._left = numbers
        self._walk: Iterator[tuple[int, Image]] | None = None

    def take(self) -> Image | ExtractionError:
        """Return the next view, or why there is none."""
        if self._walk is None:
            self._walk = self._extractor.views(self._file, self._options, tuple(self._left))
        self._left = self._left[1:]
        try:
            return next(self._walk)[1]
        except ExtractionError as error:
            self._walk = None
            return error


def _likeness(number: int, one: Image | ExtractionError, other: Image | ExtractionError) -> Likeness:
    if isinstance(one, ExtractionError):
        return Likeness(number=number)  # what cannot be shown in the original is no worse in the piece
    if isinstance(other, ExtractionError):
        return Likeness(number=number, mean=1.0, worst=1.0, error=str(other))
    return likeness(number, one, other)


def likeness(number: int, one: Image, other: Image) -> Likeness:
    """Compare two images of mode ``RGB``."""
    from PIL import Image, ImageChops

    if max(abs(one.width - other.width), abs(one.height - other.height)) > 1:
        sizes = f"{one.width} × {one.height} and {other.width} × {other.height}"
        return Likeness(number=number, mean=1.0, worst=1.0, error=f"the sizes differ: {sizes} pixels")
    if one.size != other.size:
        other = other.resize(one.size)
    if ImageChops.difference(one, other).getbbox() is None:
        return Likeness(number=number)
    gray = ImageChops.difference(one.convert("L"), other.convert("L"))
    tiles = (max(1, gray.width // TILE_PX), max(1, gray.height // TILE_PX))
    squares = gray.resize(tiles, Image.Resampling.BOX).tobytes()
    mean = sum(value * count for value, count in enumerate(gray.histogram())) / (gray.width * gray.height * 255)
    return Likeness(number=number, mean=round(mean, 5), worst=round(max(max(squares) / 255, _BARELY), 6))
