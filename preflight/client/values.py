"""What a client asks for and gets, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from preflight.errors import BadAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
"""Plain JSON data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document the service keeps.

    Attributes:
        id: Its name there.
        name: Display name.
        size_bytes: Its size.
        sha256: Its hash.
        expires_at: When it is removed, RFC 3339.
    """

    id: str
    name: str
    size_bytes: int
    sha256: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work on a document as it stands.

    Attributes:
        id: Its name there.
        kind: ``check``, ``text`` or ``split``.
        document_id: The document.
        state: ``queued``, ``running``, ``done``, ``partial``, ``failed`` or ``cancelled``.
        done: Nothing more will happen to it.
        phase: What is being done.
        units_done: Units read or recognized, or pieces cut.
        units_total: How many there are; None while that is not known.
        problem: Why it failed, as RFC 9457 members.
        result_url: Where the result is; None while there is none.
        webhook: Whether the webhook was told of the end: ``waiting``, ``delivered`` or ``failed``; None without one.
    """

    id: str
    kind: str
    document_id: str
    state: str
    done: bool
    phase: str
    units_done: int | None
    units_total: int | None
    problem: Json | None
    result_url: str | None
    webhook: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How far an upload is.

    Attributes:
        upload_id: Its name there, by which it can be gone on with.
        sent: Bytes that are safe there.
        total: Bytes there will be.
    """

    upload_id: str
    sent: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWish:
    """How the text of a document is wanted; as the options of ``preflight text``.

    Attributes:
        form: ``text``, ``markdown`` or ``json``.
        ocr: ``auto``, ``never`` or ``always``.
        languages: OCR languages, joined by +; the service's when None.
    """

    form: Literal["text", "markdown", "json"] = "text"
    ocr: Literal["auto", "never", "always"] = "auto"
    languages: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWish:
    """What pieces are for and how they are made; as the options of ``preflight split``.

    Attributes:
        target: Receiving service; it or a limit is needed.
        via: Gateways on the way.
        model: Model at the target; its default when None.
        max_bytes: Bytes a piece may have.
        max_pages: Pages a piece may have.
        max_tokens: Tokens a piece may have.
        max_seconds: Seconds a piece may take there.
        form: ``document``, ``text`` or ``markdown``.
        with_text: Write the text of each piece, too.
        shrink: ``auto`` or ``never``.
        active_content: ``strip``, ``keep`` or ``reject``.
        decrypt: Pieces of an encrypted document may be without encryption.
        ocr: ``auto``, ``never`` or ``always``.
        languages: OCR languages, joined by +; the service's when None.
    """

    target: str | None = None
    via: tuple[str, ...] = ()
    model: str | None = None
    max_bytes: int | None = None
    max_pages: int | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    form: Literal["document", "text", "markdown"] = "document"
    with_text: bool = False
    shrink: Literal["auto", "never"] = "auto"
    active_content: Literal["strip", "keep", "reject"] = "strip"
    decrypt: bool = False
    ocr: Literal["auto", "never", "always"] = "auto"
    languages: str | None = None


def wish_json(wish: TextWish | SplitWish) -> Json:
    """Return a wish as the service takes it; what was not said is left to the service."""
    renamed = {"target": "for", "form": "as"}
    return {renamed.get(name, name): value for name, value in asdict(wish).items() if value is not None}


def document_from(data: Json) -> Document:
    """Read a document.

    Raises:
        BadAnswer: It is none.
    """
    try:
        return Document(
            id=str(data["id"]),
            name=str(data["name"]),
            size_bytes=int(data["size_bytes"]),
            sha256=str(data["sha256"]),
            expires_at=str(data["expires_at"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(_NOT_OURS) from error


def job_from(data: Json) -> Job:
    """Read a job.

    Raises:
        BadAnswer: It is none.
    """
    try:
        progress: Mapping[str, Any] = data["progress"]
        return Job(
            id=str(data["id"]),
            kind=str(data["kind"]),
            document_id=str(data["document_id"]),
            state=str(data["state"]),
            done=bool(data["done"]),
            phase=str(progress["phase"]),
            units_done=progress["units_done"],
            units_total=progress["units_total"],
            problem=data["problem"],
            result_url=data["result_url"],
            webhook=data["webhook"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(_NOT_OURS) from error


_NOT_OURS = "The answer is none of this service. Check the address, and what stands before the service."
