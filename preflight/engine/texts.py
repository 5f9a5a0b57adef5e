"""The text of a document, and looks at a single unit of it, as units of work."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from extractors.base import ReadLimits
from extractors.errors import UnknownUnit
from preflight.engine.bench import FAN_OUT, STATUS_OF, Bench, Done, progress_of
from preflight.execution import Task
from preflight.problems import problem_from
from preflight.reading import Unread, merge_text, read_text, recognize
from preflight.textual import DocumentText, document_text, units_to_recognize, with_ocr, write_text
from preflight.views import ShowTask

if TYPE_CHECKING:
    from extractors.facts import DocumentFacts
    from preflight.engine.request import TextWish
    from preflight.problems import Problem


def text_planned(bench: Bench) -> tuple[Done | DocumentFacts, list[int]]:
    """Read a document and put its text into the store, if not many of its units need OCR.

    Returns:
        What came of it; where many need OCR, the facts of the document, and the numbers of those units.
    """
    wish = _wish(bench)
    examined, units = read_text(bench.document, bench.request.settings, bench.executor, password=bench.password)
    if isinstance(examined, Unread):
        return Done(receipt={}, keeps=(), problem=examined.problem), []
    wanted = units_to_recognize(examined.facts, wish.ocr)
    if len(wanted) > FAN_OUT:
        return examined.facts, wanted
    text = with_ocr(
        bench.document,
        examined,
        units,
        bench.request.settings,
        bench.executor,
        ocr=wish.ocr,
        password=bench.password,
        on_progress=progress_of(bench, len(wanted)),
    )
    return _written(bench, text), []


def text_assembled(bench: Bench, facts: DocumentFacts) -> Done:
    """Put the text of a document into the store, of which pixels were looked at and pages recognized before."""
    text = document_text(
        bench.document,
        bench.request.settings,
        bench.executor,
        ocr=_wish(bench).ocr,
        password=bench.password,
        on_progress=progress_of(bench),
        known=facts,
    )
    return _written(bench, text)


def _wish(bench: Bench) -> TextWish:
    if bench.request.text is None:
        raise ValueError("nobody asked for text")
    return bench.request.text


def _written(bench: Bench, text: DocumentText) -> Done:
    if text.problem is not None:
        return Done(receipt={}, keeps=(), problem=text.problem)
    form = _wish(bench).form
    name = bench.artifacts.put(write_text(text, form))
    receipt = {"file": name, "form": form, "units": len(text.units), "complete": text.complete}
    return Done(receipt=receipt, keeps=[name], complete=text.complete)


def looked_at(bench: Bench) -> Done:
    """Put the picture or the text of a single unit into the store."""
    look = bench.unit.document["look"]
    made = _picture(bench, look["unit"], look["width"]) if "width" in look else _text(bench, look["unit"], look["ocr"])
    if not isinstance(made, bytes):
        return Done(receipt={}, keeps=(), problem=made)
    name = bench.artifacts.put(made)
    return Done(receipt={"file": name, "form": "png" if "width" in look else "text"}, keeps=[name])


def _picture(bench: Bench, number: int, width_px: int) -> bytes | Problem:
    limits = ReadLimits(max_units=bench.request.settings.max_units)
    arguments = ShowTask(name=bench.document.name, number=number, width_px=width_px, limits=limits)
    with bench.artifacts.temporary() as folder:
        task = Task(
            key=0,
            name="show",
            document=bench.document,
            payload=asdict(arguments),
            cpu_s=bench.request.settings.page_timeout,
            outputs=(folder / "picture",),
        )
        (outcome,) = bench.executor.run([task])
        return outcome.problem or (folder / "picture").read_bytes()


def _text(bench: Bench, number: int, ocr: str) -> bytes | Problem:
    settings = bench.request.settings
    examined, units = read_text(bench.document, settings, bench.executor, password=bench.password)
    if isinstance(examined, Unread):
        return examined.problem
    if number > len(units):
        noun = examined.facts.unit_kind
        return problem_from(UnknownUnit(f"The document has {len(units):,} {noun}s. Ask for one of them."))
    unit = units[number - 1]
    if number in units_to_recognize(examined.facts, ocr):
        run = recognize(bench.document, [number], settings, bench.executor, password=bench.password)
        if run.problem is not None and run.problem.code in STATUS_OF:
            return run.problem
        unit = merge_text(unit, run.texts.get(number))
    # Flowing text has no line that names the unit, which is what is wanted of a unit alone.
    return write_text(DocumentText(source=examined.source, unit_kind="block", units=(unit,)), "text")
