"""Having a worker look whether units look the same in two files; :func:`compare` runs in workers only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from extractors.base import SKIPPED, ReadLimits, ReadOptions, Viewable
from extractors.errors import ExtractionError, UnknownUnit, UnsupportedFormat
from extractors.likeness import Likeness, likeness
from extractors.media import identify
from extractors.registry import extractor_for
from extractors.thumbnail import write_thumbnail
from preflight.wire import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.likeness import View
    from preflight.budget import Emit
    from preflight.worker import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTask:
    """Arguments of ``compare``.

    Attributes:
        name: Display name of the document; the pieces are the inputs.
        pairs: For each piece, numbers of a unit in the document and in the piece.
        password: Of the document.
        skip: Units of the document that took a worker down, and why.
        limits: Safety limits.
    """

    name: str
    pairs: tuple[tuple[tuple[int, int], ...], ...]
    password: str | None = None
    skip: dict[str, str] = field(default_factory=dict)
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTask:
    """Arguments of ``show``.

    Attributes:
        name: Display name of the document.
        number: Number of the unit.
        width_px: Width of the picture at most.
        password: Of the document.
        limits: Safety limits.
    """

    name: str
    number: int
    width_px: int
    password: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)


def compare(files: Files, payload: dict[str, Any], emit: Emit) -> bytes:
    """Show each pair of units and compare them; emits a :class:`Likeness` for each.

    Returns:
        Whether units of this kind can be shown; nothing is emitted where they cannot.
    """
    task = CompareTask(**payload | {"limits": ReadLimits(**payload["limits"])})
    media_type = identify(files.document, task.name).media_type
    extractor = extractor_for(media_type)
    if not isinstance(extractor, Viewable):
        return dump(False)  # noqa: FBT003 - a value, not a flag
    for piece, wanted in zip(files.inputs, task.pairs, strict=True):
        pairs = [pair for pair in wanted if str(pair[0]) not in task.skip]
        for number in [number for number, _ in wanted if str(number) in task.skip]:
            why = f"showing it {SKIPPED[task.skip[str(number)]]}"
            emit(dump(Likeness(number=number, mean=1.0, worst=1.0, error=why)))
        options = ReadOptions(media_type=media_type, password=task.password, limits=task.limits)
        originals = _Views(extractor, files.document, options, [number for number, _ in pairs])
        options = ReadOptions(media_type=media_type, limits=task.limits)
        copies = _Views(extractor, piece, options, [number for _, number in pairs])
        for number, _ in pairs:
            emit.begin(number)
            emit(dump(_likeness(number, originals.take(), copies.take())))
    emit.begin(0)
    return dump(True)  # noqa: FBT003


def show(files: Files, payload: dict[str, Any], emit: Emit) -> bytes:
    """Write a small picture of one unit as PNG into the one output.

    Returns:
        The number of the unit.

    Raises:
        UnsupportedFormat: Units of this kind of document have no looks.
        UnknownUnit: The document has fewer.
        ExtractionError: It cannot be shown.
    """
    del emit
    task = ShowTask(**payload | {"limits": ReadLimits(**payload["limits"])})
    media_type = identify(files.document, task.name).media_type
    extractor = extractor_for(media_type)
    if not isinstance(extractor, Viewable):
        raise UnsupportedFormat("Documents of this kind have no pages that can be shown. Convert it to PDF.")
    options = ReadOptions(media_type=media_type, password=task.password, limits=task.limits)
    (out,) = files.outputs
    if not 0 < task.number <= task.limits.max_units:
        raise UnknownUnit("The document has fewer pages. Ask for one that is there.", unit=task.number)
    for number, image in extractor.views(files.document, options, (task.number,)):
        write_thumbnail(image, task.width_px, out)
        return dump(number)
    raise UnknownUnit("The document has fewer pages. Ask for one that is there.", unit=task.number)


class _Views:
    """Views of units, one after another; one that fails does not end the others."""

    def __init__(self, extractor: Viewable, file: BinaryIO, options: ReadOptions, numbers: list[int]) -> None:
        self._extractor = extractor
        self._file = file
        self._options = options
        self._left = numbers
        self._walk: Iterator[tuple[int, View]] | None = None

    def take(self) -> View | ExtractionError:
        """Return the next view, or why there is none."""
        if self._walk is None:
            self._walk = self._extractor.views(self._file, self._options, tuple(self._left))
        self._left = self._left[1:]
        try:
            return next(self._walk)[1]
        except ExtractionError as error:
            self._walk = None
            return error


def _likeness(number: int, one: View | ExtractionError, other: View | ExtractionError) -> Likeness:
    if isinstance(one, ExtractionError):
        return Likeness(number=number)  # what cannot be shown in the original is no worse in the piece
    if isinstance(other, ExtractionError):
        return Likeness(number=number, mean=1.0, worst=1.0, error=str(other))
    return likeness(number, one, other)
