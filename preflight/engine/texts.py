"""The text of a document, and looks at a single unit of it, as units of work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
    from pathlib import Path

    from extractors.facts import DocumentFacts
    from preflight.document import Document
    from preflight.engine.request import TextWish
    from preflight.execution import Executor
    from preflight.problems import Problem
    from preflight.settings import Settings


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


def text_assembled(bench: Bench, facts: DocumentFacts | None) -> Done:
    """Put the text of a document into the store, of which pages were recognized before.

    Args:
        bench: What is worked on.
        facts: Those of the document, for which its pixels were looked at before; None to look at them again.
    """
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
    look, is_picture = bench.unit.document["look"], "width" in bench.unit.document["look"]
    asked = Look(number=look["unit"], width_px=look.get("width"), ocr=look.get("ocr", "never"))
    with bench.artifacts.temporary() as folder:
        made = look_at(
            bench.document, asked, bench.request.settings, bench.executor, folder=folder, password=bench.password
        )
    if not isinstance(made, bytes):
        return Done(receipt={}, keeps=(), problem=made)
    name = bench.artifacts.put(made)
    return Done(receipt={"file": name, "form": "png" if is_picture else "text"}, keeps=[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is wanted of one unit.

    Attributes:
        number: Its number.
        width_px: Width of its picture at most; None for its text.
        ocr: ``auto`` or ``never``: whether its text is recognized where that is needed.
    """

    number: int
    width_px: int | None = None
    ocr: str = "auto"


def look_at(
    document: Document, look: Look, settings: Settings, executor: Executor, *, folder: Path, password: str | None = None
) -> bytes | Problem:
    """Return the picture (PNG) or the text (UTF-8) of one unit, or why there is none.

    Args:
        document: The document.
        look: What is wanted.
        settings: How the work is done.
        executor: Where it is done.
        folder: Empty folder that a picture may be written into.
        password: Password, if there is one.
    """
    if look.width_px is None:
        return _text(document, look, settings, executor, password)
    limits = ReadLimits(max_units=settings.max_units)
    arguments = ShowTask(
        name=document.name, number=look.number, width_px=look.width_px, password=password, limits=limits
    )
    out, cpu_s = folder / "picture", settings.page_timeout
    task = Task(key=0, name="show", document=document, payload=asdict(arguments), cpu_s=cpu_s, outputs=(out,))
    (outcome,) = executor.run([task])
    return outcome.problem or out.read_bytes()


def _text(
    document: Document, look: Look, settings: Settings, executor: Executor, password: str | None
) -> bytes | Problem:
    examined, units = read_text(document, settings, executor, password=password)
    if isinstance(examined, Unread):
        return examined.problem
    if look.number > len(units):
        noun = examined.facts.unit_kind
        return problem_from(UnknownUnit(f"The document has {len(units):,} {noun}s. Ask for one of them."))
    unit = units[look.number - 1]
    if look.number in units_to_recognize(examined.facts, look.ocr):
        run = recognize(document, [look.number], settings, executor, password=password)
        if run.problem is not None and run.problem.code in STATUS_OF:
            return run.problem
        unit = merge_text(unit, run.texts.get(look.number))
    # Flowing text has no line that names the unit, which is what is wanted of a unit alone.
    return write_text(DocumentText(source=examined.source, unit_kind="block", units=(unit,)), "text")
