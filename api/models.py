"""Bodies of requests and answers, as the API description shows them. Unknown members of a request are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from preflight.judging import UserLimits

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
TargetId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Languages = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]{3,20}(\+[A-Za-z_]{3,20}){0,9}$")]
Whole = Annotated[int, Field(gt=0, le=1 << 53)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, strict=True)


class _LimitsIn(_In):
    max_bytes: Whole | None = None
    max_pages: Whole | None = None
    max_tokens: Whole | None = None
    max_seconds: Annotated[float | None, Field(gt=0, le=1e9, allow_inf_nan=False)] = None

    def own_limits(self) -> UserLimits:
        """Return the caller's own limits."""
        return UserLimits(bytes=self.max_bytes, pages=self.max_pages, tokens=self.max_tokens, seconds=self.max_seconds)


class HookIn(_In):
    """Who is told when the job has ended, signed by Standard Webhooks."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    secret: Annotated[str, StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$")]


class CheckIn(_LimitsIn):
    """What a document is checked for."""

    target: Annotated[TargetId | None, Field(alias="for", description="Receiving service")] = None
    via: Annotated[list[TargetId], Field(max_length=10, description="Gateways on the way")] = []
    model: Annotated[ModelId | None, Field(description="Model at the target")] = None
    webhook: HookIn | None = None


class TextIn(_In):
    """How the text of a document is wanted."""

    form: Annotated[Literal["text", "markdown", "json"], Field(alias="as")] = "text"
    ocr: Literal["auto", "never", "always"] = "auto"
    languages: Annotated[Languages | None, Field(description="OCR languages, such as eng+deu")] = None
    webhook: HookIn | None = None


_ONE_OF_THESE: dict[str, JsonValue] = {
    "anyOf": [
        {"required": [name], "properties": {name: {"type": kind}}}
        for name, kind in (
            ("for", "string"),
            *((f"max_{one}", "integer") for one in ("bytes", "pages", "tokens")),
            ("max_seconds", "number"),
        )
    ]
}


class SplitIn(_LimitsIn):
    """What pieces are for, and how they are made. A target or a limit of your own is needed."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF_THESE)

    target: Annotated[TargetId | None, Field(alias="for", description="Receiving service")] = None
    via: Annotated[list[TargetId], Field(max_length=10, description="Gateways on the way")] = []
    model: Annotated[ModelId | None, Field(description="Model at the target")] = None
    form: Annotated[Literal["document", "text", "markdown"], Field(alias="as")] = "document"
    with_text: bool = False
    shrink: Literal["auto", "never"] = "auto"
    active_content: Literal["strip", "keep", "reject"] = "strip"
    decrypt: bool = False
    ocr: Literal["auto", "never", "always"] = "auto"
    languages: Annotated[Languages | None, Field(description="OCR languages, such as eng+deu")] = None
    webhook: HookIn | None = None


class ProblemOut(BaseModel):
    """Why something failed (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    code: Annotated[str, Field(description="Stable name of the kind of failure")]
    detail: Annotated[str, Field(description="What happened, and what to do next")]
    exit_code: Annotated[int, Field(description="What the command line would end with")] = 70
    retryable: Annotated[bool, Field(description="The same request may succeed later")] = False
    unit: Annotated[int | None, Field(description="Number of the page or other unit it is about")] = None


class DocumentOut(BaseModel):
    """A document the service keeps."""

    model_config = ConfigDict(title="Document")

    id: Id
    name: str
    size_bytes: int
    sha256: str
    created_at: str
    expires_at: str


class DocumentsOut(BaseModel):
    """A page of documents, the latest first."""

    model_config = ConfigDict(title="Documents")

    items: list[DocumentOut]
    next_cursor: str | None


class ProgressOut(BaseModel):
    """How far a job is."""

    model_config = ConfigDict(title="Progress")

    phase: Annotated[str, Field(description="waiting, read, ocr, cut or done")]
    units_done: Annotated[int | None, Field(description="Units read or recognized, or pieces cut")]
    units_total: Annotated[int | None, Field(description="How many there are, once that is known")]


class JobOut(BaseModel):
    """Work on a document."""

    model_config = ConfigDict(title="Job")

    id: Id
    kind: Literal["check", "text", "split"]
    document_id: Id
    state: Literal["queued", "running", "done", "partial", "failed", "cancelled"]
    done: Annotated[bool, Field(description="Nothing more will happen to it")]
    progress: ProgressOut
    problem: ProblemOut | None
    result_url: Annotated[str | None, Field(description="Where the result is, once it is there")]
    webhook: Annotated[
        Literal["waiting", "delivered", "failed"] | None,
        Field(description="Whether the webhook was told of the end; failed when it will not be tried again"),
    ]
    created_at: str
    finished_at: str | None
    expires_at: str | None


class JobsOut(BaseModel):
    """A page of jobs, the latest first."""

    model_config = ConfigDict(title="Jobs")

    items: list[JobOut]
    next_cursor: str | None


class ReportOut(BaseModel):
    """A report, the same as ``preflight check --json``; ``preflight schema report`` has all of it."""

    model_config = ConfigDict(title="Report", extra="allow")

    verdict: Literal["fits", "split", "reduce", "ocr-first", "wont-fit", "unreadable"]


class ManifestOut(BaseModel):
    """A manifest, the same as ``manifest.json`` beside pieces; ``preflight schema manifest`` has all of it."""

    model_config = ConfigDict(title="Manifest", extra="allow")

    unit_count: int
    pieces: list[dict[str, object]]
