"""The nouns of splitting: what is asked, what a piece is on its way to its name, what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from preflight.document import find_document
from preflight.names import suffix_of
from preflight.unseen import UNSEEN

if TYPE_CHECKING:
    from pathlib import Path

    from extractors.base import Change
    from extractors.facts import Finding
    from preflight.cutting_tasks import Span
    from preflight.document import Document
    from preflight.manifest import Form, Manifest, ManifestUnit
    from preflight.model import Range, Report, SecondsRange

FORMS: tuple[Form, ...] = ("document", "text", "markdown")
TEXT_TYPES = {"text": "text/plain", "markdown": "text/markdown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOptions:
    """How a document is split.

    Attributes:
        form: Pieces are documents of the same kind, or its text, or its text as Markdown.
        with_text: Write the text of each piece beside it, with OCR where it is needed.
        shrink: ``auto``: re-encode images where one unit alone is too large; ``never``.
        active_content: ``strip`` scripts and the like from pieces, ``keep`` them, or ``reject`` such documents.
        decrypt: Pieces of an encrypted document may be written without encryption.
        force: A former result in the folder may be replaced.
        ocr: For text: ``auto`` where it is needed, ``never``, ``always``.
        password: The document's password, if it has one.
        model: Model at the target; None for its default.
    """

    form: Form = "document"
    with_text: bool = False
    shrink: Literal["auto", "never"] = "auto"
    active_content: Literal["strip", "keep", "reject"] = "strip"
    decrypt: bool = False
    force: bool = False
    ocr: Literal["auto", "never", "always"] = "auto"
    password: str | None = field(default=None, repr=False)
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A piece that fits, in the staging folder under a name of no meaning.

    Attributes:
        span: What it holds.
        path: Where it lies.
        size_bytes: Its size.
        sha256: Its hash.
        media_type: What it is.
        units: Its units for the manifest.
        changes: What it does not carry as the document did.
        tokens: What the target will count; None when unknown.
        seconds: What the target will take; None when unknown.
        words: Words of its text.
        images: Images the target counts.
        text: Text to be written beside it; None for none.
    """

    span: Span
    path: Path
    size_bytes: int
    sha256: str
    media_type: str
    units: tuple[ManifestUnit, ...]
    changes: tuple[Change, ...] = ()
    tokens: Range | None = None
    seconds: SecondsRange | None = None
    words: int = 0
    images: int = 0
    text: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitResult:
    """What came out of a split.

    Attributes:
        report: The judgement of the document as a whole. Where only bytes and pages are limited, tokens are not counted
            (None) and pixels are not looked at, so that kinds of units are those that structure tells.
        manifest: The record that lies beside the pieces.
        folder: Where they lie.
        findings: What is to be told of the split itself.
    """

    report: Report
    manifest: Manifest
    folder: Path
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every unit is in a piece, and the text of every unit that was to be read was read."""
        return not self.manifest.quarantined and not any(one.severity == "error" for one in self.findings)

    @property
    def seen(self) -> bool:
        """Whether the target reads every unit of the pieces, as far as is known."""
        return not any(one.code == UNSEEN and one.severity != "info" for one in self.findings)


def staged_document(path: Path, media_type: str) -> Document:
    """Look at a staged piece as a document; of text, only the extension tells what kind it is."""
    return find_document(path, name=f"piece{suffix_of(media_type)}", follow_links=False)
