"""THE TABLE OF FAILURES: class → slug, title, exit code, HTTP status, retryable.

Only front doors turn a failure into a code or a status; everywhere else it is an exception or a
:class:`Problem` value. Lookup goes along the MRO, so one row covers a family; a test demands a row for each class.
"""

from __future__ import annotations

from dataclasses import dataclass

from extractors import errors as ex
from preflight import errors as pf


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What a kind of failure means to the outside."""

    slug: str
    title: str
    exit_code: int
    http_status: int
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One failure as a value (RFC 9457 members; ``code`` is the stable slug).

    Attributes:
        type: ``/problems/<slug>``.
        title: Fixed sentence for the slug.
        status: HTTP status.
        code: The slug.
        detail: What happened here and what to do next.
        exit_code: Process exit code of the command line.
        retryable: The same call may succeed later.
        unit: Number of the unit it is about, if it is about one.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    exit_code: int
    retryable: bool = False
    unit: int | None = None


INTERNAL = ProblemType("internal", "A bug in upload-preflight", 70, 500)

PROBLEMS: dict[type[BaseException], ProblemType] = {
    ex.ExtractionError: ProblemType("unreadable", "The document cannot be read", 65, 422),
    ex.UnsupportedFormat: ProblemType("unsupported-format", "This kind of file is not supported", 65, 415),
    ex.LegacyOffice: ProblemType("legacy-office", "Old binary Office files are not supported", 65, 415),
    ex.NotADocx: ProblemType("not-a-docx", "A ZIP archive that is no Word document", 65, 415),
    ex.EncryptedOffice: ProblemType("encrypted-office", "The Office file is encrypted", 77, 422),
    ex.PasswordRequired: ProblemType("password-required", "The document needs a password", 77, 422),
    ex.WrongPassword: ProblemType("wrong-password", "The password does not open the document", 77, 422),
    ex.DamagedDocument: ProblemType("damaged", "The document is damaged", 65, 422),
    ex.EmptyDocument: ProblemType("empty-file", "The file is empty", 65, 422),
    ex.NoPages: ProblemType("no-pages", "The document has no pages", 65, 422),
    ex.UnknownUnit: ProblemType("unknown-unit", "There is no such page or other unit", 66, 404),
    ex.SafetyLimitExceeded: ProblemType("over-safety-limit", "Over a safety limit", 65, 422),
    ex.ActiveContentRejected: ProblemType("active-content", "The document has active content", 65, 422),
    ex.OcrUnavailable: ProblemType("ocr-unavailable", "No OCR engine can be used", 69, 503),
    ex.OcrLanguageMissing: ProblemType("ocr-language-missing", "An OCR language is missing", 69, 503),
    ex.OcrFailed: ProblemType("ocr-failed", "The OCR engine failed on a page", 69, 503),
    pf.PreflightError: ProblemType("failed", "The work could not be done", 70, 500),
    pf.UsageError: ProblemType("usage", "The call is wrong", 2, 422),
    pf.FileMissing: ProblemType("file-missing", "No readable file there", 66, 404),
    pf.SettingsError: ProblemType("bad-settings", "A setting makes no sense", 78, 422),
    pf.UnknownTarget: ProblemType("unknown-target", "There is no such target", 78, 422),
    pf.LanguageNotOffered: ProblemType("ocr-language-not-offered", "OCR has no such language here", 78, 422),
    pf.BadTarget: ProblemType("bad-target", "The target profile is not valid", 78, 422),
    pf.OutputError: ProblemType("output-unwritable", "The result cannot be written", 73, 507, retryable=True),
    pf.DiskFull: ProblemType("disk-full", "No space left", 73, 507, retryable=True),
    pf.UnitOverLimit: ProblemType("unit-over-limit", "One unit alone is over the target's limit", 65, 422),
    pf.NotAccepted: ProblemType("not-accepted", "The target does not take such a document", 65, 422),
    pf.DecryptionNotAllowed: ProblemType("decryption-not-allowed", "The pieces would not be encrypted", 77, 422),
    pf.BadManifest: ProblemType("bad-manifest", "This is no manifest of a split", 65, 422),
    pf.PiecesDiffer: ProblemType("pieces-differ", "The pieces are not those of the manifest", 65, 422),
    pf.WorkerFailure: ProblemType("worker-failed", "The worker ended on this document", 75, 503, retryable=True),
    pf.TimedOut: ProblemType("timeout", "Timed out on this document", 75, 503, retryable=True),
    pf.OutOfMemory: ProblemType("out-of-memory", "Out of memory on this document", 75, 503, retryable=True),
    pf.ParserCrashed: ProblemType("parser-crashed", "A parser crashed on this document", 75, 503, retryable=True),
    pf.Stopped: ProblemType("stopped", "The work on the document was stopped", 70, 500),
    pf.IsolationUnavailable: ProblemType("isolation-unavailable", "Workers cannot be locked down here", 69, 503),
    pf.ServiceBusy: ProblemType("busy", "All workers are taken", 75, 503, retryable=True),
    pf.KeyRequired: ProblemType("key-required", "The service wants a key", 77, 401),
    pf.ScopeMissing: ProblemType("scope-missing", "The key may not be used for this", 77, 403),
    pf.OverQuota: ProblemType("over-quota", "More than may be sent with one key", 75, 429, retryable=True),
    pf.ServiceFull: ProblemType("service-full", "As many requests as the service takes", 75, 503, retryable=True),
    pf.Refused: ProblemType("refused", "The service refused", 70, 500),
    pf.Unreachable: ProblemType("unreachable", "The service cannot be reached", 75, 503, retryable=True),
    pf.BadAnswer: ProblemType("bad-answer", "The answer is not one of this service", 70, 502),
    pf.TooLarge: ProblemType("too-large", "More bytes than the service takes", 65, 413),
    pf.UploadError: ProblemType("upload-failed", "The upload cannot go on", 65, 422),
    pf.UnknownUpload: ProblemType("unknown-upload", "There is no such upload", 66, 404),
    pf.UploadExpired: ProblemType("upload-expired", "The upload has expired", 66, 410),
    pf.UploadBusy: ProblemType("upload-busy", "The upload is arriving on another connection", 75, 423, retryable=True),
    pf.UploadOffsetDiffers: ProblemType("upload-offset", "The upload does not end there", 65, 409),
    pf.ChecksumDiffers: ProblemType("checksum-differs", "What arrived is not what was sent", 65, 460),
    pf.UploadUnfinished: ProblemType("upload-unfinished", "The document is not all there yet", 65, 409),
    pf.DigestDiffers: ProblemType("digest-differs", "What arrived is not what was sent", 65, 422),
    pf.UnknownDocument: ProblemType("unknown-document", "There is no such document", 66, 404),
    pf.UnknownJob: ProblemType("unknown-job", "There is no such job or result", 66, 404),
    pf.UnknownPiece: ProblemType("unknown-piece", "There is no such piece", 66, 404),
    pf.ResultGone: ProblemType("result-gone", "The result is no longer there", 66, 410),
    pf.JobUnfinished: ProblemType("job-unfinished", "The job has no result", 75, 409),
    pf.JobEnded: ProblemType("job-ended", "The job has ended", 65, 409),
    pf.IdempotencyKeyReused: ProblemType("idempotency-key-reused", "The key stands for another request", 65, 422),
    pf.BadHeader: ProblemType("bad-header", "A header makes no sense", 2, 400),
    pf.BadWebhook: ProblemType("bad-webhook", "The webhook's address may not be used", 78, 422),
    pf.WebhookFailed: ProblemType("webhook-failed", "The webhook was not delivered", 75, 503, retryable=True),
    pf.LedgerUnavailable: ProblemType("ledger-unavailable", "The database cannot be used", 73, 503, retryable=True),
    pf.LedgerBusy: ProblemType("ledger-busy", "The record of jobs is locked", 75, 503, retryable=True),
    pf.Interrupted: ProblemType("interrupted", "Interrupted", 130, 503, retryable=True),
}


_OF_DOCUMENTS = frozenset(row.slug for kind, row in PROBLEMS.items() if issubclass(kind, ex.ExtractionError))


def lies_in_document(problem: Problem) -> bool:
    """Whether a failure is the document's: not for want of time, memory, room, or for a bug, and so again the same."""
    return problem.code in _OF_DOCUMENTS


def problem_type(kind: type[BaseException]) -> ProblemType:
    """Return the row for an exception class, the nearest one along its MRO; :data:`INTERNAL` when there is none."""
    for base in kind.__mro__:
        row = PROBLEMS.get(base)
        if row is not None:
            return row
    return INTERNAL


def problem_of(code: str, detail: str, unit: int | None) -> Problem:
    """Return a failure by its slug, as another process names it; everything else comes from the table.

    Raises:
        ValueError: There is no such slug.
    """
    row = next((one for one in (INTERNAL, *PROBLEMS.values()) if one.slug == code), None)
    if row is None:
        raise ValueError("no such slug")
    return _problem(row, row.title if row is INTERNAL else detail, unit)


def problem_from(error: BaseException) -> Problem:
    """Turn an exception into a value. A bug tells nothing of itself: its detail is the fixed title."""
    if isinstance(error, (pf.Stopped, pf.Refused)):
        return error.problem
    row = problem_type(type(error))
    detail = row.title if row is INTERNAL else str(error)
    return _problem(row, detail, getattr(error, "unit", None))


def _problem(row: ProblemType, detail: str, unit: int | None) -> Problem:
    return Problem(
        type=f"/problems/{row.slug}",
        title=row.title,
        status=row.http_status,
        code=row.slug,
        detail=detail,
        exit_code=row.exit_code,
        retryable=row.retryable,
        unit=unit,
    )
