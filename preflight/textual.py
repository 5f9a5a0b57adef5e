"""A document's text, unit by unit, each part marked with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extractors.facts import Finding, Origin, Role, Source, UnitKind, UnitText
from extractors.ocr.null import NullEngine
from preflight.problems import Problem
from preflight.reading import OcrRun, Unread, merge_text, read_text, recognize
from preflight.wire import adapter, json_bytes
from preflight.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from extractors.facts import DocumentFacts, TextPart
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.messages import Examined
    from preflight.reading import Progress
    from preflight.settings import Settings

FORMS = ("text", "markdown", "json")
_SURE = 0.7
"""Mean word confidence: 0.79 to 0.96 on real pages in the language looked for, 0.21 to 0.62 on those in others."""
OCR_MODES = ("auto", "never", "always")
SCHEMA = "preflight/text/1"
UNREAD = frozenset({"ocr-failed", "ocr-skipped", "ocr-null-engine"})
"""Findings that name units whose text OCR should have read, and has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """The text of a document, or why there is none.

    Attributes:
        source: The document.
        unit_kind: What one unit is.
        units: Text of the units in order.
        findings: What was noticed while reading, units without OCR text among them.
        engine: OCR engine and version, when OCR was used.
        complete: No unit that needs OCR was left without it by an error.
        problem: Why the document could not be read at all.
    """

    source: Source
    unit_kind: str = "unit"
    units: tuple[UnitText, ...] = ()
    findings: tuple[Finding, ...] = ()
    engine: str = ""
    complete: bool = True
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecord:
    """What ``preflight text --as json`` writes; fields as in :class:`DocumentText`, which could be read."""

    source: Source
    unit_kind: str
    units: tuple[UnitText, ...]
    findings: tuple[Finding, ...]
    engine: str
    complete: bool
    schema: str = SCHEMA


def document_text(
    document: Document,
    settings: Settings,
    executor: Executor,
    *,
    ocr: str = "auto",
    password: str | None = None,
    on_progress: Progress | None = None,
    known: DocumentFacts | None = None,
) -> DocumentText:
    """Read a document's text: the text layer where it is good, OCR where it is needed.

    Args:
        document: The document.
        settings: OCR engine, languages, time limits.
        executor: Where it is read.
        ocr: ``auto`` for the units that need it, ``never``, or ``always`` for every unit that can be rendered.
        password: Password, if there is one.
        on_progress: Takes a stage and a count.
        known: What was found in it before, so that its pixels are not looked at again.
    """
    examined, units = read_text(document, settings, executor, password=password, look=known is None)
    if isinstance(examined, Unread):
        return DocumentText(source=examined.source, problem=examined.problem)
    if known is not None and known.unit_count != examined.facts.unit_count:  # no longer what was known
        return document_text(document, settings, executor, ocr=ocr, password=password, on_progress=on_progress)
    if known is not None:
        examined = replace(examined, facts=known)
        unread = {unit.number for unit in known.units if unit.kind is UnitKind.UNREADABLE}
        units = [UnitText(number=unit.number) if unit.number in unread else unit for unit in units]
    return with_ocr(document, examined, units, settings, executor, ocr=ocr, password=password, on_progress=on_progress)


def with_ocr(
    document: Document,
    examined: Examined,
    units: Sequence[UnitText],
    settings: Settings,
    executor: Executor,
    *,
    ocr: str,
    password: str | None = None,
    on_progress: Progress | None = None,
) -> DocumentText:
    """Complete what :func:`preflight.reading.read_text` told of a document by OCR; arguments as in `document_text`."""
    facts = examined.facts
    run = OcrRun(texts={}, errors={})
    wanted = units_to_recognize(facts, ocr)
    if wanted:
        run = recognize(document, wanted, settings, executor, password=password, on_progress=on_progress)
    if run.problem is not None:
        return DocumentText(source=examined.source, problem=run.problem)
    doubts = tuple(_doubts(facts, run, settings))
    off = ocr == "never" or any(finding.code == "ocr-null-engine" for finding in doubts)
    left_out = off and any(unit.needs_ocr for unit in facts.units)
    return DocumentText(
        source=examined.source,
        unit_kind=facts.unit_kind,
        units=tuple(merge_text(unit, run.texts.get(unit.number)) for unit in units),
        findings=(*facts.findings, *_ocr_findings(facts, run, ocr), *doubts),
        engine=run.engine,
        complete=not run.errors and not left_out,
    )


def write_text(text: DocumentText, form: str) -> bytes:
    """Return the text as ``text``, ``markdown`` or ``json`` bytes in UTF-8.

    Raises:
        ValueError: ``form`` is none of :data:`FORMS`.
    """
    if form == "json":
        return json_bytes(_json_data(text))
    return "".join(write_units(text, form)).encode()


def write_units(text: DocumentText, form: str) -> Iterator[str]:
    """Yield of each unit what :func:`write_text` writes of it, as ``text`` or ``markdown``.

    Raises:
        ValueError: ``form`` is neither.
    """
    if form not in ("text", "markdown"):
        raise ValueError(form)
    unread = {number for one in text.findings if one.code in UNREAD for number in one.units}
    for unit in text.units:
        named = ""  # flowing blocks need no marks; pages and frames begin with a line that names them
        if text.unit_kind != "block":
            named = f"{text.unit_kind} {unit.number}{_origin_words(unit, unread=unit.number in unread)}"
        if form == "text":
            yield f"--- {named} ---\n{_plain(unit)}\n" if named else f"{_plain(unit)}\n"
        else:
            yield f"<!-- {named} -->\n\n{_markdown(unit)}\n\n" if named else f"{_markdown(unit)}\n\n"


def text_from_json(data: bytes) -> DocumentText:
    """Read what :func:`write_text` wrote as ``json``.

    Raises:
        ValueError: It is something else.
    """
    record = adapter(TextRecord).validate_json(data)
    return DocumentText(
        source=record.source,
        unit_kind=record.unit_kind,
        units=record.units,
        findings=record.findings,
        engine=record.engine,
        complete=record.complete,
    )


def unit_words(text: DocumentText, unit: UnitText, form: str) -> str:
    """Return the words of one unit as ``text`` or ``markdown``; of one that could not be read, that it could not.

    For readers who see one unit without its findings, and would take it for empty.
    """
    words = _plain(unit) if form == "text" else _markdown(unit)
    return words or (f"[{text.unit_kind} {unit.number} was not read]" if unit.number in lost_units(text) else "")


def lost_units(text: DocumentText) -> frozenset[int]:
    """Return the numbers of units whose text is missing, or may be."""
    bad = (one for one in text.findings if one.code in UNREAD or one.severity == "error")
    return frozenset(number for one in bad for number in one.units)


def units_to_recognize(facts: DocumentFacts, ocr: str) -> list[int]:
    """Return the units whose text needs OCR."""
    if ocr == "never":
        return []
    every = ocr == "always" and facts.unit_kind != "block"  # of flowing text only pictures can be looked at
    return [unit.number for unit in facts.units if every or unit.needs_ocr]


def _ocr_findings(facts: DocumentFacts, run: OcrRun, ocr: str) -> Iterator[Finding]:
    by_reason: dict[str, list[int]] = {}
    for number, reason in sorted(run.errors.items()):
        by_reason.setdefault(reason, []).append(number)
    for reason, numbers in by_reason.items():
        message = f"No OCR text for {counted(len(numbers), facts.unit_kind)}: {reason}"
        yield Finding(severity="error", code="ocr-failed", message=message, units=tuple(numbers))
    skipped = tuple(unit.number for unit in facts.units if unit.needs_ocr) if ocr == "never" else ()
    if skipped:
        what = counted(len(skipped), facts.unit_kind)
        message = f"{what} without readable text, and no OCR was wanted. Use --ocr auto."
        yield Finding(severity="warning", code="ocr-skipped", message=message, units=skipped)


def _doubts(facts: DocumentFacts, run: OcrRun, settings: Settings) -> Iterator[Finding]:
    """Yield what is doubtful about the text that OCR gave."""
    confidences = {number: _confidence(unit) for number, unit in sorted(run.texts.items())}
    needing = {unit.number for unit in facts.units if unit.needs_ocr}
    empty = tuple(number for number, sure in confidences.items() if sure is None and number in needing)
    noun = facts.unit_kind
    if empty and run.engine.split(" ")[0] == NullEngine.name:
        message = (
            f"The OCR engine “null” recognizes nothing, so {len(empty)} {noun}(s) that need OCR are without its text. "
            "Use --ocr-engine auto."
        )
        yield Finding(severity="warning", code="ocr-null-engine", message=message, units=empty)
    elif empty:
        message = f"OCR found no words on {len(empty)} {noun}(s) that seem to show some. Look at them yourself."
        yield Finding(severity="warning", code="ocr-found-nothing", message=message, units=empty)
    unsure = tuple(number for number, sure in confidences.items() if sure is not None and sure < _SURE)
    if unsure:
        used = "+".join(settings.languages)
        message = (
            f"OCR is unsure of {len(unsure)} {noun}(s) (mean confidence under {_SURE:.2f}): probably they are not in "
            f"the language it looked for ({used}), or hard to read. Name theirs, for example -l rus (its data must be "
            "installed: preflight doctor), and check what comes out."
        )
        yield Finding(severity="warning", code="ocr-low-confidence", message=message, units=unsure)


def _confidence(unit: UnitText) -> float | None:
    """Return the mean confidence of a recognized unit, long parts counting more; None where there are no words."""
    sure = [(part.confidence, len(part.text)) for part in unit.parts if part.confidence is not None and part.text]
    return sum(one * chars for one, chars in sure) / sum(chars for _, chars in sure) if sure else None


def _json_data(text: DocumentText) -> dict[str, object]:
    record = TextRecord(
        source=text.source,
        unit_kind=text.unit_kind,
        units=text.units,
        findings=text.findings,
        engine=text.engine,
        complete=text.complete,
    )
    data: dict[str, object] = adapter(TextRecord).dump_python(record, mode="json")
    return data


def _origin_words(unit: UnitText, *, unread: bool) -> str:
    """Say that OCR read a unit, or that it should have: who reads the text alone must not take the page for empty."""
    if unread and not any(part.text for part in unit.parts):
        return " (not read: it needs OCR)"
    recognized = [part for part in unit.parts if part.origin is Origin.OCR]
    if not recognized:
        return ""
    sure = [part.confidence for part in recognized if part.confidence is not None]
    return f" (OCR, confidence {sum(sure) / len(sure):.2f})" if sure else " (OCR)"


def _plain(unit: UnitText) -> str:
    return _joined(((part, _mark(part, part.text)) for part in unit.parts if part.text), "\n")


def _markdown(unit: UnitText) -> str:
    marked = ((part, part.text if part.markdown is None else part.markdown) for part in unit.parts if part.text)
    return _joined(((part, _markdown_mark(part, words)) for part, words in marked), "\n\n")


def _joined(parts: Iterable[tuple[TextPart, str]], separator: str) -> str:
    """Put parts one under another, those that go on in the same line side by side."""
    whole = ""
    for part, words in parts:
        whole += words if part.inline or not whole else separator + words
    return whole


def _mark(part: TextPart, words: str) -> str:
    """Say what a part is when it is not the body itself."""
    if part.role in (Role.BODY, Role.TABLE_HEADER):
        return words
    label = f" {part.label}" if part.label else ""
    return f"[{part.role}{label}: {words}]"


def _markdown_mark(part: TextPart, words: str) -> str:
    """As :func:`_mark`, with notes in the form that Markdown has for them."""
    if part.role in (Role.FOOTNOTE, Role.ENDNOTE) and part.label:
        return f"[^{part.label}]: {words}"
    return _mark(part, words)
