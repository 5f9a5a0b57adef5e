"""What the catalog of a PDF says about the document as a whole."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c
from pikepdf import Array, Dictionary, Name

from extractors.clean import safe_label
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    import pikepdf
    import pypdfium2

    from extractors.pdf.walk import Cuts

_INFO_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Entries of the catalog that are facts by themselves.

    Attributes:
        version: Of the header, or of the catalog where that is later (ISO 32000-2, 7.5.2).
        tagged: The document says that it is tagged.
        linearized: Written for fast web view.
        layers: Has optional content groups.
        xfa: Has an XFA form. It is never parsed: XFA is XML from strangers (CVE-2025-54988).
        portfolio: Is a portfolio, whose documents are its attachments.
    """

    version: str = ""
    tagged: bool = False
    linearized: bool = False
    layers: bool = False
    xfa: bool = False
    portfolio: bool = False


def read_catalog(pike: pikepdf.Pdf, cuts: Cuts) -> Catalog:
    """Read the catalog; ``cuts`` is told when it is damaged."""
    try:
        root = pike.Root
        declared = root.get(Name.Version)
        later = str(declared).removeprefix("/") if isinstance(declared, Name) else ""
        marks, form, layers = root.get(Name.MarkInfo), root.get(Name.AcroForm), root.get(Name.OCProperties)
        groups = layers.get(Name.OCGs) if isinstance(layers, Dictionary) else None
        return Catalog(
            version=safe_label(max(str(pike.pdf_version), later)),
            tagged=isinstance(marks, Dictionary) and bool(marks.get(Name.Marked)),
            linearized=pike.is_linearized,
            layers=isinstance(groups, Array) and len(groups) > 0,
            xfa=isinstance(form, Dictionary) and Name.XFA in form,
            portfolio=isinstance(root.get(Name.Collection), Dictionary),
        )
    except PIKE_ERRORS:
        cuts.damaged.add("catalog")
        return Catalog()


def version_by_pdfium(document: pypdfium2.PdfDocument) -> str:
    """Return the version PDFium reads, for example ``1.7``; empty when there is none."""
    number = document.get_version()
    return "" if number is None else f"{number // 10}.{number % 10}"


def information(document: pypdfium2.PdfDocument, key: str) -> str:
    """Return an entry of the document information as one safe line.

    Args:
        document: The document in PDFium, which needs no qpdf for this. (pypdfium2's own look-up fails on text that is
            not well-formed UTF-16.)
        key: ``Title``, ``Producer`` …
    """
    name = key.encode() + b"\0"
    size = min(int(pdfium_c.FPDF_GetMetaText(document, name, None, 0)), _INFO_BYTES)
    buffer = ctypes.create_string_buffer(max(size, 2))
    pdfium_c.FPDF_GetMetaText(document, name, buffer, len(buffer))
    return safe_label(buffer.raw.decode("utf-16-le", "surrogatepass").rstrip("\0"))
