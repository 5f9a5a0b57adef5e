"""Jobs on documents: asking for them, looking at them, and what they make."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from preflight.engine.request import Request, make_request
from preflight.errors import IdempotencyKeyReused, JobEnded, JobUnfinished, ResultGone, ServiceBusy, UnknownJob
from preflight.ledger.records import NewJob, job_id
from preflight.ledger.states import JobState
from preflight.service.results import Results

if TYPE_CHECKING:
    from preflight.artifacts import Artifacts
    from preflight.engine.request import TextWish
    from preflight.judging import Order
    from preflight.ledger.records import JobView, Json, Mark
    from preflight.ledger.store import Ledger
    from preflight.service.documents import StoredDocument
    from preflight.service.options import ServiceOptions
    from preflight.settings import Settings
    from preflight.splitting import SplitOptions

KINDS = ("check", "text", "split")
LOOK = "look"
REMOVED = "The document was removed, and the work on it with it. Send the document again."
SOON = 10
"""Priority of what somebody waits for in front of a screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be done with a document.

    Attributes:
        order: What it is judged or cut for; None where nothing is.
        split: How it is cut; None to cut nothing.
        text: How its text is wanted; None where it is not.
        languages: OCR languages; the service's own when None.
        hook: Address to be told of the end, and the secret to sign with; None to tell nobody.
    """

    order: Order | None = None
    split: SplitOptions | None = None
    text: TextWish | None = None
    languages: tuple[str, ...] | None = None
    hook: tuple[str, str] | None = None

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""
        return "text" if self.text is not None else "split" if self.split is not None else "check"


class Jobs:
    """The jobs of a service; may be used from several threads and programs at once."""

    def __init__(self, ledger: Ledger, artifacts: Artifacts, settings: Settings, options: ServiceOptions) -> None:
        """Take where they are, and how the work is done."""
        self._ledger = ledger
        self._artifacts = artifacts
        self._settings = settings
        self._options = options
        self.results = Results(artifacts)

    def ask(self, document: StoredDocument, wish: Wish, *, key: str | None = None, asked_with: str = "") -> JobView:
        """Ask for work on a document; it is done whatever happens once this returns.

        Args:
            document: What to work on.
            wish: What to do.
            key: Idempotency key: the same key of the same owner is the same job.
            asked_with: Id of the API key it is asked for with; empty where there are none.

        Raises:
            UnknownTarget: The wish names a target, gateway or model that is not known.
            UsageError: The wish makes no sense.
            IdempotencyKeyReused: The key stands for other work.
            ServiceBusy: Too much work waits already.
            ResultGone: The document is being removed.
        """
        request = self._request(wish)
        place = _place_of(document) | {"what": wish.kind}
        name = f"k {key}" if key is not None else f"r {secrets.token_hex(16)}"
        return self._submit(document, name, request, place, hook=wish.hook, asked_with=asked_with)

    def look(self, document: StoredDocument, look: Json) -> JobView:
        """Ask for a look at one unit of a document; the same look is the same job.

        Raises:
            ServiceBusy: Too much work waits already.
            ResultGone: The document is being removed.
        """
        place = _place_of(document) | {"what": LOOK, "look": look}
        name = f"{LOOK} {document.id} {json.dumps(look, sort_keys=True)}"
        request = make_request((), self._settings)
        view = self._submit(document, name, request, place, priority=SOON)
        lost = view.state is JobState.DONE and not self.results.at_hand(view)
        if lost or (view.problem or {}).get("retryable"):
            self._ledger.retry([view.id])
            return self.find(view.id, owner=document.owner)
        return view

    def find(self, name: str, *, owner: str) -> JobView:
        """Return a job.

        Raises:
            UnknownJob: There is none with this id, or it is somebody else's.
        """
        view = self._ledger.jobs([name]).get(name)
        if view is None or view.owner != owner:
            raise UnknownJob("There is no such job. It may have expired: ask for the work again.")
        return view

    def page(
        self, owner: str, *, before: Mark | None = None, limit: int = 50, asked_with: str | None = None
    ) -> list[JobView]:
        """Return an owner's jobs, the latest first.

        Args:
            owner: Whose.
            before: Only those that came before this mark.
            limit: At most so many.
            asked_with: Only those that were asked for with the API key of this id.
        """
        return self._ledger.page(owner, before=before, limit=limit, without=f"{LOOK} ", asked_with=asked_with)

    def cancel(self, name: str, *, owner: str) -> JobView:
        """End a job.

        Raises:
            UnknownJob: There is none with this id, or it is somebody else's.
            JobEnded: It has ended already.
        """
        self.find(name, owner=owner)
        if not self._ledger.cancel(name):
            raise JobEnded("The job had ended before it could be cancelled. Look at its state.")
        return self.find(name, owner=owner)

    def finished(self, name: str, *, owner: str, kind: str) -> JobView:
        """Return a job that has made what it was to make.

        Raises:
            UnknownJob: There is none with this id that makes such things, or it is somebody else's.
            JobUnfinished: It has not ended, or ended without.
        """
        view = self.find(name, owner=owner)
        if kind_of(view) != kind:
            raise UnknownJob(f"There is no {kind} with this id. See the job's result_url.")
        if view.state is not JobState.DONE and view.state is not JobState.PARTIAL:
            raise JobUnfinished(f"The job has no result: it is {view.state}. Look at it under /v1/jobs.")
        return view

    def _request(self, wish: Wish) -> Request:
        settings = self._settings if wish.languages is None else replace(self._settings, languages=wish.languages)
        orders = () if wish.order is None else (wish.order,)
        return make_request(orders, settings, wish.split, text=wish.text)

    def _submit(
        self,
        document: StoredDocument,
        key: str,
        request: Request,
        place: Json,
        *,
        priority: int = 0,
        hook: tuple[str, str] | None = None,
        asked_with: str = "",
    ) -> JobView:
        known = self._ledger.jobs([job_id(document.owner, key)])
        if not known and self._ledger.waiting() >= self._options.max_waiting:
            raise ServiceBusy("Too much work waits already. Try again later.")
        job = NewJob(
            owner=document.owner,
            key=key,
            request=request.store(self._artifacts),
            document=place,
            priority=priority,
            subject=document.id,
            movable=False,
            hook=hook,
            asked_with=asked_with,
        )
        self._ledger.submit([job])
        view = self._ledger.jobs([job.id]).get(job.id)
        if view is None:
            raise ResultGone(REMOVED)
        if (view.request, view.document) != (job.request, job.document):
            raise IdempotencyKeyReused("This Idempotency-Key came with another request before. Use a new one.")
        return view


def kind_of(view: JobView) -> str:
    """Return what a job does: one of :data:`KINDS`, or :data:`LOOK`."""
    return str(view.document.get("what", ""))


def document_id_of(view: JobView) -> str:
    """Return the id of the document a job is about."""
    return str(view.document.get("upload", ""))


def _place_of(document: StoredDocument) -> dict[str, Any]:
    """Where a document lies, seen from the store of results; wherever that is mounted."""
    return {
        "path": f"../uploads/{document.id}/data",
        "name": document.name,
        "sha256": document.sha256,
        "owner": document.owner,
        "upload": document.id,
    }
