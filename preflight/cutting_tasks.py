"""THE TABLE OF TASKS ON FILES: what a worker can be asked to do that reads or writes more than one open file.

Every entry takes the open files, its arguments as plain JSON data, and a function that takes intermediate results; it
returns JSON bytes. The functions run in worker processes only; the shapes of their arguments and answers are shared
with the process that asks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from io import SEEK_END, BufferedReader
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol, cast, runtime_checkable

from extractors.base import (
    Change,
    CutOptions,
    Cuttable,
    Cutter,
    Fingerprinting,
    Joinable,
    ReadLimits,
    ReadOptions,
    Shrink,
    ShrinkStep,
)
from extractors.errors import ExtractionError, UnsupportedFormat
from extractors.media import identify
from extractors.registry import DOCM, PNG, extractor_for
from preflight.row_tasks import RowCutter, row_prints, rows
from preflight.views import compare, show
from preflight.wire import dump

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.budget import Emit
    from preflight.worker import Files

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What one piece holds: a run of units, or some rows of one table.

    Attributes:
        first: Number of the first unit.
        last: Number of the last unit.
        rows: First and last row, where the one unit is a table cut by rows.
    """

    first: int
    last: int
    rows: tuple[int, int] | None = None

    @property
    def count(self) -> int:
        """Number of units."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTask:
    """Arguments of ``cut``; one output a span.

    Attributes:
        source_name: Display name of the document.
        media_type: What it is.
        spans: What to cut out.
        most: Bytes a piece may have, for each span; None where nothing limits it.
        steps: How far images may be re-encoded, gentle first; the first step that is enough is taken. Empty to leave
            images as they are.
        smaller: Without ``steps``: units whose images are made smaller in any case, each by its own step.
        password: Password, if there is one.
        active_content: What happens to it.
        drop_fonts: Leave embedded fonts out.
        limits: Safety limits.
    """

    source_name: str
    media_type: str
    spans: tuple[Span, ...]
    most: tuple[int | None, ...]
    steps: tuple[ShrinkStep, ...] = ()
    smaller: tuple[tuple[int, ShrinkStep], ...] = ()
    password: str | None = None
    active_content: Literal["strip", "keep", "reject"] = "strip"
    drop_fonts: bool = False
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What became of one span.

    Attributes:
        place: Its place in the task.
        size_bytes: Bytes written; of a piece too large after all steps, the smallest it came to.
        sha256: Hash of the piece; empty when it is too large, so that it will not be used.
        media_type: What the piece is.
        changes: What it does not carry as the document did; of a piece too large, what the smallest did not.
        error: Why it could not be cut; empty when it could.
        unit: The unit that is to blame, when that is known.
        step: Place of the step among those asked for that was enough; None where none was asked for, or is enough.
        heaviest: Of a piece too large: what weighs most in it, in words, and its bytes; None when unknown.
    """

    place: int
    size_bytes: int = 0
    sha256: str = ""
    media_type: str = ""
    changes: tuple[Change, ...] = ()
    error: str = ""
    unit: int | None = None
    step: int | None = None
    heaviest: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintTask:
    """Arguments of ``fingerprint``."""

    name: str
    password: str | None = None
    skip: dict[str, str] = field(default_factory=dict)
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Content fingerprints of a document.

    Attributes:
        able: Whether this kind of document has any.
        prints: Fingerprint of each unit, in order, as the library that cuts numbers them; empty where a unit is too
            damaged.
    """

    able: bool
    prints: tuple[str, ...] = ()


@runtime_checkable
class Mending(Protocol):
    """Optional for a cutter: it mends what is damaged in the document, and tells."""

    @property
    def mended(self) -> bool:
        """Whether it has mended anything so far."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """Optional for a cutter: it knows what makes a piece large."""

    def heaviest(self, piece: BinaryIO) -> tuple[str, int]:
        """Return what of a piece weighs most, in words, and its bytes."""
        ...


def cut(files: Files, payload: Payload, emit: Emit) -> bytes:
    """Cut spans into the outputs, one after another; emits a :class:`Cut` for each as soon as it is written.

    Returns:
        Whether something damaged was mended on the way.
    """
    task = _cut_task(payload)
    extractor = extractor_for(task.media_type)
    if not isinstance(extractor, Cuttable):
        raise UnsupportedFormat(f"{task.media_type} is not cut into files of its kind. Use --as text, or convert it.")
    options = _options(task, task.active_content, drop_fonts=task.drop_fonts)
    with extractor.cutter(files.document, options) as cutter:
        for place, out in enumerate(files.outputs):
            done = _cut_one(cutter, task, place, out)
            if isinstance(done, ExtractionError):
                files.blame(done)
                done = Cut(place=place, error=str(done), unit=done.unit)
            emit(dump(done))
        return dump(isinstance(cutter, Mending) and cutter.mended)


def _cut_one(cutter: Cutter, task: CutTask, place: int, out: BinaryIO) -> Cut | ExtractionError:
    most, smallest = task.most[place], None
    made: tuple[Change, ...] = ()
    ways = task.steps or (_settled(task, task.spans[place]),)
    for at, way in enumerate(ways):
        out.seek(0)
        out.truncate()
        try:
            changes = _write(cutter, task.spans[place], out, way)
        except ExtractionError as error:
            return error
        size = out.seek(0, SEEK_END)
        if smallest is None or size < smallest:
            smallest, made = size, changes
        if most is None or size <= most:
            out.seek(0)
            digest = hashlib.file_digest(cast("BufferedReader", out), "sha256").hexdigest()
            # Without its macros, a document with macros is an ordinary one; a PNG may have become a JPEG.
            may_differ = task.media_type in {DOCM, PNG}
            media_type = identify(out, "piece.docx").media_type if may_differ else task.media_type
            step = at if task.steps else None
            return Cut(place=place, size_bytes=size, sha256=digest, media_type=media_type, changes=changes, step=step)
    heaviest = cutter.heaviest(out) if isinstance(cutter, Weighing) else None
    out.truncate(0)
    return Cut(place=place, size_bytes=smallest or 0, changes=made, heaviest=heaviest)


def _settled(task: CutTask, span: Span) -> Shrink | None:
    """Return how far images of a span are made smaller in any case; in a piece of one unit, all of them."""
    here = {unit: step for unit, step in task.smaller if span.first <= unit <= span.last}
    return here.get(span.first) if span.count == 1 else here or None


def _write(cutter: Cutter, span: Span, out: BinaryIO, shrink: Shrink | None) -> tuple[Change, ...]:
    if span.rows is None:
        return cutter.cut(span.first, span.last, out, shrink=shrink)
    if not isinstance(cutter, RowCutter):
        raise UnsupportedFormat("Tables of this kind of document cannot be cut by rows.", unit=span.first)
    return cutter.cut_rows(span.first, *span.rows, out, shrink=shrink)


def _options(
    task: CutTask, active_content: Literal["strip", "keep", "reject"], *, drop_fonts: bool = False
) -> CutOptions:
    return CutOptions(
        media_type=task.media_type,
        source_name=task.source_name,
        password=task.password,
        active_content=active_content,
        drop_fonts=drop_fonts,
        limits=task.limits,
    )


def fingerprint(files: Files, payload: Payload, emit: Emit) -> bytes:
    """Take the content fingerprint of every unit; returns :class:`Printed`, emits the number so far."""
    task = PrintTask(**payload | {"limits": ReadLimits(**payload["limits"])})
    media_type = identify(files.document, task.name).media_type
    skip = {int(number): why for number, why in task.skip.items()}
    options = ReadOptions(
        media_type=media_type, password=task.password, limits=task.limits, skip=skip, begin=emit.begin
    )
    extractor = extractor_for(media_type)
    if not isinstance(extractor, Fingerprinting):
        return dump(Printed(able=False))
    prints: list[str] = []
    for number, value in extractor.fingerprints(files.document, options):
        prints.append(value)
        if number % _TELL_EVERY == 0:
            emit(b"%d" % number)
    emit.begin(0)
    return dump(Printed(able=True, prints=tuple(prints)))


_TELL_EVERY = 200


def join(files: Files, payload: Payload, emit: Emit) -> bytes:
    """Put the document and the inputs together, in this order, into the one output; returns its size and hash."""
    del emit
    extractor = extractor_for(str(payload["media_type"]))
    if not isinstance(extractor, Joinable):
        raise UnsupportedFormat(f"Pieces of {payload['media_type']} cannot be put together again.")
    (out,) = files.outputs
    changes = [[Change(**change) for change in piece] for piece in payload["changes"]]
    extractor.join([files.document, *files.inputs], out, changes)
    size = out.seek(0, SEEK_END)
    out.seek(0)
    digest = hashlib.file_digest(cast("BufferedReader", out), "sha256").hexdigest()
    return dump({"size_bytes": size, "sha256": digest})


def _cut_task(payload: Payload) -> CutTask:
    """The payload comes from our own process and was made from the same type; no need to check it field by field."""
    changed = {
        "spans": tuple(_span(one) for one in payload["spans"]),
        "most": tuple(payload["most"]),
        "steps": tuple(ShrinkStep(**one) for one in payload["steps"]),
        "smaller": tuple((unit, ShrinkStep(**step)) for unit, step in payload["smaller"]),
        "limits": ReadLimits(**payload["limits"]),
    }
    return CutTask(**payload | changed)


def _span(data: Payload) -> Span:
    rows = data["rows"]
    return Span(first=data["first"], last=data["last"], rows=None if rows is None else tuple(rows))


FILE_TASKS: dict[str, Callable[[Files, Payload, Emit], bytes]] = {
    "cut": cut,
    "fingerprint": fingerprint,
    "join": join,
    "rows": rows,
    "row-prints": row_prints,
    "compare": compare,
    "show": show,
}
