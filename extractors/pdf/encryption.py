"""How a PDF is encrypted and what its author allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c
from pikepdf.models import EncryptionMethod

if TYPE_CHECKING:
    import pikepdf

    from extractors.pdf.opening import OpenPdf

_BY_REVISION = {2: "RC4-40", 3: "RC4-128", 4: "RC4-128 or AES-128", 5: "AES-256", 6: "AES-256"}
"""Method by revision of the standard security handler (ISO 32000-2, table 21), for when qpdf does not tell."""


def method_of(opened: OpenPdf) -> str | None:
    """Return the method in words, for example ``AES-256``; None when the document is not encrypted."""
    if not opened.encrypted:
        return None
    if opened.pike is not None and opened.pike.is_encrypted:
        return _by_qpdf(opened.pike.encryption)
    revision = pdfium_c.FPDF_GetSecurityHandlerRevision(opened.pdfium)
    return _BY_REVISION.get(revision, f"unknown (revision {revision})")


def permission_bits(opened: OpenPdf) -> int:
    """Return the bits of ``/P`` that hold for someone with the user password (ISO 32000-2, table 22)."""
    if opened.pike is not None and opened.pike.is_encrypted:
        return int(opened.pike.encryption.P) & 0xFFFFFFFF
    return int(pdfium_c.FPDF_GetDocUserPermissions(opened.pdfium))


def _by_qpdf(info: pikepdf.EncryptionInfo) -> str:
    # Before crypt filters (V 4) there is only RC4, which qpdf reports as no method at all.
    if info.V < 4 or info.stream_method == EncryptionMethod.rc4:
        return f"RC4-{info.bits}"
    if info.stream_method == EncryptionMethod.aes:
        return "AES-128"
    if info.stream_method == EncryptionMethod.aesv3:
        return "AES-256"
    return "attachments or strings only"
