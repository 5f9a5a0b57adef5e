"""What a unit of work is: look at a document, read a range of it, put ranges together. Runs wherever an engine does.

What comes of it goes to the store; what is told is a receipt. A document that cannot be read is an answer. What
happened to the worker on it (crash, memory, time) is a fault, and what happened to the machine (a full disk) is a loss:
the ledger decides how often each is tried again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from extractors.facts import DocumentFacts
from preflight.engine.base import UnitOutcome
from preflight.engine.bench import FAN_OUT, STATUS_OF, Bench, Done, progress_of, tell_nobody
from preflight.engine.places import asked_of, document_of
from preflight.engine.replay import Pages, Replay
from preflight.engine.request import Request, wants_text
from preflight.engine.texts import looked_at, text_assembled, text_planned
from preflight.errors import PreflightError
from preflight.judging import prepare, report_on, report_unread
from preflight.ledger.records import FollowUp
from preflight.manifest import manifest_json
from preflight.problems import problem_from
from preflight.reading import ReadEvents, Unread, examine_task, examined_from, recognize
from preflight.splitter import split_document
from preflight.textual import units_to_recognize
from preflight.wire import dump, json_line, load, report_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.artifacts import Artifacts
    from preflight.engine.base import Unit
    from preflight.engine.bench import Tell
    from preflight.execution import Executor
    from preflight.judging import Prepared
    from preflight.ledger.records import Json
    from preflight.ledger.states import Status
    from preflight.messages import Examined
    from preflight.problems import Problem

logger = logging.getLogger(__name__)

MAX_RANGES = 100
"""Ranges of one document at most: what a plan tells of them must fit into its receipt."""
LONG_S = 2.0
"""A unit that took longer leaves a receipt in the store, so that nobody does it again when the ledger was not told.

What failed leaves none: with another password, or on another day, it might not fail.
"""

MAX_REQUESTS = 500
"""Requests that are remembered; a service is asked for new ones for ever."""

Requests = dict[str, tuple["Request", tuple["Prepared", ...]]]
"""Requests by name, with the profiles of their targets."""


def run_unit(
    unit: Unit,
    executor: Executor,
    artifacts: Artifacts,
    requests: Requests,
    *,
    password: str | None = None,
    tell: Tell = tell_nobody,
) -> UnitOutcome:
    """Do one unit of work.

    Args:
        unit: What is to be done.
        executor: Where untrusted bytes are read.
        artifacts: Where results go.
        requests: Requests that were fetched before, with their profiles loaded; changed.
        password: The document's password, if it may need one.
        tell: Takes how far the work is.

    Returns:
        How it ended; a failure is a value, too.
    """
    try:
        asked = asked_of(unit)
        known = artifacts.receipt(asked)
        if known is not None and all(artifacts.renew(name) for name in known["keeps"]):
            return _outcome(unit, known)
        began = time.monotonic()
        done = _WORK[unit.kind](replace(_bench(unit, executor, artifacts, requests, password), tell=tell))
        told = done.told()
        if done.sound and (unit.kind != "plan" or time.monotonic() - began > LONG_S):
            artifacts.keep_receipt(asked, told | {"keeps": done.keeps})
        return _outcome(unit, told, done.status)
    except Exception as error:  # an engine turns every failure into a value
        if not isinstance(error, PreflightError | ExtractionError):
            logger.exception("bug while judging or cutting a document")
        failed = Done(receipt={}, keeps=(), problem=problem_from(error))
        return _outcome(unit, failed.told(), failed.status)


def _plan(bench: Bench) -> Done:
    """Look at the document; do at once what is not worth units of its own."""
    if "look" in bench.unit.document:
        return looked_at(bench)
    if bench.request.text is not None:
        return _plan_text(bench)
    reports, examined, problem = _judge(bench)
    receipt: Json = {"reports": reports}
    if examined is not None:
        receipt["units"] = examined.facts.unit_count
    split = bench.request.split
    if problem is not None or examined is None or split is None:
        return Done(receipt=receipt, keeps=reports, problem=problem)
    wanted = _to_recognize(bench, examined)
    if len(wanted) <= FAN_OUT:
        return _split(bench, receipt, reports)
    return _spread(bench, wanted, receipt)


def _plan_text(bench: Bench) -> Done:
    """Write the text of a document, if not many of its pages need OCR."""
    planned, wanted = text_planned(bench)
    if isinstance(planned, Done):
        return planned
    return _spread(bench, wanted, {}, facts=bench.artifacts.put(dump(planned)))


def _spread(bench: Bench, wanted: Sequence[int], receipt: Json, *, facts: str | None = None) -> Done:
    """Have many pages recognized side by side; ``facts`` names what is known of the document besides its reading."""
    name, reading = bench.artifacts.put(dump(wanted)), bench.artifacts.put(bench.executor.reading())
    payload = bench.unit.payload | {"wanted": name, "reading": reading, "pages": len(wanted)} | receipt
    keeps = [*receipt.get("reports", ()), name, reading]
    if facts is not None:
        payload["facts"] = facts
        keeps.append(facts)
    return Done(receipt=receipt, keeps=keeps, follow_up={"ranges": _ranges(wanted), "payload": payload})


def _range(bench: Bench) -> Done:
    """Recognize those pages of a range that need it."""
    wanted = load(list[int], bench.artifacts.get(bench.unit.payload["wanted"]))
    numbers = [one for one in wanted if bench.unit.first <= one <= bench.unit.last]
    run = recognize(
        bench.document,
        numbers,
        bench.request.settings,
        bench.executor,
        password=bench.password,
        on_progress=progress_of(bench, bench.unit.payload.get("pages")),
    )
    if run.problem is not None and run.problem.code in STATUS_OF:
        return Done(receipt={}, keeps=(), problem=run.problem)
    name = bench.artifacts.put(dump(Pages.of(run)))
    return Done(receipt={"ocr": name}, keeps=[name], complete=not run.errors)


def _assembly(bench: Bench) -> Done:
    """Split the document with the text that the ranges have recognized."""
    pages = Pages()
    for name in load(list[str], bench.artifacts.get(bench.unit.payload["ranges"])):
        pages += load(Pages, bench.artifacts.get(name))
    reading = bench.artifacts.get(bench.unit.payload["reading"])
    again = replace(bench, executor=Replay(bench.executor, pages, reading))
    if bench.request.text is not None:
        facts = bench.unit.payload.get("facts")  # older versions planned without
        return text_assembled(again, None if facts is None else load(DocumentFacts, bench.artifacts.get(facts)))
    receipt = {name: value for name, value in bench.unit.payload.items() if name in ("reports", "units")}
    return _split(again, receipt, receipt["reports"])


_WORK = {"plan": _plan, "range": _range, "assembly": _assembly}


def _judge(bench: Bench) -> tuple[list[str], Examined | None, Problem | None]:
    """Read the document once and judge it for each target; return the stored reports."""
    encodings = sorted({one for each in bench.prepared for one in each.encodings})
    split = bench.request.split
    task = examine_task(
        bench.document,
        bench.request.settings,
        password=bench.password,
        encodings=bench.prepared[0].encodings if len(bench.prepared) == 1 else tuple(encodings),
        prints=split is not None and split.form == "document",
    )
    events = ReadEvents(progress_of(bench))
    (outcome,) = bench.executor.run([task], events)
    read = examined_from(outcome, bench.document, events.sources.get(task.key))
    if isinstance(read, Unread):
        if read.problem.code in STATUS_OF:
            return [], None, read.problem
        reports = [report_unread(read, one) for one in bench.prepared]
    else:
        reports = [report_on(read, one) for one in bench.prepared]
    names = [bench.artifacts.put(json_line(report_data(one))) for one in reports]
    return names, None if isinstance(read, Unread) else read, reports[0].problem


def _to_recognize(bench: Bench, examined: Examined) -> list[int]:
    """Return the pages whose text a split needs OCR for."""
    split = bench.request.split
    return [] if split is None or not wants_text(split) else units_to_recognize(examined.facts, split.ocr)


def _ranges(wanted: Sequence[int]) -> list[tuple[int, int]]:
    size = max(FAN_OUT // 2, -(-len(wanted) // MAX_RANGES))
    parts = [wanted[at : at + size] for at in range(0, len(wanted), size)]
    return [(part[0], part[-1]) for part in parts]


def _split(bench: Bench, receipt: Json, reports: Sequence[str]) -> Done:
    """Cut the document, and put the pieces and their manifest into the store."""
    if bench.request.split is None:
        raise ValueError("nobody asked for pieces")
    with bench.artifacts.temporary() as folder:
        out = folder / "pieces"
        try:
            result = split_document(
                bench.document,
                out,
                bench.prepared[0],
                bench.request.settings,
                bench.executor,
                options=replace(bench.request.split, password=bench.password),
                on_progress=progress_of(bench),
            )
        except (PreflightError, ExtractionError) as error:
            return Done(receipt=receipt, keeps=reports, problem=problem_from(error))
        names = []
        for piece in result.manifest.pieces:
            files = [(piece.name, piece.sha256), *([(piece.text.name, piece.text.sha256)] if piece.text else [])]
            for name, sha256 in files:
                bench.artifacts.adopt(out / name, sha256)
                names.append(sha256)
        manifest = bench.artifacts.put(manifest_json(result.manifest))
    receipt = receipt | {"manifest": manifest, "pieces": len(result.manifest.pieces), "complete": result.complete}
    return Done(receipt=receipt, keeps=[*reports, manifest, *names], complete=result.complete)


def _bench(unit: Unit, executor: Executor, artifacts: Artifacts, requests: Requests, password: str | None) -> Bench:
    known = requests.get(unit.request)
    if known is None:
        if len(requests) >= MAX_REQUESTS:
            requests.clear()
        request = Request.load(unit.request, artifacts)
        known = requests[unit.request] = request, tuple(prepare(one) for one in request.orders)
    return Bench(
        unit=unit,
        document=document_of(unit.document, artifacts),
        request=known[0],
        prepared=known[1],
        executor=Replay(executor),
        artifacts=artifacts,
        password=password,
    )


def _outcome(unit: Unit, told: Json, status: Status = "ok") -> UnitOutcome:
    next_ones, follow_up = None, told["follow_up"]
    if follow_up is not None:
        spans = tuple((int(first), int(last)) for first, last in follow_up["ranges"])
        next_ones = FollowUp(ranges=spans, payload=follow_up["payload"])
    return UnitOutcome(
        place=unit.place, status=status, receipt=told["receipt"], follow_up=next_ones, problem=told["problem"]
    )
