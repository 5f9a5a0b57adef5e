"""What a DOCX holds besides its text that somebody should know before uploading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.docx.names import is_on, w
from extractors.facts import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from extractors.docx.package import Package
    from extractors.docx.reading import Reading
    from extractors.facts import DocxFacts

MACRO_TYPE = "vbaproject"
EMBEDDED_KINDS = frozenset({"oleObject", "package", "control"})
# Links that only point: following one is the reader's own doing.
_HARMLESS = frozenset({"hyperlink"})
_SIGNATURES = frozenset({"origin"})  # …/digital-signature/origin
_SHOWN_TARGETS = 5

# Code → severity and words; {where} is filled with how many blocks it is about.
_PROBLEMS: dict[str, tuple[Severity, str]] = {
    "hidden-text": (
        "warning",
        "{where} hidden text (font effect Hidden). Readers do not see it and it was left out; remove it in Word with "
        "Document Inspector, since most back ends read it.",
    ),
    "linked-image": (
        "warning",
        "{where} a picture that is only linked, not stored in the file: the receiver will not see it. "
        "Embed it in Word (File, Info, Edit Links, Break Link).",
    ),
    "missing-image": ("warning", "{where} a picture whose data is missing from the file. Insert it again in Word."),
    "sub-document": (
        "warning",
        "{where} a linked sub-document, which was not read. Expand it in Word's outline view and save.",
    ),
    "chunk-unread": (
        "warning",
        "{where} an imported document that Word merges in on opening, which was not read. "
        "Open the file in Word and save it.",
    ),
    "chart-cut": ("warning", "{where} a chart with more points than are written out; the first ones were taken."),
    "text-in-picture": (
        "info",
        "{where} a picture of text beside text of its own; what the picture says is not in the text. "
        "Put the picture in a paragraph of its own in Word to have it recognized.",
    ),
    "pictures-unseen": (
        "info",
        "{where} a picture that was not looked at, since those before showed no text. If there are scanned pages among "
        "them, convert the document to PDF and check that.",
    ),
    "header-off": (
        "info",
        "{where} a header or footer for first or even pages that is stored but switched off; it stands in the text. "
        "Delete it in Word if the receiver should not get it.",
    ),
    "orphan-note": (
        "info",
        "{where} footnotes or endnotes that nothing refers to; they stand at the end of the last block.",
    ),
    "orphan-comment": ("info", "{where} comments that nothing refers to; they stand at the end of the last block."),
}


def has_macros(package: Package) -> bool:
    """Tell whether the package holds a macro project, whatever its file type says."""
    return any(
        MACRO_TYPE in package.content_type(part) or part.lower().endswith("vbaproject.bin")
        for part in package.container.names
    )


def external_targets(package: Package) -> tuple[str, ...]:
    """Return what opening the document could fetch from outside: ``kind: address``, sorted, without hyperlinks."""
    found = set()
    sources = ["", *(part for part in package.container.names if not part.lower().endswith(".rels"))]
    for source in sources:
        for relation in package.relations(source).values():
            if relation.external and relation.kind not in _HARMLESS:
                found.add(f"{safe_label(relation.kind, 40)}: {safe_label(relation.target)}")
    return tuple(sorted(found))


def embedded_objects(package: Package) -> int:
    """Count embedded files and controls; charts bring workbooks of their own, which are not counted."""
    parts = {
        relation.target
        for source in package.container.names
        if not source.lower().endswith(".rels") and "chart" not in package.content_type(source)
        for relation in package.relations(source).values()
        if relation.kind in EMBEDDED_KINDS and not relation.external
    }
    return sum(part in package.container for part in parts)


def collect(reading: Reading, docx: DocxFacts) -> Iterator[Finding]:
    """Yield the findings of a document that has been read to its end."""
    yield from reading.package.findings
    if docx.macros:
        yield _finding(
            "warning", "macros", "The file holds macros. They were not run; save it as .docx to leave them out."
        )
    external = docx.external_relations
    if external:
        shown = "; ".join(external[:_SHOWN_TARGETS]) + ("; …" if len(external) > _SHOWN_TARGETS else "")
        yield _finding(
            "warning",
            "external-relations",
            f"Opening the file in Word may fetch from outside: {shown}. Nothing was fetched here; "
            "break the links in Word if the receiver should not either.",
        )
    if docx.embedded_objects:
        yield _finding(
            "info",
            "embedded-objects",
            f"{docx.embedded_objects} embedded object(s) were not opened. "
            "Offer their content as files of its own if it matters.",
        )
    yield from _about_review(reading)
    yield from _about_protection(reading)
    for code, units in sorted(reading.problems.items()):
        severity, words = _PROBLEMS[code]
        where = "1 block holds" if len(units) == 1 else f"{len(units)} blocks hold"
        yield Finding(severity=severity, code=code, message=words.format(where=where), units=tuple(units))


def _about_review(reading: Reading) -> Iterator[Finding]:
    tally = reading.tally
    changes = tally.insertions + tally.deletions + tally.moves
    if changes:
        yield _finding(
            "warning",
            "tracked-changes",
            f"{changes} tracked change(s) are not settled; both sides stand in the text, marked. "
            "Accept or reject them in Word if the receiver should see one version.",
        )
    if len(reading.comments):
        yield _finding(
            "info",
            "comments",
            f"{len(reading.comments)} comment(s) stand in the text, marked. "
            "Delete them in Word if they are not for the receiver.",
        )


def _about_protection(reading: Reading) -> Iterator[Finding]:
    settings = reading.opened.settings
    if settings is not None and (
        _enforced(settings, "documentProtection") or settings.find(w("writeProtection")) is not None
    ):
        yield _finding(
            "info",
            "protected",
            "The document is protected against editing in Word. Reading it is not hindered; "
            "stop the protection in Word if the receiver is to edit it.",
        )
    if any(relation.kind in _SIGNATURES for relation in reading.package.relations("").values()):
        yield _finding(
            "info", "signed", "The document carries a digital signature. Any change, pieces included, makes it invalid."
        )


def _enforced(settings: Element, name: str) -> bool:
    found = settings.find(w(name))
    return found is not None and found.get(w("enforcement")) is not None and is_on(found.get(w("enforcement")))


def _finding(severity: Severity, code: str, message: str) -> Finding:
    return Finding(severity=severity, code=code, message=message)
