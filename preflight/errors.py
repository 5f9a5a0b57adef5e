"""Failures that are not the document's fault. Messages say what to do next.

The tree::

    PreflightError
    ├── UsageError
    ├── FileMissing              not there, a directory, no permission to read
    ├── SettingsError
    │   ├── UnknownTarget
    │   ├── LanguageNotOffered   OCR of the service has no data for a language that is asked for
    │   └── BadTarget            a profile that does not pass its checks
    ├── OutputError              cannot be written
    │   └── DiskFull
    ├── UnitOverLimit            one unit alone is over the target's limit
    ├── NotAccepted              the target takes no such document, in pieces or whole
    ├── DecryptionNotAllowed     pieces would be without the encryption of the document
    ├── BadManifest              no manifest of a split, or not one that can be read
    ├── PiecesDiffer             pieces are not those their manifest describes
    ├── WorkerFailure            what happened to the worker on this document
    │   ├── TimedOut
    │   ├── OutOfMemory
    │   └── ParserCrashed
    ├── Stopped                  carries the problem a worker reported
    ├── IsolationUnavailable     workers cannot be locked down as they must be
    ├── ServiceBusy
    ├── KeyRequired              no key, or none that holds
    ├── ScopeMissing             a key that may not do this
    ├── OverQuota                more requests or bytes than a key may send
    ├── ServiceFull              more requests at a time than the service takes
    ├── Refused                  a service's answer that this version has no class for
    ├── Unreachable              no answer from a service
    ├── BadAnswer                an answer that is none of this service's
    ├── TooLarge                 more bytes than the service takes
    ├── UploadError
    │   ├── UnknownUpload        none with this id, or not this caller's
    │   ├── UploadExpired
    │   ├── UploadBusy           two appends at a time
    │   ├── UploadUnfinished     a document that is not all there yet
    │   ├── UploadOffsetDiffers
    │   ├── ChecksumDiffers
    │   └── DigestDiffers        the same of a whole body
    ├── UnknownDocument          none with this id, or not this caller's
    ├── UnknownJob               the same of jobs, and of what they were to make
    ├── UnknownPiece             the split has fewer pieces
    ├── ResultGone               it was there, and is no more
    ├── JobUnfinished            what it makes is not there yet
    ├── JobEnded                 too late to be cancelled
    ├── IdempotencyKeyReused     for another request than before
    ├── BadHeader                a header that makes no sense
    ├── BadWebhook               an address that may not be told anything
    ├── WebhookFailed            not delivered
    ├── LedgerUnavailable        the record of jobs cannot be opened, read or written
    │   └── LedgerBusy           others keep it locked
    └── Interrupted
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preflight.problems import Problem


class PreflightError(Exception):
    """Base of failures outside the document."""


class UsageError(PreflightError):
    """The call itself is wrong."""


class FileMissing(PreflightError):
    """There is no readable regular file at the path."""


class SettingsError(PreflightError):
    """A setting or option value makes no sense."""


class UnknownTarget(SettingsError):
    """No target or gateway profile has this id."""


class LanguageNotOffered(SettingsError):
    """Somebody asked a service for an OCR language that it has no data for."""


class BadTarget(SettingsError):
    """A profile file is malformed or incomplete."""


class OutputError(PreflightError):
    """A result cannot be written."""


class DiskFull(OutputError):
    """No space left for a result."""


class UnitOverLimit(PreflightError):
    """One unit alone is over a limit of the target, so no cut can help.

    Attributes:
        unit: Its number; None where several are meant.
    """

    def __init__(self, message: str, *, unit: int | None = None) -> None:
        super().__init__(message)
        self.unit = unit


class NotAccepted(PreflightError):
    """The target takes no such document, so pieces of it would be of no use."""


class DecryptionNotAllowed(PreflightError):
    """Pieces are written without encryption, and nobody allowed that."""


class BadManifest(PreflightError):
    """The file is no manifest of a split."""


class PiecesDiffer(PreflightError):
    """Pieces are missing, or not the files their manifest describes."""


class WorkerFailure(PreflightError):
    """The worker process ended before it answered."""


class TimedOut(WorkerFailure):
    """Over the time allowed for this document."""


class OutOfMemory(WorkerFailure):
    """Over the memory allowed for this document."""


class ParserCrashed(WorkerFailure):
    """A parser library aborted on this document."""


class Stopped(PreflightError):
    """A worker reported a problem that ends the work on the document.

    Attributes:
        problem: The problem, as it is told to the outside.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class IsolationUnavailable(PreflightError):
    """Workers must be locked down, and this system cannot do that."""


class ServiceBusy(PreflightError):
    """All workers are taken, or too much work waits for them."""


class KeyRequired(PreflightError):
    """The service wants a key, and there was none, or none that holds."""


class ScopeMissing(PreflightError):
    """The key may not be used for this."""


class OverQuota(PreflightError):
    """More requests or bytes than may be sent with one key.

    Attributes:
        retry_after_s: Seconds until more may be sent, where that is known.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServiceFull(PreflightError):
    """The service has as many requests as it takes at a time."""


class Refused(PreflightError):
    """A service refused for a reason that HTTP defines, or that a newer version has.

    Attributes:
        problem: What it said.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Unreachable(PreflightError):
    """A service could not be reached, or broke off."""


class BadAnswer(PreflightError):
    """What answered is not this service, or what came is not what was announced."""


class TooLarge(PreflightError):
    """More bytes than the service takes, or than were announced."""


class UploadError(PreflightError):
    """An upload cannot go on."""


class UnknownUpload(UploadError):
    """There is no upload with this id for this caller."""


class UploadExpired(UploadError):
    """The upload was not finished in time."""


class UploadBusy(UploadError):
    """Bytes of the upload arrive on another connection."""


class UploadOffsetDiffers(UploadError):
    """The upload does not end where the caller thinks.

    Attributes:
        offset: Where it does end, in bytes.
    """

    def __init__(self, message: str, *, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class ChecksumDiffers(UploadError):
    """What arrived is not what was sent."""


class UploadUnfinished(UploadError):
    """The document is not all there yet."""


class DigestDiffers(UploadError):
    """The body is not the one its digest was taken of."""


class UnknownDocument(PreflightError):
    """There is no document with this id for this caller."""


class UnknownJob(PreflightError):
    """There is no job with this id for this caller, or it makes no such thing."""


class UnknownPiece(PreflightError):
    """The split has no piece of this number."""


class ResultGone(PreflightError):
    """A result was removed, or lost."""


class JobUnfinished(PreflightError):
    """What the job makes is not there yet, or never will be."""


class JobEnded(PreflightError):
    """The job has ended already."""


class IdempotencyKeyReused(PreflightError):
    """The same key came with another request."""


class BadHeader(PreflightError):
    """A header of the request makes no sense."""


class BadWebhook(PreflightError):
    """The address of a webhook may not be used."""


class WebhookFailed(PreflightError):
    """A message was not delivered.

    Attributes:
        gone: The receiver wants no more of them.
    """

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class LedgerUnavailable(PreflightError):
    """The record of jobs cannot be opened, read or written."""


class LedgerBusy(LedgerUnavailable):
    """Somebody else keeps the record of jobs locked."""


class Interrupted(PreflightError):
    """The user stopped the run."""
