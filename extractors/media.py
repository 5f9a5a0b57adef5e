"""Identify a document by its content; the name only decides between kinds of text, and is checked against the rest.

Reads at most 64 KB from each end, the directory of an archive and one small part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from extractors import ole, package
from extractors.errors import EmptyDocument, UnsupportedFormat
from extractors.facts import Finding
from extractors.registry import PDF
from extractors.signatures import (
    EXTENSIONS,
    KNOWN_EXTENSIONS,
    NAMES,
    begins_as_html,
    known_refusal,
    looks_like_markdown,
    marked_up,
    readable_image,
)
from extractors.text.encodings import Encoding, Sample, read_sample, sniff_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.facts import Severity

PDF_WINDOW = 1024
"""A PDF header may stand within the first 1024 bytes (ISO 32000-1, Annex H.3.4.1; what readers accept)."""
_MARKUP_BYTES = 8192

_PDF_HEADER = re.compile(rb"%PDF-\d")
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF")
_PDF_OBJECT = re.compile(rb"(?:^|[\r\n])\s*\d{1,10} \d{1,5} obj\b")
_PDF_ROOT = re.compile(rb"/Root\s+\d+ \d+ R|startxref|[\r\n]trailer\b")
_PRINTABLE = bytes(range(32, 127)) + b"\t\n\r\x0c"
_TAG = re.compile(rb"<[a-zA-Z][a-zA-Z0-9]{0,15}[\s/>]")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})$")


_MISSING_HEADER = (
    "The line %PDF- at the beginning is missing or broken. Some services will refuse the file: "
    "open it in a PDF viewer and save it anew, or repair it with `qpdf IN OUT`."
)


_GUESSED_MARKDOWN = (
    "Only its text shows that this is Markdown: its name has no extension. Give it one that ends in .md to be sure "
    "(--stdin-name for standard input)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What a file is.

    Attributes:
        media_type: One of the keys of :data:`extractors.registry.FORMATS`.
        findings: What is odd about it: a wrong extension, something before the header, a guessed encoding.
    """

    media_type: str
    findings: tuple[Finding, ...] = ()


def identify(file: BinaryIO, name: str) -> Identified:
    """Find out what a file is; leaves it at its beginning.

    Args:
        file: Seekable.
        name: Name as offered; only its extension is used, and never believed against the content.

    Raises:
        EmptyDocument: Zero bytes.
        EncryptedOffice: An Office file protected by a password.
        LegacyOffice: A binary Office file of before 2007.
        NotADocx: Another kind of ZIP archive.
        DamagedDocument: A ZIP archive without its directory.
        SafetyLimitExceeded: An archive with an absurd directory.
        UnsupportedFormat: Anything else; the message names it and says what to do.
    """
    sample = read_sample(file)
    if not sample.head:
        raise EmptyDocument("The file has zero bytes. Check the download or export that produced it.")
    extension = extension_of(name)
    try:
        media_type, findings = _by_content(file, sample, extension)
    finally:
        file.seek(0)
    wrong = _wrong_extension(media_type, extension)
    return Identified(media_type=media_type, findings=(*findings, *wrong))


def extension_of(name: str) -> str:
    """Lower-case extension of a file name without its dot; empty when there is none."""
    last = re.split(r"[/\\]", name)[-1]
    printable = "".join(char for char in last if char.isprintable()).rstrip(" .")
    hit = _EXTENSION.search(printable)
    return hit[1].lower() if hit else ""


def _by_content(file: BinaryIO, sample: Sample, extension: str) -> tuple[str, tuple[Finding, ...]]:
    head = sample.head
    if head.startswith(ole.MAGIC):
        raise ole.refusal(file, extension)
    header = _PDF_HEADER.search(head, 0, PDF_WINDOW + 8)
    if head.startswith(package.MAGICS):
        if header is not None:
            raise _mixed("a ZIP archive", "a PDF")
        return package.word_media_type(file), ()
    trails_archive = package.ends_with_archive(sample.tail or head, sample.size)
    image = readable_image(head)
    if image is not None:
        if trails_archive or (header is not None and _ends_as_pdf(sample)):
            raise _mixed(NAMES[image], "a ZIP archive" if trails_archive else "a PDF")
        return image, ()
    refusal = known_refusal(head)
    if header is not None and (refusal is None or _ends_as_pdf(sample)):
        found = _pdf(sample, header.start(), refusal.what if refusal else None)
        if found is not None:
            if trails_archive:
                raise _mixed("a PDF", "a ZIP archive")
            return PDF, found
    if refusal is not None:
        raise UnsupportedFormat(refusal.message)
    if _is_pdf_without_header(sample):
        return PDF, (_finding("missing-header", _MISSING_HEADER),)
    if trails_archive:
        raise _mixed("other data", "a ZIP archive")
    return _text(sample, extension)


def _pdf(sample: Sample, start: int, also: str | None) -> tuple[Finding, ...] | None:
    """Findings of a PDF whose header stands at ``start``; None when this is a text that merely speaks of PDF.

    Blank bytes, binary bytes and lines of text (print jobs have them) before the header are told. Refused is what
    another program would show as something else: a page, an image, a text that has the header in mid-line.
    """
    junk = sample.head[:start].removeprefix(b"\xef\xbb\xbf")
    if start == 0:
        return ()
    blank = not junk.strip(b"\0\t\n\x0b\x0c\r ")
    text = not blank and not junk.translate(None, _PRINTABLE)
    if text and not _ends_as_pdf(sample):
        return None
    html = begins_as_html(junk) or b"<script" in junk.lower() or b"<html" in junk.lower()
    if also or html or (text and not junk.endswith((b"\n", b"\r"))):
        raise _mixed(also or ("an HTML page" if html else "a text"), "a PDF")
    what = "blank" if blank else "text" if text else "binary"
    message = (
        f"{start} bytes ({what}) stand before the PDF header. Most readers skip them, some services refuse the file: "
        "open it in a PDF viewer and save it anew to be safe."
    )
    return (_finding("junk-before-header", message),)


def _ends_as_pdf(sample: Sample) -> bool:
    return _PDF_END.search(sample.tail or sample.head) is not None


def _is_pdf_without_header(sample: Sample) -> bool:
    """Object syntax at the beginning and a trailer at the end make a PDF, whatever became of the header."""
    begin = sample.head[:PDF_WINDOW]
    return _PDF_OBJECT.search(begin) is not None and _PDF_ROOT.search(sample.tail or sample.head) is not None


def _mixed(first: str, second: str) -> UnsupportedFormat:
    return UnsupportedFormat(
        f"This file is two things at once: {first} and {second}. Programs will not agree on what it shows. "
        "Open the part you mean, save it as a file of its own, and offer that."
    )


def _text(sample: Sample, extension: str) -> tuple[str, tuple[Finding, ...]]:
    encoding = sniff_encoding(sample)
    if encoding is None:
        raise UnsupportedFormat(
            "This is binary data of a kind that is not known here. Export the document as PDF or .docx from the "
            "program that made it, then try again."
        )
    begin = sample.head[:_MARKUP_BYTES].decode(encoding.codec, "ignore").lstrip("\ufeff")
    ascii_begin = begin.encode("ascii", "replace")
    refusal = marked_up(ascii_begin)
    if refusal is not None:
        raise UnsupportedFormat(refusal.message)
    kind, findings = _text_type(begin, ascii_begin, extension), tuple(_encoding_findings(encoding))
    if kind == "text/plain" and not extension and looks_like_markdown(begin):
        return "text/markdown", (*findings, _finding("kind-guessed", _GUESSED_MARKDOWN, "info"))
    return kind, findings


def _text_type(begin: str, ascii_begin: bytes, extension: str) -> str:
    """Content first; the extension only where the content bears it out."""
    from extractors.text.rows import find_delimiter  # not for each PDF

    if begins_as_html(ascii_begin) or (extension in EXTENSIONS["text/html"] and _TAG.search(ascii_begin)):
        return "text/html"
    if extension in EXTENSIONS["text/markdown"]:
        return "text/markdown"
    if extension in EXTENSIONS["text/csv"] and find_delimiter(begin) is not None:
        return "text/csv"
    return "text/plain"


def _encoding_findings(encoding: Encoding) -> Iterator[Finding]:
    if encoding.doubtful:
        yield _finding(
            "encoding-unknown",
            "The encoding is not UTF-8 and is nowhere told, and no other fits well: letters are probably wrong in "
            f"{encoding.label}, which it was read as. Save it as UTF-8 and try again.",
        )
    elif not encoding.sure:
        told = f"; it fits {encoding.ahead:.1f} times as well as the next, {encoding.other}" if encoding.other else ""
        yield _finding(
            "encoding-guessed",
            f"The encoding is nowhere told; it was read as {encoding.label}{told}. A service may take it for another: "
            "save it as UTF-8 to be safe.",
            "info" if encoding.codec == "cp1252" else "warning",
        )


def _wrong_extension(media_type: str, extension: str) -> tuple[Finding, ...]:
    right = EXTENSIONS[media_type]
    if extension in right or extension not in KNOWN_EXTENSIONS:
        return ()
    message = (
        f"The name ends in .{extension}, but the content is {NAMES[media_type]}. Rename it to end in .{right[0]}: "
        "services that go by the name refuse or misread it."
    )
    if media_type == "text/html" and extension in {"pdf", "docx"}:
        message += " An HTML page under such a name is often the error or log-in page of a failed download."
    return (_finding("wrong-extension", message),)


def _finding(code: str, message: str, severity: Severity = "warning") -> Finding:
    return Finding(severity=severity, code=code, message=message)
