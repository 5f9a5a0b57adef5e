"""The structure of a PDF beside its pages: outline, labels, encryption, forms, active content, and whether it is sound.

Three parsers are asked and compared: PDFium (whose pages are the ones counted), qpdf for the walks over the whole
document, and pypdf as the second opinion (extractors/pdf/second.py says when).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from os import SEEK_END
from typing import TYPE_CHECKING, BinaryIO

from pikepdf import Dictionary, Name

from extractors.errors import SafetyLimitExceeded
from extractors.facts import Finding, OutlineEntry, PdfFacts
from extractors.pdf.active import ActiveContent, find_active_content
from extractors.pdf.catalog import Catalog, information, read_catalog, version_by_pdfium
from extractors.pdf.encryption import method_of, permission_bits
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.outline import attachment_names, outline_by_qpdf, page_labels, page_numbers, plain_labels_dropped
from extractors.pdf.qpdf import trouble
from extractors.pdf.remarks import Circumstances, structure_findings
from extractors.pdf.walk import Cuts, FormField, form_fields, is_signed, outline_nodes

if TYPE_CHECKING:
    import pikepdf

    from extractors.base import ReadOptions
    from extractors.pdf.opening import OpenPdf
    from extractors.pdf.second import SecondReader

_PYPDF_OBJECTS = 2_000
"""Most objects of a document that pypdf reads: it indexes them, and resolves all named destinations to find one."""
_PYPDF_BYTES = 10_000_000
"""Largest file pypdf looks at when qpdf refuses it: searching it for objects costs 0.2 µs a byte."""
_PYPDF_OUTLINE = 1_000
_PYPDF_PAGES = 100
"""Pages pypdf may count when nobody doubts the count: it copies each, about 140 µs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What is known of a document as a whole.

    Attributes:
        pdf: The facts.
        outline: Bookmarks in reading order.
        encrypted: The file was encrypted (also when it opened without a password).
        findings: What is worth telling, those of the opening included.
        truncated: A safety limit cut something short; a finding says what.
    """

    pdf: PdfFacts
    outline: tuple[OutlineEntry, ...]
    encrypted: bool
    findings: tuple[Finding, ...]
    truncated: bool = False


@dataclass(slots=True)
class _Gathered:
    """What the parsers said, before it is judged."""

    counts: dict[str, int]
    cuts: Cuts = field(default_factory=Cuts)
    catalog: Catalog = field(default_factory=Catalog)
    active: ActiveContent = field(default_factory=ActiveContent)
    fields: list[FormField] = field(default_factory=list)
    outline: tuple[OutlineEntry, ...] = ()
    labels: tuple[str, ...] = ()
    attachments: list[str] = field(default_factory=list)
    permissions_valid: bool | None = None
    warnings: list[str] = field(default_factory=list)


def read_structure(file: BinaryIO, opened: OpenPdf, options: ReadOptions) -> Structure:
    """Read everything about the document that is not on a page.

    Args:
        file: The file ``opened`` was made from.
        opened: The open document.
        options: Its limits say how many pages are read.

    Raises:
        SafetyLimitExceeded: More pages than ``options.limits.max_units``.
    """
    pages = opened.page_count
    if pages > options.limits.max_units:
        raise SafetyLimitExceeded(
            f"The PDF has {pages:,} pages; at most {options.limits.max_units:,} are read. Split it into smaller files "
            "first, or raise the limit on pages."
        )
    gathered = _Gathered(counts={"pdfium": len(opened.pdfium)})
    if opened.pike is None:
        _gather_without_qpdf(file, opened, gathered)
    else:
        _gather(file, opened, opened.pike, gathered)
    facts = _facts(opened, gathered, pages)
    circumstances = Circumstances(
        pages=pages,
        active_pages=tuple(sorted(page for page in gathered.active.pages if page <= pages)),
        fillable=sum(item.terminal and item.kind != "/Sig" for item in gathered.fields),
        portfolio=gathered.catalog.portfolio,
        permissions_valid=gathered.permissions_valid,
        warnings=tuple(gathered.warnings),
        cut_short=tuple(sorted(gathered.cuts.short)),
        not_seen=tuple(sorted(gathered.cuts.damaged)),
    )
    return Structure(
        pdf=facts,
        outline=tuple(e if e.unit is None or e.unit <= pages else replace(e, unit=None) for e in gathered.outline),
        encrypted=opened.encrypted,
        findings=(*opened.findings, *structure_findings(facts, circumstances)),
        truncated=bool(gathered.cuts.short),
    )


def _gather(file: BinaryIO, opened: OpenPdf, pike: pikepdf.Pdf, gathered: _Gathered) -> None:
    """Walk the document with qpdf, and ask pypdf where it is wanted."""
    cuts = gathered.cuts
    try:
        gathered.counts["qpdf"] = len(pike.pages)
        _count_declared(pike, gathered.counts)
        gathered.catalog = read_catalog(pike, cuts)
        nodes = outline_nodes(pike, cuts)
        gathered.fields = list(form_fields(pike, cuts))
        gathered.active = find_active_content(pike, nodes, gathered.fields, cuts)
        gathered.labels = page_labels(pike, cuts)
        gathered.attachments = [*attachment_names(pike, cuts), *gathered.active.attached]
        numbers = page_numbers(pike) if nodes else {}
        _ask_pypdf(file, opened, gathered, len(nodes), numbers, _objects(pike))
        if len(gathered.outline) != len(nodes):
            gathered.outline = outline_by_qpdf(pike, nodes, numbers, cuts)
        gathered.warnings += [trouble(str(warning), file) for warning in pike.get_warnings()]
    except PIKE_ERRORS as error:
        cuts.damaged.add("parts of the structure")
        gathered.warnings.append(trouble(error, file))


def _count_declared(pike: pikepdf.Pdf, counts: dict[str, int]) -> None:
    """Note what the page tree says it holds, where it does not: readers that believe it look for pages in vain."""
    tree: object = pike.Root.get(Name.Pages)
    declared: object = tree.get(Name.Count) if isinstance(tree, Dictionary) else None
    if isinstance(declared, int) and declared != counts["qpdf"]:
        counts["declared"] = declared


def _objects(pike: pikepdf.Pdf) -> int | None:
    """Return how many objects the trailer announces."""
    size: object = pike.trailer.get(Name.Size)
    return size if isinstance(size, int) else None


def _ask_pypdf(
    file: BinaryIO,
    opened: OpenPdf,
    gathered: _Gathered,
    entries: int,
    numbers: dict[int, int],
    objects: int | None,
) -> None:
    """Take pypdf's outline and count of pages where the document is small enough, or where the others disagree."""
    small = objects is not None and objects <= _PYPDF_OBJECTS and entries <= _PYPDF_OUTLINE
    pages = gathered.counts["qpdf"]
    differ = pages != gathered.counts["pdfium"]
    if not differ and not (small and (entries or opened.encrypted)):
        return
    second = _second_reader(file, opened)
    if small and entries:
        gathered.outline = second.outline(numbers) or ()
    if differ or pages <= _PYPDF_PAGES:
        _count_with_pypdf(second, gathered)
    gathered.permissions_valid = second.permissions_valid()


def _gather_without_qpdf(file: BinaryIO, opened: OpenPdf, gathered: _Gathered) -> None:
    """Let pypdf answer what it can. It is too slow to look through all annotations; a finding says so."""
    gathered.cuts.damaged.update(("active content", "annotations", "form fields"))
    second = _second_reader(file, opened) if file.seek(0, SEEK_END) <= _PYPDF_BYTES else None
    if second is None or second.refusal is not None:
        gathered.cuts.damaged.update(("outline", "attachments", "page labels"))
        return
    _count_with_pypdf(second, gathered)
    gathered.outline = second.outline(None) or ()
    gathered.labels = plain_labels_dropped(second.page_labels() or ())
    gathered.attachments += second.attachments() or []
    gathered.permissions_valid = second.permissions_valid()
    if second.limited:
        gathered.cuts.short.add("structure read by pypdf")


def _count_with_pypdf(second: SecondReader, gathered: _Gathered) -> None:
    pages = second.page_count()
    if pages is not None:
        gathered.counts["pypdf"] = pages


def _second_reader(file: BinaryIO, opened: OpenPdf) -> SecondReader:
    from extractors.pdf.second import SecondReader

    return SecondReader(file, opened.password)


def _facts(opened: OpenPdf, gathered: _Gathered, pages: int) -> PdfFacts:
    catalog = gathered.catalog
    attachments = tuple(dict.fromkeys(gathered.attachments))
    return PdfFacts(
        version=catalog.version or version_by_pdfium(opened.pdfium),
        page_counts=gathered.counts,
        page_labels=gathered.labels[:pages],
        permissions=_permissions(opened),
        encryption=method_of(opened),
        opened_with=opened.opened_with,
        needs_password=opened.needs_password,
        signatures=sum(is_signed(form_field) for form_field in gathered.fields),
        form_fields=sum(form_field.terminal for form_field in gathered.fields),
        xfa=catalog.xfa,
        attachments=attachments,
        active_content=tuple(sorted(gathered.active.kinds | ({"embedded-files"} if attachments else set()))),
        tagged=catalog.tagged,
        linearized=catalog.linearized,
        optional_content=catalog.layers,
        title=information(opened.pdfium, "Title"),
        producer=information(opened.pdfium, "Producer"),
    )


def _permissions(opened: OpenPdf) -> dict[str, bool]:
    if not opened.encrypted:
        return {}
    from extractors.pdf.second import permissions_from_bits

    return permissions_from_bits(permission_bits(opened))
