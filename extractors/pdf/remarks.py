"""What is worth telling about the structure of a PDF, in words for someone who is about to upload it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.facts import Finding, PdfFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES_SHOWN = 5
_COMMON = ("a common error handled correctly", "Resources is missing or invalid; repairing")
"""qpdf's words for what practically every reader mends."""
_WORDS = {
    "3d": "3D models",
    "additional-actions": "actions that start by themselves",
    "embedded-files": "embedded files",
    "file-link": "links to local files",
    "goto-embedded": "jumps into embedded files",
    "goto-remote": "jumps into other files",
    "import-data": "data imports",
    "javascript": "JavaScript",
    "launch": "program launches",
    "movie": "movies",
    "open-action": "an action on opening",
    "rendition": "media players",
    "rich-media": "rich media",
    "script-uri": "links that run scripts",
    "sound": "sounds",
    "submit-form": "form submissions",
    "unc-link": "links to network shares",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What matters for the wording but is no fact of its own.

    Attributes:
        pages: Pages counted.
        active_pages: Numbers of the pages with active content.
        fillable: Form fields other than signatures.
        portfolio: The file is a portfolio: its documents are the attachments.
        permissions_valid: The authenticated copy of the permissions agrees; None when unknown.
        warnings: What qpdf complained of.
        cut_short: What a safety limit kept from being read to its end.
        not_seen: What damage kept from being read.
    """

    pages: int
    active_pages: tuple[int, ...] = ()
    fillable: int = 0
    portfolio: bool = False
    permissions_valid: bool | None = None
    warnings: tuple[str, ...] = ()
    cut_short: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()


def structure_findings(facts: PdfFacts, seen: Circumstances) -> tuple[Finding, ...]:
    """Return the findings, what keeps a file from being accepted first."""
    return (*_soundness(facts, seen), *_protection(facts, seen), *_contents(facts, seen))


def _soundness(facts: PdfFacts, seen: Circumstances) -> Iterator[Finding]:
    if len(set(facts.page_counts.values())) > 1 or seen.pages not in facts.page_counts.values():
        counts = ", ".join(f"{parser} {count:,}" for parser, count in sorted(facts.page_counts.items()))
        yield Finding(
            severity="warning",
            code="structure-inconsistent",
            message=(
                f"Readers will not agree on the number of pages ({counts}). Counted here are the {seen.pages:,} that "
                "PDFium can load; a service may see more or fewer. Print the file to a new PDF and check that."
            ),
        )
    if seen.warnings:
        count = len(seen.warnings)
        errors = "a structural error" if count == 1 else f"{count:,} structural errors"
        harmless = all(any(words in warning for words in _COMMON) for warning in seen.warnings)
        yield Finding(
            severity="info" if harmless else "warning",
            code="damaged",
            message=(
                f"The file has {errors} that lenient readers mend silently (first: {seen.warnings[0]}). If a service "
                "refuses it, print or save it to a new PDF."
            ),
        )
    if seen.not_seen:
        yield Finding(
            severity="warning",
            code="not-examined",
            message=f"Damage kept these from being read: {', '.join(seen.not_seen)}. Whether there are any is unknown.",
        )
    if seen.cut_short:
        yield Finding(
            severity="warning",
            code="truncated",
            message=(
                f"Safety limits cut short: {', '.join(seen.cut_short)}. What is reported of them is incomplete; the "
                "pages are not affected."
            ),
        )


def _protection(facts: PdfFacts, seen: Circumstances) -> Iterator[Finding]:
    if facts.encryption is None:
        return
    how = {
        "empty": "it opens without a password",
        "user": "the user password opened it",
        "owner": "the owner password opened it",
    }.get(facts.opened_with, "it was opened")
    yield Finding(
        severity="warning",
        code="encrypted",
        message=(
            f"The file is encrypted ({facts.encryption}); {how}. Many services refuse encrypted files: upload a copy "
            "saved without protection."
        ),
    )
    if not facts.permissions.get("copy", True):
        yield Finding(
            severity="warning",
            code="copying-forbidden",
            message=(
                "The author does not allow text to be copied out of the file, and some services obey that. Ask for a "
                "copy without that restriction before you upload it."
            ),
        )
    if seen.permissions_valid is False:
        yield Finding(
            severity="warning",
            code="permissions-altered",
            message="The permissions were changed after encryption (the protected copy differs). Ask for the original.",
        )


def _contents(facts: PdfFacts, seen: Circumstances) -> Iterator[Finding]:
    if facts.xfa:
        yield Finding(
            severity="warning",
            code="xfa",
            message=(
                "The file holds an XFA form, which few readers show: the pages may say nothing but “please wait”. Open "
                "it in Acrobat and print it to a new PDF."
            ),
        )
    kinds = tuple(kind for kind in facts.active_content if kind != "embedded-files")
    if kinds:
        words = ", ".join(_WORDS[kind] for kind in kinds)
        yield Finding(
            severity="warning",
            code="active-content",
            message=(
                f"The file holds active content ({words}). Nothing of it was run. Services may refuse such files: "
                "print it to a new PDF, or ask the sender why it is there."
            ),
            units=seen.active_pages,
        )
    yield from _attachments(facts, portfolio=seen.portfolio)
    if facts.signatures:
        yield Finding(
            severity="info",
            code="signed",
            message=(
                f"The file carries {_count(facts.signatures, 'digital signature')}. Splitting or saving it anew makes "
                "them invalid: keep the original."
            ),
        )
    if seen.fillable:
        yield Finding(
            severity="info",
            code="form-fields",
            message=(
                f"The file has {_count(seen.fillable, 'form field')}. What is filled in is not part of the page "
                "text, and some services drop it: print the file to a new PDF to make it so."
            ),
        )
    if facts.optional_content:
        yield Finding(
            severity="info",
            code="layers",
            message="The file has layers. Text of hidden ones may be read too; print it to a new PDF to drop them.",
        )


def _attachments(facts: PdfFacts, *, portfolio: bool) -> Iterator[Finding]:
    if not facts.attachments:
        return
    shown = ", ".join(facts.attachments[:_NAMES_SHOWN])
    more = len(facts.attachments) - _NAMES_SHOWN
    names = f"{shown} and {more:,} more" if more > 0 else shown
    if portfolio:
        yield Finding(
            severity="warning",
            code="portfolio",
            message=(
                f"The file is a portfolio: its documents are attachments ({names}) and the pages only a cover. Take "
                "them out and upload each."
            ),
        )
        return
    yield Finding(
        severity="info",
        code="attachments",
        message=(
            f"The file carries {_count(len(facts.attachments), 'embedded file')} ({names}). They are not read here, "
            "and services ignore or refuse them: upload separately what is needed."
        ),
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
