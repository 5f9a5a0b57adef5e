"""Opening a PDF in qpdf (pikepdf), and letting qpdf rewrite a damaged one."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pikepdf
from pikepdf.exceptions import PageCopyWarning

from extractors.clean import safe_label
from extractors.pdf.limits import PIKE_ERRORS, apply_limits
from extractors.pdf.passwords import password_forms

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A document as qpdf writes it: sound and without encryption.

    Attributes:
        data: The whole file.
        encrypted: The original was encrypted.
        password: Bytes that opened the original; empty when it needs none.
    """

    data: bytes
    encrypted: bool
    password: bytes


def open_pike(file: BinaryIO, password: bytes = b"") -> pikepdf.Pdf:
    """Open ``file`` in qpdf.

    Args:
        file: Mapped when it has a descriptor and there is room, else read through its methods.
        password: Exact bytes of the password; empty for none.

    Raises:
        pikepdf.PasswordError: The password does not fit.
        pikepdf.PdfError: qpdf refuses the file; :data:`extractors.pdf.limits.PIKE_ERRORS` names what else may come.
    """
    apply_limits()
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "a password was provided, but no password was needed"
        return pikepdf.open(file, password=password, access_mode=pikepdf.AccessMode.mmap)


def open_with_any(file: BinaryIO, forms: Sequence[bytes]) -> tuple[pikepdf.Pdf, bytes]:
    """Open ``file`` with the first of the passwords that fits, at least one of which is given; return both.

    Raises:
        pikepdf.PasswordError: None of them fits.
        pikepdf.PdfError: As :func:`open_pike`.
    """
    for form in forms[:-1]:
        with contextlib.suppress(pikepdf.PasswordError):
            return open_pike(file, form), form
    return open_pike(file, forms[-1]), forms[-1]


def trouble(error: BaseException | str, file: BinaryIO) -> str:
    """Return what a parser complained of as one safe line, without the name or address of ``file``."""
    return safe_label(str(error).replace(f"stream {file!r}", "").lstrip(": ")) or type(error).__name__


def rewritten(file: BinaryIO, password: str | None) -> Rewritten | None:
    """Return the document rewritten in memory, or None when qpdf cannot read it or finds no pages.

    Raises:
        pikepdf.PasswordError: It needs a password, or another one.
    """
    forms = (b"", *(() if password is None else password_forms(password)))
    try:
        pike, form = open_with_any(file, forms)
        with pike:
            return Rewritten(written(pike), pike.is_encrypted, form) if len(pike.pages) else None
    except pikepdf.PasswordError:
        raise
    except (*PIKE_ERRORS, OSError):
        return None


def written(pike: pikepdf.Pdf) -> bytes:
    """Return an open document as qpdf writes it: sound and without encryption.

    Raises:
        pikepdf.PdfError: It cannot be written; :data:`extractors.pdf.limits.PIKE_ERRORS` names what else may come.
    """
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PageCopyWarning)  # form fields lost: pages are all that is wanted
        # fix_metadata_version and preserve_pdfa would parse the file's XMP, which nobody needs here.
        pike.save(out, encryption=False, fix_metadata_version=False, preserve_pdfa=False, deterministic_id=True)
    return out.getvalue()
