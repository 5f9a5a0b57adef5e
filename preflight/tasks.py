"""THE TABLE OF TASKS: what a worker process can be asked to do with one open document.

Every entry takes the file, its arguments as plain JSON data, and a function that takes intermediate results; it returns
JSON bytes. The functions run in worker processes only; the shapes of their arguments and answers are shared with the
process that asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BufferedReader
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from extractors.base import ReadLimits, ReadOptions
from extractors.errors import SafetyLimitExceeded
from extractors.facts import Finding, Source, UnitFacts, UnitText
from extractors.media import Identified, identify
from extractors.registry import extractor_for
from preflight.budget import Emit
from preflight.fingerprints import unit_print
from preflight.messages import Examined, ReadTask, Recognized, RecognizeTask
from preflight.model import UnitMeasure
from preflight.tokens import measure_all
from preflight.vocabulary import Encoding
from preflight.wire import dump

if TYPE_CHECKING:
    from extractors.ocr.base import OcrEngine

Payload = dict[str, Any]
BATCH = 64


class _Measuring:
    """A sink that measures each unit's text in batches and lets go of it; memory stays flat."""

    def __init__(self, encodings: tuple[Encoding, ...], emit: Emit, *, prints: bool) -> None:
        self.measures: list[UnitMeasure] = []
        self.prints: list[str] = []
        self._with_prints = prints
        self._encodings = encodings
        self._emit = emit
        self._waiting: list[tuple[int, str]] = []

    def __call__(self, facts: UnitFacts, text: UnitText) -> None:
        if self._with_prints:
            self.prints.append(unit_print(text))
        self._waiting.append((facts.number, text.plain))
        if len(self._waiting) >= BATCH:
            self._emit.begin(0)  # what is counted now is no single unit's doing
            self.flush()

    def flush(self) -> None:
        """Measure what is waiting and tell how far the reading is."""
        self.measures += measure_all(self._waiting, self._encodings)
        self._waiting.clear()
        self._emit(b"%d" % len(self.measures))


def examine(file: BinaryIO, payload: Payload, emit: Emit) -> bytes:
    """Identify and read a document; return :class:`Examined`.

    Emits the :class:`Source` as soon as it is known, then the number of units read so far.
    """
    task = _read_task(payload)
    source, options, noticed = opened(file, task.name, task.password, task.limits)
    options = replace(options, skip=task.skip, begin=emit.begin, look=task.look)
    emit(dump(source))
    sink = _Measuring(task.encodings, emit, prints=task.prints)
    facts = extractor_for(source.media_type).read(file, options, sink)
    sink.flush()
    facts = replace(facts, findings=(*noticed, *facts.findings))
    return dump(
        Examined(source=source, facts=facts, measures=tuple(sink.measures), prints=tuple(sink.prints)),
    )


def text(file: BinaryIO, payload: Payload, emit: Emit) -> bytes:
    """Read a document's native text; return its :class:`Examined` without measures.

    Emits the :class:`Source` as soon as it is known, then :class:`UnitText` unit by unit.
    """
    task = _read_task(payload)
    source, options, noticed = opened(file, task.name, task.password, task.limits)
    options = replace(options, skip=task.skip, begin=emit.begin, look=task.look)
    emit(dump(source))
    facts = extractor_for(source.media_type).read(file, options, lambda _, unit: emit(dump(unit)))
    facts = replace(facts, findings=(*noticed, *facts.findings))
    return dump(Examined(source=source, facts=facts, measures=()))


def recognize(file: BinaryIO, payload: Payload, emit: Emit) -> bytes:
    """Run OCR on the wanted units; emits :class:`Recognized` unit by unit, returns the name of the engine used."""
    from extractors.ocr.work import recognize_units

    task = _recognize_task(payload)
    identified = _identified(file, task.name, task.limits)  # not hashed: that was done when it was read
    options = ReadOptions(media_type=identified.media_type, password=task.password, limits=task.limits)
    engine = _engine(task.engine, task.languages)
    results = recognize_units(
        file, options, task.numbers, engine=engine, languages=task.languages, timeout_s=task.page_s
    )
    for result in results:
        failure = result.failure.message if result.failure else ""
        emit(dump(Recognized(number=result.number, text=None if failure else result.text, error=failure)))
    return dump(f"{engine.name} {engine.version()}")


@cache
def _engine(name: str, languages: tuple[str, ...]) -> OcrEngine:
    """Keep an engine for the life of the worker, so that its model is loaded once."""
    from extractors.ocr import choose_engine

    return choose_engine(name, languages)


def _read_task(payload: Payload) -> ReadTask:
    """The payload comes from our own process and was made from the same type; no need to check it field by field."""
    encodings = tuple(payload["encodings"])
    skip = {int(number): why for number, why in payload["skip"].items()}
    return ReadTask(**payload | {"limits": ReadLimits(**payload["limits"]), "encodings": encodings, "skip": skip})


def _recognize_task(payload: Payload) -> RecognizeTask:
    changed = {name: tuple(payload[name]) for name in ("numbers", "languages")}
    return RecognizeTask(**payload | changed | {"limits": ReadLimits(**payload["limits"])})


def opened(
    file: BinaryIO, name: str, password: str | None, limits: ReadLimits
) -> tuple[Source, ReadOptions, tuple[Finding, ...]]:
    """Identify a file and hash it; return what it is, how to read it, and what was noticed.

    Raises:
        SafetyLimitExceeded: It is too big to be read, or hashed.
        UnsupportedFormat: It is nothing that is read here.
    """
    identified = _identified(file, name, limits)
    file.seek(0)
    digest = hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()
    size = file.tell()
    file.seek(0)
    source = Source(name=name, size_bytes=size, sha256=digest, media_type=identified.media_type)
    options = ReadOptions(media_type=identified.media_type, password=password, limits=limits)
    return source, options, tuple(identified.findings)


def _identified(file: BinaryIO, name: str, limits: ReadLimits) -> Identified:
    size = file.seek(0, 2)
    if size > limits.max_bytes:
        raise SafetyLimitExceeded(
            f"{name} has {size / 1e9:,.1f} GB; at most {limits.max_bytes / 1e9:,.0f} GB are read, and no service takes "
            "more. Split it first (PDF: “qpdf --split-pages=500 IN.pdf OUT.pdf”), then check the parts."
        )
    found = identify(file, name)
    file.seek(0)
    return found


TASKS: dict[str, Callable[[BinaryIO, Payload, Emit], bytes]] = {
    "examine": examine,
    "text": text,
    "recognize": recognize,
}
