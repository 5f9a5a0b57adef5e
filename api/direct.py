"""Work that is done while its sender waits, and of which nothing is kept: short checks, and whatever needs a password.

A password is handed to the worker that opens the document, and is written down nowhere; so no job can have it, which
another process may have to do, or do again after a crash.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

import anyio
from anyio import to_thread
from fastapi import Header

from api.context import context_of, key_of, tenant_of
from preflight.document import find_document
from preflight.engine.workers import Guarded, Interruptible
from preflight.errors import Interrupted, ServiceBusy, TimedOut, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request

    from api.context import Context
    from api.preferences import Preference
    from preflight.document import Document
    from preflight.errors import PreflightError
    from preflight.execution import Executor

T = TypeVar("T")
LATE = "It takes longer than the request waits. Send `Prefer: wait=N` with more seconds, or use the command line."
Password = Annotated[
    str | None, Header(alias="X-Document-Password", description="Password of the document; kept nowhere")
]


def password_of(header: str | None) -> str | None:
    """Read a header's bytes, which HTTP hands over as Latin-1, as the UTF-8 they most likely are."""
    if header is None:
        return None
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return header


def check_direct(context: Context, preference: Preference, *, named: bool, told: bool = False) -> None:
    """Refuse what cannot be had with a password, which is kept nowhere.

    Args:
        context: What the routes share.
        preference: How long the caller wants to wait.
        named: The request has an idempotency key.
        told: Somebody is to be told of the end.

    Raises:
        UsageError: The caller does not want to wait, or wants to find the work again later.
        ServiceBusy: Nobody is here to open the document.
    """
    if preference.wait_s <= 0:
        raise UsageError(
            "A password is kept nowhere, so no job has it. Wait for the answer: leave out `Prefer: respond-async`."
        )
    if named or told:
        raise UsageError(
            "Nothing is kept of work with a password. Leave out Idempotency-Key and `webhook`, and wait for the answer."
        )
    if context.quick is None:
        raise ServiceBusy("Passwords are not kept for later, and nobody is here to open the document at once.")
    free_place(context)


def free_place(context: Context) -> None:
    """Refuse at once what could only wait.

    Raises:
        ServiceBusy: As many checks run and wait as may.
    """
    if context.places.available_tokens < 1:
        raise ServiceBusy("All workers are taken. Try again in some seconds.")


async def at_once(context: Context, work: Callable[[Executor], T], wait_s: float | None) -> T | None:
    """Have work done while its sender waits; None when that takes too long, or nobody is here to do it.

    Args:
        context: What the routes share.
        work: Does it, with what reads documents.
        wait_s: Seconds it may take; None for as long as it takes.
    """
    if context.quick is None:
        return None
    quick, threads, over = context.quick, list[int](), threading.Event()

    def call() -> T:
        threads.append(threading.get_ident())
        return work(Guarded(quick, over.is_set))

    with anyio.move_on_after(wait_s):
        try:
            return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=context.places)
        except Interrupted:  # the service ends
            return None
    over.set()  # before the call is ended: it may be between one task and its next, where nothing ends it
    if threads and isinstance(quick, Interruptible):
        quick.interrupt(threads[0])
    return None


def unanswered(context: Context) -> PreflightError:
    """Return why there is no answer to somebody who has waited."""
    if context.stopping.is_set():
        return ServiceBusy("The service ends. Ask again in some seconds: it may be back then.")
    return TimedOut(LATE)


async def with_password(
    request: Request, document_id: str, work: Callable[[Executor, Document], T], wait_s: float
) -> T:
    """Have work done on a document that is kept here, for somebody who has given its password and waits.

    Raises:
        UnknownDocument: There is no such document.
        OverQuota: As much work of this kind is done for the key as may be.
        ServiceBusy: The same for all keys together, or the service ends.
        TimedOut: It takes longer than the request waits.
    """
    context, owner = context_of(request), tenant_of(request)

    def find() -> Document:
        stored = context.space.documents.find(document_id, owner=owner)
        return find_document(context.space.uploads.find(document_id, owner=owner).path, name=stored.name)

    document = await to_thread.run_sync(find)
    with context.reads.hold(key_of(request)):
        done = await at_once(context, partial(_on, work, document), wait_s)
    if done is None:
        raise unanswered(context)
    return done


def _on(work: Callable[[Executor, Document], T], document: Document, executor: Executor) -> T:
    return work(executor, document)
