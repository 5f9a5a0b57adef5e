"""What a unit of work is: look at a document, read a range of it, put ranges together. Runs wherever an engine does.

What comes of it goes to the store; what is told is a receipt. A document that cannot be read is an answer. What
happened to the worker on it (crash, memory, time) is a fault, and what happened to the machine (a full disk) is a loss:
the ledger decides how often each is tried again.
"""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from extractors.errors import ExtractionError
from preflight.document import Document
from preflight.engine.base import UnitOutcome
from preflight.engine.replay import Pages, Replay
from preflight.engine.request import Request, wants_text
from preflight.errors import PreflightError
from preflight.judging import prepare, report_on, report_unread
from preflight.ledger.records import FollowUp
from preflight.manifest import manifest_json
from preflight.problems import Problem, problem_from
from preflight.reading import ReadEvents, Unread, examine_task, examined_from, recognize
from preflight.splitter import split_document
from preflight.wire import dump, json_line, load, report_data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from preflight.artifacts import Artifacts
    from preflight.engine.base import Unit
    from preflight.execution import Executor
    from preflight.judging import Prepared
    from preflight.ledger.records import Json
    from preflight.ledger.states import Status
    from preflight.messages import Examined

logger = logging.getLogger(__name__)

FAN_OUT = 8
"""Pages to recognize from which on a document is worth several units of work."""
MAX_RANGES = 100
"""Ranges of one document at most: what a plan tells of them must fit into its receipt."""
LONG_S = 2.0
"""A unit that took longer leaves a receipt in the store, so that nobody does it again when the ledger was not told."""
_MAX_PLACE_BYTES = 2500

STATUS_OF: Final[Mapping[str, Status]] = {
    "parser-crashed": "crash",
    "timeout": "timeout",
    "out-of-memory": "oom",
    "disk-full": "storage",
    "worker-failed": "lost",
    "busy": "lost",
    "interrupted": "cancelled",
}
"""Problems that are not the document's answer, and how an attempt that met one ended."""

Requests = dict[str, tuple["Request", tuple["Prepared", ...]]]
"""Requests by name, with the profiles of their targets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that a unit needs to be worked on.

    Attributes:
        unit: The unit.
        document: Its document.
        request: What is to be done.
        prepared: Its targets with their profiles loaded.
        executor: Where the document is read.
        artifacts: Where results go.
        password: The document's password, if it may need one.
    """

    unit: Unit
    document: Document
    request: Request
    prepared: tuple[Prepared, ...]
    executor: Replay
    artifacts: Artifacts
    password: str | None = field(default=None, repr=False)


def run_unit(
    unit: Unit, executor: Executor, artifacts: Artifacts, requests: Requests, *, password: str | None = None
) -> UnitOutcome:
    """Do one unit of work.

    Args:
        unit: What is to be done.
        executor: Where untrusted bytes are read.
        artifacts: Where results go.
        requests: Requests that were fetched before, with their profiles loaded; grows.
        password: The document's password, if it may need one.

    Returns:
        How it ended; a failure is a value, too.
    """
    try:
        asked = _asked(unit)
        known = artifacts.receipt(asked)
        if known is not None and all(artifacts.has(name) for name in known["keeps"]):
            return _outcome(unit, known)
        began = time.monotonic()
        done = _WORK[unit.kind](_bench(unit, executor, artifacts, requests, password))
        told = done.told()
        if done.status == "ok" and (unit.kind != "plan" or time.monotonic() - began > LONG_S):
            artifacts.keep_receipt(asked, told | {"keeps": done.keeps})
        return _outcome(unit, told, done.status)
    except Exception as error:  # an engine turns every failure into a value
        if not isinstance(error, PreflightError | ExtractionError):
            logger.exception("bug while judging or cutting a document")
        failed = _Done(receipt={}, keeps=(), problem=problem_from(error))
        return _outcome(unit, failed.told(), failed.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What came of a unit: a receipt, the stored results it names, what is next, and what is the matter."""

    receipt: Json
    keeps: Sequence[str]
    follow_up: Json | None = None
    problem: Problem | None = None

    @property
    def status(self) -> Status:
        return "ok" if self.problem is None else STATUS_OF.get(self.problem.code, "ok")

    def told(self) -> Json:
        problem = None if self.problem is None else asdict(self.problem)
        return {"receipt": self.receipt, "follow_up": self.follow_up, "problem": problem}


def _plan(bench: Bench) -> _Done:
    """Look at the document; do at once what is not worth units of its own."""
    reports, examined, problem = _judge(bench)
    receipt: Json = {"reports": reports}
    split = bench.request.split
    if problem is not None or examined is None or split is None:
        return _Done(receipt=receipt, keeps=reports, problem=problem)
    wanted = _to_recognize(bench, examined)
    if len(wanted) <= FAN_OUT:
        return _split(bench, receipt, reports)
    name = bench.artifacts.put(dump(wanted))
    follow_up = {"ranges": _ranges(wanted), "payload": {"wanted": name, "reports": reports}}
    return _Done(receipt=receipt, keeps=[*reports, name], follow_up=follow_up)


def _range(bench: Bench) -> _Done:
    """Recognize those pages of a range that need it."""
    wanted = load(list[int], bench.artifacts.get(bench.unit.payload["wanted"]))
    numbers = [one for one in wanted if bench.unit.first <= one <= bench.unit.last]
    run = recognize(bench.document, numbers, bench.request.settings, bench.executor, password=bench.password)
    if run.problem is not None and run.problem.code in STATUS_OF:
        return _Done(receipt={}, keeps=(), problem=run.problem)
    name = bench.artifacts.put(dump(Pages.of(run)))
    return _Done(receipt={"ocr": name}, keeps=[name])


def _assembly(bench: Bench) -> _Done:
    """Split the document with the text that the ranges have recognized."""
    pages = Pages()
    for name in load(list[str], bench.artifacts.get(bench.unit.payload["ranges"])):
        pages += load(Pages, bench.artifacts.get(name))
    reports = bench.unit.payload["reports"]
    again = replace(bench, executor=Replay(bench.executor, pages))
    return _split(again, {"reports": reports}, reports)


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
    events = ReadEvents(None)
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
    if split is None or not wants_text(split) or split.ocr == "never":
        return []
    facts = examined.facts
    every = split.ocr == "always" and facts.unit_kind != "block"
    return [unit.number for unit in facts.units if every or unit.needs_ocr]


def _ranges(wanted: Sequence[int]) -> list[tuple[int, int]]:
    size = max(FAN_OUT // 2, -(-len(wanted) // MAX_RANGES))
    parts = [wanted[at : at + size] for at in range(0, len(wanted), size)]
    return [(part[0], part[-1]) for part in parts]


def _split(bench: Bench, receipt: Json, reports: Sequence[str]) -> _Done:
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
            )
        except (PreflightError, ExtractionError) as error:
            return _Done(receipt=receipt, keeps=reports, problem=problem_from(error))
        names = []
        for piece in result.manifest.pieces:
            files = [(piece.name, piece.sha256), *([(piece.text.name, piece.text.sha256)] if piece.text else [])]
            for name, sha256 in files:
                bench.artifacts.adopt(out / name, sha256)
                names.append(sha256)
        manifest = bench.artifacts.put(manifest_json(result.manifest))
    receipt = receipt | {"manifest": manifest, "pieces": len(result.manifest.pieces), "complete": result.complete}
    return _Done(receipt=receipt, keeps=[*reports, manifest, *names])


def _bench(unit: Unit, executor: Executor, artifacts: Artifacts, requests: Requests, password: str | None) -> Bench:
    known = requests.get(unit.request)
    if known is None:
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


def locator(document: Document, sha256: str, artifacts: Artifacts) -> Json:
    """Return where a document lies, as plain JSON for the ledger; a path too long for a unit of work is stored.

    Raises:
        OutputError: It cannot be stored.
    """
    name, identity, path = document.name, list(document.identity), os.path.abspath(document.path)  # noqa: PTH100 - links stay
    place: Json = {"path": path, "name": name, "identity": identity, "sha256": sha256}
    text = json.dumps(place)
    if len(text) <= _MAX_PLACE_BYTES:
        return place
    return {"stored": artifacts.put(text.encode()), "sha256": sha256}


def document_of(place: Json, artifacts: Artifacts) -> Document:
    """Return the document at a place; it is refused when it is another than it was (:meth:`Document.open`)."""
    if "stored" in place:
        place = json.loads(artifacts.get(place["stored"]))
    device, inode, size, changed = (int(one) for one in place["identity"])
    identity = device, inode, size, changed
    return Document(path=Path(place["path"]), name=str(place["name"]), size_bytes=size, identity=identity)


def _asked(unit: Unit) -> Json:
    """What decides what comes of a unit, wherever its document lies."""
    of = {"kind": unit.kind, "request": unit.request, "first": unit.first, "last": unit.last, "payload": unit.payload}
    return of | {"sha256": unit.document["sha256"], "name": unit.document.get("name", unit.document.get("stored"))}


def _outcome(unit: Unit, told: Json, status: Status = "ok") -> UnitOutcome:
    next_ones, follow_up = None, told["follow_up"]
    if follow_up is not None:
        spans = tuple((int(first), int(last)) for first, last in follow_up["ranges"])
        next_ones = FollowUp(ranges=spans, payload=follow_up["payload"])
    return UnitOutcome(
        place=unit.place, status=status, receipt=told["receipt"], follow_up=next_ones, problem=told["problem"]
    )
